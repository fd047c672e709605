#include "client/mailbox.h"

#include "client/mailbox_model.h"
#include "client/mailbox_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LOOKS = 3, FILE_NAME = 255 };

/* --- opening --- */

static struct mailbox_box *find_box(struct mailbox *m, const char *path)
{
    for (size_t i = 0; i < m->box_count; i++) {
        if (strcmp(m->boxes[i].path, path) == 0)
            return &m->boxes[i];
    }
    return NULL;
}

static bool add_boxes(struct mailbox *m)
{
    m->boxes = calloc(m->accounts->count + 1, sizeof *m->boxes);
    for (size_t i = 0; m->boxes && i < m->accounts->count; i++) {
        const struct account *a = &m->accounts->list[i];
        if (a->target != ACCOUNT_TARGET_MAILDIR || find_box(m, a->arguments[0]))
            continue;
        struct mailbox_box *b = &m->boxes[m->box_count];
        *b = (struct mailbox_box){.path = a->arguments[0], .account = a};
        if (asprintf(&b->local, ":maildir %s", b->path) < 0) {
            b->local = NULL;
            return false;
        }
        m->box_count++;
    }
    return m->boxes != NULL;
}

static bool map_memory(struct mailbox *m)
{
    m->memory = mmap(NULL, MAILBOX_ARENA, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->memory == MAP_FAILED)
        m->memory = NULL;
    return m->memory != NULL;
}

enum status mailbox_open(const char *directory, struct state *state,
                         const struct account_set *accounts, struct mailbox **out, char why[200])
{
    struct mailbox *m = calloc(1, sizeof *m);
    enum status s = STATUS_NO_MEMORY;
    *out = NULL;
    snprintf(why, 200, "out of memory");
    if (m) {
        m->state = state;
        m->accounts = accounts;
        bool fits = snprintf(m->directory, sizeof m->directory, "%s", directory) < LIMIT_PATH;
        if (fits && add_boxes(m) && map_memory(m))
            s = mailbox_index_open(directory, false, &m->index, why);
    }
    if (s == STATUS_OK)
        *out = m;
    else
        mailbox_close(m);
    return s;
}

void mailbox_close(struct mailbox *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->box_count; i++) {
        maildir_names_wipe(&m->boxes[i].names);
        free(m->boxes[i].local);
    }
    mailbox_index_close(m->index);
    if (m->memory)
        munmap(m->memory, MAILBOX_ARENA);
    free(m->boxes);
    free(m->kept);
    free(m);
}

const char *mailbox_error(const struct mailbox *m)
{
    return m->error;
}

enum status mailbox_failed(struct mailbox *m, enum status s, const char *what)
{
    snprintf(m->error, sizeof m->error, "%s", what);
    return s;
}

/* --- names of accounts --- */

struct mailbox_box *mailbox_box_of(struct mailbox *m, struct slice name,
                                   const struct account **account, bool *is_local)
{
    *account = NULL;
    *is_local = false;
    for (size_t i = 0; i < m->accounts->count; i++) {
        const struct account *a = &m->accounts->list[i];
        if (!slice_equal(name, slice_str(a->name)))
            continue;
        *account = a;
        return a->target == ACCOUNT_TARGET_MAILDIR ? find_box(m, a->arguments[0]) : NULL;
    }
    for (size_t i = 0; i < m->box_count; i++) {
        if (!slice_equal(name, slice_str(m->boxes[i].local)))
            continue;
        *account = m->boxes[i].account;
        *is_local = true;
        return &m->boxes[i];
    }
    return NULL;
}

/* --- files --- */

bool mailbox_path(const struct mailbox_entry *e, char out[LIMIT_PATH])
{
    if (!e->is_here || e->folder == MAILDIR_GONE)
        return false;
    int n = snprintf(out, LIMIT_PATH, "%s/%s/%.*s%.*s", e->account->arguments[0],
                     maildir_folder_name(e->folder), SLICE_ARGS(e->file), SLICE_ARGS(e->suffix));
    return n > 0 && n < LIMIT_PATH;
}

int mailbox_open_at(const char *path, enum maildir_folder folder, struct slice file,
                    struct slice suffix)
{
    char full[LIMIT_PATH];
    int n = snprintf(full, sizeof full, "%s/%s/%.*s%.*s", path, maildir_folder_name(folder),
                     SLICE_ARGS(file), SLICE_ARGS(suffix));
    if (n < 0 || n >= LIMIT_PATH) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
}

static bool look_in(const char *path, enum maildir_folder folder, struct slice file, char name[256])
{
    char full[LIMIT_PATH];
    const struct dirent *e;
    bool found = false;
    if (snprintf(full, sizeof full, "%s/%s", path, maildir_folder_name(folder)) >= LIMIT_PATH)
        return false;
    DIR *dir = opendir(full);
    while (dir && !found && (e = readdir(dir))) {
        struct slice whole = slice_str(e->d_name);
        found = slice_equal(slice_take(whole, slice_find(whole, ':')), file);
        if (found)
            found = snprintf(name, FILE_NAME + 1, "%s", e->d_name) <= FILE_NAME;
    }
    if (dir)
        closedir(dir);
    return found;
}

enum status mailbox_look(const char *path, struct slice file, enum maildir_folder *folder,
                         char name[256])
{
    for (int i = 0; i < LOOKS; i++) {
        for (*folder = MAILDIR_NEW; *folder <= MAILDIR_CUR; (*folder)++) {
            if (look_in(path, *folder, file, name))
                return STATUS_OK;
        }
    }
    *folder = MAILDIR_GONE;
    return STATUS_NOT_FOUND;
}

static enum status not_readable(struct mailbox *m, const struct mailbox_entry *e)
{
    snprintf(m->error, sizeof m->error,
             "message %lld went to the target `%s` of %s, which cannot be read from; "
             "a Maildir can",
             (long long)e->id,
             e->account->target == ACCOUNT_TARGET_MBOX ? "mbox" : "outside this program",
             e->account->name);
    return STATUS_UNSUPPORTED;
}

enum status mailbox_open_file(struct mailbox *m, int64_t id, int *file)
{
    struct mailbox_entry e;
    enum maildir_folder folder;
    char name[FILE_NAME + 1];
    enum status s = mailbox_get(m, id, &e);
    if (s != STATUS_OK)
        return s;
    if (!e.is_here)
        return not_readable(m, &e);
    const char *path = e.account->arguments[0];
    *file = e.folder == MAILDIR_GONE ? -1 : mailbox_open_at(path, e.folder, e.file, e.suffix);
    for (int i = 0; i < LOOKS && *file < 0 && (e.folder == MAILDIR_GONE || errno == ENOENT); i++) {
        s = mailbox_look(path, e.file, &folder, name);
        if (s == STATUS_OK)
            *file = mailbox_open_at(path, folder, slice_str(name), SLICE(""));
        e.folder = folder;
    }
    if (*file >= 0)
        return STATUS_OK;
    snprintf(m->error, sizeof m->error, "message %lld cannot be opened: %s", (long long)id,
             s == STATUS_OK ? strerror(errno) : "it was removed from the Maildir");
    return s == STATUS_OK ? status_from_errno(errno) : s;
}
