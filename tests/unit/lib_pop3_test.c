/* The public machines, joined back to back: what one says the other understands, at any split. */
#include "poplin/pop3.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const MAIL[] = {
    "Subject: one\n\n.dot\n..two\nlast",
    "Subject: two\r\n\r\nbody\r\n.\r\n",
    "Subject: three\n\n1\n2\n3\n",
};
enum { MESSAGES = 3 };

static struct poplin_slice text(const char *s)
{
    return (struct poplin_slice){s, strlen(s)};
}

static uint64_t octets_of(void *context, uint32_t i)
{
    (void)context;
    return poplin_pop3_wire_octets(text(MAIL[i]));
}

static struct poplin_slice uid_of(void *context, uint32_t i)
{
    static const char *const uids[] = {"a", "b", "c"};
    (void)context;
    return text(uids[i]);
}

static struct poplin_pop3_listing whole_listing(void)
{
    struct poplin_pop3_listing l = {sizeof l, NULL, MESSAGES, 0, octets_of, uid_of};
    for (uint32_t i = 0; i < MESSAGES; i++)
        l.octets += octets_of(NULL, i);
    return l;
}

static struct poplin_pop3_server *new_server(void)
{
    struct poplin_pop3_server_options o = {
        .size = sizeof o, .greeting = "hello", .cleartext = true};
    o.mechanisms = "PLAIN";
    struct poplin_pop3_server *s = poplin_pop3_server_new(&o);
    assert_non_null(s);
    return s;
}

/* What a whole session came to, in words, so that two runs can be compared. */
struct run {
    struct poplin_pop3_client *client;
    struct poplin_pop3_server *server;
    size_t piece; /* octets fed at once */
    char log[4000];
    size_t logged;
    bool is_over;
};

static void note(struct run *r, struct poplin_slice s)
{
    assert_true(r->logged + s.size < sizeof r->log);
    if (s.size > 0)
        memcpy(r->log + r->logged, s.data, s.size);
    r->logged += s.size;
}

static void send_body(struct run *r, struct poplin_slice body, uint64_t octets)
{
    assert_int_equal(poplin_pop3_server_body(r->server, octets), POPLIN_OK);
    assert_int_equal(poplin_pop3_server_body_data(r->server, &body), POPLIN_OK);
    assert_int_equal(poplin_pop3_server_body_end(r->server), POPLIN_OK);
}

static void serve(struct run *r, const struct poplin_pop3_server_event *e)
{
    struct poplin_pop3_listing listing = whole_listing();
    struct poplin_slice mail = text(MAIL[e->index < MESSAGES ? e->index : 0]);
    if (e->type == POPLIN_POP3_SERVER_PASS)
        assert_int_equal(poplin_pop3_server_opened(r->server, &listing), POPLIN_OK);
    else if (e->type == POPLIN_POP3_SERVER_RETR)
        send_body(r, mail, octets_of(NULL, e->index));
    else if (e->type == POPLIN_POP3_SERVER_TOP)
        send_body(r, poplin_pop3_top(mail, e->lines), 0);
    else if (e->type == POPLIN_POP3_SERVER_UPDATE)
        assert_int_equal(poplin_pop3_server_updated(r->server, 1, 0), POPLIN_OK);
    else if (e->type == POPLIN_POP3_SERVER_CLOSE)
        r->is_over = true;
}

static void ask(struct run *r, enum poplin_pop3_verb verb, const char *arguments)
{
    assert_int_equal(poplin_pop3_client_command(r->client, verb, text(arguments)), POPLIN_OK);
}

static void ask_for_mail(struct run *r)
{
    ask(r, POPLIN_POP3_STAT, "");
    ask(r, POPLIN_POP3_UIDL, "");
    for (uint32_t n = 1; n <= MESSAGES; n++)
        assert_int_equal(poplin_pop3_client_message(r->client, POPLIN_POP3_RETR, n), POPLIN_OK);
    assert_int_equal(poplin_pop3_client_top(r->client, 3, 1), POPLIN_OK);
    assert_int_equal(poplin_pop3_client_message(r->client, POPLIN_POP3_RETR, 9), POPLIN_OK);
    assert_int_equal(poplin_pop3_client_message(r->client, POPLIN_POP3_DELE, 2), POPLIN_OK);
    ask(r, POPLIN_POP3_QUIT, "");
}

static void collect(struct run *r, const struct poplin_pop3_client_event *e)
{
    assert_int_equal(e->size, sizeof *e);
    assert_int_not_equal(e->type, POPLIN_POP3_CLIENT_PROTOCOL_ERROR);
    if (e->type == POPLIN_POP3_CLIENT_GREETING)
        ask(r, POPLIN_POP3_USER, "ann");
    if (e->type == POPLIN_POP3_CLIENT_REPLY && e->verb == POPLIN_POP3_USER)
        ask(r, POPLIN_POP3_PASS, "secret");
    if (e->type == POPLIN_POP3_CLIENT_REPLY && e->verb == POPLIN_POP3_PASS)
        ask_for_mail(r);
    if (e->type == POPLIN_POP3_CLIENT_REPLY && e->verb == POPLIN_POP3_STAT)
        assert_int_equal(e->messages, MESSAGES);
    if (e->type == POPLIN_POP3_CLIENT_REPLY && e->answer == POPLIN_POP3_ANSWER_ERR)
        note(r, text("[refused]"));
    note(r, e->uid);
    note(r, e->data);
    if (e->type == POPLIN_POP3_CLIENT_END && e->verb == POPLIN_POP3_RETR)
        assert_int_equal(e->wire_octets, octets_of(NULL, e->number - 1));
    if (e->type == POPLIN_POP3_CLIENT_END)
        note(r, text("|"));
}

static struct poplin_slice front(struct poplin_slice s, size_t n)
{
    return (struct poplin_slice){s.data, s.size < n ? s.size : n};
}

static void server_to_client(struct run *r)
{
    char copy[64];
    struct poplin_slice piece = front(poplin_pop3_server_output(r->server), r->piece);
    const struct poplin_pop3_client_event *e;
    if (piece.size > 0)
        memcpy(copy, piece.data, piece.size);
    poplin_pop3_server_sent(r->server, piece.size);
    struct poplin_slice input = {copy, piece.size};
    while ((e = poplin_pop3_client_feed(r->client, &input))->type != POPLIN_POP3_CLIENT_WANT_INPUT)
        collect(r, e);
}

static void client_to_server(struct run *r)
{
    struct poplin_slice piece = front(poplin_pop3_client_output(r->client), r->piece);
    struct poplin_slice input = piece;
    const struct poplin_pop3_server_event *e;
    do {
        e = poplin_pop3_server_feed(r->server, &input);
        serve(r, e);
    } while (e->type != POPLIN_POP3_SERVER_WANT_INPUT && e->type != POPLIN_POP3_SERVER_FLUSH &&
             !r->is_over);
    poplin_pop3_client_sent(r->client, piece.size - input.size);
}

static void run_session(struct run *r, size_t piece)
{
    *r = (struct run){.client = poplin_pop3_client_new(16), .server = new_server(), .piece = piece};
    for (int turns = 0; turns < 10000 && !poplin_pop3_client_is_ended(r->client); turns++) {
        server_to_client(r);
        client_to_server(r);
    }
    assert_true(poplin_pop3_client_is_ended(r->client));
    poplin_pop3_client_free(r->client);
    poplin_pop3_server_free(r->server);
}

static void machines_understand_each_other_at_any_split(void **state)
{
    static const char want[] = "abc|Subject: one\r\n\r\n.dot\r\n..two\r\nlast\r\n|"
                               "Subject: two\r\n\r\nbody\r\n.\r\n|"
                               "Subject: three\r\n\r\n1\r\n2\r\n3\r\n|"
                               "Subject: three\r\n\r\n1\r\n|[refused]";
    (void)state;
    for (size_t piece = 1; piece <= 64; piece++) {
        struct run r;
        run_session(&r, piece);
        assert_int_equal(r.logged, sizeof want - 1);
        assert_memory_equal(r.log, want, sizeof want - 1);
    }
}

static void an_answer_that_nothing_asked_for_does_nothing(void **state)
{
    struct poplin_pop3_server *s = new_server();
    struct poplin_pop3_listing listing = whole_listing();
    struct poplin_slice body = text("x");
    (void)state;
    size_t before = poplin_pop3_server_output(s).size;
    assert_int_equal(poplin_pop3_server_opened(s, &listing), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_refused(s, POPLIN_DENIED), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_challenge(s, body), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_tls_started(s), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_body(s, 1), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_body_data(s, &body), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_body_end(s), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_body_refused(s, POPLIN_NOT_FOUND), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_updated(s, 0, 0), POPLIN_CLOSED);
    assert_false(poplin_pop3_server_is_marked(s, 0));
    assert_int_equal(poplin_pop3_server_output(s).size, before);
    poplin_pop3_server_free(s);
}

static void feed_server(struct poplin_pop3_server *s, const char *line,
                        enum poplin_pop3_server_event_type want)
{
    struct poplin_slice input = text(line);
    assert_int_equal(poplin_pop3_server_feed(s, &input)->type, want);
}

static void a_password_gets_no_challenge(void **state)
{
    struct poplin_pop3_server *s = new_server();
    (void)state;
    feed_server(s, "USER ann\r\n", POPLIN_POP3_SERVER_WANT_INPUT);
    feed_server(s, "PASS x\r\n", POPLIN_POP3_SERVER_PASS);
    assert_int_equal(poplin_pop3_server_challenge(s, text("x")), POPLIN_CLOSED);
    feed_server(s, "NOOP\r\n", POPLIN_POP3_SERVER_WANT_INPUT); /* nothing is taken meanwhile */
    assert_int_equal(poplin_pop3_server_challenge(s, text("x")), POPLIN_CLOSED);
    assert_int_equal(poplin_pop3_server_refused(s, POPLIN_DENIED), POPLIN_OK);
    assert_int_equal(poplin_pop3_server_refused(s, POPLIN_DENIED), POPLIN_CLOSED);
    poplin_pop3_server_free(s);
}

static void a_full_output_says_again_and_loses_nothing(void **state)
{
    static char big[100000];
    struct poplin_pop3_server *s = new_server();
    struct poplin_pop3_listing listing = whole_listing();
    struct poplin_slice body = {big, sizeof big};
    size_t sent = 0;
    (void)state;
    memset(big, '\n', sizeof big);
    feed_server(s, "USER ann\r\n", POPLIN_POP3_SERVER_WANT_INPUT);
    feed_server(s, "PASS x\r\n", POPLIN_POP3_SERVER_PASS);
    assert_int_equal(poplin_pop3_server_opened(s, &listing), POPLIN_OK);
    feed_server(s, "RETR 1\r\n", POPLIN_POP3_SERVER_RETR);
    poplin_pop3_server_sent(s, poplin_pop3_server_output(s).size);
    assert_int_equal(poplin_pop3_server_body(s, 2 * sizeof big), POPLIN_OK);
    poplin_pop3_server_sent(s, poplin_pop3_server_output(s).size);
    while (poplin_pop3_server_body_data(s, &body) == POPLIN_AGAIN) {
        sent += poplin_pop3_server_output(s).size;
        poplin_pop3_server_sent(s, poplin_pop3_server_output(s).size);
    }
    assert_int_equal(poplin_pop3_server_body_end(s), POPLIN_OK);
    assert_int_equal(sent + poplin_pop3_server_output(s).size, 2 * sizeof big + 3);
    poplin_pop3_server_free(s);
}

static void a_client_refuses_what_makes_no_line(void **state)
{
    struct poplin_pop3_client *c = poplin_pop3_client_new(0);
    struct poplin_slice greeting = text("+OK\r\n");
    (void)state;
    assert_int_equal(poplin_pop3_client_command(c, POPLIN_POP3_NOOP, text("")), POPLIN_AGAIN);
    assert_int_equal(poplin_pop3_client_feed(c, &greeting)->type, POPLIN_POP3_CLIENT_GREETING);
    assert_int_equal(poplin_pop3_client_command(c, POPLIN_POP3_NONE, text("")), POPLIN_MALFORMED);
    assert_int_equal(poplin_pop3_client_command(c, (enum poplin_pop3_verb)17, text("")),
                     POPLIN_MALFORMED);
    assert_int_equal(poplin_pop3_client_command(c, POPLIN_POP3_USER, text("a\r\nDELE 1")),
                     POPLIN_MALFORMED);
    assert_int_equal(poplin_pop3_client_message(c, POPLIN_POP3_RETR, 0), POPLIN_MALFORMED);
    assert_int_equal(poplin_pop3_client_message(c, POPLIN_POP3_TOP, 1), POPLIN_MALFORMED);
    assert_int_equal(poplin_pop3_client_output(c).size, 0);
    assert_int_equal(poplin_pop3_client_command(c, POPLIN_POP3_NOOP, text("")), POPLIN_OK);
    assert_int_equal(poplin_pop3_client_command(c, POPLIN_POP3_NOOP, text("")), POPLIN_LIMIT);
    poplin_pop3_client_free(c);
}

static void stuffing_is_undone_by_unstuffing(void **state)
{
    struct poplin_pop3_stuffer st;
    struct poplin_pop3_unstuffer un;
    char wire[64];
    struct poplin_slice stored = text(".a\n..\nb"), input, data;
    (void)state;
    poplin_pop3_stuffer_init(&st);
    size_t n = poplin_pop3_stuff(&st, &stored, wire, sizeof wire);
    n += poplin_pop3_stuff_end(&st, wire + n);
    assert_memory_equal(wire, "..a\r\n...\r\nb\r\n.\r\n", n);
    poplin_pop3_unstuffer_init(&un, true);
    input = (struct poplin_slice){wire, n};
    size_t got = 0;
    char back[64];
    while (poplin_pop3_unstuff(&un, &input, &data) == POPLIN_POP3_UNSTUFFED_DATA) {
        memcpy(back + got, data.data, data.size);
        got += data.size;
    }
    assert_int_equal(got, poplin_pop3_wire_octets(text(".a\n..\nb")));
    assert_memory_equal(back, ".a\r\n..\r\nb\r\n", got);
}

static void give(struct poplin_pop3_client *c, const char *octets,
                 enum poplin_pop3_client_event_type want)
{
    struct poplin_slice input = text(octets);
    assert_int_equal(poplin_pop3_client_feed(c, &input)->type, want);
    while (input.size > 0)
        (void)poplin_pop3_client_feed(c, &input);
}

static void assert_output(const struct poplin_pop3_client *c, const char *want)
{
    struct poplin_slice out = poplin_pop3_client_output(c);
    assert_int_equal(out.size, strlen(want));
    assert_memory_equal(out.data, want, out.size);
}

static void c04_tls_forgets_what_was_learnt_before(void **state)
{
    struct poplin_pop3_client *c = poplin_pop3_client_new(4);
    (void)state;
    give(c, "+OK\r\n", POPLIN_POP3_CLIENT_GREETING);
    assert_int_equal(poplin_pop3_client_command(c, POPLIN_POP3_CAPA, text("")), POPLIN_OK);
    give(c, "+OK\r\nSTLS\r\nTOP\r\nSASL PLAIN\r\n.\r\n", POPLIN_POP3_CLIENT_REPLY);
    assert_int_equal(poplin_pop3_client_capabilities(c),
                     POPLIN_POP3_HAS_LIST | POPLIN_POP3_HAS_STLS | POPLIN_POP3_HAS_TOP |
                         POPLIN_POP3_HAS_SASL);
    assert_true(poplin_pop3_client_has_mechanism(c, "plain"));
    assert_false(poplin_pop3_client_has_mechanism(c, "LOGIN"));
    assert_int_equal(poplin_pop3_client_command(c, POPLIN_POP3_STLS, text("")), POPLIN_OK);
    give(c, "+OK\r\n", POPLIN_POP3_CLIENT_STLS_READY);
    poplin_pop3_client_tls_started(c);
    assert_int_equal(poplin_pop3_client_capabilities(c), 0);
    poplin_pop3_client_free(c);
}

static void c12_octets_behind_stls_end_the_session(void **state)
{
    struct poplin_pop3_client *c = poplin_pop3_client_new(4);
    struct poplin_slice input = text("+OK\r\n+OK injected\r\n");
    (void)state;
    give(c, "+OK\r\n", POPLIN_POP3_CLIENT_GREETING);
    assert_int_equal(poplin_pop3_client_command(c, POPLIN_POP3_STLS, text("")), POPLIN_OK);
    const struct poplin_pop3_client_event *e = poplin_pop3_client_feed(c, &input);
    assert_int_equal(e->type, POPLIN_POP3_CLIENT_PROTOCOL_ERROR);
    assert_true(strlen(e->error_text) > 0);
    poplin_pop3_client_free(c);
}

static void auth_is_encoded_decoded_and_wiped(void **state)
{
    struct poplin_pop3_client *c = poplin_pop3_client_new(4);
    struct poplin_pop3_server *s = new_server();
    struct poplin_slice input = text("+ aGk=\r\n");
    (void)state;
    give(c, "+OK\r\n", POPLIN_POP3_CLIENT_GREETING);
    assert_int_equal(poplin_pop3_client_auth(c, text("PLAIN"), NULL), POPLIN_OK);
    assert_output(c, "AUTH PLAIN\r\n");
    poplin_pop3_client_sent(c, 12);
    const struct poplin_pop3_client_event *e = poplin_pop3_client_feed(c, &input);
    assert_int_equal(e->type, POPLIN_POP3_CLIENT_CONTINUE);
    assert_int_equal(e->data.size, 2);
    assert_memory_equal(e->data.data, "hi", 2);
    assert_int_equal(poplin_pop3_client_response(c, text("secret")), POPLIN_OK);
    const char *place = poplin_pop3_client_output(c).data;
    assert_output(c, "c2VjcmV0\r\n");
    feed_server(s, "AUTH PLAIN\r\n", POPLIN_POP3_SERVER_AUTH);
    assert_int_equal(poplin_pop3_server_challenge(s, text("hi")), POPLIN_OK);
    struct poplin_slice out = poplin_pop3_client_output(c);
    const struct poplin_pop3_server_event *got = poplin_pop3_server_feed(s, &out);
    assert_int_equal(got->type, POPLIN_POP3_SERVER_AUTH_DATA);
    assert_memory_equal(got->data.data, "secret", 6);
    poplin_pop3_client_sent(c, 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(place[i], 0);
    poplin_pop3_client_free(c);
    poplin_pop3_server_free(s);
}

static void options_of_another_size_are_refused(void **state)
{
    struct poplin_pop3_server_options o = {.greeting = "x"};
    (void)state;
    assert_null(poplin_pop3_server_new(&o));
    o.size = sizeof o;
    o.greeting = NULL;
    assert_null(poplin_pop3_server_new(&o));
}

static void numbers_out_of_an_enumeration_have_a_text(void **state)
{
    (void)state;
    assert_string_equal(poplin_status_text((enum poplin_status)99), "unknown status");
    assert_string_equal(poplin_pop3_fault_text((enum poplin_pop3_fault)99), "unknown fault");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_understand_each_other_at_any_split),
        cmocka_unit_test(an_answer_that_nothing_asked_for_does_nothing),
        cmocka_unit_test(a_password_gets_no_challenge),
        cmocka_unit_test(a_full_output_says_again_and_loses_nothing),
        cmocka_unit_test(a_client_refuses_what_makes_no_line),
        cmocka_unit_test(stuffing_is_undone_by_unstuffing),
        cmocka_unit_test(c04_tls_forgets_what_was_learnt_before),
        cmocka_unit_test(c12_octets_behind_stls_end_the_session),
        cmocka_unit_test(auth_is_encoded_decoded_and_wiped),
        cmocka_unit_test(options_of_another_size_are_refused),
        cmocka_unit_test(numbers_out_of_an_enumeration_have_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
