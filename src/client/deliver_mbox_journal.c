#include "client/deliver_mbox_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct slice title = {"poplin-mbox 1 ", 14};

static bool read_whole(int file, char *out, size_t size, uint64_t at)
{
    while (size) {
        ssize_t n = pread(file, out, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        out += n;
        size -= (size_t)n;
        at += (uint64_t)n;
    }
    return true;
}

static bool write_whole(int file, const char *data, size_t size, uint64_t at)
{
    while (size) {
        ssize_t n = pwrite(file, data, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        size -= (size_t)n;
        at += (uint64_t)n;
    }
    return true;
}

/* --- header --- */

bool journal_write_header(int file, const struct journal_header *h)
{
    char text[JOURNAL_HEADER + 1];
    int n = snprintf(text, sizeof text, "%.*s%c %020llu %020llu %020llu %020llu", SLICE_ARGS(title),
                     h->phase, (unsigned long long)h->end, (unsigned long long)h->start,
                     (unsigned long long)h->size, (unsigned long long)h->names);
    memset(text + n, ' ', (size_t)(JOURNAL_HEADER - 1 - n));
    text[JOURNAL_HEADER - 1] = '\n';
    return write_whole(file, text, JOURNAL_HEADER, 0);
}

static bool take_number(struct slice *s, uint64_t *out)
{
    bool taken = s->size >= 21 && slice_parse_u64(slice_take(*s, 20), out);
    if (taken)
        *s = slice_skip(*s, 21);
    return taken;
}

bool journal_read_header(int file, struct journal_header *out)
{
    char text[JOURNAL_HEADER];
    struct stat st;
    struct slice s = slice_of(text, sizeof text);
    if (fstat(file, &st) != 0 || !read_whole(file, text, sizeof text, 0) || !slice_starts(s, title))
        return false;
    out->phase = s.data[title.size];
    s = slice_skip(s, title.size + 2);
    uint64_t size = (uint64_t)st.st_size;
    return (out->phase == 'P' || out->phase == 'D') && take_number(&s, &out->end) &&
           take_number(&s, &out->start) && take_number(&s, &out->size) &&
           take_number(&s, &out->names) && out->start >= JOURNAL_HEADER && out->start <= size &&
           out->size <= size - out->start && out->names == size - out->start - out->size &&
           out->names <= JOURNAL_NAMES_MOST && out->end <= INT64_MAX - size;
}

char *journal_read_names(int file, const struct journal_header *h)
{
    char *names = malloc(h->names + 1);
    if (names && !read_whole(file, names, h->names, h->start + h->size)) {
        free(names);
        names = NULL;
    }
    return names;
}

/* --- the group --- */

enum journal_found journal_compare(int file, const struct journal_header *h, int mail, char *memory,
                                   size_t room)
{
    struct stat st;
    if (fstat(mail, &st) != 0)
        return JOURNAL_UNREADABLE;
    if ((uint64_t)st.st_size < h->end)
        return JOURNAL_OTHER;
    uint64_t there = (uint64_t)st.st_size - h->end;
    uint64_t size = there < h->size ? there : h->size;
    for (uint64_t at = 0; at < size;) {
        size_t n = size - at < room / 2 ? (size_t)(size - at) : room / 2;
        if (!read_whole(file, memory, n, h->start + at) ||
            !read_whole(mail, memory + room / 2, n, h->end + at))
            return JOURNAL_UNREADABLE;
        if (memcmp(memory, memory + room / 2, n) != 0)
            return JOURNAL_OTHER;
        at += n;
    }
    return size == h->size ? JOURNAL_WHOLE : JOURNAL_PART;
}

bool journal_copy(int file, const struct journal_header *h, int mail, char *memory, size_t room)
{
    for (uint64_t at = 0; at < h->size;) {
        size_t n = h->size - at < room ? (size_t)(h->size - at) : room;
        errno = EIO; /* of a journal that ends early */
        if (!read_whole(file, memory, n, h->start + at) ||
            !write_whole(mail, memory, n, h->end + at))
            return false;
        at += n;
    }
    return true;
}

void journal_mark_done(int file, struct journal_header *h)
{
    h->phase = 'D';
    if (journal_write_header(file, h) && fdatasync(file) == 0 && h->size)
        (void)fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)h->start,
                        (off_t)h->size);
}
