#include "cli/poplin_tui_cursor.h"

static size_t moved(size_t from, long by, size_t last)
{
    if (by < 0)
        return (size_t)-by > from ? 0 : from - (size_t)-by;
    return (size_t)by > last - from ? last : from + (size_t)by;
}

static void show(struct tui_cursor *c)
{
    if (c->at < c->top)
        c->top = c->at;
    if (c->height > 0 && c->at >= c->top + c->height)
        c->top = c->at - c->height + 1;
    /* No empty rows below while there are rows above. */
    if (c->top + c->height > c->count)
        c->top = c->count > c->height ? c->count - c->height : 0;
}

void tui_cursor_go(struct tui_cursor *c, size_t at)
{
    c->at = c->count == 0 ? 0 : at < c->count ? at : c->count - 1;
    show(c);
}

void tui_cursor_resize(struct tui_cursor *c, size_t count, size_t height)
{
    c->count = count;
    c->height = height;
    tui_cursor_go(c, c->at);
}

void tui_cursor_move(struct tui_cursor *c, long rows)
{
    if (c->count > 0)
        tui_cursor_go(c, moved(c->at, rows, c->count - 1));
}

/* --- scrolling --- */

static size_t last_top(const struct tui_cursor *c)
{
    return c->count > c->height ? c->count - c->height : 0;
}

void tui_scroll_resize(struct tui_cursor *c, size_t count, size_t height)
{
    c->count = count;
    c->height = height;
    if (c->top > last_top(c))
        c->top = last_top(c);
    c->at = c->top;
}

void tui_scroll_move(struct tui_cursor *c, long rows)
{
    c->top = c->at = moved(c->top, rows, last_top(c));
}

int tui_scroll_at_end(const struct tui_cursor *c)
{
    return c->top >= last_top(c);
}
