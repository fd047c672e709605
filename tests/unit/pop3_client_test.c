#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

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

static void start(struct session *s, size_t line_capacity)
{
    s->out = buf_over(s->memory, sizeof s->memory);
    s->input = SLICE("");
    pop3_client_init(&s->client, s->line, line_capacity, s->ring, RING);
}

static struct pop3_client_event *next(struct session *s)
{
    pop3_client_feed(&s->client, &s->input, &s->event);
    return &s->event;
}

static struct pop3_client_event *feed(struct session *s, struct slice input)
{
    assert_int_equal(s->input.size, 0);
    s->input = input;
    return next(s);
}

static void greet(struct session *s)
{
    start(s, sizeof s->line);
    assert_int_equal(feed(s, SLICE("+OK ready\r\n"))->type, POP3_CLIENT_GREETING);
}

static void queue(struct session *s, enum pop3_verb verb, const char *arguments)
{
    assert_int_equal(pop3_client_command(&s->client, &s->out, verb, slice_str(arguments)),
                     STATUS_OK);
}

/* A greeted session with one command sent. */
static void ask(struct session *s, enum pop3_verb verb, const char *arguments)
{
    greet(s);
    queue(s, verb, arguments);
}

static void assert_error(struct session *s, enum pop3_client_error error)
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

static void commands_are_written_as_the_rfc_says(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    queue(&s, POP3_VERB_USER, "ann");
    queue(&s, POP3_VERB_PASS, " with  blanks ");
    assert_int_equal(pop3_client_message(&s.client, &s.out, POP3_VERB_RETR, 16777216), STATUS_OK);
    assert_int_equal(pop3_client_top(&s.client, &s.out, 1, UINT64_MAX), STATUS_OK);
    assert_slice(buf_slice(&s.out), "USER ann\r\nPASS  with  blanks \r\nRETR 16777216\r\n"
                                    "TOP 1 18446744073709551615\r\n");
}

static void a54_cr_lf_and_nul_in_arguments_are_refused(void **state)
{
    static const struct slice bad[] = {{"a\rb", 3}, {"a\n", 2}, {"\r\nDELE 1", 8}, {"a\0b", 3}};
    struct session s;
    (void)state;
    greet(&s);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_USER, bad[i]),
                         STATUS_MALFORMED);
        assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_PASS, bad[i]),
                         STATUS_MALFORMED);
        assert_int_equal(pop3_client_auth(&s.client, &s.out, bad[i], NULL), STATUS_MALFORMED);
    }
    assert_int_equal(s.out.size, 0);
    assert_int_equal(s.client.awaited_count, 0);
}

static void s12_arguments_missing_or_too_many_are_refused(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_PASS, SLICE("")),
                     STATUS_MALFORMED);
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_STAT, SLICE("1")),
                     STATUS_MALFORMED);
    assert_int_equal(s.out.size, 0);
}

static void a_command_is_sent_whole_or_not_at_all(void **state)
{
    static char name[LIMIT_COMMAND_LINE];
    struct session s;
    (void)state;
    memset(name, 'n', sizeof name);
    greet(&s);
    assert_int_equal(
        pop3_client_command(&s.client, &s.out, POP3_VERB_USER, slice_of(name, sizeof name - 4)),
        STATUS_TOO_LARGE);
    s.out.capacity = 7;
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_USER, SLICE("a")),
                     STATUS_AGAIN);
    assert_int_equal(s.out.size, 0);
    assert_int_equal(s.client.awaited_count, 0);
    s.out.capacity = 8;
    queue(&s, POP3_VERB_USER, "a");
    assert_false(s.out.overflow);
}

static void nothing_is_sent_before_the_greeting(void **state)
{
    struct session s;
    (void)state;
    start(&s, sizeof s.line);
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_CAPA, SLICE("")),
                     STATUS_AGAIN);
    assert_int_equal(s.out.size, 0);
}

static void a44_a_greeting_of_err_ends_the_session(void **state)
{
    struct session s;
    (void)state;
    start(&s, sizeof s.line);
    assert_int_equal(feed(&s, SLICE("-ERR [SYS/TEMP] busy\r\n"))->type, POP3_CLIENT_GREETING);
    assert_int_equal(s.event.reply.answer, POP3_ERR);
    assert_int_equal(s.event.reply.code, POP3_CODE_SYS_TEMP);
    assert_true(pop3_client_is_ended(&s.client));
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_USER, SLICE("a")),
                     STATUS_CLOSED);
}

static void c14_commands_in_flight_are_bounded_and_counted(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    for (int i = 0; i < RING; i++)
        queue(&s, POP3_VERB_NOOP, "");
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_NOOP, SLICE("")),
                     STATUS_LIMIT);
    assert_int_equal(s.client.unanswered_octets, 6 * RING);
    assert_int_equal(feed(&s, SLICE("+OK\r\n"))->type, POP3_CLIENT_REPLY);
    assert_int_equal(s.client.unanswered_octets, 6 * (RING - 1));
    queue(&s, POP3_VERB_NOOP, "");
}

static void pipelined_replies_find_their_commands(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    for (uint32_t round = 0; round < 10; round++) {
        for (uint32_t i = 1; i <= 3; i++)
            assert_int_equal(pop3_client_message(&s.client, &s.out, POP3_VERB_DELE, round * 3 + i),
                             STATUS_OK);
        feed(&s, SLICE("+OK\r\n-ERR gone\r\n+OK\r\n"));
        for (uint32_t i = 1; i <= 3; i++, next(&s)) {
            assert_int_equal(s.event.type, POP3_CLIENT_REPLY);
            assert_int_equal(s.event.verb, POP3_VERB_DELE);
            assert_int_equal(s.event.number, round * 3 + i);
            assert_int_equal(s.event.reply.answer, i == 2 ? POP3_ERR : POP3_OK);
        }
        buf_clear(&s.out);
    }
    assert_true(pop3_client_is_idle(&s.client));
}

static void c06_listings_come_as_rows(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_LIST, "");
    queue(&s, POP3_VERB_UIDL, "");
    feed(&s, SLICE("+OK 3 messages\r\n1 120\r\n+OK 2 x\r\n\r\n.\r\n+OK\r\n1 a\r\n..\r\n.\r\n"));
    assert_int_equal(s.event.type, POP3_CLIENT_REPLY);
    assert_true(s.event.lines_follow);
    assert_int_equal(next(&s)->type, POP3_CLIENT_ROW);
    assert_int_equal(s.event.row.number, 1);
    assert_int_equal(s.event.row.size, 120);
    assert_int_equal(next(&s)->fault, POP3_FAULT_SIZE);
    assert_int_equal(s.event.row.number, 2);
    assert_int_equal(next(&s)->fault, POP3_FAULT_NUMBER);
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_int_equal(s.event.rows, 3);
    assert_int_equal(next(&s)->verb, POP3_VERB_UIDL);
    assert_slice(next(&s)->row.uid, "a");
    assert_slice(next(&s)->line, ".");
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_int_equal(next(&s)->type, POP3_CLIENT_WANT_INPUT);
}

static void a_listing_refused_has_no_rows(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_UIDL, "");
    queue(&s, POP3_VERB_NOOP, "");
    feed(&s, SLICE("-ERR no such command\r\n+OK\r\n"));
    assert_false(s.event.lines_follow);
    assert_int_equal(next(&s)->verb, POP3_VERB_NOOP);
}

static void c06_values_in_first_lines_are_read(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STAT, "");
    assert_int_equal(feed(&s, SLICE("+OK 7 1800662\r\n"))->fault, POP3_FAULT_NONE);
    assert_int_equal(s.event.stat.count, 7);
    queue(&s, POP3_VERB_LIST, "1");
    assert_int_equal(feed(&s, SLICE("+OK 1 1024\r\n"))->fault, POP3_FAULT_NONE);
    assert_int_equal(s.event.row.size, 1024);
    assert_false(s.event.lines_follow);
    queue(&s, POP3_VERB_LIST, "1");
    assert_int_equal(feed(&s, SLICE("+OK 1\r\n"))->fault, POP3_FAULT_SIZE);
    queue(&s, POP3_VERB_LIST, "1");
    assert_int_equal(feed(&s, SLICE("+OK 99 1024\r\n"))->fault, POP3_FAULT_OTHER);
    queue(&s, POP3_VERB_UIDL, "2");
    assert_int_equal(feed(&s, SLICE("+OK 2 uid-2\r\n"))->fault, POP3_FAULT_NONE);
    assert_slice(s.event.row.uid, "uid-2");
    queue(&s, POP3_VERB_DELE, "2");
    assert_int_equal(feed(&s, SLICE("+OK message 3 deleted\r\n"))->fault, POP3_FAULT_NONE);
}

static void c03_a_message_comes_unstuffed_and_measured(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_RETR, "9");
    feed(&s, SLICE("+OK 5 octets\r\na\n..b\r\n.c\r\n.\r\n"));
    assert_true(s.event.lines_follow);
    assert_slice(next(&s)->data, "a\n");
    assert_int_equal(s.event.type, POP3_CLIENT_DATA);
    assert_slice(next(&s)->data, ".b\r\n");
    assert_slice(next(&s)->data, ".");
    assert_slice(next(&s)->data, "c\r\n");
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_int_equal(s.event.number, 9);
    assert_int_equal(s.event.octets, 10);
    assert_int_equal(s.event.wire_octets, 11);
    assert_int_equal(s.event.defects, 1);
    assert_true(pop3_client_is_idle(&s.client));
}

static void c02_the_session_remembers_the_servers_line_ends(void **state)
{
    struct session s;
    (void)state;
    start(&s, sizeof s.line);
    feed(&s, SLICE("+OK\n"));
    queue(&s, POP3_VERB_RETR, "1");
    queue(&s, POP3_VERB_RETR, "2");
    queue(&s, POP3_VERB_RETR, "3");
    feed(&s, SLICE("+OK\nx\n.\n+OK\r\ny\n.\nz\n.\r\n+OK\n.\nz\n.\r\n"));
    assert_slice(next(&s)->data, "x\n");
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_int_equal(next(&s)->number, 2);
    assert_slice(next(&s)->data, "y\n");
    assert_slice(next(&s)->data, ".");
    assert_slice(next(&s)->data, "\nz\n");
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_int_equal(next(&s)->number, 3);
    assert_slice(next(&s)->data, ".");
    assert_slice(next(&s)->data, "\nz\n");
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
}

static void c02_a_crlf_in_a_message_is_remembered_too(void **state)
{
    struct session s;
    (void)state;
    start(&s, sizeof s.line);
    feed(&s, SLICE("+OK\n"));
    queue(&s, POP3_VERB_RETR, "1");
    queue(&s, POP3_VERB_RETR, "2");
    feed(&s, SLICE("+OK\n.\r\n+OK\na\n.\n.\r\n"));
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_int_equal(next(&s)->number, 2);
    assert_slice(next(&s)->data, "a\n");
    assert_slice(next(&s)->data, ".");
    assert_slice(next(&s)->data, "\n");
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
}

static void c07_a_message_refused_leaves_the_others(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_RETR, "1");
    queue(&s, POP3_VERB_RETR, "2");
    feed(&s, SLICE("-ERR [SYS/TEMP] not now\r\n+OK\r\n.\r\n"));
    assert_int_equal(s.event.number, 1);
    assert_int_equal(s.event.reply.code, POP3_CODE_SYS_TEMP);
    assert_int_equal(next(&s)->number, 2);
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
}

static void c09_a_cut_is_seen_wherever_it_falls(void **state)
{
    static const char wire[] = "+OK\r\nSubject: x\r\n\r\n.\r\n";
    struct session s;
    (void)state;
    for (size_t cut = 0; cut < sizeof wire - 1; cut++) {
        bool has_ended = false;
        ask(&s, POP3_VERB_RETR, "1");
        for (feed(&s, slice_of(wire, cut)); s.event.type != POP3_CLIENT_WANT_INPUT; next(&s))
            has_ended |= s.event.type == POP3_CLIENT_END;
        assert_false(has_ended);
        assert_false(pop3_client_is_idle(&s.client));
    }
}

static void c04_capabilities_are_known_once_the_list_is_whole(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_CAPA, "");
    feed(&s, SLICE("+OK\r\nTOP\r\nSASL PLAIN XOAUTH2\r\nUI"));
    assert_slice(next(&s)->line, "TOP");
    next(&s);
    assert_int_equal(next(&s)->type, POP3_CLIENT_WANT_INPUT);
    assert_false(s.client.capabilities.is_known);
    assert_int_equal(feed(&s, SLICE("DL\r\n.\r\n"))->type, POP3_CLIENT_ROW);
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_true(s.client.capabilities.is_known);
    assert_int_equal(s.client.capabilities.has, POP3_HAS_TOP | POP3_HAS_SASL | POP3_HAS_UIDL);
    assert_true(pop3_capabilities_has_mechanism(&s.client.capabilities, SLICE("XOAUTH2")));
    queue(&s, POP3_VERB_CAPA, "");
    feed(&s, SLICE("-ERR what?\r\n"));
    assert_false(s.client.capabilities.is_known);
    assert_int_equal(s.client.capabilities.has, 0);
}

static void s19_a_bare_auth_lists_mechanisms(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_AUTH, "");
    feed(&s, SLICE("+OK\r\nPLAIN\r\nlogin\r\n.\r\n"));
    while (s.event.type != POP3_CLIENT_END)
        next(&s);
    assert_int_equal(s.event.rows, 2);
    assert_true(pop3_capabilities_has_mechanism(&s.client.capabilities, SLICE("LOGIN")));
}

static void c13_a_dialogue_is_led_to_its_end(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("LOGIN"), NULL), STATUS_OK);
    assert_int_equal(pop3_client_response(&s.client, &s.out, SLICE("a")), STATUS_CLOSED);
    feed(&s, SLICE("+ VXNlcm5hbWU6\r\n"));
    assert_int_equal(s.event.type, POP3_CLIENT_CONTINUE);
    assert_true(s.event.is_base64);
    assert_slice(s.event.data, "Username:");
    assert_int_equal(pop3_client_response(&s.client, &s.out, SLICE("ann")), STATUS_OK);
    assert_int_equal(pop3_client_response(&s.client, &s.out, SLICE("ann")), STATUS_CLOSED);
    feed(&s, SLICE("+\r\n"));
    assert_true(s.event.is_base64);
    assert_slice(s.event.data, "");
    assert_int_equal(pop3_client_response(&s.client, &s.out, SLICE("")), STATUS_OK);
    feed(&s, SLICE("+ Your word?\r\n"));
    assert_false(s.event.is_base64);
    assert_slice(s.event.reply.text, "Your word?");
    assert_int_equal(pop3_client_cancel(&s.client, &s.out), STATUS_OK);
    feed(&s, SLICE("-ERR [AUTH] cancelled\r\n"));
    assert_int_equal(s.event.type, POP3_CLIENT_REPLY);
    assert_int_equal(s.event.verb, POP3_VERB_AUTH);
    assert_slice(buf_slice(&s.out), "AUTH LOGIN\r\nYW5u\r\n\r\n*\r\n");
    assert_true(pop3_client_is_idle(&s.client));
}

static void c13_an_error_in_json_wants_an_empty_answer(void **state)
{
    struct session s;
    struct slice initial = SLICE("user=a\1auth=Bearer t\1\1");
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("XOAUTH2"), &initial), STATUS_OK);
    assert_slice(buf_slice(&s.out), "AUTH XOAUTH2 dXNlcj1hAWF1dGg9QmVhcmVyIHQBAQ==\r\n");
    feed(&s, SLICE("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"));
    assert_slice(s.event.data, "{\"status\":\"400\"}");
    assert_int_equal(pop3_client_response(&s.client, &s.out, SLICE("")), STATUS_OK);
    assert_int_equal(feed(&s, SLICE("\r\n-ERR failed\r\n"))->type, POP3_CLIENT_REPLY);
}

static void rfc5034_initial_responses_keep_to_their_line(void **state)
{
    static char data[200];
    struct session s;
    struct slice empty = SLICE(""), fits = slice_of(data, 180), too_long = slice_of(data, 181);
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("PLAIN"), &too_long),
                     STATUS_TOO_LARGE);
    assert_int_equal(s.out.size, 0);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("PLAIN"), &fits), STATUS_OK);
    assert_true(s.out.size <= POP3_CLIENT_INITIAL_LINE);
    feed(&s, SLICE("-ERR\r\n"));
    buf_clear(&s.out);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("EXTERNAL"), &empty), STATUS_OK);
    assert_slice(buf_slice(&s.out), "AUTH EXTERNAL =\r\n");
}

static void a55_challenges_are_bounded(void **state)
{
    static char line[LIMIT_SASL_LINE * 2];
    struct session s;
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("GSSAPI"), NULL), STATUS_OK);
    memset(line, 'A', sizeof line);
    memcpy(line, "+ ", 2);
    line[2 + LIMIT_SASL_LINE] = '\n';
    feed(&s, slice_of(line, 3 + LIMIT_SASL_LINE));
    assert_true(s.event.is_base64);
    assert_int_equal(s.event.data.size, LIMIT_SASL_DATA);
    assert_int_equal(pop3_client_response(&s.client, &s.out, SLICE("")), STATUS_OK);
    line[2 + LIMIT_SASL_LINE] = 'A';
    line[sizeof line - 1] = '\n';
    feed(&s, slice_of(line, sizeof line));
    assert_error(&s, POP3_CLIENT_LINE_TOO_LONG);
}

static void a55_a_second_challenge_out_of_turn_is_an_error(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("LOGIN"), NULL), STATUS_OK);
    feed(&s, SLICE("+ \r\n+ \r\n"));
    next(&s);
    assert_error(&s, POP3_CLIENT_UNASKED);
}

static void c13_a_refusal_out_of_turn_ends_the_dialogue(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("LOGIN"), NULL), STATUS_OK);
    feed(&s, SLICE("+ \r\n-ERR too slow\r\n"));
    assert_int_equal(next(&s)->type, POP3_CLIENT_REPLY);
    buf_clear(&s.out);
    assert_int_equal(pop3_client_response(&s.client, &s.out, SLICE("secret")), STATUS_CLOSED);
    assert_int_equal(s.out.size, 0);
}

static void s19_responses_keep_to_what_a_server_must_take(void **state)
{
    static char data[LIMIT_SASL_DATA + 1];
    struct session s;
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("GSSAPI"), NULL), STATUS_OK);
    feed(&s, SLICE("+ \r\n"));
    assert_int_equal(pop3_client_response(&s.client, &s.out, slice_of(data, sizeof data)),
                     STATUS_TOO_LARGE);
    assert_int_equal(pop3_client_response(&s.client, &s.out, slice_of(data, sizeof data - 1)),
                     STATUS_OK);
    assert_false(s.out.overflow);
}

static void nothing_is_pipelined_behind_stls_auth_and_quit(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STLS, "");
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_CAPA, SLICE("")),
                     STATUS_AGAIN);
    feed(&s, SLICE("-ERR no TLS\r\n"));
    assert_int_equal(s.event.type, POP3_CLIENT_REPLY);
    assert_int_equal(pop3_client_auth(&s.client, &s.out, SLICE("PLAIN"), NULL), STATUS_OK);
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_STAT, SLICE("")),
                     STATUS_AGAIN);
    feed(&s, SLICE("+OK\r\n"));
    queue(&s, POP3_VERB_QUIT, "");
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_NOOP, SLICE("")),
                     STATUS_AGAIN);
    assert_false(pop3_client_is_ended(&s.client));
    feed(&s, SLICE("+OK bye\r\nwhat comes behind is not read"));
    assert_true(pop3_client_is_ended(&s.client));
    assert_int_equal(next(&s)->type, POP3_CLIENT_WANT_INPUT);
    assert_int_equal(s.input.size, 0);
}

static void c12_octets_behind_the_answer_to_stls_are_an_attack(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STLS, "");
    feed(&s, SLICE("+OK begin\r\n+"));
    assert_error(&s, POP3_CLIENT_STLS_INJECTION);
    ask(&s, POP3_VERB_STLS, "");
    assert_int_equal(feed(&s, SLICE("+OK begin\r\n"))->type, POP3_CLIENT_STLS_READY);
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_USER, SLICE("a")),
                     STATUS_AGAIN);
    feed(&s, SLICE("+"));
    assert_error(&s, POP3_CLIENT_STLS_INJECTION);
}

static void a45_tls_makes_all_forgotten(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_CAPA, "");
    for (feed(&s, SLICE("+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n")); s.event.type != POP3_CLIENT_END;)
        next(&s);
    queue(&s, POP3_VERB_STLS, "");
    feed(&s, SLICE("+OK\r\n"));
    pop3_client_tls_started(&s.client);
    assert_false(s.client.capabilities.is_known);
    assert_int_equal(s.client.capabilities.has, 0);
    assert_int_equal(s.client.capabilities.mechanisms_size, 0);
    queue(&s, POP3_VERB_RETR, "1"); /* the one behind TLS may be another server, one of LFs */
    feed(&s, SLICE("+OK\n.\n"));
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
}

static void replies_nobody_asked_for_end_the_session(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    feed(&s, SLICE("-ERR [SYS/TEMP] closing\r\n"));
    assert_int_equal(s.event.reply.code, POP3_CODE_SYS_TEMP);
    assert_error(&s, POP3_CLIENT_UNASKED);
}

static void a49_what_is_no_reply_ends_the_session(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STAT, "");
    feed(&s, SLICE("\0\xff\xfe\1\r\n"));
    assert_error(&s, POP3_CLIENT_NOT_A_REPLY);
    start(&s, sizeof s.line);
    feed(&s, SLICE("HTTP/1.1 400 Bad Request\r\n"));
    assert_error(&s, POP3_CLIENT_NOT_A_REPLY);
}

static void stray_empty_lines_are_passed_over_but_not_for_ever(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_NOOP, "");
    assert_int_equal(feed(&s, SLICE("\r\n\n\r\n+OK\r\n\r\n"))->type, POP3_CLIENT_REPLY);
    assert_int_equal(next(&s)->type, POP3_CLIENT_WANT_INPUT);
    for (int i = 0; i < 100 && s.event.type == POP3_CLIENT_WANT_INPUT; i++)
        feed(&s, SLICE("\r\n"));
    assert_error(&s, POP3_CLIENT_NOT_A_REPLY);
}

static void a_stray_empty_line_before_each_reply_is_no_endless_row_of_them(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    for (int i = 0; i < 10 * POP3_CLIENT_STRAYS; i++) {
        buf_clear(&s.out);
        queue(&s, POP3_VERB_NOOP, "");
        assert_int_equal(feed(&s, SLICE("\r\n+OK\r\n"))->type, POP3_CLIENT_REPLY);
    }
}

static void a_reply_begun_is_not_idle(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    assert_true(pop3_client_is_idle(&s.client));
    feed(&s, SLICE("-"));
    assert_false(pop3_client_is_idle(&s.client));
}

/* Feeds `count` octets of c. */
static void feed_many(struct session *s, char c, size_t count)
{
    static char block[65536];
    memset(block, c, sizeof block);
    while (count > 0 && s->event.type == POP3_CLIENT_WANT_INPUT) {
        size_t size = count < sizeof block ? count : sizeof block;
        s->input = slice_of(block, size);
        next(s);
        count -= size;
    }
    s->input = SLICE("");
}

static void a49_a_line_without_an_end_ends_the_session(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STAT, "");
    assert_int_equal(feed(&s, SLICE("+OK "))->type, POP3_CLIENT_WANT_INPUT);
    feed_many(&s, '9', 50 * 1024 * 1024);
    assert_error(&s, POP3_CLIENT_LINE_TOO_LONG);
}

static void a49_a_value_that_was_cut_is_none(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STAT, "");
    feed(&s, SLICE("+OK 1 1"));
    feed_many(&s, ' ', sizeof s.line);
    assert_int_equal(feed(&s, SLICE("\r\n"))->type, POP3_CLIENT_REPLY);
    assert_true(s.event.reply.was_cut);
    assert_int_equal(s.event.fault, POP3_FAULT_CUT);
}

static void a50_a_row_of_a_million_octets_is_told_and_the_next_read(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_UIDL, "");
    feed(&s, SLICE("+OK\r\n1 "));
    next(&s);
    feed_many(&s, 'u', 1000 * 1000);
    assert_int_equal(feed(&s, SLICE("\r\n2 b\r\n.\r\n"))->fault, POP3_FAULT_CUT);
    assert_int_equal(s.event.row.number, 1);
    assert_slice(next(&s)->row.uid, "b");
    assert_int_equal(s.event.fault, POP3_FAULT_NONE);
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
}

static void a49_a_message_may_have_lines_of_any_length(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_RETR, "1");
    feed(&s, SLICE("+OK\r\n"));
    for (int i = 0; i < 100; i++) {
        static char block[65536];
        memset(block, 'L', sizeof block);
        assert_int_equal(feed(&s, slice_of(block, sizeof block))->type, POP3_CLIENT_DATA);
        assert_int_equal(s.event.data.size, sizeof block);
    }
    feed(&s, SLICE("\r\n.\r\n"));
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_int_equal(s.event.octets, 100 * 65536 + 2);
}

static void a49_listings_without_an_end_end_the_session(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_CAPA, "");
    feed(&s, SLICE("+OK\r\n"));
    for (int i = 0; i < POP3_CLIENT_ROWS; i++)
        assert_int_equal(feed(&s, SLICE("X-9\r\n"))->type, POP3_CLIENT_ROW);
    feed(&s, SLICE("X-9\r\n"));
    assert_error(&s, POP3_CLIENT_TOO_MANY_ROWS);
    ask(&s, POP3_VERB_LIST, "");
    s.client.row_limit = 2;
    feed(&s, SLICE("+OK\r\n1 1\r\n2 1\r\n3 1\r\n"));
    while (s.event.type != POP3_CLIENT_PROTOCOL_ERROR)
        next(&s);
    assert_error(&s, POP3_CLIENT_TOO_MANY_ROWS);
}

static void a_line_fits_its_memory_to_the_last_octet(void **state)
{
    static char line[POP3_CLIENT_LINE_MIN + 2];
    struct session s;
    (void)state;
    for (size_t size = POP3_CLIENT_LINE_MIN - 2; size <= POP3_CLIENT_LINE_MIN; size++) {
        start(&s, POP3_CLIENT_LINE_MIN);
        memset(line, 'x', sizeof line);
        memcpy(line, "+OK ", 4);
        memcpy(line + size, "\r\n", 2);
        feed(&s, slice_of(line, size + 2));
        assert_int_equal(s.event.type, POP3_CLIENT_GREETING);
        assert_false(s.event.reply.was_cut);
        assert_int_equal(s.event.reply.text.size, size - 4);
    }
    start(&s, POP3_CLIENT_LINE_MIN);
    line[POP3_CLIENT_LINE_MIN] = 'x';
    feed(&s, slice_of(line, sizeof line));
    assert_true(s.event.reply.was_cut);
}

/* Any split */

static const struct {
    enum pop3_verb verb;
    const char *arguments;
} script[] = {
    {POP3_VERB_CAPA, ""},  {POP3_VERB_AUTH, "LOGIN"}, {POP3_VERB_STAT, ""},   {POP3_VERB_LIST, ""},
    {POP3_VERB_UIDL, ""},  {POP3_VERB_RETR, "1"},     {POP3_VERB_TOP, "2 0"}, {POP3_VERB_LIST, "1"},
    {POP3_VERB_RETR, "3"}, {POP3_VERB_DELE, "1"},     {POP3_VERB_QUIT, ""},
};

static const char answers[] = "+OK hello\r\n"
                              "+OK\r\nSASL LOGIN\r\nPIPELINING\r\n.\r\n"
                              "+ VXNlcm5hbWU6\r\n\r\n+\r\n+OK in\r\n"
                              "+OK 2 300\r\n"
                              "+OK\r\n1 100\r\n+OK 2  x\n.\n"
                              "+OK\r\n1 a\r\n2 \xff b\r\n\r\n.\r\n"
                              "+OK\r\nA: b\r\n\r\n..\r\n.x\r\n.\ny\r.\r\nz\n.\r\n\r\n.\r\n"
                              "+OK\r\n.\r\n"
                              "+OK 1 100\r\n"
                              "-ERR [SYS/TEMP/X] no\r\n"
                              "-err gone\r\n"
                              "+ok bye\r\nignored";

/* An event as a line of text; DATA is written as it comes, so that its cuts do not show. */
static void render(struct buf *text, const struct pop3_client_event *e)
{
    if (e->type == POP3_CLIENT_DATA) {
        buf_put(text, e->data);
        return;
    }
    buf_printf(text, "[%d %d %d:%d:%u %d:%d:%d fault %d %u/%u %u/%u/%u ", e->type, e->error,
               e->verb, e->has_argument, e->number, e->reply.answer, e->reply.code, e->lines_follow,
               e->fault, e->stat.count, (unsigned)e->stat.octets, e->row.number,
               (unsigned)e->row.size, e->row.quirks);
    buf_printf(text, "%u %u %u %u ", (unsigned)e->rows, (unsigned)e->octets,
               (unsigned)e->wire_octets, (unsigned)e->defects);
    buf_put(text, e->reply.text);
    buf_put(text, e->row.uid);
    buf_put(text, e->line);
    buf_put(text, e->data);
    buf_put_str(text, "]\n");
}

/* Feeds a piece, sending of the script what may be sent, and answering challenges. */
static void play(struct session *s, size_t *step, struct slice piece, struct buf *text)
{
    s->input = piece;
    do {
        while (*step < sizeof script / sizeof *script &&
               pop3_client_command(&s->client, &s->out, script[*step].verb,
                                   slice_str(script[*step].arguments)) == STATUS_OK)
            ++*step;
        if (next(s)->type != POP3_CLIENT_WANT_INPUT)
            render(text, &s->event);
        if (s->event.type == POP3_CLIENT_CONTINUE)
            assert_int_equal(pop3_client_response(&s->client, &s->out, SLICE("me")), STATUS_OK);
    } while (s->event.type != POP3_CLIENT_WANT_INPUT);
}

static void play_pieces(struct buf *text, size_t (*piece_size)(size_t), size_t parameter)
{
    struct session s;
    size_t step = 0, size = sizeof answers - 1;
    buf_clear(text);
    start(&s, sizeof s.line);
    for (size_t at = 0; at < size;) {
        size_t n = piece_size(at == 0 ? parameter : parameter + at);
        n = n > size - at ? size - at : n;
        play(&s, &step, slice_of(answers + at, n), text);
        at += n;
    }
    buf_put(text, buf_slice(&s.out));
    assert_true(pop3_client_is_ended(&s.client));
    assert_false(text->overflow);
}

static size_t whole(size_t parameter)
{
    return parameter;
}

static size_t one(size_t parameter)
{
    (void)parameter;
    return 1;
}

static size_t any(size_t parameter)
{
    (void)parameter;
    return 1 + (size_t)rand() % 12;
}

static void any_split_gives_the_same_events(void **state)
{
    static char want_memory[8192], got_memory[8192];
    struct buf want = buf_over(want_memory, sizeof want_memory);
    struct buf got = buf_over(got_memory, sizeof got_memory);
    (void)state;
    play_pieces(&want, whole, sizeof answers);
    play_pieces(&got, one, 0);
    assert_true(slice_equal(buf_slice(&want), buf_slice(&got)));
    for (size_t cut = 1; cut < sizeof answers; cut++) {
        play_pieces(&got, whole, cut);
        assert_true(slice_equal(buf_slice(&want), buf_slice(&got)));
    }
    for (unsigned seed = 1; seed <= 500; seed++) {
        srand(seed);
        play_pieces(&got, any, 0);
        assert_true(slice_equal(buf_slice(&want), buf_slice(&got)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_written_as_the_rfc_says),
        cmocka_unit_test(a54_cr_lf_and_nul_in_arguments_are_refused),
        cmocka_unit_test(s12_arguments_missing_or_too_many_are_refused),
        cmocka_unit_test(a_command_is_sent_whole_or_not_at_all),
        cmocka_unit_test(nothing_is_sent_before_the_greeting),
        cmocka_unit_test(a44_a_greeting_of_err_ends_the_session),
        cmocka_unit_test(c14_commands_in_flight_are_bounded_and_counted),
        cmocka_unit_test(pipelined_replies_find_their_commands),
        cmocka_unit_test(c06_listings_come_as_rows),
        cmocka_unit_test(a_listing_refused_has_no_rows),
        cmocka_unit_test(c06_values_in_first_lines_are_read),
        cmocka_unit_test(c03_a_message_comes_unstuffed_and_measured),
        cmocka_unit_test(c02_the_session_remembers_the_servers_line_ends),
        cmocka_unit_test(c02_a_crlf_in_a_message_is_remembered_too),
        cmocka_unit_test(c07_a_message_refused_leaves_the_others),
        cmocka_unit_test(c09_a_cut_is_seen_wherever_it_falls),
        cmocka_unit_test(c04_capabilities_are_known_once_the_list_is_whole),
        cmocka_unit_test(s19_a_bare_auth_lists_mechanisms),
        cmocka_unit_test(c13_a_dialogue_is_led_to_its_end),
        cmocka_unit_test(c13_an_error_in_json_wants_an_empty_answer),
        cmocka_unit_test(rfc5034_initial_responses_keep_to_their_line),
        cmocka_unit_test(a55_challenges_are_bounded),
        cmocka_unit_test(a55_a_second_challenge_out_of_turn_is_an_error),
        cmocka_unit_test(c13_a_refusal_out_of_turn_ends_the_dialogue),
        cmocka_unit_test(s19_responses_keep_to_what_a_server_must_take),
        cmocka_unit_test(nothing_is_pipelined_behind_stls_auth_and_quit),
        cmocka_unit_test(c12_octets_behind_the_answer_to_stls_are_an_attack),
        cmocka_unit_test(a45_tls_makes_all_forgotten),
        cmocka_unit_test(replies_nobody_asked_for_end_the_session),
        cmocka_unit_test(a49_what_is_no_reply_ends_the_session),
        cmocka_unit_test(stray_empty_lines_are_passed_over_but_not_for_ever),
        cmocka_unit_test(a_stray_empty_line_before_each_reply_is_no_endless_row_of_them),
        cmocka_unit_test(a_reply_begun_is_not_idle),
        cmocka_unit_test(a49_a_value_that_was_cut_is_none),
        cmocka_unit_test(a49_a_line_without_an_end_ends_the_session),
        cmocka_unit_test(a50_a_row_of_a_million_octets_is_told_and_the_next_read),
        cmocka_unit_test(a49_a_message_may_have_lines_of_any_length),
        cmocka_unit_test(a49_listings_without_an_end_end_the_session),
        cmocka_unit_test(a_line_fits_its_memory_to_the_last_octet),
        cmocka_unit_test(any_split_gives_the_same_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
