/* charset_machine: what all decoders of charset.h share. A charset is a step: it reads one
 * character from the front of some octets, and says "more" as long as what is there could still
 * become one. A step decides on the octets it consumes and never changes state for "more", so that
 * no split of the text can be seen in its output. */
#ifndef POPLIN_CODEC_CHARSET_MACHINE_H
#define POPLIN_CODEC_CHARSET_MACHINE_H

#include "codec/charset.h"

#define CHARSET_BROKEN 0xffffffffU  /* the octets consumed are no character */
#define CHARSET_NOTHING 0xfffffffeU /* a shift: no character, and none is missing */

/* Octets of the text as it stands; size is at least 1. */
struct charset_octets {
    const uint8_t *data;
    size_t size;
};

/* One character: `code`, and a second code where `more` is not 0. */
struct charset_unit {
    uint32_t code;
    uint32_t more;
};

/* Octets consumed, 0: more of them are needed. At most 8 are ever needed. */
typedef size_t charset_step(struct charset_decoder *d, struct charset_octets in,
                            struct charset_unit *unit);

charset_step charset_step_utf8, charset_step_utf16, charset_step_utf32, charset_step_utf7;
charset_step charset_step_gb18030, charset_step_big5, charset_step_euc_tw, charset_step_hz;
charset_step charset_step_shift_jis, charset_step_euc_jp, charset_step_iso_2022_jp;
charset_step charset_step_euc_kr, charset_step_johab, charset_step_iso_2022_kr;
charset_step charset_step_iso_2022_cn, charset_step_single, charset_step_viscii;

/* charset_feed() of one charset. */
typedef size_t charset_feed_fn(struct charset_decoder *d, struct slice *text, char *out,
                               size_t room);

charset_feed_fn charset_feed_utf8, charset_feed_utf16, charset_feed_utf32, charset_feed_utf7;
charset_feed_fn charset_feed_gb18030, charset_feed_big5, charset_feed_euc_tw, charset_feed_hz;
charset_feed_fn charset_feed_shift_jis, charset_feed_euc_jp, charset_feed_iso_2022_jp;
charset_feed_fn charset_feed_euc_kr, charset_feed_johab, charset_feed_iso_2022_kr;
charset_feed_fn charset_feed_iso_2022_cn, charset_feed_single, charset_feed_viscii;

/* The step of a charset; NULL: there is none. */
charset_step *charset_step_of(enum charset c);

/* CNS 11643, row and cell from 0; CHARSET_BROKEN: none. */
uint32_t charset_cns_code(unsigned plane, uint8_t row, uint8_t cell);

/* JIS X 0208, row and cell from 0 to 93; 0: none. */
uint32_t charset_jis0208_code(size_t row, size_t cell);

/* Half a character is held in UTF-7's bits. */
bool charset_utf7_is_open(const struct charset_decoder *d);

/* Where the text goes: `last` is the last place at which CHARSET_ROOM octets are left. */
struct charset_out {
    char *at;
    char *last;
};

/* Writes a unit; `offset` is where its octets began. Returns where the next goes. */
char *charset_put_rare(struct charset_decoder *d, char *out, struct charset_unit unit,
                       uint64_t offset);

/* Decodes what earlier text left, with octets of this one as far as they are needed. False: stop,
 * no octets or no room are left. */
bool charset_run_held(struct charset_decoder *d, struct charset_octets *in, struct charset_out *out,
                      charset_step *step);

/* Keeps an unfinished character: at most 7 octets. */
void charset_hold(struct charset_decoder *d, struct charset_octets in);

/* Copies ASCII from in's front, while there is room for `room` octets; returns how many. */
size_t charset_copy_ascii(struct charset_octets in, char *out, size_t room);

/* n octets consumed that are no character: the last stays in the text if it is ASCII. */
static inline size_t charset_broken(const uint8_t *data, size_t n, struct charset_unit *unit)
{
    unit->code = CHARSET_BROKEN;
    return data[n - 1] < 0x80 ? n - 1 : n;
}

static inline size_t charset_unit_of(struct charset_unit *unit, uint32_t code, size_t used)
{
    unit->code = code;
    return used;
}

static inline bool charset_has_bit(const uint32_t *bits, size_t at)
{
    return (bits[at / 32] >> at % 32) & 1;
}

/* Returns where the next goes. */
static inline char *charset_put(struct charset_decoder *d, char *out, struct charset_unit unit,
                                uint64_t offset)
{
    uint32_t code = unit.code;
    if (code >= 0x10000 || unit.more != 0)
        return charset_put_rare(d, out, unit, offset);
    if (code >= 0x800) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return out + 3;
    }
    if (code >= 0x80) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return out + 2;
    }
    *out = (char)code;
    return out + 1;
}

/* charset_feed() for a step, which the compiler puts into the loop. `ascii`: octets below 0x80 are
 * ASCII wherever a character may begin. What changes in the loop is in copies whose address nobody
 * has: else each octet written might be a part of them. */
__attribute__((always_inline)) static inline size_t charset_run(struct charset_decoder *d,
                                                                struct slice *text,
                                                                struct charset_out to,
                                                                charset_step *step, bool ascii)
{
    struct charset_octets from = {(const uint8_t *)text->data, text->size};
    char *start = to.at;
    if (d->held_size > 0 && !charset_run_held(d, &from, &to, step)) {
        *text = slice_of(from.data, from.size);
        return (size_t)(to.at - start);
    }
    struct charset_octets in = from;
    char *out = to.at;
    uint64_t end = d->taken + in.size;
    while (in.size > 0 && out <= to.last) {
        struct charset_unit unit = {0, 0};
        size_t used;
        if (ascii && in.data[0] < 0x80) {
            used = charset_copy_ascii(in, out, (size_t)(to.last - out) + CHARSET_ROOM);
            out += used;
        } else if ((used = step(d, in, &unit)) > 0) {
            out = charset_put(d, out, unit, end - in.size);
        } else {
            charset_hold(d, in);
            used = in.size;
        }
        in.data += used;
        in.size -= used;
    }
    d->taken = end - in.size;
    *text = slice_of(in.data, in.size);
    return (size_t)(out - start);
}

/* Defines the charset_feed_fn of a step. */
#define CHARSET_FEED(name, ascii)                                                                  \
    size_t charset_feed_##name(struct charset_decoder *d, struct slice *text, char *out,           \
                               size_t room)                                                        \
    {                                                                                              \
        struct charset_out to = {out, out + (room - CHARSET_ROOM)};                                \
        return charset_run(d, text, to, charset_step_##name, ascii);                               \
    }

#endif
