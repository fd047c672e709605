/* state_database: the SQLite connection under state.h. */
#ifndef POPLIN_CLIENT_STATE_DATABASE_H
#define POPLIN_CLIENT_STATE_DATABASE_H

#include "client/state.h"

#include <sqlite3.h>

enum state_query {
    QUERY_BEGIN,
    QUERY_COMMIT,
    QUERY_ROLLBACK,
    QUERY_EACH,
    QUERY_FIND,
    QUERY_GET,
    QUERY_HAS_DIGEST,
    QUERY_INSERT,
    QUERY_UPDATE,
    QUERY_SET_FLAGS,
    QUERY_FORGET,
    QUERY_PRUNE,
    QUERY_COUNT_KEPT,
    QUERY_GET_NOTE,
    QUERY_SET_NOTE,
    QUERY_TOTAL
};

struct state {
    sqlite3 *database;
    sqlite3_stmt *queries[QUERY_TOTAL];
    int directory;
    char *found; /* the octets that state_find's slices point to */
    size_t found_size;
    char error[200];
};

/* Columns of QUERY_EACH and QUERY_FIND. */
enum state_column {
    COLUMN_ID,
    COLUMN_UIDL,
    COLUMN_STAGE,
    COLUMN_OCTETS,
    COLUMN_HEADER_HASH,
    COLUMN_SEEN,
    COLUMN_FETCHED,
    COLUMN_DELETED,
    COLUMN_RETRY_AFTER,
    COLUMN_FAILURES,
    COLUMN_FILE,
    COLUMN_READ,
    COLUMN_FLAGGED,
    COLUMN_UNSURE,
    COLUMN_DIGEST,
};

/* The status of an SQLite result code; state_error gets what was being done and why it failed. */
enum status state_failed(struct state *s, const char *doing, int code);
enum status state_status_of(int code);

/* Runs a bound query that returns no rows, and resets it. */
enum status state_run(struct state *s, enum state_query query, const char *doing);
/* Resets a query and lets go of what was bound to it. */
void state_rest(struct state *s, enum state_query query);

#endif
