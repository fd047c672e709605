/* dialogue: one session with a server, from its name to its QUIT, over the event loop: connect,
 * TLS, greeting, capabilities, login; then the caller's commands, pipelined as far as the server
 * and the account allow (C14). Every step has a time limit (C10). Memory is bounded whatever the
 * server sends.
 *
 * The caller is told `ready` once, then events of its commands as pop3_client tells them, and at
 * last `over`, exactly once; after it the dialogue is to be freed. Nothing is called before
 * dialogue_start returns. */
#ifndef POPLIN_CLIENT_DIALOGUE_H
#define POPLIN_CLIENT_DIALOGUE_H

#include "client/account.h"
#include "client/failure.h"
#include "event/event.h"
#include "pop3/pop3_client.h"
#include "tls/tls_client.h"

enum {
    DIALOGUE_OUT = 32 * 1024,    /* octets of commands on their way (C14) */
    DIALOGUE_IN = 64 * 1024,     /* octets of one read */
    DIALOGUE_PIPELINE_MAX = 512, /* commands in flight at the most */
    DIALOGUE_RATE_LEAST = 16,    /* octets a second, over the time limit of a step (A56) */
};

struct dialogue;

struct dialogue_handler {
    void *context;
    void (*ready)(void *context, struct dialogue *d);
    void (*event)(void *context, struct dialogue *d, const struct pop3_client_event *e);
    /* Commands were sent and answered: there is room for more. */
    void (*room)(void *context, struct dialogue *d);
    void (*over)(void *context, struct dialogue *d, const struct failure *why);
    /* For -v: a line without its end, secrets masked; `from_server`. NULL: not wanted. */
    void (*trace)(void *context, bool from_server, struct slice line);
};

struct dialogue_options {
    const struct account *account; /* outlives the dialogue */
    struct tls_context *tls;       /* NULL when the account has ACCOUNT_TLS_NONE */
    struct slice password, token;  /* the caller's, wiped by it after `over` */
    bool login;                    /* false: `ready` comes before any login (info, capa) */
    struct dialogue_handler handler;
};

enum status dialogue_start(struct event_loop *loop, const struct dialogue_options *options,
                           struct dialogue **out);
void dialogue_free(struct dialogue *d);

/* Queues a command. AGAIN, LIMIT: no room now; `room` will be called. Others as
 * pop3_client_command. */
enum status dialogue_command(struct dialogue *d, enum pop3_verb verb, struct slice arguments);
enum status dialogue_message(struct dialogue *d, enum pop3_verb verb, uint32_t number);
enum status dialogue_top(struct dialogue *d, uint32_t number, uint64_t lines);
/* QUIT: `over` follows its answer, without failure when that was +OK. */
void dialogue_quit(struct dialogue *d);
/* Sends what was queued elsewhere than in `ready`, `event` and `room`, which need no such call. */
void dialogue_flush(struct dialogue *d);
/* For a dialogue that became ready without a login: logs in; `ready` comes again, or `over`. The
 * texts are the caller's until then. */
void dialogue_log_in(struct dialogue *d, struct slice user, struct slice password,
                     struct slice token);
/* Ends at once: `over` comes from the loop with this failure. */
void dialogue_abort(struct dialogue *d, const struct failure *why);

/* Commands that may be in flight: 1 for a server that does not announce PIPELINING. */
uint32_t dialogue_window(const struct dialogue *d);
uint32_t dialogue_in_flight(const struct dialogue *d);
const struct pop3_capabilities *dialogue_capabilities(const struct dialogue *d);
/* Rows that LIST and UIDL may have: what STAT said. */
void dialogue_set_row_limit(struct dialogue *d, uint32_t rows);
/* For people: "TLSv1.3", "" without; the greeting; the mechanism that logged in. */
const char *dialogue_tls_version(const struct dialogue *d);
struct tls_connection *dialogue_tls(const struct dialogue *d);
const char *dialogue_greeting(const struct dialogue *d);
const char *dialogue_mechanism(const struct dialogue *d);

#endif
