#include "client/fetch_run.h"

/* C20: the state says to-delete before DELE is sent, and deleted only after QUIT was answered +OK;
 * a QUIT whose answer is lost leaves to-delete, and the next run deletes again what is still
 * listed. */

static void quit(struct fetch *f)
{
    f->phase = FETCH_QUITTING;
    dialogue_quit(f->dialogue);
}

static bool set_stage(struct fetch *f, const struct plan_step *s, enum state_stage stage)
{
    struct state_row row;
    if (!fetch_row(f, s, &row))
        return false;
    /* A person's wish stays one until it is fulfilled (state.h). */
    bool is_wish = stage == STATE_TO_DELETE && row.stage == STATE_TO_DELETE;
    row.stage = stage;
    row.deleted = stage == STATE_DELETED ? f->now : is_wish ? row.deleted : 0;
    return state_put(f->state, f->account->name, &row) == STATUS_OK;
}

static bool set_all(struct fetch *f, enum state_stage stage)
{
    bool ok = state_begin(f->state) == STATUS_OK;
    for (size_t i = 0; i < f->plan.count && ok; i++) {
        if (f->plan.steps[i].action == PLAN_DELETE)
            ok = set_stage(f, &f->plan.steps[i], stage);
    }
    return ok && state_commit(f->state) == STATUS_OK;
}

static size_t count_deletions(const struct fetch *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->plan.count; i++)
        n += f->plan.steps[i].action == PLAN_DELETE;
    return n;
}

void fetch_delete_begin(struct fetch *f)
{
    f->phase = FETCH_DELETING;
    f->next = f->answered_step = 0;
    if (count_deletions(f) == 0) {
        quit(f);
        return;
    }
    if (!set_all(f, STATE_TO_DELETE)) {
        fetch_state_failed(f);
        return;
    }
    fetch_delete_room(f);
}

static void skip_to_deletion(const struct fetch *f, size_t *step)
{
    while (*step < f->plan.count && f->plan.steps[*step].action != PLAN_DELETE)
        (*step)++;
}

void fetch_delete_room(struct fetch *f)
{
    for (skip_to_deletion(f, &f->next); f->next < f->plan.count;
         f->next++, skip_to_deletion(f, &f->next)) {
        if (dialogue_message(f->dialogue, POP3_VERB_DELE, f->plan.steps[f->next].message.number) !=
            STATUS_OK)
            return;
    }
    skip_to_deletion(f, &f->answered_step);
    if (f->answered_step == f->plan.count)
        quit(f);
}

void fetch_delete_event(struct fetch *f, const struct pop3_client_event *e)
{
    skip_to_deletion(f, &f->answered_step);
    if (e->type != POP3_CLIENT_REPLY || f->answered_step == f->plan.count)
        return;
    struct plan_step *s = &f->plan.steps[f->answered_step];
    if (e->reply.answer == POP3_OK)
        f->answered_step++;
    else
        s->action = PLAN_NOTHING; /* it stays to-delete in the state, and is tried again */
}

void fetch_delete_done(struct fetch *f)
{
    if (!set_all(f, STATE_DELETED)) {
        state_rollback(f->state);
        return; /* to-delete: harmless, what is not listed any more needs no deletion */
    }
    for (size_t i = 0; i < f->plan.count; i++) {
        const struct plan_step *s = &f->plan.steps[i];
        if (s->action != PLAN_DELETE)
            continue;
        f->result.deleted++;
        if (f->observer.deleted)
            f->observer.deleted(f->observer.context, f->account, s->message.number);
    }
}
