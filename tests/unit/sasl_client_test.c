#include "sasl_client_exchange.h"

static void rfc2195_example(void **state)
{
    static const struct sasl_credentials tim = {.user = SLICE("tim"),
                                                .password = SLICE("tanstaaftanstaaf")};
    struct exchange e;
    (void)state;
    begin(&e, "CRAM-MD5", &tim);
    assert_false(sasl_client_initial(&e.x, &e.out));
    assert_int_equal(feed_text(&e, "<1896.697170952@postoffice.reston.mci.net>"), STATUS_OK);
    assert_said(&e, SLICE("tim b913a602c7eda7a495b4e6e7334d3890"));
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
    assert_int_equal(feed_text(&e, "<2@x>"), STATUS_MALFORMED);
    begin(&e, "CRAM-MD5", &tim);
    assert_int_equal(feed_text(&e, ""), STATUS_MALFORMED);
}

static void plain_has_two_nuls(void **state)
{
    static const struct sasl_credentials c = {
        .user = SLICE("ann"), .password = SLICE("secret"), .authzid = SLICE("bob")};
    struct exchange e;
    (void)state;
    begin(&e, "PLAIN", &c);
    assert_true(sasl_client_initial(&e.x, &e.out));
    assert_said(&e, SLICE("bob\0ann\0secret"));
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
    assert_int_equal(feed_text(&e, ""), STATUS_MALFORMED);
    begin(&e, "PLAIN", &c);
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    assert_int_equal(feed_text(&e, "go ahead"), STATUS_OK);
    assert_said(&e, SLICE("bob\0ann\0secret"));
}

static void c13_login_answers_twice_whatever_the_words(void **state)
{
    static const char *const words[][2] = {
        {"Username:", "Password:"}, {"User Name", "password"}, {"", ""}};
    static const struct sasl_credentials c = {.user = SLICE("ann"), .password = SLICE("secret")};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct exchange e;
        begin(&e, "LOGIN", &c);
        assert_false(sasl_client_initial(&e.x, &e.out));
        assert_int_equal(feed_text(&e, words[i][0]), STATUS_OK);
        assert_said(&e, SLICE("ann"));
        assert_int_equal(feed_text(&e, words[i][1]), STATUS_OK);
        assert_said(&e, SLICE("secret"));
        assert_int_equal(feed_text(&e, "once more"), STATUS_MALFORMED);
    }
}

static void external_says_whom_to_act_for(void **state)
{
    static const struct sasl_credentials nobody = {.port = 0}, bob = {.authzid = SLICE("bob")};
    struct exchange e;
    (void)state;
    begin(&e, "EXTERNAL", &nobody);
    assert_first(&e, "");
    begin(&e, "EXTERNAL", &bob);
    assert_first(&e, "bob");
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
}

static const struct sasl_credentials oauth = {
    .user = SLICE("user@example.com"),
    .token = SLICE("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="),
    .host = SLICE("server.example.com"),
    .port = 143,
};

static void rfc7628_example(void **state)
{
    struct exchange e;
    (void)state;
    begin(&e, "OAUTHBEARER", &oauth);
    assert_first(&e, "n,a=user@example.com,\1host=server.example.com\1port=143\1"
                     "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1");
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
}

static void rfc7628_error_is_answered_by_one_octet(void **state)
{
    struct exchange e;
    (void)state;
    begin(&e, "OAUTHBEARER", &oauth);
    assert_true(sasl_client_initial(&e.x, &e.out));
    assert_int_equal(feed_text(&e, "{\"status\":\"invalid_token\",\"scope\":\"x\"}"), STATUS_OK);
    assert_said(&e, SLICE("\1"));
    assert_non_null(strstr(e.x.error, "invalid_token"));
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    assert_int_equal(feed_text(&e, "{}"), STATUS_MALFORMED);
}

static void c13_xoauth2_in_one_step_or_two(void **state)
{
    static const char token[] = "user=user@example.com\1"
                                "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1";
    struct exchange e;
    (void)state;
    begin(&e, "XOAUTH2", &oauth);
    assert_first(&e, token);
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
    begin(&e, "XOAUTH2", &oauth);
    assert_int_equal(feed_text(&e, ""), STATUS_OK);
    assert_said(&e, slice_str(token));
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
}

static void c13_xoauth2_error_wants_an_empty_answer(void **state)
{
    struct exchange e;
    (void)state;
    begin(&e, "XOAUTH2", &oauth);
    assert_true(sasl_client_initial(&e.x, &e.out));
    assert_int_equal(feed_text(&e, "{\"status\":\"401\",\"schemes\":\"bearer\"}\x9b\x07"),
                     STATUS_OK);
    assert_said(&e, SLICE(""));
    assert_string_equal(e.x.error, "{\"status\":\"401\",\"schemes\":\"bearer\"}\\x9b\\x07");
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    assert_int_equal(feed_text(&e, "{}"), STATUS_MALFORMED);
}

static void a54_controls_in_names_and_secrets_are_refused(void **state)
{
    static const struct sasl_credentials rows[] = {
        {.user = SLICE("a\0b"), .password = SLICE("p"), .token = SLICE("t")},
        {.user = SLICE("a"), .password = SLICE("p\0q"), .token = SLICE("t")},
        {.user = SLICE("a\r\nDELE 1"), .password = SLICE("p"), .token = SLICE("t")},
        {.user = SLICE("a"), .password = SLICE("p"), .token = SLICE("t\1auth=x")},
        {.user = SLICE("a"), .password = SLICE("p"), .authzid = SLICE("\n"), .token = SLICE("t")},
        {.user = SLICE("a"), .password = SLICE("p"), .token = SLICE("t"), .host = SLICE("h\1")},
    };
    static const char *const names[] = {"PLAIN", "OAUTHBEARER", "XOAUTH2", "LOGIN", "CRAM-MD5"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            struct exchange e;
            begin(&e, names[j], &rows[i]);
            assert_false(sasl_client_initial(&e.x, &e.out));
            assert_int_equal(feed_text(&e, "x"), STATUS_MALFORMED);
            assert_int_equal(e.out.size, 0);
            assert_string_not_equal(e.x.error, "");
        }
}

static void no_room_is_told_and_final(void **state)
{
    static const struct sasl_credentials c = {.user = SLICE("ann"), .password = SLICE("secret")};
    struct exchange e;
    (void)state;
    begin(&e, "PLAIN", &c);
    e.out.capacity = 5;
    assert_int_equal(feed_text(&e, ""), STATUS_TOO_LARGE);
    assert_int_equal(e.out.size, 0);
    e.out.capacity = sizeof e.memory;
    assert_int_equal(feed_text(&e, ""), STATUS_MALFORMED);
}

static void assert_choice(const char *offered, const struct sasl_credentials *c, bool clear,
                          const char *expected)
{
    const struct sasl_client_mechanism *m = sasl_client_choose(slice_str(offered), c, clear);
    assert_string_equal(m ? sasl_client_name(m) : "none", expected);
}

static void best_offered_mechanism_is_chosen(void **state)
{
    static const char all[] = "EXTERNAL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS "
                              "SCRAM-SHA-256 SCRAM-SHA-256-PLUS XOAUTH2 OAUTHBEARER";
    struct sasl_credentials c = {.user = SLICE("a"), .password = SLICE("p")};
    (void)state;
    assert_choice(all, &c, true, "SCRAM-SHA-256");
    c.binding = SLICE("x");
    assert_choice(all, &c, true, "SCRAM-SHA-256-PLUS");
    assert_choice("SCRAM-SHA-1 SCRAM-SHA-1-PLUS", &c, false, "SCRAM-SHA-1-PLUS");
    assert_choice("LOGIN  PLAIN CRAM-MD5", &c, true, "PLAIN");
    assert_choice("LOGIN CRAM-MD5 ", &c, true, "LOGIN");
    assert_choice("LOGIN PLAIN CRAM-MD5", &c, false, "CRAM-MD5");
    assert_choice("LOGIN PLAIN XOAUTH2 EXTERNAL", &c, false, "none");
    assert_choice("XPLAIN PLAI NTLM", &c, true, "none");
    assert_choice("", &c, true, "none");
    c.token = SLICE("t");
    assert_choice(all, &c, true, "OAUTHBEARER");
    assert_choice("PLAIN XOAUTH2", &c, true, "XOAUTH2");
    assert_choice("PLAIN XOAUTH2", &c, false, "none");
    assert_choice(all, &(struct sasl_credentials){.port = 0}, true, "EXTERNAL");
    assert_true(sasl_client_offers_plus(slice_str(all)));
    assert_false(sasl_client_offers_plus(SLICE("SCRAM-SHA-256 PLAIN")));
}

static void clear_mechanisms_are_known(void **state)
{
    static const char *const clear[] = {"PLAIN", "login", "XOAUTH2", "OAuthBearer"};
    static const char *const others[] = {"CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS"};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_true(sasl_client_is_clear(sasl_client_find(slice_str(clear[i]))));
    for (size_t i = 0; i < 3; i++)
        assert_false(sasl_client_is_clear(sasl_client_find(slice_str(others[i]))));
    assert_null(sasl_client_find(SLICE("NTLM")));
    assert_null(sasl_client_find(SLICE("")));
}

static void rfc1939_apop_example(void **state)
{
    char hex[33];
    (void)state;
    sasl_apop(SLICE("<1896.697170952@dbc.mtview.ca.us>"), SLICE("tanstaaf"), hex);
    assert_string_equal(hex, "c4c9334bac560ecc979e58001b3e22fb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2195_example),
        cmocka_unit_test(plain_has_two_nuls),
        cmocka_unit_test(c13_login_answers_twice_whatever_the_words),
        cmocka_unit_test(external_says_whom_to_act_for),
        cmocka_unit_test(rfc7628_example),
        cmocka_unit_test(rfc7628_error_is_answered_by_one_octet),
        cmocka_unit_test(c13_xoauth2_in_one_step_or_two),
        cmocka_unit_test(c13_xoauth2_error_wants_an_empty_answer),
        cmocka_unit_test(a54_controls_in_names_and_secrets_are_refused),
        cmocka_unit_test(no_room_is_told_and_final),
        cmocka_unit_test(best_offered_mechanism_is_chosen),
        cmocka_unit_test(clear_mechanisms_are_known),
        cmocka_unit_test(rfc1939_apop_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
