#include "client/account_probe.h"

#include "client/dialogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct probing {
    const struct account_probe_options *options;
    struct account_probe *out;
    struct event_loop *loop;
    uint64_t begun, asked;
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void copy_text(char *out, size_t size, const char *text)
{
    failure_printable(slice_str(text != NULL ? text : ""), out, size);
}

static void note_tls(struct probing *p, struct dialogue *d)
{
    struct account_probe *o = p->out;
    struct tls_connection *t = dialogue_tls(d);
    char text[ACCOUNT_PROBE_TEXT];
    copy_text(o->tls_version, sizeof o->tls_version, dialogue_tls_version(d));
    if (t == NULL)
        return;
    struct buf b = buf_over(text, sizeof text - 1);
    if (tls_client_certificate(t, &b) == STATUS_OK)
        failure_printable(buf_slice(&b), o->certificate, sizeof o->certificate);
    const char *problem = tls_client_problem(t); /* printable */
    (void)snprintf(o->problem, sizeof o->problem, "%s", problem != NULL ? problem : "");
    o->has_fingerprint = tls_client_fingerprint(t, o->fingerprint);
}

static void on_ready(void *context, struct dialogue *d)
{
    struct probing *p = context;
    struct account_probe *o = p->out;
    o->is_ready = true;
    o->connect_time = now_ms() - p->begun;
    copy_text(o->greeting, sizeof o->greeting, dialogue_greeting(d));
    note_tls(p, d);
    if (p->options->login)
        copy_text(o->mechanism, sizeof o->mechanism, dialogue_mechanism(d));
    o->capabilities = *dialogue_capabilities(d);
    o->window = dialogue_window(d);
    p->asked = now_ms();
    enum pop3_verb verb = p->options->login ? POP3_VERB_STAT : POP3_VERB_CAPA;
    if (dialogue_command(d, verb, SLICE("")) != STATUS_OK)
        dialogue_quit(d);
}

static void note_row(struct account_probe *o, struct slice line)
{
    if (o->row_count < ACCOUNT_PROBE_ROWS)
        failure_printable(line, o->rows[o->row_count++], sizeof o->rows[0]);
}

/* STAT after a login, then CAPA: what it can do may have changed with the login. */
static void on_event(void *context, struct dialogue *d, const struct pop3_client_event *e)
{
    struct probing *p = context;
    struct account_probe *o = p->out;
    if (e->type == POP3_CLIENT_ROW && e->verb == POP3_VERB_CAPA) {
        note_row(o, e->line);
        return;
    }
    if (e->type == POP3_CLIENT_REPLY && o->round_trip == 0)
        o->round_trip = now_ms() - p->asked;
    if (e->type == POP3_CLIENT_REPLY && e->verb == POP3_VERB_STAT) {
        o->count = e->stat.count;
        o->octets = e->stat.octets;
        if (e->reply.answer != POP3_OK) {
            char doing[400];
            (void)snprintf(doing, sizeof doing, "%s: STAT", p->options->account->host);
            failure_from_reply(&o->failure, &e->reply, false, doing);
        }
        if (dialogue_command(d, POP3_VERB_CAPA, SLICE("")) != STATUS_OK)
            dialogue_quit(d);
        return;
    }
    if (e->type == POP3_CLIENT_END || (e->type == POP3_CLIENT_REPLY && !e->lines_follow))
        dialogue_quit(d);
}

static void on_room(void *context, struct dialogue *d)
{
    (void)context;
    (void)d;
}

/* A server that closes instead of answering QUIT has told all there was. */
static void on_over(void *context, struct dialogue *d, const struct failure *why)
{
    struct probing *p = context;
    if (!p->out->is_ready) {
        copy_text(p->out->greeting, sizeof p->out->greeting, dialogue_greeting(d));
        failure_set(&p->out->failure, why->kind, "%s", why->text);
    }
    event_stop(p->loop);
}

static enum status open_tls(struct probing *p, struct tls_context **tls)
{
    const struct account *a = p->options->account;
    struct tls_client_options o = {
        .ca_file = a->ca_file,
        .fingerprint = a->has_fingerprint ? a->fingerprint : NULL,
        .insecure_for_diagnosis = p->options->insecure && !p->options->login,
    };
    char why[300];
    *tls = NULL;
    if (a->tls == ACCOUNT_TLS_NONE)
        return STATUS_OK;
    enum status s = tls_client_context_new(&o, tls, why);
    if (s != STATUS_OK)
        failure_set(&p->out->failure, FAILURE_CONFIG, "%s: %s", a->host, why);
    return s;
}

static enum status converse(struct probing *p, struct tls_context *tls)
{
    struct dialogue *d = NULL;
    struct dialogue_options options = {
        .account = p->options->account,
        .tls = tls,
        .password = p->options->password,
        .token = p->options->token,
        .login = p->options->login,
        .handler =
            {.context = p, .ready = on_ready, .event = on_event, .room = on_room, .over = on_over},
    };
    p->begun = now_ms();
    enum status s = dialogue_start(p->loop, &options, &d);
    if (s == STATUS_OK)
        s = event_run(p->loop);
    dialogue_free(d);
    if (s == STATUS_MALFORMED)
        failure_set(&p->out->failure, FAILURE_CONFIG, "%s: the server or the proxy is no address",
                    p->options->account->host);
    return s == STATUS_MALFORMED ? STATUS_OK : s;
}

enum status account_probe_run(const struct account_probe_options *options,
                              struct account_probe *out)
{
    struct probing p = {.options = options, .out = out};
    struct tls_context *tls;
    *out = (struct account_probe){.failure = {.kind = FAILURE_NONE}};
    if (open_tls(&p, &tls) != STATUS_OK)
        return STATUS_OK;
    enum status s = event_loop_new(&p.loop);
    if (s == STATUS_OK) {
        s = converse(&p, tls);
        event_loop_free(p.loop);
    }
    if (tls != NULL)
        tls_context_unref(tls);
    return s;
}
