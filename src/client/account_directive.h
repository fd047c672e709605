/* account_directive: the table of what an account may say, and what its readers share. The parser,
 * the printer of `poplin config print` and the manual page's test all go by the table. For
 * account*.c and tests only. */
#ifndef POPLIN_CLIENT_ACCOUNT_DIRECTIVE_H
#define POPLIN_CLIENT_ACCOUNT_DIRECTIVE_H

#include "client/account.h"
#include "config/config_reader.h"

enum {
    ACCOUNT_WORDS_MAX = ACCOUNT_ARGUMENTS_MAX + 2, /* the directive, the target's kind, the rest */
    ACCOUNT_DIRECTIVES_MAX = 32,
    ACCOUNT_COUNT_MAX = 256, /* in one file */
};

/* directive argument…, within a block. */
struct account_statement {
    struct config_word words[ACCOUNT_WORDS_MAX]; /* the directive's name first */
    size_t count;
};

/* One block while it is read: the account, and where each of its directives stood (line 0:
 * nowhere). */
struct account_block {
    struct account account;
    struct config_word name;
    struct config_word seen[ACCOUNT_DIRECTIVES_MAX];
};

/* Faults are noted at the reader, words are borrowed from the text. */
struct account_directive {
    const char *name;     /* first: config_fault_unknown reads it */
    const char *grammar;  /* of its arguments, as the manual shows it */
    const char *fallback; /* what holds without it, as the manual says it; NULL: must be given */
    const char *example;
    const char *help;    /* a sentence */
    const char *instead; /* the directive that this one stands for: not both in one account */
    uint8_t least, most; /* arguments */
    bool is_own;         /* not in `defaults` */
    bool takes_line;     /* its arguments go on to the end of the line, whatever they are */
    void (*take)(struct config_reader *r, const struct account_statement *s, struct account *a);
};

extern const struct account_directive ACCOUNT_DIRECTIVES[];
extern const size_t ACCOUNT_DIRECTIVE_COUNT;

/* NULL: no such directive. */
const struct account_directive *account_directive_find(struct slice name);
const struct config_word *account_seen(const struct account_block *b, const char *directive);

/* What holds when nothing is said. */
void account_defaults(struct account *a);

/* What the directives of one account say together. */
void account_check(struct config_reader *r, const struct account_block *b);

bool account_is_name(struct slice text);

/* account_url.c. The parts of scheme://[user@]host[:port]; MALFORMED with `why`. Takes copies into
 * `out` (host, user, port, tls), freeing what was there. */
enum status account_url_parse(struct slice url, bool user_allowed, struct account *out,
                              char why[200]);
/* host:port, [v6]:port; false: not that. */
bool account_is_host_port(struct slice text);
/* An account's server as a URL, with the port where it is not the usual one. */
void account_url_print(const struct account *a, char *out, size_t size);

/* account.c. The whole file into malloc'd memory, if it is a file of ours that nobody else may
 * touch; else `*why` says what to do. NOT_FOUND, DENIED, NO_MEMORY, IO. */
enum status account_file_read(const char *path, char **text, size_t *size, const char **why);

/* account_path.c. ~ and ~/… become the home's; NULL: no memory, or no home (`*homeless`). */
char *account_expand(struct slice path, bool *homeless);

/* account_take.c */
void account_take_server(struct config_reader *r, const struct account_statement *s,
                         struct account *a);
void account_take_user(struct config_reader *r, const struct account_statement *s,
                       struct account *a);
void account_take_passwordeval(struct config_reader *r, const struct account_statement *s,
                               struct account *a);
void account_take_password(struct config_reader *r, const struct account_statement *s,
                           struct account *a);
void account_take_tokeneval(struct config_reader *r, const struct account_statement *s,
                            struct account *a);
void account_take_auth(struct config_reader *r, const struct account_statement *s,
                       struct account *a);
void account_take_authzid(struct config_reader *r, const struct account_statement *s,
                          struct account *a);
void account_take_tls(struct config_reader *r, const struct account_statement *s,
                      struct account *a);
void account_take_ca(struct config_reader *r, const struct account_statement *s, struct account *a);
void account_take_fingerprint(struct config_reader *r, const struct account_statement *s,
                              struct account *a);
void account_take_proxy(struct config_reader *r, const struct account_statement *s,
                        struct account *a);

/* account_deliver.c: where mail goes and how it is fetched. */
void account_take_deliver(struct config_reader *r, const struct account_statement *s,
                          struct account *a);
void account_take_keep(struct config_reader *r, const struct account_statement *s,
                       struct account *a);
void account_take_timeout(struct config_reader *r, const struct account_statement *s,
                          struct account *a);
void account_take_run_timeout(struct config_reader *r, const struct account_statement *s,
                              struct account *a);
void account_take_pipeline(struct config_reader *r, const struct account_statement *s,
                           struct account *a);
void account_take_headers(struct config_reader *r, const struct account_statement *s,
                          struct account *a);
void account_take_dedupe(struct config_reader *r, const struct account_statement *s,
                         struct account *a);

/* A path with its ~ expanded, into *slot; a fault when it is empty, too long or relative. */
void account_take_path(struct config_reader *r, const struct config_word *path, char **slot);

#endif
