/* An mbox as a target: mboxrd, locked while it is written, once for each group. Messages wait in
 * the journal (deliver_mbox_journal.h) until then. */
#include "client/deliver_driver.h"
#include "client/deliver_mbox_journal.h"
#include "client/deliver_mbox_lock.h"
#include "client/deliver_mboxrd.h"
#include "client/deliver_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MBOX_LOCK_MS = 30000 };

struct mbox_target {
    struct delivery delivery;
    int folder;
    char path[LIMIT_PATH];
    char journal[STATE_FILE_NAME + 1]; /* names in the folder */
    char next[STATE_FILE_NAME + 1];
    int file;         /* of the next journal; -1: no group was begun */
    uint64_t size;    /* of its whole messages, with header and lead */
    uint64_t written; /* the same and what there is of the running one */
    char *names;      /* of the running group, a line each */
    size_t names_size, names_room, names_whole;
    char *known; /* names of the group that was committed last, here or before */
    size_t known_size;
    struct mboxrd mboxrd;
    char quoted[16 * 1024];
};

static struct mbox_target *target_of(struct delivery *d)
{
    return (struct mbox_target *)d;
}

/* --- a message --- */

static enum status write_part(struct mbox_target *t, struct slice octets)
{
    if (!deliver_write_all(t->file, octets))
        return deliver_failed(&t->delivery, "write beside the mail file");
    t->written += octets.size;
    return STATUS_OK;
}

static enum status begin_group(struct mbox_target *t)
{
    static const char lead[JOURNAL_HEADER + JOURNAL_LEAD + 1] = {
        [JOURNAL_HEADER] = '\n',
        [JOURNAL_HEADER + 1] = '\n',
    };
    int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    unlinkat(t->folder, t->next, 0);
    t->file = openat(t->folder, t->next, flags, 0600);
    if (t->file < 0)
        return deliver_failed(&t->delivery, "make a file beside the mail file");
    t->written = 0;
    t->names_size = t->names_whole = 0;
    enum status status = write_part(t, slice_of(lead, JOURNAL_HEADER + JOURNAL_LEAD));
    t->size = t->written;
    return status;
}

static void drop_group(struct mbox_target *t)
{
    if (t->file < 0)
        return;
    close(t->file);
    t->file = -1;
    unlinkat(t->folder, t->next, 0);
}

static enum status add_name(struct mbox_target *t, struct slice name)
{
    size_t wanted = t->names_size + name.size + 1;
    if (name.size == 0)
        return STATUS_OK;
    if (wanted > t->names_room) {
        char *more = realloc(t->names, wanted * 2);
        if (!more)
            return STATUS_NO_MEMORY;
        t->names = more;
        t->names_room = wanted * 2;
    }
    memcpy(t->names + t->names_size, name.data, name.size);
    t->names[wanted - 1] = '\n';
    t->names_size = wanted;
    return STATUS_OK;
}

static void abort_message(struct delivery *d)
{
    struct mbox_target *t = target_of(d);
    if (t->file < 0)
        return;
    t->names_size = t->names_whole;
    t->written = t->size;
    if (ftruncate(t->file, (off_t)t->size) != 0 || lseek(t->file, (off_t)t->size, SEEK_SET) < 0)
        t->written = UINT64_MAX; /* then the group cannot be committed */
}

static enum status begin(struct delivery *d, const struct deliver_message *m)
{
    struct mbox_target *t = target_of(d);
    char line[MBOXRD_FROM_LINE];
    if (m->file.size &&
        (!deliver_name_is_base(m->file) || memchr(m->file.data, '\n', m->file.size))) {
        snprintf(d->error, sizeof d->error, "the name of a message cannot be one");
        return STATUS_PERMANENT;
    }
    enum status status = t->file < 0 ? begin_group(t) : STATUS_OK;
    if (status == STATUS_OK)
        status = add_name(t, m->file);
    if (status == STATUS_OK)
        status = write_part(t, mboxrd_start(&t->mboxrd, time(NULL), line));
    if (status != STATUS_OK)
        abort_message(d);
    return status;
}

static enum status put(struct delivery *d, struct slice octets)
{
    struct mbox_target *t = target_of(d);
    enum status status = STATUS_OK;
    while (octets.size && status == STATUS_OK) {
        struct buf out = buf_over(t->quoted, sizeof t->quoted);
        mboxrd_quote(&t->mboxrd, &octets, &out);
        status = write_part(t, buf_slice(&out));
    }
    return status;
}

static enum status finish(struct delivery *d)
{
    struct mbox_target *t = target_of(d);
    char memory[MBOXRD_END];
    struct buf out = buf_over(memory, sizeof memory);
    mboxrd_end(&t->mboxrd, &out);
    enum status status = write_part(t, buf_slice(&out));
    if (status == STATUS_OK) {
        t->size = t->written;
        t->names_whole = t->names_size;
    }
    return status;
}

/* --- the group --- */

/* How many of the two leading LFs the mail file's end wants. */
static unsigned lead_wanted(int mail, uint64_t end)
{
    char last[2] = {'\n', '\n'};
    if (end == 0)
        return 0;
    size_t n = end < 2 ? 1 : 2;
    if (pread(mail, last + 2 - n, n, (off_t)(end - n)) != (ssize_t)n)
        return 2;
    if (last[1] != '\n')
        return 2;
    return last[0] == '\n' ? 0 : 1;
}

static enum status write_journal(struct mbox_target *t, int mail, struct journal_header *h)
{
    struct stat st;
    if (fstat(mail, &st) != 0)
        return deliver_failed(&t->delivery, "look at the mail file");
    h->phase = 'P';
    h->end = (uint64_t)st.st_size;
    h->start = JOURNAL_HEADER + JOURNAL_LEAD - lead_wanted(mail, h->end);
    h->size = t->size - h->start;
    h->names = t->names_size;
    if (!deliver_write_all(t->file, slice_of(t->names, t->names_size)) ||
        !journal_write_header(t->file, h) || fsync(t->file) != 0 ||
        renameat(t->folder, t->next, t->folder, t->journal) != 0 || fsync(t->folder) != 0)
        return deliver_failed(&t->delivery, "write beside the mail file");
    return STATUS_OK;
}

/* What of it stands in the mail file is cut off at once, or, where that fails too, by the next run
 * that finds the journal. */
static enum status append(struct mbox_target *t, int mail, struct journal_header *h)
{
    char *memory = t->delivery.memory;
    if (journal_copy(t->file, h, mail, memory, sizeof t->delivery.memory) && fsync(mail) == 0)
        return STATUS_OK;
    enum status status = deliver_failed(&t->delivery, "write to the mail file");
    if (ftruncate(mail, (off_t)h->end) == 0 && fsync(mail) == 0)
        unlinkat(t->folder, t->journal, 0);
    return status;
}

static void remember(struct mbox_target *t)
{
    free(t->known);
    t->known = t->names;
    t->known_size = t->names_size;
    t->names = NULL;
    t->names_size = t->names_whole = t->names_room = 0;
}

static enum status locked(struct mbox_target *t, struct mbox_lock *l)
{
    uint64_t limit = t->delivery.account->timeout;
    enum status status = mbox_lock_take(l, t->path, limit ? limit : MBOX_LOCK_MS);
    if (status == STATUS_OK)
        return STATUS_OK;
    if (status != STATUS_IN_USE)
        return deliver_failed(&t->delivery, "open the mail file");
    snprintf(t->delivery.error, sizeof t->delivery.error,
             "the mail file is locked by another program");
    return status;
}

static enum status start_commit(struct mbox_target *t, struct mbox_lock *l)
{
    if (t->written == t->size)
        return locked(t, l);
    snprintf(t->delivery.error, sizeof t->delivery.error,
             "a message that was given up could not be cut off");
    return STATUS_IO;
}

static enum status commit(struct delivery *d)
{
    struct mbox_target *t = target_of(d);
    struct mbox_lock lock;
    struct journal_header h;
    enum status status = start_commit(t, &lock);
    if (status == STATUS_OK) {
        status = write_journal(t, lock.file, &h);
        if (status == STATUS_OK)
            status = append(t, lock.file, &h);
        if (status == STATUS_OK) {
            journal_mark_done(t->file, &h);
            remember(t);
        }
        mbox_lock_release(&lock);
    }
    drop_group(t);
    return status;
}

static bool has(struct delivery *d, struct slice file)
{
    const struct mbox_target *t = target_of(d);
    struct slice rest = slice_of(t->known, t->known_size);
    while (file.size && rest.size) {
        size_t at = slice_find(rest, '\n');
        if (slice_equal(slice_take(rest, at), file))
            return true;
        rest = slice_skip(rest, at < rest.size ? at + 1 : at);
    }
    return false;
}

/* --- opening --- */

/* A pending group of a run that was killed: it is there or it is not, afterwards. */
static enum status settle(struct mbox_target *t, int journal, struct journal_header *h)
{
    struct mbox_lock lock;
    char *memory = t->delivery.memory;
    enum status status = locked(t, &lock);
    if (status != STATUS_OK)
        return status;
    enum journal_found found =
        journal_compare(journal, h, lock.file, memory, sizeof t->delivery.memory);
    bool done = true;
    if (found == JOURNAL_WHOLE)
        done = fsync(lock.file) == 0;
    else if (found == JOURNAL_PART)
        done = ftruncate(lock.file, (off_t)h->end) == 0 && fsync(lock.file) == 0;
    if (found == JOURNAL_UNREADABLE || !done)
        status = deliver_failed(&t->delivery, "mend the mail file after a run that was killed");
    else if (found == JOURNAL_WHOLE)
        journal_mark_done(journal, h);
    else
        unlinkat(t->folder, t->journal, 0);
    mbox_lock_release(&lock);
    return status;
}

static enum status recover(struct mbox_target *t)
{
    struct journal_header h;
    int file = openat(t->folder, t->journal, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    unlinkat(t->folder, t->next, 0);
    if (file < 0)
        return errno == ENOENT ? STATUS_OK : deliver_failed(&t->delivery, "open its journal");
    enum status status = STATUS_OK;
    if (journal_read_header(file, &h)) {
        if (h.phase == 'P')
            status = settle(t, file, &h);
        if (status == STATUS_OK && h.phase == 'D') {
            t->known = journal_read_names(file, &h);
            t->known_size = t->known ? h.names : 0;
            status = t->known ? STATUS_OK : deliver_failed(&t->delivery, "read its journal");
        }
    }
    close(file);
    return status;
}

/* Looks whether the file can be had at all, and is made if it is missing. */
static enum status try_file(struct mbox_target *t)
{
    struct stat st;
    int fd = open(t->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    if (fd < 0)
        return deliver_failed(&t->delivery, "open it");
    bool ours = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid();
    close(fd);
    if (ours)
        return STATUS_OK;
    snprintf(t->delivery.error, sizeof t->delivery.error, "it is no regular file of yours");
    return STATUS_PERMANENT;
}

static bool set_names(struct mbox_target *t, const char *path, const char *account)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int size = snprintf(t->path, sizeof t->path, "%s", path);
    int next = snprintf(t->next, sizeof t->next, ".%s.poplin-%s.new", name, account);
    snprintf(t->journal, sizeof t->journal, ".%s.poplin-%s", name, account);
    return *name && size < (int)sizeof t->path && next < (int)sizeof t->next;
}

static int open_folder(const char *path)
{
    char folder[LIMIT_PATH];
    const char *slash = strrchr(path, '/');
    if (!slash)
        return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t size = slash == path ? 1 : (size_t)(slash - path);
    memcpy(folder, path, size);
    folder[size] = '\0';
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void close_target(struct delivery *d)
{
    struct mbox_target *t = target_of(d);
    drop_group(t);
    if (t->folder >= 0)
        close(t->folder);
    free(t->names);
    free(t->known);
    free(t);
}

static enum status open_all(struct mbox_target *t, const struct account *a)
{
    t->folder = open_folder(t->path);
    if (t->folder < 0)
        return deliver_failed(&t->delivery, "open its folder");
    t->delivery.account = a;
    enum status status = try_file(t);
    return status == STATUS_OK ? recover(t) : status;
}

static enum status open_target(const struct account *a, struct delivery **out,
                               char why[DELIVER_WHY])
{
    struct mbox_target *t = calloc(1, sizeof *t);
    if (!t)
        return STATUS_NO_MEMORY;
    t->folder = t->file = -1;
    if (!a->arguments[0] || !set_names(t, a->arguments[0], a->name ? a->name : "")) {
        snprintf(why, DELIVER_WHY, "deliver mbox needs the path of a file, and not too long a one");
        close_target(&t->delivery);
        return STATUS_PERMANENT;
    }
    enum status status = open_all(t, a);
    if (status != STATUS_OK) {
        snprintf(why, DELIVER_WHY, "%.80s: %.110s", t->path, t->delivery.error);
        close_target(&t->delivery);
        return status;
    }
    *out = &t->delivery;
    return STATUS_OK;
}

const struct deliver_driver deliver_mbox = {
    .line_end = DELIVER_LF,
    .open = open_target,
    .close = close_target,
    .begin = begin,
    .put = put,
    .finish = finish,
    .abort = abort_message,
    .commit = commit,
    .has = has,
};
