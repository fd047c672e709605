/* poplin_tui_screen: all that `poplin tui` asks of the terminal: lines, a cursor, keys. The only
 * file that knows ncurses is poplin_tui_screen.c. */
#ifndef POPLIN_CLI_POPLIN_TUI_SCREEN_H
#define POPLIN_CLI_POPLIN_TUI_SCREEN_H

#include "base/slice.h"

enum tui_style {
    TUI_STYLE_PLAIN,
    TUI_STYLE_BAR,    /* the first and the last but one line */
    TUI_STYLE_CURSOR, /* the row under the cursor */
    TUI_STYLE_UNREAD,
    TUI_STYLE_DELETED,
    TUI_STYLE_HEADING,
    TUI_STYLE_QUOTE,
};

/* False: there is no terminal, or none that can be drawn on; `why` is for a person. From then on
 * the terminal is set back however the program ends, SIGKILL excepted. */
bool tui_screen_open(char why[200]);
void tui_screen_close(void);

/* The terminal's size now; what was drawn is forgotten where it changed. */
void tui_screen_size(size_t *height, size_t *width);
/* Draws all anew next time: something else wrote to the terminal. */
void tui_screen_forget(void);

/* A whole line. Characters that may not be shown are U+FFFD, what is too long is cut. */
void tui_screen_line(size_t row, struct slice text, enum tui_style style);
/* Shows what was drawn. The cursor is shown in the given place when `typing`. */
void tui_screen_show(bool typing, size_t row, size_t column);

/* The next key of poplin_tui_keys.h; TUI_KEY_NONE: none is waiting. Never waits. */
int tui_screen_key(void);

#endif
