#include "client/fetch_run.h"

#include <stdlib.h>
#include <string.h>

/* STAT, UIDL and LIST, in one flight where the server pipelines, and the plan made of them. Sizes
 * are asked for last: some servers write the UIDL into the message when they are first asked for
 * it, and a size told before that is not the one that comes. */

void fetch_list_room(struct fetch *f)
{
    static const enum pop3_verb verbs[] = {POP3_VERB_STAT, POP3_VERB_UIDL, POP3_VERB_LIST};
    while (f->asked < 3 &&
           dialogue_command(f->dialogue, verbs[f->asked], slice_of("", 0)) == STATUS_OK)
        f->asked++;
}

static bool known_uidl(void *context, struct slice uidl, struct state_row *row)
{
    struct fetch *f = context;
    return state_find(f->state, f->account->name, uidl, row) == STATUS_OK;
}

/* Every UIDL that is listed was seen now; the others wait out their grace time. */
static bool note_seen(struct fetch *f)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        struct state_row row;
        if (f->plan.steps[i].state_id == 0 || !fetch_row(f, &f->plan.steps[i], &row))
            continue;
        f->is_unlearnt |= !row.has_header_hash && row.stage == STATE_DELIVERED;
        if (f->now - row.seen < 24 * 3600)
            continue;
        row.seen = f->now;
        if (state_put(f->state, f->account->name, &row) != STATUS_OK)
            return false;
    }
    return true;
}

static void make_plan(struct fetch *f)
{
    const struct account *a = f->account;
    struct plan_message *messages = NULL;
    size_t count = 0;
    struct plan_options *o = &f->plan_options;
    *o = (struct plan_options){
        .limit = f->options.limit,
        .max_size = f->options.max_size,
        .now = f->now,
        .deletes = a->keep != ACCOUNT_KEEP_FOREVER,
        .keep_age = a->keep == ACCOUNT_KEEP_AGE ? (int64_t)(a->keep_age / 1000) : 0,
        .never_delete = a->user && strncmp(a->user, "recent:", 7) == 0,
        .only = f->options.only,
        .only_count = f->options.only_count,
    };
    /* One transaction: every look into the state would take and drop its locks otherwise. */
    enum status s = state_begin(f->state);
    if (s == STATUS_OK)
        s = state_count_kept(f->state, a->name, &o->known_count);
    if (s == STATUS_OK)
        s = listing_messages(&f->listing, &messages, &count);
    if (s == STATUS_OK)
        s = plan_make(messages, count, o, known_uidl, f, &f->plan);
    free(messages);
    if (s != STATUS_OK) {
        state_rollback(f->state);
        fetch_fail(f, FAILURE_LOCAL, "no plan could be made: %s", status_text(s));
        return;
    }
    f->has_plan = true;
    if (f->result.listed < f->plan.count) /* of several windows: the largest */
        f->result.listed = f->plan.count;
    if (!note_seen(f) || state_commit(f->state) != STATUS_OK) {
        fetch_state_failed(f);
        return;
    }
    fetch_identify_begin(f);
}

static void listing_failed(struct fetch *f, const struct pop3_client_event *e)
{
    if (e->verb == POP3_VERB_UIDL)
        return; /* C06: told apart by their headers */
    if (e->verb == POP3_VERB_LIST)
        return; /* sizes are a comfort */
    struct failure why = {0};
    failure_from_reply(&why, &e->reply, false, "STAT");
    fetch_fail(f, why.kind, "%s", why.text);
}

static void on_stat(struct fetch *f, const struct pop3_client_event *e)
{
    bool is_too_large = e->fault == POP3_FAULT_RANGE || !listing_has_room(e->stat.count);
    if (is_too_large) {
        char text[100];
        failure_printable(e->reply.text, text, sizeof text);
        fetch_fail(f, FAILURE_PROTOCOL,
                   "the server says of its mailbox \"%s\": more messages than any has; nothing was "
                   "fetched",
                   text);
        return;
    }
    if (e->fault != POP3_FAULT_NONE && e->fault != POP3_FAULT_SIZE)
        return; /* nonsense: LIST and UIDL say it too */
    listing_stat(&f->listing, &e->stat);
    dialogue_set_row_limit(f->dialogue, e->stat.count + 16);
}

void fetch_list_event(struct fetch *f, const struct pop3_client_event *e)
{
    bool over = e->type == POP3_CLIENT_END;
    if (e->type == POP3_CLIENT_ROW) {
        enum status s = listing_add(&f->listing, e->verb == POP3_VERB_UIDL, &e->row, e->fault);
        if (s != STATUS_OK)
            fetch_fail(f, FAILURE_PROTOCOL,
                       "the server lists more than %d MiB hold: more than any mailbox has",
                       LISTING_MEMORY >> 20);
        return;
    }
    if (e->type == POP3_CLIENT_REPLY) {
        over = !e->lines_follow;
        if (e->reply.answer != POP3_OK)
            listing_failed(f, e);
        else if (e->verb == POP3_VERB_STAT)
            on_stat(f, e);
    }
    if (e->type == POP3_CLIENT_END)
        listing_end(&f->listing, e->rows);
    f->answered += over;
    if (f->answered < 3 || f->result.failure.kind != FAILURE_NONE)
        return;
    if (listing_contradicts_itself(&f->listing))
        fetch_fail(f, FAILURE_PROTOCOL,
                   "the server counts %u messages and lists none; nothing was fetched",
                   f->listing.count);
    else
        make_plan(f);
}
