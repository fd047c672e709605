#include "store/store_maildir.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { TRIES = 3, NAME_LONGEST = 255 };

/* Digits from *at on; false when there are none. */
static bool take_number(struct slice s, size_t *at, uint64_t *out)
{
    size_t from = *at;
    while (*at < s.size && s.data[*at] >= '0' && s.data[*at] <= '9')
        (*at)++;
    return slice_parse_u64(slice_of(s.data + from, *at - from), out);
}

/* "…M<digits>…" in the part between the first and the second dot. The letters that deliverers use
 * there for other numbers are followed by lower-case hexadecimal digits at most. */
static uint64_t microseconds(struct slice s, size_t at)
{
    uint64_t micro = 0;
    for (; at < s.size && s.data[at] != '.'; at++)
        if (s.data[at] == 'M' && ++at && take_number(s, &at, &micro))
            return micro;
    return 0;
}

void maildir_found_parse(struct maildir_found *f, const char *name, size_t size)
{
    f->name = name;
    f->name_size = (uint8_t)size;
    f->base_size = (uint8_t)slice_find(slice_of(name, size), ':');
    f->rank = UINT64_MAX;
    struct slice base = maildir_found_base(f);
    size_t at = 0;
    if (!take_number(base, &at, &f->seconds) || at == base.size || base.data[at] != '.') {
        f->seconds = 0;
        return;
    }
    f->micro = microseconds(base, at + 1);
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_octets(struct slice a, struct slice b)
{
    int c = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return c ? c : compare_u64(a.size, b.size);
}

int maildir_found_compare(const void *left, const void *right)
{
    const struct maildir_found *a = left;
    const struct maildir_found *b = right;
    int c = compare_u64(a->rank, b->rank);
    c = c ? c : compare_u64(a->seconds, b->seconds);
    c = c ? c : compare_u64(a->micro, b->micro);
    c = c ? c : compare_octets(maildir_found_base(a), maildir_found_base(b));
    c = c ? c : compare_u64(b->folder, a->folder);
    return c ? c : compare_octets(slice_of(a->name, a->name_size), slice_of(b->name, b->name_size));
}

void maildir_scan_sort(struct maildir_scan *scan)
{
    if (scan->count)
        qsort(scan->found, scan->count, sizeof *scan->found, maildir_found_compare);
}

void maildir_scan_wipe(struct maildir_scan *scan)
{
    free(scan->found);
    store_arena_wipe(&scan->arena);
    *scan = (struct maildir_scan){0};
}

static struct maildir_found *next_found(struct maildir_scan *scan)
{
    if (scan->count == scan->room) {
        size_t room = scan->room ? scan->room * 2 : 32;
        struct maildir_found *more = realloc(scan->found, room * sizeof *more);
        if (!more)
            return NULL;
        scan->found = more;
        scan->room = room;
    }
    struct maildir_found *f = &scan->found[scan->count];
    *f = (struct maildir_found){0};
    return f;
}

static const char *oddity(const struct dirent *e, size_t size)
{
    if (e->d_type != DT_REG && e->d_type != DT_UNKNOWN)
        return "not a regular file";
    if (size > NAME_LONGEST)
        return "name too long";
    return e->d_name[0] == ':' ? "no unique name before the colon" : NULL;
}

static enum status add_entry(struct maildir_scan *scan, const struct dirent *e, int folder)
{
    size_t size = strlen(e->d_name);
    if (scan->count >= LIMIT_MESSAGES)
        return STATUS_PERMANENT;
    struct maildir_found *f = next_found(scan);
    const char *name = f ? store_arena_put(&scan->arena, slice_of(e->d_name, size)) : NULL;
    if (!name)
        return STATUS_NO_MEMORY;
    maildir_found_parse(f, name, size);
    f->folder = (uint8_t)folder;
    scan->count++;
    return STATUS_OK;
}

struct scan_context {
    const struct store_observer *observer;
    const char *path;
};

static enum status read_entries(struct maildir_scan *scan, DIR *dir, int folder,
                                const struct scan_context *context)
{
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (!e)
            return errno ? status_from_errno(errno) : STATUS_OK;
        if (e->d_name[0] == '.')
            continue;
        const char *cause = oddity(e, strlen(e->d_name));
        if (cause) {
            if (context->observer)
                maildir_notice(context->observer, "skipped in the maildrop", context->path,
                               slice_str(e->d_name), cause);
            continue;
        }
        enum status s = add_entry(scan, e, folder);
        if (s != STATUS_OK)
            return s;
    }
}

static enum status read_folder(struct maildir_scan *scan, int directory, int folder,
                               const struct scan_context *context)
{
    int fd;
    enum status s = maildir_folder_enter(directory, folder, &fd);
    if (s == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (s != STATUS_OK)
        return s;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return STATUS_NO_MEMORY;
    }
    s = read_entries(scan, dir, folder, context);
    closedir(dir);
    return s;
}

/* new/ first: what moves to cur/ meanwhile is then seen twice rather than not at all. Twice the
 * same name means that both are counted, and the one that has moved turns out to be gone. */
static enum status read_once(struct maildir_scan *scan, bool with_lists, int directory,
                             const struct scan_context *context)
{
    int64_t began = maildir_clock();
    struct maildir_stamps after;
    enum status s = maildir_stamps_take(directory, with_lists, &scan->stamps);
    for (int folder = 0; folder < MAILDIR_FOLDERS && s == STATUS_OK; folder++)
        s = read_folder(scan, directory, folder, context);
    if (s == STATUS_OK)
        s = maildir_stamps_take(directory, with_lists, &after);
    if (s != STATUS_OK)
        return s;
    scan->whole = memcmp(&scan->stamps, &after, sizeof after) == 0;
    scan->read_at = began;
    scan->settled = scan->whole && maildir_stamps_are_settled(directory, &scan->stamps, began);
    return STATUS_OK;
}

enum status maildir_scan_read(struct maildir_scan *scan, bool with_lists, int directory,
                              const char *path, const struct store_observer *observer)
{
    struct scan_context context = {observer, path};
    enum status s = STATUS_OK;
    for (int i = 0; i < TRIES && s == STATUS_OK && !scan->whole; i++) {
        maildir_scan_wipe(scan);
        s = read_once(scan, with_lists, directory, &context);
        context.observer = NULL; /* told once */
    }
    if (s != STATUS_OK) {
        maildir_scan_wipe(scan);
        return s;
    }
    maildir_scan_sort(scan);
    return STATUS_OK;
}

const struct maildir_found *maildir_scan_find(const struct maildir_scan *scan, struct slice base)
{
    struct maildir_found key = {0};
    maildir_found_parse(&key, base.data, base.size);
    key.base_size = (uint8_t)base.size;
    key.folder = MAILDIR_FOLDERS; /* before every file of the name */
    size_t low = 0;
    size_t high = scan->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (maildir_found_compare(&scan->found[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < scan->count && slice_equal(maildir_found_base(&scan->found[low]), base))
        return &scan->found[low];
    return NULL;
}
