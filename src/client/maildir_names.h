/* maildir_names: what lies in a Maildir, by name only, as a mail reader may have moved and flagged
 * it. Read once, then asked. */
#ifndef POPLIN_CLIENT_MAILDIR_NAMES_H
#define POPLIN_CLIENT_MAILDIR_NAMES_H

#include "base/slice.h"
#include "base/status.h"

struct maildir_name {
    char *path;        /* within the Maildir: new/NAME or cur/NAME:2,FLAGS */
    struct slice base; /* of it, without folder and flags */
    bool read;         /* flag S */
};

struct maildir_names {
    struct maildir_name *list; /* by base */
    size_t count, capacity;
};

/* NOT_FOUND: no Maildir there; DENIED, IO, NO_MEMORY. Wiped on failure. */
enum status maildir_names_read(const char *maildir, struct maildir_names *out);
void maildir_names_wipe(struct maildir_names *n);
/* NULL: none of that base name. */
const struct maildir_name *maildir_names_find(const struct maildir_names *n, struct slice base);

#endif
