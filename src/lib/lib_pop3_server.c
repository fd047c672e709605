#include "lib/lib.h"

#include "codec/wire.h"
#include "pop3/pop3_server.h"
#include "poplin/pop3.h"

#include <stdlib.h>

/* The server's machine with memory of its own, line memory for the longest lines from the start on.
 * The machine below takes an answer that nothing asked for as a mistake of ours; here it is the
 * user's, and told. */

enum { OUT = 32 * 1024 }; /* the longest challenge is half of it */

enum due { DUE_NOTHING, DUE_PASS, DUE_AUTH, DUE_TLS, DUE_BODY, DUE_BODY_END, DUE_UPDATE };

struct poplin_pop3_server {
    struct pop3_server machine;
    struct pop3_server_options options;
    struct poplin_pop3_listing listing;
    struct poplin_pop3_server_event event;
    struct wire_stuffer stuffer;
    enum due due;
    uint64_t *marks;
    struct buf out;
    char line[POP3_SERVER_LINE_MAX];
    char out_memory[OUT];
};

static bool has_field(size_t size, size_t end)
{
    return size >= end;
}

struct poplin_pop3_server *poplin_pop3_server_new(const struct poplin_pop3_server_options *options)
{
    if (options->greeting == NULL || !has_field(options->size, sizeof *options))
        return NULL;
    struct poplin_pop3_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->options = (struct pop3_server_options){
        .greeting = options->greeting,
        .implementation = options->implementation,
        .mechanisms = options->mechanisms ? options->mechanisms : "",
        .expire_days = options->expire_days ? (int32_t)(options->expire_days & INT32_MAX) : -1,
        .login_delay = options->login_delay ? (int32_t)(options->login_delay & INT32_MAX) : -1,
    };
    s->out = buf_over(s->out_memory, sizeof s->out_memory);
    pop3_server_init(&s->machine, &s->options, s->line, sizeof s->line, &s->out, options->tls,
                     options->stls, options->cleartext);
    return s;
}

void poplin_pop3_server_free(struct poplin_pop3_server *server)
{
    if (server == NULL)
        return;
    free(server->marks);
    explicit_bzero(server, sizeof *server);
    free(server);
}

static enum due due_after(enum pop3_server_event_type type)
{
    switch (type) {
    case POP3_SERVER_PASS:
        return DUE_PASS;
    case POP3_SERVER_AUTH:
    case POP3_SERVER_AUTH_DATA:
        return DUE_AUTH;
    case POP3_SERVER_STLS:
        return DUE_TLS;
    case POP3_SERVER_RETR:
    case POP3_SERVER_TOP:
        return DUE_BODY;
    case POP3_SERVER_UPDATE:
        return DUE_UPDATE;
    default:
        return DUE_NOTHING;
    }
}

static enum poplin_pop3_server_event_type public_type(enum pop3_server_event_type type)
{
    static const enum poplin_pop3_server_event_type types[] = {
        [POP3_SERVER_WANT_INPUT] = POPLIN_POP3_SERVER_WANT_INPUT,
        [POP3_SERVER_FLUSH] = POPLIN_POP3_SERVER_FLUSH,
        [POP3_SERVER_PASS] = POPLIN_POP3_SERVER_PASS,
        [POP3_SERVER_AUTH] = POPLIN_POP3_SERVER_AUTH,
        [POP3_SERVER_AUTH_DATA] = POPLIN_POP3_SERVER_AUTH_DATA,
        [POP3_SERVER_AUTH_CANCEL] = POPLIN_POP3_SERVER_AUTH_CANCEL,
        [POP3_SERVER_CLEARTEXT] = POPLIN_POP3_SERVER_CLEARTEXT,
        [POP3_SERVER_STLS] = POPLIN_POP3_SERVER_STLS,
        [POP3_SERVER_RETR] = POPLIN_POP3_SERVER_RETR,
        [POP3_SERVER_TOP] = POPLIN_POP3_SERVER_TOP,
        [POP3_SERVER_UPDATE] = POPLIN_POP3_SERVER_UPDATE,
        [POP3_SERVER_CLOSE] = POPLIN_POP3_SERVER_CLOSE,
    };
    return types[type];
}

const struct poplin_pop3_server_event *poplin_pop3_server_feed(struct poplin_pop3_server *server,
                                                               struct poplin_slice *input)
{
    struct pop3_server_event e = {.type = POP3_SERVER_WANT_INPUT};
    struct slice octets = lib_in(*input);
    if (server->due == DUE_NOTHING)
        pop3_server_feed(&server->machine, &octets, &server->out, &e);
    if (e.type == POP3_SERVER_GROW) { /* the line memory is the largest there is */
        pop3_server_no_line(&server->machine);
        e.type = POP3_SERVER_FLUSH;
    }
    if (server->due == DUE_NOTHING)
        server->due = due_after(e.type);
    *input = lib_out(octets);
    server->event = (struct poplin_pop3_server_event){
        .size = sizeof server->event,
        .type = public_type(e.type),
        .index = e.message,
        .lines = e.lines,
        .user = lib_out(e.user),
        .mechanism = lib_out(e.mechanism),
        .data = lib_out(e.data),
        .has_initial = e.has_initial,
    };
    return &server->event;
}

struct poplin_slice poplin_pop3_server_output(const struct poplin_pop3_server *server)
{
    return lib_out(buf_slice(&server->out));
}

void poplin_pop3_server_sent(struct poplin_pop3_server *server, size_t octets)
{
    lib_sent(&server->out, octets);
}

/* Whether an answer may be given now. */
static enum poplin_status may_answer(const struct poplin_pop3_server *s, enum due due, size_t room)
{
    if (s->due != due)
        return POPLIN_CLOSED;
    return buf_room(&s->out) < room ? POPLIN_AGAIN : POPLIN_OK;
}

static enum poplin_status may_end_login(const struct poplin_pop3_server *s)
{
    return may_answer(s, s->due == DUE_PASS ? DUE_PASS : DUE_AUTH, LIMIT_REPLY_LINE);
}

static uint64_t octets_of(const void *context, uint32_t i)
{
    const struct poplin_pop3_server *s = context;
    return s->listing.octets_of(s->listing.context, i);
}

static struct slice uid_of(const void *context, uint32_t i)
{
    const struct poplin_pop3_server *s = context;
    return lib_in(s->listing.uid_of(s->listing.context, i));
}

enum poplin_status poplin_pop3_server_opened(struct poplin_pop3_server *server,
                                             const struct poplin_pop3_listing *listing)
{
    enum poplin_status ready = may_end_login(server);
    if (ready != POPLIN_OK)
        return ready;
    if (!has_field(listing->size, sizeof *listing))
        return POPLIN_MALFORMED;
    if (listing->count > LIMIT_MESSAGES)
        return POPLIN_TOO_LARGE;
    server->marks = calloc(1, pop3_server_marks_size(listing->count) + sizeof(uint64_t));
    if (server->marks == NULL)
        return POPLIN_NO_MEMORY;
    server->listing = *listing;
    struct pop3_listing own = {server, listing->count, listing->octets, octets_of, uid_of};
    pop3_server_opened(&server->machine, &server->out, &own, server->marks);
    server->due = DUE_NOTHING;
    return POPLIN_OK;
}

enum poplin_status poplin_pop3_server_refused(struct poplin_pop3_server *server,
                                              enum poplin_status why)
{
    enum poplin_status ready = may_end_login(server);
    if (ready != POPLIN_OK)
        return ready;
    if ((int)why <= 0 || (int)why >= STATUS_COUNT)
        return POPLIN_MALFORMED;
    pop3_server_refused(&server->machine, &server->out, (enum status)why);
    server->due = DUE_NOTHING;
    return POPLIN_OK;
}

enum poplin_status poplin_pop3_server_challenge(struct poplin_pop3_server *server,
                                                struct poplin_slice challenge)
{
    if (challenge.size > LIMIT_SASL_DATA)
        return POPLIN_TOO_LARGE;
    size_t room = (challenge.size + 2) / 3 * 4 + 4;
    enum poplin_status ready = may_answer(server, DUE_AUTH, room);
    if (ready != POPLIN_OK)
        return ready;
    pop3_server_challenge(&server->machine, &server->out, lib_in(challenge));
    server->due = DUE_NOTHING;
    return POPLIN_OK;
}

enum poplin_status poplin_pop3_server_tls_started(struct poplin_pop3_server *server)
{
    if (server->due != DUE_TLS)
        return POPLIN_CLOSED;
    pop3_server_tls_started(&server->machine);
    server->due = DUE_NOTHING;
    return POPLIN_OK;
}

enum poplin_status poplin_pop3_server_body(struct poplin_pop3_server *server, uint64_t wire_octets)
{
    enum poplin_status ready = may_answer(server, DUE_BODY, LIMIT_REPLY_LINE);
    if (ready != POPLIN_OK)
        return ready;
    pop3_server_body(&server->machine, &server->out, wire_octets);
    wire_stuffer_init(&server->stuffer);
    server->due = DUE_BODY_END;
    return POPLIN_OK;
}

enum poplin_status poplin_pop3_server_body_data(struct poplin_pop3_server *server,
                                                struct poplin_slice *stored)
{
    if (server->due != DUE_BODY_END)
        return POPLIN_CLOSED;
    struct slice left = lib_in(*stored);
    struct buf *out = &server->out;
    out->size += wire_stuff(&server->stuffer, &left, out->data + out->size, buf_room(out));
    *stored = lib_out(left);
    return left.size > 0 ? POPLIN_AGAIN : POPLIN_OK;
}

enum poplin_status poplin_pop3_server_body_end(struct poplin_pop3_server *server)
{
    enum poplin_status ready = may_answer(server, DUE_BODY_END, WIRE_END_MAX);
    if (ready != POPLIN_OK)
        return ready;
    struct buf *out = &server->out;
    out->size += wire_stuff_end(&server->stuffer, out->data + out->size);
    pop3_server_body_done(&server->machine);
    server->due = DUE_NOTHING;
    return POPLIN_OK;
}

enum poplin_status poplin_pop3_server_body_refused(struct poplin_pop3_server *server,
                                                   enum poplin_status why)
{
    enum poplin_status ready = may_answer(server, DUE_BODY, LIMIT_REPLY_LINE);
    if (ready != POPLIN_OK)
        return ready;
    if ((int)why <= 0 || (int)why >= STATUS_COUNT)
        return POPLIN_MALFORMED;
    pop3_server_body_refused(&server->machine, &server->out, (enum status)why);
    server->due = DUE_NOTHING;
    return POPLIN_OK;
}

enum poplin_status poplin_pop3_server_updated(struct poplin_pop3_server *server, uint32_t removed,
                                              uint32_t failed)
{
    enum poplin_status ready = may_answer(server, DUE_UPDATE, LIMIT_REPLY_LINE);
    if (ready != POPLIN_OK)
        return ready;
    pop3_server_updated(&server->machine, &server->out, removed, failed);
    server->due = DUE_NOTHING;
    return POPLIN_OK;
}

bool poplin_pop3_server_is_marked(const struct poplin_pop3_server *server, uint32_t index)
{
    return server->marks && index < server->listing.count &&
           pop3_server_is_marked(&server->machine, index);
}

bool poplin_pop3_server_is_idle(const struct poplin_pop3_server *server)
{
    return pop3_server_is_idle(&server->machine);
}

enum poplin_status poplin_pop3_server_shut_down(struct poplin_pop3_server *server)
{
    if (!poplin_pop3_server_is_idle(server))
        return POPLIN_CLOSED;
    if (buf_room(&server->out) < LIMIT_REPLY_LINE)
        return POPLIN_AGAIN;
    pop3_server_shutdown(&server->machine, &server->out);
    return POPLIN_OK;
}
