/* store: maildrops, whatever they lie in.
 *
 * A store opens drops. A drop is a locked maildrop with the listing it had at that moment; it is
 * used by one thread at a time, different drops by different threads. Nothing here knows POP3's
 * commands, and nothing here waits: a lock that is held is IN_USE at once. Every call may block on
 * the disk. Drivers (store_memory.c, store_maildir.c) fill struct store_driver; one contract test
 * runs against all of them. */
#ifndef POPLIN_STORE_STORE_H
#define POPLIN_STORE_STORE_H

#include "base/limits.h"
#include "base/slice.h"
#include "base/status.h"
#include "codec/wire.h"

#include <sys/types.h>

/* One message of a listing: what STAT, LIST and UIDL need (S17, S40). 80 octets; it crosses
 * process borders as it is. */
struct store_row {
    uint64_t octets;       /* on the wire, RFC 1939 11 */
    uint8_t needs;         /* WIRE_NEEDS_… */
    uint8_t uidl_size;     /* 1 to LIMIT_UIDL */
    char uidl[LIMIT_UIDL]; /* 0x21–0x7E, unique in the listing */
};

/* A fixed array of rows, oldest first. Shared between drops by reference count, thread-safe. */
struct store_listing;
uint32_t store_listing_count(const struct store_listing *l);
uint64_t store_listing_octets(const struct store_listing *l);
/* The first call may take milliseconds where there are many rows; the number and octets never. */
const struct store_row *store_listing_rows(struct store_listing *l);
/* That call was made, or there is no need of it. */
bool store_listing_is_ready(const struct store_listing *l);
/* The rows as a sealed memfd (F_SEAL_WRITE|SHRINK|GROW|SEAL), made once and kept with the listing;
 * the descriptor stays the listing's and is good until the drop is closed. A descriptor for each
 * session adds up: short listings had better travel as they are. */
enum status store_listing_memfd(struct store_listing *l, int *descriptor);

/* What a message's octets come from. Exactly one of both. */
struct store_blob {
    int descriptor;  /* regular file opened for reading, the caller closes it; or -1 */
    char *data;      /* malloc'd, the caller frees it; or NULL */
    uint64_t offset; /* of the first stored octet in the descriptor */
    uint64_t size;   /* stored octets */
    uint64_t octets; /* wire octets that the listing announced */
    uint8_t needs;   /* WIRE_NEEDS_… */
};

struct store_removed {
    uint32_t removed; /* gone for good; those that were gone already count too (S06) */
    uint32_t failed;  /* still there */
};

/* Whom a drop is for; filled by auth's word only. */
struct store_request {
    struct slice user;
    const char *path; /* the maildrop: absolute, built by config_store_path */
    bool shared;      /* policy snapshot (S02): no lock */
    bool nowait;      /* AGAIN rather than block on the disk: the caller comes back from a thread
                         that may block. A warm drop opens without (RESOLVE_CACHED and the like) */
};

struct store;
struct store_drop;

/* A line for the log about something odd that was met and survived (a FIFO in cur/, an unreadable
 * file, a damaged index). May be called from any thread. `what` and `cause` are plain text, `name`
 * is foreign bytes. */
struct store_observer {
    void *context;
    void (*notice)(void *context, const char *what, const char *path, struct slice name,
                   const char *cause);
};

struct store_options {
    const char *driver;          /* "maildir", "memory" */
    const char *root;            /* fixed part of the maildrops' path: a missing drop under an
                                    existing root is an empty one, a missing root TEMPORARY */
    const char *index_directory; /* NULL: in the Maildir */
    bool uidl_keep;              /* honour dovecot-uidlist, courierpop3dsizelist, X-UIDL */
    size_t cache_octets;         /* of listings kept between sessions; 0: 64 MiB */
    unsigned counting_threads;   /* helpers for a drop's first counting; 0: one for each core */
    struct store_observer observer;
};

enum status store_new(const struct store_options *options, struct store **out);
void store_free(struct store *s);

/* Locks and lists (S01). IN_USE: another drop, of whatever process, holds the lock. TEMPORARY,
 * PERMANENT: cannot be read now, never. */
enum status store_open(struct store *s, const struct store_request *request,
                       struct store_drop **out);
struct store_listing *store_drop_listing(const struct store_drop *d); /* lives as long as d */

/* The octets of message i, found again by base name when it was renamed (S45); at most
 * `inline_limit` stored octets come as data, larger ones as a descriptor. NOT_FOUND: it vanished.
 * CORRUPT: its size is no longer what was announced; the cached size is dropped (S43). `nowait` as
 * in store_request: AGAIN when the disk would have to be waited for. */
enum status store_drop_blob(struct store_drop *d, uint32_t i, size_t inline_limit, bool nowait,
                            struct store_blob *out);

/* Message i was sent whole and did not have the octets that were announced (S43): its cached size
 * is dropped, so that the next open counts it anew. */
void store_drop_lied(struct store_drop *d, uint32_t i);

/* Removes the messages whose bit is set in marks (bit i of marks[i / 64]); durable on return. */
void store_drop_remove(struct store_drop *d, const uint64_t *marks, struct store_removed *out);

/* store_drop_close would write to the disk: better done by a thread that may block. */
bool store_drop_is_dirty(const struct store_drop *d);

/* Unlocks; writes the index if it is worth it. NULL is allowed. */
void store_drop_close(struct store_drop *d);

#endif
