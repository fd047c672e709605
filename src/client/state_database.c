#include "client/state_database.h"

#include "client/folder.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STATE_APPLICATION = 0x506f706c, /* "Popl" */
    STATE_VERSION = 1,
    STATE_BUSY_MS = 10000,
};

static const char file_name[] = "state.sqlite";

/* UIDLs and file names are octets, so BLOBs: no collation, no encoding, NUL allowed. */
static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE message("
    " id INTEGER PRIMARY KEY,"
    " account TEXT NOT NULL,"
    " uidl BLOB NOT NULL CHECK(length(uidl) > 0),"
    " stage INTEGER NOT NULL CHECK(stage BETWEEN 0 AND 5),"
    " octets INTEGER NOT NULL,"
    " header_hash BLOB CHECK(header_hash IS NULL OR length(header_hash) = 32),"
    " seen INTEGER NOT NULL,"
    " fetched INTEGER NOT NULL,"
    " deleted INTEGER NOT NULL,"
    " retry_after INTEGER NOT NULL,"
    " failures INTEGER NOT NULL CHECK(failures >= 0),"
    " file BLOB NOT NULL,"
    " read INTEGER NOT NULL CHECK(read IN (0, 1)),"
    " flagged INTEGER NOT NULL CHECK(flagged IN (0, 1)),"
    " unsure INTEGER NOT NULL CHECK(unsure IN (0, 1)),"
    " digest BLOB CHECK(digest IS NULL OR length(digest) = 32),"
    " UNIQUE(account, uidl)) STRICT;"
    "CREATE INDEX message_digest ON message(digest) WHERE digest IS NOT NULL;"
    "CREATE TABLE note("
    " account TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " PRIMARY KEY(account, name)) STRICT, WITHOUT ROWID;"
    "PRAGMA application_id = 1349480556;"
    "PRAGMA user_version = 1;"
    "COMMIT;";

static_assert(STATE_APPLICATION == 1349480556, "the number in the schema");

#define COLUMNS                                                                                    \
    "id, uidl, stage, octets, header_hash, seen, fetched, deleted, retry_after, failures, file, "  \
    "read, flagged, unsure, digest"

static const char *const query_texts[QUERY_TOTAL] = {
    [QUERY_BEGIN] = ("BEGIN IMMEDIATE"),
    [QUERY_COMMIT] = ("COMMIT"),
    [QUERY_ROLLBACK] = ("ROLLBACK"),
    [QUERY_EACH] = ("SELECT " COLUMNS " FROM message WHERE account = ?1 ORDER BY id"),
    [QUERY_FIND] = ("SELECT " COLUMNS " FROM message WHERE account = ?1 AND uidl = ?2"),
    [QUERY_GET] = ("SELECT " COLUMNS " FROM message WHERE account = ?1 AND id = ?2"),
    [QUERY_HAS_DIGEST] = ("SELECT 1 FROM message WHERE digest = ?1 AND stage IN (?2, ?3, ?4)"),
    [QUERY_INSERT] =
        ("INSERT INTO message(uidl, stage, octets, header_hash, seen, fetched, deleted,"
         " retry_after, failures, file, read, flagged, account, unsure, digest)"
         " VALUES(?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"),
    [QUERY_UPDATE] = ("UPDATE message SET uidl = ?2, stage = ?3, octets = ?4, header_hash = ?5,"
                      " seen = ?6, fetched = ?7, deleted = ?8, retry_after = ?9, failures = ?10,"
                      " file = ?11, read = ?12, flagged = ?13, unsure = ?15, digest = ?16"
                      " WHERE id = ?1 AND account = ?14"),
    [QUERY_SET_FLAGS] = ("UPDATE message SET read = ?2, flagged = ?3 WHERE id = ?1"),
    [QUERY_FORGET] = ("DELETE FROM message WHERE account = ?1 AND uidl = ?2"),
    [QUERY_PRUNE] = ("DELETE FROM message WHERE account = ?1 AND seen < ?2 AND stage IN (?3, ?4)"),
    [QUERY_COUNT_KEPT] = ("SELECT count(*) FROM message WHERE account = ?1 AND stage IN (?2, ?3)"),
    [QUERY_GET_NOTE] = ("SELECT value FROM note WHERE account = ?1 AND name = ?2"),
    [QUERY_SET_NOTE] = ("INSERT INTO note(account, name, value) VALUES(?1, ?2, ?3)"
                        " ON CONFLICT(account, name) DO UPDATE SET value = excluded.value"),
};

/* --- results --- */

enum status state_status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return STATUS_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STATUS_IN_USE;
    case SQLITE_NOMEM:
        return STATUS_NO_MEMORY;
    case SQLITE_FULL:
        return STATUS_TEMPORARY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
        return STATUS_PERMANENT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return STATUS_CORRUPT;
    case SQLITE_CONSTRAINT:
        return STATUS_EXISTS;
    case SQLITE_TOOBIG:
        return STATUS_TOO_LARGE;
    default:
        return STATUS_IO;
    }
}

enum status state_failed(struct state *s, const char *doing, int code)
{
    int error = s->database ? sqlite3_system_errno(s->database) : 0;
    bool full = (code & 0xff) == SQLITE_IOERR && (error == ENOSPC || error == EDQUOT);
    snprintf(s->error, sizeof s->error, "cannot %s: %s", doing,
             full ? "the disk is full" : sqlite3_errstr(code));
    return full ? STATUS_TEMPORARY : state_status_of(code);
}

void state_rest(struct state *s, enum state_query query)
{
    sqlite3_reset(s->queries[query]);
    sqlite3_clear_bindings(s->queries[query]);
}

enum status state_run(struct state *s, enum state_query query, const char *doing)
{
    int code = sqlite3_step(s->queries[query]);
    enum status status = code == SQLITE_DONE ? STATUS_OK : state_failed(s, doing, code);
    state_rest(s, query);
    return status;
}

/* --- opening --- */

static enum status open_directory(const char *directory, int *out, char why[200])
{
    struct stat st;
    enum status status = folder_make(directory);
    if (status == STATUS_OK) {
        *out = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        status = *out < 0 ? status_from_errno(errno) : STATUS_OK;
    }
    if (status != STATUS_OK) {
        snprintf(why, 200, "the state folder %.100s cannot be opened: %m", directory);
        return status;
    }
    if (fstat(*out, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 022)) {
        snprintf(why, 200, "the state folder %.90s must be yours and closed to others: chmod 700",
                 directory);
        close(*out);
        return STATUS_PERMANENT;
    }
    return STATUS_OK;
}

/* An existing file is looked at by its name only: opening and closing it here would drop the locks
 * that another connection of this process holds on it. The folder is ours alone. */
static enum status prepare_file(int directory, char why[200])
{
    struct stat st;
    int fd = openat(directory, file_name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
        return STATUS_OK;
    }
    if (errno != EEXIST || fstatat(directory, file_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        enum status status = status_from_errno(errno);
        snprintf(why, 200, "the state cannot be made: %m");
        return status;
    }
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        snprintf(why, 200, "%s is not a file of yours: move it away", file_name);
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}

static int first_number(void *out, int count, char **values, char **names)
{
    *(int64_t *)out = count > 0 && values[0] ? strtoll(values[0], NULL, 10) : 0;
    return 0;
}

static int ask_number(struct state *s, const char *text, int64_t *out)
{
    *out = 0;
    return sqlite3_exec(s->database, text, first_number, out, NULL);
}

static enum status unusable(struct state *s, int code, char why[200])
{
    enum status status = state_failed(s, "open the state", code);
    snprintf(why, 200, "%.140s%s", s->error,
             status == STATUS_CORRUPT ? "; move it away and fetch: the Maildir is matched first"
                                      : "");
    return status;
}

/* A file of zero octets is a new one; anything else must be ours, of a version that we know. */
static enum status check_version(struct state *s, char why[200])
{
    int64_t application, version, tables;
    int code = ask_number(s, "PRAGMA application_id", &application);
    if (code == SQLITE_OK)
        code = ask_number(s, "PRAGMA user_version", &version);
    if (code == SQLITE_OK)
        code = ask_number(s, "SELECT count(*) FROM sqlite_master", &tables);
    if (code == SQLITE_OK && application == 0 && version == 0 && tables == 0)
        code = sqlite3_exec(s->database, schema, NULL, NULL, NULL);
    else if (code == SQLITE_OK && application != STATE_APPLICATION) {
        snprintf(why, 200, "%s was not made by poplin: move it away", file_name);
        return STATUS_CORRUPT;
    } else if (code == SQLITE_OK && version > STATE_VERSION) {
        snprintf(why, 200, "%s was made by a newer poplin: use that one", file_name);
        return STATUS_UNSUPPORTED;
    }
    return code == SQLITE_OK ? STATUS_OK : unusable(s, code, why);
}

static int set_durability(struct state *s)
{
    return sqlite3_exec(s->database,
                        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                        "PRAGMA temp_store = MEMORY",
                        NULL, NULL, NULL);
}

static enum status prepare_queries(struct state *s, char why[200])
{
    for (int i = 0; i < QUERY_TOTAL; i++) {
        int code = sqlite3_prepare_v3(s->database, query_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &s->queries[i], NULL);
        /* Tables that lack a column of ours: somebody else's work. */
        if (code != SQLITE_OK)
            return unusable(s, code == SQLITE_ERROR ? SQLITE_CORRUPT : code, why);
    }
    return STATUS_OK;
}

/* A foreign file is left as it is: nothing is set in it before the version is known. */
static enum status set_up(struct state *s, char why[200])
{
    sqlite3_extended_result_codes(s->database, 1);
    sqlite3_busy_timeout(s->database, STATE_BUSY_MS);
    sqlite3_db_config(s->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_exec(s->database, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
    if (sqlite3_db_readonly(s->database, "main") != 0)
        return unusable(s, SQLITE_READONLY, why);
    enum status status = check_version(s, why);
    if (status != STATUS_OK)
        return status;
    int code = set_durability(s);
    return code == SQLITE_OK ? prepare_queries(s, why) : unusable(s, code, why);
}

static enum status open_database(struct state *s, const char *directory, char why[200])
{
    char path[LIMIT_PATH];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, file_name) >= sizeof path) {
        snprintf(why, 200, "the path of the state folder is too long");
        return STATUS_PERMANENT;
    }
    int code =
        sqlite3_open_v2(path, &s->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL);
    return code == SQLITE_OK ? set_up(s, why) : unusable(s, code, why);
}

enum status state_open(const char *directory, struct state **out, char why[200])
{
    struct state *s = calloc(1, sizeof *s);
    *out = NULL;
    why[0] = '\0';
    if (!s)
        return STATUS_NO_MEMORY;
    s->directory = -1;
    enum status status = open_directory(directory, &s->directory, why);
    if (status == STATUS_OK)
        status = prepare_file(s->directory, why);
    else
        s->directory = -1;
    if (status == STATUS_OK)
        status = open_database(s, directory, why);
    if (status == STATUS_OK)
        *out = s;
    else
        state_close(s);
    return status;
}

void state_close(struct state *s)
{
    if (!s)
        return;
    for (int i = 0; i < QUERY_TOTAL; i++)
        sqlite3_finalize(s->queries[i]);
    sqlite3_close(s->database); /* what was begun and not committed is rolled back */
    if (s->directory >= 0)
        close(s->directory);
    free(s->found);
    free(s);
}

const char *state_error(const struct state *s)
{
    return s->error;
}
