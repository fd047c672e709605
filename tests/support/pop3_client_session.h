/* pop3_client_session: a client's machine with its memory, for tests: what it sends gathers in out,
 * what a server would send is fed by hand. Include it behind cmocka.h. */
#ifndef POPLIN_POP3_CLIENT_SESSION_H
#define POPLIN_POP3_CLIENT_SESSION_H

#include "pop3/pop3_client.h"

#define assert_slice(s, literal) assert_true(slice_equal((s), SLICE(literal)))

enum { RING = 4 };

/* A client with its memory; what it sends gathers in out. */
struct session {
    struct pop3_client client;
    struct pop3_awaited ring[RING];
    char line[POP3_CLIENT_LINE_MAX];
    char memory[LIMIT_SASL_LINE + 64];
    struct buf out;
    struct slice input;
    struct pop3_client_event event;
};

static inline void start(struct session *s, size_t line_capacity)
{
    s->out = buf_over(s->memory, sizeof s->memory);
    s->input = SLICE("");
    pop3_client_init(&s->client, s->line, line_capacity, s->ring, RING);
}

static inline struct pop3_client_event *next(struct session *s)
{
    pop3_client_feed(&s->client, &s->input, &s->event);
    return &s->event;
}

static inline struct pop3_client_event *feed(struct session *s, struct slice input)
{
    assert_int_equal(s->input.size, 0);
    s->input = input;
    return next(s);
}

static inline void greet(struct session *s)
{
    start(s, sizeof s->line);
    assert_int_equal(feed(s, SLICE("+OK ready\r\n"))->type, POP3_CLIENT_GREETING);
}

static inline void queue(struct session *s, enum pop3_verb verb, const char *arguments)
{
    assert_int_equal(pop3_client_command(&s->client, &s->out, verb, slice_str(arguments)),
                     STATUS_OK);
}

/* A greeted session with one command sent. */
static inline void ask(struct session *s, enum pop3_verb verb, const char *arguments)
{
    greet(s);
    queue(s, verb, arguments);
}

static inline void assert_error(struct session *s, enum pop3_client_error error)
{
    assert_int_equal(s->event.type, POP3_CLIENT_PROTOCOL_ERROR);
    assert_int_equal(s->event.error, error);
    assert_int_equal(pop3_client_command(&s->client, &s->out, POP3_VERB_QUIT, SLICE("")),
                     STATUS_CLOSED);
    struct slice more = SLICE("+OK\r\n");
    pop3_client_feed(&s->client, &more, &s->event);
    assert_int_equal(s->event.type, POP3_CLIENT_PROTOCOL_ERROR);
    assert_int_equal(s->event.error, error);
}

#endif
