/* The charsets that shift by escapes: ISO-2022-JP, -KR and -CN. */
#include "codec/charset_machine.h"
#include "codec/charset_table.h"

enum {
    ESCAPE = 0x1b,
    SHIFT_OUT = 0x0e,
    SHIFT_IN = 0x0f,
};

enum charset_set {
    SET_ASCII,
    SET_ROMAN,
    SET_KANA,
    SET_JIS0208,
    SET_JIS0212,
    SET_JIS0213_1,
    SET_JIS0213_2,
    SET_GB2312,
    SET_KSX1001,
    SET_LATIN_1,
    SET_GREEK,
    SET_CNS, /* + plane */
};

/* What an escape does: state[slot] becomes the set. */
struct escape {
    char text[4]; /* behind ESC */
    uint8_t slot;
    uint8_t set;
};

enum { SLOT_NONE = 4 };

/* RFC 1468, 1554, 2237; JIS X 0213; Microsoft's half-width kana. */
enum { JP_G0, JP_G2, JP_OUT };
static const struct escape jp_escapes[] = {
    {"(B", JP_G0, SET_ASCII},
    {"(J", JP_G0, SET_ROMAN},
    {"(H", JP_G0, SET_ROMAN},
    {"(I", JP_G0, SET_KANA},
    {"$@", JP_G0, SET_JIS0208},
    {"$B", JP_G0, SET_JIS0208},
    {"$(@", JP_G0, SET_JIS0208},
    {"$(B", JP_G0, SET_JIS0208},
    {"$(D", JP_G0, SET_JIS0212},
    {"$(O", JP_G0, SET_JIS0213_1},
    {"$(Q", JP_G0, SET_JIS0213_1},
    {"$(P", JP_G0, SET_JIS0213_2},
    {"$A", JP_G0, SET_GB2312},
    {"$(A", JP_G0, SET_GB2312},
    {"$(C", JP_G0, SET_KSX1001},
    {".A", JP_G2, SET_LATIN_1},
    {".F", JP_G2, SET_GREEK},
    {"&@", SLOT_NONE, 0},
    {"", 0, 0},
};

/* RFC 1557. */
enum { KR_OUT };
static const struct escape kr_escapes[] = {{"$)C", SLOT_NONE, 0}, {"", 0, 0}};

/* RFC 1922; ISO-IR-165 is read as the GB2312 that it extends. */
enum { CN_SO, CN_SS2, CN_SS3, CN_OUT };
static const struct escape cn_escapes[] = {
    {"$)A", CN_SO, SET_GB2312},   {"$)E", CN_SO, SET_GB2312},
    {"$)G", CN_SO, SET_CNS + 1},  {"$*H", CN_SS2, SET_CNS + 2},
    {"$+I", CN_SS3, SET_CNS + 3}, {"$+J", CN_SS3, SET_CNS + 4},
    {"$+K", CN_SS3, SET_CNS + 5}, {"$+L", CN_SS3, SET_CNS + 6},
    {"$+M", CN_SS3, SET_CNS + 7}, {"", 0, 0},
};

/* An escape that is none stays in the text without its ESC, as WHATWG does. */
static size_t take_escape(struct charset_decoder *d, struct charset_octets in,
                          const struct escape *escapes, struct charset_unit *unit)
{
    for (; escapes->text[0] != '\0'; escapes++) {
        size_t size = strlen(escapes->text);
        size_t there = in.size - 1 < size ? in.size - 1 : size;
        if (memcmp(in.data + 1, escapes->text, there) != 0)
            continue;
        if (there < size)
            return 0;
        if (escapes->slot != SLOT_NONE)
            d->state[escapes->slot] = escapes->set;
        return charset_unit_of(unit, CHARSET_NOTHING, 1 + size);
    }
    return charset_unit_of(unit, CHARSET_BROKEN, 1);
}

static uint32_t jis0213_code(size_t at, bool second, struct charset_unit *unit)
{
    uint32_t code = second ? charset_jis0213_2[at] : charset_jis0213_1[at];
    if (charset_has_bit(second ? charset_jis0213_2_plane2 : charset_jis0213_1_plane2, at))
        return code + 0x20000;
    if ((code & ~0x7ffU) != 0xd800)
        return code;
    const uint16_t *pair = charset_jis0213_1_pairs + 2 * (code - 0xd800);
    unit->more = pair[1];
    return pair[0];
}

/* The code of a row and a cell, from 0; 0: none. */
static uint32_t code_of(uint32_t set, uint8_t row, uint8_t cell, struct charset_unit *unit)
{
    size_t at = row * 94U + cell;
    size_t wide = (row + 0x20U) * CHARSET_ROW_190 + cell + 0x60U;
    switch (set) {
    case SET_JIS0208:
        return charset_jis0208_code(row, cell);
    case SET_JIS0212:
        return charset_jis0212[at];
    case SET_JIS0213_1:
    case SET_JIS0213_2:
        return jis0213_code(at, set == SET_JIS0213_2, unit);
    case SET_GB2312:
        return charset_gb18030[wide];
    case SET_KSX1001:
        return charset_cp949[wide];
    default:
        return charset_cns_code(set - SET_CNS, row, cell);
    }
}

static bool is_graphic(uint8_t octet)
{
    return octet > 0x20 && octet < 0x7f;
}

/* Two octets of a set, the first of them graphic. A control or an escape behind a lone one stays.
 */
static size_t take_pair(uint32_t set, struct charset_octets in, struct charset_unit *unit)
{
    if (in.size < 2)
        return 0;
    if (!is_graphic(in.data[1]))
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    uint32_t code = code_of(set, (uint8_t)(in.data[0] - 0x21), (uint8_t)(in.data[1] - 0x21), unit);
    return charset_unit_of(unit, code == 0 ? CHARSET_BROKEN : code, 2);
}

/* ESC N and one octet of G2 (RFC 1554). */
static size_t jp_single_shift(const struct charset_decoder *d, struct charset_octets in,
                              struct charset_unit *unit)
{
    if (in.size < 3)
        return 0;
    uint8_t octet = in.data[2];
    if (octet < 0x20 || d->state[JP_G2] == 0)
        return charset_unit_of(unit, CHARSET_BROKEN, 2);
    octet |= 0x80;
    bool is_greek = d->state[JP_G2] == SET_GREEK;
    uint32_t code = is_greek ? charset_singles[CHARSET_ROW_ISO_8859_7].codes[octet - 0x80] : octet;
    return charset_unit_of(unit, code == 0 ? CHARSET_BROKEN : code, 3);
}

static uint32_t roman_code(uint8_t octet)
{
    return octet == '\\' ? 0xa5 : octet == '~' ? 0x203e : octet;
}

/* Whether a text octet of 7 bits is half-width kana: by SO, or by its designation. */
static bool is_kana(const struct charset_decoder *d, uint8_t octet)
{
    return octet > 0x20 && octet < 0x60 && (d->state[JP_OUT] || d->state[JP_G0] == SET_KANA);
}

size_t charset_step_iso_2022_jp(struct charset_decoder *d, struct charset_octets in,
                                struct charset_unit *unit)
{
    uint8_t octet = in.data[0];
    if (octet == ESCAPE && in.size > 1 && in.data[1] == 'N')
        return jp_single_shift(d, in, unit);
    if (octet == ESCAPE)
        return take_escape(d, in, jp_escapes, unit);
    if (octet == SHIFT_OUT || octet == SHIFT_IN) {
        d->state[JP_OUT] = octet == SHIFT_OUT;
        return charset_unit_of(unit, CHARSET_NOTHING, 1);
    }
    if (octet >= 0xa1 && octet <= 0xdf)
        return charset_unit_of(unit, octet - 0xa1U + 0xff61, 1);
    if (octet >= 0x80)
        return charset_unit_of(unit, CHARSET_BROKEN, 1);
    if (is_kana(d, octet))
        return charset_unit_of(unit, octet - 0x21U + 0xff61, 1);
    if (!is_graphic(octet) || d->state[JP_G0] == SET_ASCII || d->state[JP_G0] == SET_KANA)
        return charset_unit_of(unit, octet, 1);
    if (d->state[JP_G0] == SET_ROMAN)
        return charset_unit_of(unit, roman_code(octet), 1);
    return take_pair(d->state[JP_G0], in, unit);
}

CHARSET_FEED(iso_2022_jp, false)

/* Octets above 0x7f are EUC-KR under a wrong name. */
size_t charset_step_iso_2022_kr(struct charset_decoder *d, struct charset_octets in,
                                struct charset_unit *unit)
{
    uint8_t octet = in.data[0];
    if (octet == ESCAPE)
        return take_escape(d, in, kr_escapes, unit);
    if (octet == SHIFT_OUT || octet == SHIFT_IN) {
        d->state[KR_OUT] = octet == SHIFT_OUT;
        return charset_unit_of(unit, CHARSET_NOTHING, 1);
    }
    if (d->state[KR_OUT] && is_graphic(octet))
        return take_pair(SET_KSX1001, in, unit);
    return charset_step_euc_kr(d, in, unit);
}

CHARSET_FEED(iso_2022_kr, false)

/* ESC N or ESC O and two octets. */
static size_t cn_single_shift(const struct charset_decoder *d, struct charset_octets in,
                              struct charset_unit *unit)
{
    uint32_t set = d->state[in.data[1] == 'N' ? CN_SS2 : CN_SS3];
    if (set == 0)
        return charset_unit_of(unit, CHARSET_BROKEN, 2);
    if (in.size < 3)
        return 0;
    if (!is_graphic(in.data[2]))
        return charset_unit_of(unit, CHARSET_BROKEN, 2);
    size_t used = take_pair(set, (struct charset_octets){in.data + 2, in.size - 2}, unit);
    return used == 0 ? 0 : used + 2;
}

/* Octets above 0x7f are GB18030 under a wrong name; a line begins without designations. */
size_t charset_step_iso_2022_cn(struct charset_decoder *d, struct charset_octets in,
                                struct charset_unit *unit)
{
    uint8_t octet = in.data[0];
    if (octet == ESCAPE && in.size > 1 && (in.data[1] == 'N' || in.data[1] == 'O'))
        return cn_single_shift(d, in, unit);
    if (octet == ESCAPE)
        return take_escape(d, in, cn_escapes, unit);
    if (octet == SHIFT_OUT || octet == SHIFT_IN) {
        d->state[CN_OUT] = octet == SHIFT_OUT;
        return charset_unit_of(unit, CHARSET_NOTHING, 1);
    }
    if (octet == '\n')
        memset(d->state, 0, sizeof d->state);
    if (d->state[CN_OUT] && is_graphic(octet))
        return take_pair(d->state[CN_SO] == 0 ? SET_GB2312 : d->state[CN_SO], in, unit);
    return charset_step_gb18030(d, in, unit);
}

CHARSET_FEED(iso_2022_cn, false)
