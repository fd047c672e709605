/* The charsets of one octet a character, and US-ASCII, whose 8-bit octets are windows-1252. */
#include "codec/charset_machine.h"
#include "codec/charset_table.h"

inline size_t charset_step_single(struct charset_decoder *d, struct charset_octets in,
                                  struct charset_unit *unit)
{
    uint8_t octet = in.data[0];
    if (octet < 0x80)
        return charset_unit_of(unit, octet, 1);
    size_t row =
        d->charset < CHARSET_SINGLE ? CHARSET_ROW_WINDOWS_1252 : d->charset - CHARSET_SINGLE;
    uint32_t code = charset_singles[row].codes[octet - 0x80];
    return charset_unit_of(unit, code == 0 ? CHARSET_BROKEN : code, 1);
}

CHARSET_FEED(single, true)

/* VISCII has six letters among the controls. */
size_t charset_step_viscii(struct charset_decoder *d, struct charset_octets in,
                           struct charset_unit *unit)
{
    uint8_t octet = in.data[0];
    if (octet < 32)
        return charset_unit_of(unit, charset_viscii_low[octet], 1);
    return charset_step_single(d, in, unit);
}

CHARSET_FEED(viscii, false)
