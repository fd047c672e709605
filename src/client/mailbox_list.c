#include "client/mailbox_model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* One query over the state and the index answers lists and searches. The state is read in the order
 * of its numbers, and each row's summary is beside it in the same order. */

enum column {
    COLUMN_ENTRY_ID,
    COLUMN_ACCOUNT,
    COLUMN_ENTRY_STAGE,
    COLUMN_ENTRY_OCTETS,
    COLUMN_ENTRY_FETCHED,
    COLUMN_ENTRY_READ,
    COLUMN_ENTRY_FLAGGED,
    COLUMN_FOLDER,
    COLUMN_FLAGS,
    COLUMN_ATTACHMENT,
    COLUMN_DATE,
    COLUMN_SIZE,
    COLUMN_AUTHOR,
    COLUMN_SUBJECT,
    COLUMNS_SHORT,
    COLUMN_ENTRY_UIDL = COLUMNS_SHORT,
    COLUMN_ENTRY_FILE,
    COLUMN_SUFFIX,
    COLUMN_SENDERS,
    COLUMN_RECIPIENTS,
    COLUMN_MESSAGE_ID,
    COLUMN_REFERENCES,
};

#define SELECT_SHORT                                                                               \
    "SELECT s.id, s.account, s.stage, s.octets, s.fetched, s.read, s.flagged, i.folder, i.flags,"  \
    " i.attachment, i.date, i.octets, i.author, i.subject"
#define FROM(join)                                                                                 \
    " FROM state.message s LEFT JOIN main.message i ON " join                                      \
    " WHERE s.stage BETWEEN 2 AND 4 AND length(s.file) > 0 AND i.folder IS NOT 0"

/* A row's columns are copied before we see them: a list of many asks for few, and believes what
 * mailbox_sync has just compared, that the row is of the same file. */
static const char short_text[] = SELECT_SHORT FROM("i.id = s.id");
static const char select_text[] =
    SELECT_SHORT ", s.uidl, s.file, i.suffix, i.senders, i.recipients, i.message_id, i.refs" FROM(
        "i.id = s.id AND i.file = s.file");

static_assert(STATE_DELIVERED == 2 && STATE_TO_DELETE == 3 && STATE_DELETED == 4,
              "the stages in the query");

/* --- conditions --- */

/* What a term asks for, with one parameter where its value is not in the words. */
static const char *const conditions[] = {
    [MAILBOX_TERM_TEXT] = "coalesce(i.doc IN (SELECT rowid FROM words WHERE words MATCH ?), 0)",
    [MAILBOX_TERM_UNREAD] = "coalesce(i.flags & 1, s.read) = 0",
    [MAILBOX_TERM_FLAGGED] = "coalesce(i.flags & 2, s.flagged) <> 0",
    [MAILBOX_TERM_ATTACHMENT] = "coalesce(i.attachment, 0) <> 0",
    [MAILBOX_TERM_AFTER] = "coalesce(i.date, s.fetched) >= ?",
    [MAILBOX_TERM_BEFORE] = "coalesce(i.date, s.fetched) < ?",
    [MAILBOX_TERM_LARGER] = "coalesce(i.octets, s.octets) >= ?",
    [MAILBOX_TERM_SMALLER] = "coalesce(i.octets, s.octets) < ?",
    [MAILBOX_TERM_ACCOUNT] = "1", /* is asked of the entry: its name may be a Maildir's own */
};

static void put_conditions(struct buf *text, const struct mailbox_query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        const struct mailbox_term *t = &query->terms[i];
        if (t->kind != MAILBOX_TERM_ACCOUNT)
            buf_printf(text, " AND %s(%s)", t->is_negated ? "NOT " : "", conditions[t->kind]);
    }
}

static void bind_terms(sqlite3_stmt *q, const struct mailbox_query *query)
{
    int place = 1;
    for (size_t i = 0; i < query->count; i++) {
        const struct mailbox_term *t = &query->terms[i];
        if (t->kind == MAILBOX_TERM_TEXT)
            sqlite3_bind_text(q, place++, t->text.data, (int)t->text.size, SQLITE_STATIC);
        else if (strchr(conditions[t->kind], '?'))
            sqlite3_bind_int64(q, place++, t->number);
    }
    sqlite3_bind_int64(q, place, query->first);
}

static enum status prepare(struct mailbox *m, const struct mailbox_query *query, bool newest_first,
                           sqlite3_stmt **out)
{
    char memory[16 * 1024];
    struct buf text = buf_over(memory, sizeof memory);
    buf_put_str(&text, query->is_short || newest_first ? short_text : select_text);
    put_conditions(&text, query);
    buf_put_str(&text, newest_first ? " AND s.id >= ? ORDER BY s.id DESC"
                                    : " AND s.id >= ? ORDER BY s.id");
    if (text.overflow)
        return mailbox_failed(m, STATUS_TOO_LARGE, "the search is too long");
    int code = sqlite3_prepare_v2(m->index->database, memory, (int)text.size, out, NULL);
    if (code != SQLITE_OK)
        return mailbox_failed(m, mailbox_index_failed(m->index, "ask", code), m->index->error);
    bind_terms(*out, query);
    return STATUS_OK;
}

/* --- entries --- */

static struct slice octets(sqlite3_stmt *q, int n)
{
    const void *data = sqlite3_column_blob(q, n);
    return slice_of(data, (size_t)sqlite3_column_bytes(q, n));
}

static void read_summary(sqlite3_stmt *q, struct mailbox_entry *e)
{
    int flags = sqlite3_column_int(q, COLUMN_FLAGS);
    e->folder = (enum maildir_folder)sqlite3_column_int(q, COLUMN_FOLDER);
    e->read = flags & MAILDIR_READ;
    e->flagged = flags & MAILDIR_FLAGGED;
    e->answered = flags & MAILDIR_ANSWERED;
    e->has_attachment = sqlite3_column_int(q, COLUMN_ATTACHMENT) != 0;
    e->has_date = sqlite3_column_type(q, COLUMN_DATE) != SQLITE_NULL;
    e->date = sqlite3_column_int64(q, COLUMN_DATE);
    if (e->is_local || e->octets == 0)
        e->octets = (uint64_t)sqlite3_column_int64(q, COLUMN_SIZE);
    e->author = octets(q, COLUMN_AUTHOR);
    e->subject = octets(q, COLUMN_SUBJECT);
}

static void read_details(sqlite3_stmt *q, struct mailbox_entry *e)
{
    e->uidl = octets(q, COLUMN_ENTRY_UIDL);
    e->file = octets(q, COLUMN_ENTRY_FILE);
    e->suffix = octets(q, COLUMN_SUFFIX);
    e->senders = octets(q, COLUMN_SENDERS);
    e->recipients = octets(q, COLUMN_RECIPIENTS);
    e->message_id = octets(q, COLUMN_MESSAGE_ID);
    e->references = octets(q, COLUMN_REFERENCES);
}

/* False: the configuration has no such account, or the Maildir no such message. */
static bool read_entry(struct mailbox *m, sqlite3_stmt *q, struct mailbox_entry *e)
{
    *e = (struct mailbox_entry){.id = sqlite3_column_int64(q, COLUMN_ENTRY_ID)};
    const struct mailbox_box *box =
        mailbox_box_of(m, octets(q, COLUMN_ACCOUNT), &e->account, &e->is_local);
    if (!e->account)
        return false;
    e->is_here = sqlite3_column_type(q, COLUMN_FOLDER) != SQLITE_NULL;
    if (box && !e->is_here)
        return false;
    e->stage = (enum state_stage)sqlite3_column_int(q, COLUMN_ENTRY_STAGE);
    e->octets = (uint64_t)sqlite3_column_int64(q, COLUMN_ENTRY_OCTETS);
    e->fetched = sqlite3_column_int64(q, COLUMN_ENTRY_FETCHED);
    if (e->is_here) {
        read_summary(q, e);
        return true;
    }
    e->read = sqlite3_column_int(q, COLUMN_ENTRY_READ) != 0;
    e->flagged = sqlite3_column_int(q, COLUMN_ENTRY_FLAGGED) != 0;
    return true;
}

static bool is_of_account(const struct mailbox_query *query, const struct mailbox_entry *e)
{
    for (size_t i = 0; i < query->count; i++) {
        const struct mailbox_term *t = &query->terms[i];
        if (t->kind == MAILBOX_TERM_ACCOUNT &&
            slice_equal_nocase(t->text, slice_str(e->account->name)) == t->is_negated)
            return false;
    }
    return true;
}

/* --- lists --- */

static enum status step_failed(struct mailbox *m, int code)
{
    if (code == SQLITE_DONE)
        return STATUS_OK;
    return mailbox_failed(m, mailbox_index_failed(m->index, "read", code), m->index->error);
}

/* The number from which on there are `limit` messages. */
static enum status find_first(struct mailbox *m, const struct mailbox_query *query, int64_t *first)
{
    struct mailbox_entry e;
    sqlite3_stmt *q = NULL;
    uint64_t count = 0;
    int code = SQLITE_DONE;
    enum status s = prepare(m, query, true, &q);
    if (s != STATUS_OK)
        return s;
    while (count < query->limit && (code = sqlite3_step(q)) == SQLITE_ROW) {
        if (!read_entry(m, q, &e) || !is_of_account(query, &e))
            continue;
        *first = e.id;
        count++;
    }
    sqlite3_finalize(q);
    return count == query->limit ? STATUS_OK : step_failed(m, code);
}

enum status mailbox_each(struct mailbox *m, const struct mailbox_query *query,
                         bool (*visit)(void *context, const struct mailbox_entry *e), void *context)
{
    int64_t first = query->first;
    struct mailbox_entry e;
    sqlite3_stmt *q = NULL;
    int code = SQLITE_DONE;
    bool more = true;
    enum status s = query->limit ? find_first(m, query, &first) : STATUS_OK;
    if (s == STATUS_OK)
        s = prepare(m, query, false, &q);
    if (s != STATUS_OK)
        return s;
    sqlite3_bind_int64(q, sqlite3_bind_parameter_count(q), first);
    while (more && (code = sqlite3_step(q)) == SQLITE_ROW) {
        if (!read_entry(m, q, &e) || !is_of_account(query, &e))
            continue;
        if (!query->is_short)
            read_details(q, &e);
        more = visit(context, &e);
    }
    sqlite3_finalize(q);
    return more ? step_failed(m, code) : STATUS_OK;
}

/* --- one --- */

static bool keep_slices(struct mailbox *m, struct mailbox_entry *e)
{
    struct slice *all[] = {&e->uidl,    &e->file,       &e->suffix,     &e->author,    &e->subject,
                           &e->senders, &e->recipients, &e->message_id, &e->references};
    size_t size = 0, at = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        size += all[i]->size;
    if (size + 1 > m->kept_size) {
        char *more = realloc(m->kept, size + 1);
        if (!more)
            return false;
        m->kept = more;
        m->kept_size = size + 1;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]->size > 0)
            memcpy(m->kept + at, all[i]->data, all[i]->size);
        all[i]->data = m->kept + at;
        at += all[i]->size;
    }
    return true;
}

static enum status get_one(struct mailbox *m, sqlite3_stmt *q, struct mailbox_entry *out)
{
    int code = SQLITE_DONE;
    bool found = false;
    while (!found && (code = sqlite3_step(q)) == SQLITE_ROW)
        found = read_entry(m, q, out);
    if (!found)
        return code == SQLITE_DONE ? STATUS_NOT_FOUND : step_failed(m, code);
    read_details(q, out);
    return keep_slices(m, out) ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status ask_one(struct mailbox *m, const char *condition, int64_t id, struct slice text,
                           struct mailbox_entry *out)
{
    char query[sizeof select_text + 100];
    sqlite3_stmt *q = NULL;
    snprintf(query, sizeof query, "%s AND %s", select_text, condition);
    int code = sqlite3_prepare_v2(m->index->database, query, -1, &q, NULL);
    if (code != SQLITE_OK)
        return mailbox_failed(m, mailbox_index_failed(m->index, "ask", code), m->index->error);
    if (text.data)
        sqlite3_bind_text(q, 1, text.data, (int)text.size, SQLITE_STATIC);
    else
        sqlite3_bind_int64(q, 1, id);
    enum status s = get_one(m, q, out);
    sqlite3_finalize(q);
    return s;
}

enum status mailbox_get(struct mailbox *m, int64_t id, struct mailbox_entry *out)
{
    enum status s = ask_one(m, "s.id = ?1", id, (struct slice){0}, out);
    if (s == STATUS_NOT_FOUND)
        snprintf(m->error, sizeof m->error,
                 "there is no message %lld; `poplin list --all` shows all", (long long)id);
    return s;
}

enum status mailbox_find_id(struct mailbox *m, struct slice message_id, int64_t *id)
{
    struct mailbox_entry e;
    enum status s = ask_one(m, "i.message_id = ?1 ORDER BY s.id DESC", 0,
                            message_id.data ? message_id : SLICE(""), &e);
    if (s == STATUS_NOT_FOUND)
        return mailbox_failed(m, s, "there is no message with that Message-ID");
    *id = e.id;
    return s;
}
