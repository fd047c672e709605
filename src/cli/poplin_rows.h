/* poplin_rows: messages as rows of a table, or as objects of JSON, for `list` and `search`. */
#ifndef POPLIN_CLI_POPLIN_ROWS_H
#define POPLIN_CLI_POPLIN_ROWS_H

#include "base/buf.h"
#include "client/mailbox.h"

enum { ROWS_DATE = 24, ROWS_SIZE = 8 };

struct poplin_rows {
    bool json, has_accounts; /* a column says whose a message is */
    size_t width;            /* of the terminal; 0: nothing is cut */
    int64_t now;
    uint64_t count;
    int64_t last_quarter; /* of an hour, whose date is the last one shown; INT64_MIN: none */
    char last_date[ROWS_DATE];
    struct buf out;
    char memory[64 * 1024];
};

/* `names`: how many accounts can be in the table. */
void poplin_rows_begin(struct poplin_rows *r, bool json, size_t names);
void poplin_rows_put(struct poplin_rows *r, const struct mailbox_entry *e);
/* The exit code. */
int poplin_rows_end(struct poplin_rows *r);

/* "14:32", "Mon 14:32", "12 Mar", "2024-03-12": the nearer, the more exact. */
void poplin_rows_date(int64_t seconds, int64_t now, char out[ROWS_DATE]);
/* "987B", "1.2K", "45M" */
void poplin_rows_size(uint64_t octets, char out[ROWS_SIZE]);

#endif
