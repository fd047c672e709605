#include "../support/pop3_server_expect.h"

static void setup(struct shell *sh, uint32_t count)
{
    shell_init(sh);
    sh->count = count;
    begin(sh, true);
}

static void s05_quit_before_login_is_only_ok(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    begin(&sh, false);
    say(&sh, "QUIT\r\n", "+OK goodbye\r\n");
    expect_events(&sh, "CLOSE quit\n");
    shell_stop(&sh);
}

static void s06_quit_answers_after_the_update(void **state)
{
    struct shell sh;
    struct pop3_server_event event;
    (void)state;
    setup(&sh, 3);
    shell_feed(&sh, SLICE("DELE 1\r\n"));
    buf_clear(&sh.sent);
    struct slice input = SLICE("QUIT\r\n");
    pop3_server_feed(&sh.server, &input, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_UPDATE);
    assert_int_equal(sh.server.phase, POP3_UPDATE);
    expect_sent(&sh, "");
    pop3_server_updated(&sh.server, &sh.out, 1, 0);
    expect_sent(&sh, "+OK 1 deleted messages removed, goodbye\r\n");
    pop3_server_feed(&sh.server, &input, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_CLOSE);
    assert_int_equal(sh.server.end, POP3_END_UPDATED);
    shell_stop(&sh);
}

static void s06_failed_deletions_are_told_with_their_counts(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    sh.failures = 1;
    shell_feed(&sh, SLICE("DELE 1\r\nDELE 3\r\n"));
    buf_clear(&sh.sent);
    say(&sh, "QUIT\r\n", "-ERR [SYS/TEMP] some deleted messages not removed: 1 of 2\r\n");
    expect_events(&sh, "UPDATE 2\nCLOSE not-removed\n");
    shell_stop(&sh);
}

static void s06_quit_without_deletions_still_closes_the_maildrop(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "QUIT\r\n", "+OK goodbye\r\n");
    expect_events(&sh, "UPDATE 0\nCLOSE updated\n");
    shell_stop(&sh);
}

static void a14_nothing_behind_quit_is_carried_out(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "QUIT\r\nDELE 1\r\nQUIT\r\n", "+OK goodbye\r\n");
    expect_events(&sh, "UPDATE 0\nCLOSE updated\n");
    shell_stop(&sh);
}

static void s08_rset_unmarks_everything(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 130);
    shell_feed(&sh, SLICE("DELE 1\r\nDELE 64\r\nDELE 65\r\nDELE 130\r\n"));
    buf_clear(&sh.sent);
    say(&sh, "STAT\r\n", "+OK 126 20729\r\n");
    say(&sh, "RSET\r\n", "+OK 130 messages (21385 octets)\r\n");
    say(&sh, "STAT\r\n", "+OK 130 21385\r\n");
    for (uint32_t i = 0; i < 130; i++)
        assert_false(pop3_server_is_marked(&sh.server, i));
    shell_stop(&sh);
}

static void s08_noop_does_nothing(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "DELE 2\r\nNOOP\r\nSTAT\r\n", "+OK message deleted\r\n+OK\r\n+OK 2 202\r\n");
    shell_stop(&sh);
}

static void s03_numbers_never_move(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "DELE 1\r\n", "+OK message deleted\r\n");
    say(&sh, "LIST 3\r\n", "+OK 3 102\r\n");
    say(&sh, "UIDL 2\r\n", "+OK 2 u2\r\n");
    say(&sh, "LIST\r\n", "+OK 2 messages (203 octets)\r\n2 101\r\n3 102\r\n.\r\n");
    shell_stop(&sh);
}

/* The command, a number and what it must not do. */
static void assert_number_is_refused(const char *number)
{
    static const char *const commands[] = {"LIST %s\r\n", "UIDL %s\r\n", "RETR %s\r\n",
                                           "DELE %s\r\n", "TOP %s 1\r\n"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct shell sh;
        char text[64];
        const char *hole = strchr(commands[i], '%');
        setup(&sh, 3);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(hole - commands[i]), commands[i], number,
                 hole + 2);
        say_first(&sh, text, "-ERR ");
        expect_events(&sh, "");
        say(&sh, "STAT\r\n", "+OK 3 303\r\n");
        shell_stop(&sh);
    }
}

static void a15_numbers_that_are_none_mark_nothing(void **state)
{
    static const char *const numbers[] = {
        "0",          "-1",        "+1",
        "0x1",        "1e0",       "1e3",
        "1abc",       "1.5",       "1,2",
        "1:2",        "*",         "abc",
        "4",          "100",       "4294967297",
        "4294967296", "\xd9\xa1",  "18446744073709551617",
        "000",        "1\xc2\xa0", "340282366920938463463374607431768211457",
    };
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_number_is_refused(numbers[i]);
}

static void s11_leading_zeros_are_allowed(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "LIST 02\r\n", "+OK 2 101\r\n");
    say(&sh, "UIDL 0000000000000000000000000000000000000003\r\n", "+OK 3 u3\r\n");
    shell_stop(&sh);
}

static void s11_large_numbers_are_no_such_message(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "RETR 4294967297\r\n", "-ERR no such message\r\n");
    say(&sh, "RETR 18446744073709551617\r\n", "-ERR no such message\r\n");
    say(&sh, "RETR 0\r\n", "-ERR no such message\r\n");
    say(&sh, "RETR -1\r\n", "-ERR not a number\r\n");
    shell_stop(&sh);
}

static void s13_deleted_messages_are_out_of_reach_and_out_of_the_totals(void **state)
{
    static const char *const commands[] = {"LIST 2\r\n", "UIDL 2\r\n", "RETR 2\r\n", "TOP 2 0\r\n",
                                           "DELE 2\r\n"};
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "DELE 2\r\n", "+OK message deleted\r\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        say(&sh, commands[i], "-ERR message is deleted\r\n");
    say(&sh, "STAT\r\n", "+OK 2 202\r\n");
    say(&sh, "LIST\r\n", "+OK 2 messages (202 octets)\r\n1 100\r\n3 102\r\n.\r\n");
    say(&sh, "UIDL\r\n", "+OK 2 messages (202 octets)\r\n1 u1\r\n3 u3\r\n.\r\n");
    shell_stop(&sh);
}

static void s14_an_empty_maildrop_lists_the_lone_dot(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 0);
    say(&sh, "STAT\r\n", "+OK 0 0\r\n");
    say(&sh, "LIST\r\n", "+OK 0 messages (0 octets)\r\n.\r\n");
    say(&sh, "UIDL\r\n", "+OK 0 messages (0 octets)\r\n.\r\n");
    say(&sh, "RSET\r\n", "+OK 0 messages (0 octets)\r\n");
    say(&sh, "LIST 1\r\n", "-ERR no such message\r\n");
    say(&sh, "QUIT\r\n", "+OK goodbye\r\n");
    shell_stop(&sh);
}

static uint64_t enormous(const void *context, uint32_t i)
{
    return UINT64_C(9000000000000000000);
}

static void s15_totals_have_64_bits(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 2);
    sh.server.listing.size = enormous;
    sh.server.listing.octets = 2 * enormous(NULL, 0);
    say(&sh, "STAT\r\n", "+OK 2 18000000000000000000\r\n");
    say(&sh, "LIST\r\n",
        "+OK 2 messages (18000000000000000000 octets)\r\n"
        "1 9000000000000000000\r\n2 9000000000000000000\r\n.\r\n");
    say(&sh, "DELE 1\r\nSTAT\r\n", "+OK message deleted\r\n+OK 1 9000000000000000000\r\n");
    shell_stop(&sh);
}

static void a16_top_wants_two_numbers_and_clamps_the_second(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say_first(&sh, "TOP\r\n", "-ERR wrong");
    say_first(&sh, "TOP 1\r\n", "-ERR wrong");
    say_first(&sh, "TOP 1 2 3\r\n", "-ERR wrong");
    say_first(&sh, "TOP 1 -1\r\n", "-ERR not a number");
    say_first(&sh, "TOP 1 2xyz\r\n", "-ERR not a number");
    expect_events(&sh, "");
    say(&sh, "TOP 1 0\r\n", "+OK top of message follows\r\nbody\r\n.\r\n");
    say_first(&sh, "TOP 2 9223372036854775808\r\n", "+OK ");
    say_first(&sh, "TOP 3 99999999999999999999999\r\n", "+OK ");
    expect_events(&sh, "TOP 0\nlines 0\nTOP 1\nlines 9223372036854775808\n"
                       "TOP 2\nlines 18446744073709551615\n");
    shell_stop(&sh);
}

static void s17_unique_ids_are_listed_as_the_maildrop_gives_them(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "UIDL\r\n", "+OK 3 messages (303 octets)\r\n1 u1\r\n2 u2\r\n3 u3\r\n.\r\n");
    say(&sh, "UIDL 3\r\n", "+OK 3 u3\r\n");
    shell_stop(&sh);
}

static struct slice longest_id(const void *context, uint32_t i)
{
    return SLICE("!"
                 "23456789"
                 "0123456789"
                 "0123456789"
                 "0123456789"
                 "0123456789"
                 "0123456789"
                 "0123456789"
                 "~");
}

static void s17_the_longest_unique_id_fits(void **state)
{
    struct shell sh;
    char expected[128];
    (void)state;
    setup(&sh, 1);
    sh.server.listing.uidl = longest_id;
    assert_int_equal(longest_id(NULL, 0).size, LIMIT_UIDL);
    snprintf(expected, sizeof expected, "+OK 1 %.*s\r\n", SLICE_ARGS(longest_id(NULL, 0)));
    say(&sh, "UIDL 1\r\n", expected);
    shell_stop(&sh);
}

static void retr_announces_the_octets_and_hands_the_body_to_the_shell(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    say(&sh, "RETR 2\r\nNOOP\r\n", "+OK 101 octets\r\nbody\r\n.\r\n+OK\r\n");
    expect_events(&sh, "RETR 1\n");
    shell_stop(&sh);
}

static void s34_nothing_is_taken_while_a_body_is_being_sent(void **state)
{
    struct shell sh;
    struct pop3_server_event event;
    (void)state;
    setup(&sh, 3);
    struct slice input = SLICE("RETR 1\r\nRETR 2\r\n");
    pop3_server_feed(&sh.server, &input, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_RETR);
    assert_int_equal(input.size, 8);
    pop3_server_body(&sh.server, &sh.out, 100);
    pop3_server_feed(&sh.server, &input, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_WANT_INPUT);
    assert_int_equal(input.size, 8);
    assert_false(pop3_server_is_idle(&sh.server));
    pop3_server_body_done(&sh.server);
    pop3_server_feed(&sh.server, &input, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_RETR);
    assert_int_equal(event.message, 1);
    shell_stop(&sh);
}

static void s45_a_vanished_message_is_no_bad_command(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    sh.body_fault = STATUS_NOT_FOUND;
    for (int i = 0; i < 100; i++)
        say_first(&sh, i % 2 ? "TOP 1 1\r\n" : "RETR 1\r\n", "-ERR message is gone");
    sh.body_fault = STATUS_IO;
    say_first(&sh, "RETR 1\r\n", "-ERR [SYS/TEMP] temporarily");
    sh.body_fault = STATUS_PERMANENT;
    say_first(&sh, "RETR 1\r\n", "-ERR [SYS/PERM] misconfigured");
    sh.body_fault = STATUS_TOO_LARGE;
    say_first(&sh, "RETR 1\r\n", "-ERR temporarily");
    say(&sh, "NOOP\r\n", "+OK\r\n");
    shell_stop(&sh);
}

static void a17_deleting_and_resetting_for_ever_ends_where_it_began(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, 3);
    for (int i = 0; i < 20000; i++) {
        shell_feed(&sh, SLICE("DELE 2\r\nRSET\r\n"));
        buf_clear(&sh.sent);
    }
    say(&sh, "STAT\r\n", "+OK 3 303\r\n");
    shell_stop(&sh);
}

/* A long list through the smallest output that is allowed is the list through a large one. */
static void multi_line_replies_come_as_there_is_room(void **state)
{
    static const char input[] = "DELE 7\r\nDELE 1000\r\nLIST\r\nUIDL\r\nCAPA\r\nLANG\r\nAUTH\r\n";
    struct shell large;
    struct shell small;
    (void)state;
    setup(&large, 1000);
    shell_feed(&large, slice_str(input));
    shell_init(&small);
    small.count = 1000;
    small.out_capacity = POP3_SERVER_OUT_MIN;
    begin(&small, true);
    shell_feed(&small, slice_str(input));
    assert_true(slice_equal(buf_slice(&large.sent), buf_slice(&small.sent)));
    assert_true(small.flushes > 10);
    assert_false(small.sent.overflow || small.out.overflow);
    shell_stop(&large);
    shell_stop(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s05_quit_before_login_is_only_ok),
        cmocka_unit_test(s06_quit_answers_after_the_update),
        cmocka_unit_test(s06_failed_deletions_are_told_with_their_counts),
        cmocka_unit_test(s06_quit_without_deletions_still_closes_the_maildrop),
        cmocka_unit_test(a14_nothing_behind_quit_is_carried_out),
        cmocka_unit_test(s08_rset_unmarks_everything),
        cmocka_unit_test(s08_noop_does_nothing),
        cmocka_unit_test(s03_numbers_never_move),
        cmocka_unit_test(a15_numbers_that_are_none_mark_nothing),
        cmocka_unit_test(s11_leading_zeros_are_allowed),
        cmocka_unit_test(s11_large_numbers_are_no_such_message),
        cmocka_unit_test(s13_deleted_messages_are_out_of_reach_and_out_of_the_totals),
        cmocka_unit_test(s14_an_empty_maildrop_lists_the_lone_dot),
        cmocka_unit_test(s15_totals_have_64_bits),
        cmocka_unit_test(a16_top_wants_two_numbers_and_clamps_the_second),
        cmocka_unit_test(s17_unique_ids_are_listed_as_the_maildrop_gives_them),
        cmocka_unit_test(s17_the_longest_unique_id_fits),
        cmocka_unit_test(retr_announces_the_octets_and_hands_the_body_to_the_shell),
        cmocka_unit_test(s34_nothing_is_taken_while_a_body_is_being_sent),
        cmocka_unit_test(s45_a_vanished_message_is_no_bad_command),
        cmocka_unit_test(a17_deleting_and_resetting_for_ever_ends_where_it_began),
        cmocka_unit_test(multi_line_replies_come_as_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
