#include "client/dialogue_machine.h"
#include "net/net_address.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

const char *dialogue_host(const struct dialogue *d)
{
    return d->account->host;
}

/* A new step: something was asked, or answered whole. */
void dialogue_limit_step(struct dialogue *d)
{
    d->step_octets = 0;
    event_set_timer(d->loop, &d->timer, event_now(d->loop) + d->account->timeout);
}

static void close_socket(struct dialogue *d)
{
    if (d->connecting)
        net_connect_cancel(d->connecting);
    d->connecting = NULL;
    if (d->source.descriptor < 0)
        return;
    event_remove(d->loop, &d->source);
    if (d->tls)
        tls_shutdown(d->tls);
    tls_connection_free(d->tls);
    d->tls = NULL;
    close(d->source.descriptor);
    d->source.descriptor = -1;
}

/* `over` is told from the loop, never from within a call of the caller's. */
static void end(struct dialogue *d)
{
    if (d->phase == PHASE_OVER)
        return;
    d->phase = PHASE_OVER;
    close_socket(d);
    event_clear_timer(d->loop, &d->timer);
    event_set_timer(d->loop, &d->soon, event_now(d->loop));
}

void dialogue_fail(struct dialogue *d, enum failure_kind kind, const char *format, ...)
{
    char text[FAILURE_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    failure_set(&d->why, kind, "%s", text);
    end(d);
}

void dialogue_refused(struct dialogue *d, const struct pop3_reply *reply, bool is_login,
                      const char *doing)
{
    char text[400];
    snprintf(text, sizeof text, "%s: %s", dialogue_host(d), doing);
    failure_from_reply(&d->why, reply, is_login, text);
    end(d);
}

static void tell_over(struct event_timer *timer, uint64_t now)
{
    struct dialogue *d = (struct dialogue *)((char *)timer - offsetof(struct dialogue, soon));
    (void)now;
    if (d->told_over)
        return;
    d->told_over = true;
    d->options.handler.over(d->options.handler.context, d, &d->why);
}

static const char *doing_what(const struct dialogue *d)
{
    static const char *const names[] = {
        [PHASE_CONNECT] = "connecting",
        [PHASE_HANDSHAKE] = "the TLS handshake",
        [PHASE_GREETING] = "waiting for the greeting",
        [PHASE_CAPA] = "asking for capabilities",
        [PHASE_STLS] = "asking for TLS",
        [PHASE_AUTH] = "logging in",
        [PHASE_USER] = "logging in",
        [PHASE_PASS] = "logging in",
        [PHASE_CAPA_AFTER] = "asking for capabilities",
        [PHASE_READY] = "the session",
        [PHASE_QUIT] = "waiting for the answer to QUIT",
        [PHASE_OVER] = "the end",
    };
    return names[d->phase];
}

static bool has_input(const struct dialogue *d)
{
    struct pollfd p = {.fd = d->source.descriptor, .events = POLLIN};
    return d->phase != PHASE_CONNECT && d->source.descriptor >= 0 && poll(&p, 1, 0) > 0;
}

/* A step that is not over in time goes on while octets come at a rate that leads somewhere (A56);
 * and where it was this program that took long, over a slow disk, what waits is read first. */
static void step_timed_out(struct event_timer *timer, uint64_t now)
{
    struct dialogue *d = (struct dialogue *)((char *)timer - offsetof(struct dialogue, timer));
    uint64_t least = d->account->timeout / 1000 * DIALOGUE_RATE_LEAST;
    bool is_slow = d->step_octets < least || now - d->last_input >= d->account->timeout;
    if (is_slow && !(has_input(d) && now - d->last_look >= d->account->timeout)) {
        dialogue_fail(
            d, FAILURE_TIMEOUT, "%s: %s for %llu s during %s; try again, or raise `timeout`",
            dialogue_host(d), d->step_octets > 0 ? "next to nothing came" : "nothing came",
            (unsigned long long)(d->account->timeout / 1000), doing_what(d));
        return;
    }
    dialogue_limit_step(d);
}

void dialogue_flush(struct dialogue *d)
{
    while (d->out.size > 0 && d->phase != PHASE_OVER) {
        size_t n = 0;
        enum status s = STATUS_OK;
        if (d->tls) {
            s = tls_write(d->tls, d->out.data, d->out.size, &n);
        } else {
            ssize_t r =
                send(d->source.descriptor, d->out.data, d->out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (r < 0 && errno == EINTR)
                continue;
            s = r >= 0 ? STATUS_OK : errno == EAGAIN ? STATUS_AGAIN : STATUS_CLOSED;
            n = r > 0 ? (size_t)r : 0;
        }
        if (s == STATUS_AGAIN) {
            event_set_interest(d->loop, &d->source, EVENT_READ | EVENT_WRITE);
            return;
        }
        if (s != STATUS_OK) {
            /* What the server said before it closed may still be read, and says why. */
            event_set_interest(d->loop, &d->source, EVENT_READ);
            buf_clear(&d->out);
            return;
        }
        dialogue_trace(d, false, slice_take(buf_slice(&d->out), n));
        explicit_bzero(d->out.data, d->phase == PHASE_READY ? 0 : n);
        buf_consume(&d->out, n);
    }
    if (d->phase != PHASE_OVER)
        event_set_interest(d->loop, &d->source, EVENT_READ);
}

void dialogue_become_ready(struct dialogue *d)
{
    d->phase = PHASE_READY;
    d->options.handler.ready(d->options.handler.context, d);
    if (d->phase != PHASE_OVER)
        dialogue_flush(d);
}

static void protocol_error(struct dialogue *d, const struct pop3_client_event *e)
{
    char text[200] = "";
    if (e->error == POP3_CLIENT_STLS_INJECTION) {
        dialogue_fail(d, FAILURE_TLS,
                      "%s: octets came in clear behind the answer to STLS: somebody may be "
                      "tampering with the connection; nothing was sent",
                      dialogue_host(d));
        return;
    }
    if (e->error == POP3_CLIENT_UNASKED && e->reply.answer == POP3_ERR) {
        failure_from_reply(&d->why, &e->reply, false, dialogue_host(d));
        end(d);
        return;
    }
    failure_printable(e->line, text, sizeof text);
    dialogue_fail(d, FAILURE_PROTOCOL, "%s: during %s: %s%s%s; this is not how POP3 answers",
                  dialogue_host(d), doing_what(d), pop3_client_error_text(e->error),
                  text[0] ? ": " : "", text);
}

static void quit_answered(struct dialogue *d, const struct pop3_client_event *e)
{
    if (e->reply.answer == POP3_ERR)
        dialogue_refused(d, &e->reply, false, "QUIT");
    end(d);
}

static void on_event(struct dialogue *d, const struct pop3_client_event *e)
{
    if (d->phase == PHASE_READY)
        dialogue_trace_event(d, e);
    if (e->type == POP3_CLIENT_PROTOCOL_ERROR)
        protocol_error(d, e);
    else if (d->phase < PHASE_READY)
        dialogue_login_event(d, e);
    else if (e->type == POP3_CLIENT_REPLY && e->verb == POP3_VERB_QUIT)
        quit_answered(d, e);
    else
        d->options.handler.event(d->options.handler.context, d, e);
    bool is_part = e->type == POP3_CLIENT_ROW || e->type == POP3_CLIENT_DATA;
    if (!is_part && d->phase != PHASE_OVER && d->phase != PHASE_CONNECT)
        dialogue_limit_step(d);
}

static void feed(struct dialogue *d, struct slice input)
{
    struct pop3_client_event e;
    if (d->phase != PHASE_READY)
        dialogue_trace(d, true, input);
    while (d->phase != PHASE_OVER) {
        pop3_client_feed(&d->machine, &input, &e);
        if (e.type == POP3_CLIENT_WANT_INPUT)
            break;
        on_event(d, &e);
        if (d->phase == PHASE_HANDSHAKE && input.size == 0)
            return;
    }
    if (d->phase == PHASE_READY)
        d->options.handler.room(d->options.handler.context, d);
    if (d->phase != PHASE_OVER)
        dialogue_flush(d);
}

static void connect_again(struct dialogue *d)
{
    close_socket(d);
    event_clear_timer(d->loop, &d->timer);
    d->phase = PHASE_CONNECT;
    event_set_timer(d->loop, &d->soon, event_now(d->loop));
}

/* C09: between replies a server may close; within one it is a cut. */
static void lost(struct dialogue *d)
{
    if (d->phase == PHASE_CAPA && !d->capa_begun &&
        !d->without_capa) { /* C04: some close on what they do not know */
        d->without_capa = true;
        connect_again(d);
        return;
    }
    if (d->phase == PHASE_AUTH && dialogue_wants_two_steps(d)) { /* C13: or do not like */
        d->in_two_steps = true;
        d->options.login = true; /* where it was asked for by dialogue_log_in */
        connect_again(d);
        return;
    }
    dialogue_fail(d, FAILURE_LOST,
                  "%s: closed the connection during %s; nothing that came half was "
                  "kept, try again",
                  dialogue_host(d), doing_what(d));
}

static enum status read_some(struct dialogue *d, size_t *n)
{
    if (d->tls)
        return tls_read(d->tls, d->in, sizeof d->in, n);
    ssize_t r;
    do
        r = recv(d->source.descriptor, d->in, sizeof d->in, MSG_DONTWAIT);
    while (r < 0 && errno == EINTR);
    *n = r > 0 ? (size_t)r : 0;
    return r > 0 ? STATUS_OK : r < 0 && errno == EAGAIN ? STATUS_AGAIN : STATUS_CLOSED;
}

static void read_and_feed(struct dialogue *d)
{
    d->last_look = event_now(d->loop);
    for (int turns = 0; turns < 16 && d->phase != PHASE_OVER && d->phase != PHASE_HANDSHAKE;
         turns++) {
        size_t n = 0;
        enum status s = read_some(d, &n);
        if (s == STATUS_AGAIN)
            return;
        if (s != STATUS_OK) {
            lost(d);
            return;
        }
        d->step_octets += n;
        d->last_input = event_now(d->loop);
        feed(d, slice_of(d->in, n));
        if (n < sizeof d->in && !(d->tls && tls_has_pending(d->tls)))
            return;
    }
    /* The others' turn; what TLS has read ahead no poll would tell of. */
    if (d->phase != PHASE_OVER && d->phase != PHASE_HANDSHAKE && d->tls && tls_has_pending(d->tls))
        event_set_timer(d->loop, &d->soon, event_now(d->loop));
}

static void handshake_failed(struct dialogue *d)
{
    const char *problem = tls_client_problem(d->tls);
    dialogue_fail(d, FAILURE_TLS, "%s: no TLS: %s", dialogue_host(d),
                  problem ? problem : tls_error(d->tls));
}

static void go_on_with_handshake(struct dialogue *d)
{
    enum status s = tls_handshake(d->tls);
    if (s == STATUS_AGAIN) {
        event_set_interest(d->loop, &d->source,
                           tls_wants_write(d->tls) ? EVENT_READ | EVENT_WRITE : EVENT_READ);
        return;
    }
    if (s != STATUS_OK) {
        handshake_failed(d);
        return;
    }
    event_set_interest(d->loop, &d->source, EVENT_READ);
    d->is_secure = true;
    if (tls_client_binding(d->tls, d->binding))
        d->credentials.binding = slice_of(d->binding, sizeof d->binding);
    if (d->account->tls == ACCOUNT_TLS_STLS) {
        pop3_client_tls_started(&d->machine);
        dialogue_login_begin(d);
        if (d->phase != PHASE_OVER)
            dialogue_flush(d);
    } else {
        d->phase = PHASE_GREETING;
    }
    if (d->phase != PHASE_OVER && d->tls && tls_has_pending(d->tls))
        read_and_feed(d);
}

void dialogue_shake_hands(struct dialogue *d)
{
    d->phase = PHASE_HANDSHAKE;
    if (tls_client_connection_new(d->options.tls, d->source.descriptor, d->account->host,
                                  &d->tls) != STATUS_OK) {
        dialogue_fail(d, FAILURE_LOCAL, "%s: no memory for TLS", dialogue_host(d));
        return;
    }
    dialogue_limit_step(d);
    go_on_with_handshake(d);
}

static void ready(struct event_source *source, uint32_t events)
{
    struct dialogue *d = (struct dialogue *)((char *)source - offsetof(struct dialogue, source));
    if (d->phase == PHASE_HANDSHAKE) {
        go_on_with_handshake(d);
        return;
    }
    if (events & EVENT_WRITE)
        dialogue_flush(d);
    if (d->phase != PHASE_OVER && (events & (EVENT_READ | EVENT_HANGUP)))
        read_and_feed(d);
}

static void connected(void *context, enum status status, int socket,
                      const struct sockaddr_storage *remote, const char *why)
{
    struct dialogue *d = context;
    d->connecting = NULL;
    if (status != STATUS_OK) {
        dialogue_fail(d, status == STATUS_TIMEOUT ? FAILURE_TIMEOUT : FAILURE_UNREACHABLE, "%s",
                      why);
        return;
    }
    d->is_loopback = !d->account->proxy && net_is_loopback(remote);
    d->source = (struct event_source){socket, EVENT_READ, ready};
    if (event_add(d->loop, &d->source) != STATUS_OK) {
        close(socket);
        d->source.descriptor = -1;
        dialogue_fail(d, FAILURE_LOCAL, "%s: no descriptor left", dialogue_host(d));
        return;
    }
    dialogue_limit_step(d);
    d->phase = PHASE_GREETING;
    if (d->account->tls == ACCOUNT_TLS_IMPLICIT)
        dialogue_shake_hands(d);
}

static bool connect_now(struct dialogue *d)
{
    struct net_connect_options o = {
        .host = d->account->host,
        .port = d->account->port,
        .proxy = d->account->proxy,
        .timeout = d->account->timeout,
        .context = d,
        .done = connected,
    };
    pop3_client_init(&d->machine, d->line, sizeof d->line, d->awaited, DIALOGUE_PIPELINE_MAX);
    buf_clear(&d->out);
    d->phase = PHASE_CONNECT;
    d->is_secure = false;
    return net_connect_start(d->loop, &o, &d->connecting) == STATUS_OK;
}

/* Tells the end, connects (again), or reads on. */
static void soon(struct event_timer *timer, uint64_t now)
{
    struct dialogue *d = (struct dialogue *)((char *)timer - offsetof(struct dialogue, soon));
    if (d->phase == PHASE_OVER)
        tell_over(timer, now);
    else if (d->phase != PHASE_CONNECT)
        read_and_feed(d);
    else if (!connect_now(d))
        dialogue_fail(d, FAILURE_LOCAL, "%s: no memory to connect", dialogue_host(d));
}

enum status dialogue_start(struct event_loop *loop, const struct dialogue_options *options,
                           struct dialogue **out)
{
    struct dialogue *d = calloc(1, sizeof *d);
    if (!d)
        return STATUS_NO_MEMORY;
    const struct account *a = options->account;
    d->loop = loop;
    d->account = a;
    d->options = *options;
    d->source.descriptor = -1;
    d->timer.fire = step_timed_out;
    d->soon.fire = soon;
    d->out = buf_over(d->out_memory, sizeof d->out_memory);
    d->mechanism = "";
    if (getrandom(d->nonce, sizeof d->nonce, 0) != (ssize_t)sizeof d->nonce) {
        free(d);
        return STATUS_TEMPORARY;
    }
    d->credentials = (struct sasl_credentials){
        .user = slice_str(a->user ? a->user : ""),
        .password = options->password,
        .authzid = slice_str(a->authzid ? a->authzid : ""),
        .token = options->token,
        .host = slice_str(a->host),
        .port = a->port,
        .nonce = slice_of(d->nonce, 18),
    };
    event_set_timer(loop, &d->soon, event_now(loop));
    *out = d;
    return STATUS_OK;
}

void dialogue_free(struct dialogue *d)
{
    if (!d)
        return;
    close_socket(d);
    event_clear_timer(d->loop, &d->timer);
    event_clear_timer(d->loop, &d->soon);
    sasl_client_wipe(&d->sasl);
    explicit_bzero(d, sizeof *d);
    free(d);
}

/* OK: a command may be queued now. Time that passed with nothing in flight was the caller's. */
static enum status may_queue(struct dialogue *d)
{
    if (d->phase != PHASE_READY)
        return STATUS_CLOSED;
    if (dialogue_in_flight(d) == 0)
        dialogue_limit_step(d);
    return dialogue_in_flight(d) < dialogue_window(d) ? STATUS_OK : STATUS_LIMIT;
}

enum status dialogue_command(struct dialogue *d, enum pop3_verb verb, struct slice arguments)
{
    enum status s = may_queue(d);
    return s == STATUS_OK ? pop3_client_command(&d->machine, &d->out, verb, arguments) : s;
}

enum status dialogue_message(struct dialogue *d, enum pop3_verb verb, uint32_t number)
{
    enum status s = may_queue(d);
    return s == STATUS_OK ? pop3_client_message(&d->machine, &d->out, verb, number) : s;
}

enum status dialogue_top(struct dialogue *d, uint32_t number, uint64_t lines)
{
    enum status s = may_queue(d);
    return s == STATUS_OK ? pop3_client_top(&d->machine, &d->out, number, lines) : s;
}

void dialogue_quit(struct dialogue *d)
{
    if (d->phase != PHASE_READY)
        return;
    if (pop3_client_command(&d->machine, &d->out, POP3_VERB_QUIT, slice_of(NULL, 0)) != STATUS_OK) {
        dialogue_fail(d, FAILURE_LOST, "%s: QUIT could not be sent", dialogue_host(d));
        return;
    }
    d->phase = PHASE_QUIT;
    dialogue_limit_step(d);
    dialogue_flush(d);
}

void dialogue_abort(struct dialogue *d, const struct failure *why)
{
    if (d->phase == PHASE_OVER)
        return;
    failure_set(&d->why, why->kind, "%s", why->text);
    end(d);
}

uint32_t dialogue_window(const struct dialogue *d)
{
    bool pipelines =
        d->account->pipeline_forced || (d->machine.capabilities.has & POP3_HAS_PIPELINING);
    uint32_t window = pipelines ? d->account->pipeline : 1;
    return window < 1 ? 1 : window < DIALOGUE_PIPELINE_MAX ? window : DIALOGUE_PIPELINE_MAX;
}

uint32_t dialogue_in_flight(const struct dialogue *d)
{
    return d->machine.awaited_count;
}

const struct pop3_capabilities *dialogue_capabilities(const struct dialogue *d)
{
    return &d->machine.capabilities;
}

void dialogue_set_row_limit(struct dialogue *d, uint32_t rows)
{
    d->machine.row_limit = rows;
}

const char *dialogue_tls_version(const struct dialogue *d)
{
    return d->tls ? tls_version(d->tls) : "";
}

struct tls_connection *dialogue_tls(const struct dialogue *d)
{
    return d->tls;
}

const char *dialogue_greeting(const struct dialogue *d)
{
    return d->greeting;
}

const char *dialogue_mechanism(const struct dialogue *d)
{
    return d->mechanism;
}
