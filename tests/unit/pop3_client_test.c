#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../support/pop3_client_session.h"

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

static void c05_apop_is_written_and_answered_as_a_pass(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    assert_int_equal(pop3_client_apop(&s.client, &s.out, SLICE("a b"), SLICE("d")),
                     STATUS_MALFORMED);
    assert_int_equal(pop3_client_apop(&s.client, &s.out, SLICE("a\r"), SLICE("d")),
                     STATUS_MALFORMED);
    assert_int_equal(pop3_client_apop(&s.client, &s.out, SLICE(""), SLICE("d")), STATUS_MALFORMED);
    assert_int_equal(s.out.size, 0);
    assert_int_equal(pop3_client_apop(&s.client, &s.out, SLICE("ann"), SLICE("d1")), STATUS_OK);
    assert_true(slice_equal(buf_slice(&s.out), SLICE("APOP ann d1\r\n")));
    assert_int_equal(s.client.awaited_count, 1);
    assert_int_equal(s.client.awaited[s.client.awaited_first].verb, POP3_VERB_PASS);
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

/* One verb of the table, bare or with arguments: it may be sent as the table says, and lines follow
 * its +OK as the table says. */
static void hold_verb_to_the_table(enum pop3_verb verb, const char *arguments)
{
    const struct pop3_command *row = pop3_command_row(verb);
    unsigned count = arguments[0] ? 1 : 0;
    bool is_allowed = count ? row->max_arguments > 0 : row->min_arguments == 0;
    struct session s;
    greet(&s);
    assert_int_equal(pop3_client_command(&s.client, &s.out, verb, slice_str(arguments)),
                     is_allowed ? STATUS_OK : STATUS_MALFORMED);
    if (!is_allowed)
        return;
    feed(&s, SLICE("+OK 1 1\r\n"));
    assert_int_equal(s.event.verb, verb);
    assert_int_equal(s.event.has_argument, count);
    assert_int_equal(s.event.lines_follow, pop3_command_is_multiline(row, count));
    assert_int_equal(pop3_client_is_idle(&s.client),
                     !s.event.lines_follow && verb != POP3_VERB_STLS);
    if (s.event.lines_follow)
        assert_int_equal(feed(&s, SLICE(".\r\n"))->type, POP3_CLIENT_END);
}

static void every_verb_is_sent_and_read_as_the_table_says(void **state)
{
    (void)state;
    for (int verb = 0; verb < POP3_VERB_COUNT; verb++) {
        hold_verb_to_the_table(verb, "");
        hold_verb_to_the_table(verb, "1");
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_written_as_the_rfc_says),
        cmocka_unit_test(c05_apop_is_written_and_answered_as_a_pass),
        cmocka_unit_test(a54_cr_lf_and_nul_in_arguments_are_refused),
        cmocka_unit_test(s12_arguments_missing_or_too_many_are_refused),
        cmocka_unit_test(a_command_is_sent_whole_or_not_at_all),
        cmocka_unit_test(nothing_is_sent_before_the_greeting),
        cmocka_unit_test(a44_a_greeting_of_err_ends_the_session),
        cmocka_unit_test(c14_commands_in_flight_are_bounded_and_counted),
        cmocka_unit_test(pipelined_replies_find_their_commands),
        cmocka_unit_test(every_verb_is_sent_and_read_as_the_table_says),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
