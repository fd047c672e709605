#include "base/width.h"
#include "cli/poplin_tui.h"
#include "cli/poplin_tui_screen.h"

#include <time.h>

enum { LINE = 4096, ROWS_OF_ALL = 4 }; /* hint, body, bar, foot */

size_t tui_body_rows(const struct tui *t)
{
    return t->rows >= ROWS_OF_ALL ? t->rows - 3 : 1;
}

static size_t body_top(const struct tui *t)
{
    return t->rows >= ROWS_OF_ALL ? 1 : 0;
}

static void put_body(struct tui *t, size_t row, const struct buf *text, enum tui_style style)
{
    tui_screen_line(body_top(t) + row, buf_slice(text), style);
}

static void clear_body(struct tui *t, size_t from)
{
    for (size_t row = from; row < tui_body_rows(t); row++)
        tui_screen_line(body_top(t) + row, SLICE(""), TUI_STYLE_PLAIN);
}

/* --- bodies --- */

static enum tui_style row_style(const struct tui_row *r, bool is_cursor)
{
    if (is_cursor)
        return TUI_STYLE_CURSOR;
    if (r->is_deleted)
        return TUI_STYLE_DELETED;
    return r->read ? TUI_STYLE_PLAIN : TUI_STYLE_UNREAD;
}

static void draw_list(struct tui *t)
{
    const struct tui_cursor *c = &t->list.cursor;
    bool with_account = !t->list.only && t->mail.accounts.count > 1;
    int64_t now = time(NULL);
    char memory[LINE];
    size_t row = 0;
    for (; row < c->height && c->top + row < c->count; row++) {
        const struct tui_row *r = tui_list_row(&t->list, c->top + row);
        struct buf text = buf_over(memory, sizeof memory);
        tui_list_put_row(&t->list, r, now, with_account, t->columns, &text);
        put_body(t, row, &text, row_style(r, c->top + row == c->at));
    }
    clear_body(t, row);
}

static enum tui_style line_style(const struct tui *t, size_t index, size_t heading)
{
    struct slice line = tui_text_line(&t->text, index);
    if (t->shape == TUI_SHAPE_TEXT && index < heading)
        return TUI_STYLE_HEADING;
    return line.size > 0 && line.data[0] == '>' ? TUI_STYLE_QUOTE : TUI_STYLE_PLAIN;
}

/* How many lines the header takes: up to the first empty one. */
static size_t heading_lines(const struct tui_text *text)
{
    size_t n = 0;
    while (n < text->scroll.count && tui_text_line(text, n).size > 0)
        n++;
    return n;
}

static void draw_text(struct tui *t, const struct tui_text *text, bool is_message)
{
    size_t row = 0, heading = is_message ? heading_lines(text) : 0;
    for (; row < text->scroll.height && text->scroll.top + row < text->scroll.count; row++) {
        size_t index = text->scroll.top + row;
        tui_screen_line(body_top(t) + row, tui_text_line(text, index),
                        is_message ? line_style(t, index, heading) : TUI_STYLE_PLAIN);
    }
    clear_body(t, row);
}

static void draw_attachments(struct tui *t)
{
    const struct tui_cursor *c = &t->attachments;
    char memory[LINE];
    size_t row = 0;
    for (; row < c->height && c->top + row < c->count; row++) {
        struct buf text = buf_over(memory, sizeof memory);
        tui_attachment_put(t, t->attached[c->top + row], &text);
        put_body(t, row, &text, c->top + row == c->at ? TUI_STYLE_CURSOR : TUI_STYLE_PLAIN);
    }
    clear_body(t, row);
}

static void draw_accounts(struct tui *t)
{
    const struct tui_cursor *c = &t->accounts;
    char memory[LINE];
    size_t row = 0;
    for (; row < c->height && c->top + row < c->count; row++) {
        size_t i = c->top + row;
        const struct account *a = i > 0 ? &t->mail.accounts.list[i - 1] : NULL;
        struct buf text = buf_over(memory, sizeof memory);
        buf_put_str(&text, "  ");
        (void)width_put_cell(&text, slice_str(a ? a->name : "All accounts"), 24, true);
        buf_printf(&text, " %zu unread", tui_list_unread(&t->list, a));
        put_body(t, row, &text, i == c->at ? TUI_STYLE_CURSOR : TUI_STYLE_PLAIN);
    }
    clear_body(t, row);
}

static void draw_body(struct tui *t)
{
    switch (t->view) {
    case TUI_VIEW_LIST:
        draw_list(t);
        break;
    case TUI_VIEW_MESSAGE:
        draw_text(t, &t->text, true);
        break;
    case TUI_VIEW_ATTACHMENTS:
        draw_attachments(t);
        break;
    case TUI_VIEW_ACCOUNTS:
        draw_accounts(t);
        break;
    case TUI_VIEW_HELP:
        draw_text(t, &t->help, false);
        break;
    }
}

/* --- the lines around --- */

static void put_place(const struct tui_cursor *scroll, struct buf *out)
{
    size_t end = scroll->top + scroll->height;
    if (tui_scroll_at_end(scroll))
        buf_put_str(out, scroll->top == 0 ? " (all)" : " (end)");
    else
        buf_printf(out, " (%zu%%)", end * 100 / scroll->count);
}

static void put_list_bar(const struct tui *t, struct buf *out)
{
    const struct account *only = t->list.only;
    size_t deleted = tui_list_deleted(&t->list);
    buf_printf(out, " Poplin: %s", only ? only->name : "all accounts");
    buf_printf(out, "  %zu messages, %zu unread", t->list.cursor.count,
               tui_list_unread(&t->list, only));
    if (deleted > 0)
        buf_printf(out, ", %zu to be removed", deleted);
    if (t->list.is_search)
        buf_printf(out, "  [%s]", t->terms);
}

static void draw_bar(struct tui *t)
{
    char memory[LINE];
    struct buf text = buf_over(memory, sizeof memory);
    if (t->view == TUI_VIEW_MESSAGE) {
        buf_printf(&text, " Message %lld", (long long)t->message.id);
        put_place(&t->text.scroll, &text);
    } else if (t->view == TUI_VIEW_ATTACHMENTS) {
        buf_printf(&text, " Attached to message %lld", (long long)t->message.id);
    } else if (t->view == TUI_VIEW_ACCOUNTS) {
        buf_put_str(&text, " Accounts");
    } else if (t->view == TUI_VIEW_HELP) {
        buf_put_str(&text, " Help");
        put_place(&t->help.scroll, &text);
    } else {
        put_list_bar(t, &text);
    }
    tui_screen_line(t->rows - 2, buf_slice(&text), TUI_STYLE_BAR);
}

/* The question, else what was said, else what the fetch does. */
static void draw_foot(struct tui *t, size_t *column)
{
    char memory[LINE];
    struct buf text = buf_over(memory, sizeof memory);
    if (t->asks != TUI_ASKS_NOTHING)
        tui_prompt_put(&t->prompt, t->columns, &text, column);
    else if (t->status[0] != '\0')
        buf_put_str(&text, t->status);
    else if (t->child.process > 0)
        tui_progress_put(&t->progress, &text);
    if (t->rows >= 2 || text.size > 0)
        tui_screen_line(t->rows - 1, buf_slice(&text), TUI_STYLE_PLAIN);
}

void tui_draw(struct tui *t)
{
    size_t column = 0;
    if (t->rows >= ROWS_OF_ALL)
        tui_screen_line(0, slice_str(tui_view_hint(t->view)), TUI_STYLE_BAR);
    draw_body(t);
    if (t->rows >= ROWS_OF_ALL - 1)
        draw_bar(t);
    draw_foot(t, &column);
    tui_screen_show(t->asks != TUI_ASKS_NOTHING, t->rows - 1, column);
    t->is_changed = false;
}
