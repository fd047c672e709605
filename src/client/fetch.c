#include "client/fetch_run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    GRACE = 30 * 24 * 3600
}; /* seconds that a UIDL may be unlisted before it is forgotten (C08) */

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

/* ---- the dialogue's calls ---- */

static void on_ready(void *context, struct dialogue *d)
{
    struct fetch *f = context;
    f->dialogue = d;
    fetch_list_room(f);
}

static void on_event(void *context, struct dialogue *d, const struct pop3_client_event *e)
{
    struct fetch *f = context;
    (void)d;
    switch (f->phase) {
    case FETCH_LISTING:
        fetch_list_event(f, e);
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
        fetch_list_room(f);
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

static void forget_listing(struct fetch *f)
{
    if (f->has_plan)
        plan_wipe(&f->plan);
    f->has_plan = false;
    listing_wipe(&f->listing);
    if (f->has_header)
        header_hash_wipe(&f->header);
    f->has_header = f->is_unlearnt = false;
    for (size_t i = 0; f->known && i < KNOWN_BUCKETS; i++) {
        for (struct known_header *k = f->known[i], *next; k; k = next) {
            next = k->next;
            free(k);
        }
    }
    free(f->known);
    free(f->hashes);
    f->known = NULL;
    f->hashes = NULL;
    f->known_count = 0;
}

/* Gmail shows about 250 messages at a time. */
static bool account_shows_windows(const struct account *a)
{
    struct slice host = slice_str(a->host);
    static const char *const ends[] = {".gmail.com", ".googlemail.com"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct slice end = slice_str(ends[i]);
        if (host.size > end.size && slice_equal_nocase(slice_skip(host, host.size - end.size), end))
            return true;
    }
    return false;
}

/* Some show a mailbox in windows of a few hundred messages: the next one appears when this one was
 * fetched and the session has ended. Each round must have brought something, and there is an end
 * to them (A56). */
static bool may_show_more(const struct fetch *f)
{
    bool has_its_size = f->plan.count >= FETCH_WINDOW_LEAST && f->plan.count <= FETCH_WINDOW_MOST;
    bool is_window = f->round_fetched > 0 && f->round_fetched >= f->plan.count &&
                     (has_its_size || account_shows_windows(f->account));
    bool is_whole = f->phase == FETCH_QUITTING && !f->stopping && f->options.limit == 0 &&
                    f->options.max_size == 0 && f->options.since == 0 && !f->options.only;
    return is_window && is_whole && f->result.failure.kind == FAILURE_NONE &&
           f->rounds < FETCH_ROUNDS;
}

static void prune(struct fetch *f)
{
    uint64_t pruned;
    if (f->has_plan && state_begin(f->state) == STATUS_OK &&
        (state_prune(f->state, f->account->name, f->now - GRACE, &pruned) != STATUS_OK ||
         state_commit(f->state) != STATUS_OK))
        state_rollback(f->state);
}

static void finish(struct fetch *f, const struct failure *why)
{
    bool is_extra = f->rounds > 0 && f->phase == FETCH_LISTING && why->kind == FAILURE_BUSY;
    if (!is_extra) /* the window was fetched; whether there is another the next run will see */
        failure_set(&f->result.failure, why->kind, "%s: %s", f->account->name, why->text);
    if (f->result.failure.kind == FAILURE_NONE && f->result.refused + f->result.unsure > 0)
        failure_set(&f->result.failure, FAILURE_PARTIAL,
                    "%s: %s: %llu refused by the server, %llu came with another size than "
                    "announced and stay there; the next run tries again",
                    f->account->name, f->account->host, (unsigned long long)f->result.refused,
                    (unsigned long long)f->result.unsure);
    prune(f);
    f->over = true;
    f->done(f->context, f, &f->result);
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
    if (why->kind == FAILURE_NONE && may_show_more(f))
        event_set_timer(f->loop, &f->again, event_now(f->loop));
    else
        finish(f, why);
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
    fetch_fail(f, FAILURE_TIMEOUT, "the run took longer than `run-timeout`; the next goes on");
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
    if (a->tls == ACCOUNT_TLS_NONE || tls_client_context_new(&o, &f->tls, text) == STATUS_OK)
        return true;
    failure_set(why, FAILURE_CONFIG, "%s: %s", a->name, text);
    return false;
}

static bool open_target(struct fetch *f, struct failure *why)
{
    char text[200] = "";
    enum status s = state_lock_account(f->state, f->account->name, &f->lock);
    if (s == STATUS_IN_USE) {
        failure_set(why, FAILURE_LOCKED,
                    "%s: another run has this account; wait until it has "
                    "ended",
                    f->account->name);
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
        .handler = {f, on_ready, on_event, on_room, on_over, f->observer.trace ? on_trace : NULL},
    };
    enum status s = dialogue_start(f->loop, &o, &f->dialogue);
    if (s == STATUS_OK && f->account->run_timeout > 0 && f->rounds == 0) {
        f->run_timer.fire = run_timed_out;
        event_set_timer(f->loop, &f->run_timer, event_now(f->loop) + f->account->run_timeout);
    }
    return s;
}

/* The next window: a session of its own, from its listing on. */
static void fetch_again(struct event_timer *timer, uint64_t now)
{
    struct fetch *f = (struct fetch *)((char *)timer - offsetof(struct fetch, again));
    const struct failure why = {FAILURE_LOCAL, "out of memory"};
    (void)now;
    dialogue_free(f->dialogue);
    f->dialogue = NULL;
    forget_listing(f);
    f->rounds++;
    f->phase = FETCH_LISTING;
    f->asked = f->answered = 0;
    f->next = f->answered_step = f->first = f->count = f->asked_items = f->whole = 0;
    f->round_fetched = 0;
    if (start_dialogue(f) != STATUS_OK)
        finish(f, &why);
}

enum status fetch_start(struct event_loop *loop, struct state *state, const struct account *account,
                        const struct fetch_options *options, const struct fetch_observer *observer,
                        void (*done)(void *context, struct fetch *f, const struct fetch_result *r),
                        void *context, struct fetch **out, struct failure *why)
{
    struct fetch *f = calloc(1, sizeof *f);
    if (!f || event_reserve(loop, 64) != STATUS_OK) {
        free(f);
        failure_set(why, FAILURE_LOCAL, "%s: out of memory", account->name);
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
    f->again.fire = fetch_again;
    listing_init(&f->listing);
    if (!open_target(f, why) || !get_secrets(f, why) || !open_tls(f, why)) {
        fetch_free(f);
        return STATUS_PERMANENT;
    }
    if (start_dialogue(f) != STATUS_OK) {
        failure_set(why, FAILURE_LOCAL, "%s: out of memory", account->name);
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
    if (!f->dialogue || f->again.place != 0) { /* between two windows */
        const struct failure stopped = {FAILURE_STOPPED, "stopped between two sessions"};
        event_clear_timer(f->loop, &f->again);
        finish(f, &stopped);
        return;
    }
    fetch_commit(f);
    fetch_fail(f, FAILURE_STOPPED, "stopped; what was fetched is here, the next run goes on");
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    dialogue_free(f->dialogue);
    event_clear_timer(f->loop, &f->run_timer);
    event_clear_timer(f->loop, &f->again);
    deliver_close(f->delivery);
    state_unlock(f->lock);
    if (f->tls)
        tls_context_unref(f->tls);
    forget_listing(f);
    explicit_bzero(f->password, sizeof f->password);
    explicit_bzero(f->token, sizeof f->token);
    free(f);
}
