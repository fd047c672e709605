#include "store/store_index.h"

#include "store/store_uidl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* More than the largest drop's index has. */
static const off_t size_most = (off_t)3 << 30;
enum { ABANDONED = 60 /* seconds */ };

bool store_index_locate(struct store_index_place *p, int index_directory, int maildir,
                        const char *path)
{
    char hash[64];
    if (index_directory < 0) {
        *p = (struct store_index_place){.directory = maildir, .name = "poplin-index"};
        return true;
    }
    if (!store_uidl_hash(slice_str(path), 0, hash))
        return false;
    *p = (struct store_index_place){.directory = index_directory};
    memcpy(p->name, hash, sizeof hash);
    return true;
}

/* --- reading --- */

static const char *check_file(int fd, struct stat *st)
{
    if (fstat(fd, st) != 0)
        return "cannot be read";
    if (!S_ISREG(st->st_mode))
        return "not a regular file";
    if (st->st_uid != geteuid())
        return "of another owner";
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return "writable by others";
    return st->st_size > size_most ? "too large" : NULL;
}

static bool read_next(void *descriptor, char *to, size_t size)
{
    while (size > 0) {
        ssize_t n = read(*(int *)descriptor, to, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        size -= (size_t)n;
    }
    return true;
}

static struct maildir_snapshot *read_open(int fd, const char **cause)
{
    struct stat st;
    *cause = check_file(fd, &st);
    if (*cause)
        return NULL;
    struct store_index_source source = {
        .context = &fd, .size = (uint64_t)st.st_size, .read = read_next};
    return store_index_decode(&source, cause);
}

struct maildir_snapshot *store_index_read(const struct store_index_place *p, const char **cause)
{
    *cause = NULL;
    int fd =
        openat(p->directory, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT)
            *cause = errno == ELOOP ? "symbolic link" : "cannot be opened";
        return NULL;
    }
    struct maildir_snapshot *s = read_open(fd, cause);
    close(fd);
    return s;
}

/* --- writing --- */

static bool write_file(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

/* One writer at a time; what a killed one left is taken away after a while. */
static bool clear_abandoned(int directory, const char *name)
{
    struct stat st;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    time_t age = time(NULL) - st.st_mtime;
    return (age < 0 || age > ABANDONED) && unlinkat(directory, name, 0) == 0;
}

static int create(int directory, const char *name)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(directory, name, flags, 0600);
    if (fd < 0 && errno == EEXIST && clear_abandoned(directory, name))
        fd = openat(directory, name, flags, 0600);
    return fd;
}

/* Written beside and renamed, so that a reader sees the old file or the new one. It is not synced:
 * after a power cut the checksum tells a torn file, and the loss is a counting. */
static enum status replace(const struct store_index_place *p, struct slice file)
{
    char temporary[sizeof p->name + 8];
    snprintf(temporary, sizeof temporary, "%s.new", p->name);
    int fd = create(p->directory, temporary);
    if (fd < 0)
        return errno == EEXIST ? STATUS_OK : status_from_errno(errno);
    bool done = write_file(fd, file.data, file.size);
    int error = done ? 0 : errno;
    if (close(fd) != 0 && done)
        error = errno;
    if (error == 0 && renameat(p->directory, temporary, p->directory, p->name) != 0)
        error = errno;
    if (error != 0)
        (void)unlinkat(p->directory, temporary, 0);
    return error ? status_from_errno(error) : STATUS_OK;
}

enum status store_index_write(const struct store_index_place *p, const struct maildir_snapshot *s)
{
    size_t size;
    char *file = store_index_encode(s, &size);
    if (!file)
        return STATUS_NO_MEMORY;
    enum status status = replace(p, slice_of(file, size));
    free(file);
    return status;
}
