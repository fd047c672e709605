/* The frame: fast runs, and between them single steps. Each encoding has its own source. */
#include "codec/transfer_steps.h"

static const struct {
    transfer_step *step;
    transfer_wide *wide;
    transfer_last *last;
} encodings[] = {
    [TRANSFER_BASE64] = {transfer_base64_step, transfer_base64_wide, transfer_base64_last},
    [TRANSFER_QUOTED_PRINTABLE] = {transfer_quoted_step, transfer_quoted_wide,
                                   transfer_quoted_last},
    [TRANSFER_UUENCODE] = {transfer_uuencode_step, NULL, transfer_uuencode_last},
    [TRANSFER_YENC] = {transfer_yenc_step, NULL, transfer_yenc_last},
    [TRANSFER_Q] = {transfer_q_step, NULL, transfer_q_last},
};

void transfer_init(struct transfer *t, enum transfer_encoding encoding)
{
    *t = (struct transfer){.encoding = encoding, .declared_size = UINT64_MAX};
}

void transfer_note(struct transfer *t, unsigned defect)
{
    if (t->defects == 0)
        t->first_defect = t->taken;
    t->defects |= defect;
}

void transfer_line_put(struct transfer *t, char c)
{
    if (t->held_size < sizeof t->held)
        t->held[t->held_size++] = c;
}

struct slice transfer_line(const struct transfer *t)
{
    struct slice line = slice_of(t->held, t->held_size);
    while (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

static size_t copy(struct transfer *t, struct slice *text, char *out, size_t room)
{
    size_t size = text->size < room ? text->size : room;
    if (size > 0 && out != text->data)
        memmove(out, text->data, size);
    *text = slice_skip(*text, size);
    t->taken += size;
    return size;
}

static size_t steps(struct transfer *t, struct slice *encoded, char *out, size_t room, size_t most)
{
    transfer_step *step = encodings[t->encoding].step;
    size_t n = 0;
    for (; most > 0 && encoded->size > 0 && room - n >= TRANSFER_ROOM; most--) {
        char c = encoded->data[0];
        *encoded = slice_skip(*encoded, 1);
        n += step(t, c, out + n);
        t->taken++;
    }
    return n;
}

size_t transfer_feed_scalar(struct transfer *t, struct slice *encoded, char *out, size_t room)
{
    if (t->encoding == TRANSFER_IDENTITY)
        return copy(t, encoded, out, room);
    return room < TRANSFER_ROOM ? 0 : steps(t, encoded, out, room, SIZE_MAX);
}

size_t transfer_feed(struct transfer *t, struct slice *encoded, char *out, size_t room)
{
    if (t->encoding == TRANSFER_IDENTITY || encodings[t->encoding].wide == NULL)
        return transfer_feed_scalar(t, encoded, out, room);
    size_t n = 0;
    while (encoded->size > 0 && room - n >= TRANSFER_ROOM) {
        size_t before = encoded->size;
        n += encodings[t->encoding].wide(t, encoded, out + n, room - n);
        t->taken += before - encoded->size;
        n += steps(t, encoded, out + n, room - n, 1);
    }
    return n;
}

size_t transfer_end(struct transfer *t, char *out)
{
    return t->encoding == TRANSFER_IDENTITY ? 0 : encodings[t->encoding].last(t, out);
}
