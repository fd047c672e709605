/* `poplin tui`: one loop over the terminal, signals and a fetch, so that none waits for another. */
#include "cli/poplin_tui.h"

#include "cli/poplin_tui_screen.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

enum { LOOK_MS = 3000 };

static struct tui tui;

static void usage(void)
{
    puts(
        "Usage: poplin tui [-a NAME]\n"
        "Shows what was fetched on the whole screen, to be read, searched, marked, saved and\n"
        "removed; and fetches. The key ? shows the keys.\n"
        "\n"
        "  -a, --account NAME   begin with this account\n"
        "\n"
        "Exit codes: 0 done; 64 a wrong command line; 69 no terminal, or one that cannot be drawn\n"
        "on; 74 the state or the Maildir cannot be read; 78 configuration.");
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(const char **only, int argc, char **argv)
{
    static const struct option options[] = {
        {"account", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
    int o;
    while ((o = getopt_long(argc, argv, "a:h", options, NULL)) != -1) {
        if (o == 'h') {
            usage();
            return -1;
        }
        if (o != 'a')
            return EX_USAGE;
        *only = optarg;
    }
    if (optind == argc)
        return EX_OK;
    fprintf(stderr, "poplin: tui takes no %s. Try `poplin tui --help`.\n", argv[optind]);
    return EX_USAGE;
}

void tui_resize(struct tui *t)
{
    tui_screen_forget();
    tui_screen_size(&t->rows, &t->columns);
    size_t height = tui_body_rows(t);
    tui_cursor_resize(&t->list.cursor, t->list.cursor.count, height);
    tui_cursor_resize(&t->attachments, t->attachments.count, height);
    tui_cursor_resize(&t->accounts, t->accounts.count, height);
    tui_scroll_resize(&t->help.scroll, t->help.scroll.count, height);
    tui_message_resize(t);
    t->is_changed = true;
}

/* --- signals --- */

static int watch_signals(sigset_t *before)
{
    static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        sigaddset(&set, watched[i]);
    sigprocmask(SIG_BLOCK, &set, before);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The signal that is to end the program, or 0. */
static int take_signals(struct tui *t, int signals)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
        int number = (int)info.ssi_signo;
        if (number == SIGINT)
            tui_interrupt(t);
        else if (number == SIGWINCH || number == SIGCONT)
            tui_resize(t);
        else
            return number;
    }
    return 0;
}

/* --- the loop --- */

static void take_keys(struct tui *t)
{
    int key;
    while (!t->is_done && (key = tui_screen_key()) != TUI_KEY_NONE)
        tui_key(t, key);
}

/* Returns the signal that ended it, or 0. */
static int turn(struct tui *t, int signals)
{
    struct pollfd ready[] = {
        {STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}, {t->child.output, POLLIN, 0}};
    int n = poll(ready, 3, t->is_reading ? 0 : LOOK_MS), ended = 0;
    if (n > 0 && ready[1].revents)
        ended = take_signals(t, signals);
    if (n > 0 && (ready[0].revents & POLLIN))
        take_keys(t);
    else if (n > 0 && ready[0].revents)
        ended = SIGHUP; /* the terminal is gone */
    if (n > 0 && ready[2].revents && t->child.process > 0) {
        tui_fetch_step(t);
        t->is_changed = true;
    }
    if (t->is_reading)
        tui_search_step(t);
    else if (n == 0)
        tui_look(t);
    return ended;
}

static int loop(struct tui *t, int signals)
{
    int ended = 0;
    while (!t->is_done && ended == 0) {
        if (t->is_changed)
            tui_draw(t);
        ended = turn(t, signals);
    }
    return ended;
}

/* Who sent the signal sees that it did what it does; ncurses has a handler that would exit. */
static void end_by(int signal_number)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigaction(signal_number, &by_default, NULL);
    raise(signal_number);
}

static int run(struct tui *t)
{
    char why[200];
    sigset_t before;
    if (!tui_screen_open(why)) {
        fprintf(stderr, "poplin: %s\n", why);
        return EX_UNAVAILABLE;
    }
    int signals = watch_signals(&before), ended = 0;
    tui_resize(t);
    if (signals >= 0 && tui_load(t)) {
        tui_list_go_start(&t->list);
        ended = loop(t, signals);
    }
    tui_screen_close();
    tui_child_end(&t->child);
    if (!t->is_done && ended == 0)
        fprintf(stderr, "poplin: %s\n", t->status);
    if (signals >= 0)
        close(signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (ended != 0)
        end_by(ended);
    return t->is_done ? EX_OK : EX_IOERR;
}

static int open_all(struct tui *t, const char *only)
{
    int code = poplin_mail_open(&t->mail, only);
    if (code != EX_OK)
        return code;
    t->stamps = calloc(t->mail.accounts.count + 1, sizeof *t->stamps);
    if (only)
        t->list.only = account_find(&t->mail.accounts, only);
    return t->stamps ? EX_OK : EX_OSERR;
}

int poplin_tui(int argc, char **argv)
{
    const char *only = NULL;
    int code = parse(&only, argc, argv);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    tui.view = TUI_VIEW_LIST;
    tui.child.output = -1;
    snprintf(tui.folder, sizeof tui.folder, ".");
    code = open_all(&tui, only);
    if (code == EX_OK)
        code = run(&tui);
    tui_message_close(&tui);
    tui_text_wipe(&tui.help);
    tui_list_wipe(&tui.list);
    free(tui.stamps);
    poplin_mail_close(&tui.mail);
    return code;
}
