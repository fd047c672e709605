/* encoded_word_scan: where the encoded words of a header value stand [RFC 2047 2], as real mail has
 * them: anywhere in a run of text, longer than 75 octets, with blanks and line ends in them. */
#ifndef POPLIN_CODEC_ENCODED_WORD_SCAN_H
#define POPLIN_CODEC_ENCODED_WORD_SCAN_H

#include "base/slice.h"

struct encoded_word {
    size_t begin, end; /* offsets in the value */
    bool is_base64;
    struct slice charset; /* as it stands, the language with it; may be empty */
    struct slice text;
};

struct encoded_word_scan {
    struct slice value;
    size_t at;      /* the next word begins here or behind */
    size_t closing; /* the first `?=` at or behind what was asked last; value.size: none */
    bool is_broken; /* something began like a word and had no end */
};

static inline struct encoded_word_scan encoded_word_scan_of(struct slice value)
{
    return (struct encoded_word_scan){.value = value};
}

/* Finds the next word; false: none is left. All calls on one value together cost time linear in its
 * size. */
bool encoded_word_scan_next(struct encoded_word_scan *scan, struct encoded_word *word);

#endif
