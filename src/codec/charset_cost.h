/* charset_cost: how unlikely a text is in a charset, in half bits: the sum of what its characters
 * cost in the language that is written in the charset. Costs of one text compare; the least is the
 * likeliest. */
#ifndef POPLIN_CODEC_CHARSET_COST_H
#define POPLIN_CODEC_CHARSET_COST_H

#include "codec/charset.h"

struct charset_cost {
    uint64_t half_bits;
    uint64_t invalid; /* broken characters, one that is cut off by the end apart */
};

/* `c` is UTF-8, one of two octets a character or one of one octet a character. */
struct charset_cost charset_cost(struct slice text, enum charset c);

#endif
