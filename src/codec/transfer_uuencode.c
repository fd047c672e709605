/* uuencode: lines of a length, four characters for three octets; a blank may stand as ` and may be
 * missing at a line's end. What is outside of begin … end is left out, and so is a line within that
 * has octets no encoder writes, such as text behind a missing end. */
#include "codec/transfer_steps.h"

enum { OUTSIDE, WITHIN, DONE };

/* The usual line, of 45 octets: it shows a file whose begin is missing. */
enum { FULL_LENGTH = 'M', FULL_SIZE = 61 };
/* Some encoders add a check character, some a CR and a blank. */
enum { SURPLUS_MAX = 2 };

static bool is_begin(struct slice line)
{
    if (!slice_starts(line, SLICE("begin ")))
        return false;
    size_t digits = 0;
    line = slice_skip(line, 6);
    while (digits < line.size && line.data[digits] >= '0' && line.data[digits] <= '7')
        digits++;
    return digits >= 3 && digits <= 6 && digits < line.size && line.data[digits] == ' ';
}

static bool is_end(struct slice line)
{
    while (line.size > 3 && (line.data[line.size - 1] == ' ' || line.data[line.size - 1] == '\t'))
        line.size--;
    return slice_equal(line, SLICE("end"));
}

static bool is_foreign(char c)
{
    return c < ' ' || c > '`';
}

static unsigned value_at(struct slice line, size_t i)
{
    return i < line.size ? ((unsigned)(uint8_t)line.data[i] - ' ') & 0x3f : 0;
}

static size_t octets_of(struct transfer *t, struct slice line, char *out)
{
    size_t size = value_at(line, 0);
    size_t needed = 1 + (size + 2) / 3 * 4;
    size_t used = needed < line.size ? needed : line.size;
    for (size_t i = 0; i < used; i++) {
        if (is_foreign(line.data[i])) {
            transfer_note(t, TRANSFER_FOREIGN_OCTET);
            return 0;
        }
    }
    if (line.size > needed + SURPLUS_MAX)
        transfer_note(t, TRANSFER_FOREIGN_OCTET);
    for (size_t n = 0; n < size; n++) {
        size_t i = 1 + n / 3 * 4 + n % 3;
        unsigned pair = value_at(line, i) << 6 | value_at(line, i + 1);
        out[n] = (char)(pair >> (4 - 2 * (n % 3)) & 0xff);
    }
    return size;
}

static bool is_full_line(struct slice line)
{
    if (line.size != FULL_SIZE || line.data[0] != FULL_LENGTH)
        return false;
    for (size_t i = 0; i < line.size; i++)
        if (is_foreign(line.data[i]))
            return false;
    return true;
}

static size_t take_line(struct transfer *t, struct slice line, char *out)
{
    if (t->state == OUTSIDE && is_begin(line)) {
        t->state = WITHIN;
    } else if (t->state == OUTSIDE && is_full_line(line)) {
        transfer_note(t, TRANSFER_CUT);
        t->state = WITHIN;
        return octets_of(t, line, out);
    } else if (t->state == WITHIN && is_end(line)) {
        t->state = DONE;
    } else if (t->state == WITHIN && line.size > 0) {
        return octets_of(t, line, out);
    } else if (t->state == DONE && is_begin(line)) {
        transfer_note(t, TRANSFER_FOREIGN_OCTET);
    }
    return 0;
}

size_t transfer_uuencode_step(struct transfer *t, char c, char *out)
{
    if (c != '\n') {
        transfer_line_put(t, c);
        return 0;
    }
    size_t n = take_line(t, transfer_line(t), out);
    t->held_size = 0;
    return n;
}

size_t transfer_uuencode_last(struct transfer *t, char *out)
{
    size_t n = take_line(t, transfer_line(t), out);
    t->held_size = 0;
    if (t->state != DONE)
        transfer_note(t, TRANSFER_CUT);
    return n;
}
