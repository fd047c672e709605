#include "cli/poplin_tui_screen.h"

#include "base/width.h"
#include "cli/poplin_tui_keys.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

enum { COLUMNS_MOST = 1000, COMBINED = 4, ESCAPE_MS = 25, RESTORE = 256 };

static SCREEN *screen;
static attr_t styles[] = {
    [TUI_STYLE_PLAIN] = A_NORMAL, [TUI_STYLE_BAR] = A_REVERSE, [TUI_STYLE_CURSOR] = A_REVERSE,
    [TUI_STYLE_UNREAD] = A_BOLD,  [TUI_STYLE_DELETED] = A_DIM, [TUI_STYLE_HEADING] = A_BOLD,
    [TUI_STYLE_QUOTE] = A_NORMAL,
};
static short colours[sizeof styles / sizeof *styles];

/* --- the way back, for ends that nobody planned --- */

static struct termios before;
static char restore[RESTORE]; /* what the terminal is sent */
static size_t restore_size;

enum { FATAL = 5 };
static const int fatal[FATAL] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static struct sigaction fatal_before[FATAL];

/* Only what is safe in a signal handler. The cause comes again, and does what it did before. */
static void on_fatal(int number)
{
    ssize_t ignored = write(STDOUT_FILENO, restore, restore_size);
    (void)ignored;
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    for (int i = 0; i < FATAL; i++) {
        if (fatal[i] == number)
            sigaction(number, &fatal_before[i], NULL);
    }
    if (number == SIGABRT)
        raise(number);
}

static int put_restore(int c)
{
    if (restore_size < RESTORE)
        restore[restore_size++] = (char)c;
    return c;
}

static void prepare_way_back(void)
{
    const struct sigaction noted = {.sa_handler = on_fatal, .sa_flags = SA_NODEFER};
    const char *const strings[] = {exit_attribute_mode, cursor_normal, keypad_local, exit_ca_mode};
    restore_size = 0;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (strings[i])
            tputs(strings[i], 1, put_restore);
    }
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &noted, &fatal_before[i]);
}

/* --- opening --- */

/* Text is UTF-8 here whatever the locale says, and so is every terminal of today. */
static void choose_locale(void)
{
    if (setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
        return;
    (void)setlocale(LC_CTYPE, "C.UTF-8");
}

static void choose_colours(void)
{
    if (getenv("NO_COLOR") || !has_colors() || start_color() != OK || use_default_colors() != OK)
        return;
    init_pair(1, COLOR_CYAN, -1);
    init_pair(2, COLOR_GREEN, -1);
    init_pair(3, COLOR_RED, -1);
    colours[TUI_STYLE_HEADING] = 1;
    colours[TUI_STYLE_QUOTE] = 2;
    colours[TUI_STYLE_DELETED] = 3;
}

static bool can_draw(char why[200])
{
    if (screen && cursor_address)
        return true;
    const char *name = getenv("TERM");
    snprintf(why, 200, "the terminal `%.60s` cannot be drawn on; is TERM right?", name ? name : "");
    return false;
}

bool tui_screen_open(char why[200])
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0) {
        snprintf(why, 200, "tui needs a terminal; `poplin list` and `poplin read` do without");
        return false;
    }
    choose_locale();
    screen = newterm(NULL, stdout, stdin);
    if (!can_draw(why)) {
        tui_screen_close();
        return false;
    }
    atexit(tui_screen_close);
    if (!getenv("ESCDELAY"))
        set_escdelay(ESCAPE_MS);
    choose_colours();
    cbreak();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    prepare_way_back();
    return true;
}

void tui_screen_close(void)
{
    if (!screen)
        return;
    endwin();
    delscreen(screen);
    screen = NULL;
    for (int i = 0; i < FATAL && restore_size > 0; i++)
        sigaction(fatal[i], &fatal_before[i], NULL);
}

/* --- drawing --- */

void tui_screen_size(size_t *height, size_t *width)
{
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0 &&
        (w.ws_row != LINES || w.ws_col != COLS)) {
        resizeterm(w.ws_row, w.ws_col);
        tui_screen_forget();
    }
    *height = LINES > 0 ? (size_t)LINES : 1;
    *width = COLS > 0 ? (size_t)COLS : 1;
    if (*width > COLUMNS_MOST)
        *width = COLUMNS_MOST;
}

void tui_screen_forget(void)
{
    clearok(curscr, TRUE);
}

/* A cell's character with the marks that combine with it. False: the text is at its end. */
static bool next_cell(struct slice *text, attr_t style, short colour, cchar_t *cell)
{
    wchar_t points[COMBINED + 2] = L"";
    size_t n = 0;
    while (text->size > 0) {
        struct slice rest = *text;
        uint32_t point;
        (void)width_next_point(&rest, &point);
        if (!width_is_visible(point))
            point = 0xfffd;
        unsigned w = width_of_point(point);
        if (n > 0 && w > 0)
            break;
        *text = rest;
        if (n == 0 && w == 0)
            points[n++] = L' '; /* a mark without a character to stand on */
        if (n <= COMBINED)
            points[n++] = (wchar_t)point;
    }
    return n > 0 && setcchar(cell, points, style, colour, NULL) == OK;
}

/* By cells, not as a string: those never run over the end of the line, and none of them can be
 * anything else than a character. */
void tui_screen_line(size_t row, struct slice text, enum tui_style style)
{
    char memory[8 * COLUMNS_MOST];
    cchar_t cells[COLUMNS_MOST + 1] = {0};
    struct buf line = buf_over(memory, sizeof memory);
    int n = 0;
    /* More octets for so few columns are marks without number on one character. */
    if (text.size > sizeof memory)
        text = slice_take(text, sizeof memory);
    (void)width_put_cell(&line, text, (size_t)COLS < COLUMNS_MOST ? (size_t)COLS : COLUMNS_MOST,
                         true);
    struct slice rest = buf_slice(&line);
    while (n < COLUMNS_MOST && next_cell(&rest, styles[style], colours[style], &cells[n]))
        n++;
    mvadd_wchnstr((int)row, 0, cells, n);
}

void tui_screen_show(bool typing, size_t row, size_t column)
{
    curs_set(typing);
    if (typing)
        move((int)row, (int)column);
    refresh();
}

/* --- keys --- */

static int special_key(wint_t key)
{
    static const struct {
        wint_t from;
        int to;
    } keys[] = {
        {KEY_UP, TUI_KEY_UP},         {KEY_DOWN, TUI_KEY_DOWN},
        {KEY_LEFT, TUI_KEY_LEFT},     {KEY_RIGHT, TUI_KEY_RIGHT},
        {KEY_PPAGE, TUI_KEY_PAGE_UP}, {KEY_NPAGE, TUI_KEY_PAGE_DOWN},
        {KEY_HOME, TUI_KEY_HOME},     {KEY_END, TUI_KEY_END},
        {KEY_ENTER, TUI_KEY_ENTER},   {KEY_BACKSPACE, TUI_KEY_BACKSPACE},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].from == key)
            return keys[i].to;
    }
    return 0;
}

/* What follows Escape at once is a key that ncurses does not know: none of its octets is one of
 * ours, `F` at the end of Ctrl-End least of all. */
static int escape_or_unknown(void)
{
    wint_t next;
    if (get_wch(&next) == ERR)
        return TUI_KEY_ESCAPE;
    if (next != '[' && next != 'O')
        return 0;
    while (get_wch(&next) == OK && (next < 0x40 || next > 0x7e))
        continue;
    return 0;
}

static int plain_key(wint_t key)
{
    switch (key) {
    case '\r':
    case '\n':
        return TUI_KEY_ENTER;
    case '\t':
        return TUI_KEY_TAB;
    case 0x1b:
        return escape_or_unknown();
    case 0x08:
    case 0x7f:
        return TUI_KEY_BACKSPACE;
    case 0x0c:
        return TUI_KEY_REDRAW;
    case 0x15:
        return TUI_KEY_CLEAR;
    default:
        return key < TUI_KEY_UP ? (int)key : 0;
    }
}

int tui_screen_key(void)
{
    wint_t key;
    int got = get_wch(&key);
    if (got == ERR)
        return TUI_KEY_NONE;
    return got == KEY_CODE_YES ? special_key(key) : plain_key(key);
}
