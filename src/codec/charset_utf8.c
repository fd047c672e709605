#include "codec/charset_machine.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* RFC 3629 4: what the second octet may be behind a lead; size 0: no lead. */
struct utf8_lead {
    size_t size;
    uint8_t low, high;
};

static inline struct utf8_lead utf8_lead(uint8_t lead)
{
    if (lead >= 0xc2 && lead <= 0xdf)
        return (struct utf8_lead){2, 0x80, 0xbf};
    if (lead >= 0xe0 && lead <= 0xef)
        return (struct utf8_lead){3, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf};
    if (lead >= 0xf0 && lead <= 0xf4)
        return (struct utf8_lead){4, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf};
    return (struct utf8_lead){0, 0, 0};
}

/* One U+FFFD for each longest part that could have been a beginning (Unicode 3.9, as WHATWG). */
inline size_t charset_step_utf8(struct charset_decoder *d, struct charset_octets in,
                                struct charset_unit *unit)
{
    uint8_t first = in.data[0];
    if (first < 0x80)
        return charset_unit_of(unit, first, 1);
    struct utf8_lead lead = utf8_lead(first);
    if (lead.size == 0)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    uint32_t code = first & (0x7fU >> lead.size);
    for (size_t n = 1; n < lead.size; n++) {
        if (n == in.size)
            return 0;
        uint8_t next = in.data[n];
        if (next < lead.low || next > lead.high)
            return charset_unit_of(unit, CHARSET_BROKEN, n);
        code = code << 6 | (next & 0x3fU);
        lead.low = 0x80;
        lead.high = 0xbf;
    }
    return charset_unit_of(unit, code, lead.size);
}

/* Which octets of a block are above 0x7f, a bit each. */
enum { BLOCK = 16 };
#if defined(__x86_64__)
static inline unsigned high_octets(const char *in)
{
    return (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)in));
}
#else
static inline unsigned high_octets(const char *in)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < BLOCK; i++)
        bits |= (unsigned)(in[i] & 0x80) >> 7 << i;
    return bits;
}
#endif

/* The octets of ASCII at the front. */
static size_t ascii_front(struct slice text)
{
    size_t n = 0;
    for (; text.size - n >= BLOCK; n += BLOCK) {
        unsigned high = high_octets(text.data + n);
        if (high != 0)
            return n + (unsigned)__builtin_ctz(high);
    }
    while (n < text.size && !(text.data[n] & 0x80))
        n++;
    return n;
}

bool charset_is_ascii(struct slice text)
{
    return ascii_front(text) == text.size;
}

/* The size of a character of two or three octets, of which most text outside ASCII is, looked at
 * as one number; 0: it is none of these, or broken. There are four octets at `in` at least. */
static inline size_t common_size(const uint8_t *in)
{
    uint32_t four = in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
    if ((four & 0xc0c0f0) == 0x8080e0) {
        uint32_t second = four & 0x200f; /* E0 needs its bit, ED must not have it */
        return second != 0 && second != 0x200d ? 3 : 0;
    }
    return (four & 0xc0e0) == 0x80c0 && (four & 0x1e) != 0 ? 2 : 0;
}

/* The octets of such characters at the front. */
static size_t common_front(const uint8_t *in, size_t size)
{
    size_t n = 0;
    for (size_t used = 1; size - n >= 4 && used > 0; n += used)
        used = common_size(in + n);
    return n;
}

/* The octets of whole and right characters at the front. */
static size_t utf8_front(struct slice text)
{
    const uint8_t *in = (const uint8_t *)text.data;
    size_t n = 0;
    while (n < text.size) {
        struct charset_unit unit = {0, 0};
        size_t used =
            in[n] < 0x80 ? ascii_front(slice_skip(text, n)) : common_front(in + n, text.size - n);
        if (used == 0)
            used = charset_step_utf8(NULL, (struct charset_octets){in + n, text.size - n}, &unit);
        if (used == 0 || unit.code == CHARSET_BROKEN)
            break;
        n += used;
    }
    return n;
}

bool charset_is_utf8(struct slice text)
{
    return utf8_front(text) == text.size;
}

/* What is right is copied at once; from the first octet that is not, step by step. */
size_t charset_feed_utf8(struct charset_decoder *d, struct slice *text, char *out, size_t room)
{
    size_t last = room - CHARSET_ROOM;
    size_t n = 0;
    if (d->held_size == 0 && text->size > 0) {
        n = utf8_front(slice_take(*text, text->size < last ? text->size : last));
        memcpy(out, text->data, n);
        *text = slice_skip(*text, n);
        d->taken += n;
    }
    return n +
           charset_run(d, text, (struct charset_out){out + n, out + last}, charset_step_utf8, true);
}
