/* base64 as mail has it [RFC 2045 6.8], one octet at a time: an octet is written as soon as its
 * eight bits are there, so nothing is held back and padding says nothing that is needed. */
#include "codec/transfer_steps.h"

enum { VALID = 0x40, VALUE = 0x3f };

/* DONE: what follows the padding is another's, such as a list's footer. */
enum { DATA, WANTS_PADDING, PADDED, DONE };

#define TWO(c, v) [(c)] = VALID | (v), [(c) + 1] = VALID | ((v) + 1)
#define EIGHT(c, v) TWO(c, v), TWO((c) + 2, (v) + 2), TWO((c) + 4, (v) + 4), TWO((c) + 6, (v) + 6)

static const uint8_t sextets[256] = {
    EIGHT('A', 0),  EIGHT('I', 8),  EIGHT('Q', 16),     TWO('Y', 24),
    EIGHT('a', 26), EIGHT('i', 34), EIGHT('q', 42),     TWO('y', 50),
    EIGHT('0', 52), TWO('8', 60),   ['+'] = VALID | 62, ['/'] = VALID | 63,
};

static void pad(struct transfer *t)
{
    bool is_wanted = t->state == WANTS_PADDING || (t->state == DATA && t->count >= 2);
    if (!is_wanted)
        transfer_note(t, TRANSFER_PADDING);
    t->state = t->state == DATA && t->count == 2 ? WANTS_PADDING : PADDED;
    t->count = 0;
}

static size_t add(struct transfer *t, unsigned sextet, char *out)
{
    if (t->state != DATA)
        transfer_note(t, TRANSFER_PADDING);
    t->state = DATA;
    t->bits = (t->bits << 6 | sextet) & 0xfff;
    if (t->count == 0) {
        t->count = 1;
        return 0;
    }
    out[0] = (char)(t->bits >> 2 * (3 - t->count) & 0xff);
    t->count = (t->count + 1) & 3;
    return 1;
}

static void foreign(struct transfer *t)
{
    transfer_note(t, TRANSFER_FOREIGN_OCTET);
    if (t->state == PADDED)
        t->state = DONE;
}

size_t transfer_base64_step(struct transfer *t, char c, char *out)
{
    uint8_t sextet = sextets[(uint8_t)c];
    if (t->state == DONE)
        return 0;
    if (sextet != 0)
        return add(t, sextet & VALUE, out);
    if (c == '=')
        pad(t);
    else if (c != '\r' && c != '\n' && c != ' ' && c != '\t')
        foreign(t);
    return 0;
}

static bool is_between_quanta(const struct transfer *t)
{
    return t->count == 0 && t->state == DATA;
}

size_t transfer_base64_quanta(struct transfer *t, struct slice *encoded, char *out, size_t room)
{
    size_t n = 0;
    struct slice rest = *encoded;
    while (rest.size >= 4 && room - n >= 3) {
        const uint8_t *in = (const uint8_t *)rest.data;
        unsigned a = sextets[in[0]], b = sextets[in[1]], c = sextets[in[2]], d = sextets[in[3]];
        if ((a & b & c & d & VALID) == 0)
            break;
        out[n] = (char)(a << 2 | (b & VALUE) >> 4);
        out[n + 1] = (char)(b << 4 | (c & VALUE) >> 2);
        out[n + 2] = (char)(c << 6 | (d & VALUE));
        n += 3;
        rest = slice_skip(rest, 4);
    }
    *encoded = rest;
    return n;
}

size_t transfer_base64_wide(struct transfer *t, struct slice *encoded, char *out, size_t room)
{
    if (!is_between_quanta(t))
        return 0;
    size_t n = transfer_base64_blocks(t, encoded, out, room);
    return n + transfer_base64_quanta(t, encoded, out + n, room - n);
}

size_t transfer_base64_last(struct transfer *t, char *out)
{
    if (t->state == DATA && t->count == 1)
        transfer_note(t, TRANSFER_CUT);
    else if (t->state == WANTS_PADDING || t->count != 0)
        transfer_note(t, TRANSFER_PADDING);
    return 0;
}
