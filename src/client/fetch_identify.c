#include "client/fetch_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages that no UIDL tells apart are known by the hash of their headers (C06): the server gives
 * no UIDLs, gives one twice, or gives all anew; or the state is lost and the Maildir is not. */

static size_t bucket_of(const unsigned char hash[STATE_HASH])
{
    return ((size_t)hash[0] << 8 | hash[1]) % KNOWN_BUCKETS;
}

struct known_header *fetch_find_known(struct fetch *f, const unsigned char hash[STATE_HASH])
{
    struct known_header *k = f->known ? f->known[bucket_of(hash)] : NULL;
    while (k && (k->used || memcmp(k->hash, hash, STATE_HASH) != 0))
        k = k->next;
    return k;
}

static struct known_header *add_known(struct fetch *f, const unsigned char hash[STATE_HASH])
{
    struct known_header *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    memcpy(k->hash, hash, STATE_HASH);
    k->next = f->known[bucket_of(hash)];
    f->known[bucket_of(hash)] = k;
    return k;
}

struct loading {
    struct fetch *f;
    bool failed;
};

static bool add_row(void *context, const struct state_row *row)
{
    struct loading *l = context;
    if (!row->has_header_hash)
        return true;
    struct known_header *k = add_known(l->f, row->header_hash);
    if (k) {
        k->state_id = row->id;
        k->octets = row->octets;
    }
    l->failed = !k;
    return !l->failed;
}

static bool add_file(void *context, struct slice file, const unsigned char hash[STATE_HASH],
                     uint64_t octets, bool read)
{
    struct loading *l = context;
    if (file.size > STATE_FILE_NAME || fetch_find_known(l->f, hash))
        return true;
    struct known_header *k = add_known(l->f, hash);
    if (k) {
        memcpy(k->file, file.data, file.size);
        k->octets = octets;
        k->read = read;
    }
    l->failed = !k;
    return !l->failed;
}

static bool load_known(struct fetch *f)
{
    struct loading l = {f, false};
    f->known = calloc(KNOWN_BUCKETS, sizeof(struct known_header *));
    f->hashes = calloc(f->plan.count + 1, sizeof *f->hashes);
    if (!f->known || !f->hashes || header_hash_init(&f->header) != STATUS_OK)
        return false;
    f->has_header = true;
    if (state_each(f->state, f->account->name, add_row, &l) != STATUS_OK || l.failed)
        return false;
    if (!f->is_first_run)
        return true;
    enum status s = deliver_scan(f->delivery, add_file, &l);
    return (s == STATUS_OK || s == STATUS_UNSUPPORTED) && !l.failed;
}

static bool has_size(const struct fetch *f, uint64_t octets)
{
    for (size_t i = 0; i < KNOWN_BUCKETS; i++) {
        for (const struct known_header *k = f->known[i]; k; k = k->next) {
            if (k->octets == octets)
                return true;
        }
    }
    return false;
}

/* Without a state every message is new to us; those that the Maildir may hold are looked at. */
static void suspect_delivered(struct fetch *f)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        struct plan_step *s = &f->plan.steps[i];
        if (s->action == PLAN_FETCH && has_size(f, s->message.octets))
            s->action = PLAN_IDENTIFY;
    }
}

static bool is_needed(const struct fetch *f)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        if (f->plan.steps[i].action == PLAN_IDENTIFY)
            return true;
    }
    return f->is_first_run && f->plan.fetch_count > 0;
}

void fetch_identify_begin(struct fetch *f)
{
    f->phase = FETCH_IDENTIFYING;
    f->next = f->answered_step = 0;
    if (!is_needed(f)) {
        fetch_messages_begin(f);
        return;
    }
    if (!load_known(f)) {
        fetch_state_failed(f);
        return;
    }
    if (f->is_first_run)
        suspect_delivered(f);
    fetch_identify_room(f);
}

static bool is_pending(const struct fetch *f, size_t step)
{
    return f->plan.steps[step].action == PLAN_IDENTIFY;
}

void fetch_identify_room(struct fetch *f)
{
    for (; f->next < f->plan.count; f->next++) {
        if (is_pending(f, f->next) &&
            dialogue_top(f->dialogue, f->plan.steps[f->next].message.number, 0) != STATUS_OK)
            return;
    }
    while (f->answered_step < f->plan.count && !is_pending(f, f->answered_step))
        f->answered_step++;
    if (f->answered_step == f->plan.count)
        fetch_messages_begin(f);
}

bool fetch_row(struct fetch *f, const struct plan_step *step, struct state_row *row)
{
    /* A step without a row may share its UIDL with one that has one (C06): that is another's. */
    return step->state_id != 0 && step->message.uidl.size > 0 &&
           state_find(f->state, f->account->name, step->message.uidl, row) == STATUS_OK &&
           row->id == step->state_id;
}

/* "h:" and the hash, and a number where other messages have the same header. */
static struct slice hash_name(struct fetch *f, const struct plan_step *s,
                              const unsigned char hash[STATE_HASH], char memory[FETCH_UIDL_TEXT])
{
    struct state_row row;
    for (unsigned n = 0;; n++) {
        struct buf b = buf_over(memory, FETCH_UIDL_TEXT);
        buf_put_str(&b, "h:");
        for (size_t i = 0; i < STATE_HASH; i++)
            buf_printf(&b, "%02x", hash[i]);
        if (n > 0)
            buf_printf(&b, ":%u", n);
        if (state_find(f->state, f->account->name, buf_slice(&b), &row) != STATUS_OK ||
            row.id == s->state_id)
            return buf_slice(&b);
    }
}

struct slice fetch_uidl(struct fetch *f, size_t step, const char *file,
                        char memory[FETCH_UIDL_TEXT])
{
    const struct plan_step *s = &f->plan.steps[step];
    struct state_row row;
    bool is_taken = s->message.uidl.size > 0 &&
                    state_find(f->state, f->account->name, s->message.uidl, &row) == STATUS_OK &&
                    row.id != s->state_id;
    if (s->message.uidl.size > 0 && !is_taken)
        return s->message.uidl;
    if (f->hashes && f->hashes[step].is_known)
        return hash_name(f, s, f->hashes[step].hash, memory);
    int n = snprintf(memory, FETCH_UIDL_TEXT, "n:%s", file);
    return slice_of(memory, (size_t)n);
}

struct by_id {
    int64_t id;
    struct fetch *f;
    size_t step;
    bool found, failed;
};

/* The row of a known header gets the UIDL by which the server names the message now. */
static bool rename_row(void *context, const struct state_row *row)
{
    struct by_id *b = context;
    struct plan_step *step = &b->f->plan.steps[b->step];
    char memory[FETCH_UIDL_TEXT];
    if (row->id != b->id)
        return true;
    struct state_row renamed = *row;
    step->state_id = row->id;
    renamed.uidl = fetch_uidl(b->f, b->step, "", memory);
    renamed.seen = b->f->now;
    step->action = row->stage == STATE_DELIVERED || row->stage == STATE_TO_DELETE ||
                           row->stage == STATE_DELETED
                       ? PLAN_NOTHING
                       : PLAN_FETCH;
    b->found = true;
    b->failed = state_put(b->f->state, b->f->account->name, &renamed) != STATUS_OK;
    return false;
}

static bool take_row(struct fetch *f, size_t step, const struct known_header *k)
{
    struct by_id b = {k->state_id, f, step, false, false};
    if (state_begin(f->state) != STATUS_OK)
        return false;
    bool ok = state_each(f->state, f->account->name, rename_row, &b) == STATUS_OK && !b.failed &&
              state_commit(f->state) == STATUS_OK;
    if (!ok)
        state_rollback(f->state);
    if (!b.found)
        f->plan.steps[step].action = PLAN_FETCH;
    return ok;
}

/* A file of the Maildir, from before the state was lost. */
static bool take_file(struct fetch *f, size_t step, const struct known_header *k)
{
    char memory[FETCH_UIDL_TEXT];
    struct state_row row = {
        .uidl = fetch_uidl(f, step, k->file, memory),
        .stage = STATE_DELIVERED,
        .octets = f->plan.steps[step].message.octets,
        .has_header_hash = true,
        .seen = f->now,
        .fetched = f->now,
        .file = slice_str(k->file),
        .read = k->read,
    };
    memcpy(row.header_hash, k->hash, STATE_HASH);
    if (state_begin(f->state) != STATUS_OK ||
        state_put(f->state, f->account->name, &row) != STATUS_OK ||
        state_commit(f->state) != STATUS_OK) {
        state_rollback(f->state);
        return false;
    }
    f->plan.steps[step].state_id = row.id;
    f->plan.steps[step].action = PLAN_NOTHING;
    return true;
}

bool fetch_take_known(struct fetch *f, size_t step, const unsigned char hash[STATE_HASH])
{
    struct plan_step *s = &f->plan.steps[step];
    f->hashes[step].is_known = true;
    memcpy(f->hashes[step].hash, hash, STATE_HASH);
    struct known_header *k = fetch_find_known(f, hash);
    s->action = PLAN_FETCH;
    if (!k)
        return false;
    k->used = true;
    bool ok = k->state_id != 0 ? take_row(f, step, k) : take_file(f, step, k);
    if (!ok)
        fetch_state_failed(f);
    return ok && s->action != PLAN_FETCH;
}

/* The server has no TOP. */
static void leave_untold(struct fetch *f)
{
    f->plan.steps[f->answered_step].action = PLAN_FETCH;
    f->hashes[f->answered_step].is_untold = true;
}

void fetch_identify_event(struct fetch *f, const struct pop3_client_event *e)
{
    unsigned char hash[STATE_HASH];
    while (f->answered_step < f->plan.count && !is_pending(f, f->answered_step))
        f->answered_step++;
    if (f->answered_step == f->plan.count)
        return;
    switch (e->type) {
    case POP3_CLIENT_REPLY:
        header_hash_restart(&f->header);
        if (!e->lines_follow)
            leave_untold(f);
        break;
    case POP3_CLIENT_DATA:
        header_hash_feed(&f->header, e->data);
        break;
    case POP3_CLIENT_END:
        if (header_hash_end(&f->header, hash))
            fetch_take_known(f, f->answered_step, hash);
        else
            leave_untold(f);
        break;
    default:
        break;
    }
}
