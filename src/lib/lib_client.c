#include "lib/lib_client.h"

#include "lib/lib_quiet.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    enum poplin_client_error error;
    const char *name;
} kinds[FAILURE_KIND_COUNT] = {
    [FAILURE_NONE] = {POPLIN_CLIENT_OK, "ok"},
    [FAILURE_UNREACHABLE] = {POPLIN_CLIENT_UNREACHABLE, "unreachable"},
    [FAILURE_TLS] = {POPLIN_CLIENT_TLS, "tls"},
    [FAILURE_UNSAFE] = {POPLIN_CLIENT_UNSAFE, "unsafe"},
    [FAILURE_LOGIN] = {POPLIN_CLIENT_LOGIN, "login"},
    [FAILURE_BUSY] = {POPLIN_CLIENT_BUSY, "busy"},
    [FAILURE_REFUSED] = {POPLIN_CLIENT_REFUSED, "refused"},
    [FAILURE_PROTOCOL] = {POPLIN_CLIENT_PROTOCOL, "protocol"},
    [FAILURE_LOST] = {POPLIN_CLIENT_LOST, "lost"},
    [FAILURE_TIMEOUT] = {POPLIN_CLIENT_TIMED_OUT, "timeout"},
    [FAILURE_LOCAL] = {POPLIN_CLIENT_LOCAL, "local"},
    [FAILURE_CONFIG] = {POPLIN_CLIENT_USAGE, "usage"},
    [FAILURE_LOCKED] = {POPLIN_CLIENT_LOCAL, "local"},
    [FAILURE_PARTIAL] = {POPLIN_CLIENT_LOCAL, "local"},
    [FAILURE_STOPPED] = {POPLIN_CLIENT_STOPPED, "stopped"},
};

const char *poplin_client_error_name(enum poplin_client_error error)
{
    for (size_t i = 0; i < FAILURE_KIND_COUNT; i++) {
        if (kinds[i].error == error)
            return kinds[i].name;
    }
    return "unknown";
}

static void begin(struct event_timer *timer, uint64_t now)
{
    struct poplin_client *c =
        (struct poplin_client *)((char *)timer - offsetof(struct poplin_client, go));
    (void)now;
    if (!c->is_over)
        c->call.start(c);
}

struct poplin_client *poplin_client_new(void)
{
    struct poplin_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->go.fire = begin;
    if (event_loop_new(&c->loop) != STATUS_OK) {
        free(c);
        return NULL;
    }
    return c;
}

void lib_client_close(struct poplin_client *c)
{
    struct lib_quiet quiet;
    lib_quiet_begin(&quiet);
    dialogue_free(c->dialogue);
    lib_quiet_end(&quiet);
    c->dialogue = NULL;
    c->is_ready = false;
    c->is_logged_in = false;
    c->has_deleted = false;
    c->knows_count = false;
    if (c->tls != NULL)
        tls_context_unref(c->tls);
    c->tls = NULL;
    account_wipe(&c->account);
}

void poplin_client_free(struct poplin_client *client)
{
    if (client == NULL)
        return;
    lib_client_close(client);
    event_loop_free(client->loop);
    free(client->rows.bits);
    free(client);
}

enum poplin_client_error lib_client_fail(struct poplin_client *c, const struct failure *why)
{
    c->error = kinds[why->kind].error;
    (void)snprintf(c->text, sizeof c->text, "%s", why->text);
    return c->error;
}

enum poplin_client_error lib_client_misuse(struct poplin_client *c, const char *text)
{
    struct failure why = {0};
    failure_set(&why, FAILURE_CONFIG, "%s", text);
    return lib_client_fail(c, &why);
}

void lib_client_done(struct poplin_client *c)
{
    event_stop(c->loop);
}

enum poplin_client_error lib_client_run(struct poplin_client *c, const struct lib_client_call *call)
{
    struct lib_quiet quiet;
    c->call = *call;
    c->refusal = (struct failure){0};
    if (call->start != NULL)
        event_set_timer(c->loop, &c->go, event_now(c->loop));
    c->is_running = true;
    lib_quiet_begin(&quiet);
    enum status s = event_run(c->loop);
    lib_quiet_end(&quiet);
    c->is_running = false;
    c->call = (struct lib_client_call){0};
    event_clear_timer(c->loop, &c->go);
    if (s != STATUS_OK) {
        failure_set(&c->failure, FAILURE_LOCAL, "the kernel refused to wait");
        c->is_over = true;
    }
    if (!c->is_over)
        return lib_client_fail(c, &c->refusal);
    lib_client_close(c);
    return lib_client_fail(c, &c->failure);
}

enum poplin_client_error lib_client_ask(struct poplin_client *c, const struct lib_client_call *call)
{
    if (c->is_running)
        return lib_client_misuse(c, "a call from within a call's own function");
    if (c->is_ready)
        return lib_client_run(c, call);
    if (c->failure.kind != FAILURE_NONE)
        return lib_client_fail(c, &c->failure);
    return lib_client_misuse(c, "there is no session: connect first");
}

enum poplin_client_error poplin_client_last_error(const struct poplin_client *client)
{
    return client->error;
}

const char *poplin_client_error_text(const struct poplin_client *client)
{
    return client->text;
}

bool poplin_client_is_open(const struct poplin_client *client)
{
    return client->is_ready;
}

const char *poplin_client_tls_version(const struct poplin_client *client)
{
    return client->tls_version;
}

const char *poplin_client_mechanism(const struct poplin_client *client)
{
    return client->mechanism;
}

const char *poplin_client_greeting(const struct poplin_client *client)
{
    return client->greeting;
}

uint32_t poplin_client_faulty_rows(const struct poplin_client *client)
{
    return client->faulty_rows;
}
