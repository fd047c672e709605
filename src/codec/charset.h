/* charset: text of every charset that mail uses into UTF-8, in pieces.
 *
 * Output is always valid UTF-8 (RFC 3629: no surrogates, nothing over-long); what a charset does
 * not have becomes U+FFFD and is counted, one for each octet sequence that a reader would call one
 * broken character, and ASCII behind a broken lead is never swallowed. Names are widened as mail
 * means them: GB2312 and GBK are read as GB18030, latin1 and US-ASCII with 8-bit as windows-1252
 * and so on. No memory but the decoder's own, no files, no locale. Any split gives the same text.
 */
#ifndef POPLIN_CODEC_CHARSET_H
#define POPLIN_CODEC_CHARSET_H

#include "base/slice.h"

enum charset {
    CHARSET_UNKNOWN = 0,
    CHARSET_US_ASCII,
    CHARSET_UTF_8,
    CHARSET_GB18030,   /* also GB2312, GBK, CP936, X-GBK */
    CHARSET_BIG5,      /* with HKSCS and CP950's private rows */
    CHARSET_SHIFT_JIS, /* CP932 */
    CHARSET_EUC_JP,
    CHARSET_ISO_2022_JP, /* with -1, -2, -3, -MS: JIS X 0201, 0208, 0212, 0213, half-width kana */
    CHARSET_ISO_2022_KR,
    CHARSET_ISO_2022_CN,
    CHARSET_EUC_KR, /* CP949 */
    CHARSET_EUC_TW,
    CHARSET_JOHAB,
    CHARSET_HZ,
    CHARSET_UTF_7,
    CHARSET_UTF_16, /* by its BOM, else big endian unless it is clearly the other */
    CHARSET_UTF_16BE,
    CHARSET_UTF_16LE,
    CHARSET_UTF_32,
    CHARSET_UTF_32BE,
    CHARSET_UTF_32LE,
    CHARSET_SINGLE, /* the first of those of one octet a character: one row of the table each;
                       charset_find gives CHARSET_SINGLE + row */
    CHARSET_LIMIT = CHARSET_SINGLE + 100,
};

/* The charset of a name as mail writes it, in any case, with blanks, quotes and an RFC 2231
 * language (`*en`) around it: "x-gbk", "ks_c_5601-1987", "unicode-1-1-utf-7", "cp-850",
 * "windows1252", "iso8859_15" … UNKNOWN: no such name. */
enum charset charset_find(struct slice name);

/* The name that is preferred in MIME, "GB18030", "windows-1252". Never NULL; "unknown". */
const char *charset_name(enum charset c);

struct charset_decoder {
    enum charset charset;
    uint64_t taken;         /* octets taken so far */
    uint64_t invalid;       /* characters that became U+FFFD */
    uint64_t first_invalid; /* where the octets of the first began */
    bool lossless_ascii;    /* the charset's ASCII octets are ASCII wherever they stand alone */
    uint8_t held[8];        /* an unfinished character */
    uint8_t held_size;
    uint32_t state[4]; /* shifts, designations, bits: the charset's own */
};

/* Octets of UTF-8 that one step may write; a call goes on while that much room is left. */
enum { CHARSET_ROOM = 32 };

void charset_init(struct charset_decoder *d, enum charset c);

/* Takes octets from the front of *text, writes UTF-8; stops when *text is empty or fewer than
 * CHARSET_ROOM octets are left. Returns the octets written. Runs of ASCII go at the speed of a
 * copy. */
size_t charset_feed(struct charset_decoder *d, struct slice *text, char *out, size_t room);
/* An unfinished character becomes U+FFFD; room is at least CHARSET_ROOM. */
size_t charset_end(struct charset_decoder *d, char *out);

/* Valid UTF-8 as RFC 3629 has it. `ascii`: not one octet above 0x7f. */
bool charset_is_utf8(struct slice text);
bool charset_is_ascii(struct slice text);

/* What 8-bit text of no charset (or a false one) probably is. Never UNKNOWN: valid UTF-8 is UTF-8;
 * else `hint` (a neighbour's; UNKNOWN: none) when the text is valid in it and it is not less
 * likely by far; else the likeliest of GB18030, Big5, Shift_JIS, EUC-JP, EUC-KR, KOI8-R,
 * windows-1251, -1252, -1250, -1253, -1254, -1255, -1256, TIS-620, KOI8-U, ISO-8859-2 by the
 * statistics of common characters. Looks at the first 64 KiB, and at 2048 octets of 8 bits at most:
 * it costs about 0.1 us for each of them. Also finds ISO-2022-JP and HZ in 7-bit text by their
 * escapes. */
enum charset charset_guess(struct slice text, enum charset hint);

#endif
