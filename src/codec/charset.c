#include "codec/charset.h"

#include <assert.h>

#include "codec/charset_machine.h"
#include "codec/charset_table.h"

static const uint32_t replacement = 0xfffd;

/* One row a charset of enum charset, up to CHARSET_SINGLE. */
static const struct {
    const char *name;
    charset_step *step;
    charset_feed_fn *feed;
    bool lossless_ascii;
} charsets[CHARSET_SINGLE + 1] = {
    [CHARSET_UNKNOWN] = {"unknown", charset_step_utf8, charset_feed_utf8, true},
    [CHARSET_US_ASCII] = {"US-ASCII", charset_step_single, charset_feed_single, true},
    [CHARSET_UTF_8] = {"UTF-8", charset_step_utf8, charset_feed_utf8, true},
    [CHARSET_GB18030] = {"GB18030", charset_step_gb18030, charset_feed_gb18030, true},
    [CHARSET_BIG5] = {"Big5", charset_step_big5, charset_feed_big5, true},
    [CHARSET_SHIFT_JIS] = {"Shift_JIS", charset_step_shift_jis, charset_feed_shift_jis, true},
    [CHARSET_EUC_JP] = {"EUC-JP", charset_step_euc_jp, charset_feed_euc_jp, true},
    [CHARSET_ISO_2022_JP] = {"ISO-2022-JP", charset_step_iso_2022_jp, charset_feed_iso_2022_jp,
                             false},
    [CHARSET_ISO_2022_KR] = {"ISO-2022-KR", charset_step_iso_2022_kr, charset_feed_iso_2022_kr,
                             false},
    [CHARSET_ISO_2022_CN] = {"ISO-2022-CN", charset_step_iso_2022_cn, charset_feed_iso_2022_cn,
                             false},
    [CHARSET_EUC_KR] = {"EUC-KR", charset_step_euc_kr, charset_feed_euc_kr, true},
    [CHARSET_EUC_TW] = {"EUC-TW", charset_step_euc_tw, charset_feed_euc_tw, true},
    [CHARSET_JOHAB] = {"JOHAB", charset_step_johab, charset_feed_johab, true},
    [CHARSET_HZ] = {"HZ-GB-2312", charset_step_hz, charset_feed_hz, false},
    [CHARSET_UTF_7] = {"UTF-7", charset_step_utf7, charset_feed_utf7, false},
    [CHARSET_UTF_16] = {"UTF-16", charset_step_utf16, charset_feed_utf16, false},
    [CHARSET_UTF_16BE] = {"UTF-16BE", charset_step_utf16, charset_feed_utf16, false},
    [CHARSET_UTF_16LE] = {"UTF-16LE", charset_step_utf16, charset_feed_utf16, false},
    [CHARSET_UTF_32] = {"UTF-32", charset_step_utf32, charset_feed_utf32, false},
    [CHARSET_UTF_32BE] = {"UTF-32BE", charset_step_utf32, charset_feed_utf32, false},
    [CHARSET_UTF_32LE] = {"UTF-32LE", charset_step_utf32, charset_feed_utf32, false},
    [CHARSET_SINGLE] = {NULL, charset_step_single, charset_feed_single, true},
};

static_assert(CHARSET_SINGLE + (int)CHARSET_ROWS <= (int)CHARSET_LIMIT);

static bool is_single(enum charset c)
{
    return c >= CHARSET_SINGLE && c - CHARSET_SINGLE < (unsigned)CHARSET_ROWS;
}

static bool is_viscii(enum charset c)
{
    return c == CHARSET_SINGLE + (unsigned)CHARSET_ROW_VISCII;
}

/* The charset's row of the table above; UNKNOWN's for what is none. */
static unsigned row_of(enum charset c)
{
    if (is_single(c))
        return CHARSET_SINGLE;
    return c < CHARSET_SINGLE ? c : CHARSET_UNKNOWN;
}

const char *charset_name(enum charset c)
{
    return is_single(c) ? charset_singles[c - CHARSET_SINGLE].name : charsets[row_of(c)].name;
}

charset_step *charset_step_of(enum charset c)
{
    return is_viscii(c) ? charset_step_viscii : charsets[row_of(c)].step;
}

void charset_init(struct charset_decoder *d, enum charset c)
{
    *d = (struct charset_decoder){
        .charset = c,
        .lossless_ascii = !is_viscii(c) && charsets[row_of(c)].lossless_ascii,
    };
}

size_t charset_feed(struct charset_decoder *d, struct slice *text, char *out, size_t room)
{
    if (room < CHARSET_ROOM || (text->size == 0 && d->held_size == 0))
        return 0;
    if (is_viscii(d->charset))
        return charset_feed_viscii(d, text, out, room);
    return charsets[row_of(d->charset)].feed(d, text, out, room);
}

/* Octets of what is held that make one broken character at the end of the text: no ASCII behind
 * its lead, but for those that have no ASCII. */
static size_t broken_tail(const struct charset_decoder *d)
{
    size_t n = 1;
    bool wide = d->charset >= CHARSET_UTF_16 && d->charset <= CHARSET_UTF_32LE;
    while (n < d->held_size && (wide || d->held[n] >= 0x80))
        n++;
    return n;
}

static void drop_held(struct charset_decoder *d, size_t n)
{
    memmove(d->held, d->held + n, d->held_size - n);
    d->held_size = (uint8_t)(d->held_size - n);
}

size_t charset_end(struct charset_decoder *d, char *out)
{
    char *to = out;
    while (d->held_size > 0) {
        struct charset_unit unit = {0, 0};
        uint64_t offset = d->taken - d->held_size;
        size_t used =
            charset_step_of(d->charset)(d, (struct charset_octets){d->held, d->held_size}, &unit);
        if (used == 0) {
            used = broken_tail(d);
            unit.code = CHARSET_BROKEN;
        }
        drop_held(d, used);
        to = charset_put(d, to, unit, offset);
    }
    if (d->charset == CHARSET_UTF_7 && charset_utf7_is_open(d))
        to = charset_put(d, to, (struct charset_unit){CHARSET_BROKEN, 0}, d->taken);
    return (size_t)(to - out);
}

static char *put_code(char *out, uint32_t code)
{
    if (code < 0x10000)
        return charset_put(NULL, out, (struct charset_unit){code, 0}, 0);
    *out++ = (char)(0xf0 | code >> 18);
    *out++ = (char)(0x80 | (code >> 12 & 0x3f));
    *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    *out++ = (char)(0x80 | (code & 0x3f));
    return out;
}

char *charset_put_rare(struct charset_decoder *d, char *out, struct charset_unit unit,
                       uint64_t offset)
{
    if (unit.code == CHARSET_NOTHING)
        return out;
    if (unit.code == CHARSET_BROKEN) {
        if (d->invalid++ == 0)
            d->first_invalid = offset;
        out = put_code(out, replacement);
    } else {
        out = put_code(out, unit.code);
    }
    return unit.more != 0 ? put_code(out, unit.more) : out;
}

void charset_hold(struct charset_decoder *d, struct charset_octets in)
{
    memcpy(d->held, in.data, in.size);
    d->held_size = (uint8_t)in.size;
}

bool charset_run_held(struct charset_decoder *d, struct charset_octets *in, struct charset_out *out,
                      charset_step *step)
{
    while (d->held_size > 0) {
        if (out->at > out->last)
            return false;
        struct charset_unit unit = {0, 0};
        size_t used = step(d, (struct charset_octets){d->held, d->held_size}, &unit);
        if (used > 0) {
            uint64_t offset = d->taken - d->held_size;
            drop_held(d, used);
            out->at = charset_put(d, out->at, unit, offset);
        } else if (in->size > 0) {
            d->held[d->held_size++] = *in->data++;
            in->size--;
            d->taken++;
        } else {
            return false;
        }
    }
    return true;
}

size_t charset_copy_ascii(struct charset_octets in, char *out, size_t room)
{
    const uint64_t high = 0x8080808080808080;
    size_t size = in.size < room ? in.size : room;
    size_t n = 0;
    for (; size - n >= 16; n += 16) {
        uint64_t words[2];
        memcpy(words, in.data + n, 16);
        if ((words[0] | words[1]) & high)
            break;
        memcpy(out + n, words, 16);
    }
    for (; n < size && in.data[n] < 0x80; n++)
        out[n] = (char)in.data[n];
    return n;
}
