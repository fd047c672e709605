#include "mime/mime_flowed.h"

enum state { QUOTE, BEGIN, CONTENT };

static const char signature[] = "-- ";

void mime_flowed_init(struct mime_flowed *f, bool is_delsp)
{
    *f = (struct mime_flowed){.is_delsp = is_delsp, .state = QUOTE};
}

static void put_prefix(const struct mime_flowed *f, struct buf *out)
{
    for (uint32_t i = 0; i < f->depth && i < MIME_FLOWED_DEPTH; i++)
        buf_put_char(out, '>');
    if (f->depth > 0)
        buf_put_char(out, ' ');
}

/* A flowed line in front of one of another depth ends its paragraph [RFC 3676 4.5]. */
static void begin_line(struct mime_flowed *f, struct buf *out, bool may_join)
{
    if (f->is_open && may_join && f->depth == f->last_depth)
        return;
    if (f->is_open)
        buf_put_char(out, '\n');
    f->is_open = false;
    put_prefix(f, out);
}

static void end_line(struct mime_flowed *f, struct buf *out)
{
    f->is_open = f->has_blank;
    if (!f->has_blank)
        buf_put_char(out, '\n');
    else if (!f->is_delsp)
        buf_put_char(out, ' ');
    f->has_blank = false;
    f->last_depth = f->depth;
    f->depth = 0;
    f->matched = 0;
    f->state = QUOTE;
}

static void take_content(struct mime_flowed *f, char c, struct buf *out)
{
    if (c == '\n') {
        end_line(f, out);
        return;
    }
    if (f->has_blank)
        buf_put_char(out, ' ');
    f->has_blank = c == ' ';
    if (c != ' ')
        buf_put_char(out, c);
}

static void end_signature(struct mime_flowed *f, struct buf *out)
{
    begin_line(f, out, false);
    buf_put_str(out, "-- \n");
    f->has_blank = false;
    f->last_depth = f->depth;
    f->depth = 0;
    f->matched = 0;
    f->state = QUOTE;
}

/* What looked like the separator of a signature and is none. */
static void replay(struct mime_flowed *f, struct buf *out)
{
    begin_line(f, out, true);
    f->state = CONTENT;
    for (size_t i = 0; i < f->matched; i++)
        take_content(f, signature[i], out);
}

static void take(struct mime_flowed *f, char c, struct buf *out)
{
    if (f->state == QUOTE && c == '>') {
        f->depth++;
        return;
    }
    if (f->state == QUOTE) {
        f->state = BEGIN;
        if (c == ' ')
            return;
    }
    if (f->state == BEGIN && f->matched < 3 && c == signature[f->matched]) {
        f->matched++;
        return;
    }
    if (f->state == BEGIN && f->matched == 3 && c == '\n') {
        end_signature(f, out);
        return;
    }
    if (f->state == BEGIN)
        replay(f, out);
    take_content(f, c, out);
}

size_t mime_flowed_feed(struct mime_flowed *f, struct slice *text, char *out, size_t room)
{
    struct buf b = buf_over(out, room);
    size_t i = 0;
    while (i < text->size && buf_room(&b) >= MIME_FLOWED_ROOM)
        take(f, text->data[i++], &b);
    *text = slice_skip(*text, i);
    return b.size;
}

size_t mime_flowed_end(struct mime_flowed *f, char *out, size_t room)
{
    struct buf b = buf_over(out, room);
    if (f->state == BEGIN && f->matched == 3) {
        end_signature(f, &b);
    } else if (f->state != QUOTE || f->depth > 0) {
        if (f->state != CONTENT)
            replay(f, &b);
        take_content(f, '\n', &b);
    }
    if (f->is_open)
        buf_put_char(&b, '\n');
    f->is_open = false;
    return b.size;
}
