/* poplin_tui_keys: which key does what in `poplin tui`. One table: it drives the keys, the help
 * screen and the table of poplin(1). It knows no terminal. */
#ifndef POPLIN_CLI_POPLIN_TUI_KEYS_H
#define POPLIN_CLI_POPLIN_TUI_KEYS_H

#include "base/buf.h"

/* A key is a character's code point, or one of these. */
enum {
    TUI_KEY_NONE = -1,
    TUI_KEY_UP = 0x110000,
    TUI_KEY_DOWN,
    TUI_KEY_LEFT,
    TUI_KEY_RIGHT,
    TUI_KEY_PAGE_UP,
    TUI_KEY_PAGE_DOWN,
    TUI_KEY_HOME,
    TUI_KEY_END,
    TUI_KEY_ENTER,
    TUI_KEY_BACKSPACE,
    TUI_KEY_ESCAPE,
    TUI_KEY_TAB,
    TUI_KEY_REDRAW, /* Ctrl-L */
    TUI_KEY_CLEAR,  /* Ctrl-U */
};

/* What fills the screen; bits, for the table. */
enum tui_view {
    TUI_VIEW_LIST = 1,
    TUI_VIEW_MESSAGE = 2,
    TUI_VIEW_ATTACHMENTS = 4,
    TUI_VIEW_ACCOUNTS = 8,
    TUI_VIEW_HELP = 16,
};
enum { TUI_VIEW_COUNT = 5 };

enum tui_action {
    TUI_NOTHING,
    TUI_UP,
    TUI_DOWN,
    TUI_PAGE_UP,
    TUI_PAGE_DOWN,
    TUI_PAGE_DOWN_OR_NEXT,
    TUI_FIRST,
    TUI_LAST,
    TUI_OPEN,
    TUI_NEXT,
    TUI_PREVIOUS,
    TUI_NEXT_UNREAD,
    TUI_PREVIOUS_UNREAD,
    TUI_SEARCH,
    TUI_ALL,
    TUI_TOGGLE_READ,
    TUI_TOGGLE_FLAG,
    TUI_DELETE,
    TUI_UNDELETE,
    TUI_ATTACHMENTS,
    TUI_SAVE,
    TUI_HEADERS,
    TUI_RAW,
    TUI_ACCOUNTS,
    TUI_FETCH,
    TUI_SYNC,
    TUI_HELP,
    TUI_REDRAW,
    TUI_BACK,
    TUI_QUIT,
    TUI_EXIT,
};

enum { TUI_KEYS_EACH = 4 };

struct tui_binding {
    unsigned views;
    enum tui_action action;
    int keys[TUI_KEYS_EACH]; /* 0: none */
    const char *help;
};

extern const struct tui_binding TUI_BINDINGS[];
extern const size_t TUI_BINDING_COUNT;

enum tui_action tui_key_action(enum tui_view view, int key);
/* "In the list"; the index-th view, below TUI_VIEW_COUNT. */
const char *tui_view_title(size_t index);
/* "j, Down" */
void tui_binding_names(const struct tui_binding *b, struct buf *out);
/* The help screen: lines with LF. */
void tui_help_text(struct buf *out);
/* "q:Quit  d:Delete …" for the first line of a view. */
const char *tui_view_hint(enum tui_view view);

#endif
