#include "store/store_uidlist.h"

#include "store/store_uidl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A list of LIMIT_MESSAGES with names of usual length. */
static const off_t size_most = (off_t)2 << 30;

bool store_uidlist_line(struct slice *text, struct slice *line)
{
    size_t at = slice_find(*text, '\n');
    if (at == text->size)
        return false; /* still being written, or cut off: not to be taken for a name */
    *line = slice_take(*text, at);
    *text = slice_skip(*text, at + 1);
    return true;
}

struct slice store_uidlist_word(struct slice *line)
{
    size_t at = slice_find(*line, ' ');
    struct slice word = slice_take(*line, at);
    *line = slice_skip(*line, at < line->size ? at + 1 : at);
    return word;
}

/* --- X-UIDL --- */

static struct slice trim(struct slice s)
{
    while (s.size && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = slice_skip(s, 1);
    while (s.size && memchr(" \t\r", s.data[s.size - 1], 3))
        s.size--;
    return s;
}

struct slice store_uidl_from_header(struct slice start)
{
    struct slice name = SLICE("X-UIDL:");
    struct slice line;
    while (store_uidlist_line(&start, &line) && trim(line).size > 0) {
        if (line.size < name.size || !slice_equal_nocase(slice_take(line, name.size), name))
            continue;
        struct slice uidl = trim(slice_skip(line, name.size));
        return store_uidl_is_valid(uidl) ? uidl : (struct slice){0};
    }
    return (struct slice){0};
}

/* --- lists --- */

struct list_kind {
    int watched;
    bool (*start)(struct store_uidlist *l, struct slice file);
    bool (*next)(struct store_uidlist *l, struct store_uidlist_entry *out);
};

static const struct list_kind kinds[] = {
    {MAILDIR_DOVECOT, store_uidlist_dovecot_start, store_uidlist_dovecot_next},
    {MAILDIR_COURIER, store_uidlist_courier_start, store_uidlist_courier_next},
};

struct apply {
    struct maildir_scan *scan;
    uint64_t *ranks; /* as many as there are files; the scan's own order is needed meanwhile */
    const struct store_observer *observer;
    const char *path;
};

static bool read_open(int fd, char **data, size_t *size)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > size_most)
        return false;
    *size = 0;
    *data = malloc(st.st_size ? (size_t)st.st_size : 1);
    while (*data && *size < (size_t)st.st_size) {
        ssize_t n = read(fd, *data + *size, (size_t)st.st_size - *size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        if (n == 0)
            return true; /* shorter than a moment ago */
        *size += (size_t)n;
    }
    return *data && *size == (size_t)st.st_size;
}

/* NOT_FOUND: there is none. Anything else than that or OK: UIDLs that were announced before may be
 * in it, and announcing others would make every client fetch its mail again. */
static enum status read_list(int directory, const char *name, char **data, size_t *size)
{
    *data = NULL;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_TEMPORARY;
    bool whole = read_open(fd, data, size);
    close(fd);
    if (whole)
        return STATUS_OK;
    free(*data);
    return STATUS_TEMPORARY;
}

/* What an earlier list or login said stays. */
static enum status apply_entry(struct apply *a, const struct store_uidlist_entry *e)
{
    const struct maildir_found *first = maildir_scan_find(a->scan, e->base);
    if (!first)
        return STATUS_OK;
    size_t i = (size_t)(first - a->scan->found);
    struct slice uidl = slice_of(e->uidl, e->uidl_size);
    if (a->scan->found[i].kept.size == 0 && store_uidl_is_valid(uidl)) {
        char *copy = store_arena_put(&a->scan->arena, uidl);
        if (!copy)
            return STATUS_NO_MEMORY;
        a->scan->found[i].kept = slice_of(copy, uidl.size);
    }
    for (; i < a->scan->count; i++) {
        if (!slice_equal(maildir_found_base(&a->scan->found[i]), e->base))
            break;
        if (a->ranks[i] == UINT64_MAX)
            a->ranks[i] = e->rank;
    }
    return STATUS_OK;
}

static void notice(const struct apply *a, const struct list_kind *kind, const char *cause)
{
    maildir_notice(a->observer, "list of UIDLs", a->path, slice_str(maildir_watched[kind->watched]),
                   cause);
}

static enum status apply_file(struct apply *a, const struct list_kind *kind, struct slice file)
{
    struct store_uidlist l;
    struct store_uidlist_entry e;
    enum status s = STATUS_OK;
    if (!kind->start(&l, file)) {
        notice(a, kind, "of an unknown version, not used");
        return STATUS_OK;
    }
    while (s == STATUS_OK && kind->next(&l, &e))
        s = apply_entry(a, &e);
    if (l.odd)
        notice(a, kind, "has lines that cannot be read");
    return s;
}

static enum status apply_list(struct apply *a, const struct list_kind *kind, int directory)
{
    char *data;
    size_t size;
    enum status s = read_list(directory, maildir_watched[kind->watched], &data, &size);
    if (s == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (s != STATUS_OK) {
        notice(a, kind, "cannot be read");
        return s;
    }
    s = apply_file(a, kind, slice_of(data, size));
    free(data);
    return s;
}

enum status store_uidlist_apply(struct maildir_scan *scan, const struct store_observer *observer,
                                int directory, const char *path)
{
    struct apply a = {.scan = scan, .observer = observer, .path = path};
    a.ranks = malloc(scan->count ? scan->count * sizeof *a.ranks : 1);
    if (!a.ranks)
        return STATUS_NO_MEMORY;
    memset(a.ranks, 0xff, scan->count * sizeof *a.ranks);
    enum status s = STATUS_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && s == STATUS_OK; i++)
        s = apply_list(&a, &kinds[i], directory);
    for (size_t i = 0; i < scan->count; i++)
        scan->found[i].rank = a.ranks[i];
    free(a.ranks);
    return s;
}
