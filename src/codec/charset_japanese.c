/* Shift_JIS as CP932, and EUC-JP, both over one table of JIS X 0208 with NEC's and IBM's rows. */
#include "codec/charset_machine.h"
#include "codec/charset_table.h"

inline size_t charset_step_shift_jis(struct charset_decoder *d, struct charset_octets in,
                                     struct charset_unit *unit)
{
    uint8_t lead = in.data[0];
    if (lead < 0x80)
        return charset_unit_of(unit, lead, 1);
    if (lead >= 0xa1 && lead <= 0xdf)
        return charset_unit_of(unit, lead - 0xa1U + 0xff61, 1);
    if (lead == 0x80 || lead == 0xa0 || lead > 0xfc)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (in.size < 2)
        return 0;
    uint8_t trail = in.data[1];
    if (trail < 0x40 || trail == 0x7f || trail > 0xfc)
        return charset_broken(in.data, 2, unit);
    size_t row = lead - (lead < 0xa0 ? 0x81U : 0xc1U);
    uint32_t code = charset_jis0208[row * CHARSET_ROW_188 + trail - (trail < 0x7f ? 0x40U : 0x41U)];
    if (code == 0)
        return charset_broken(in.data, 2, unit);
    return charset_unit_of(unit, code, 2);
}

CHARSET_FEED(shift_jis, true)

/* Six characters of the first two rows have full-width twins in CP932; under the other names
 * mail has them as the standard does. */
inline uint32_t charset_jis0208_code(size_t row, size_t cell)
{
    uint32_t code = charset_jis0208[row * 94 + cell];
    if (row >= 2)
        return code;
    switch (code) {
    case 0xff5e:
        return 0x301c;
    case 0x2225:
        return 0x2016;
    case 0xff0d:
        return 0x2212;
    case 0xffe0:
        return 0xa2;
    case 0xffe1:
        return 0xa3;
    case 0xffe2:
        return 0xac;
    default:
        return code;
    }
}

/* 0x8f and two octets of JIS X 0212. */
static size_t euc_jp_three(struct charset_octets in, struct charset_unit *unit)
{
    for (size_t n = 1; n < 3; n++) {
        if (n == in.size)
            return 0;
        if (in.data[n] < 0xa1 || in.data[n] == 0xff)
            return charset_broken(in.data, n + 1, unit);
    }
    uint32_t code = charset_jis0212[(in.data[1] - 0xa1U) * 94 + in.data[2] - 0xa1U];
    return charset_unit_of(unit, code == 0 ? CHARSET_BROKEN : code, 3);
}

inline size_t charset_step_euc_jp(struct charset_decoder *d, struct charset_octets in,
                                  struct charset_unit *unit)
{
    uint8_t lead = in.data[0];
    if (lead < 0x80)
        return charset_unit_of(unit, lead, 1);
    if (lead == 0x8f)
        return euc_jp_three(in, unit);
    if ((lead < 0xa1 && lead != 0x8e) || lead == 0xff)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (in.size < 2)
        return 0;
    uint8_t trail = in.data[1];
    if (lead == 0x8e && trail >= 0xa1 && trail <= 0xdf)
        return charset_unit_of(unit, trail - 0xa1U + 0xff61, 2);
    if (lead == 0x8e || trail < 0xa1 || trail == 0xff)
        return charset_broken(in.data, 2, unit);
    uint32_t code = charset_jis0208_code(lead - 0xa1U, trail - 0xa1U);
    return charset_unit_of(unit, code == 0 ? CHARSET_BROKEN : code, 2);
}

CHARSET_FEED(euc_jp, true)
