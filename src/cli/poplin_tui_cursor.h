/* poplin_tui_cursor: a place in a list that is longer than the screen. Pure arithmetic. */
#ifndef POPLIN_CLI_POPLIN_TUI_CURSOR_H
#define POPLIN_CLI_POPLIN_TUI_CURSOR_H

#include <stddef.h>

struct tui_cursor {
    size_t count; /* of rows */
    size_t at;    /* below count, 0 where there is none */
    size_t top;   /* the first row on the screen */
    size_t height;
};

/* Each keeps the invariants and shows the row that `at` is. */
void tui_cursor_resize(struct tui_cursor *c, size_t count, size_t height);
void tui_cursor_go(struct tui_cursor *c, size_t at);
void tui_cursor_move(struct tui_cursor *c, long rows);

/* A text has no cursor: it scrolls, until its last line is the lowest of the screen. `at` is its
 * top. */
void tui_scroll_resize(struct tui_cursor *c, size_t count, size_t height);
void tui_scroll_move(struct tui_cursor *c, long rows);
/* Its last line is to be seen. */
int tui_scroll_at_end(const struct tui_cursor *c);

#endif
