#include "client/deliver_maildir.h"
#include "client/deliver_name.h"
#include "codec/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Looks again: a reader may move a message, or set a flag, between two looks. */
enum { LOOKS = 3 };

static DIR *open_listing(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

static struct slice base_of(const char *name)
{
    struct slice s = slice_str(name);
    return slice_take(s, slice_find(s, ':'));
}

/* --- is it there --- */

/* What was seen may lie in memory only, when the run was killed between moving and syncing. */
static bool is_durable(int folder, const char *name)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool durable =
        fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fsync(fd) == 0 && fsync(folder) == 0;
    close(fd);
    return durable;
}

static bool look(int folder, struct slice file)
{
    DIR *dir = open_listing(folder);
    const struct dirent *e;
    bool found = false;
    while (dir && !found && (e = readdir(dir)))
        found = slice_equal(base_of(e->d_name), file) && is_durable(folder, e->d_name);
    if (dir)
        closedir(dir);
    return found;
}

bool maildir_target_has(struct delivery *d, struct slice file)
{
    struct maildir_target *t = (struct maildir_target *)d;
    char name[STATE_FILE_NAME + 1];
    if (!deliver_name_is_base(file))
        return false;
    memcpy(name, file.data, file.size);
    name[file.size] = '\0';
    if (is_durable(t->new, name))
        return true;
    for (int i = 0; i < LOOKS; i++) {
        if (look(t->cur, file) || look(t->new, file))
            return true;
    }
    unlinkat(t->tmp, name, 0); /* what a killed run has left of it */
    return false;
}

/* --- what is there --- */

struct scanning {
    const struct account *account;
    struct header_hash header;
    struct wire_measure measure;
    char *memory;
};

/* Lines that this program put first, if they are there. */
static struct slice skip_own(struct slice start, bool added, struct slice name)
{
    if (!added || start.size < name.size || !slice_equal_nocase(slice_take(start, name.size), name))
        return start;
    struct slice rest = start;
    do {
        size_t at = slice_find(rest, '\n');
        if (at == rest.size)
            return start;
        rest = slice_skip(rest, at + 1);
    } while (rest.size && (rest.data[0] == ' ' || rest.data[0] == '\t'));
    return rest;
}

static bool read_piece(int fd, char *memory, struct slice *out)
{
    ssize_t n;
    do
        n = read(fd, memory, DELIVER_BUFFER);
    while (n < 0 && errno == EINTR);
    *out = slice_of(memory, n > 0 ? (size_t)n : 0);
    return n >= 0;
}

static bool read_message(struct scanning *s, int fd)
{
    struct slice piece;
    bool first = true;
    header_hash_restart(&s->header);
    wire_measure_init(&s->measure);
    while (read_piece(fd, s->memory, &piece)) {
        if (piece.size == 0) {
            wire_measure_end(&s->measure);
            return true;
        }
        if (first) {
            piece = skip_own(piece, s->account->add_received, SLICE("Received:"));
            piece = skip_own(piece, s->account->add_delivered_to, SLICE("Delivered-To:"));
        }
        first = false;
        header_hash_feed(&s->header, piece);
        wire_measure_feed(&s->measure, piece);
    }
    return false;
}

static bool was_read(const char *name)
{
    const char *flags = strstr(name, ":2,");
    return flags && strchr(flags + 3, 'S');
}

/* A file that went away meanwhile is passed over; anything else that fails is told. */
static enum status scan_file(struct scanning *s, int folder, const char *name, bool *counts)
{
    struct stat st;
    *counts = false;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP ? STATUS_OK : STATUS_IO;
    bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    bool whole = is_file && read_message(s, fd);
    close(fd);
    *counts = whole;
    return whole || !is_file ? STATUS_OK : STATUS_IO;
}

static enum status scan_folder(struct scanning *s, int folder, bool *more,
                               bool (*visit)(void *context, struct slice file,
                                             const unsigned char header_hash[STATE_HASH],
                                             uint64_t octets, bool read),
                               void *context)
{
    unsigned char hash[STATE_HASH];
    enum status status = STATUS_OK;
    const struct dirent *e;
    bool counts;
    DIR *dir = open_listing(folder);
    if (!dir)
        return STATUS_IO;
    while (*more && status == STATUS_OK && (errno = 0, e = readdir(dir))) {
        if (e->d_name[0] == '.')
            continue;
        status = scan_file(s, folder, e->d_name, &counts);
        if (status != STATUS_OK || !counts)
            continue;
        if (!header_hash_end(&s->header, hash))
            status = STATUS_NO_MEMORY;
        else
            *more =
                visit(context, base_of(e->d_name), hash, s->measure.octets, was_read(e->d_name));
    }
    if (status == STATUS_OK && *more && errno != 0)
        status = STATUS_IO;
    closedir(dir);
    return status;
}

enum status maildir_target_scan(struct delivery *d,
                                bool (*visit)(void *context, struct slice file,
                                              const unsigned char header_hash[STATE_HASH],
                                              uint64_t octets, bool read),
                                void *context)
{
    struct maildir_target *t = (struct maildir_target *)d;
    struct scanning s = {.account = d->account, .memory = malloc(DELIVER_BUFFER)};
    bool more = true;
    if (!s.memory)
        return STATUS_NO_MEMORY;
    enum status status = header_hash_init(&s.header);
    /* new/ first: what a reader moves meanwhile is seen twice and not missed. */
    if (status == STATUS_OK)
        status = scan_folder(&s, t->new, &more, visit, context);
    if (status == STATUS_OK && more)
        status = scan_folder(&s, t->cur, &more, visit, context);
    if (status != STATUS_OK)
        snprintf(d->error, sizeof d->error, "cannot read the Maildir: %s", status_text(status));
    header_hash_wipe(&s.header);
    free(s.memory);
    return status;
}
