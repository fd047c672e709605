#include "client/deliver_maildir.h"

#include "client/deliver_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* A group becomes durable by one syncfs where the file system is local and that is quick: it costs
 * a commit of the journal for all instead of one for each. Its error is that of any write there
 * since the folder was opened: a group that fails for another's sake is fetched again. Otherwise
 * file by file. */
enum {
    OPEN_MOST = 128,   /* files that stay open for it; those behind are synced as they come */
    TOGETHER_LEAST = 8, /* files for which it pays */
    TOGETHER_MS = 2000, /* others may have much to write: past this, each file for itself */
};

static uint64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Those whose syncfs is known to wait for all and to tell what failed. */
bool maildir_target_syncs_together(int folder)
{
    struct statfs fs;
    if (fstatfs(folder, &fs) != 0)
        return false;
    switch ((unsigned long)fs.f_type) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
        return true;
    default:
        return false;
    }
}

static struct maildir_target *target_of(struct delivery *d)
{
    return (struct maildir_target *)d;
}

/* --- a message --- */

/* The account is locked: a file of that name in tmp/ was left by a run that was killed. */
static int make_file(struct maildir_target *t)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(t->tmp, t->name, flags, 0600);
    if (fd < 0 && errno == EEXIST && unlinkat(t->tmp, t->name, 0) == 0)
        fd = openat(t->tmp, t->name, flags, 0600);
    return fd;
}

static enum status begin(struct delivery *d, const struct deliver_message *m)
{
    struct maildir_target *t = target_of(d);
    if (!deliver_name_is_base(m->file)) {
        snprintf(d->error, sizeof d->error, "no name for a file in a Maildir was given");
        return STATUS_PERMANENT;
    }
    memcpy(t->name, m->file.data, m->file.size);
    t->name[m->file.size] = '\0';
    t->file = make_file(t);
    return t->file < 0 ? deliver_failed(d, "make a file in the Maildir") : STATUS_OK;
}

static enum status put(struct delivery *d, struct slice octets)
{
    bool written = deliver_write_all(target_of(d)->file, octets);
    return written ? STATUS_OK : deliver_failed(d, "write to the Maildir");
}

static void abort_message(struct delivery *d)
{
    struct maildir_target *t = target_of(d);
    if (t->file < 0)
        return;
    close(t->file);
    t->file = -1;
    unlinkat(t->tmp, t->name, 0);
}

static bool make_room(struct maildir_target *t)
{
    if (t->count < t->capacity)
        return true;
    size_t capacity = t->capacity ? t->capacity * 2 : 64;
    struct maildir_waiting *more = reallocarray(t->waiting, capacity, sizeof *more);
    if (!more)
        return false;
    t->waiting = more;
    t->capacity = capacity;
    return true;
}

/* fsync says what went wrong with any earlier write, close on some file systems too. */
static bool sync_and_close(int fd)
{
    bool synced = fsync(fd) == 0;
    int error = errno;
    bool closed = close(fd) == 0 || errno == EINTR;
    if (!synced)
        errno = error;
    return synced && closed;
}

static enum status finish(struct delivery *d)
{
    struct maildir_target *t = target_of(d);
    if (!make_room(t))
        return STATUS_NO_MEMORY;
    if (t->open_count == OPEN_MOST && t->together) {
        int fd = t->file;
        t->file = -1;
        if (close(fd) != 0 && errno != EINTR) {
            enum status status = deliver_failed(d, "write to the Maildir");
            unlinkat(t->tmp, t->name, 0);
            return status;
        }
        t->needs_together = true;
    } else if (t->open_count == OPEN_MOST) {
        int fd = t->file;
        t->file = -1;
        if (!sync_and_close(fd)) {
            enum status status = deliver_failed(d, "sync a file of the Maildir");
            unlinkat(t->tmp, t->name, 0);
            return status;
        }
    } else {
        /* Begins to write, so that the group's syncs find little to wait for; only a hint. */
        if (!t->together)
            (void)sync_file_range(t->file, 0, 0, SYNC_FILE_RANGE_WRITE);
        t->open_count++;
    }
    struct maildir_waiting *w = &t->waiting[t->count++];
    w->file = t->file;
    memcpy(w->name, t->name, sizeof w->name);
    t->file = -1;
    return STATUS_OK;
}

/* --- the group --- */

static void forget_group(struct maildir_target *t)
{
    t->needs_together = false;
    t->count = t->open_count = 0;
}

/* What was not moved goes; what cannot be removed is found by a later run. */
static void discard(struct maildir_target *t, int folder, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (t->waiting[i].file >= 0)
            close(t->waiting[i].file);
        t->waiting[i].file = -1;
        unlinkat(folder, t->waiting[i].name, 0);
    }
}

/* All of them, even behind a failure: each descriptor is closed here. A file whose sync failed is
 * never tried again, since the kernel has dropped what it could not write. */
static enum status sync_files(struct maildir_target *t)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < t->count; i++) {
        int fd = t->waiting[i].file;
        t->waiting[i].file = -1;
        if (fd >= 0 && !sync_and_close(fd) && status == STATUS_OK)
            status = deliver_failed(&t->delivery, "sync a file of the Maildir");
    }
    return status;
}

static enum status sync_together(struct maildir_target *t)
{
    uint64_t start = clock_ms();
    if (syncfs(t->tmp) != 0)
        return deliver_failed(&t->delivery, "sync the Maildir");
    t->together = clock_ms() - start < TOGETHER_MS;
    for (size_t i = 0; i < t->count; i++) {
        if (t->waiting[i].file >= 0)
            close(t->waiting[i].file);
        t->waiting[i].file = -1;
    }
    return STATUS_OK;
}

static enum status sync_group(struct maildir_target *t)
{
    bool together = t->needs_together || (t->together && t->count >= TOGETHER_LEAST);
    return together ? sync_together(t) : sync_files(t);
}

/* Never over another file; a link where the file system knows no such renaming. */
static bool move(const struct maildir_target *t, const char *name)
{
    if (renameat2(t->tmp, name, t->new, name, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    return linkat(t->tmp, name, t->new, name, 0) == 0 && unlinkat(t->tmp, name, 0) == 0;
}

static enum status move_files(struct maildir_target *t, size_t *moved)
{
    for (*moved = 0; *moved < t->count; (*moved)++) {
        if (!move(t, t->waiting[*moved].name))
            return deliver_failed(&t->delivery, "move a file into new/ of the Maildir");
    }
    return STATUS_OK;
}

/* A folder whose sync failed may lose what was moved into it: all is taken back, the server still
 * has it. */
static enum status commit(struct delivery *d)
{
    struct maildir_target *t = target_of(d);
    size_t moved = 0;
    enum status status = sync_group(t);
    if (status == STATUS_OK)
        status = move_files(t, &moved);
    if (moved && fsync(t->new) != 0) {
        if (status == STATUS_OK)
            status = deliver_failed(d, "sync new/ of the Maildir");
        discard(t, t->new, 0, moved);
    }
    discard(t, t->tmp, moved, t->count);
    forget_group(t);
    return status;
}

static void close_target(struct delivery *d)
{
    struct maildir_target *t = target_of(d);
    discard(t, t->tmp, 0, t->count);
    free(t->waiting);
    close(t->cur);
    close(t->new);
    close(t->tmp);
    close(t->folder);
    free(t);
}

const struct deliver_driver deliver_maildir = {
    .line_end = DELIVER_LF,
    .open = maildir_target_open,
    .close = close_target,
    .begin = begin,
    .put = put,
    .finish = finish,
    .abort = abort_message,
    .commit = commit,
    .has = maildir_target_has,
    .scan = maildir_target_scan,
};
