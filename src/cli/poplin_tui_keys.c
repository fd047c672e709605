#include "cli/poplin_tui_keys.h"

enum {
    L = TUI_VIEW_LIST,
    M = TUI_VIEW_MESSAGE,
    A = TUI_VIEW_ATTACHMENTS,
    C = TUI_VIEW_ACCOUNTS,
    H = TUI_VIEW_HELP,
};

/* The order is that of the help screen. Of two that fit, the first counts. */
const struct tui_binding TUI_BINDINGS[] = {
    {L | A | C, TUI_DOWN, {'j', TUI_KEY_DOWN}, "one line down"},
    {L | A | C, TUI_UP, {'k', TUI_KEY_UP}, "one line up"},
    {L, TUI_OPEN, {TUI_KEY_ENTER, ' ', TUI_KEY_RIGHT}, "read the message"},
    {A, TUI_OPEN, {TUI_KEY_ENTER, ' '}, "show it, if it is text"},
    {C, TUI_OPEN, {TUI_KEY_ENTER, ' '}, "show the account's messages"},
    {M, TUI_NEXT, {'j', TUI_KEY_RIGHT}, "the next message that is not marked for removal"},
    {M, TUI_PREVIOUS, {'k', TUI_KEY_LEFT}, "the previous message that is not marked for removal"},
    {M, TUI_PAGE_DOWN_OR_NEXT, {' '}, "one page down; at the end the next message"},
    {M | H, TUI_DOWN, {TUI_KEY_ENTER, TUI_KEY_DOWN}, "one line down"},
    {M | H, TUI_UP, {TUI_KEY_BACKSPACE, TUI_KEY_UP}, "one line up"},
    {H, TUI_PAGE_DOWN, {' ', TUI_KEY_PAGE_DOWN}, "one page down"},
    {L | M | A | C, TUI_PAGE_DOWN, {TUI_KEY_PAGE_DOWN, 'z'}, "one page down"},
    {L | M | A | C | H, TUI_PAGE_UP, {'-', TUI_KEY_PAGE_UP, 'Z'}, "one page up"},
    {L | M | A | C | H, TUI_FIRST, {TUI_KEY_HOME, '='}, "to the beginning"},
    {L | M | A | C | H, TUI_LAST, {TUI_KEY_END, '*'}, "to the end"},
    {L | M, TUI_NEXT_UNREAD, {'n', TUI_KEY_TAB}, "the next unread message"},
    {L | M, TUI_PREVIOUS_UNREAD, {'N'}, "the previous unread message"},
    {L | M, TUI_DELETE, {'d'}, "mark for removal, which q and $ do"},
    {L | M, TUI_UNDELETE, {'u'}, "take that mark away"},
    {L | M, TUI_TOGGLE_FLAG, {'F'}, "flag, or take the flag away"},
    {L | M, TUI_TOGGLE_READ, {'w'}, "mark as read, or as unread"},
    {L | M, TUI_ATTACHMENTS, {'v'}, "what is attached"},
    {L | M, TUI_SAVE, {'s'}, "save everything that is attached into a folder"},
    {A, TUI_SAVE, {'s'}, "save this one into a folder"},
    {M, TUI_HEADERS, {'h'}, "all header fields, or those that are read"},
    {M, TUI_RAW, {'e'}, "the message as it came, or as text"},
    {L, TUI_SEARCH, {'/', 'l'}, "show what the terms of a search find; see search"},
    {L, TUI_ALL, {'a', TUI_KEY_ESCAPE}, "show all again"},
    {L, TUI_ACCOUNTS, {'c'}, "another account, or all of them"},
    {L | M, TUI_FETCH, {'G', 'g'}, "fetch new mail of the account that is shown, or of all"},
    {L, TUI_SYNC, {'$'}, "remove what is marked, and look for changes"},
    {L | M | A | C, TUI_HELP, {'?'}, "this help"},
    {L | M | A | C | H, TUI_REDRAW, {TUI_KEY_REDRAW}, "draw the screen anew"},
    {M | A | C | H, TUI_BACK, {'q', 'i', TUI_KEY_ESCAPE}, "back"},
    {L, TUI_QUIT, {'q'}, "leave; asks before it removes what is marked"},
    {L, TUI_EXIT, {'x'}, "leave and remove nothing"},
};
const size_t TUI_BINDING_COUNT = sizeof TUI_BINDINGS / sizeof *TUI_BINDINGS;

enum tui_action tui_key_action(enum tui_view view, int key)
{
    for (size_t i = 0; key > 0 && i < TUI_BINDING_COUNT; i++) {
        const struct tui_binding *b = &TUI_BINDINGS[i];
        for (size_t k = 0; (b->views & view) && k < TUI_KEYS_EACH; k++) {
            if (b->keys[k] == key)
                return b->action;
        }
    }
    return TUI_NOTHING;
}

/* --- names --- */

static void put_key(struct buf *out, int key)
{
    static const struct {
        int key;
        const char *name;
    } names[] = {
        {' ', "Space"},
        {TUI_KEY_UP, "Up"},
        {TUI_KEY_DOWN, "Down"},
        {TUI_KEY_LEFT, "Left"},
        {TUI_KEY_RIGHT, "Right"},
        {TUI_KEY_PAGE_UP, "PgUp"},
        {TUI_KEY_PAGE_DOWN, "PgDn"},
        {TUI_KEY_HOME, "Home"},
        {TUI_KEY_END, "End"},
        {TUI_KEY_ENTER, "Enter"},
        {TUI_KEY_BACKSPACE, "Backspace"},
        {TUI_KEY_ESCAPE, "Esc"},
        {TUI_KEY_TAB, "Tab"},
        {TUI_KEY_REDRAW, "Ctrl-L"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].key == key) {
            buf_put_str(out, names[i].name);
            return;
        }
    }
    buf_put_char(out, (char)key);
}

void tui_binding_names(const struct tui_binding *b, struct buf *out)
{
    for (size_t k = 0; k < TUI_KEYS_EACH && b->keys[k] != 0; k++) {
        if (k > 0)
            buf_put_str(out, ", ");
        put_key(out, b->keys[k]);
    }
}

const char *tui_view_title(size_t index)
{
    static const char *const titles[TUI_VIEW_COUNT] = {"In the list", "In a message",
                                                       "In the list of attachments",
                                                       "In the list of accounts", "In this help"};
    return titles[index];
}

void tui_help_text(struct buf *out)
{
    char memory[80];
    for (size_t v = 0; v < TUI_VIEW_COUNT; v++) {
        buf_printf(out, "%s%s\n", v > 0 ? "\n" : "", tui_view_title(v));
        for (size_t i = 0; i < TUI_BINDING_COUNT; i++) {
            struct buf names = buf_over(memory, sizeof memory - 1);
            if (!(TUI_BINDINGS[i].views & (1u << v)))
                continue;
            tui_binding_names(&TUI_BINDINGS[i], &names);
            memory[names.size] = '\0';
            buf_printf(out, "  %-19s  %s\n", memory, TUI_BINDINGS[i].help);
        }
    }
}

const char *tui_view_hint(enum tui_view view)
{
    switch (view) {
    case TUI_VIEW_LIST:
        return "q:Quit  ?:Help  d:Del  u:Undel  s:Save  n:Unread  /:Search  c:Account  G:Fetch";
    case TUI_VIEW_MESSAGE:
        return "i:Back  ?:Help  Space:Page  j:Next  d:Del  v:Attachments  s:Save  h:Headers";
    case TUI_VIEW_ATTACHMENTS:
        return "q:Back  ?:Help  Enter:Show  s:Save";
    case TUI_VIEW_ACCOUNTS:
        return "q:Back  ?:Help  Enter:Choose";
    case TUI_VIEW_HELP:
        return "q:Back  Space:Page  -:Back a page";
    }
    return "";
}
