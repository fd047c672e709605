/* config_reader: what the parser, the directives and the checks share while one text is read: the
 * value that grows, the errors, and where each thing stood. Inside config/, but for the collector's
 * accounts (client/account_directive.h), whose file has the same grammar: they use the words, the
 * faults and config_assign, and leave `value`, `source` and what is kept of files empty. */
#ifndef POPLIN_CONFIG_READER_H
#define POPLIN_CONFIG_READER_H

#include "config/config.h"

enum {
    CONFIG_WORDS_MAX = 16,            /* words of one directive, its block not counted */
    CONFIG_BLOCK_MAX = 64,            /* words of one block */
    CONFIG_DEPTH_MAX = 8,             /* of includes */
    CONFIG_FILES_MAX = 64,            /* in all */
    CONFIG_FILE_OCTETS = 1024 * 1024, /* of one file */
    CONFIG_DIRECTIVES_MAX = 32,
};

struct config_word {
    struct slice text;
    const char *file; /* the reader's */
    uint32_t line, column;
};

/* directive argument… [{ block }] */
struct config_statement {
    struct config_word words[CONFIG_WORDS_MAX]; /* the directive's name first */
    size_t count;
    struct config_word block[CONFIG_BLOCK_MAX];
    size_t block_count;
    struct config_word open; /* its brace */
    bool has_block;
};

struct config_reader {
    struct config *value;
    struct config_errors *errors;
    const char *manual; /* the page that messages point to; NULL: poplind.conf(5) */
    const struct config_source *source;
    char *files[CONFIG_FILES_MAX]; /* names of all files read, kept for the messages */
    size_t file_count;
    const char *stack[CONFIG_DEPTH_MAX]; /* the files being read, outermost first */
    size_t depth;
    struct config_word
        seen[CONFIG_DIRECTIVES_MAX]; /* where each directive stood; line 0: nowhere */
    bool no_memory;
};

/* Notes an error at a word. */
void config_fault(struct config_reader *r, const struct config_word *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes that `at` is not one of the names, with the nearest one: "unknown directive …". The list is
 * of anything whose first member is its name. */
void config_fault_unknown(struct config_reader *r, const struct config_word *at, const char *what,
                          const void *names, size_t stride, size_t count);

/* Which of the keywords it is; -1 and an error when it is none. */
int config_keyword(struct config_reader *r, const struct config_word *at, const char *const *names,
                   size_t count);

/* Takes over a copy of the text; the old one is freed. */
void config_assign(struct config_reader *r, char **slot, struct slice text);

/* The word for a message, escaped, at most 60 octets of it. */
struct config_shown {
    char text[260];
};
struct config_shown config_show(struct slice text);

#endif
