/* GB18030 with all that is written under the names GB2312 and GBK; Big5; EUC-TW; HZ. */
#include "codec/charset_machine.h"
#include "codec/charset_table.h"

enum {
    GB_BMP_INDEXES = 39420,   /* of four octets */
    GB_PLANES_FIRST = 189000, /* the index of U+10000 */
    GB_PLANES_LAST = 1237575, /* of U+10FFFF */
};

static uint32_t gb_code_of_index(uint32_t index)
{
    if (index >= GB_PLANES_FIRST && index <= GB_PLANES_LAST)
        return 0x10000 + index - GB_PLANES_FIRST;
    if (index >= GB_BMP_INDEXES)
        return CHARSET_BROKEN;
    size_t low = 0;
    size_t high = charset_gb18030_range_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (charset_gb18030_ranges[2 * middle] <= index)
            low = middle;
        else
            high = middle;
    }
    const uint16_t *range = charset_gb18030_ranges + 2 * low;
    return range[1] == 0 ? CHARSET_BROKEN : range[1] + index - range[0];
}

/* The second octet is a digit. If what follows is no end for it, only the first was broken. */
static size_t gb_four(struct charset_octets in, struct charset_unit *unit)
{
    if (in.size < 3)
        return 0;
    if (in.data[2] < 0x81 || in.data[2] == 0xff)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (in.size < 4)
        return 0;
    uint32_t last = in.data[3] - 0x30U;
    if (last > 9)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    uint32_t index = (in.data[0] - 0x81U) * 10 + (in.data[1] - 0x30U);
    index = (index * 126 + (in.data[2] - 0x81U)) * 10 + last;
    return charset_unit_of(unit, gb_code_of_index(index), 4);
}

inline size_t charset_step_gb18030(struct charset_decoder *d, struct charset_octets in,
                                   struct charset_unit *unit)
{
    uint8_t lead = in.data[0];
    if (lead < 0x80)
        return charset_unit_of(unit, lead, 1);
    if (lead == 0x80)
        return charset_unit_of(unit, 0x20ac, 1);
    if (lead == 0xff)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (in.size < 2)
        return 0;
    uint8_t trail = in.data[1];
    if (trail >= 0x30 && trail <= 0x39)
        return gb_four(in, unit);
    if (trail < 0x40 || trail == 0x7f || trail == 0xff)
        return charset_broken(in.data, 2, unit);
    size_t at = (lead - 0x81U) * CHARSET_ROW_190 + trail - (trail < 0x7f ? 0x40U : 0x41U);
    uint32_t code = charset_gb18030[at];
    if (charset_has_bit(charset_gb18030_plane2, at))
        code += 0x20000;
    if (code == 0)
        return charset_broken(in.data, 2, unit);
    return charset_unit_of(unit, code, 2);
}

CHARSET_FEED(gb18030, true)

inline size_t charset_step_big5(struct charset_decoder *d, struct charset_octets in,
                                struct charset_unit *unit)
{
    uint8_t lead = in.data[0];
    if (lead < 0x80)
        return charset_unit_of(unit, lead, 1);
    if (lead == 0x80 || lead == 0xff)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (in.size < 2)
        return 0;
    uint8_t trail = in.data[1];
    if (trail < 0x40 || (trail > 0x7e && trail < 0xa1) || trail == 0xff)
        return charset_broken(in.data, 2, unit);
    size_t at = (lead - 0x81U) * CHARSET_ROW_157 + trail - (trail < 0x7f ? 0x40U : 0x62U);
    uint32_t code = charset_big5[at];
    if (charset_has_bit(charset_big5_plane2, at))
        code += 0x20000;
    if (code == 0)
        return charset_broken(in.data, 2, unit);
    if ((code & ~0x7ffU) == 0xd800) {
        const uint16_t *pair = charset_big5_pairs + 2 * (code - 0xd800);
        code = pair[0];
        unit->more = pair[1];
    }
    return charset_unit_of(unit, code, 2);
}

CHARSET_FEED(big5, true)

/* The plane's place in charset_cns; 8: there is none. */
static size_t cns_place(unsigned plane)
{
    return plane >= 1 && plane <= 7 ? plane - 1 : plane == 15 ? 7 : 8;
}

uint32_t charset_cns_code(unsigned plane, uint8_t row, uint8_t cell)
{
    size_t place = cns_place(plane);
    if (place == 8 || row >= 94 || cell >= 94)
        return CHARSET_BROKEN;
    size_t at = place * CHARSET_94X94 + row * 94U + cell;
    uint32_t code = charset_cns[at];
    if (charset_has_bit(charset_cns_plane2, at))
        code += 0x20000;
    return code == 0 ? CHARSET_BROKEN : code;
}

/* 0x8e, the plane, then two octets. */
static size_t euc_tw_four(struct charset_octets in, struct charset_unit *unit)
{
    if (in.size < 2)
        return 0;
    if (cns_place(in.data[1] - 0xa0U) == 8)
        return charset_broken(in.data, 2, unit);
    for (size_t n = 2; n < 4; n++) {
        if (n == in.size)
            return 0;
        if (in.data[n] < 0xa1 || in.data[n] == 0xff)
            return charset_broken(in.data, n + 1, unit);
    }
    uint32_t code = charset_cns_code(in.data[1] - 0xa0U, (uint8_t)(in.data[2] - 0xa1),
                                     (uint8_t)(in.data[3] - 0xa1));
    return charset_unit_of(unit, code, 4);
}

size_t charset_step_euc_tw(struct charset_decoder *d, struct charset_octets in,
                           struct charset_unit *unit)
{
    uint8_t lead = in.data[0];
    if (lead < 0x80)
        return charset_unit_of(unit, lead, 1);
    if (lead == 0x8e)
        return euc_tw_four(in, unit);
    if (lead < 0xa1 || lead == 0xff)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (in.size < 2)
        return 0;
    if (in.data[1] < 0xa1 || in.data[1] == 0xff)
        return charset_broken(in.data, 2, unit);
    uint32_t code = charset_cns_code(1, (uint8_t)(lead - 0xa1), (uint8_t)(in.data[1] - 0xa1));
    return charset_unit_of(unit, code, 2);
}

CHARSET_FEED(euc_tw, true)

/* HZ (RFC 1843): state[0] is 1 behind ~{. Octets above 0x7f are not HZ, but GB2312 under a wrong
 * name; a ~ that escapes nothing is itself. */
static size_t hz_escape(struct charset_decoder *d, struct charset_octets in,
                        struct charset_unit *unit)
{
    if (in.size < 2)
        return 0;
    uint8_t c = in.data[1];
    if (c == '{' || c == '}') {
        d->state[0] = c == '{';
        return charset_unit_of(unit, CHARSET_NOTHING, 2);
    }
    if (d->state[0] == 1)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (c == '\n')
        return charset_unit_of(unit, CHARSET_NOTHING, 2);
    return charset_unit_of(unit, '~', c == '~' ? 2 : 1);
}

size_t charset_step_hz(struct charset_decoder *d, struct charset_octets in,
                       struct charset_unit *unit)
{
    uint8_t lead = in.data[0];
    if (lead == '~')
        return hz_escape(d, in, unit);
    if (lead == '\n')
        d->state[0] = 0;
    if (lead <= ' ' || lead == 0x7f || d->state[0] == 0)
        return charset_step_gb18030(d, in, unit);
    if (in.size < 2)
        return 0;
    uint8_t pair[2] = {lead | 0x80, in.data[1] | 0x80};
    if (pair[1] < 0xa1 || pair[1] == 0xff)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    return charset_step_gb18030(d, (struct charset_octets){pair, 2}, unit);
}

CHARSET_FEED(hz, false)
