/* config_token: the configuration's text as words, braces and line ends, each with its place.
 *
 * A word is bare (up to a blank, a brace or the line's end) or in double quotes, within which \"
 * and \\ stand for those two. `#` where a word could begin is a comment to the line's end. */
#ifndef POPLIN_CONFIG_TOKEN_H
#define POPLIN_CONFIG_TOKEN_H

#include "base/slice.h"

enum config_token_kind {
    CONFIG_TOKEN_END,  /* of the text */
    CONFIG_TOKEN_LINE, /* a line ended */
    CONFIG_TOKEN_WORD,
    CONFIG_TOKEN_OPEN,  /* { */
    CONFIG_TOKEN_CLOSE, /* } */
    CONFIG_TOKEN_BAD,   /* `text` says why; what follows can be read on */
};

struct config_token {
    enum config_token_kind kind;
    struct slice text;     /* of a word, quotes removed; lives as long as the tokenizer's text */
    uint32_t line, column; /* from 1; columns count characters */
};

struct config_tokenizer {
    char *text; /* borrowed, and changed: quotes are removed in place */
    size_t size, at;
    uint32_t line, column;
};

void config_tokenizer_init(struct config_tokenizer *t, char *text, size_t size);
struct config_token config_token_next(struct config_tokenizer *t);

#endif
