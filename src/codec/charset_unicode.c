/* UTF-16, UTF-32 and UTF-7. */
#include "codec/charset_machine.h"

/* state[0] of UTF-16 and UTF-32: the order of octets. */
enum { ORDER_OPEN, ORDER_BIG, ORDER_LITTLE };

static bool is_high(uint32_t code)
{
    return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low(uint32_t code)
{
    return code >= 0xdc00 && code <= 0xdfff;
}

static uint32_t joined(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static uint32_t utf16_at(const uint8_t *data, uint32_t order)
{
    return order == ORDER_LITTLE ? (uint32_t)data[1] << 8 | data[0]
                                 : (uint32_t)data[0] << 8 | data[1];
}

static uint32_t utf32_at(const uint8_t *data, uint32_t order)
{
    uint32_t first = utf16_at(data, order);
    uint32_t second = utf16_at(data + 2, order);
    return order == ORDER_LITTLE ? second << 16 | first : first << 16 | second;
}

/* The order of a text without a BOM, from its label or from where the first character has its
 * zeros: the first of mail is nearly always ASCII. */
static uint32_t first_order(enum charset c, bool looks_little)
{
    if (c == CHARSET_UTF_16LE || c == CHARSET_UTF_32LE)
        return ORDER_LITTLE;
    bool is_open = c == CHARSET_UTF_16 || c == CHARSET_UTF_32;
    return is_open && looks_little ? ORDER_LITTLE : ORDER_BIG;
}

size_t charset_step_utf16(struct charset_decoder *d, struct charset_octets in,
                          struct charset_unit *unit)
{
    if (in.size < 2)
        return 0;
    if (d->state[0] == ORDER_OPEN) {
        bool big = utf16_at(in.data, ORDER_BIG) == 0xfeff;
        if (big || utf16_at(in.data, ORDER_LITTLE) == 0xfeff) {
            d->state[0] = big ? ORDER_BIG : ORDER_LITTLE;
            return charset_unit_of(unit, CHARSET_NOTHING, 2);
        }
        d->state[0] = first_order(d->charset, in.data[0] != 0 && in.data[1] == 0);
    }
    uint32_t code = utf16_at(in.data, d->state[0]);
    if (!is_high(code))
        return charset_unit_of(unit, is_low(code) ? CHARSET_BROKEN : code, 2);
    if (in.size < 4)
        return 0;
    uint32_t low = utf16_at(in.data + 2, d->state[0]);
    if (!is_low(low))
        return charset_unit_of(unit, CHARSET_BROKEN, 2);
    return charset_unit_of(unit, joined(code, low), 4);
}

CHARSET_FEED(utf16, false)

size_t charset_step_utf32(struct charset_decoder *d, struct charset_octets in,
                          struct charset_unit *unit)
{
    if (in.size < 4)
        return 0;
    if (d->state[0] == ORDER_OPEN) {
        bool big = utf32_at(in.data, ORDER_BIG) == 0xfeff;
        if (big || utf32_at(in.data, ORDER_LITTLE) == 0xfeff) {
            d->state[0] = big ? ORDER_BIG : ORDER_LITTLE;
            return charset_unit_of(unit, CHARSET_NOTHING, 4);
        }
        d->state[0] = first_order(d->charset, in.data[0] != 0 && in.data[3] == 0);
    }
    uint32_t code = utf32_at(in.data, d->state[0]);
    bool is_character = code <= 0x10ffff && !is_high(code) && !is_low(code);
    return charset_unit_of(unit, is_character ? code : CHARSET_BROKEN, 4);
}

CHARSET_FEED(utf32, false)

/* UTF-7 (RFC 2152): state[0] is 1 between + and its end, state[1] the bits that make no 16 yet,
 * state[2] how many, state[3] the first half of a pair. */
static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool charset_utf7_is_open(const struct charset_decoder *d)
{
    return d->state[3] != 0 || d->state[2] >= 6;
}

/* A + that begins nothing is itself: people write "1 + 1" under this label. */
static size_t utf7_direct(struct charset_decoder *d, struct charset_octets in,
                          struct charset_unit *unit)
{
    uint8_t c = in.data[0];
    if (c != '+')
        return charset_unit_of(unit, c < 0x80 ? c : CHARSET_BROKEN, 1);
    if (in.size < 2)
        return 0;
    if (in.data[1] == '-')
        return charset_unit_of(unit, '+', 2);
    if (base64_value(in.data[1]) < 0)
        return charset_unit_of(unit, '+', 1);
    d->state[0] = 1;
    return charset_unit_of(unit, CHARSET_NOTHING, 1);
}

static size_t utf7_close(struct charset_decoder *d, uint8_t c, struct charset_unit *unit)
{
    bool is_open = charset_utf7_is_open(d);
    memset(d->state, 0, sizeof d->state);
    if (is_open && c < 0x80)
        unit->more = c == '-' ? 0 : c;
    if (is_open || c >= 0x80)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    return charset_unit_of(unit, c == '-' ? CHARSET_NOTHING : c, 1);
}

/* One UTF-16 unit out of the bits. */
static uint32_t utf7_unit(struct charset_decoder *d, uint32_t code, struct charset_unit *unit)
{
    uint32_t high = d->state[3];
    d->state[3] = is_high(code) ? code : 0;
    if (high != 0 && is_low(code))
        return joined(high, code);
    if (high != 0) {
        unit->more = is_high(code) ? 0 : code;
        return CHARSET_BROKEN;
    }
    return is_low(code) ? CHARSET_BROKEN : is_high(code) ? CHARSET_NOTHING : code;
}

size_t charset_step_utf7(struct charset_decoder *d, struct charset_octets in,
                         struct charset_unit *unit)
{
    if (d->state[0] == 0)
        return utf7_direct(d, in, unit);
    int value = base64_value(in.data[0]);
    if (value < 0)
        return utf7_close(d, in.data[0], unit);
    uint32_t bits = d->state[1] << 6 | (uint32_t)value;
    uint32_t count = d->state[2] + 6;
    uint32_t code = CHARSET_NOTHING;
    if (count >= 16) {
        count -= 16;
        code = utf7_unit(d, bits >> count & 0xffff, unit);
    }
    d->state[1] = bits & ((1U << count) - 1);
    d->state[2] = count;
    return charset_unit_of(unit, code, 1);
}

CHARSET_FEED(utf7, false)
