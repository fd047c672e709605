/* account_reading: one configuration file while it is read: what the file's frame (account_parse.c)
 * and its blocks (account_block.c) share. For those two only. */
#ifndef POPLIN_CLIENT_ACCOUNT_READING_H
#define POPLIN_CLIENT_ACCOUNT_READING_H

#include "client/account_directive.h"
#include "config/config_token.h"

struct account_reading {
    struct config_reader reader;
    struct config_tokenizer tokens;
    struct config_tokenizer before; /* the last token, to take it back */
    const char *file;
    struct account_set *set;
    struct account_block block;    /* the one being read */
    struct account_block *blocks;  /* those read, as many as the set has */
    struct account_block fallback; /* `defaults`, as if it were an account */
    struct account_statement tls;  /* applied after the server, wherever it stands */
    struct account_statement common[ACCOUNT_DIRECTIVES_MAX]; /* those of `defaults` */
    bool has_fallback;
    bool is_abandoned; /* another version: the rest would be noise */
};

/* Tokens; bad ones are noted as faults and passed over. The last one can be taken back. */
struct config_token account_reading_next(struct account_reading *f);
void account_reading_take_back(struct account_reading *f);
void account_reading_skip_line(struct account_reading *f);
struct config_word account_reading_word(const struct account_reading *f, struct config_token k);

/* The brace of a block; false: none, and the line is read over. */
bool account_block_open(struct account_reading *f, const struct config_word *after,
                        const char *form, struct config_word *open);
/* Its directives, up to the brace that closes it, into f->block; those of `defaults` are kept in
 * f->common, too. */
void account_block_read(struct account_reading *f, const struct config_word *open, bool is_common);

#endif
