#include "client/fetch_run.h"

#include <string.h>

/* Messages that no UIDL tells apart are known by the hash of their headers (C06): the server gives
 * no UIDLs, gives one twice, or gives all anew; or the state is lost and the Maildir is not. TOP
 * tells the header; where a server has no TOP, or another size than the known message had, the
 * message is fetched and looked at before it is delivered. */

static const char matched_note[] = "target-matched";

static void suspect_delivered(struct fetch *f)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        struct plan_step *s = &f->plan.steps[i];
        bool is_new =
            s->action == PLAN_FETCH || s->action == PLAN_SKIP_LIMIT || s->action == PLAN_SKIP_SIZE;
        if (is_new && s->state_id == 0)
            s->action = PLAN_IDENTIFY;
    }
}

static bool is_needed(const struct fetch *f)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        if (f->plan.steps[i].action == PLAN_IDENTIFY)
            return true;
    }
    return f->is_unmatched && f->plan.count > 0;
}

static bool is_pending(const struct fetch *f, size_t step)
{
    return f->plan.steps[step].action == PLAN_IDENTIFY;
}

static void skip_to_pending(const struct fetch *f, size_t *step)
{
    while (*step < f->plan.count && !is_pending(f, *step))
        (*step)++;
}

void fetch_identify_begin(struct fetch *f)
{
    char value[8];
    f->phase = FETCH_IDENTIFYING;
    f->next = f->answered_step = 0;
    f->is_unmatched = state_get_note(f->state, f->account->name, matched_note, value,
                                     sizeof value) == STATUS_NOT_FOUND;
    if (!is_needed(f)) {
        fetch_messages_begin(f);
        return;
    }
    if (!fetch_load_known(f)) {
        fetch_fail(f, FAILURE_LOCAL, "what is here already could not be looked at");
        return;
    }
    if (f->is_unmatched && f->known_count > 0)
        suspect_delivered(f);
    fetch_identify_room(f);
}

/* In one transaction, so that a killed run has matched all or nothing. */
static bool take_all_known(struct fetch *f)
{
    bool ok = state_begin(f->state) == STATUS_OK;
    for (size_t i = 0; f->hashes && i < f->plan.count && ok; i++) {
        if (f->hashes[i].match)
            ok = fetch_take_known(f, i);
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
    for (size_t i = 0; i < f->plan.count; i++) {
        if (f->hashes[i].match)
            f->hashes[i].match = NULL;
    }
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

static void identified(struct fetch *f, const unsigned char hash[STATE_HASH])
{
    size_t step = f->answered_step;
    struct plan_step *s = &f->plan.steps[step];
    struct step_hash *h = &f->hashes[step];
    const uint64_t sizes[FETCH_SIZES] = {s->message.octets};
    h->is_known = true;
    memcpy(h->hash, hash, STATE_HASH);
    h->match = fetch_find_known(f, hash, sizes);
    s->action = h->match ? PLAN_NOTHING : PLAN_FETCH;
    if (h->match)
        h->match->used = true;
    else
        h->by_body = fetch_knows_header(f, hash);
}

static void not_identified(struct fetch *f)
{
    f->plan.steps[f->answered_step].action = PLAN_FETCH;
    f->hashes[f->answered_step].by_body = true;
}

void fetch_identify_event(struct fetch *f, const struct pop3_client_event *e)
{
    unsigned char hash[STATE_HASH];
    skip_to_pending(f, &f->answered_step);
    if (f->answered_step == f->plan.count)
        return;
    switch (e->type) {
    case POP3_CLIENT_REPLY:
        header_hash_restart(&f->header);
        if (!e->lines_follow) /* no TOP: the message itself will tell */
            not_identified(f);
        break;
    case POP3_CLIENT_DATA:
        header_hash_feed(&f->header, e->data);
        break;
    case POP3_CLIENT_END:
        if (header_hash_end(&f->header, hash))
            identified(f, hash);
        else
            not_identified(f);
        break;
    default:
        break;
    }
}
