#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sysexits.h>

#include "client/failure.h"

static struct failure of_line(const char *line, bool is_login)
{
    struct pop3_reply reply;
    struct failure f = {0};
    assert_true(pop3_reply_parse(slice_str(line), false, &reply));
    failure_from_reply(&f, &reply, is_login, "login");
    return f;
}

static int exit_of(const char *line)
{
    return failure_exit_code(of_line(line, true).kind);
}

static void a57_codes_decide_how_a_refused_login_ends(void **state)
{
    (void)state;
    assert_int_equal(exit_of("-ERR wrong"), EX_NOPERM);
    assert_int_equal(exit_of("-ERR [AUTH] wrong"), EX_NOPERM);
    assert_int_equal(exit_of("-ERR [IN-USE] busy"), EX_TEMPFAIL);
    assert_int_equal(exit_of("-ERR [LOGIN-DELAY] wait"), EX_TEMPFAIL);
    assert_int_equal(exit_of("-ERR [SYS/TEMP] later"), EX_TEMPFAIL);
    assert_int_equal(exit_of("-ERR [X-JUNK] what"), EX_NOPERM);
}

static void a57_a_permanent_fault_of_the_server_is_no_wrong_password(void **state)
{
    (void)state;
    assert_int_equal(of_line("-ERR [SYS/PERM] broken", true).kind, FAILURE_REFUSED);
}

static void c01_the_first_cause_is_told(void **state)
{
    struct failure f = {0};
    (void)state;
    failure_set(&f, FAILURE_LOST, "cut");
    failure_set(&f, FAILURE_LOCAL, "later");
    assert_int_equal(f.kind, FAILURE_LOST);
    assert_string_equal(f.text, "cut");
}

static void c11_gb18030_is_decoded(void **state)
{
    char out[100];
    (void)state;
    failure_printable(SLICE("\xc3\xdc\xc2\xeb\xb4\xed\xce\xf3"), out, sizeof out);
    assert_string_equal(out, "密码错误");
}

static void c11_utf8_stays(void **state)
{
    char out[100];
    (void)state;
    failure_printable(SLICE("Großmutter"), out, sizeof out);
    assert_string_equal(out, "Großmutter");
}

static void a58_controls_never_reach_the_terminal(void **state)
{
    static const char hostile[] = "a\x1b]52;c;eA==\x07 b\x1b[2J c\xc2\x9bK d\x7f e\xe2\x80\xae f\r\n";
    char out[400];
    (void)state;
    failure_printable(slice_str(hostile), out, sizeof out);
    for (const char *at = out; *at; at++)
        assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
    assert_null(strstr(out, "\xc2\x9b"));
    assert_null(strstr(out, "\xe2\x80\xae"));
}

static void c11_text_is_cut_to_its_room(void **state)
{
    char long_text[1001], out[40];
    (void)state;
    memset(long_text, 'x', 1000);
    long_text[1000] = '\0';
    failure_printable(slice_str(long_text), out, sizeof out);
    assert_true(strlen(out) < sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a57_codes_decide_how_a_refused_login_ends),
        cmocka_unit_test(a57_a_permanent_fault_of_the_server_is_no_wrong_password),
        cmocka_unit_test(c01_the_first_cause_is_told),
        cmocka_unit_test(c11_gb18030_is_decoded),
        cmocka_unit_test(c11_utf8_stays),
        cmocka_unit_test(a58_controls_never_reach_the_terminal),
        cmocka_unit_test(c11_text_is_cut_to_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
