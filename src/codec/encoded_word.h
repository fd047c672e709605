/* encoded_word: header text with encoded words [RFC 2047] and raw octets [RFC 6532] into UTF-8.
 *
 * As mail really is: adjacent words of one charset and encoding are joined before the charset is
 * decoded, so characters and base64 quanta may be split across words; padding may be missing;
 * blanks between words may be missing; words may stand inside quotes and inside longer runs; Q may
 * hold blanks and base64 may hold line ends. Linear in the input, no memory but the stack's. */
#ifndef POPLIN_CODEC_ENCODED_WORD_H
#define POPLIN_CODEC_ENCODED_WORD_H

#include "base/buf.h"
#include "codec/charset.h"

/* Bits of what was met. */
enum {
    ENCODED_WORD_BROKEN = 1,   /* something like a word that is none: kept as it stands */
    ENCODED_WORD_CHARSET = 2,  /* unknown or false charset: guessed */
    ENCODED_WORD_PADDING = 4,  /* base64 without its padding, or with foreign octets */
    ENCODED_WORD_BLANKS = 8,   /* no blank where one must be, or blanks within a word */
    ENCODED_WORD_RAW = 16,     /* octets above 0x7f outside of words, not valid UTF-8: guessed */
    ENCODED_WORD_INVALID = 32, /* characters that became U+FFFD */
};

/* Appends the text of an unstructured value, or of a phrase, in UTF-8, NUL as U+FFFD; line ends of
 * folding are taken out with [RFC 5322 2.2.3] leaving the blank after them. `hint`: the charset for
 * raw octets (UNKNOWN: guess; afterwards *hint is what was used for them, or the charset of the
 * last word). Text that does not fit is cut at a character and out->overflow is set. Returns the
 * bits. */
unsigned encoded_word_decode(struct slice value, enum charset *hint, struct buf *out);

#endif
