/* charset_table: what octets mean, made by tools/charset_tables.py. Each table holds 16-bit codes,
 * 0 where there is none. In a table with a `_plane2` beside it a code with its bit set there is
 * 0x20000 more; in one with `_pairs`, 0xd800 + i stands for the two codes from [2 * i]. */
#ifndef POPLIN_CODEC_CHARSET_TABLE_H
#define POPLIN_CODEC_CHARSET_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "codec/charset_table_single.h"

enum {
    CHARSET_ROW_94 = 94,   /* trails 0xa1 to 0xfe */
    CHARSET_ROW_157 = 157, /* trails 0x40 to 0x7e, 0xa1 to 0xfe */
    CHARSET_ROW_188 = 188, /* trails 0x40 to 0x7e, 0x80 to 0xfc */
    CHARSET_ROW_190 = 190, /* trails 0x40 to 0x7e, 0x80 to 0xfe */
    CHARSET_ROW_206 = 206, /* trails 0x31 to 0xfe */
    CHARSET_94X94 = 94 * 94,
    CHARSET_WIDE_ROWS = 126, /* leads 0x81 to 0xfe */
};

extern const uint16_t charset_gb18030[CHARSET_WIDE_ROWS * CHARSET_ROW_190];
extern const uint32_t charset_gb18030_plane2[749];
/* First index of four octets and its code, ascending; the last is open. Code 0: none. */
extern const uint16_t charset_gb18030_ranges[];
extern const size_t charset_gb18030_range_count;

extern const uint16_t charset_big5[CHARSET_WIDE_ROWS * CHARSET_ROW_157];
extern const uint32_t charset_big5_plane2[619];
extern const uint16_t charset_big5_pairs[8];

extern const uint16_t charset_jis0208[120 * CHARSET_ROW_94];
extern const uint16_t charset_jis0212[CHARSET_94X94];
extern const uint16_t charset_jis0213_1[CHARSET_94X94];
extern const uint32_t charset_jis0213_1_plane2[277];
extern const uint16_t charset_jis0213_1_pairs[50];
extern const uint16_t charset_jis0213_2[CHARSET_94X94];
extern const uint32_t charset_jis0213_2_plane2[277];

/* As GB18030's: rows of 190. */
extern const uint16_t charset_cp949[CHARSET_WIDE_ROWS * CHARSET_ROW_190];
/* Leads 0x84 to 0xf9. */
extern const uint16_t charset_johab[118 * CHARSET_ROW_206];

/* Planes 1 to 7 and 15. */
extern const uint16_t charset_cns[8 * CHARSET_94X94];
extern const uint32_t charset_cns_plane2[2209];

struct charset_single {
    const char *name;    /* preferred in MIME */
    uint16_t codes[128]; /* of 0x80 to 0xff */
};
extern const struct charset_single charset_singles[CHARSET_ROWS];
extern const uint16_t charset_viscii_low[32];

/* How frequent a character is in a language, two bits each, 3 the most; of the ideographs from
 * U+4E00, of the syllables from U+AC00. */
extern const uint32_t charset_frequent_hans[1312];
extern const uint32_t charset_frequent_hant[1312];
extern const uint32_t charset_frequent_kanji[1312];
extern const uint32_t charset_frequent_hangul[699];

/* What an octet of 8 bits says about a text in a charset of one octet a character. */
enum charset_kind {
    CHARSET_SIGN,
    CHARSET_RARE_SIGN, /* no quote, dash or blank: hardly beside letters */
    CHARSET_LOWER,     /* a small letter, or of a script without capitals; no Latin */
    CHARSET_UPPER,
    CHARSET_LATIN_LOWER,
    CHARSET_LATIN_UPPER,
    CHARSET_MARK,  /* belongs to the letter before it */
    CHARSET_FINAL, /* a letter at the end of words only */
    CHARSET_NONE,  /* no character, or a control */
};
struct charset_octet {
    uint8_t cost;       /* half bits: the less, the more frequent in its script */
    uint8_t kind;       /* enum charset_kind */
    uint16_t languages; /* that write this Latin letter, a bit each; of others 1: a consonant of a
                           script that writes vowels too */
};
extern const struct charset_octet charset_octet_costs[CHARSET_ROWS][128];

#endif
