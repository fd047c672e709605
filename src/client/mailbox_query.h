/* mailbox_query: what a person searches for.
 *
 *   WORD "SEVERAL WORDS"     in subject, names, addresses, text or names of files
 *   from:X to:X subject:X file:X text:X
 *   is:unread is:read is:flagged is:unflagged has:attachment
 *   after:DATE before:DATE   2026-01-31, 2026-01, 2026; today, yesterday; 7d, 2w, 3m, 1y ago
 *   larger:SIZE smaller:SIZE 10K, 5M
 *   account:NAME
 *   -TERM                    those that TERM does not find
 * All terms must fit. A WORD that ends in `*` fits all that begin so. */
#ifndef POPLIN_CLIENT_MAILBOX_QUERY_H
#define POPLIN_CLIENT_MAILBOX_QUERY_H

#include "base/buf.h"
#include "base/status.h"

enum mailbox_term_kind {
    MAILBOX_TERM_TEXT, /* a question to the index's full text */
    MAILBOX_TERM_UNREAD,
    MAILBOX_TERM_FLAGGED,
    MAILBOX_TERM_ATTACHMENT,
    MAILBOX_TERM_AFTER,  /* number: seconds; dates from then on */
    MAILBOX_TERM_BEFORE, /* dates before it */
    MAILBOX_TERM_LARGER, /* number: octets; at least */
    MAILBOX_TERM_SMALLER,
    MAILBOX_TERM_ACCOUNT,
};

enum { MAILBOX_TERMS = 64, MAILBOX_QUERY_TEXT = 8192 };

struct mailbox_term {
    enum mailbox_term_kind kind;
    bool is_negated;
    int64_t number;
    struct slice text; /* in the query's memory */
};

struct mailbox_query {
    struct mailbox_term terms[MAILBOX_TERMS];
    size_t count;
    uint64_t limit; /* the newest ones; 0: all */
    int64_t first;  /* numbers from there on */
    bool is_short; /* entries are without uidl, file, suffix and what follows the subject: faster */
    bool needs_text; /* the full text is asked, or what only bodies tell */
    struct buf memory;
    char octets[MAILBOX_QUERY_TEXT];
};

void mailbox_query_init(struct mailbox_query *q);
/* Adds the terms of a text. `now` is for dates that are told from today. MALFORMED, TOO_LARGE:
 * `why` says what cannot be understood. */
enum status mailbox_query_parse(struct mailbox_query *q, struct slice text, int64_t now,
                                char why[200]);
/* Adds a term that stands for itself. TOO_LARGE: there are too many. */
enum status mailbox_query_add(struct mailbox_query *q, enum mailbox_term_kind kind, bool is_negated,
                              struct slice text);

#endif
