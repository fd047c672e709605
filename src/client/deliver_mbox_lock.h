/* deliver_mbox_lock: the lock of a mail file as Debian policy wants it (11.6): fcntl first, then
 * FILE.lock beside it. Where FILE.lock may not be made (a folder that is not ours) the first alone
 * must do. A FILE.lock of a process that is gone, or five minutes old, is removed. */
#ifndef POPLIN_CLIENT_DELIVER_MBOX_LOCK_H
#define POPLIN_CLIENT_DELIVER_MBOX_LOCK_H

#include "base/limits.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct mbox_lock {
    int file; /* the mail file, open for reading and writing, locked */
    bool dotted;
    char dot[LIMIT_PATH];
};

/* Opens the file (making it, 0600) and locks it within `limit` milliseconds. IN_USE: others hold
 * it; PERMANENT: not a regular file of ours; otherwise errno tells. */
enum status mbox_lock_take(struct mbox_lock *l, const char *path, uint64_t limit);
void mbox_lock_release(struct mbox_lock *l);

#endif
