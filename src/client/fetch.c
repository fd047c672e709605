#include "client/fetch_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GRACE = 30 * 24 * 3600 }; /* seconds that a UIDL may be unlisted before it is forgotten (C08) */

void fetch_fail(struct fetch *f, enum failure_kind kind, const char *format, ...)
{
    struct failure why = {.kind = kind};
    va_list args;
    va_start(args, format);
    vsnprintf(why.text, sizeof why.text, format, args);
    va_end(args);
    failure_set(&f->result.failure, kind, "%s", why.text);
    if (f->receiving)
        deliver_abort(f->delivery);
    f->receiving = false;
    if (f->dialogue)
        dialogue_abort(f->dialogue, &why);
}

void fetch_state_failed(struct fetch *f)
{
    state_rollback(f->state);
    fetch_fail(f, FAILURE_LOCAL, "the state database: %s; mail that was fetched is safe, the next "
                                 "run completes this one",
               state_error(f->state));
}

void fetch_progress(struct fetch *f)
{
    struct fetch_progress p = {f->account, f->result.fetched, f->result.new_messages,
                               f->result.fetched_octets, f->plan.fetch_octets};
    if (f->observer.progress)
        f->observer.progress(f->observer.context, &p);
}

/* ---- what an earlier run left behind ---- */

struct recovery {
    struct fetch *f;
    bool failed;
};

/* C21: fetching with its file in place was delivered; without, it is as if it had not begun. */
static bool recover_row(void *context, const struct state_row *row)
{
    struct recovery *r = context;
    struct state_row fixed = *row;
    if (row->stage != STATE_FETCHING)
        return true;
    if (deliver_has(r->f->delivery, row->file)) {
        fixed.stage = STATE_DELIVERED;
        fixed.fetched = r->f->now;
    } else {
        fixed.stage = STATE_NEW;
        fixed.file = slice_of("", 0);
    }
    r->failed = state_put(r->f->state, r->f->account->name, &fixed) != STATUS_OK;
    return !r->failed;
}

static bool recover(struct fetch *f)
{
    struct recovery r = {f, false};
    if (state_begin(f->state) == STATUS_OK &&
        state_each(f->state, f->account->name, recover_row, &r) == STATUS_OK && !r.failed &&
        state_commit(f->state) == STATUS_OK)
        return true;
    state_rollback(f->state);
    return false;
}

/* ---- listing ---- */

static void ask_listing(struct fetch *f)
{
    static const enum pop3_verb verbs[] = {POP3_VERB_STAT, POP3_VERB_LIST, POP3_VERB_UIDL};
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
        fetch_fail(f, FAILURE_LOCAL, "%s: no plan could be made: %s", a->name, status_text(s));
        return;
    }
    f->has_plan = true;
    f->result.listed = f->plan.count;
    if (!note_seen(f) ||
        state_commit(f->state) != STATUS_OK) {
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
    failure_from_reply(&f->result.failure, &e->reply, false, "STAT");
    fetch_fail(f, f->result.failure.kind, "%s", f->result.failure.text);
}

static void on_stat(struct fetch *f, const struct pop3_client_event *e)
{
    if (e->fault != POP3_FAULT_NONE && e->fault != POP3_FAULT_SIZE)
        return; /* nonsense: LIST and UIDL say it too */
    listing_stat(&f->listing, &e->stat);
    dialogue_set_row_limit(f->dialogue, e->stat.count + 16);
}

static void listing_event(struct fetch *f, const struct pop3_client_event *e)
{
    bool over = e->type == POP3_CLIENT_END;
    if (e->type == POP3_CLIENT_ROW) {
        enum status s = listing_add(&f->listing, e->verb == POP3_VERB_UIDL, &e->row, e->fault);
        if (s != STATUS_OK)
            fetch_fail(f, FAILURE_PROTOCOL,
                       "%s: the server lists more than %d MiB hold: more than any mailbox has",
                       f->account->name, LISTING_MEMORY >> 20);
        return;
    }
    if (e->type == POP3_CLIENT_REPLY) {
        over = !e->lines_follow;
        if (e->reply.answer != POP3_OK)
            listing_failed(f, e);
        else if (e->verb == POP3_VERB_STAT)
            on_stat(f, e);
    }
    f->answered += over;
    if (f->answered == 3 && f->result.failure.kind == FAILURE_NONE)
        make_plan(f);
}

/* ---- the dialogue's calls ---- */

static void on_ready(void *context, struct dialogue *d)
{
    struct fetch *f = context;
    f->dialogue = d;
    ask_listing(f);
}

static void on_event(void *context, struct dialogue *d, const struct pop3_client_event *e)
{
    struct fetch *f = context;
    (void)d;
    switch (f->phase) {
    case FETCH_LISTING:
        listing_event(f, e);
        break;
    case FETCH_IDENTIFYING:
        fetch_identify_event(f, e);
        break;
    case FETCH_FETCHING:
        fetch_messages_event(f, e);
        break;
    case FETCH_DELETING:
        fetch_delete_event(f, e);
        break;
    case FETCH_QUITTING:
        break;
    }
}

static void on_room(void *context, struct dialogue *d)
{
    struct fetch *f = context;
    (void)d;
    switch (f->phase) {
    case FETCH_LISTING:
        ask_listing(f);
        break;
    case FETCH_IDENTIFYING:
        fetch_identify_room(f);
        break;
    case FETCH_FETCHING:
        fetch_messages_room(f);
        break;
    case FETCH_DELETING:
        fetch_delete_room(f);
        break;
    case FETCH_QUITTING:
        break;
    }
}

static void on_over(void *context, struct dialogue *d, const struct failure *why)
{
    struct fetch *f = context;
    (void)d;
    if (f->receiving)
        deliver_abort(f->delivery); /* C09: half a message is none */
    f->receiving = false;
    fetch_commit(f);
    if (why->kind == FAILURE_NONE && f->phase == FETCH_QUITTING)
        fetch_delete_done(f);
    failure_set(&f->result.failure, why->kind, "%s", why->text);
    if (f->result.failure.kind == FAILURE_NONE && f->result.refused + f->result.unsure > 0)
        failure_set(&f->result.failure, FAILURE_PARTIAL,
                    "%s: %llu refused by the server, %llu came with another size than announced "
                    "and stay there; the next run tries again",
                    f->account->name, (unsigned long long)f->result.refused,
                    (unsigned long long)f->result.unsure);
    uint64_t pruned;
    if (f->has_plan && state_begin(f->state) == STATUS_OK &&
        (state_prune(f->state, f->account->name, f->now - GRACE, &pruned) != STATUS_OK ||
         state_commit(f->state) != STATUS_OK))
        state_rollback(f->state);
    f->over = true;
    f->done(f->context, f, &f->result);
}

static void on_trace(void *context, bool from_server, struct slice line)
{
    struct fetch *f = context;
    f->observer.trace(f->observer.context, f->account, from_server, line);
}

static void run_timed_out(struct event_timer *timer, uint64_t now)
{
    struct fetch *f = (struct fetch *)((char *)timer - offsetof(struct fetch, run_timer));
    (void)now;
    fetch_commit(f);
    fetch_fail(f, FAILURE_TIMEOUT, "%s: the run took longer than `run-timeout`; the next goes on",
               f->account->name);
}

/* ---- beginning and end ---- */

static bool get_secrets(struct fetch *f, struct failure *why)
{
    char text[200];
    const struct account *a = f->account;
    if (a->token_eval && account_token(a, f->token, sizeof f->token, text) != STATUS_OK) {
        failure_set(why, FAILURE_CONFIG, "%s: no token: %s", a->name, text);
        return false;
    }
    if (!a->token_eval && account_password(a, f->password, sizeof f->password, text) != STATUS_OK) {
        failure_set(why, FAILURE_CONFIG, "%s: no password: %s", a->name, text);
        return false;
    }
    return true;
}

static bool open_tls(struct fetch *f, struct failure *why)
{
    const struct account *a = f->account;
    struct tls_client_options o = {
        .ca_file = a->ca_file,
        .fingerprint = a->has_fingerprint ? a->fingerprint : NULL,
    };
    char text[300];
    if (a->tls == ACCOUNT_TLS_NONE ||
        tls_client_context_new(&o, &f->tls, text) == STATUS_OK)
        return true;
    failure_set(why, FAILURE_CONFIG, "%s: %s", a->name, text);
    return false;
}

static bool open_target(struct fetch *f, struct failure *why)
{
    char text[200] = "";
    enum status s = state_lock_account(f->state, f->account->name, &f->lock);
    if (s == STATUS_IN_USE) {
        failure_set(why, FAILURE_LOCKED, "%s: another run has this account; wait until it has "
                                         "ended", f->account->name);
        return false;
    }
    if (s != STATUS_OK) {
        failure_set(why, FAILURE_LOCAL, "%s: %s", f->account->name, state_error(f->state));
        return false;
    }
    if (f->account->target == ACCOUNT_TARGET_NONE) {
        failure_set(why, FAILURE_CONFIG,
                    "%s: nothing says where its mail goes; add `deliver maildir DIR`",
                    f->account->name);
        return false;
    }
    s = deliver_open(f->account, &f->delivery, text);
    if (s != STATUS_OK) {
        failure_set(why, FAILURE_LOCAL, "%s: %s", f->account->name, text);
        return false;
    }
    if (recover(f))
        return true;
    failure_set(why, FAILURE_LOCAL, "%s: %s", f->account->name, state_error(f->state));
    return false;
}

static enum status start_dialogue(struct fetch *f)
{
    struct dialogue_options o = {
        .account = f->account,
        .tls = f->tls,
        .password = slice_str(f->password),
        .token = slice_str(f->token),
        .login = true,
        .handler = {f, on_ready, on_event, on_room, on_over,
                    f->observer.trace ? on_trace : NULL},
    };
    enum status s = dialogue_start(f->loop, &o, &f->dialogue);
    if (s == STATUS_OK && f->account->run_timeout > 0) {
        f->run_timer.fire = run_timed_out;
        event_set_timer(f->loop, &f->run_timer, event_now(f->loop) + f->account->run_timeout);
    }
    return s;
}

enum status fetch_start(struct event_loop *loop, struct state *state,
                        const struct account *account, const struct fetch_options *options,
                        const struct fetch_observer *observer,
                        void (*done)(void *context, struct fetch *f, const struct fetch_result *r),
                        void *context, struct fetch **out, struct failure *why)
{
    struct fetch *f = calloc(1, sizeof *f);
    if (!f || event_reserve(loop, 64) != STATUS_OK) {
        free(f);
        failure_set(why, FAILURE_LOCAL, "out of memory");
        return STATUS_NO_MEMORY;
    }
    f->loop = loop;
    f->state = state;
    f->account = account;
    f->options = *options;
    f->observer = *observer;
    f->done = done;
    f->context = context;
    f->now = time(NULL);
    listing_init(&f->listing);
    if (!open_target(f, why) || !get_secrets(f, why) || !open_tls(f, why)) {
        fetch_free(f);
        return STATUS_PERMANENT;
    }
    if (start_dialogue(f) != STATUS_OK) {
        failure_set(why, FAILURE_LOCAL, "out of memory");
        fetch_free(f);
        return STATUS_NO_MEMORY;
    }
    *out = f;
    return STATUS_OK;
}

void fetch_stop(struct fetch *f)
{
    bool in_flight = f->phase == FETCH_FETCHING && f->asked_items > f->whole;
    f->stopping = true;
    if (in_flight || f->over)
        return;
    fetch_commit(f);
    fetch_fail(f, FAILURE_STOPPED, "%s: stopped; what was fetched is here, the next run goes on",
               f->account->name);
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    dialogue_free(f->dialogue);
    event_clear_timer(f->loop, &f->run_timer);
    deliver_close(f->delivery);
    state_unlock(f->lock);
    if (f->tls)
        tls_context_unref(f->tls);
    if (f->has_plan)
        plan_wipe(&f->plan);
    listing_wipe(&f->listing);
    if (f->has_header)
        header_hash_wipe(&f->header);
    for (size_t i = 0; f->known && i < KNOWN_BUCKETS; i++) {
        for (struct known_header *k = f->known[i], *next; k; k = next) {
            next = k->next;
            free(k);
        }
    }
    free(f->known);
    free(f->hashes);
    explicit_bzero(f->password, sizeof f->password);
    explicit_bzero(f->token, sizeof f->token);
    free(f);
}
