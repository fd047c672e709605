#include "client/maildir_names.h"

#include "base/limits.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool make_room(struct maildir_names *n)
{
    if (n->count < n->capacity)
        return true;
    size_t more = n->capacity ? n->capacity * 2 : 64;
    struct maildir_name *list = reallocarray(n->list, more, sizeof *list);
    if (!list)
        return false;
    n->list = list;
    n->capacity = more;
    return true;
}

static bool add(struct maildir_names *n, const char *folder, const char *file)
{
    struct maildir_name *name;
    if (!make_room(n))
        return false;
    name = &n->list[n->count];
    if (asprintf(&name->path, "%s/%s", folder, file) < 0)
        return false;
    struct slice rest = slice_str(name->path + strlen(folder) + 1);
    const char *flags = strstr(rest.data, ":2,");
    name->base = slice_take(rest, slice_find(rest, ':'));
    name->read = flags && strchr(flags + 3, 'S');
    n->count++;
    return true;
}

static enum status read_folder(struct maildir_names *n, const char *maildir, const char *folder)
{
    char path[LIMIT_PATH];
    const struct dirent *e;
    enum status s = STATUS_OK;
    if (snprintf(path, sizeof path, "%s/%s", maildir, folder) >= LIMIT_PATH)
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

static int compare_slices(struct slice a, struct slice b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* One that is moved while we look is seen twice: what was read goes first. */
static int compare_names(const void *a, const void *b)
{
    const struct maildir_name *x = a, *y = b;
    int order = compare_slices(x->base, y->base);
    return order ? order : y->read - x->read;
}

enum status maildir_names_read(const char *maildir, struct maildir_names *out)
{
    *out = (struct maildir_names){0};
    enum status s = read_folder(out, maildir, "new");
    if (s == STATUS_OK)
        s = read_folder(out, maildir, "cur");
    if (s != STATUS_OK)
        maildir_names_wipe(out);
    else if (out->count > 0)
        qsort(out->list, out->count, sizeof *out->list, compare_names);
    return s;
}

void maildir_names_wipe(struct maildir_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->list[i].path);
    free(n->list);
    *n = (struct maildir_names){0};
}

const struct maildir_name *maildir_names_find(const struct maildir_names *n, struct slice base)
{
    size_t low = 0, high = n->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_slices(n->list[middle].base, base) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n->count && slice_equal(n->list[low].base, base) ? &n->list[low] : NULL;
}
