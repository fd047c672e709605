#include "client/mailbox_index.h"

#include "base/limits.h"
#include "client/mailbox_tokenizer.h"
#include "client/state_database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { INDEX_VERSION = 1, INDEX_BUSY_MS = 10000, INDEX_MAPPED = 256 * 1024 * 1024 };

/* What a list shows stands first in a row: the rest of it is not even looked at then. The words
 * keep no text (content=''): a document that is no row's any more is never found, as the question
 * is always put to both. */
static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE message("
    " id INTEGER PRIMARY KEY,"
    " folder INTEGER NOT NULL,"
    " flags INTEGER NOT NULL,"
    " filled INTEGER NOT NULL,"
    " attachment INTEGER NOT NULL,"
    " date INTEGER,"
    " octets INTEGER NOT NULL,"
    " file BLOB NOT NULL,"
    " suffix BLOB NOT NULL,"
    " author TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " doc INTEGER NOT NULL,"
    " senders TEXT NOT NULL,"
    " recipients TEXT NOT NULL,"
    " message_id TEXT NOT NULL,"
    " refs TEXT NOT NULL) STRICT;"
    "CREATE INDEX message_unfilled ON message(id) WHERE filled = 1 AND folder > 0;"
    "CREATE TABLE seen(path TEXT PRIMARY KEY, stamp BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE doc(id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;"
    "CREATE VIRTUAL TABLE words USING fts5(subject, senders, recipients, text, names,"
    " content='', tokenize='poplin');"
    "PRAGMA user_version = 1;"
    "COMMIT;";

static const char *const query_texts[INDEX_QUERIES] = {
    [INDEX_BEGIN] = "BEGIN IMMEDIATE",
    [INDEX_COMMIT] = "COMMIT",
    [INDEX_ROLLBACK] = "ROLLBACK",
    [INDEX_GET_STAMP] = "SELECT stamp FROM seen WHERE path = ?1",
    [INDEX_SET_STAMP] = ("INSERT INTO seen(path, stamp) VALUES(?1, ?2)"
                         " ON CONFLICT(path) DO UPDATE SET stamp = excluded.stamp"),
    [INDEX_PUT] =
        ("INSERT OR REPLACE INTO message(id, folder, flags, filled, attachment, date, octets, file,"
         " suffix, author, subject, doc, senders, recipients, message_id, refs)"
         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, ?12, ?13, ?14, ?15)"),
    [INDEX_MOVE] = "UPDATE message SET folder = ?2, flags = ?3, suffix = ?4 WHERE id = ?1",
    [INDEX_GONE] = "UPDATE message SET folder = 0 WHERE id = ?1",
    [INDEX_NEXT_DOC] = "INSERT INTO doc DEFAULT VALUES",
    [INDEX_PUT_TEXT] = ("INSERT INTO words(rowid, subject, senders, recipients, text, names)"
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"),
    [INDEX_SET_TEXT] = "UPDATE message SET filled = ?2, attachment = ?3, doc = ?4 WHERE id = ?1",
    [INDEX_LAST_ID] = "SELECT max(id) FROM state.message",
};

/* --- results --- */

enum status mailbox_index_failed(struct mailbox_index *x, const char *doing, int code)
{
    snprintf(x->error, sizeof x->error, "cannot %s the index of the mail: %s", doing,
             sqlite3_errstr(code));
    return state_status_of(code);
}

static void rest(sqlite3_stmt *q)
{
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

static enum status run(struct mailbox_index *x, enum mailbox_query_name name)
{
    sqlite3_stmt *q = x->queries[name];
    int code = sqlite3_step(q);
    enum status s = STATUS_OK;
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        s = mailbox_index_failed(x, "write", code);
    rest(q);
    return s;
}

/* --- opening --- */

static bool path_of(char out[LIMIT_PATH], const char *directory, const char *name)
{
    return snprintf(out, LIMIT_PATH, "%s/%s", directory, name) < LIMIT_PATH;
}

static void discard(const char *directory)
{
    static const char *const names[] = {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm"};
    char path[LIMIT_PATH];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (path_of(path, directory, names[i]))
            (void)unlink(path);
    }
}

static int read_number(void *out, int count, char **values, char **names)
{
    (void)names;
    *(int64_t *)out = count > 0 && values[0] ? strtoll(values[0], NULL, 10) : 0;
    return 0;
}

static int prepare_tables(struct mailbox_index *x)
{
    int64_t version = 0, tables = 0;
    int code = sqlite3_exec(x->database, "PRAGMA user_version", read_number, &version, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(x->database, "SELECT count(*) FROM sqlite_master", read_number, &tables,
                            NULL);
    if (code != SQLITE_OK)
        return code;
    if (tables > 0)
        return version == INDEX_VERSION ? SQLITE_OK : SQLITE_CORRUPT;
    return sqlite3_exec(x->database, schema, NULL, NULL, NULL);
}

static int attach_state(struct mailbox_index *x, const char *directory)
{
    char path[LIMIT_PATH];
    sqlite3_stmt *q = NULL;
    if (!path_of(path, directory, "state.sqlite"))
        return SQLITE_CANTOPEN;
    int code = sqlite3_prepare_v2(x->database, "ATTACH ?1 AS state", -1, &q, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_text(q, 1, path, -1, SQLITE_STATIC);
        code = sqlite3_step(q);
    }
    sqlite3_finalize(q);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int set_up(struct mailbox_index *x, const char *directory)
{
    char pragmas[200];
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
             "PRAGMA mmap_size = %d; PRAGMA cache_size = -16000",
             INDEX_MAPPED);
    sqlite3_busy_timeout(x->database, INDEX_BUSY_MS);
    sqlite3_db_config(x->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int code = mailbox_tokenizer_register(x->database);
    if (code == SQLITE_OK)
        code = sqlite3_exec(x->database, pragmas, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = prepare_tables(x);
    if (code == SQLITE_OK)
        code = attach_state(x, directory);
    for (int i = 0; i < INDEX_QUERIES && code == SQLITE_OK; i++)
        code = sqlite3_prepare_v3(x->database, query_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                  &x->queries[i], NULL);
    return code;
}

static struct mailbox_index *try_open(const char *directory, const char *path, int *code)
{
    struct mailbox_index *x = calloc(1, sizeof *x);
    if (!x) {
        *code = SQLITE_NOMEM;
        return NULL;
    }
    /* SQLite would make it for all to read. */
    int file = path[0] == ':' ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0)
        close(file);
    *code = sqlite3_open_v2(path, &x->database,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (*code == SQLITE_OK)
        *code = set_up(x, directory);
    if (*code == SQLITE_OK)
        return x;
    mailbox_index_close(x);
    return NULL;
}

/* What cannot be used is made new once; what cannot be made lives in memory. */
enum status mailbox_index_open(const char *directory, bool fresh, struct mailbox_index **out,
                               char why[200])
{
    char path[LIMIT_PATH];
    int code = SQLITE_CANTOPEN;
    *out = NULL;
    if (fresh)
        discard(directory);
    if (path_of(path, directory, "index.sqlite")) {
        *out = try_open(directory, path, &code);
        if (!*out && (code & 0xff) != SQLITE_BUSY) {
            discard(directory);
            *out = try_open(directory, path, &code);
        }
    }
    if (*out)
        return STATUS_OK;
    *out = try_open(directory, ":memory:", &code);
    if (*out) {
        (*out)->in_memory = true;
        return STATUS_OK;
    }
    snprintf(why, 200, "the index of the mail cannot be made: %s", sqlite3_errstr(code));
    return state_status_of(code) == STATUS_OK ? STATUS_IO : state_status_of(code);
}

void mailbox_index_close(struct mailbox_index *x)
{
    if (!x)
        return;
    for (int i = 0; i < INDEX_QUERIES; i++)
        sqlite3_finalize(x->queries[i]);
    sqlite3_close(x->database);
    free(x);
}

/* --- transactions --- */

enum status mailbox_index_begin(struct mailbox_index *x)
{
    return run(x, INDEX_BEGIN);
}

enum status mailbox_index_commit(struct mailbox_index *x)
{
    enum status s = run(x, INDEX_COMMIT);
    if (s != STATUS_OK)
        mailbox_index_rollback(x);
    return s;
}

void mailbox_index_rollback(struct mailbox_index *x)
{
    if (sqlite3_get_autocommit(x->database))
        return;
    sqlite3_step(x->queries[INDEX_ROLLBACK]);
    rest(x->queries[INDEX_ROLLBACK]);
}

/* --- what was seen --- */

enum status mailbox_index_get_seen(struct mailbox_index *x, const char *path,
                                   struct mailbox_seen *out)
{
    sqlite3_stmt *q = x->queries[INDEX_GET_STAMP];
    sqlite3_bind_text(q, 1, path, -1, SQLITE_STATIC);
    enum status s = STATUS_NOT_FOUND;
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW && sqlite3_column_bytes(q, 0) == (int)sizeof *out) {
        memcpy(out, sqlite3_column_blob(q, 0), sizeof *out);
        s = STATUS_OK;
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        s = mailbox_index_failed(x, "read", code);
    }
    rest(q);
    return s;
}

enum status mailbox_index_set_seen(struct mailbox_index *x, const char *path,
                                   const struct mailbox_seen *seen)
{
    sqlite3_stmt *q = x->queries[INDEX_SET_STAMP];
    sqlite3_bind_text(q, 1, path, -1, SQLITE_STATIC);
    sqlite3_bind_blob(q, 2, seen ? (const void *)seen : "", seen ? (int)sizeof *seen : 0,
                      SQLITE_STATIC);
    return run(x, INDEX_SET_STAMP);
}

enum status mailbox_index_last_id(struct mailbox_index *x, int64_t *out)
{
    sqlite3_stmt *q = x->queries[INDEX_LAST_ID];
    int code = sqlite3_step(q);
    enum status s = STATUS_OK;
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    else
        s = mailbox_index_failed(x, "read the state for", code);
    rest(q);
    return s;
}

/* --- rows --- */

static void bind_text(sqlite3_stmt *q, int place, struct slice s)
{
    sqlite3_bind_text(q, place, s.size ? s.data : "", (int)s.size, SQLITE_STATIC);
}

static void bind_octets(sqlite3_stmt *q, int place, struct slice s)
{
    sqlite3_bind_blob(q, place, s.size ? s.data : "", (int)s.size, SQLITE_STATIC);
}

static struct slice suffix_of(const struct maildir_name *name)
{
    return slice_str(name->file + name->base_size);
}

enum status mailbox_index_put(struct mailbox_index *x, const struct mailbox_index_row *row)
{
    static const struct mailbox_summary nothing;
    sqlite3_stmt *q = x->queries[INDEX_PUT];
    const struct mailbox_summary *s = row->summary ? row->summary : &nothing;
    sqlite3_bind_int64(q, 1, row->id);
    sqlite3_bind_int(q, 2, row->name->folder);
    sqlite3_bind_int(q, 3, row->name->flags);
    sqlite3_bind_int(q, 4, row->summary ? INDEX_HEADER : INDEX_UNREADABLE);
    sqlite3_bind_int(q, 5, s->has_attachment);
    if (s->has_date)
        sqlite3_bind_int64(q, 6, s->date);
    sqlite3_bind_int64(q, 7, (int64_t)row->octets);
    bind_octets(q, 8, slice_of(row->name->file, row->name->base_size));
    bind_octets(q, 9, suffix_of(row->name));
    bind_text(q, 10, s->author);
    bind_text(q, 11, s->subject);
    bind_text(q, 12, s->senders);
    bind_text(q, 13, s->recipients);
    bind_text(q, 14, s->message_id);
    bind_text(q, 15, s->references);
    return run(x, INDEX_PUT);
}

enum status mailbox_index_move(struct mailbox_index *x, int64_t id, const struct maildir_name *name)
{
    sqlite3_stmt *q = x->queries[name ? INDEX_MOVE : INDEX_GONE];
    sqlite3_bind_int64(q, 1, id);
    if (!name)
        return run(x, INDEX_GONE);
    sqlite3_bind_int(q, 2, name->folder);
    sqlite3_bind_int(q, 3, name->flags);
    bind_octets(q, 4, suffix_of(name));
    return run(x, INDEX_MOVE);
}

void mailbox_index_tidy(struct mailbox_index *x)
{
    int64_t surplus = 0;
    int code =
        sqlite3_exec(x->database, "SELECT sum(folder = 0) - sum(folder > 0) - 10000 FROM message",
                     read_number, &surplus, NULL);
    if (code == SQLITE_OK && surplus > 0)
        sqlite3_exec(x->database, "PRAGMA user_version = 0", NULL, NULL, NULL);
}

enum status mailbox_index_put_text(struct mailbox_index *x, int64_t id,
                                   const struct mailbox_summary *summary,
                                   const struct mailbox_text *text)
{
    sqlite3_stmt *q = x->queries[INDEX_PUT_TEXT];
    enum status s = run(x, INDEX_NEXT_DOC);
    int64_t doc = sqlite3_last_insert_rowid(x->database);
    if (s != STATUS_OK)
        return s;
    sqlite3_bind_int64(q, 1, doc);
    bind_text(q, 2, summary->subject);
    bind_text(q, 3, summary->senders);
    bind_text(q, 4, summary->recipients);
    bind_text(q, 5, text->text);
    bind_text(q, 6, text->names);
    s = run(x, INDEX_PUT_TEXT);
    if (s != STATUS_OK)
        return s;
    q = x->queries[INDEX_SET_TEXT];
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int(q, 2, INDEX_TEXT);
    sqlite3_bind_int(q, 3, text->has_attachment);
    sqlite3_bind_int64(q, 4, doc);
    return run(x, INDEX_SET_TEXT);
}
