#include "cli/poplin_doctor.h"

#include "client/dialogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

/* Two sessions that fetch nothing: the first looks at everything, the second at whether the
 * unique-ids are still the same. */

enum { DAYS_LEAST = 14, FLIGHT = 8, IDS_MAX = 200000 };

enum step { STEP_STAT, STEP_UIDL, STEP_ONE, STEP_FLIGHT, STEP_QUIT };

struct ids {
    uint64_t *list; /* a hash of each */
    size_t count, capacity;
    bool refused, cut;
};

struct session {
    struct doctor *doctor;
    struct event_loop *loop;
    bool is_second, was_ready;
    enum step step;
    unsigned asked, answered; /* NOOPs of this step */
    uint64_t begun, one_took, flight_took;
    uint32_t messages;
    struct ids ids;
    struct failure failure;
};

static uint64_t microseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- unique-ids ---- */

static uint64_t hash_of(struct slice s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < s.size; i++)
        h = (h ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void add_id(struct ids *ids, struct slice uidl)
{
    if (ids->count == ids->capacity) {
        size_t more = ids->capacity ? ids->capacity * 2 : 1024;
        uint64_t *list = more > IDS_MAX ? NULL : reallocarray(ids->list, more, sizeof *list);
        ids->cut = !list;
        if (!list)
            return;
        ids->list = list;
        ids->capacity = more;
    }
    ids->list[ids->count++] = hash_of(uidl);
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* How many of the first session's ids the second has; both sorted. */
static size_t common(const struct ids *a, const struct ids *b)
{
    size_t n = 0;
    for (size_t i = 0; b->count > 0 && i < a->count; i++)
        n += bsearch(&a->list[i], b->list, b->count, sizeof *b->list, compare_hashes) != NULL;
    return n;
}

static size_t doubles(const struct ids *ids)
{
    size_t n = 0;
    for (size_t i = 1; i < ids->count; i++)
        n += ids->list[i] == ids->list[i - 1];
    return n;
}

static void sort(struct ids *ids)
{
    if (ids->count > 1)
        qsort(ids->list, ids->count, sizeof *ids->list, compare_hashes);
}

static void say_ids(struct doctor *d, struct session *first, struct session *second)
{
    static const char by_header[] =
        "none needed: messages are told apart by their headers, which is slower";
    sort(&first->ids);
    sort(&second->ids);
    size_t same = common(&first->ids, &second->ids);
    if (first->ids.refused)
        doctor_say(d, DOCTOR_WARN, "uidl", by_header, "the server gives no unique-ids");
    else if (first->ids.cut)
        doctor_say(d, DOCTOR_WARN, "uidl", NULL, "too many messages to compare them");
    else if (doubles(&first->ids) > 0)
        doctor_say(d, DOCTOR_WARN, "uidl", by_header, "%zu unique-ids are given twice",
                   doubles(&first->ids));
    else if (second->failure.kind != FAILURE_NONE)
        doctor_say(d, DOCTOR_WARN, "uidl", "try again in some minutes", "the second session: %s",
                   second->failure.text);
    else if (same * 2 < first->ids.count)
        doctor_say(d, DOCTOR_BAD, "uidl",
                   "tell the server's operator; until then every fetch looks at headers",
                   "only %zu of %zu unique-ids were the same in a second session", same,
                   first->ids.count);
    else if (same < first->ids.count)
        doctor_say(d, DOCTOR_OK, "uidl", NULL,
                   "%zu of %zu unique-ids were the same; the others went away meanwhile", same,
                   first->ids.count);
    else
        doctor_say(d, DOCTOR_OK, "uidl", NULL, "%zu unique-ids, the same in two sessions", same);
}

/* ---- the session's findings ---- */

static void say_certificate(struct doctor *d, const struct tls_connection *t)
{
    char memory[600];
    struct buf b = buf_over(memory, sizeof memory);
    int64_t from, until, now = time(NULL);
    if (tls_client_certificate(t, &b) != STATUS_OK || !tls_client_validity(t, &from, &until)) {
        doctor_say(d, DOCTOR_WARN, "certificate", NULL, "the server's certificate is unreadable");
        return;
    }
    long long days = (long long)(until - now) / 86400;
    doctor_say(d, days < DAYS_LEAST ? DOCTOR_WARN : DOCTOR_OK, "certificate",
               days < DAYS_LEAST ? "the server's operator must renew it" : NULL, "%.*s: %lld days",
               (int)b.size, b.data, days);
    bool outside = now < from || now > until;
    doctor_say(d, outside ? DOCTOR_BAD : DOCTOR_OK, "clock",
               outside ? "set this machine's clock, or have the certificate renewed" : NULL,
               "this machine's clock is %s the certificate's time", outside ? "outside" : "within");
}

static void say_tls(struct doctor *d, const struct dialogue *dialogue)
{
    struct tls_connection *t = dialogue_tls(dialogue);
    if (!t) {
        doctor_say(d, d->account->plain_allowed ? DOCTOR_WARN : DOCTOR_OK, "tls",
                   d->account->plain_allowed ? "use pop3s:// or pop3:// without `tls none`" : NULL,
                   "the connection is not encrypted");
        return;
    }
    doctor_say(d, DOCTOR_OK, "tls", NULL, "%s, %s, %s", dialogue_tls_version(dialogue),
               tls_cipher(t),
               d->account->has_fingerprint ? "the certificate is the pinned one"
                                           : "the chain and the name are good");
    say_certificate(d, t);
}

static void say_capabilities(struct doctor *d, const struct dialogue *dialogue)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {POP3_HAS_TOP, "TOP"},
        {POP3_HAS_UIDL, "UIDL"},
        {POP3_HAS_PIPELINING, "PIPELINING"},
        {POP3_HAS_SASL, "SASL"},
        {POP3_HAS_USER, "USER"},
        {POP3_HAS_RESP_CODES, "RESP-CODES"},
        {POP3_HAS_AUTH_RESP_CODE, "AUTH-RESP-CODE"},
        {POP3_HAS_UTF8, "UTF8"},
        {POP3_HAS_LANG, "LANG"},
        {POP3_HAS_EXPIRE, "EXPIRE"},
        {POP3_HAS_LOGIN_DELAY, "LOGIN-DELAY"},
    };
    const struct pop3_capabilities *c = dialogue_capabilities(dialogue);
    char memory[400];
    struct buf b = buf_over(memory, sizeof memory);
    if (!c->is_known) {
        doctor_say(d, DOCTOR_WARN, "capabilities", NULL,
                   "the server says nothing of what it can do; each command is tried");
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (c->has & names[i].bit)
            buf_printf(&b, "%s%s", b.size ? " " : "", names[i].name);
    }
    doctor_say(d, DOCTOR_OK, "capabilities", NULL, "%.*s", (int)b.size, b.data);
    if ((c->has & POP3_HAS_EXPIRE) && c->expire_days != UINT32_MAX)
        doctor_say(d, DOCTOR_WARN, "expire", "fetch more often than that",
                   "the server may remove messages after %u days", c->expire_days);
}

static void say_pipelining(struct doctor *d, const struct session *s, bool announced)
{
    double one = (double)s->one_took / 1000, flight = (double)s->flight_took / 1000;
    if (!announced)
        doctor_say(d, DOCTOR_OK, "pipelining", NULL,
                   "not announced: one command at a time, %.1f ms each", one);
    else if (s->step < STEP_QUIT)
        doctor_say(d, DOCTOR_BAD, "pipelining", "say `pipeline 1` in the account",
                   "announced, but %u of %d commands in one flight were answered", s->answered,
                   FLIGHT);
    else
        doctor_say(d, DOCTOR_OK, "pipelining", NULL,
                   "%d commands in one flight took %.1f ms, one alone %.1f ms", FLIGHT, flight,
                   one);
}

/* ---- the dialogue ---- */

static void take_step(struct session *s, struct dialogue *d);

static void next_step(struct session *s, struct dialogue *d, enum step step)
{
    s->step = step;
    s->asked = s->answered = 0;
    s->begun = microseconds();
    take_step(s, d);
}

static void ask_noops(struct session *s, struct dialogue *d, unsigned count)
{
    while (s->asked < count && dialogue_command(d, POP3_VERB_NOOP, slice_of("", 0)) == STATUS_OK)
        s->asked++;
}

static void take_step(struct session *s, struct dialogue *d)
{
    enum status status = STATUS_OK;
    switch (s->step) {
    case STEP_STAT:
        status = dialogue_command(d, POP3_VERB_STAT, slice_of("", 0));
        break;
    case STEP_UIDL:
        status = dialogue_command(d, POP3_VERB_UIDL, slice_of("", 0));
        break;
    case STEP_ONE:
        ask_noops(s, d, 1);
        break;
    case STEP_FLIGHT:
        ask_noops(s, d, FLIGHT);
        break;
    case STEP_QUIT:
        dialogue_quit(d);
        break;
    }
    if (status != STATUS_OK)
        dialogue_quit(d);
}

static void on_ready(void *context, struct dialogue *d)
{
    struct session *s = context;
    struct doctor *doctor = s->doctor;
    s->was_ready = true;
    if (!s->is_second) {
        say_tls(doctor, d);
        say_capabilities(doctor, d);
        if (doctor->has_secret)
            doctor_say(doctor, DOCTOR_OK, "login", NULL, "logged in by %s", dialogue_mechanism(d));
    }
    next_step(s, d, !doctor->has_secret ? STEP_QUIT : s->is_second ? STEP_UIDL : STEP_STAT);
}

static void on_room(void *context, struct dialogue *d)
{
    struct session *s = context;
    if (s->step == STEP_FLIGHT)
        ask_noops(s, d, FLIGHT);
}

static void noop_answered(struct session *s, struct dialogue *d)
{
    s->answered++;
    if (s->step == STEP_ONE) {
        s->one_took = microseconds() - s->begun;
        bool announced = dialogue_capabilities(d)->has & POP3_HAS_PIPELINING;
        next_step(s, d, announced ? STEP_FLIGHT : STEP_QUIT);
    } else if (s->answered == FLIGHT) {
        s->flight_took = microseconds() - s->begun;
        next_step(s, d, STEP_QUIT);
    }
}

static void on_reply(struct session *s, struct dialogue *d, const struct pop3_client_event *e)
{
    enum step after_uidl = s->is_second ? STEP_QUIT : STEP_ONE;
    if (e->verb == POP3_VERB_STAT && s->step == STEP_STAT) {
        s->messages = e->reply.answer == POP3_OK && e->fault == POP3_FAULT_NONE ? e->stat.count : 0;
        next_step(s, d, STEP_UIDL);
    } else if (e->verb == POP3_VERB_UIDL && !e->lines_follow) {
        s->ids.refused = true;
        next_step(s, d, after_uidl);
    } else if (e->verb == POP3_VERB_NOOP) {
        noop_answered(s, d);
    }
}

static void on_event(void *context, struct dialogue *d, const struct pop3_client_event *e)
{
    struct session *s = context;
    if (e->type == POP3_CLIENT_REPLY)
        on_reply(s, d, e);
    else if (e->type == POP3_CLIENT_ROW && e->verb == POP3_VERB_UIDL && e->row.number > 0)
        add_id(&s->ids, e->row.uid);
    else if (e->type == POP3_CLIENT_END && e->verb == POP3_VERB_UIDL)
        next_step(s, d, s->is_second ? STEP_QUIT : STEP_ONE);
}

static void on_over(void *context, struct dialogue *d, const struct failure *why)
{
    struct session *s = context;
    (void)d;
    s->failure = *why;
    event_stop(s->loop);
}

static void on_trace(void *context, bool from_server, struct slice line)
{
    char text[600];
    (void)context;
    failure_printable(line, text, sizeof text);
    fprintf(stderr, "%s %s\n", from_server ? "<" : ">", text);
}

static void converse(struct session *s, struct tls_context *tls)
{
    struct doctor *doctor = s->doctor;
    struct dialogue *d = NULL;
    struct dialogue_options o = {
        .account = doctor->account,
        .tls = tls,
        .password = slice_str(doctor->password),
        .token = slice_str(doctor->token),
        .login = doctor->has_secret,
        .handler = {s, on_ready, on_event, on_room, on_over, doctor->verbose ? on_trace : NULL},
    };
    if (event_loop_new(&s->loop) != STATUS_OK || dialogue_start(s->loop, &o, &d) != STATUS_OK ||
        event_run(s->loop) != STATUS_OK)
        failure_set(&s->failure, FAILURE_LOCAL, "out of memory");
    dialogue_free(d);
    event_loop_free(s->loop);
}

/* ---- both ---- */

/* What a session that did not come to its end says about where it ended. */
static void say_failure(struct doctor *d, const struct session *s)
{
    static const struct {
        enum failure_kind kind;
        const char *what, *next;
    } rows[] = {
        {FAILURE_TLS, "tls",
         "do not switch verification off: mend the name, the authority or the "
         "fingerprint as the text says"},
        {FAILURE_LOGIN, "login", "check user and password, and whether POP3 is switched on"},
        {FAILURE_BUSY, "login", "try again in some minutes"},
        {FAILURE_UNSAFE, "tls", "use pop3s://, or pop3:// with a server that has STLS"},
        {FAILURE_PROTOCOL, "protocol", "look at it with --verbose, and check host and port"},
    };
    const char *what = "session", *next = "try again; --verbose shows the dialogue";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind == s->failure.kind) {
            what = rows[i].what;
            next = rows[i].next;
        }
    }
    doctor_say(d, s->failure.kind == FAILURE_BUSY ? DOCTOR_WARN : DOCTOR_BAD, what, next, "%s",
               s->failure.text);
}

static bool open_tls(struct doctor *d, struct tls_context **out)
{
    const struct account *a = d->account;
    struct tls_client_options o = {.ca_file = a->ca_file,
                                   .fingerprint = a->has_fingerprint ? a->fingerprint : NULL};
    char why[300];
    *out = NULL;
    if (a->tls == ACCOUNT_TLS_NONE || tls_client_context_new(&o, out, why) == STATUS_OK)
        return true;
    doctor_say(d, DOCTOR_BAD, "tls", "check the file of authorities", "%s", why);
    return false;
}

static void examine_twice(struct doctor *d, struct tls_context *tls)
{
    struct session first = {.doctor = d}, second = {.doctor = d, .is_second = true};
    bool announced_flight;
    converse(&first, tls);
    announced_flight = first.step >= STEP_FLIGHT && first.flight_took + first.answered > 0;
    if (first.failure.kind != FAILURE_NONE && first.step != STEP_FLIGHT)
        say_failure(d, &first);
    if (first.was_ready && d->has_secret && first.step >= STEP_ONE) {
        doctor_say(d, DOCTOR_OK, "mailbox", NULL, "%u messages", first.messages);
        say_pipelining(d, &first, announced_flight || first.step == STEP_FLIGHT);
        converse(&second, tls);
        say_ids(d, &first, &second);
    }
    free(first.ids.list);
    free(second.ids.list);
}

void doctor_sessions(struct doctor *d)
{
    struct tls_context *tls;
    if (!open_tls(d, &tls))
        return;
    examine_twice(d, tls);
    if (tls)
        tls_context_unref(tls);
}
