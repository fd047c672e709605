#include "client/fetch_run.h"

#include <string.h>

enum { RING = 2 * FETCH_GROUP, FIRST_PAUSE = 3600, LONGEST_PAUSE = 7 * 24 * 3600 };

/* A56: where a message that was announced must have ended; and one that was not. */
static const uint64_t slack = UINT64_C(64) << 20, unannounced_most = UINT64_C(4) << 30;

static struct fetch_item *item_at(struct fetch *f, size_t i)
{
    return &f->items[(f->first + i) % RING];
}

static void quit(struct fetch *f)
{
    f->phase = FETCH_QUITTING;
    dialogue_quit(f->dialogue);
}

/* Those that identification has found to be new: their size was not looked at yet. */
static void apply_max_size(struct fetch *f, struct plan_step *s)
{
    if (s->action == PLAN_FETCH && !f->options.only && f->options.max_size > 0 &&
        s->message.octets != UINT64_MAX && s->message.octets > f->options.max_size)
        s->action = PLAN_SKIP_SIZE;
}

void fetch_messages_begin(struct fetch *f)
{
    uint64_t fetches = 0;
    f->plan.fetch_octets = 0;
    for (size_t i = 0; i < f->plan.count; i++) {
        struct plan_step *s = &f->plan.steps[i];
        apply_max_size(f, s);
        bool too_many = f->options.limit > 0 && fetches >= f->options.limit;
        if (s->action == PLAN_FETCH && too_many)
            s->action = PLAN_SKIP_LIMIT;
        if (s->action == PLAN_FETCH) {
            fetches++;
            f->plan.fetch_octets += s->message.octets == UINT64_MAX ? 0 : s->message.octets;
        }
        f->result.skipped += s->action == PLAN_SKIP_SIZE || s->action == PLAN_SKIP_LIMIT ||
                             s->action == PLAN_SKIP_OLD;
    }
    f->result.new_messages += fetches;
    f->phase = FETCH_FETCHING;
    f->next = 0;
    if (f->observer.planned)
        f->observer.planned(f->observer.context, f->account, &f->plan);
    if (f->options.dry_run || f->options.check_only)
        quit(f);
    else
        fetch_messages_room(f);
}

/* ---- naming: the intent is in the state before the file exists ---- */

/* Only what it turns out to be says whether there will be a file: until then its row stays. */
static bool is_looked_at_again(const struct fetch *f, size_t step, const struct state_row *row)
{
    return f->hashes && f->hashes[step].by_body &&
           (row->stage == STATE_DELIVERED || row->stage == STATE_TO_DELETE ||
            row->stage == STATE_DELETED);
}

static bool put_intent(struct fetch *f, const struct fetch_item *item, struct state_row *row)
{
    const struct plan_step *s = &f->plan.steps[item->step];
    row->stage = STATE_FETCHING;
    row->unsure = item->is_unsure;
    row->octets = s->message.octets == UINT64_MAX ? 0 : s->message.octets;
    row->file = slice_str(item->file);
    if (f->hashes && f->hashes[item->step].is_known) {
        row->has_header_hash = true;
        memcpy(row->header_hash, f->hashes[item->step].hash, STATE_HASH);
    }
    row->has_digest = item->is_unsure;
    memcpy(row->digest, item->digest, STATE_HASH);
    return state_put(f->state, f->account->name, row) == STATUS_OK;
}

static bool name_one(struct fetch *f, size_t step)
{
    char memory[FETCH_UIDL_TEXT];
    struct fetch_item *item = item_at(f, f->count);
    struct state_row row = {0};
    *item = (struct fetch_item){.step = step, .place = ITEM_NAMED};
    if (deliver_name(f->delivery, item->file) != STATUS_OK)
        return false;
    struct plan_step *s = &f->plan.steps[step];
    if (!fetch_row(f, s, &row)) {
        row = (struct state_row){.seen = f->now};
        row.uidl = fetch_uidl(f, step, item->file, memory);
    }
    item->is_again = is_looked_at_again(f, step, &row);
    if (!item->is_again && !put_intent(f, item, &row))
        return false;
    s->state_id = item->state_id = row.id;
    f->count++;
    return true;
}

/* Within a transaction. */
static bool name_some(struct fetch *f)
{
    for (; f->next < f->plan.count && f->count < RING; f->next++) {
        if (f->plan.steps[f->next].action == PLAN_FETCH && !name_one(f, f->next))
            return false;
    }
    return true;
}

static bool name_first(struct fetch *f)
{
    return state_begin(f->state) == STATUS_OK && name_some(f) &&
           state_commit(f->state) == STATUS_OK;
}

static bool has_more(const struct fetch *f)
{
    for (size_t i = f->next; i < f->plan.count; i++) {
        if (f->plan.steps[i].action == PLAN_FETCH)
            return true;
    }
    return false;
}

void fetch_messages_room(struct fetch *f)
{
    if (f->stopping || f->phase != FETCH_FETCHING)
        return;
    if (f->count == 0 && has_more(f) && !name_first(f)) {
        fetch_state_failed(f);
        return;
    }
    while (f->asked_items < f->count) {
        struct fetch_item *item = item_at(f, f->asked_items);
        const struct plan_step *s = &f->plan.steps[item->step];
        if (dialogue_message(f->dialogue, POP3_VERB_RETR, s->message.number) != STATUS_OK)
            return;
        item->place = ITEM_ASKED;
        f->asked_items++;
    }
    if (f->count == 0 && !has_more(f))
        fetch_delete_begin(f);
}

/* ---- the commit of a group ---- */

/* A message that was here already: the row made for it goes, the known one takes its place. */
static bool write_known(struct fetch *f, struct fetch_item *item)
{
    struct state_row row;
    if (!item->is_again &&
        state_get(f->state, f->account->name, item->state_id, &row) == STATUS_OK &&
        state_forget(f->state, f->account->name, row.uidl) != STATUS_OK)
        return false;
    return fetch_take_known(f, item->step);
}

static void note_refusal(struct fetch *f, struct state_row *row)
{
    int64_t pause = (int64_t)FIRST_PAUSE << (row->failures < 10 ? row->failures : 10);
    row->stage = STATE_FAILED;
    row->failures++;
    row->retry_after = f->now + (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
    row->file = slice_of("", 0);
}

static void note_delivery(struct fetch *f, const struct fetch_item *item, struct state_row *row)
{
    row->stage = STATE_DELIVERED;
    row->fetched = f->now;
    row->file = item->is_double ? slice_of("", 0) : slice_str(item->file);
    row->unsure = item->is_unsure;
    row->has_header_hash = true;
    memcpy(row->header_hash, item->header_hash, STATE_HASH);
    row->has_digest = f->account->dedupe_content || item->is_unsure;
    memcpy(row->digest, item->digest, STATE_HASH);
}

static bool write_row(struct fetch *f, struct fetch_item *item)
{
    char memory[FETCH_UIDL_TEXT];
    struct plan_step *s = &f->plan.steps[item->step];
    struct state_row row = {0};
    if (item->place == ITEM_KNOWN)
        return write_known(f, item);
    if (item->place == ITEM_OVER && item->is_again)
        return true;
    if (item->place == ITEM_WHOLE && f->hashes) {
        f->hashes[item->step].is_known = true;
        memcpy(f->hashes[item->step].hash, item->header_hash, STATE_HASH);
    }
    struct slice uidl = fetch_uidl(f, item->step, item->file, memory);
    if (!fetch_row(f, s, &row))
        row = (struct state_row){.id = item->state_id, .seen = f->now};
    row.uidl = uidl;
    row.octets = s->message.octets == UINT64_MAX ? item->wire_octets : s->message.octets;
    if (item->place == ITEM_WHOLE)
        note_delivery(f, item, &row);
    else
        note_refusal(f, &row);
    return state_put(f->state, f->account->name, &row) == STATUS_OK;
}

/* C20: only what is durable here, and came as it was announced, may be deleted there. */
static void told(struct fetch *f, struct fetch_item *item)
{
    struct plan_step *s = &f->plan.steps[item->step];
    if (item->place == ITEM_KNOWN)
        return; /* it has its action already */
    s->action = PLAN_NOTHING;
    if (item->place != ITEM_WHOLE)
        return;
    const struct plan_options *o = &f->plan_options;
    if (o->deletes && o->keep_age == 0 && !o->never_delete && !item->is_unsure)
        s->action = PLAN_DELETE;
    if (f->observer.fetched && !item->is_double)
        f->observer.fetched(f->observer.context, f->account, s->message.number, s->message.uidl,
                            item->wire_octets, slice_str(item->file));
}

/* One transaction writes what the group has become and names those that come next. */
static bool write_group(struct fetch *f)
{
    bool ok = state_begin(f->state) == STATUS_OK;
    for (size_t i = 0; i < f->whole && ok; i++)
        ok = write_row(f, item_at(f, i));
    for (size_t i = 0; i < f->whole && ok; i++)
        told(f, item_at(f, i));
    if (!ok)
        return false;
    f->first = (f->first + f->whole) % RING;
    f->count -= f->whole;
    f->asked_items -= f->whole;
    f->whole = 0;
    if (!f->stopping && f->phase == FETCH_FETCHING && f->result.failure.kind == FAILURE_NONE)
        ok = name_some(f);
    return ok && state_commit(f->state) == STATUS_OK;
}

/* What the next run must know if this one is killed between the moment in which a file can be seen
 * and the state that says so: that the message came in another size than announced (A52), so that
 * it is not deleted there; its header's hash, where nothing else tells it from others (C06); and
 * the intent for one that was looked at again, and is another message. */
static bool note_early(struct fetch *f, const struct fetch_item *item)
{
    struct state_row row;
    if (state_get(f->state, f->account->name, item->state_id, &row) != STATUS_OK)
        return false;
    row.has_header_hash = true;
    memcpy(row.header_hash, item->header_hash, STATE_HASH);
    return put_intent(f, item, &row);
}

static bool note_before_commit(struct fetch *f)
{
    bool begun = false, ok = true;
    for (size_t i = 0; i < f->whole && ok; i++) {
        const struct fetch_item *item = item_at(f, i);
        bool by_body = f->hashes && f->hashes[item->step].by_body;
        if (item->place != ITEM_WHOLE || (!item->is_unsure && !by_body))
            continue;
        ok = (begun || state_begin(f->state) == STATUS_OK) && note_early(f, item);
        begun = true;
    }
    return ok && (!begun || state_commit(f->state) == STATUS_OK);
}

bool fetch_commit(struct fetch *f)
{
    uint64_t octets;
    if (f->whole == 0)
        return true;
    if (!note_before_commit(f)) {
        f->whole = 0;
        fetch_state_failed(f);
        return false;
    }
    if (deliver_pending(f->delivery, &octets) > 0 && deliver_commit(f->delivery) != STATUS_OK) {
        f->whole = 0; /* their rows say fetching: the next run sees what became of each */
        fetch_fail(f, FAILURE_LOCAL, "%s", deliver_error(f->delivery));
        return false;
    }
    if (write_group(f))
        return true;
    f->whole = 0;
    fetch_state_failed(f);
    return false;
}

/* ---- events ---- */

static void deliver_failed_here(struct fetch *f)
{
    f->receiving = false; /* a delivery that failed has aborted by itself */
    fetch_fail(f, FAILURE_LOCAL, "%s", deliver_error(f->delivery));
}

static void begin_message(struct fetch *f, struct fetch_item *item)
{
    char received[FETCH_OWN_LINE], delivered_to[FETCH_OWN_LINE];
    struct deliver_message m = {
        .file = slice_str(item->file),
        .received = fetch_received_line(f, received),
        .delivered_to = fetch_delivered_to_line(f, delivered_to),
    };
    f->arrived = 0;
    if (deliver_begin(f->delivery, &m) != STATUS_OK)
        deliver_failed_here(f);
    else
        f->receiving = true;
}

static void take_data(struct fetch *f, const struct fetch_item *item, struct slice data)
{
    uint64_t announced = f->plan.steps[item->step].message.octets;
    uint64_t most = announced < unannounced_most ? 2 * announced + slack : unannounced_most;
    f->arrived += data.size;
    if (f->arrived > most)
        fetch_fail(f, FAILURE_PROTOCOL,
                   "message %u has no end: %llu octets came, %llu were announced",
                   f->plan.steps[item->step].message.number, (unsigned long long)f->arrived,
                   (unsigned long long)announced);
    else if (deliver_write(f->delivery, data) != STATUS_OK)
        deliver_failed_here(f);
}

static void refused(struct fetch *f, struct fetch_item *item)
{
    item->place = ITEM_OVER; /* C07 */
    f->result.refused++;
    f->whole++;
}

/* LIST counts CRLF; some count the octets as stored. Anything else is another message than the one
 * that was announced, or a part of it (A52). */
static bool is_as_announced(const struct plan_step *s, const struct pop3_client_event *e)
{
    return s->message.octets == UINT64_MAX || s->message.octets == e->octets ||
           s->message.octets == e->wire_octets;
}

/* A message that TOP could not tell apart, and is here already. */
static bool is_known_now(struct fetch *f, struct fetch_item *item)
{
    struct step_hash *h = f->hashes ? &f->hashes[item->step] : NULL;
    if (!h || !h->by_body)
        return false;
    const uint64_t sizes[FETCH_SIZES] = {item->wire_octets, item->octets,
                                         f->plan.steps[item->step].message.octets};
    h->is_known = true;
    memcpy(h->hash, item->header_hash, STATE_HASH);
    h->was_fetched = true;
    h->is_unsure = item->is_unsure;
    memcpy(h->digest, item->digest, STATE_HASH);
    h->match = fetch_find_known(f, item->header_hash, sizes);
    if (h->match && !h->match->is_here)
        h->match = NULL; /* a run was killed over it: it is fetched now */
    if (!h->match)
        h->match = fetch_find_same(f, item->header_hash, item->digest);
    if (h->match)
        h->match->used = true;
    return h->match != NULL;
}

static void count_message(struct fetch *f, const struct fetch_item *item)
{
    f->whole++;
    if (item->place == ITEM_KNOWN || item->is_double)
        return;
    f->result.fetched++;
    f->round_fetched++;
    f->result.fetched_octets += item->wire_octets;
    f->result.unsure += item->is_unsure;
    fetch_progress(f);
}

static void end_message(struct fetch *f, struct fetch_item *item, const struct pop3_client_event *e)
{
    if (deliver_seal(f->delivery) != STATUS_OK) {
        deliver_failed_here(f);
        return;
    }
    f->receiving = false;
    deliver_header_hash(f->delivery, item->header_hash);
    deliver_digest(f->delivery, item->digest);
    item->octets = e->octets;
    item->wire_octets = e->wire_octets;
    item->is_unsure = !is_as_announced(&f->plan.steps[item->step], e);
    item->place = is_known_now(f, item) ? ITEM_KNOWN : ITEM_WHOLE;
    item->is_double = item->place == ITEM_WHOLE && f->account->dedupe_content &&
                      state_has_digest(f->state, item->digest);
    if (item->place == ITEM_KNOWN || item->is_double)
        deliver_abort(f->delivery);
    else if (deliver_finish(f->delivery) != STATUS_OK)
        deliver_failed_here(f);
    if (f->result.failure.kind == FAILURE_NONE)
        count_message(f, item);
}

/* Where nothing waits for a commit (a pipe, LMTP), each is noted at once; `dedupe` has each seen by
 * the other accounts at once. */
static bool is_group_full(const struct fetch *f)
{
    uint64_t octets = 0;
    bool waits = deliver_pending(f->delivery, &octets) > 0;
    return !waits || f->account->dedupe_content || f->whole >= FETCH_GROUP ||
           octets >= FETCH_GROUP_OCTETS || f->stopping || (f->whole == f->count && !has_more(f));
}

static void after_message(struct fetch *f)
{
    if (is_group_full(f))
        fetch_commit(f);
    if (f->stopping && f->result.failure.kind == FAILURE_NONE)
        fetch_fail(f, FAILURE_STOPPED, "stopped; what was fetched is here, the next run goes on");
}

void fetch_messages_event(struct fetch *f, const struct pop3_client_event *e)
{
    if (f->whole >= f->asked_items)
        return;
    struct fetch_item *item = item_at(f, f->whole);
    switch (e->type) {
    case POP3_CLIENT_REPLY:
        if (e->lines_follow) {
            begin_message(f, item);
        } else {
            refused(f, item);
            after_message(f);
        }
        break;
    case POP3_CLIENT_DATA:
        if (f->receiving)
            take_data(f, item, e->data);
        break;
    case POP3_CLIENT_END:
        if (f->receiving) {
            end_message(f, item, e);
            if (f->result.failure.kind == FAILURE_NONE)
                after_message(f);
        }
        break;
    default:
        break;
    }
}
