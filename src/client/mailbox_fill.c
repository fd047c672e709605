#include "client/mailbox_model.h"
#include "client/mailbox_read.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Bodies are read for their words: a batch of messages is one transaction of the index. */

enum { BATCH = 200, KEEP_RESIDENT = 4 * 1024 * 1024 };

static int64_t milliseconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What a large message took is given back. */
static void rest_memory(struct mailbox *m, const struct arena *used)
{
    if (used->size > KEEP_RESIDENT)
        madvise(m->memory, MAILBOX_ARENA, MADV_DONTNEED);
}

static enum status fill_one(struct mailbox *m, int64_t id)
{
    struct mailbox_bytes b = {0};
    struct mailbox_summary summary = {0};
    struct mailbox_text text = {0};
    struct arena arena = arena_over(m->memory, MAILBOX_ARENA);
    int file = -1;
    enum status s = mailbox_open_file(m, id, &file);
    if (s == STATUS_OK) {
        s = mailbox_bytes_map(file, &b);
        close(file);
    }
    if (s == STATUS_OK)
        s = mailbox_summary_read(b.bytes, &arena, &summary);
    if (s == STATUS_OK)
        s = mailbox_text_read(b.bytes, &arena, &text);
    if (s != STATUS_OK)
        text =
            (struct mailbox_text){0}; /* what cannot be read has no words, and is not tried again */
    s = mailbox_index_put_text(m->index, id, &summary, &text);
    mailbox_bytes_unmap(&b);
    rest_memory(m, &arena);
    return s;
}

static enum status next_ids(struct mailbox *m, int64_t *ids, size_t wanted, size_t *count)
{
    sqlite3_stmt *q = NULL;
    int code = sqlite3_prepare_v2(m->index->database,
                                  "SELECT id FROM message WHERE filled = 1 AND folder > 0"
                                  " ORDER BY id DESC LIMIT ?1",
                                  -1, &q, NULL);
    *count = 0;
    if (code == SQLITE_OK)
        sqlite3_bind_int64(q, 1, (int64_t)wanted);
    while (code == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        ids[(*count)++] = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return code == SQLITE_OK ? STATUS_OK : mailbox_index_failed(m->index, "ask", code);
}

static enum status fill_batch(struct mailbox *m, size_t wanted, size_t *done)
{
    int64_t ids[BATCH];
    enum status s = next_ids(m, ids, wanted < BATCH ? wanted : BATCH, done);
    if (s != STATUS_OK || *done == 0)
        return s;
    s = mailbox_index_begin(m->index);
    for (size_t i = 0; i < *done && s == STATUS_OK; i++)
        s = fill_one(m, ids[i]);
    if (s == STATUS_OK)
        return mailbox_index_commit(m->index);
    mailbox_index_rollback(m->index);
    return s;
}

static uint64_t count_left(struct mailbox *m)
{
    sqlite3_stmt *q = NULL;
    uint64_t count = 0;
    if (sqlite3_prepare_v2(m->index->database,
                           "SELECT count(*) FROM message WHERE filled = 1 AND folder > 0", -1, &q,
                           NULL) == SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW)
        count = (uint64_t)sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return count;
}

enum status mailbox_fill(struct mailbox *m, uint64_t limit, uint64_t milliseconds, uint64_t *left)
{
    int64_t begun = milliseconds_now();
    uint64_t all = 0;
    size_t done = 0;
    enum status s = STATUS_OK;
    do {
        uint64_t wanted = limit == 0 ? BATCH : limit - all;
        s = fill_batch(m, wanted < BATCH ? (size_t)wanted : BATCH, &done);
        all += done;
    } while (s == STATUS_OK && done > 0 && (limit == 0 || all < limit) &&
             (milliseconds == 0 || milliseconds_now() - begun < (int64_t)milliseconds));
    *left = count_left(m);
    return s == STATUS_OK ? s : mailbox_failed(m, s, m->index->error);
}
