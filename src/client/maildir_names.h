/* maildir_names: what lies in a Maildir, by name only, as a mail reader may have moved and flagged
 * it. Read once, then asked. */
#ifndef POPLIN_CLIENT_MAILDIR_NAMES_H
#define POPLIN_CLIENT_MAILDIR_NAMES_H

#include "base/slice.h"
#include "base/status.h"

enum maildir_folder { MAILDIR_GONE, MAILDIR_NEW, MAILDIR_CUR };

/* Bits of flags, one for each letter. */
enum {
    MAILDIR_READ = 1,     /* S */
    MAILDIR_FLAGGED = 2,  /* F */
    MAILDIR_ANSWERED = 4, /* R */
};

struct maildir_name {
    const char *file;   /* within its folder, NUL-ended: BASE or BASE:2,FLAGS */
    uint32_t base_size; /* octets of BASE */
    uint8_t folder;     /* enum maildir_folder */
    uint8_t flags;
    uint8_t known_by; /* the caller's */
};

struct maildir_names {
    struct maildir_name *list; /* in the order in which they were met: new/ first */
    size_t count, capacity;
    uint32_t *table; /* by hash: index + 1 */
    size_t table_size;
    struct maildir_block *blocks; /* the names' octets */
};

/* NOT_FOUND: no Maildir there; DENIED, IO, NO_MEMORY. Wiped on failure. One that is moved while we
 * look is there once, as it was seen last. */
enum status maildir_names_read(const char *maildir, struct maildir_names *out);
void maildir_names_wipe(struct maildir_names *n);
/* NULL: none of that base name. */
struct maildir_name *maildir_names_find(const struct maildir_names *n, struct slice base);

uint8_t maildir_flags_of(const char *file);
const char *maildir_folder_name(enum maildir_folder folder); /* "new" */

/* What says whether a Maildir may have changed: its two folders and when something in them was
 * moved, made or removed last. */
struct maildir_stamp {
    int64_t device, inode, new_seconds, new_nanoseconds, cur_seconds, cur_nanoseconds;
};
enum status maildir_stamp_read(const char *maildir, struct maildir_stamp *out);

#endif
