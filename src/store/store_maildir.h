/* store_maildir: what the parts of the Maildir driver share.
 *
 *   store_maildir.c           the driver: open, close
 *   store_maildir_folder.c    descriptors, stamps, the lock
 *   store_maildir_scan.c      file names into an ordered array of what was found
 *   store_maildir_count.c     first counting of sizes, by helper threads too
 *   store_maildir_snapshot.c  what was found into a snapshot
 *   store_maildir_message.c   one message: found again, opened
 *   store_maildir_remove.c    messages removed
 *   store_cache.c             snapshots kept between sessions
 *   store_index.c             a snapshot as a file
 *
 * Nothing in a Maildir is moved or renamed. Nothing outside of it is reached: folders are opened
 * beneath the root without following a symbolic link, files by a name without a slash. */
#ifndef POPLIN_STORE_STORE_MAILDIR_H
#define POPLIN_STORE_STORE_MAILDIR_H

#include "store/store_arena.h"
#include "store/store_driver.h"
#include "store/store_listing.h"

#include <stdatomic.h>

/* The two folders of messages, then the files of other servers that are looked at with uidl_keep.
 */
enum {
    MAILDIR_NEW,
    MAILDIR_CUR,
    MAILDIR_FOLDERS,
    MAILDIR_DOVECOT = MAILDIR_FOLDERS,
    MAILDIR_COURIER,
    MAILDIR_WATCHED
};
extern const char *const maildir_watched[MAILDIR_WATCHED];

/* The state of a folder or file, as far as it can be told without opening it. All zero: missing. */
struct maildir_stamp {
    uint64_t device;
    uint64_t inode;
    int64_t modified; /* nanoseconds since 1970 */
    int64_t changed;  /* the same of the inode: cannot be set back by a program */
};

struct maildir_stamps {
    struct maildir_stamp of[MAILDIR_WATCHED];
};

/* One message of a snapshot. Immutable but for `suspect`. */
struct maildir_message {
    const char *name; /* of the file when it was listed, in the snapshot's arena or file */
    uint64_t stored;  /* octets in the file when they were counted */
    uint8_t name_size;
    uint8_t base_size; /* of the name up to the first colon: what never changes */
    uint8_t folder;
    atomic_bool suspect; /* its size lied: to be counted anew (S43) */
};

/* A listing and what it was made of. Shared by reference count, thread-safe. */
struct maildir_snapshot {
    atomic_uint references;
    atomic_bool suspect; /* of one message at least */
    struct store_listing *listing;
    uint32_t count;
    struct maildir_message *messages; /* as many and in the order of the listing's rows */
    struct store_arena arena;
    char *file; /* the index that it was read from, for the names in it: a store_room; or NULL */
    size_t file_size;
    struct maildir_stamps stamps;
    bool settled; /* the stamps were old when the scan began: equal stamps mean an equal folder */
    bool kept;    /* made with uidl_keep */
};

/* NULL when memory is out. The messages and rows are to be filled by the caller. */
struct maildir_snapshot *maildir_snapshot_new(uint32_t count);
/* Without a listing, which is to be set by the caller. */
struct maildir_snapshot *maildir_snapshot_new_unlisted(uint32_t count);
struct maildir_snapshot *maildir_snapshot_ref(struct maildir_snapshot *s);
void maildir_snapshot_unref(struct maildir_snapshot *s); /* NULL is allowed */
uint32_t maildir_snapshot_count(const struct maildir_snapshot *s);
size_t maildir_snapshot_footprint(const struct maildir_snapshot *s);

/* The trust rule: the folders are now as they were when the snapshot was made. */
bool maildir_snapshot_is_current(const struct maildir_snapshot *s,
                                 const struct maildir_stamps *now);

/* A file that was found, on its way to become a message. */
enum maildir_state {
    FOUND_UNKNOWN, /* size to be counted */
    FOUND_KNOWN,   /* stored, octets and needs are right */
    FOUND_GONE,    /* vanished before it was counted */
    FOUND_ODD,     /* not a readable regular file: left out, noticed */
};

struct maildir_found {
    const char *name; /* in the scan's arena, NUL behind it */
    uint64_t seconds; /* of delivery, as the name says; 0 when it does not */
    uint64_t micro;
    uint64_t rank;     /* place in an earlier server's list; UINT64_MAX: in none */
    uint64_t stored;   /* octets */
    uint64_t octets;   /* on the wire */
    struct slice kept; /* UIDL that an earlier server gave; size 0: none */
    uint8_t name_size;
    uint8_t base_size;
    uint8_t folder;
    uint8_t needs;
    uint8_t state;
    bool is_foreign; /* kept is from the message's own header */
    bool is_sure;    /* kept was decided at an earlier login and is not to be looked up again */
};

struct maildir_scan {
    struct store_arena arena;
    struct maildir_found *found; /* ordered by maildir_found_compare */
    size_t count;
    size_t room;
    struct maildir_stamps stamps; /* before; after it they were the same if `whole` */
    bool whole;                   /* nobody changed the folders meanwhile */
    bool settled;
    int64_t read_at; /* maildir_clock when it began */
};

static inline struct slice maildir_found_base(const struct maildir_found *f)
{
    return slice_of(f->name, f->base_size);
}

static inline struct slice maildir_message_base(const struct maildir_message *m)
{
    return slice_of(m->name, m->base_size);
}

/* Fills what the name says: sizes, seconds, micro. */
void maildir_found_parse(struct maildir_found *f, const char *name, size_t size);

/* Rank, time, base name; of one base name cur/ before new/, then the whole name. */
int maildir_found_compare(const void *a, const void *b);

/* --- store_maildir_folder.c: outside resources --- */

struct maildir_store;

/* The Maildir's directory. NOT_FOUND: missing, though the root is there. */
enum status maildir_folder_open(struct maildir_store *s, const struct store_request *request,
                                int *directory);

/* new/ or cur/, opened for reading; -1 with NOT_FOUND when it is missing. */
enum status maildir_folder_enter(int directory, int folder, int *descriptor);

enum status maildir_stamps_take(int directory, bool with_lists, struct maildir_stamps *out);

/* Every stamp is so old, `began` nanoseconds after 1970 on our clock, that a change made after
 * `began` cannot have left it as it is. */
bool maildir_stamps_are_settled(int directory, const struct maildir_stamps *stamps, int64_t began);
int64_t maildir_clock(void);

/* Takes the exclusive lock. *file is a descriptor to keep open besides `directory`, or -1. */
enum status maildir_lock(int directory, int *file);

/* --- store_maildir_scan.c --- */

/* Reads the names of new/ and cur/, at most three times until nobody changes them meanwhile. What
 * is odd there is noticed, where `observer` is not NULL. */
enum status maildir_scan_read(struct maildir_scan *scan, bool with_lists, int directory,
                              const char *path, const struct store_observer *observer);
void maildir_scan_sort(struct maildir_scan *scan);
void maildir_scan_wipe(struct maildir_scan *scan);

/* The file with this base name; of two the one in cur/. NULL: none. The scan has no ranks. */
const struct maildir_found *maildir_scan_find(const struct maildir_scan *scan, struct slice base);

/* --- store_maildir_count.c --- */

struct maildir_counter;

/* `helpers` threads at most, started when there is work for them. NULL: no memory. */
struct maildir_counter *maildir_counter_new(unsigned helpers, const struct store_observer *o);
void maildir_counter_free(struct maildir_counter *c);

/* Counts every FOUND_UNKNOWN: it becomes KNOWN, GONE or ODD. `found[i].kept` is set to the X-UIDL
 * header (malloc'd, the caller's) when `with_uidl` and nothing is kept yet. NO_MEMORY: descriptors
 * or memory ran out, some are still unknown. */
enum status maildir_counter_run(struct maildir_counter *c, struct maildir_scan *scan, int directory,
                                const char *path, bool with_uidl);

/* --- store_maildir_snapshot.c --- */

/* The listing of the drop as it is now. `known` (may be NULL) has sizes that are still right.
 * *counted is the number of octets that had to be read. */
enum status maildir_snapshot_build(struct maildir_store *s, int directory, const char *path,
                                   const struct maildir_snapshot *known,
                                   struct maildir_snapshot **out, uint64_t *counted);

/* --- store_maildir.c --- */

struct store_cache;

struct maildir_store {
    struct store base;
    struct store_observer observer;
    char *root;
    size_t root_size;
    atomic_int root_descriptor; /* -1: not open */
    int index_descriptor;       /* of index_directory; -1: the index lies in the Maildir */
    atomic_bool index_failed;   /* the last writing of an index did */
    bool uidl_keep;
    struct maildir_counter *counter;
    struct store_cache *cache;
};

struct maildir_drop {
    struct store_drop base;
    struct maildir_snapshot *snapshot;
    struct maildir_scan *fresh; /* names as they are now, once a file was not where it was */
    int directory;              /* locked; -1: the Maildir does not exist */
    int lock_file;              /* or -1 */
    bool dirty;                 /* the index on disk is worth writing */
    char path[];
};

void maildir_notice(const struct store_observer *o, const char *what, const char *path,
                    struct slice name, const char *cause);

/* --- store_maildir_message.c: one message --- */

/* Where a message lies. */
struct maildir_place {
    const char *name;
    int folder;
};

/* Reads the names again into d->fresh, for finding files that were renamed. */
enum status maildir_refresh(struct maildir_drop *d);

/* The message's file among the names read last; NULL: none, or nothing was read again yet. */
const struct maildir_found *maildir_fresh_find(const struct maildir_drop *d,
                                               const struct maildir_message *m);

/* Where to look for it first: by the names read last. */
struct maildir_place maildir_first_place(const struct maildir_drop *d,
                                         const struct maildir_message *m);

/* Another message has the same base name: only their whole names tell them apart. */
bool maildir_is_twin(const struct maildir_drop *d, const struct maildir_message *m);

enum status maildir_blob(struct store_drop *base, uint32_t i, size_t inline_limit, bool nowait,
                         struct store_blob *out);
void maildir_lied(struct store_drop *base, uint32_t i);

/* --- store_maildir_remove.c --- */

void maildir_remove(struct store_drop *base, const uint64_t *marks, struct store_removed *out);

#endif
