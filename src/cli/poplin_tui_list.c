#include "cli/poplin_tui_list.h"

#include "base/width.h"
#include "cli/poplin_rows.h"

#include <stdio.h>
#include <stdlib.h>

enum { CELL_MOST = 1000 };

void tui_list_wipe(struct tui_list *l)
{
    free(l->rows);
    free(l->shown);
    free(l->text);
    *l = (struct tui_list){0};
}

/* --- filling --- */

static bool grow(void **memory, size_t *capacity, size_t wanted, size_t size)
{
    size_t more = *capacity ? *capacity * 2 : 256;
    if (wanted <= *capacity)
        return true;
    while (more < wanted)
        more *= 2;
    void *larger = reallocarray(*memory, more, size);
    if (!larger)
        return false;
    *memory = larger;
    *capacity = more;
    return true;
}

static size_t keep(struct tui_list *l, struct slice text, size_t *size)
{
    size_t at = l->text_size;
    *size = text.size < CELL_MOST ? text.size : CELL_MOST;
    memcpy(l->text + at, text.size ? text.data : "", *size);
    l->text_size += *size;
    return at;
}

bool tui_list_add(struct tui_list *l, const struct mailbox_entry *e)
{
    void *rows = l->rows, *text = l->text;
    bool good = grow(&rows, &l->capacity, l->count + 1, sizeof *l->rows);
    l->rows = rows;
    good = good && grow(&text, &l->text_capacity, l->text_size + 2 * (size_t)CELL_MOST, 1);
    l->text = text;
    if (!good)
        return false;
    struct tui_row *r = &l->rows[l->count++];
    *r = (struct tui_row){.id = e->id,
                          .account = e->account,
                          .date = e->has_date ? e->date : e->fetched,
                          .octets = e->octets,
                          .read = e->read,
                          .flagged = e->flagged,
                          .has_attachment = e->has_attachment};
    r->author = keep(l, e->author, &r->author_size);
    r->subject = keep(l, e->subject, &r->subject_size);
    return true;
}

void tui_list_take_over(struct tui_list *l, const struct tui_list *old)
{
    size_t o = 0;
    for (size_t i = 0; i < l->count; i++) {
        while (o < old->count && old->rows[o].id < l->rows[i].id)
            o++;
        if (o < old->count && old->rows[o].id == l->rows[i].id)
            l->rows[i].is_deleted = old->rows[o].is_deleted;
    }
    l->only = old->only;
    l->is_search = old->is_search;
    l->cursor.top = old->cursor.top;
    l->cursor.height = old->cursor.height;
}

/* --- what is shown --- */

/* The index of the first row with that number or a higher one. */
static size_t find_row(const struct tui_list *l, int64_t id)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (l->rows[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void tui_list_found(struct tui_list *l, int64_t id)
{
    size_t i = find_row(l, id);
    if (i < l->count && l->rows[i].id == id)
        l->rows[i].is_found = true;
}

void tui_list_forget_found(struct tui_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        l->rows[i].is_found = false;
}

bool tui_list_show(struct tui_list *l, int64_t id)
{
    void *shown = l->shown;
    size_t n = 0, at = 0;
    if (!grow(&shown, &l->shown_capacity, l->count, sizeof *l->shown))
        return false;
    l->shown = shown;
    for (size_t i = 0; i < l->count; i++) {
        const struct tui_row *r = &l->rows[i];
        if ((l->is_search && !r->is_found) || (l->only && l->only != r->account))
            continue;
        if (r->id < id)
            at = n + 1;
        l->shown[n++] = i;
    }
    tui_cursor_resize(&l->cursor, n, l->cursor.height);
    tui_cursor_go(&l->cursor, at);
    return true;
}

struct tui_row *tui_list_row(const struct tui_list *l, size_t at)
{
    return &l->rows[l->shown[at]];
}

struct tui_row *tui_list_at(const struct tui_list *l)
{
    return l->cursor.count > 0 ? tui_list_row(l, l->cursor.at) : NULL;
}

int64_t tui_list_id(const struct tui_list *l)
{
    return l->cursor.count > 0 ? tui_list_at(l)->id : 0;
}

size_t tui_list_unread(const struct tui_list *l, const struct account *a)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += !l->rows[i].read && (!a || l->rows[i].account == a);
    return n;
}

size_t tui_list_deleted(const struct tui_list *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += l->rows[i].is_deleted;
    return n;
}

bool tui_list_find_unread(const struct tui_list *l, int direction, size_t *at)
{
    size_t count = l->cursor.count;
    for (size_t n = 1; n < count; n++) {
        size_t i = (l->cursor.at + (direction > 0 ? n : count - n)) % count;
        const struct tui_row *r = tui_list_row(l, i);
        if (!r->read && !r->is_deleted) {
            *at = i;
            return true;
        }
    }
    return false;
}

bool tui_list_find_kept(const struct tui_list *l, int direction, size_t *at)
{
    for (size_t i = l->cursor.at; direction > 0 ? i + 1 < l->cursor.count : i > 0;) {
        i = direction > 0 ? i + 1 : i - 1;
        if (!tui_list_row(l, i)->is_deleted) {
            *at = i;
            return true;
        }
    }
    return false;
}

void tui_list_go_start(struct tui_list *l)
{
    size_t at = 0;
    while (at < l->cursor.count && tui_list_row(l, at)->read)
        at++;
    tui_cursor_go(&l->cursor, at);
}

/* --- a row --- */

struct layout {
    size_t number, date, size, account, author; /* columns; 0: left out */
};

/* What a narrow screen leaves out first is what one needs least. */
static struct layout layout_for(size_t columns, bool with_account)
{
    struct layout y = {6, 10, 6, with_account ? 8 : 0, 18};
    if (columns < 72)
        y.account = 0;
    if (columns < 60)
        y.size = 0;
    if (columns < 50) {
        y.number = 4;
        y.date = 0;
    }
    if (columns < 70)
        y.author = columns / 4;
    return y;
}

static size_t put_number(struct buf *out, int64_t id, size_t columns)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%*lld", (int)columns, (long long)id);
    buf_put(out, slice_of(digits, (size_t)n));
    return (size_t)n;
}

static size_t put_marks(struct buf *out, const struct tui_row *r)
{
    buf_put_str(out, r->is_deleted ? "D" : " ");
    buf_put_str(out, r->read ? " " : "\xe2\x97\x8f");
    buf_put_str(out, r->flagged ? "\xe2\x98\x85" : " ");
    buf_put_str(out, r->has_attachment ? "\xf0\x9f\x93\x8e " : "   ");
    return 6;
}

static size_t put_column(struct buf *out, struct slice text, size_t columns)
{
    if (columns == 0)
        return 0;
    size_t used = width_put_cell(out, text, columns, true);
    buf_put_char(out, ' ');
    return used + 1;
}

static size_t put_size(struct buf *out, const struct tui_row *r, size_t columns)
{
    char size[ROWS_SIZE];
    if (columns == 0)
        return 0;
    poplin_rows_size(r->octets, size);
    for (size_t n = strlen(size); n < columns; n++)
        buf_put_char(out, ' ');
    buf_put_str(out, size);
    buf_put_str(out, "  ");
    return columns + 2;
}

void tui_list_put_row(const struct tui_list *l, const struct tui_row *r, int64_t now,
                      bool with_account, size_t columns, struct buf *out)
{
    char memory[4 * CELL_MOST], date[ROWS_DATE];
    struct buf row = buf_over(memory, sizeof memory);
    struct layout y = layout_for(columns, with_account);
    struct slice author = slice_of(l->text + r->author, r->author_size);
    struct slice subject = slice_of(l->text + r->subject, r->subject_size);
    poplin_rows_date(r->date, now, date);
    size_t used = put_number(&row, r->id, y.number);
    used += put_marks(&row, r);
    used += put_column(&row, slice_str(date), y.date);
    used += put_column(&row, slice_str(r->account->name), y.account);
    used += put_column(&row, author.size ? author : SLICE("-"), y.author);
    used += put_size(&row, r, y.size);
    (void)width_put_cell(&row, subject.size ? subject : SLICE("-"),
                         columns > used ? columns - used : 0, false);
    (void)width_put_cell(out, buf_slice(&row), columns, true);
}
