#include "store/store_maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TRIES = 3 };

static struct maildir_drop *maildir_drop(struct store_drop *d)
{
    return (struct maildir_drop *)d;
}

static struct maildir_store *maildir_store_of(const struct maildir_drop *d)
{
    return (struct maildir_store *)d->base.store;
}

/* While the folders are certain or likely not to have changed since they were read, for a moment
 * at least: a client that asks for many messages which are gone costs one reading. */
static bool fresh_still_holds(const struct maildir_drop *d, const struct maildir_stamps *now)
{
    const int64_t moment = 100000000; /* ns */
    if (!d->fresh || !d->fresh->whole || memcmp(&d->fresh->stamps, now, sizeof *now) != 0)
        return false;
    int64_t age = maildir_clock() - d->fresh->read_at;
    return d->fresh->settled || (age >= 0 && age < moment);
}

enum status maildir_refresh(struct maildir_drop *d)
{
    if (!d->fresh && !(d->fresh = calloc(1, sizeof *d->fresh)))
        return STATUS_NO_MEMORY;
    maildir_scan_wipe(d->fresh);
    return maildir_scan_read(d->fresh, maildir_store_of(d)->uidl_keep, d->directory, d->path, NULL);
}

bool maildir_is_twin(const struct maildir_drop *d, const struct maildir_message *m)
{
    size_t i = (size_t)(m - d->snapshot->messages);
    size_t count = maildir_snapshot_count(d->snapshot);
    struct slice base = maildir_message_base(m);
    return (i > 0 && slice_equal(maildir_message_base(m - 1), base)) ||
           (i + 1 < count && slice_equal(maildir_message_base(m + 1), base));
}

const struct maildir_found *maildir_fresh_find(const struct maildir_drop *d,
                                               const struct maildir_message *m)
{
    return d->fresh ? maildir_scan_find(d->fresh, maildir_message_base(m)) : NULL;
}

struct maildir_place maildir_first_place(const struct maildir_drop *d,
                                         const struct maildir_message *m)
{
    const struct maildir_found *f = maildir_is_twin(d, m) ? NULL : maildir_fresh_find(d, m);
    return f ? (struct maildir_place){f->name, f->folder}
             : (struct maildir_place){m->name, m->folder};
}

static bool is_elsewhere(const struct maildir_found *f, struct maildir_place at)
{
    return f->folder != at.folder || strcmp(f->name, at.name) != 0;
}

/* The message is no longer at *at: where it is now. NOT_FOUND: gone, or not to be told from
 * another one of its name. */
static enum status find_again(struct maildir_drop *d, const struct maildir_message *m,
                              struct maildir_place *at)
{
    struct maildir_stamps now;
    enum status s = maildir_stamps_take(d->directory, maildir_store_of(d)->uidl_keep, &now);
    if (s != STATUS_OK || maildir_is_twin(d, m))
        return s != STATUS_OK ? s : STATUS_NOT_FOUND;
    const struct maildir_found *f = maildir_fresh_find(d, m);
    bool holds = fresh_still_holds(d, &now);
    if (holds && !f)
        return STATUS_NOT_FOUND;
    if (!holds || !is_elsewhere(f, *at)) {
        s = maildir_refresh(d);
        f = maildir_fresh_find(d, m);
    }
    if (s != STATUS_OK || !f)
        return s != STATUS_OK ? s : STATUS_NOT_FOUND;
    *at = (struct maildir_place){f->name, f->folder};
    return STATUS_OK;
}

static enum status open_at(int directory, struct maildir_place at, bool nowait, int *descriptor)
{
    char path[8 + 256];
    struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                   (nowait ? RESOLVE_CACHED : 0),
    };
    snprintf(path, sizeof path, "%s/%s", maildir_watched[at.folder], at.name);
    do
        *descriptor = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    while (*descriptor < 0 && errno == EINTR);
    return *descriptor >= 0 ? STATUS_OK : status_from_errno(errno);
}

/* Opens the message, under the name it has now (S45). */
static enum status open_message(struct maildir_drop *d, const struct maildir_message *m,
                                bool nowait, int *descriptor)
{
    struct maildir_place at = maildir_first_place(d, m);
    enum status s = open_at(d->directory, at, nowait, descriptor);
    if (s == STATUS_NOT_FOUND && nowait)
        return STATUS_AGAIN;
    for (int i = 0; i < TRIES && s == STATUS_NOT_FOUND; i++) {
        s = find_again(d, m, &at);
        if (s == STATUS_NOT_FOUND && (!d->fresh || d->fresh->whole))
            return s; /* nobody was renaming while we looked: it is gone */
        if (s == STATUS_OK)
            s = open_at(d->directory, at, false, descriptor);
    }
    return s;
}

/* STATUS_CORRUPT: the file ends before `size` octets. */
static enum status read_whole(int fd, char *data, size_t size, bool nowait)
{
    size_t done = 0;
    while (done < size) {
        struct iovec part = {data + done, size - done};
        ssize_t n = preadv2(fd, &part, 1, (off_t)done, nowait ? RWF_NOWAIT : 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && nowait && (errno == EAGAIN || errno == EOPNOTSUPP))
            return STATUS_AGAIN;
        if (n < 0)
            return STATUS_IO;
        if (n == 0)
            return STATUS_CORRUPT;
        done += (size_t)n;
    }
    return STATUS_OK;
}

static enum status read_inline(int fd, bool nowait, struct store_blob *out)
{
    size_t size = (size_t)out->size;
    char *data = malloc(size ? size : 1);
    if (!data)
        return STATUS_NO_MEMORY;
    enum status s = read_whole(fd, data, size, nowait);
    if (s == STATUS_OK)
        out->data = data;
    else
        free(data);
    return s;
}

/* Takes over the descriptor: closes it or hands it out. */
static enum status make_blob(int fd, const struct maildir_message *m, size_t inline_limit,
                             bool nowait, struct store_blob *out)
{
    struct stat st;
    enum status s = STATUS_OK;
    if (fstat(fd, &st) != 0)
        s = STATUS_IO;
    else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != m->stored)
        s = STATUS_CORRUPT;
    out->size = m->stored;
    if (s == STATUS_OK && m->stored > inline_limit) {
        out->descriptor = fd;
        return STATUS_OK;
    }
    if (s == STATUS_OK)
        s = read_inline(fd, nowait, out);
    close(fd);
    return s;
}

enum status maildir_blob(struct store_drop *base, uint32_t i, size_t inline_limit, bool nowait,
                         struct store_blob *out)
{
    struct maildir_drop *d = maildir_drop(base);
    const struct maildir_message *m = &d->snapshot->messages[i];
    const struct store_row *row = &store_listing_rows(base->listing)[i];
    int fd;
    enum status s = open_message(d, m, nowait, &fd);
    if (s == STATUS_OK)
        s = make_blob(fd, m, inline_limit, nowait, out);
    if (s == STATUS_CORRUPT)
        maildir_lied(base, i);
    out->octets = row->octets;
    out->needs = row->needs;
    return s;
}

void maildir_lied(struct store_drop *base, uint32_t i)
{
    struct maildir_drop *d = maildir_drop(base);
    struct maildir_message *m = &d->snapshot->messages[i];
    atomic_store(&m->suspect, true);
    atomic_store(&d->snapshot->suspect, true);
    d->dirty = true;
    maildir_notice(&maildir_store_of(d)->observer, "size was not what was announced", d->path,
                   slice_of(m->name, m->name_size), "counted anew at the next login");
}
