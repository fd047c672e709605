#include "client/fetch_run.h"
#include "mime/mime_date.h"
#include "mime/mime_field.h"

#include <stdlib.h>
#include <string.h>

/* What TOP n 0 tells before anything is fetched, of all messages in one flight:
 *
 * - which message it is. Those that no UIDL tells apart are known by the hash of their headers
 *   (C06): the server gives no UIDLs, gives one twice, or gives all anew; or the state is lost and
 *   the Maildir is not. Where a server has no TOP, or another size than the known message had, the
 *   message is fetched and looked at before it is delivered.
 * - its Date, where only newer ones are wanted. One without a Date, or without TOP, is fetched.
 * - the hash of one that another program had fetched (state_import), for the day on which all
 *   UIDLs change. */

enum { ASK_IDENTITY = 1, ASK_DATE = 2, ASK_HASH = 4, LEARN_MOST = 1000 };

static const char matched_note[] = "target-matched";

static bool is_new(const struct plan_step *s)
{
    return s->action == PLAN_FETCH || s->action == PLAN_SKIP_LIMIT || s->action == PLAN_SKIP_SIZE;
}

static void suspect_delivered(struct fetch *f)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        if (is_new(&f->plan.steps[i]) && f->plan.steps[i].state_id == 0)
            f->plan.steps[i].action = PLAN_IDENTIFY;
    }
}

static bool may_have_top(const struct fetch *f)
{
    const struct pop3_capabilities *c = dialogue_capabilities(f->dialogue);
    return !c->is_known || (c->has & POP3_HAS_TOP);
}

static bool has_unknown_header(struct fetch *f, const struct plan_step *s)
{
    struct state_row row;
    return fetch_row(f, s, &row) && !row.has_header_hash &&
           (row.stage == STATE_DELIVERED || row.stage == STATE_TO_DELETE);
}

/* One transaction: every look into the state would take and drop its locks otherwise. */
static void ask_for_hashes(struct fetch *f)
{
    size_t asked = 0;
    bool is_wanted = f->is_unlearnt && may_have_top(f) && !f->options.dry_run &&
                     !f->options.check_only && !f->options.only;
    if (!is_wanted || state_begin(f->state) != STATUS_OK)
        return;
    for (size_t i = 0; i < f->plan.count && asked < LEARN_MOST; i++) {
        struct plan_step *s = &f->plan.steps[i];
        bool is_old = s->action == PLAN_NOTHING && s->state_id != 0;
        if (!is_old || !has_unknown_header(f, s))
            continue;
        f->hashes[i].asks |= ASK_HASH;
        asked++;
    }
    state_rollback(f->state);
}

static void ask(struct fetch *f)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        const struct plan_step *s = &f->plan.steps[i];
        bool is_identified = s->action == PLAN_IDENTIFY;
        bool has_limit = f->options.since > 0 && !f->options.only;
        bool is_dated =
            has_limit && (is_identified || s->action == PLAN_FETCH || s->action == PLAN_SKIP_LIMIT);
        f->hashes[i].asks = (is_identified ? ASK_IDENTITY : 0) | (is_dated ? ASK_DATE : 0);
    }
    ask_for_hashes(f);
}

static bool is_needed(const struct fetch *f)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        if (f->plan.steps[i].action == PLAN_IDENTIFY)
            return true;
    }
    return f->is_unmatched && f->plan.count > 0;
}

static void skip_to_pending(const struct fetch *f, size_t *step)
{
    while (*step < f->plan.count && f->hashes[*step].asks == 0)
        (*step)++;
}

static bool make_room(struct fetch *f)
{
    f->hashes = calloc(f->plan.count + 1, sizeof *f->hashes);
    f->has_header = f->hashes && header_hash_init(&f->header) == STATUS_OK;
    return f->has_header;
}

void fetch_identify_begin(struct fetch *f)
{
    char value[8];
    f->phase = FETCH_IDENTIFYING;
    f->next = f->answered_step = 0;
    f->is_unmatched = state_get_note(f->state, f->account->name, matched_note, value,
                                     sizeof value) == STATUS_NOT_FOUND;
    bool needs_known = is_needed(f);
    if (!needs_known && !f->is_unlearnt && f->options.since == 0) {
        fetch_messages_begin(f);
        return;
    }
    if (!make_room(f) || (needs_known && !fetch_load_known(f))) {
        fetch_fail(f, FAILURE_LOCAL, "what is here already could not be looked at");
        return;
    }
    if (f->is_unmatched && f->known_count > 0)
        suspect_delivered(f);
    ask(f);
    fetch_identify_room(f);
}

static bool note_hash(struct fetch *f, size_t step)
{
    struct state_row row;
    const struct plan_step *s = &f->plan.steps[step];
    if (!fetch_row(f, s, &row))
        return true;
    row.has_header_hash = true;
    memcpy(row.header_hash, f->hashes[step].hash, STATE_HASH);
    if (row.octets == 0 && s->message.octets != UINT64_MAX)
        row.octets = s->message.octets;
    return state_put(f->state, f->account->name, &row) == STATUS_OK;
}

/* In one transaction, so that a killed run has matched all or nothing. */
static bool take_all_known(struct fetch *f)
{
    bool ok = state_begin(f->state) == STATUS_OK;
    for (size_t i = 0; i < f->plan.count && ok; i++) {
        if (f->hashes[i].match)
            ok = fetch_take_known(f, i);
        else if (f->hashes[i].is_learnt)
            ok = note_hash(f, i);
    }
    if (ok && f->is_unmatched && !f->options.only)
        ok = state_set_note(f->state, f->account->name, matched_note, "1") == STATUS_OK;
    return ok && state_commit(f->state) == STATUS_OK;
}

static void end_identifying(struct fetch *f)
{
    if (!take_all_known(f)) {
        fetch_state_failed(f);
        return;
    }
    for (size_t i = 0; i < f->plan.count; i++)
        f->hashes[i].match = NULL;
    fetch_messages_begin(f);
}

void fetch_identify_room(struct fetch *f)
{
    for (skip_to_pending(f, &f->next); f->next < f->plan.count;
         f->next++, skip_to_pending(f, &f->next)) {
        if (dialogue_top(f->dialogue, f->plan.steps[f->next].message.number, 0) != STATUS_OK)
            return;
    }
    skip_to_pending(f, &f->answered_step);
    if (f->answered_step == f->plan.count)
        end_identifying(f);
}

/* ---- an answer ---- */

static void identified(struct fetch *f, size_t step)
{
    struct plan_step *s = &f->plan.steps[step];
    struct step_hash *h = &f->hashes[step];
    const uint64_t sizes[FETCH_SIZES] = {s->message.octets};
    h->is_known = true;
    h->match = fetch_find_known(f, h->hash, sizes);
    s->action = h->match ? PLAN_NOTHING : PLAN_FETCH;
    if (h->match)
        h->match->used = true;
    else
        h->by_body = fetch_knows_header(f, h->hash);
}

static void look_at_date(struct fetch *f, struct plan_step *s)
{
    struct mime_field field;
    struct mime_date date;
    bool is_known = mime_field_find(buf_slice(&f->head), SLICE("Date"), &field) &&
                    mime_date_parse(field.value, &date);
    if (!is_known)
        f->result.undated++;
    else if (date.seconds < f->options.since)
        s->action = PLAN_SKIP_OLD;
}

static void take_header(struct fetch *f)
{
    size_t step = f->answered_step;
    struct plan_step *s = &f->plan.steps[step];
    struct step_hash *h = &f->hashes[step];
    if (h->asks & ASK_IDENTITY)
        identified(f, step);
    if ((h->asks & ASK_DATE) && (s->action == PLAN_FETCH || s->action == PLAN_SKIP_LIMIT)) {
        s->action = PLAN_FETCH; /* the limit counts those that are new enough */
        look_at_date(f, s);
    }
    h->is_learnt = h->asks & ASK_HASH;
    h->asks = 0;
}

/* A server without TOP says so each time: the hashes of old messages are not worth that. */
static void give_up_hashes(struct fetch *f)
{
    for (size_t i = f->next; i < f->plan.count; i++)
        f->hashes[i].asks &= (unsigned char)~ASK_HASH;
}

static void not_identified(struct fetch *f)
{
    struct plan_step *s = &f->plan.steps[f->answered_step];
    struct step_hash *h = &f->hashes[f->answered_step];
    if (h->asks & ASK_HASH)
        give_up_hashes(f);
    h->by_body = h->asks & ASK_IDENTITY;
    f->result.undated += (h->asks & ASK_DATE) != 0;
    if (h->asks & (ASK_IDENTITY | ASK_DATE))
        s->action = PLAN_FETCH;
    h->asks = 0;
}

static void begin_header(struct fetch *f)
{
    header_hash_restart(&f->header);
    f->head = buf_over(f->head_memory, sizeof f->head_memory);
}

/* A Date behind so many octets is not looked for. */
static void feed_header(struct fetch *f, struct slice data)
{
    size_t room = buf_room(&f->head);
    header_hash_feed(&f->header, data);
    if (f->options.since > 0)
        buf_put(&f->head, slice_take(data, data.size < room ? data.size : room));
}

void fetch_identify_event(struct fetch *f, const struct pop3_client_event *e)
{
    skip_to_pending(f, &f->answered_step);
    if (f->answered_step == f->plan.count)
        return;
    switch (e->type) {
    case POP3_CLIENT_REPLY:
        begin_header(f);
        if (!e->lines_follow) /* no TOP: the message itself will tell */
            not_identified(f);
        break;
    case POP3_CLIENT_DATA:
        feed_header(f, e->data);
        break;
    case POP3_CLIENT_END:
        if (header_hash_end(&f->header, f->hashes[f->answered_step].hash))
            take_header(f);
        else
            not_identified(f);
        break;
    default:
        break;
    }
}
