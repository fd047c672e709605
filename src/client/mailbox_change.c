#include "client/mailbox_model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Another reader may rename a message between our look and our rename: then we look again by its
 * base name and change the flags that it has now. */

enum { TRIES = 8, FILE_NAME = 255 };

/* --- flags --- */

static const struct {
    char letter;
    unsigned bit;
} letters[] = {{'F', MAILDIR_FLAGGED}, {'R', MAILDIR_ANSWERED}, {'S', MAILDIR_READ}};

static bool letter_is_set(char letter, unsigned set, unsigned clear, bool before)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (letters[i].letter == letter)
            return (before && !(clear & letters[i].bit)) || (set & letters[i].bit);
    }
    return before;
}

/* BASE:2,FLAGS with the letters in order; those that we do not know stay. False: no room. */
static bool flagged_name(const char *old, unsigned set, unsigned clear, char out[FILE_NAME + 1])
{
    struct slice all = slice_str(old);
    struct buf b = buf_over(out, FILE_NAME + 1);
    const char *flags = strstr(old, ":2,");
    flags = flags ? flags + 3 : "";
    buf_put(&b, slice_take(all, slice_find(all, ':')));
    buf_put_str(&b, ":2,");
    for (int c = 'A'; c <= 'z'; c++) {
        if (letter_is_set((char)c, set, clear, strchr(flags, c) != NULL))
            buf_put_char(&b, (char)c);
    }
    return buf_put_char(&b, '\0');
}

struct place {
    enum maildir_folder folder;
    char name[FILE_NAME + 1];
};

static int rename_flagged(const char *path, struct place *p, unsigned set, unsigned clear)
{
    char from[LIMIT_PATH], to[LIMIT_PATH], name[FILE_NAME + 1];
    if (!flagged_name(p->name, set, clear, name) ||
        snprintf(from, sizeof from, "%s/%s/%s", path, maildir_folder_name(p->folder), p->name) >=
            LIMIT_PATH ||
        snprintf(to, sizeof to, "%s/cur/%s", path, name) >= LIMIT_PATH)
        return ENAMETOOLONG;
    /* Nothing to do, if it still lies there: it has the flags, or nobody has looked at it yet. */
    if (strcmp(from, to) == 0 || (p->folder == MAILDIR_NEW && set == 0))
        return access(from, F_OK) == 0 ? 0 : errno;
    int error = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
    if (error == EINVAL || error == ENOSYS)
        error = rename(from, to) == 0 ? 0 : errno;
    if (error == 0) {
        p->folder = MAILDIR_CUR;
        snprintf(p->name, sizeof p->name, "%s", name);
    }
    return error;
}

static enum status change_file(const char *path, const struct mailbox_entry *e, unsigned set,
                               unsigned clear, struct place *p)
{
    int error = ENOENT;
    int n =
        snprintf(p->name, sizeof p->name, "%.*s%.*s", SLICE_ARGS(e->file), SLICE_ARGS(e->suffix));
    p->folder = e->folder;
    if (p->folder != MAILDIR_GONE && n > 0 && n <= FILE_NAME)
        error = rename_flagged(path, p, set, clear);
    for (int i = 0; i < TRIES && (error == ENOENT || error == EEXIST); i++) {
        enum status s = mailbox_look(path, e->file, &p->folder, p->name);
        if (s != STATUS_OK)
            return s;
        error = rename_flagged(path, p, set, clear);
    }
    errno = error;
    return error ? status_from_errno(error) : STATUS_OK;
}

static enum status note_place(struct mailbox *m, int64_t id, const struct place *p)
{
    struct slice all = slice_str(p->name);
    struct maildir_name name = {.file = p->name,
                                .base_size = (uint32_t)slice_find(all, ':'),
                                .folder = (uint8_t)p->folder,
                                .flags = maildir_flags_of(p->name)};
    return mailbox_index_move(m->index, id, &name);
}

static enum status note_flags(struct mailbox *m, int64_t id, unsigned flags)
{
    enum status s = state_set_flags(m->state, id, flags & MAILDIR_READ, flags & MAILDIR_FLAGGED);
    return s == STATUS_OK ? s : mailbox_failed(m, s, state_error(m->state));
}

enum status mailbox_flag(struct mailbox *m, int64_t id, unsigned set, unsigned clear)
{
    struct mailbox_entry e;
    struct place p = {0};
    enum status s = mailbox_get(m, id, &e);
    if (s != STATUS_OK)
        return s;
    unsigned flags = (e.read ? MAILDIR_READ : 0) | (e.flagged ? MAILDIR_FLAGGED : 0);
    if (!e.is_here)
        return note_flags(m, id, (flags & ~clear) | set);
    s = change_file(e.account->arguments[0], &e, set, clear, &p);
    if (s != STATUS_OK) {
        snprintf(m->error, sizeof m->error, "message %lld cannot be marked: %s", (long long)id,
                 s == STATUS_NOT_FOUND ? "it was removed from the Maildir" : strerror(errno));
        return s;
    }
    s = note_flags(m, id, maildir_flags_of(p.name));
    /* The index follows by itself when this fails. */
    return s == STATUS_OK ? (void)note_place(m, id, &p), s : s;
}

enum status mailbox_flag_file(const char *maildir, struct slice base, unsigned set)
{
    struct mailbox_entry e = {.file = base, .folder = MAILDIR_NEW};
    struct place p = {0};
    return change_file(maildir, &e, set, 0, &p);
}

/* --- removal --- */

static enum status remove_file(struct mailbox *m, const struct mailbox_entry *e)
{
    const char *path = e->account->arguments[0];
    char full[LIMIT_PATH];
    struct place p = {.folder = e->folder};
    int error = ENOENT;
    snprintf(p.name, sizeof p.name, "%.*s%.*s", SLICE_ARGS(e->file), SLICE_ARGS(e->suffix));
    for (int i = 0; i < TRIES && error == ENOENT; i++) {
        if (i > 0 && mailbox_look(path, e->file, &p.folder, p.name) != STATUS_OK)
            return STATUS_OK; /* another program removed it */
        if (snprintf(full, sizeof full, "%s/%s/%s", path, maildir_folder_name(p.folder), p.name) >=
            LIMIT_PATH)
            return STATUS_TOO_LARGE;
        error = unlink(full) == 0 ? 0 : errno;
    }
    if (error == 0)
        return STATUS_OK;
    snprintf(m->error, sizeof m->error, "message %lld cannot be removed: %s", (long long)e->id,
             strerror(error));
    return status_from_errno(error);
}

/* The wish is in the state before the file goes: a kill between loses nothing. `deleted` says since
 * when it is a person's wish, which `keep` does not overrule. */
static enum status wish_deletion(struct mailbox *m, const struct mailbox_entry *e)
{
    struct state_row row;
    enum status s = state_begin(m->state);
    if (s == STATUS_OK)
        s = state_get(m->state, e->account->name, e->id, &row);
    if (s == STATUS_OK && row.stage != STATE_DELETED) {
        row.stage = STATE_TO_DELETE;
        row.deleted = time(NULL);
        s = state_put(m->state, e->account->name, &row);
    }
    if (s == STATUS_OK)
        s = state_commit(m->state);
    else
        state_rollback(m->state);
    return s == STATUS_OK ? s : mailbox_failed(m, s, state_error(m->state));
}

static enum status check_deletion(struct mailbox *m, const struct mailbox_entry *e, bool on_server)
{
    if (on_server && e->is_local) {
        snprintf(m->error, sizeof m->error,
                 "message %lld was not fetched by %s: no server is known to have it",
                 (long long)e->id, e->account->name);
        return STATUS_UNSUPPORTED;
    }
    if (on_server || e->is_here)
        return STATUS_OK;
    snprintf(m->error, sizeof m->error,
             "message %lld went to a target of %s that is no Maildir: remove it there",
             (long long)e->id, e->account->name);
    return STATUS_UNSUPPORTED;
}

enum status mailbox_delete(struct mailbox *m, int64_t id, bool on_server)
{
    struct mailbox_entry e;
    enum status s = mailbox_get(m, id, &e);
    if (s == STATUS_OK)
        s = check_deletion(m, &e, on_server);
    if (s == STATUS_OK && on_server)
        s = wish_deletion(m, &e);
    if (s == STATUS_OK && e.is_here)
        s = remove_file(m, &e);
    if (s == STATUS_OK && e.is_here)
        (void)mailbox_index_move(m->index, id, NULL);
    return s;
}
