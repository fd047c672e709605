/* poplin_mail: what the commands on messages begin with: accounts, state and mailbox, and the
 * numbers that were typed. Each function prints what went wrong and returns an exit code. */
#ifndef POPLIN_CLI_POPLIN_MAIL_H
#define POPLIN_CLI_POPLIN_MAIL_H

#include "cli/poplin_open.h"
#include "client/mailbox.h"

struct poplin_mail {
    bool json; /* failures are told as JSON */
    struct account_set accounts;
    struct state *state;
    struct mailbox *box;
};

/* Opens all and looks at the folders. `only`: an account that must be there; NULL. The caller
 * closes in any case. */
int poplin_mail_open(struct poplin_mail *m, const char *only);
void poplin_mail_close(struct poplin_mail *m);

/* Tells what the mailbox refused. */
int poplin_mail_failed(const struct poplin_mail *m, enum status s);

struct poplin_numbers {
    int64_t *list;
    size_t count, capacity;
};

/* `3`, `3-7`, `3,5,9-12`, `<id@host>`: adds the numbers of messages that are there. A single one
 * that is not there is a failure, and so is a range without any. */
int poplin_numbers_add(struct poplin_numbers *n, struct poplin_mail *m, const char *text);
int poplin_numbers_add_all(struct poplin_numbers *n, struct poplin_mail *m,
                           const struct mailbox_query *query);
/* In order, each once. */
void poplin_numbers_sort(struct poplin_numbers *n);
void poplin_numbers_wipe(struct poplin_numbers *n);

#endif
