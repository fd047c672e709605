#include "lib/lib_client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what the dialogue tells ---- */

static void on_ready(void *context, struct dialogue *d)
{
    struct poplin_client *c = context;
    c->is_ready = true;
    (void)snprintf(c->mechanism, sizeof c->mechanism, "%s", dialogue_mechanism(d));
    (void)snprintf(c->tls_version, sizeof c->tls_version, "%s", dialogue_tls_version(d));
    (void)snprintf(c->greeting, sizeof c->greeting, "%s", dialogue_greeting(d));
    lib_client_done(c);
}

static void on_event(void *context, struct dialogue *d, const struct pop3_client_event *e)
{
    (void)d;
    lib_client_event(context, e);
}

static void on_room(void *context, struct dialogue *d)
{
    (void)context;
    (void)d;
}

static void on_over(void *context, struct dialogue *d, const struct failure *why)
{
    struct poplin_client *c = context;
    (void)d;
    c->failure = *why;
    c->is_over = true;
    lib_client_done(c);
}

static void on_trace(void *context, bool from_server, struct slice line)
{
    const struct poplin_client *c = context;
    c->trace(c->trace_context, from_server, line.data, line.size);
}

/* ---- options ---- */

static bool copy(char **slot, const char *text)
{
    if (text == NULL)
        return true;
    free(*slot);
    *slot = strdup(text);
    return *slot != NULL;
}

static void take_tls(struct account *a, enum poplin_client_tls tls)
{
    if (tls == POPLIN_CLIENT_TLS_IMPLICIT)
        a->tls = ACCOUNT_TLS_IMPLICIT;
    else if (tls == POPLIN_CLIENT_TLS_STLS)
        a->tls = ACCOUNT_TLS_STLS;
    else if (tls == POPLIN_CLIENT_TLS_NONE)
        a->tls = ACCOUNT_TLS_NONE;
    a->plain_allowed = tls == POPLIN_CLIENT_TLS_NONE;
}

static bool take_options(struct poplin_client *c, const struct poplin_client_options *o)
{
    struct account *a = &c->account;
    take_tls(a, o->tls);
    if (o->timeout_ms > 0)
        a->timeout = o->timeout_ms;
    if (o->fingerprint != NULL) {
        a->has_fingerprint = true;
        memcpy(a->fingerprint, o->fingerprint, sizeof a->fingerprint);
    }
    c->trace = o->trace;
    c->trace_context = o->context;
    return copy(&a->ca_file, o->ca_file) && copy(&a->proxy, o->proxy) && copy(&a->auth, o->auth) &&
           copy(&a->authzid, o->authzid);
}

static pthread_once_t tls_once = PTHREAD_ONCE_INIT;

static enum status open_tls(struct poplin_client *c, char why[300])
{
    const struct account *a = &c->account;
    struct tls_client_options o = {
        .ca_file = a->ca_file,
        .fingerprint = a->has_fingerprint ? a->fingerprint : NULL,
    };
    if (a->tls == ACCOUNT_TLS_NONE)
        return STATUS_OK;
    pthread_once(&tls_once, tls_global_init);
    return tls_client_context_new(&o, &c->tls, why);
}

/* ---- connecting ---- */

static enum poplin_client_error give_up(struct poplin_client *c, const char *why)
{
    enum poplin_client_error e = lib_client_misuse(c, why);
    lib_client_close(c);
    return e;
}

static enum poplin_client_error converse(struct poplin_client *c)
{
    struct dialogue_options o = {
        .account = &c->account,
        .tls = c->tls,
        .handler = {c, on_ready, on_event, on_room, on_over, c->trace ? on_trace : NULL},
    };
    c->failure = (struct failure){0};
    c->is_over = false;
    c->mechanism[0] = c->tls_version[0] = c->greeting[0] = '\0';
    if (dialogue_start(c->loop, &o, &c->dialogue) != STATUS_OK) {
        failure_set(&c->failure, FAILURE_LOCAL, "out of memory");
        lib_client_close(c);
        return lib_client_fail(c, &c->failure);
    }
    return lib_client_run(c, &(struct lib_client_call){0});
}

enum poplin_client_error poplin_client_connect(struct poplin_client *client, const char *url,
                                               const struct poplin_client_options *options)
{
    char why[300] = "";
    if (client->dialogue != NULL)
        return lib_client_misuse(client, "there is a session already: quit it first");
    if (url == NULL)
        return lib_client_misuse(client, "no URL");
    if (options != NULL && options->size < sizeof *options)
        return lib_client_misuse(client, "the options' size is not set to sizeof of the struct");
    client->trace = NULL;
    if (account_from_url(url, &client->account, why) != STATUS_OK)
        return lib_client_misuse(client, why);
    if (options != NULL && !take_options(client, options))
        return give_up(client, "out of memory");
    if (open_tls(client, why) != STATUS_OK)
        return give_up(client, why);
    return converse(client);
}

/* ---- the login ---- */

static void start_login(struct poplin_client *c)
{
    c->is_ready = false;
    dialogue_log_in(c->dialogue, c->call.user, c->call.password, c->call.token);
}

static enum poplin_client_error log_in(struct poplin_client *c, const char *user,
                                       const char *password, const char *token)
{
    struct lib_client_call call = {
        .start = start_login,
        .user = slice_str(user              ? user
                          : c->account.user ? c->account.user
                                            : ""),
        .password = slice_str(password ? password : ""),
        .token = slice_str(token ? token : ""),
    };
    if (c->is_logged_in)
        return lib_client_misuse(c, "the session is logged in already");
    enum poplin_client_error e = lib_client_ask(c, &call);
    c->is_logged_in = e == POPLIN_CLIENT_OK;
    return e;
}

enum poplin_client_error poplin_client_login(struct poplin_client *client, const char *user,
                                             const char *password)
{
    return log_in(client, user, password, NULL);
}

enum poplin_client_error poplin_client_login_token(struct poplin_client *client, const char *user,
                                                   const char *token)
{
    return log_in(client, user, NULL, token);
}
