/* Where the mail of an address is looked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/account_presets.h"

static void a_domain_finds_its_provider(void **state)
{
    (void)state;
    static const struct {
        const char *domain, *host;
        enum account_need need;
    } rows[] = {
        {"gmail.com", "pop.gmail.com", ACCOUNT_NEED_APP_PASSWORD},
        {"GoogleMail.com", "pop.gmail.com", ACCOUNT_NEED_APP_PASSWORD},
        {"outlook.com", "outlook.office365.com", ACCOUNT_NEED_OAUTH},
        {"firma.onmicrosoft.com", "outlook.office365.com", ACCOUNT_NEED_OAUTH},
        {"yahoo.com", "pop.mail.yahoo.com", ACCOUNT_NEED_APP_PASSWORD},
        {"qq.com", "pop.qq.com", ACCOUNT_NEED_AUTHORISATION},
        {"163.com", "pop.163.com", ACCOUNT_NEED_AUTHORISATION},
        {"126.com", "pop.126.com", ACCOUNT_NEED_AUTHORISATION},
        {"yeah.net", "pop.yeah.net", ACCOUNT_NEED_AUTHORISATION},
        {"me.com", NULL, ACCOUNT_NEED_NO_POP3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct account_preset *p = account_preset_find(slice_str(rows[i].domain));
        assert_non_null(p);
        assert_int_equal(p->need, rows[i].need);
        if (rows[i].host != NULL)
            assert_string_equal(p->host, rows[i].host);
        else
            assert_null(p->host);
    }
}

static void a_domain_that_only_looks_alike_finds_none(void **state)
{
    (void)state;
    static const char *const domains[] = {"",
                                          "com",
                                          "mail.com",
                                          "gmail.com.",
                                          "gmail.co",
                                          "x.gmail.com",
                                          "63.com",
                                          "gmail.com qq.com",
                                          ".onmicrosoft.com.x"};
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++)
        assert_null(account_preset_find(slice_str(domains[i])));
}

static void every_preset_says_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACCOUNT_PRESET_COUNT; i++) {
        const struct account_preset *p = &ACCOUNT_PRESETS[i];
        assert_int_equal(p->host == NULL, p->need == ACCOUNT_NEED_NO_POP3);
        assert_int_equal(p->advice[strlen(p->advice) - 1], '.');
    }
}

static void guesses_with_tls_from_the_first_octet_come_first(void **state)
{
    (void)state;
    struct account_guesses g = {.count = 0};
    account_guess("x.example", &g);
    assert_int_equal(g.count, 6);
    assert_string_equal(g.list[0].host, "pop.x.example");
    assert_true(g.list[0].implicit_tls && g.list[0].port == 995);
    assert_string_equal(g.list[1].host, "mail.x.example");
    assert_string_equal(g.list[4].host, "pop.x.example");
    assert_true(!g.list[4].implicit_tls && g.list[4].port == 110);
    char longest[300];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    g.count = 0;
    account_guess(longest, &g);
    assert_int_equal(g.count, 0);
}

/* An answer to a question for "a": the records behind it. */
static size_t make_answer(unsigned char *out, const char *records, size_t size, unsigned count)
{
    static const unsigned char head[] = {0, 1, 0x81, 0x80, 0, 1, 0,  0, 0, 0,
                                         0, 0, 1,    'a',  0, 0, 33, 0, 1};
    memcpy(out, head, sizeof head);
    out[7] = (unsigned char)count;
    memcpy(out + sizeof head, records, size);
    return sizeof head + size;
}

#define SRV(priority, weight, port, size, target)                                                  \
    "\xc0\x0c\0\x21\0\1\0\0\0\1\0" size "\0" priority "\0" weight port target
#define PORT_995 "\x03\xe3"

static enum status parse(const char *records, size_t size, unsigned count,
                         struct account_guesses *g)
{
    unsigned char answer[512];
    size_t n = make_answer(answer, records, size, count);
    g->count = 0;
    return account_srv_parse(slice_of(answer, n), true, g);
}

static void rfc6186_records_are_sorted_by_priority_and_weight(void **state)
{
    (void)state;
    struct account_guesses g;
    static const char records[] = SRV("\2", "\1", PORT_995, "\x9", "\1c\0")
        SRV("\1", "\1", PORT_995, "\x9", "\1b\0") SRV("\1", "\7", "\x27\x0f", "\x9", "\1a\0");
    assert_int_equal(parse(records, sizeof records - 1, 3, &g), STATUS_OK);
    assert_int_equal(g.count, 3);
    assert_string_equal(g.list[0].host, "a");
    assert_int_equal(g.list[0].port, 9999);
    assert_true(g.list[0].implicit_tls);
    assert_string_equal(g.list[1].host, "b");
    assert_string_equal(g.list[2].host, "c");
    assert_int_equal(g.list[2].port, 995);
}

static void rfc6186_a_target_of_the_root_is_a_no(void **state)
{
    (void)state;
    struct account_guesses g;
    static const char records[] = SRV("\0", "\0", "\0\0", "\7", "\0");
    assert_int_equal(parse(records, sizeof records - 1, 1, &g), STATUS_UNSUPPORTED);
    assert_int_equal(g.count, 0);
    assert_int_equal(parse("", 0, 0, &g), STATUS_NOT_FOUND);
}

static void a_record_that_is_no_servers_name_is_passed_over(void **state)
{
    (void)state;
    struct account_guesses g;
    static const char blank[] = SRV("\1", "\1", PORT_995, "\xb", "\3a b\0");
    static const char escape[] = SRV("\1", "\1", PORT_995, "\xb",
                                     "\3a\x1b"
                                     "b\0");
    static const char port[] = SRV("\1", "\1", "\0\0", "\x9", "\1a\0");
    assert_int_equal(parse(blank, sizeof blank - 1, 1, &g), STATUS_NOT_FOUND);
    assert_int_equal(parse(escape, sizeof escape - 1, 1, &g), STATUS_NOT_FOUND);
    assert_int_equal(parse(port, sizeof port - 1, 1, &g), STATUS_NOT_FOUND);
}

static void an_answer_cut_anywhere_gives_no_half_of_a_record(void **state)
{
    (void)state;
    struct account_guesses g = {.count = 0};
    static const char records[] = SRV("\1", "\1", PORT_995, "\x9", "\1a\0");
    unsigned char answer[512];
    size_t n = make_answer(answer, records, sizeof records - 1, 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_not_equal(account_srv_parse(slice_of(answer, i), true, &g), STATUS_OK);
        assert_int_equal(g.count, 0);
    }
    assert_int_equal(account_srv_parse(slice_of(answer, n), true, &g), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_finds_its_provider),
        cmocka_unit_test(a_domain_that_only_looks_alike_finds_none),
        cmocka_unit_test(every_preset_says_what_to_do),
        cmocka_unit_test(guesses_with_tls_from_the_first_octet_come_first),
        cmocka_unit_test(rfc6186_records_are_sorted_by_priority_and_weight),
        cmocka_unit_test(rfc6186_a_target_of_the_root_is_a_no),
        cmocka_unit_test(a_record_that_is_no_servers_name_is_passed_over),
        cmocka_unit_test(an_answer_cut_anywhere_gives_no_half_of_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
