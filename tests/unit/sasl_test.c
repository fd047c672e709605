#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sasl/sasl.h"

static struct sasl_exchange x;
static char memory[64];
static struct buf challenge;

static void begin(const char *mechanism)
{
    memset(&x, 0xa5, sizeof x);
    const struct sasl_mechanism *m = sasl_find(slice_str(mechanism));
    assert_non_null(m);
    sasl_init(&x, m, NULL);
    challenge = buf_over(memory, sizeof memory);
}

static enum sasl_step feed(struct slice message)
{
    buf_clear(&challenge);
    return sasl_feed(&x, message, true, &challenge);
}

static enum sasl_step feed_nothing(void)
{
    buf_clear(&challenge);
    return sasl_feed(&x, (struct slice){0}, false, &challenge);
}

static void check(struct slice user, struct slice password)
{
    assert_true(slice_equal(sasl_user(&x), user));
    assert_true(slice_equal(sasl_password(&x), password));
}

static void mechanisms_are_found_in_any_case(void **state)
{
    (void)state;
    assert_string_equal(sasl_name(sasl_find(SLICE("plain"))), "PLAIN");
    assert_string_equal(sasl_name(sasl_find(SLICE("LoGiN"))), "LOGIN");
    assert_string_equal(sasl_name(sasl_find(SLICE("user"))), "USER");
    assert_null(sasl_find(SLICE("PLAI")));
    assert_null(sasl_find(SLICE("PLAINX")));
    assert_null(sasl_find(SLICE("")));
    assert_null(sasl_find(SLICE("PLAIN\0")));
    assert_string_equal(sasl_name(sasl_find(SLICE("scram-sha-256-plus"))), "SCRAM-SHA-256-PLUS");
}

static void plain_gives_user_and_password(void **state)
{
    (void)state;
    begin("PLAIN");
    assert_int_equal(feed(SLICE("\0ann\0tanstaaf tanstaaf")), SASL_CHECK);
    check(SLICE("ann"), SLICE("tanstaaf tanstaaf"));
    begin("PLAIN");
    assert_int_equal(feed(SLICE("ann\0ann\0x")), SASL_CHECK);
    check(SLICE("ann"), SLICE("x"));
}

static void s19_plain_without_initial_response_gets_an_empty_challenge(void **state)
{
    (void)state;
    begin("PLAIN");
    assert_int_equal(feed_nothing(), SASL_CHALLENGE);
    assert_int_equal(challenge.size, 0);
    assert_int_equal(feed(SLICE("\0ann\0x")), SASL_CHECK);
    check(SLICE("ann"), SLICE("x"));
    assert_int_equal(feed(SLICE("\0ann\0x")), SASL_BROKEN);
}

static void a19_plain_wants_exactly_two_nuls(void **state)
{
    (void)state;
    const struct slice bad[] = {
        SLICE(""),      SLICE("ann"),        SLICE("\0"),     SLICE("ann\0x"),
        SLICE("\0ann"), SLICE("\0ann\0x\0"), SLICE("\0\0\0"), SLICE("ann\0ann\0pass\0word"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin("PLAIN");
        assert_int_equal(feed(bad[i]), SASL_BROKEN);
    }
}

static void a19_plain_nobody_acts_for_another(void **state)
{
    (void)state;
    begin("PLAIN");
    assert_int_equal(feed(SLICE("bob\0ann\0right")), SASL_CHECK);
    check(SLICE("ann"), SLICE(""));
    begin("PLAIN");
    assert_int_equal(feed(SLICE("Ann\0ann\0right")), SASL_CHECK);
    check(SLICE("ann"), SLICE(""));
}

static void a19_plain_empty_user_is_handed_on_to_be_denied(void **state)
{
    (void)state;
    begin("PLAIN");
    assert_int_equal(feed(SLICE("\0\0x")), SASL_CHECK);
    check(SLICE(""), SLICE("x"));
}

static void login_asks_for_both(void **state)
{
    (void)state;
    begin("LOGIN");
    assert_int_equal(feed_nothing(), SASL_CHALLENGE);
    assert_true(slice_equal(buf_slice(&challenge), SLICE("Username:")));
    assert_int_equal(feed(SLICE("ann")), SASL_CHALLENGE);
    assert_true(slice_equal(buf_slice(&challenge), SLICE("Password:")));
    assert_int_equal(feed(SLICE("a\0b")), SASL_CHECK);
    check(SLICE("ann"), SLICE("a\0b"));
    assert_int_equal(feed(SLICE("more")), SASL_BROKEN);
}

static void login_takes_the_user_as_initial_response(void **state)
{
    (void)state;
    begin("LOGIN");
    assert_int_equal(feed(SLICE("ann")), SASL_CHALLENGE);
    assert_true(slice_equal(buf_slice(&challenge), SLICE("Password:")));
    assert_int_equal(feed_nothing(), SASL_BROKEN);
    assert_int_equal(feed(SLICE("secret")), SASL_CHECK);
    check(SLICE("ann"), SLICE("secret"));
}

static void s20_user_and_pass_keep_every_octet_of_the_password(void **state)
{
    (void)state;
    begin("USER");
    assert_int_equal(feed(SLICE("ann\0 two  blanks \xff\0 ")), SASL_CHECK);
    check(SLICE("ann"), SLICE(" two  blanks \xff\0 "));
    begin("USER");
    assert_int_equal(feed(SLICE("ann")), SASL_BROKEN);
    begin("USER");
    assert_int_equal(feed_nothing(), SASL_BROKEN);
}

/* A name or password that does not fit can never be right, and must not become, cut, one that is.
 */
static void too_long_is_spoilt_not_cut(void **state)
{
    (void)state;
    static char message[LIMIT_SASL_DATA + 1];
    memset(message, 'u', sizeof message);
    const char *const mechanism[] = {"PLAIN", "USER"};
    for (size_t i = 0; i < 2; i++) {
        size_t at = i == 0 ? 1 : 0;
        message[0] = i == 0 ? '\0' : 'u';
        message[at + LIMIT_USER_NAME + 1] = '\0';
        begin(mechanism[i]);
        assert_int_equal(feed(slice_of(message, at + LIMIT_USER_NAME + 3)), SASL_CHECK);
        assert_int_equal(sasl_user(&x).size, LIMIT_USER_NAME);
        assert_int_equal(sasl_password(&x).size, 0);
        message[at + LIMIT_USER_NAME + 1] = 'u';

        message[at + LIMIT_USER_NAME] = '\0';
        begin(mechanism[i]);
        assert_int_equal(feed(slice_of(message, at + LIMIT_USER_NAME + 1 + LIMIT_PASSWORD)),
                         SASL_CHECK);
        assert_int_equal(sasl_password(&x).size, LIMIT_PASSWORD);
        begin(mechanism[i]);
        assert_int_equal(feed(slice_of(message, at + LIMIT_USER_NAME + 2 + LIMIT_PASSWORD)),
                         SASL_CHECK);
        assert_int_equal(sasl_password(&x).size, 0);
        message[at + LIMIT_USER_NAME] = 'u';
    }
    begin("LOGIN");
    assert_int_equal(feed(slice_of(message, LIMIT_USER_NAME + 1)), SASL_CHALLENGE);
    assert_int_equal(feed(SLICE("right")), SASL_CHECK);
    assert_int_equal(sasl_password(&x).size, 0);
    begin("PLAIN");
    assert_int_equal(feed(slice_of(message, sizeof message)), SASL_BROKEN);
}

static void a80_wiping_leaves_nothing(void **state)
{
    (void)state;
    begin("PLAIN");
    assert_int_equal(feed(SLICE("\0ann\0tanstaaf")), SASL_CHECK);
    sasl_wipe(&x);
    const char *octets = (const char *)&x;
    for (size_t i = 0; i < sizeof x; i++)
        assert_int_equal(octets[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mechanisms_are_found_in_any_case),
        cmocka_unit_test(plain_gives_user_and_password),
        cmocka_unit_test(s19_plain_without_initial_response_gets_an_empty_challenge),
        cmocka_unit_test(a19_plain_wants_exactly_two_nuls),
        cmocka_unit_test(a19_plain_nobody_acts_for_another),
        cmocka_unit_test(a19_plain_empty_user_is_handed_on_to_be_denied),
        cmocka_unit_test(login_asks_for_both),
        cmocka_unit_test(login_takes_the_user_as_initial_response),
        cmocka_unit_test(s20_user_and_pass_keep_every_octet_of_the_password),
        cmocka_unit_test(too_long_is_spoilt_not_cut),
        cmocka_unit_test(a80_wiping_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
