#include "client/maildir_names.h"

#include "base/limits.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { BLOCK = 64 * 1024, TABLE_FIRST = 256, FILE_NAME = 255 };

struct maildir_block {
    struct maildir_block *next;
    size_t used;
    char text[BLOCK];
};

/* --- memory --- */

static const char *keep_text(struct maildir_names *n, const char *text, size_t size)
{
    struct maildir_block *b = n->blocks;
    if (size > FILE_NAME)
        return NULL;
    if (!b || BLOCK - b->used < size + 1) {
        b = malloc(sizeof *b);
        if (!b)
            return NULL;
        b->next = n->blocks;
        b->used = 0;
        n->blocks = b;
    }
    char *kept = b->text + b->used;
    memcpy(kept, text, size + 1);
    b->used += size + 1;
    return kept;
}

static size_t hash_of(struct slice base)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < base.size; i++)
        h = (h ^ (unsigned char)base.data[i]) * 0x100000001b3;
    return (size_t)(h ^ h >> 32);
}

static struct slice base_of(const struct maildir_name *name)
{
    return slice_of(name->file, name->base_size);
}

/* Where the name of that base is in the table, or where it would be. */
static size_t place_of(const struct maildir_names *n, struct slice base)
{
    size_t at = hash_of(base) & (n->table_size - 1);
    while (n->table[at] && !slice_equal(base_of(&n->list[n->table[at] - 1]), base))
        at = (at + 1) & (n->table_size - 1);
    return at;
}

static bool make_room(struct maildir_names *n)
{
    if (n->count < n->capacity)
        return true;
    size_t more = n->capacity ? n->capacity * 2 : TABLE_FIRST;
    struct maildir_name *list = reallocarray(n->list, more, sizeof *list);
    if (list)
        n->list = list;
    uint32_t *table = list ? calloc(more * 2, sizeof *table) : NULL;
    if (!table || more > UINT32_MAX / 2) {
        free(table);
        return false;
    }
    free(n->table);
    n->table = table;
    n->table_size = more * 2;
    n->capacity = more;
    for (size_t i = 0; i < n->count; i++)
        table[place_of(n, base_of(&list[i]))] = (uint32_t)i + 1;
    return true;
}

/* --- names --- */

uint8_t maildir_flags_of(const char *file)
{
    const char *flags = strstr(file, ":2,");
    uint8_t bits = 0;
    for (flags = flags ? flags + 3 : ""; *flags; flags++)
        bits |= *flags == 'S'   ? MAILDIR_READ
                : *flags == 'F' ? MAILDIR_FLAGGED
                : *flags == 'R' ? MAILDIR_ANSWERED
                                : 0;
    return bits;
}

const char *maildir_folder_name(enum maildir_folder folder)
{
    return folder == MAILDIR_NEW ? "new" : "cur";
}

static bool add(struct maildir_names *n, enum maildir_folder folder, const char *file)
{
    size_t size = strlen(file);
    if (!make_room(n))
        return false;
    const char *kept = keep_text(n, file, size);
    if (!kept)
        return false;
    const char *colon = memchr(kept, ':', size);
    struct maildir_name name = {.file = kept,
                                .base_size = (uint32_t)(colon ? (size_t)(colon - kept) : size),
                                .folder = (uint8_t)folder,
                                .flags = colon ? maildir_flags_of(colon) : 0};
    size_t at = place_of(n, base_of(&name));
    if (n->table[at]) {
        n->list[n->table[at] - 1] = name;
        return true;
    }
    n->list[n->count++] = name;
    n->table[at] = (uint32_t)n->count;
    return true;
}

static enum status read_folder(struct maildir_names *n, const char *maildir,
                               enum maildir_folder folder)
{
    char path[LIMIT_PATH];
    const struct dirent *e;
    enum status s = STATUS_OK;
    if (snprintf(path, sizeof path, "%s/%s", maildir, maildir_folder_name(folder)) >= LIMIT_PATH)
        return STATUS_TOO_LARGE;
    DIR *dir = opendir(path);
    if (!dir)
        return status_from_errno(errno);
    while (s == STATUS_OK && (errno = 0, e = readdir(dir))) {
        if (e->d_name[0] != '.' && !add(n, folder, e->d_name))
            s = STATUS_NO_MEMORY;
    }
    if (s == STATUS_OK && errno != 0)
        s = STATUS_IO;
    closedir(dir);
    return s;
}

/* new/ first: mail moves from there to cur/. */
enum status maildir_names_read(const char *maildir, struct maildir_names *out)
{
    *out = (struct maildir_names){0};
    enum status s = read_folder(out, maildir, MAILDIR_NEW);
    if (s == STATUS_OK)
        s = read_folder(out, maildir, MAILDIR_CUR);
    if (s != STATUS_OK)
        maildir_names_wipe(out);
    return s;
}

void maildir_names_wipe(struct maildir_names *n)
{
    while (n->blocks) {
        struct maildir_block *next = n->blocks->next;
        free(n->blocks);
        n->blocks = next;
    }
    free(n->list);
    free(n->table);
    *n = (struct maildir_names){0};
}

struct maildir_name *maildir_names_find(const struct maildir_names *n, struct slice base)
{
    if (n->count == 0)
        return NULL;
    uint32_t index = n->table[place_of(n, base)];
    return index ? &n->list[index - 1] : NULL;
}

/* --- stamp --- */

static bool stamp_folder(const char *maildir, enum maildir_folder folder, struct stat *out)
{
    char path[LIMIT_PATH];
    if (snprintf(path, sizeof path, "%s/%s", maildir, maildir_folder_name(folder)) < LIMIT_PATH)
        return stat(path, out) == 0;
    errno = ENAMETOOLONG;
    return false;
}

enum status maildir_stamp_read(const char *maildir, struct maildir_stamp *out)
{
    struct stat new, cur;
    if (!stamp_folder(maildir, MAILDIR_NEW, &new) || !stamp_folder(maildir, MAILDIR_CUR, &cur))
        return status_from_errno(errno);
    *out = (struct maildir_stamp){
        .device = (int64_t) new.st_dev,
        .inode = (int64_t)(new.st_ino ^ cur.st_ino << 1),
        .new_seconds = new.st_mtim.tv_sec,
        .new_nanoseconds = new.st_mtim.tv_nsec,
        .cur_seconds = cur.st_mtim.tv_sec,
        .cur_nanoseconds = cur.st_mtim.tv_nsec,
    };
    return STATUS_OK;
}
