#include "client/fetch_run.h"

#include <string.h>

enum { RING = 2 * FETCH_GROUP, FIRST_PAUSE = 3600, LONGEST_PAUSE = 7 * 24 * 3600 };

static struct fetch_item *item_at(struct fetch *f, size_t i)
{
    return &f->items[(f->first + i) % RING];
}

static void quit(struct fetch *f)
{
    f->phase = FETCH_QUITTING;
    dialogue_quit(f->dialogue);
}

void fetch_messages_begin(struct fetch *f)
{
    uint64_t fetches = 0;
    for (size_t i = 0; i < f->plan.count; i++) {
        struct plan_step *s = &f->plan.steps[i];
        bool too_many = f->options.limit > 0 && fetches >= f->options.limit;
        if (s->action == PLAN_FETCH && too_many)
            s->action = PLAN_SKIP_LIMIT;
        fetches += s->action == PLAN_FETCH;
        f->result.skipped += s->action == PLAN_SKIP_SIZE || s->action == PLAN_SKIP_LIMIT;
    }
    f->result.new_messages = fetches;
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
    row.stage = STATE_FETCHING;
    row.octets = s->message.octets == UINT64_MAX ? 0 : s->message.octets;
    row.file = slice_str(item->file);
    if (state_put(f->state, f->account->name, &row) != STATUS_OK)
        return false;
    s->state_id = item->state_id = row.id;
    f->count++;
    return true;
}

static bool name_group(struct fetch *f)
{
    size_t named = 0;
    if (state_begin(f->state) != STATUS_OK)
        return false;
    for (; f->next < f->plan.count && named < FETCH_GROUP && f->count < RING; f->next++) {
        if (f->plan.steps[f->next].action != PLAN_FETCH)
            continue;
        if (!name_one(f, f->next))
            return false;
        named++;
    }
    return state_commit(f->state) == STATUS_OK;
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
    if (f->asked_items == f->count && f->count + FETCH_GROUP <= RING && has_more(f) &&
        !name_group(f)) {
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

static bool write_row(struct fetch *f, struct fetch_item *item)
{
    char memory[FETCH_UIDL_TEXT];
    struct plan_step *s = &f->plan.steps[item->step];
    struct state_row row = {0};
    bool whole = item->place == ITEM_WHOLE;
    if (item->place == ITEM_KNOWN)
        return true;
    if (whole && f->hashes) {
        f->hashes[item->step].is_known = true;
        memcpy(f->hashes[item->step].hash, item->header_hash, STATE_HASH);
    }
    if (!fetch_row(f, s, &row)) {
        row = (struct state_row){.id = item->state_id, .seen = f->now};
        row.uidl = fetch_uidl(f, item->step, item->file, memory);
    }
    row.stage = whole ? STATE_DELIVERED : STATE_FAILED;
    row.octets = s->message.octets == UINT64_MAX ? item->wire_octets : s->message.octets;
    row.file = whole ? slice_str(item->file) : slice_of("", 0);
    row.fetched = whole ? f->now : 0;
    row.has_header_hash = whole;
    memcpy(row.header_hash, item->header_hash, STATE_HASH);
    if (!whole) {
        int64_t pause = (int64_t)FIRST_PAUSE << (row.failures < 10 ? row.failures : 10);
        row.failures++;
        row.retry_after = f->now + (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
    }
    return state_put(f->state, f->account->name, &row) == STATUS_OK;
}

/* C20: only what is durable here, and came as it was announced, may be deleted there. */
static void told(struct fetch *f, struct fetch_item *item)
{
    struct plan_step *s = &f->plan.steps[item->step];
    s->action = PLAN_NOTHING;
    if (item->place != ITEM_WHOLE)
        return;
    bool is_recent = f->account->user && strncmp(f->account->user, "recent:", 7) == 0;
    if (f->account->keep == ACCOUNT_KEEP_NONE && !item->is_unsure && !is_recent)
        s->action = PLAN_DELETE;
    if (f->observer.fetched)
        f->observer.fetched(f->observer.context, f->account, s->message.number, s->message.uidl,
                            item->wire_octets, slice_str(item->file));
}

bool fetch_commit(struct fetch *f)
{
    uint64_t octets;
    bool ok = true;
    if (f->whole == 0)
        return true;
    if (deliver_pending(f->delivery, &octets) > 0 && deliver_commit(f->delivery) != STATUS_OK) {
        f->whole = 0; /* their rows say fetching: the next run sees what became of each */
        fetch_fail(f, FAILURE_LOCAL, "%s: %s", f->account->name, deliver_error(f->delivery));
        return false;
    }
    ok = state_begin(f->state) == STATUS_OK;
    for (size_t i = 0; i < f->whole && ok; i++)
        ok = write_row(f, item_at(f, i));
    if (!ok || state_commit(f->state) != STATUS_OK) {
        f->whole = 0;
        fetch_state_failed(f);
        return false;
    }
    for (size_t i = 0; i < f->whole; i++)
        told(f, item_at(f, i));
    f->first = (f->first + f->whole) % RING;
    f->count -= f->whole;
    f->asked_items -= f->whole;
    f->whole = 0;
    return true;
}

/* ---- events ---- */

static bool is_untold(const struct fetch *f, const struct fetch_item *item)
{
    return f->hashes && f->hashes[item->step].is_untold;
}

/* C06, without TOP: the message came, and its header says that it is here already. The row that it
 * was named by goes before that of the known one takes its UIDL. */
static bool turns_out_known(struct fetch *f, const struct fetch_item *item)
{
    unsigned char hash[STATE_HASH];
    char memory[FETCH_UIDL_TEXT];
    struct plan_step *s = &f->plan.steps[item->step];
    if (!is_untold(f, item) || !header_hash_end(&f->header, hash))
        return false;
    const struct known_header *k = fetch_find_known(f, hash);
    if (!k || k->state_id == item->state_id)
        return false;
    struct slice name = fetch_uidl(f, item->step, item->file, memory);
    if (state_begin(f->state) != STATUS_OK ||
        state_forget(f->state, f->account->name, name) != STATUS_OK ||
        state_commit(f->state) != STATUS_OK) {
        fetch_state_failed(f);
        return false;
    }
    s->state_id = 0;
    return fetch_take_known(f, item->step, hash);
}

static void begin_message(struct fetch *f, struct fetch_item *item)
{
    if (is_untold(f, item))
        header_hash_restart(&f->header);
    struct deliver_message m = {.file = slice_str(item->file)};
    if (deliver_begin(f->delivery, &m) != STATUS_OK)
        fetch_fail(f, FAILURE_LOCAL, "%s: %s", f->account->name, deliver_error(f->delivery));
    else
        f->receiving = true;
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

static void end_message(struct fetch *f, struct fetch_item *item, const struct pop3_client_event *e)
{
    if (turns_out_known(f, item)) {
        deliver_abort(f->delivery);
        f->receiving = false;
        item->place = ITEM_KNOWN;
        f->whole++;
        return;
    }
    if (f->result.failure.kind != FAILURE_NONE)
        return;
    f->receiving = false;
    if (deliver_finish(f->delivery) != STATUS_OK) {
        fetch_fail(f, FAILURE_LOCAL, "%s: %s", f->account->name, deliver_error(f->delivery));
        return;
    }
    deliver_header_hash(f->delivery, item->header_hash);
    item->octets = e->octets;
    item->wire_octets = e->wire_octets;
    item->is_unsure = !is_as_announced(&f->plan.steps[item->step], e);
    item->place = ITEM_WHOLE;
    f->whole++;
    f->result.fetched++;
    f->result.fetched_octets += e->wire_octets;
    f->result.unsure += item->is_unsure;
    fetch_progress(f);
}

static void after_message(struct fetch *f)
{
    uint64_t octets = 0;
    deliver_pending(f->delivery, &octets);
    bool all = f->whole == f->count && !has_more(f);
    if (f->whole >= FETCH_GROUP || octets >= FETCH_GROUP_OCTETS || all || f->stopping)
        fetch_commit(f);
    if (f->stopping && f->result.failure.kind == FAILURE_NONE)
        fetch_fail(f, FAILURE_STOPPED,
                   "%s: stopped; what was fetched is here, the next run goes on", f->account->name);
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
        if (f->receiving && is_untold(f, item))
            header_hash_feed(&f->header, e->data);
        if (f->receiving && deliver_write(f->delivery, e->data) != STATUS_OK) {
            f->receiving = false; /* it has aborted by itself */
            fetch_fail(f, FAILURE_LOCAL, "%s: %s", f->account->name, deliver_error(f->delivery));
        }
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
