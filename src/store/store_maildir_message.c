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

/* Where a message lies now. */
struct place {
    const char *name;
    int folder;
};

static struct maildir_store *maildir_store_of(const struct maildir_drop *d)
{
    return (struct maildir_store *)d->base.store;
}

/* Two files of one base name: only their whole names tell them apart. */
static bool is_twin(const struct maildir_drop *d, const struct maildir_message *m)
{
    size_t i = (size_t)(m - d->snapshot->messages);
    size_t count = maildir_snapshot_count(d->snapshot);
    struct slice base = maildir_message_base(m);
    return (i > 0 && slice_equal(maildir_message_base(m - 1), base)) ||
           (i + 1 < count && slice_equal(maildir_message_base(m + 1), base));
}

/* The names as they are now replace those of the listing for looking up files. Nothing is read
 * again while the folders are certain not to have changed. NOT_FOUND: the message is gone. CORRUPT:
 * it may be either of two. */
static enum status find_again(struct maildir_drop *d, const struct maildir_message *m,
                              struct place *at)
{
    struct maildir_stamps now;
    enum status s = maildir_stamps_take(d->directory, maildir_store_of(d)->uidl_keep, &now);
    if (s != STATUS_OK)
        return s;
    if (!d->fresh && !(d->fresh = calloc(1, sizeof *d->fresh)))
        return STATUS_NO_MEMORY;
    if (!d->fresh->settled || memcmp(&d->fresh->stamps, &now, sizeof now) != 0) {
        maildir_scan_wipe(d->fresh);
        s = maildir_scan_read(d->fresh, maildir_store_of(d), d->directory, d->path);
        if (s != STATUS_OK)
            return s;
    }
    const struct maildir_found *f = maildir_scan_find(d->fresh, maildir_message_base(m));
    if (!f)
        return STATUS_NOT_FOUND;
    if (is_twin(d, m))
        return STATUS_CORRUPT;
    *at = (struct place){f->name, f->folder};
    return STATUS_OK;
}

static struct place first_place(const struct maildir_drop *d, const struct maildir_message *m)
{
    const struct maildir_found *f =
        d->fresh && !is_twin(d, m) ? maildir_scan_find(d->fresh, maildir_message_base(m)) : NULL;
    return f ? (struct place){f->name, f->folder} : (struct place){m->name, m->folder};
}

static enum status open_at(int directory, struct place at, bool nowait, int *descriptor)
{
    char path[8 + 256];
    struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                   (nowait ? RESOLVE_CACHED : 0),
    };
    snprintf(path, sizeof path, "%s/%s", maildir_watched[at.folder], at.name);
    *descriptor = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    return *descriptor >= 0 ? STATUS_OK : status_from_errno(errno);
}

/* Opens the message, under the name it has now (S45). */
static enum status open_message(struct maildir_drop *d, const struct maildir_message *m,
                                bool nowait, int *descriptor)
{
    struct place at = first_place(d, m);
    enum status s = open_at(d->directory, at, nowait, descriptor);
    if (s == STATUS_NOT_FOUND && nowait)
        return STATUS_AGAIN;
    for (int i = 0; i < TRIES && s == STATUS_NOT_FOUND; i++) {
        s = find_again(d, m, &at);
        if (s == STATUS_NOT_FOUND && d->fresh && d->fresh->whole)
            return s; /* nobody was renaming while we looked: it is gone */
        if (s == STATUS_OK)
            s = open_at(d->directory, at, false, descriptor);
    }
    return s == STATUS_CORRUPT ? STATUS_NOT_FOUND : s;
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

/* --- removal --- */

struct removal {
    struct maildir_drop *drop;
    int folders[MAILDIR_FOLDERS];
    uint32_t unlinked[MAILDIR_FOLDERS]; /* since nothing of it is durable yet */
    struct store_removed *out;
};

static void cannot_remove(struct removal *r, const struct maildir_message *m, const char *cause)
{
    maildir_notice(&maildir_store_of(r->drop)->observer, "cannot remove", r->drop->path,
                   slice_of(m->name, m->name_size), cause);
    r->out->failed++;
}

static enum status unlink_at(struct removal *r, struct place at)
{
    if (r->folders[at.folder] < 0)
        return STATUS_NOT_FOUND;
    if (unlinkat(r->folders[at.folder], at.name, 0) != 0)
        return status_from_errno(errno);
    r->unlinked[at.folder]++;
    return STATUS_OK;
}

static void remove_one(struct removal *r, const struct maildir_message *m)
{
    struct place at = first_place(r->drop, m);
    enum status s = unlink_at(r, at);
    for (int i = 0; i < TRIES && s == STATUS_NOT_FOUND; i++) {
        s = find_again(r->drop, m, &at);
        if (s == STATUS_NOT_FOUND && r->drop->fresh && r->drop->fresh->whole) {
            r->out->removed++; /* somebody else did it */
            return;
        }
        if (s == STATUS_OK)
            s = unlink_at(r, at);
    }
    if (s != STATUS_OK)
        cannot_remove(r, m, status_text(s));
}

/* What was unlinked is removed once the folder says so on the disk. */
static void make_durable(struct removal *r, int folder)
{
    if (r->unlinked[folder] == 0)
        return;
    if (fsync(r->folders[folder]) == 0) {
        r->out->removed += r->unlinked[folder];
        return;
    }
    r->out->failed += r->unlinked[folder];
    maildir_notice(&maildir_store_of(r->drop)->observer, "removal may not last", r->drop->path,
                   slice_str(maildir_watched[folder]), status_text(status_from_errno(errno)));
}

static bool enter_folders(struct removal *r)
{
    bool entered = true;
    for (int i = 0; i < MAILDIR_FOLDERS; i++) {
        enum status s = maildir_folder_enter(r->drop->directory, i, &r->folders[i]);
        entered = entered && (s == STATUS_OK || s == STATUS_NOT_FOUND);
    }
    return entered;
}

void maildir_remove(struct store_drop *base, const uint64_t *marks, struct store_removed *out)
{
    struct maildir_drop *d = maildir_drop(base);
    struct removal r = {.drop = d, .folders = {-1, -1}, .out = out};
    uint32_t count = maildir_snapshot_count(d->snapshot);
    bool entered = count > 0 && enter_folders(&r);
    for (uint32_t i = 0; i < count; i++) {
        if (!store_marked(marks, i))
            continue;
        if (entered)
            remove_one(&r, &d->snapshot->messages[i]);
        else
            cannot_remove(&r, &d->snapshot->messages[i], "the folder cannot be opened");
    }
    for (int i = 0; i < MAILDIR_FOLDERS; i++) {
        make_durable(&r, i);
        if (r.folders[i] >= 0)
            close(r.folders[i]);
    }
}
