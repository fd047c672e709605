#include "../support/pop3_server_expect.h"

static void setup(struct shell *sh, bool logged_in)
{
    shell_init(sh);
    begin(sh, logged_in);
}

/* `size` octets of one letter. */
static void feed_many(struct shell *sh, char c, size_t size)
{
    char piece[4096];
    memset(piece, c, sizeof piece);
    while (size > 0) {
        size_t n = size < sizeof piece ? size : sizeof piece;
        shell_feed(sh, slice_of(piece, n));
        size -= n;
    }
}

static void s10_crlf_and_lf_end_a_line(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    say(&sh, "STAT\nNOOP\r\nstat\nnOOp\r\n", "+OK 3 303\r\n+OK\r\n+OK 3 303\r\n+OK\r\n");
    shell_stop(&sh);
}

static void s10_trailing_blanks_are_ignored_a_leading_one_is_not(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    say(&sh, "NOOP \r\n", "+OK\r\n");
    say(&sh, "LIST   2  \r\n", "+OK 2 101\r\n");
    say_first(&sh, " NOOP\r\n", "-ERR ");
    shell_stop(&sh);
}

/* No command hides behind a CR; each line end there is gives one reply. */
static void a12_only_lf_ends_a_line(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    say(&sh, "NOOP\rDELE 1\r\n", "-ERR control octet in command\r\n");
    say(&sh, "NOOP\r\r\n", "-ERR control octet in command\r\n");
    say(&sh, "NOOP\n\rNOOP\n", "+OK\r\n-ERR control octet in command\r\n");
    say(&sh, "NOOP\r", "");
    say(&sh, "DELE 1\r", "");
    say(&sh, "\n", "-ERR control octet in command\r\n");
    say(&sh, "STAT\r\n", "+OK 3 303\r\n");
    shell_stop(&sh);
}

static void an_empty_line_is_a_bad_command_and_no_more(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    say(&sh, "\r\nNOOP\r\n", "-ERR unknown command\r\n+OK\r\n");
    shell_stop(&sh);
}

/* A command padded with blanks to exactly so many octets. */
static void feed_padded(struct shell *sh, const char *command, size_t size, const char *end)
{
    shell_feed(sh, slice_str(command));
    feed_many(sh, ' ', size - strlen(command));
    shell_feed(sh, slice_str(end));
}

static void s30_1024_octets_are_accepted_and_no_more(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    feed_padded(&sh, "NOOP", LIMIT_COMMAND_LINE, "\r\n");
    expect_sent(&sh, "+OK\r\n");
    feed_padded(&sh, "NOOP", LIMIT_COMMAND_LINE, "\n");
    expect_sent(&sh, "+OK\r\n");
    feed_padded(&sh, "NOOP", LIMIT_COMMAND_LINE + 1, "\r\n");
    expect_sent(&sh, "-ERR line too long\r\n");
    feed_padded(&sh, "NOOP", LIMIT_COMMAND_LINE + 1, "\n");
    expect_sent(&sh, "-ERR line too long\r\n");
    feed_padded(&sh, "NOOP", LIMIT_COMMAND_LINE + 2, "\r\n");
    expect_sent(&sh, "-ERR line too long\r\n");
    say(&sh, "NOOP\r\n", "+OK\r\n");
    expect_events(&sh, "");
    shell_stop(&sh);
}

static void s30_larger_line_memory_does_not_move_the_limit(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    sh.line_capacity = POP3_SERVER_LINE_MAX;
    begin(&sh, true);
    feed_padded(&sh, "NOOP", LIMIT_COMMAND_LINE, "\r\n");
    expect_sent(&sh, "+OK\r\n");
    feed_padded(&sh, "NOOP", LIMIT_COMMAND_LINE + 1, "\r\n");
    expect_sent(&sh, "-ERR line too long\r\n");
    shell_stop(&sh);
}

static void s30_a_long_line_is_read_to_its_end_and_gets_one_reply(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    feed_many(&sh, 'x', 65536);
    expect_sent(&sh, "");
    assert_true(pop3_server_line_is_empty(&sh.server));
    say(&sh, "\r\nNOOP\r\n", "-ERR line too long\r\n+OK\r\n");
    shell_stop(&sh);
}

static void a10_a_line_without_end_ends_the_session(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    for (int i = 0; i < 17 && !sh.closed; i++)
        feed_many(&sh, 'x', 1 << 20);
    expect_sent(&sh, "-ERR line too long\r\n");
    expect_events(&sh, "CLOSE bad-commands\n");
    shell_stop(&sh);
}

static void s30_many_long_lines_are_no_endless_one(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    for (int i = 0; i < 20; i++) {
        feed_many(&sh, 'x', 1 << 20);
        say(&sh, "\r\nNOOP\r\n", "-ERR line too long\r\n+OK\r\n");
    }
    shell_stop(&sh);
}

static void s20_a_long_line_stands_between_user_and_pass(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, false);
    say(&sh, "USER alice\r\n", "+OK now PASS\r\n");
    feed_many(&sh, 'x', 2000);
    say(&sh, "\r\nPASS secret\r\n",
        "-ERR line too long\r\n-ERR PASS comes straight after USER\r\n");
    shell_stop(&sh);
}

/* A short name leaves room for more than a response may have. */
static void s19_a_response_is_bounded_whatever_the_mechanism(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    sh.options.mechanisms = "X";
    begin(&sh, false);
    for (int i = 0; i <= 4; i += 4) {
        shell_feed(&sh, SLICE("AUTH X "));
        feed_many(&sh, 'A', LIMIT_SASL_LINE + (size_t)i);
        say_first(&sh, "\r\n", i == 0 ? "-ERR [AUTH] " : "-ERR not base64");
    }
    shell_stop(&sh);
}

/* "AUTH PLAIN " and a response of so many base64 characters, all "A": zero octets. */
static void feed_auth(struct shell *sh, size_t response)
{
    shell_feed(sh, SLICE("AUTH PLAIN "));
    feed_many(sh, 'A', response);
    shell_feed(sh, SLICE("\r\n"));
}

static void s19_auth_lines_may_have_16_kib(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, false);
    feed_auth(&sh, LIMIT_SASL_LINE);
    expect_sent(&sh, "-ERR [AUTH] wrong user name or password\r\n");
    assert_true(slice_starts(buf_slice(&sh.log), SLICE("GROW\nAUTH PLAIN\ninitial |")));
    feed_auth(&sh, LIMIT_SASL_LINE + 4);
    expect_sent(&sh, "-ERR line too long\r\n");
    shell_stop(&sh);
}

static void s19_responses_may_have_16_kib(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, false);
    say(&sh, "AUTH PLAIN\r\n", "+ \r\n");
    feed_many(&sh, 'A', LIMIT_SASL_LINE);
    say(&sh, "\r\n", "-ERR [AUTH] wrong user name or password\r\n");
    say(&sh, "AUTH PLAIN\r\n", "+ \r\n");
    buf_clear(&sh.log);
    feed_many(&sh, 'A', LIMIT_SASL_LINE + 4);
    say(&sh, "\r\n", "-ERR line too long\r\n");
    expect_events(&sh, "AUTH_CANCEL\n");
    say(&sh, "QUIT\r\n", "+OK goodbye\r\n");
    shell_stop(&sh);
}

static void an_auth_line_without_memory_is_skipped(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    sh.no_line = true;
    begin(&sh, false);
    feed_auth(&sh, 4000);
    expect_sent(&sh, "-ERR [SYS/TEMP] temporarily unavailable, try again later\r\n");
    expect_events(&sh, "GROW\n");
    say(&sh, "AUTH PLAIN\r\n", "+ \r\n");
    buf_clear(&sh.log);
    feed_many(&sh, 'A', 4000);
    say_first(&sh, "\r\n", "-ERR ");
    expect_events(&sh, "GROW\nAUTH_CANCEL\n");
    say(&sh, "USER alice\r\n", "+OK now PASS\r\n");
    shell_stop(&sh);
}

static void line_memory_may_be_changed_between_lines(void **state)
{
    struct shell sh;
    char other[POP3_SERVER_LINE_MIN];
    (void)state;
    setup(&sh, true);
    assert_true(pop3_server_line_is_empty(&sh.server));
    pop3_server_set_line(&sh.server, other, sizeof other);
    say(&sh, "NO", "");
    assert_false(pop3_server_line_is_empty(&sh.server));
    say(&sh, "OP\r\n", "+OK\r\n");
    shell_stop(&sh);
}

static void line_memory_may_be_changed_while_a_login_is_being_answered(void **state)
{
    struct shell sh;
    struct pop3_server_event event;
    char other[POP3_SERVER_LINE_MIN];
    (void)state;
    setup(&sh, false);
    struct slice input = SLICE("USER alice\r\nPASS secret\r\nNOOP\r\n");
    pop3_server_feed(&sh.server, &input, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_PASS);
    pop3_server_set_line(&sh.server, other, sizeof other);
    assert_null(memmem(sh.line, sh.line_capacity, "secret", 6));
    shell_login(&sh, true);
    shell_feed(&sh, input);
    expect_sent(&sh, "+OK now PASS\r\n+OK 3 messages (303 octets)\r\n+OK\r\n");
    shell_stop(&sh);
}

/* What a client sends never comes back: not in the first line of any reply. */
static void s31_replies_never_repeat_what_the_client_sent(void **state)
{
    static const char *const lines[] = {
        "ZQXJKV\r\n",      "ZQXJKV ZQXJKV\r\n", "USER ZQXJKV\r\n",    "PASS ZQXJKV\r\n",
        "LIST ZQXJKV\r\n", "TOP 1 ZQXJKV\r\n",  "AUTH ZQXJKV\r\n",    "LANG ZQXJKV\r\n",
        "DELE ZQXJKV\r\n", "STAT ZQXJKV\r\n",   "ZQXJKV\rZQXJKV\r\n", "LIST 1 ZQXJKV\r\n",
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof lines / sizeof *lines; i++) {
        struct shell sh;
        setup(&sh, i % 2);
        shell_feed(&sh, slice_str(lines[i / 2]));
        assert_true(sh.sent.size > 0 && sh.sent.size <= LIMIT_REPLY_LINE);
        assert_false(sent_has(&sh, "ZQXJKV"));
        shell_stop(&sh);
    }
}

static void s32_nul_and_lone_cr_are_refused(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    shell_feed(&sh, SLICE("DELE 1\0garbage\r\n"));
    expect_sent(&sh, "-ERR control octet in command\r\n");
    shell_feed(&sh, SLICE("\0\r\n"));
    expect_sent(&sh, "-ERR control octet in command\r\n");
    say(&sh, "DELE 1\rx\r\n", "-ERR control octet in command\r\n");
    say(&sh, "STAT\r\n", "+OK 3 303\r\n");
    shell_stop(&sh);
}

static void a11_every_octet_at_every_place_gets_one_reply(void **state)
{
    static const char right[] = "DELE 1\r\n";
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        for (size_t at = 0; at < 6 && octet != '\n'; at++) {
            struct shell sh;
            char line[sizeof right - 1];
            memcpy(line, right, sizeof line);
            line[at] = (char)octet;
            setup(&sh, true);
            shell_feed(&sh, slice_of(line, sizeof line));
            assert_int_equal(sh.sent.data[sh.sent.size - 1], '\n');
            assert_int_equal(slice_find(buf_slice(&sh.sent), '\n'), sh.sent.size - 1);
            assert_true(sh.server.marked_count == 0 ||
                        (octet | 0x20u) == (unsigned char)(right[at] | 0x20) ||
                        (at == 5 && octet >= '1' && octet <= '3'));
            shell_stop(&sh);
        }
    }
}

static void assert_bad_limit(struct shell *sh, unsigned limit)
{
    for (unsigned i = 1; i < limit; i++)
        say(sh, "XYZZY\r\n", "-ERR unknown command\r\n");
    say(sh, "XYZZY\r\nNOOP\r\n", "-ERR too many bad commands, goodbye\r\n");
    assert_int_equal(sh->server.end, POP3_END_BAD_COMMANDS);
    assert_true(sh->closed);
}

static void s35_too_many_bad_commands_end_the_session(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct shell sh;
        shell_init(&sh);
        sh.options.bad_before_login = i & 2 ? 5 : 0;
        sh.options.bad_after_login = i & 2 ? 7 : 0;
        begin(&sh, i & 1);
        assert_bad_limit(&sh, i & 2 ? (i & 1 ? 7 : 5) : (i & 1 ? 20 : 3));
        shell_stop(&sh);
    }
}

static void s35_a_good_command_starts_the_count_again(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, false);
    for (int i = 0; i < 50; i++)
        say(&sh, "XYZZY\r\nUSER\r\nUSER x\r\n",
            "-ERR unknown command\r\n-ERR wrong number of arguments\r\n+OK now PASS\r\n");
    say(&sh, "XYZZY\r\nXYZZY\r\nUSER alice\r\nPASS secret\r\n",
        "-ERR unknown command\r\n-ERR unknown command\r\n+OK now PASS\r\n"
        "+OK 3 messages (303 octets)\r\n");
    assert_bad_limit(&sh, 20);
    shell_stop(&sh);
}

static void s08_probing_before_login_is_refused_and_not_counted(void **state)
{
    static const char *const lines[] = {"STAT\r\n",   "LIST\r\n", "UIDL 1\r\n", "RETR 1\r\n",
                                        "DELE 1\r\n", "RSET\r\n", "NOOP\r\n",   "TOP 1 1\r\n"};
    struct shell sh;
    (void)state;
    setup(&sh, false);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        say(&sh, lines[i], "-ERR log in first\r\n");
    shell_stop(&sh);
}

static void a08_a_web_browser_is_shown_the_door_after_its_first_line(void **state)
{
    static const char *const lines[] = {"GET / HTTP/1.1\r\n", "POST /x HTTP/1.0\r\n",
                                        "PRI * HTTP/2.0\r\n", "OPTIONS * HTTP/1.1\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct shell sh;
        setup(&sh, false);
        shell_feed(&sh, slice_str(lines[i]));
        shell_feed(&sh, SLICE("\r\nUSER alice\r\nPASS secret\r\n"));
        expect_sent(&sh, "-ERR unknown command\r\n");
        expect_events(&sh, "CLOSE bad-commands\n");
        shell_stop(&sh);
    }
}

static void a08_after_login_it_is_a_bad_command_like_any_other(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh, true);
    say(&sh, "GET / HTTP/1.1\r\nNOOP\r\n", "-ERR unknown command\r\n+OK\r\n");
    shell_stop(&sh);
}

/* The peer never reads: after each FLUSH the output is left as it is. */
static void a13_output_is_bounded_when_the_peer_never_reads(void **state)
{
    static char input[6 * 4096];
    struct shell sh;
    struct pop3_server_event event;
    (void)state;
    shell_init(&sh);
    sh.out_capacity = POP3_SERVER_OUT_MIN;
    begin(&sh, true);
    for (size_t i = 0; i < sizeof input; i += 6)
        memcpy(input + i, "NOOP\r\n", 6);
    struct slice rest = slice_of(input, sizeof input);
    pop3_server_feed(&sh.server, &rest, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_FLUSH);
    size_t left = rest.size;
    assert_true(left > 0);
    for (int i = 0; i < 100; i++) {
        pop3_server_feed(&sh.server, &rest, &sh.out, &event);
        assert_int_equal(event.type, POP3_SERVER_FLUSH);
        assert_int_equal(rest.size, left);
    }
    shell_stop(&sh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s10_crlf_and_lf_end_a_line),
        cmocka_unit_test(s10_trailing_blanks_are_ignored_a_leading_one_is_not),
        cmocka_unit_test(a12_only_lf_ends_a_line),
        cmocka_unit_test(an_empty_line_is_a_bad_command_and_no_more),
        cmocka_unit_test(s30_1024_octets_are_accepted_and_no_more),
        cmocka_unit_test(s30_larger_line_memory_does_not_move_the_limit),
        cmocka_unit_test(s30_a_long_line_is_read_to_its_end_and_gets_one_reply),
        cmocka_unit_test(a10_a_line_without_end_ends_the_session),
        cmocka_unit_test(s30_many_long_lines_are_no_endless_one),
        cmocka_unit_test(s20_a_long_line_stands_between_user_and_pass),
        cmocka_unit_test(s19_a_response_is_bounded_whatever_the_mechanism),
        cmocka_unit_test(s19_auth_lines_may_have_16_kib),
        cmocka_unit_test(s19_responses_may_have_16_kib),
        cmocka_unit_test(an_auth_line_without_memory_is_skipped),
        cmocka_unit_test(line_memory_may_be_changed_between_lines),
        cmocka_unit_test(line_memory_may_be_changed_while_a_login_is_being_answered),
        cmocka_unit_test(s31_replies_never_repeat_what_the_client_sent),
        cmocka_unit_test(s32_nul_and_lone_cr_are_refused),
        cmocka_unit_test(a11_every_octet_at_every_place_gets_one_reply),
        cmocka_unit_test(s35_too_many_bad_commands_end_the_session),
        cmocka_unit_test(s35_a_good_command_starts_the_count_again),
        cmocka_unit_test(s08_probing_before_login_is_refused_and_not_counted),
        cmocka_unit_test(a08_a_web_browser_is_shown_the_door_after_its_first_line),
        cmocka_unit_test(a08_after_login_it_is_a_bad_command_like_any_other),
        cmocka_unit_test(a13_output_is_bounded_when_the_peer_never_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
