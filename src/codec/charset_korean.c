/* EUC-KR as CP949, and JOHAB. */
#include "codec/charset_machine.h"
#include "codec/charset_table.h"

inline size_t charset_step_euc_kr(struct charset_decoder *d, struct charset_octets in,
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
    if (trail < 0x40 || trail == 0x7f || trail == 0xff)
        return charset_broken(in.data, 2, unit);
    uint32_t code =
        charset_cp949[(lead - 0x81U) * CHARSET_ROW_190 + trail - (trail < 0x7f ? 0x40U : 0x41U)];
    if (code == 0)
        return charset_broken(in.data, 2, unit);
    return charset_unit_of(unit, code, 2);
}

CHARSET_FEED(euc_kr, true)

size_t charset_step_johab(struct charset_decoder *d, struct charset_octets in,
                          struct charset_unit *unit)
{
    uint8_t lead = in.data[0];
    if (lead < 0x80)
        return charset_unit_of(unit, lead, 1);
    if (lead < 0x84 || lead > 0xf9)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (in.size < 2)
        return 0;
    uint8_t trail = in.data[1];
    if (trail < 0x31 || trail == 0xff)
        return charset_broken(in.data, 2, unit);
    uint32_t code = charset_johab[(lead - 0x84U) * CHARSET_ROW_206 + trail - 0x31U];
    if (code == 0)
        return charset_broken(in.data, 2, unit);
    return charset_unit_of(unit, code, 2);
}

CHARSET_FEED(johab, true)
