#include "codec/charset_machine.h"

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

CHARSET_FEED(utf8, true)

/* The octets of ASCII at the front. */
static size_t ascii_front(struct slice text)
{
    size_t n = 0;
    for (; text.size - n >= 32; n += 32) {
        uint64_t words[4];
        memcpy(words, text.data + n, 32);
        if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080)
            break;
    }
    while (n < text.size && !(text.data[n] & 0x80))
        n++;
    return n;
}

bool charset_is_ascii(struct slice text)
{
    return ascii_front(text) == text.size;
}

bool charset_is_utf8(struct slice text)
{
    struct charset_octets in = {(const uint8_t *)text.data, text.size};
    while (in.size > 0) {
        struct charset_unit unit = {0, 0};
        size_t used = in.data[0] < 0x80 ? ascii_front(slice_of(in.data, in.size))
                                        : charset_step_utf8(NULL, in, &unit);
        if (used == 0 || unit.code == CHARSET_BROKEN)
            return false;
        in.data += used;
        in.size -= used;
    }
    return true;
}
