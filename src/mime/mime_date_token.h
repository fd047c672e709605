/* mime_date_token: the numbers, words and marks that a date is made of. mime_date's own. */
#ifndef POPLIN_MIME_DATE_TOKEN_H
#define POPLIN_MIME_DATE_TOKEN_H

#include "mime/mime_date_word.h"

enum mime_date_token_kind {
    MIME_DATE_END, /* of all zeroes */
    MIME_DATE_NUMBER,
    MIME_DATE_WORD, /* letters, or one sign of those that Chinese, Japanese and Korean dates have */
    MIME_DATE_MARK, /* one octet */
};

struct mime_date_token {
    enum mime_date_token_kind kind;
    struct slice text;
    uint64_t number;
    struct mime_date_word word;
};

/* Writes the first `limit` tokens of a text; blanks and comments are none. Returns their count. */
uint32_t mime_date_tokens(struct slice text, struct mime_date_token *tokens, uint32_t limit);

#endif
