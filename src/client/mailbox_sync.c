#include "client/mailbox_model.h"
#include "client/mailbox_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A Maildir is read, compared with the state and the index in one pass over both, and what differs
 * is written: first to the state, whose numbers the index needs. */

enum { HEAD_FIRST = 8 * 1024, TRUST_AFTER = 2 };

/* Whose row has a name, in maildir_name.known_by. */
enum { KNOWN_BY_NOBODY, KNOWN_LOCALLY, KNOWN_BY_ACCOUNT };

enum work_kind { WORK_PUT, WORK_MOVE, WORK_GONE };

struct work {
    int64_t id;
    const struct mailbox_box *box;
    struct maildir_name *name; /* NULL: it is gone */
    bool is_local, needs_put, needs_move, needs_flags;
};

struct syncing {
    struct mailbox *m;
    struct work *list;
    size_t count, capacity;
    int64_t last_id;
    struct mailbox_seen *seen; /* of each box */
    bool *is_settled;          /* nothing moved while it was read */
    char *head;                /* SUMMARY_HEAD octets */
};

/* --- the folders --- */

static bool same_stamp(const struct maildir_stamp *a, const struct maildir_stamp *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* A change within the clock's grain would not be seen: young times are not believed. */
static bool is_old(const struct maildir_stamp *s)
{
    int64_t now = time(NULL);
    return now - s->new_seconds > TRUST_AFTER && now - s->cur_seconds > TRUST_AFTER;
}

static enum status read_names(struct syncing *y, size_t i)
{
    struct mailbox_box *b = &y->m->boxes[i];
    struct maildir_stamp after = {0};
    maildir_names_wipe(&b->names);
    enum status s = maildir_names_read(b->path, &b->names);
    if (s == STATUS_OK)
        s = maildir_stamp_read(b->path, &after);
    y->is_settled[i] = s == STATUS_OK && same_stamp(&after, &y->seen[i].stamp);
    if (s == STATUS_OK || s == STATUS_NOT_FOUND)
        return STATUS_OK;
    snprintf(y->m->error, sizeof y->m->error, "cannot read the Maildir %.100s: %s", b->path,
             status_text(s));
    return s;
}

static enum status look_at_box(struct syncing *y, size_t i, bool *any)
{
    struct mailbox_box *b = &y->m->boxes[i];
    struct mailbox_seen before;
    struct mailbox_seen *now = &y->seen[i];
    *now = (struct mailbox_seen){.last_id = y->last_id};
    if (maildir_stamp_read(b->path, &now->stamp) != STATUS_OK)
        now->stamp = (struct maildir_stamp){0};
    b->is_changed = mailbox_index_get_seen(y->m->index, b->path, &before) != STATUS_OK ||
                    !same_stamp(&before.stamp, &now->stamp) || before.last_id != y->last_id;
    *any |= b->is_changed;
    return b->is_changed ? read_names(y, i) : STATUS_OK;
}

/* --- the pass over what is known --- */

static struct work *new_work(struct syncing *y)
{
    if (y->count == y->capacity) {
        size_t more = y->capacity ? y->capacity * 2 : 256;
        struct work *list = reallocarray(y->list, more, sizeof *list);
        if (!list)
            return NULL;
        y->list = list;
        y->capacity = more;
    }
    struct work *w = &y->list[y->count++];
    *w = (struct work){0};
    return w;
}

enum pass_column {
    PASS_ID,
    PASS_ACCOUNT,
    PASS_FILE,
    PASS_STAGE,
    PASS_READ,
    PASS_FLAGGED,
    PASS_INDEX_FILE,
    PASS_FOLDER,
    PASS_SUFFIX
};

static const char pass_text[] =
    "SELECT s.id, s.account, s.file, s.stage, s.read, s.flagged, i.file, i.folder, i.suffix"
    " FROM state.message s LEFT JOIN main.message i ON i.id = s.id"
    " WHERE length(s.file) > 0 ORDER BY s.id";

static struct slice column(sqlite3_stmt *q, int n)
{
    const void *data = sqlite3_column_blob(q, n);
    return slice_of(data, (size_t)sqlite3_column_bytes(q, n));
}

static void compare_with_index(sqlite3_stmt *q, struct work *w)
{
    bool has_row = sqlite3_column_type(q, PASS_INDEX_FILE) != SQLITE_NULL;
    bool same = has_row && slice_equal(column(q, PASS_FILE), column(q, PASS_INDEX_FILE));
    int folder = same ? sqlite3_column_int(q, PASS_FOLDER) : MAILDIR_GONE;
    if (!w->name) {
        w->needs_move = folder != MAILDIR_GONE;
        return;
    }
    struct slice suffix = slice_str(w->name->file + w->name->base_size);
    w->needs_put = !same;
    w->needs_move =
        same && (folder != w->name->folder || !slice_equal(suffix, column(q, PASS_SUFFIX)));
}

static void compare_with_state(sqlite3_stmt *q, struct work *w)
{
    int stage = sqlite3_column_int(q, PASS_STAGE);
    if (!w->name || stage == STATE_NEW || stage == STATE_FETCHING || stage == STATE_FAILED)
        return;
    bool read = w->name->flags & MAILDIR_READ, flagged = w->name->flags & MAILDIR_FLAGGED;
    w->needs_flags = read != (sqlite3_column_int(q, PASS_READ) != 0) ||
                     flagged != (sqlite3_column_int(q, PASS_FLAGGED) != 0);
}

static enum status compare_row(struct syncing *y, sqlite3_stmt *q)
{
    const struct account *account;
    struct work found = {.id = sqlite3_column_int64(q, PASS_ID)};
    found.box = mailbox_box_of(y->m, column(q, PASS_ACCOUNT), &account, &found.is_local);
    if (!found.box || !found.box->is_changed)
        return STATUS_OK;
    found.name = maildir_names_find(&found.box->names, column(q, PASS_FILE));
    compare_with_index(q, &found);
    compare_with_state(q, &found);
    if (found.name && !found.is_local)
        found.name->known_by = KNOWN_BY_ACCOUNT;
    else if (found.name && found.name->known_by == KNOWN_BY_NOBODY)
        found.name->known_by = KNOWN_LOCALLY;
    if (!found.is_local && !found.needs_put && !found.needs_move && !found.needs_flags)
        return STATUS_OK;
    struct work *w = new_work(y);
    if (w)
        *w = found;
    return w ? STATUS_OK : mailbox_failed(y->m, STATUS_NO_MEMORY, "out of memory");
}

static enum status pass_over(struct syncing *y)
{
    sqlite3_stmt *q = NULL;
    enum status s = STATUS_OK;
    int code = sqlite3_prepare_v2(y->m->index->database, pass_text, -1, &q, NULL);
    while (code == SQLITE_OK && s == STATUS_OK && (code = sqlite3_step(q)) == SQLITE_ROW) {
        code = SQLITE_OK;
        s = compare_row(y, q);
    }
    if (s == STATUS_OK && code != SQLITE_DONE)
        s = mailbox_failed(y->m, mailbox_index_failed(y->m->index, "read", code),
                           y->m->index->error);
    sqlite3_finalize(q);
    return s;
}

/* --- names that nobody knows --- */

static int compare_bases(const void *a, const void *b)
{
    const struct work *x = a, *y = b;
    return strcmp(x->name->file, y->name->file);
}

static enum status add_unknown(struct syncing *y, const struct mailbox_box *b)
{
    size_t first = y->count;
    for (size_t i = 0; i < b->names.count; i++) {
        struct maildir_name *n = &b->names.list[i];
        if (n->known_by != KNOWN_BY_NOBODY || n->base_size == 0)
            continue;
        struct work *w = new_work(y);
        if (!w)
            return mailbox_failed(y->m, STATUS_NO_MEMORY, "out of memory");
        *w = (struct work){.box = b, .name = n, .is_local = true, .needs_put = true};
    }
    if (y->count > first)
        qsort(y->list + first, y->count - first, sizeof *y->list, compare_bases);
    return STATUS_OK;
}

/* --- into the state --- */

/* Names of Maildir files begin with the second in which they were made. */
static int64_t time_of_name(const struct maildir_name *n, int64_t now)
{
    struct slice base = slice_of(n->file, n->base_size);
    uint64_t seconds;
    base = slice_take(base, slice_find(base, '.'));
    return slice_parse_u64(base, &seconds) && seconds < (uint64_t)now ? (int64_t)seconds : now;
}

static enum status add_local_row(struct syncing *y, struct work *w, int64_t now)
{
    struct slice base = slice_of(w->name->file, w->name->base_size);
    struct state_row row = {
        .uidl = base,
        .file = base,
        .stage = STATE_DELIVERED,
        .seen = now,
        .fetched = time_of_name(w->name, now),
        .read = w->name->flags & MAILDIR_READ,
        .flagged = w->name->flags & MAILDIR_FLAGGED,
    };
    enum status s = state_put(y->m->state, w->box->local, &row);
    if (s == STATUS_EXISTS) /* another run was faster */
        s = state_find(y->m->state, w->box->local, base, &row);
    w->id = row.id;
    return s;
}

/* A row of the Maildir's own goes when its file has gone for sure, or when an account knows it. The
 * largest number stays, so that it is not given to another message. */
static bool is_superfluous(const struct syncing *y, const struct work *w)
{
    size_t box = (size_t)(w->box - y->m->boxes);
    if (!w->is_local || w->id == 0 || w->id == y->last_id)
        return false;
    return w->name ? w->name->known_by == KNOWN_BY_ACCOUNT : y->is_settled[box];
}

static enum status forget_row(struct syncing *y, struct work *w)
{
    struct state_row row;
    enum status s = state_get(y->m->state, w->box->local, w->id, &row);
    if (s == STATUS_OK) {
        char uidl[STATE_FILE_NAME];
        size_t n = row.uidl.size < sizeof uidl ? row.uidl.size : sizeof uidl;
        memcpy(uidl, row.uidl.data, n);
        s = state_forget(y->m->state, w->box->local, slice_of(uidl, n));
    }
    w->name = NULL;
    w->needs_flags = w->needs_put = false;
    w->needs_move = true;
    return s == STATUS_NOT_FOUND ? STATUS_OK : s;
}

static enum status change_state_of(struct syncing *y, struct work *w, int64_t now)
{
    if (is_superfluous(y, w))
        return forget_row(y, w);
    if (w->id == 0)
        return add_local_row(y, w, now);
    if (w->needs_flags)
        return state_set_flags(y->m->state, w->id, w->name->flags & MAILDIR_READ,
                               w->name->flags & MAILDIR_FLAGGED);
    return STATUS_OK;
}

static bool changes_state(const struct syncing *y)
{
    for (size_t i = 0; i < y->count; i++) {
        const struct work *w = &y->list[i];
        if (w->id == 0 || w->needs_flags || is_superfluous(y, w))
            return true;
    }
    return false;
}

static enum status write_state(struct syncing *y)
{
    int64_t now = time(NULL);
    if (!changes_state(y))
        return STATUS_OK;
    enum status s = state_begin(y->m->state);
    for (size_t i = 0; i < y->count && s == STATUS_OK; i++)
        s = change_state_of(y, &y->list[i], now);
    if (s == STATUS_OK)
        s = state_commit(y->m->state);
    else
        state_rollback(y->m->state);
    return s == STATUS_OK ? s : mailbox_failed(y->m, s, state_error(y->m->state));
}

/* --- into the index --- */

/* The first octets of a file, up to the end of its header. */
static bool read_head(struct syncing *y, int file, struct slice *head)
{
    size_t size = 0, room = HEAD_FIRST;
    for (;;) {
        ssize_t n = pread(file, y->head + size, room - size, (off_t)size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        size += (size_t)n;
        *head = slice_of(y->head, size);
        if (n == 0 || room == SUMMARY_HEAD || mailbox_header_end(*head) > 0)
            return true;
        if (size == room)
            room = room * 4 < SUMMARY_HEAD ? room * 4 : SUMMARY_HEAD;
    }
}

static int open_name(const struct mailbox_box *b, const struct maildir_name *n)
{
    return mailbox_open_at(b->path, n->folder, slice_str(n->file), SLICE(""));
}

static enum status put_row(struct syncing *y, const struct work *w)
{
    struct mailbox_index_row row = {.id = w->id, .name = w->name};
    struct arena arena = arena_over(y->m->memory, MAILBOX_ARENA);
    struct mailbox_summary summary;
    struct slice head;
    struct stat st;
    int file = open_name(w->box, w->name);
    if (file < 0 && errno == ENOENT)
        return STATUS_OK; /* it was moved meanwhile: the next look finds it */
    if (file >= 0 && fstat(file, &st) == 0 && S_ISREG(st.st_mode)) {
        row.octets = (uint64_t)st.st_size;
        if (read_head(y, file, &head) && mailbox_summary_read(head, &arena, &summary) == STATUS_OK)
            row.summary = &summary;
    }
    if (file >= 0)
        close(file);
    return mailbox_index_put(y->m->index, &row);
}

static enum status write_row(struct syncing *y, const struct work *w)
{
    if (w->needs_put)
        return put_row(y, w);
    return w->needs_move ? mailbox_index_move(y->m->index, w->id, w->name) : STATUS_OK;
}

/* What was seen is noted only when it can be believed next time. New rows of the state that are
 * ours are no news. */
static enum status note_seen(struct syncing *y)
{
    enum status s = mailbox_index_last_id(y->m->index, &y->last_id);
    for (size_t i = 0; i < y->m->box_count && s == STATUS_OK; i++) {
        struct mailbox_box *b = &y->m->boxes[i];
        if (!b->is_changed)
            continue;
        bool believed = y->is_settled[i] && is_old(&y->seen[i].stamp);
        y->seen[i].last_id = y->last_id;
        s = mailbox_index_set_seen(y->m->index, b->path, believed ? &y->seen[i] : NULL);
    }
    return s;
}

static enum status write_index(struct syncing *y)
{
    enum status s = mailbox_index_begin(y->m->index);
    for (size_t i = 0; i < y->count && s == STATUS_OK; i++)
        s = write_row(y, &y->list[i]);
    if (s == STATUS_OK)
        s = note_seen(y);
    if (s == STATUS_OK)
        s = mailbox_index_commit(y->m->index);
    else
        mailbox_index_rollback(y->m->index);
    if (s != STATUS_OK)
        return mailbox_failed(y->m, s, y->m->index->error);
    mailbox_index_tidy(y->m->index);
    return s;
}

/* --- all of it --- */

static enum status sync_boxes(struct syncing *y)
{
    bool any = false;
    enum status s = mailbox_index_last_id(y->m->index, &y->last_id);
    if (s != STATUS_OK)
        return mailbox_failed(y->m, s, y->m->index->error);
    for (size_t i = 0; i < y->m->box_count && s == STATUS_OK; i++)
        s = look_at_box(y, i, &any);
    if (s != STATUS_OK || !any)
        return s;
    s = pass_over(y);
    for (size_t i = 0; i < y->m->box_count && s == STATUS_OK; i++) {
        if (y->m->boxes[i].is_changed)
            s = add_unknown(y, &y->m->boxes[i]);
    }
    if (s == STATUS_OK)
        s = write_state(y);
    return s == STATUS_OK ? write_index(y) : s;
}

static enum status sync_once(struct mailbox *m)
{
    struct syncing y = {.m = m};
    enum status s = mailbox_failed(m, STATUS_NO_MEMORY, "out of memory");
    y.seen = calloc(m->box_count + 1, sizeof *y.seen);
    y.is_settled = calloc(m->box_count + 1, sizeof *y.is_settled);
    y.head = malloc(SUMMARY_HEAD);
    if (y.seen && y.is_settled && y.head)
        s = sync_boxes(&y);
    for (size_t i = 0; i < m->box_count; i++)
        maildir_names_wipe(&m->boxes[i].names);
    free(y.head);
    free(y.is_settled);
    free(y.seen);
    free(y.list);
    return s;
}

/* An index that turns out to be damaged is made anew, once. */
enum status mailbox_sync(struct mailbox *m)
{
    char why[200];
    enum status s = sync_once(m);
    if (s != STATUS_CORRUPT)
        return s;
    mailbox_index_close(m->index);
    m->index = NULL;
    s = mailbox_index_open(m->directory, true, &m->index, why);
    return s == STATUS_OK ? sync_once(m) : mailbox_failed(m, s, why);
}
