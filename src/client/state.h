/* state: what the collector knows of every message of every account, in SQLite (WAL, synchronous
 * FULL). One row per account and UIDL; one transaction per group of messages.
 *
 * The life of a message:
 *   new → fetching (its file name is written here before the file exists) → delivered
 *       → to_delete → deleted (gone from the server; the row stays until the grace time is over)
 *   failed(n): refused n times; tried again after a pause that grows.
 * read and flagged belong to delivered ones. A row whose UIDL the server no longer lists is
 * forgotten only after the grace time (C08). */
#ifndef POPLIN_CLIENT_STATE_H
#define POPLIN_CLIENT_STATE_H

#include "base/limits.h"
#include "base/slice.h"
#include "base/status.h"

enum state_stage {
    STATE_NEW,
    STATE_FETCHING,
    STATE_DELIVERED,
    STATE_TO_DELETE,
    STATE_DELETED,
    STATE_FAILED,
};

enum { STATE_FILE_NAME = 255, STATE_HASH = 32 };

struct state_row {
    int64_t id;        /* 0: not stored yet */
    struct slice uidl; /* 1 octet or more, any; what a server without UIDL gets is "h:" and the hex
                          of header_hash */
    enum state_stage stage;
    uint64_t octets; /* LIST's */
    bool has_header_hash;
    unsigned char header_hash[STATE_HASH]; /* header_hash.h, for C06 and renumbering */
    int64_t seen, fetched, deleted;        /* seconds since 1970; 0: not. `deleted` of TO_DELETE: a
                                              person asked for it then, whatever `keep` says */
    int64_t retry_after;
    uint32_t failures;
    struct slice file; /* base name in the Maildir, without flags; empty: none */
    bool read, flagged;
    bool unsure; /* came with another size than LIST said (A52): not deleted there */
    bool has_digest;
    unsigned char digest[STATE_HASH]; /* of the whole message, for `dedupe content` */
};

struct state;

/* Opens or makes DIRECTORY/state.sqlite (0600 in 0700). CORRUPT: not ours or damaged; it is moved
 * aside by nobody: `why` says what to do. UNSUPPORTED: made by a newer version. */
enum status state_open(const char *directory, struct state **out, char why[200]);
void state_close(struct state *s);
const char *state_error(const struct state *s); /* of the last failure */
/* Reads all of the database and looks for damage: for `poplin doctor`, it takes a while. CORRUPT:
 * `why` says what is wrong. */
enum status state_check(struct state *s, char why[200]);

/* One run per account (C22): a kernel-owned lock on a file beside the database. IN_USE: another
 * run has it. */
struct state_lock;
enum status state_lock_account(struct state *s, const char *account, struct state_lock **out);
void state_unlock(struct state_lock *l);

/* Between begin and commit every change is one transaction, durable after commit. A commit that
 * fails has rolled back. TEMPORARY: the disk is full; PERMANENT: it cannot be written; CORRUPT. */
enum status state_begin(struct state *s);
enum status state_commit(struct state *s);
void state_rollback(struct state *s);

/* Calls visit with every row of an account, oldest first; slices live during the call. False ends
 * it. visit may find, and put what it was shown; it may not call state_each. */
enum status state_each(struct state *s, const char *account,
                       bool (*visit)(void *context, const struct state_row *row), void *context);
/* NOT_FOUND: none. Slices live until the next call on s. */
enum status state_find(struct state *s, const char *account, struct slice uidl,
                       struct state_row *out);
/* The row of an id, likewise. */
enum status state_get(struct state *s, const char *account, int64_t id, struct state_row *out);
/* True: a message of that digest was delivered, for any account. A failure to read is false: a
 * message twice is better than none. */
bool state_has_digest(struct state *s, const unsigned char digest[STATE_HASH]);
/* Inserts (id 0; sets it; EXISTS: the account has that UIDL) or updates (NOT_FOUND: no such id). */
enum status state_put(struct state *s, const char *account, struct state_row *row);
/* What a reader changes, and nothing else of the row. NOT_FOUND: no such id. */
enum status state_set_flags(struct state *s, int64_t id, bool read, bool flagged);
enum status state_forget(struct state *s, const char *account, struct slice uidl);
/* Rows whose UIDL was last listed before `before` and that are delivered or deleted. */
enum status state_prune(struct state *s, const char *account, int64_t before, uint64_t *removed);

/* Rows that are delivered or to be deleted: what the server should still list
 * (plan_options.known_count). */
enum status state_count_kept(struct state *s, const char *account, uint64_t *count);

/* A fact about an account that is no message: "uidl-stable", "last-run", "quirks". NOT_FOUND;
 * TOO_LARGE: not in `size` octets with its NUL. */
enum status state_get_note(struct state *s, const char *account, const char *name, char *value,
                           size_t size);
enum status state_set_note(struct state *s, const char *account, const char *name,
                           const char *value);

#endif
