#include "cli/poplin_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

static int tell(const struct poplin_mail *m, enum failure_kind kind, const char *text)
{
    struct failure f = {0};
    failure_set(&f, kind, "%s", text);
    return poplin_tell(&f, m->json);
}

int poplin_mail_failed(const struct poplin_mail *m, enum status s)
{
    int code = tell(m, s == STATUS_IN_USE ? FAILURE_LOCKED : FAILURE_LOCAL, mailbox_error(m->box));
    return s == STATUS_NOT_FOUND ? EX_NOINPUT : s == STATUS_UNSUPPORTED ? EX_UNAVAILABLE : code;
}

int poplin_mail_open(struct poplin_mail *m, const char *only)
{
    char directory[LIMIT_PATH], why[200] = "";
    int code = poplin_open_accounts(&m->accounts, only);
    if (code == EX_OK)
        code = poplin_open_state(&m->state, m->json);
    if (code != EX_OK)
        return code;
    if (!account_state_directory(directory) ||
        mailbox_open(directory, m->state, &m->accounts, &m->box, why) != STATUS_OK)
        return tell(m, FAILURE_LOCAL, why);
    enum status s = mailbox_sync(m->box);
    return s == STATUS_OK ? EX_OK : poplin_mail_failed(m, s);
}

void poplin_mail_close(struct poplin_mail *m)
{
    mailbox_close(m->box);
    state_close(m->state);
    account_set_wipe(&m->accounts);
}

/* --- numbers --- */

static bool add(struct poplin_numbers *n, int64_t id)
{
    if (n->count == n->capacity) {
        size_t more = n->capacity ? n->capacity * 2 : 64;
        int64_t *list = reallocarray(n->list, more, sizeof *list);
        if (!list)
            return false;
        n->list = list;
        n->capacity = more;
    }
    n->list[n->count++] = id;
    return true;
}

struct adding {
    struct poplin_numbers *numbers;
    int64_t last;
    bool failed;
};

static bool add_entry(void *context, const struct mailbox_entry *e)
{
    struct adding *a = context;
    if (e->id > a->last)
        return false;
    a->failed = !add(a->numbers, e->id);
    return !a->failed;
}

static int add_matching(struct poplin_numbers *n, struct poplin_mail *m,
                        const struct mailbox_query *query, int64_t last)
{
    struct adding a = {n, last, false};
    enum status s = mailbox_each(m->box, query, add_entry, &a);
    if (a.failed)
        return tell(m, FAILURE_LOCAL, "out of memory");
    return s == STATUS_OK ? EX_OK : poplin_mail_failed(m, s);
}

int poplin_numbers_add_all(struct poplin_numbers *n, struct poplin_mail *m,
                           const struct mailbox_query *query)
{
    return add_matching(n, m, query, INT64_MAX);
}

static int add_range(struct poplin_numbers *n, struct poplin_mail *m, uint64_t first, uint64_t last)
{
    static struct mailbox_query query;
    size_t before = n->count;
    mailbox_query_init(&query);
    query.first = (int64_t)first;
    int code = add_matching(n, m, &query, (int64_t)last);
    if (code != EX_OK || n->count > before)
        return code;
    fprintf(stderr, "poplin: there is no message from %llu to %llu\n", (unsigned long long)first,
            (unsigned long long)last);
    return EX_NOINPUT;
}

static int add_one(struct poplin_numbers *n, struct poplin_mail *m, int64_t id)
{
    struct mailbox_entry e;
    enum status s = mailbox_get(m->box, id, &e);
    if (s != STATUS_OK)
        return poplin_mail_failed(m, s);
    return add(n, id) ? EX_OK : tell(m, FAILURE_LOCAL, "out of memory");
}

static int add_id(struct poplin_numbers *n, struct poplin_mail *m, struct slice text)
{
    int64_t id;
    if (text.size >= 2 && text.data[0] == '<' && text.data[text.size - 1] == '>')
        text = slice_of(text.data + 1, text.size - 2);
    enum status s = mailbox_find_id(m->box, text, &id);
    if (s != STATUS_OK)
        return poplin_mail_failed(m, s);
    return add(n, id) ? EX_OK : tell(m, FAILURE_LOCAL, "out of memory");
}

static int add_item(struct poplin_numbers *n, struct poplin_mail *m, struct slice item)
{
    uint64_t first, last;
    size_t dash = slice_find(item, '-');
    if (slice_parse_u64(item, &first) && first > 0 && first <= INT64_MAX)
        return add_one(n, m, (int64_t)first);
    if (dash < item.size && slice_parse_u64(slice_take(item, dash), &first) &&
        slice_parse_u64(slice_skip(item, dash + 1), &last) && first <= last && last <= INT64_MAX)
        return add_range(n, m, first, last);
    fprintf(stderr, "poplin: `%.*s` is no number of a message; numbers are 3, 3-7 or 3,5,9\n",
            SLICE_ARGS(item));
    return EX_USAGE;
}

int poplin_numbers_add(struct poplin_numbers *n, struct poplin_mail *m, const char *text)
{
    struct slice rest = slice_str(text);
    int code = EX_OK;
    if (memchr(rest.data, '@', rest.size) || rest.data[0] == '<')
        return add_id(n, m, rest);
    do {
        size_t comma = slice_find(rest, ',');
        code = add_item(n, m, slice_take(rest, comma));
        rest = slice_skip(rest, comma < rest.size ? comma + 1 : comma);
    } while (code == EX_OK && rest.size > 0);
    return code;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void poplin_numbers_sort(struct poplin_numbers *n)
{
    size_t kept = 0;
    if (n->count > 0)
        qsort(n->list, n->count, sizeof *n->list, compare);
    for (size_t i = 0; i < n->count; i++) {
        if (i == 0 || n->list[i] != n->list[kept - 1])
            n->list[kept++] = n->list[i];
    }
    n->count = kept;
}

void poplin_numbers_wipe(struct poplin_numbers *n)
{
    free(n->list);
    *n = (struct poplin_numbers){0};
}
