#include "client/state_database.h"

#include <stdlib.h>

/* --- binding and reading --- */

/* A zero-length BLOB needs a pointer: NULL would bind NULL. The octets outlive the step. */
static void bind_octets(sqlite3_stmt *q, int place, struct slice octets)
{
    sqlite3_bind_blob64(q, place, octets.size ? octets.data : "", octets.size, SQLITE_STATIC);
}

static sqlite3_stmt *bind_account(struct state *s, enum state_query query, int place,
                                  const char *account)
{
    sqlite3_stmt *q = s->queries[query];
    sqlite3_bind_text(q, place, account, -1, SQLITE_STATIC);
    return q;
}

static struct slice column_octets(sqlite3_stmt *q, int column)
{
    const void *data = sqlite3_column_blob(q, column);
    return slice_of(data, (size_t)sqlite3_column_bytes(q, column));
}

static void read_row(sqlite3_stmt *q, struct state_row *row)
{
    struct slice hash = column_octets(q, COLUMN_HEADER_HASH);
    struct slice digest = column_octets(q, COLUMN_DIGEST);
    *row = (struct state_row){
        .id = sqlite3_column_int64(q, COLUMN_ID),
        .uidl = column_octets(q, COLUMN_UIDL),
        .stage = (enum state_stage)sqlite3_column_int(q, COLUMN_STAGE),
        .octets = (uint64_t)sqlite3_column_int64(q, COLUMN_OCTETS),
        .has_header_hash = hash.size == STATE_HASH,
        .seen = sqlite3_column_int64(q, COLUMN_SEEN),
        .fetched = sqlite3_column_int64(q, COLUMN_FETCHED),
        .deleted = sqlite3_column_int64(q, COLUMN_DELETED),
        .retry_after = sqlite3_column_int64(q, COLUMN_RETRY_AFTER),
        .failures = (uint32_t)sqlite3_column_int64(q, COLUMN_FAILURES),
        .file = column_octets(q, COLUMN_FILE),
        .read = sqlite3_column_int(q, COLUMN_READ) != 0,
        .flagged = sqlite3_column_int(q, COLUMN_FLAGGED) != 0,
        .unsure = sqlite3_column_int(q, COLUMN_UNSURE) != 0,
        .has_digest = digest.size == STATE_HASH,
    };
    if (row->has_header_hash)
        memcpy(row->header_hash, hash.data, STATE_HASH);
    if (row->has_digest)
        memcpy(row->digest, digest.data, STATE_HASH);
}

/* --- transactions --- */

enum status state_begin(struct state *s)
{
    return state_run(s, QUERY_BEGIN, "begin a change of the state");
}

enum status state_commit(struct state *s)
{
    enum status status = state_run(s, QUERY_COMMIT, "write the state");
    if (status != STATUS_OK)
        state_rollback(s);
    return status;
}

/* After some failures SQLite has rolled back by itself. */
void state_rollback(struct state *s)
{
    if (sqlite3_get_autocommit(s->database))
        return;
    sqlite3_step(s->queries[QUERY_ROLLBACK]);
    state_rest(s, QUERY_ROLLBACK);
}

/* --- rows --- */

enum status state_each(struct state *s, const char *account,
                       bool (*visit)(void *context, const struct state_row *row), void *context)
{
    sqlite3_stmt *q = bind_account(s, QUERY_EACH, 1, account);
    struct state_row row;
    int code;
    bool more = true;
    while (more && (code = sqlite3_step(q)) == SQLITE_ROW) {
        read_row(q, &row);
        more = visit(context, &row);
    }
    enum status status =
        !more || code == SQLITE_DONE ? STATUS_OK : state_failed(s, "read the state", code);
    state_rest(s, QUERY_EACH);
    return status;
}

/* Copies what the row's slices show, so that the query can rest: an open one keeps the log of
 * changes from being folded into the file. */
static bool keep_found(struct state *s, struct state_row *row)
{
    size_t size = row->uidl.size + row->file.size;
    if (size > s->found_size) {
        char *more = realloc(s->found, size);
        if (!more)
            return false;
        s->found = more;
        s->found_size = size;
    }
    memcpy(s->found, row->uidl.data, row->uidl.size);
    row->uidl.data = s->found;
    if (row->file.size)
        memcpy(s->found + row->uidl.size, row->file.data, row->file.size);
    row->file.data = s->found + row->uidl.size;
    return true;
}

static enum status find_one(struct state *s, enum state_query query, struct state_row *out)
{
    sqlite3_stmt *q = s->queries[query];
    enum status status = STATUS_OK;
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        read_row(q, out);
        if (!keep_found(s, out))
            status = state_failed(s, "read the state", SQLITE_NOMEM);
    } else {
        status = code == SQLITE_DONE ? STATUS_NOT_FOUND : state_failed(s, "read the state", code);
    }
    state_rest(s, query);
    return status;
}

enum status state_find(struct state *s, const char *account, struct slice uidl,
                       struct state_row *out)
{
    bind_octets(bind_account(s, QUERY_FIND, 1, account), 2, uidl);
    return find_one(s, QUERY_FIND, out);
}

enum status state_get(struct state *s, const char *account, int64_t id, struct state_row *out)
{
    sqlite3_bind_int64(bind_account(s, QUERY_GET, 1, account), 2, id);
    return find_one(s, QUERY_GET, out);
}

bool state_has_digest(struct state *s, const unsigned char digest[STATE_HASH])
{
    sqlite3_stmt *q = s->queries[QUERY_HAS_DIGEST];
    bind_octets(q, 1, slice_of(digest, STATE_HASH));
    sqlite3_bind_int(q, 2, STATE_DELIVERED);
    sqlite3_bind_int(q, 3, STATE_TO_DELETE);
    sqlite3_bind_int(q, 4, STATE_DELETED);
    bool has = sqlite3_step(q) == SQLITE_ROW;
    state_rest(s, QUERY_HAS_DIGEST);
    return has;
}

static void bind_row(sqlite3_stmt *q, const struct state_row *row)
{
    bind_octets(q, 2, row->uidl);
    sqlite3_bind_int(q, 3, (int)row->stage);
    sqlite3_bind_int64(q, 4, (int64_t)row->octets);
    if (row->has_header_hash)
        bind_octets(q, 5, slice_of(row->header_hash, STATE_HASH));
    sqlite3_bind_int64(q, 6, row->seen);
    sqlite3_bind_int64(q, 7, row->fetched);
    sqlite3_bind_int64(q, 8, row->deleted);
    sqlite3_bind_int64(q, 9, row->retry_after);
    sqlite3_bind_int64(q, 10, row->failures);
    bind_octets(q, 11, row->file);
    sqlite3_bind_int(q, 12, row->read);
    sqlite3_bind_int(q, 13, row->flagged);
    sqlite3_bind_int(q, 15, row->unsure);
    if (row->has_digest)
        bind_octets(q, 16, slice_of(row->digest, STATE_HASH));
}

enum status state_put(struct state *s, const char *account, struct state_row *row)
{
    enum state_query query = row->id ? QUERY_UPDATE : QUERY_INSERT;
    sqlite3_stmt *q = bind_account(s, query, 14, account);
    bind_row(q, row);
    if (row->id)
        sqlite3_bind_int64(q, 1, row->id);
    enum status status = state_run(s, query, "note a message in the state");
    if (status != STATUS_OK)
        return status;
    if (row->id == 0)
        row->id = sqlite3_last_insert_rowid(s->database);
    else if (sqlite3_changes(s->database) == 0)
        return STATUS_NOT_FOUND;
    return STATUS_OK;
}

enum status state_set_flags(struct state *s, int64_t id, bool read, bool flagged)
{
    sqlite3_stmt *q = s->queries[QUERY_SET_FLAGS];
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int(q, 2, read);
    sqlite3_bind_int(q, 3, flagged);
    enum status status = state_run(s, QUERY_SET_FLAGS, "note what was read");
    return status == STATUS_OK && sqlite3_changes(s->database) == 0 ? STATUS_NOT_FOUND : status;
}

enum status state_forget(struct state *s, const char *account, struct slice uidl)
{
    bind_octets(bind_account(s, QUERY_FORGET, 1, account), 2, uidl);
    enum status status = state_run(s, QUERY_FORGET, "forget a message");
    return status == STATUS_OK && sqlite3_changes(s->database) == 0 ? STATUS_NOT_FOUND : status;
}

enum status state_prune(struct state *s, const char *account, int64_t before, uint64_t *removed)
{
    sqlite3_stmt *q = bind_account(s, QUERY_PRUNE, 1, account);
    sqlite3_bind_int64(q, 2, before);
    sqlite3_bind_int(q, 3, STATE_DELIVERED);
    sqlite3_bind_int(q, 4, STATE_DELETED);
    enum status status = state_run(s, QUERY_PRUNE, "forget old messages");
    *removed = status == STATUS_OK ? (uint64_t)sqlite3_changes64(s->database) : 0;
    return status;
}

enum status state_count_kept(struct state *s, const char *account, uint64_t *count)
{
    sqlite3_stmt *q = bind_account(s, QUERY_COUNT_KEPT, 1, account);
    sqlite3_bind_int(q, 2, STATE_DELIVERED);
    sqlite3_bind_int(q, 3, STATE_TO_DELETE);
    int code = sqlite3_step(q);
    *count = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
    enum status status =
        code == SQLITE_ROW ? STATUS_OK : state_failed(s, "count the messages of the state", code);
    state_rest(s, QUERY_COUNT_KEPT);
    return status;
}

/* --- notes --- */

enum status state_get_note(struct state *s, const char *account, const char *name, char *value,
                           size_t size)
{
    sqlite3_stmt *q = bind_account(s, QUERY_GET_NOTE, 1, account);
    sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
    enum status status = STATUS_OK;
    int code = sqlite3_step(q);
    struct slice found = {0};
    if (code == SQLITE_ROW)
        found = column_octets(q, 0);
    else
        status = code == SQLITE_DONE ? STATUS_NOT_FOUND : state_failed(s, "read a note", code);
    if (found.size >= size) {
        status = STATUS_TOO_LARGE;
    } else if (status == STATUS_OK) {
        if (found.size)
            memcpy(value, found.data, found.size);
        value[found.size] = '\0';
    }
    state_rest(s, QUERY_GET_NOTE);
    return status;
}

enum status state_set_note(struct state *s, const char *account, const char *name,
                           const char *value)
{
    sqlite3_stmt *q = bind_account(s, QUERY_SET_NOTE, 1, account);
    sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, value, -1, SQLITE_STATIC);
    return state_run(s, QUERY_SET_NOTE, "write a note");
}
