#include "../support/pop3_server_expect.h"

static void setup(struct shell *sh)
{
    shell_init(sh);
    begin(sh, false);
}

static void the_greeting_is_the_listeners(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    shell_start(&sh);
    expect_sent(&sh, "+OK ready\r\n");
    shell_stop(&sh);
}

static void s01_a_login_is_answered_once_the_maildrop_is_open(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "USER alice\r\n", "+OK now PASS\r\n");
    say(&sh, "PASS secret\r\n", "+OK 3 messages (303 octets)\r\n");
    expect_events(&sh, "PASS alice\npassword secret\n");
    assert_int_equal(sh.server.phase, POP3_TRANSACTION);
    shell_stop(&sh);
}

static void s01_nothing_is_taken_while_the_login_is_being_answered(void **state)
{
    struct shell sh;
    struct pop3_server_event event;
    (void)state;
    setup(&sh);
    shell_feed(&sh, SLICE("USER alice\r\n"));
    struct slice input = SLICE("PASS secret\r\nSTAT\r\n");
    pop3_server_feed(&sh.server, &input, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_PASS);
    assert_true(slice_equal(input, SLICE("STAT\r\n")));
    assert_false(pop3_server_is_idle(&sh.server));
    pop3_server_feed(&sh.server, &input, &sh.out, &event);
    assert_int_equal(event.type, POP3_SERVER_WANT_INPUT);
    assert_true(slice_equal(input, SLICE("STAT\r\n")));
    shell_stop(&sh);
}

static void assert_refusal(enum status why, const char *reply)
{
    struct shell sh;
    shell_init(&sh);
    sh.refusal = why;
    begin(&sh, false);
    say(&sh, "USER alice\r\n", "+OK now PASS\r\n");
    say_first(&sh, "PASS secret\r\n", reply);
    assert_int_equal(sh.server.phase, POP3_AUTHORIZATION);
    shell_stop(&sh);
}

static void s02_a_locked_maildrop_is_in_use(void **state)
{
    (void)state;
    assert_refusal(STATUS_IN_USE, "-ERR [IN-USE] ");
}

static void s22_the_code_says_whose_fault_a_failed_login_is(void **state)
{
    (void)state;
    assert_refusal(STATUS_DENIED, "-ERR [AUTH] ");
    assert_refusal(STATUS_TEMPORARY, "-ERR [SYS/TEMP] ");
    assert_refusal(STATUS_IO, "-ERR [SYS/TEMP] ");
    assert_refusal(STATUS_PERMANENT, "-ERR [SYS/PERM] ");
    assert_refusal(STATUS_MALFORMED, "-ERR malformed");
}

static void s20_the_password_is_the_rest_of_the_line(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    shell_feed(&sh, SLICE("USER carol\r\nPASS  pa ss  word \xff\t\r\n"));
    expect_events(&sh, "PASS carol\npassword  pa ss  word \xff\t\n");
    shell_stop(&sh);
}

static void s20_pass_counts_only_straight_after_user(void **state)
{
    static const char *const between[] = {"CAPA\r\n",   "LANG en\r\n", "NOOP\r\n",  "XYZZY\r\n",
                                          "\r\n",       "AUTH\r\n",    "USER\r\n",  "UTF8\r\n",
                                          "AUTH X\r\n", "STLS\r\n",    "NO\rOP\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
        struct shell sh;
        setup(&sh);
        shell_feed(&sh, SLICE("USER alice\r\n"));
        shell_feed(&sh, slice_str(between[i]));
        buf_clear(&sh.sent);
        say_first(&sh, "PASS secret\r\n", "-ERR PASS comes straight after USER");
        shell_stop(&sh);
    }
}

static void s20_pass_before_user_is_refused(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say_first(&sh, "PASS secret\r\n", "-ERR ");
    expect_events(&sh, "");
    shell_stop(&sh);
}

static void s20_a_name_is_good_for_one_password(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "USER alice\r\nPASS wrong\r\nPASS secret\r\n",
        "+OK now PASS\r\n-ERR [AUTH] wrong user name or password\r\n"
        "-ERR PASS comes straight after USER\r\n");
    say(&sh, "USER alice\r\nPASS \r\nPASS secret\r\n",
        "+OK now PASS\r\n-ERR [AUTH] wrong user name or password\r\n"
        "-ERR PASS comes straight after USER\r\n");
    shell_stop(&sh);
}

static void s20_user_takes_any_name_and_wants_one(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "USER nobody\r\n", "+OK now PASS\r\n");
    say(&sh, "USER %n%s;'--*)(uid=*\r\n", "+OK now PASS\r\n");
    say(&sh, "USER ../u2\r\n", "+OK now PASS\r\n");
    say(&sh, "USER \xe7\x8e\x8b\r\n", "+OK now PASS\r\n");
    say_first(&sh, "USER\r\n", "-ERR ");
    say_first(&sh, "USER a b\r\n", "-ERR ");
    shell_stop(&sh);
}

static void a20_names_are_octets_and_nothing_else(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    shell_feed(&sh, SLICE("USER %n%s$(id)'--*)(uid=*\r\nPASS %s\r\n"));
    expect_events(&sh, "PASS %n%s$(id)'--*)(uid=*\npassword %s\n");
    shell_stop(&sh);
}

/* The longest name arrives whole; a longer one is never cut into another's name. */
static void a21_an_overlong_name_fails_at_pass_like_any_other(void **state)
{
    char line[LIMIT_USER_NAME + 32];
    (void)state;
    for (size_t size = LIMIT_USER_NAME; size <= LIMIT_USER_NAME + 1; size++) {
        struct shell sh;
        struct pop3_server_event event;
        setup(&sh);
        int n = snprintf(line, sizeof line, "USER %0*d\r\nPASS x\r\n", (int)size, 7);
        struct slice input = slice_of(line, (size_t)n);
        pop3_server_feed(&sh.server, &input, &sh.out, &event);
        assert_int_equal(event.type, POP3_SERVER_PASS);
        assert_int_equal(event.user.size, size == LIMIT_USER_NAME ? size : 0);
        expect_sent(&sh, "+OK now PASS\r\n");
        shell_stop(&sh);
    }
}

static void s21_an_empty_password_reaches_nobody(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "USER alice\r\n", "+OK now PASS\r\n");
    say_first(&sh, "PASS \r\n", "-ERR [AUTH] ");
    say_first(&sh, "PASS\r\n", "-ERR ");
    expect_events(&sh, "");
    shell_stop(&sh);
}

static void s33_commands_behind_a_failed_pass_run_before_login(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "USER alice\r\nPASS wrong\r\nSTAT\r\nUSER alice\r\nPASS secret\r\nSTAT\r\n",
        "+OK now PASS\r\n-ERR [AUTH] wrong user name or password\r\n-ERR log in first\r\n"
        "+OK now PASS\r\n+OK 3 messages (303 octets)\r\n+OK 3 303\r\n");
    shell_stop(&sh);
}

static void the_password_is_wiped_by_the_answer(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    shell_feed(&sh, SLICE("USER alice\r\nPASS secret\r\n"));
    assert_null(memmem(sh.line, sh.line_capacity, "secret", 6));
    assert_true(pop3_server_line_is_empty(&sh.server));
    shell_stop(&sh);
}

static void s19_bare_auth_lists_the_mechanisms(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "AUTH\r\n", "+OK mechanism list follows\r\nPLAIN\r\nLOGIN\r\n.\r\n");
    shell_stop(&sh);
}

static void s19_auth_in_one_line(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "auth plain AGFsaWNlAHNlY3JldA==\r\n", "+OK 3 messages (303 octets)\r\n");
    expect_events(&sh, "AUTH PLAIN\ninitial |alice|secret\n");
    shell_stop(&sh);
}

static void s19_auth_in_two_lines_has_an_empty_challenge_with_its_blank(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "AUTH PLAIN\r\n", "+ \r\n");
    say(&sh, "AGFsaWNlAHNlY3JldA==\r\n", "+OK 3 messages (303 octets)\r\n");
    expect_events(&sh, "AUTH PLAIN\nno initial\nAUTH_DATA |alice|secret\n");
    shell_stop(&sh);
}

static void s19_challenges_are_base64(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "AUTH LOGIN\r\n", "+ VXNlciBOYW1l\r\n");
    say(&sh, "YWxpY2U=\r\n", "+ UGFzc3dvcmQ=\r\n");
    say(&sh, "c2VjcmV0\r\n", "+OK 3 messages (303 octets)\r\n");
    shell_stop(&sh);
}

static void s19_an_equals_sign_is_an_empty_initial_response(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say_first(&sh, "AUTH PLAIN =\r\n", "-ERR [AUTH] ");
    expect_events(&sh, "AUTH PLAIN\ninitial\n");
    shell_stop(&sh);
}

static void s19_an_empty_line_is_an_empty_response(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "AUTH PLAIN\r\n", "+ \r\n");
    say_first(&sh, "\r\n", "-ERR [AUTH] ");
    expect_events(&sh, "AUTH PLAIN\nno initial\nAUTH_DATA\n");
    shell_stop(&sh);
}

static void s19_a_star_cancels(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "AUTH PLAIN\r\n", "+ \r\n");
    say(&sh, "*\r\n", "-ERR authentication cancelled\r\n");
    expect_events(&sh, "AUTH PLAIN\nno initial\nAUTH_CANCEL\n");
    say(&sh, "USER alice\r\n", "+OK now PASS\r\n");
    shell_stop(&sh);
}

static void a18_bad_base64_fails_only_that_auth(void **state)
{
    static const char *const bad[] = {"!!!notbase64!!!",
                                      "dGVzdAB0ZXN0AHRlc3RwY",
                                      "=",
                                      "A===",
                                      "AA=A",
                                      "QUI=QUI=",
                                      " AAAA",
                                      "AB=="};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct shell sh;
        setup(&sh);
        say(&sh, "AUTH PLAIN\r\n", "+ \r\n");
        shell_feed(&sh, slice_str(bad[i]));
        say(&sh, "\r\n", "-ERR not base64\r\n");
        expect_events(&sh, "AUTH PLAIN\nno initial\nAUTH_CANCEL\n");
        say(&sh, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "+OK 3 messages (303 octets)\r\n");
        shell_stop(&sh);
    }
}

static void a18_bad_base64_in_the_first_line(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    for (int i = 0; i < 5; i++)
        say(&sh, "AUTH PLAIN !!!notbase64!!!\r\n", "-ERR not base64\r\n");
    say(&sh, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "+OK 3 messages (303 octets)\r\n");
    shell_stop(&sh);
}

static void s19_unknown_mechanisms_are_refused(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "AUTH UNKNOWN\r\n", "-ERR mechanism not offered\r\n");
    say(&sh, "AUTH PLAI AAAA\r\n", "-ERR mechanism not offered\r\n");
    say(&sh, "AUTH PLAINLOGIN\r\n", "-ERR mechanism not offered\r\n");
    expect_events(&sh, "");
    shell_stop(&sh);
}

static void s12_auth_takes_two_arguments_at_most(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "AUTH PLAIN AAAA AAAA\r\n", "-ERR wrong number of arguments\r\n");
    shell_stop(&sh);
}

static void login_commands_after_login_are_refused(void **state)
{
    static const char *const commands[] = {
        "USER bob\r\n", "PASS secret\r\n", "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
        "AUTH\r\n",     "STLS\r\n",        "UTF8\r\n"};
    struct shell sh;
    (void)state;
    shell_init(&sh);
    begin(&sh, true);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        say(&sh, commands[i], "-ERR only before login\r\n");
    expect_events(&sh, "");
    shell_stop(&sh);
}

static void s23_passwords_in_the_clear_are_refused_and_told(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    sh.cleartext = false;
    begin(&sh, false);
    say(&sh, "USER alice\r\nPASS secret\r\n",
        "-ERR login needs TLS\r\n-ERR PASS comes straight after USER\r\n");
    say(&sh, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "-ERR login needs TLS\r\n");
    say(&sh, "AUTH LOGIN\r\n", "-ERR login needs TLS\r\n");
    say(&sh, "AUTH\r\n", "+OK mechanism list follows\r\n.\r\n");
    expect_events(&sh, "CLEARTEXT alice\nCLEARTEXT\nCLEARTEXT\n");
    shell_stop(&sh);
}

static void s23_after_tls_they_are_welcome(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    sh.cleartext = false;
    begin(&sh, false);
    say(&sh, "STLS\r\n", "+OK begin TLS negotiation\r\n");
    say(&sh, "USER alice\r\n", "+OK now PASS\r\n");
    say(&sh, "PASS secret\r\n", "+OK 3 messages (303 octets)\r\n");
    shell_stop(&sh);
}

static void a01_octets_behind_stls_end_the_session(void **state)
{
    static const char *const attacks[] = {"STLS\r\nUSER x\r\nPASS y\r\n", "STLS\r\n\r\n",
                                          "STLS\nUSER ev", "STLS\r\n\x16"};
    (void)state;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        struct shell sh;
        setup(&sh);
        say(&sh, attacks[i], "-ERR octets behind STLS, goodbye\r\n");
        expect_events(&sh, "CLOSE stls-injection\n");
        assert_int_equal(sh.server.end, POP3_END_STLS_INJECTION);
        assert_false(sh.server.tls);
        shell_stop(&sh);
    }
}

static void s24_stls_forgets_what_was_said_before(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    shell_feed(&sh, SLICE("LANG zh\r\nUSER alice\r\n"));
    shell_feed(&sh, SLICE("STLS\r\n"));
    buf_clear(&sh.sent);
    assert_true(pop3_server_line_is_empty(&sh.server));
    say(&sh, "PASS secret\r\n", "-ERR PASS comes straight after USER\r\n");
    assert_null(memmem(sh.server.user, sizeof sh.server.user, "alice", 5));
    shell_stop(&sh);
}

static void a04_stls_out_of_place_is_refused_and_the_session_lives(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "STLS now\r\n", "-ERR wrong number of arguments\r\n");
    say(&sh, "STLS\r\n", "+OK begin TLS negotiation\r\n");
    say(&sh, "STLS\r\n", "-ERR TLS is active already\r\n");
    say(&sh, "STLS\r\nUSER alice\r\n", "-ERR TLS is active already\r\n+OK now PASS\r\n");
    shell_stop(&sh);
    shell_init(&sh);
    sh.stls = false;
    begin(&sh, false);
    say(&sh, "STLS\r\nQUIT\r\n", "-ERR STLS is not offered\r\n+OK goodbye\r\n");
    shell_stop(&sh);
}

static void s25_stls_after_utf8_is_refused(void **state)
{
    struct shell sh;
    (void)state;
    setup(&sh);
    say(&sh, "UTF8\r\n", "+OK UTF-8 mode\r\n");
    assert_true(sh.server.utf8);
    say(&sh, "STLS\r\n", "-ERR STLS comes before UTF8\r\n");
    shell_stop(&sh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_greeting_is_the_listeners),
        cmocka_unit_test(s01_a_login_is_answered_once_the_maildrop_is_open),
        cmocka_unit_test(s01_nothing_is_taken_while_the_login_is_being_answered),
        cmocka_unit_test(s02_a_locked_maildrop_is_in_use),
        cmocka_unit_test(s22_the_code_says_whose_fault_a_failed_login_is),
        cmocka_unit_test(s20_the_password_is_the_rest_of_the_line),
        cmocka_unit_test(s20_pass_counts_only_straight_after_user),
        cmocka_unit_test(s20_pass_before_user_is_refused),
        cmocka_unit_test(s20_a_name_is_good_for_one_password),
        cmocka_unit_test(s20_user_takes_any_name_and_wants_one),
        cmocka_unit_test(a20_names_are_octets_and_nothing_else),
        cmocka_unit_test(a21_an_overlong_name_fails_at_pass_like_any_other),
        cmocka_unit_test(s21_an_empty_password_reaches_nobody),
        cmocka_unit_test(s33_commands_behind_a_failed_pass_run_before_login),
        cmocka_unit_test(the_password_is_wiped_by_the_answer),
        cmocka_unit_test(s19_bare_auth_lists_the_mechanisms),
        cmocka_unit_test(s19_auth_in_one_line),
        cmocka_unit_test(s19_auth_in_two_lines_has_an_empty_challenge_with_its_blank),
        cmocka_unit_test(s19_challenges_are_base64),
        cmocka_unit_test(s19_an_equals_sign_is_an_empty_initial_response),
        cmocka_unit_test(s19_an_empty_line_is_an_empty_response),
        cmocka_unit_test(s19_a_star_cancels),
        cmocka_unit_test(a18_bad_base64_fails_only_that_auth),
        cmocka_unit_test(a18_bad_base64_in_the_first_line),
        cmocka_unit_test(s19_unknown_mechanisms_are_refused),
        cmocka_unit_test(s12_auth_takes_two_arguments_at_most),
        cmocka_unit_test(login_commands_after_login_are_refused),
        cmocka_unit_test(s23_passwords_in_the_clear_are_refused_and_told),
        cmocka_unit_test(s23_after_tls_they_are_welcome),
        cmocka_unit_test(a01_octets_behind_stls_end_the_session),
        cmocka_unit_test(s24_stls_forgets_what_was_said_before),
        cmocka_unit_test(a04_stls_out_of_place_is_refused_and_the_session_lives),
        cmocka_unit_test(s25_stls_after_utf8_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
