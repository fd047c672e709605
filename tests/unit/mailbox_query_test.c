#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/mailbox_query.h"

#include <stdlib.h>
#include <time.h>

enum { NOW = 1772582400 }; /* 2026-03-04 00:00:00 UTC */

static struct mailbox_query query;
static char why[200];

static enum status parse(const char *text)
{
    mailbox_query_init(&query);
    return mailbox_query_parse(&query, slice_str(text), NOW + 3600, why);
}

static void assert_text(size_t i, bool is_negated, const char *text)
{
    assert_true(i < query.count);
    assert_int_equal(query.terms[i].kind, MAILBOX_TERM_TEXT);
    assert_int_equal(query.terms[i].is_negated, is_negated);
    assert_int_equal(query.terms[i].text.size, strlen(text));
    assert_memory_equal(query.terms[i].text.data, text, strlen(text));
}

static void words_and_phrases_ask_the_full_text(void **state)
{
    (void)state;
    assert_int_equal(parse("invoice \"two words\" -spam 发票 -\"not this\" pre*"), STATUS_OK);
    assert_int_equal(query.count, 6);
    assert_true(query.needs_text);
    assert_text(0, false, "\"invoice\"");
    assert_text(1, false, "\"two words\"");
    assert_text(2, true, "\"spam\"");
    assert_text(3, false, "\"发票\"");
    assert_text(4, true, "\"not this\"");
    assert_text(5, false, "\"pre\" *");
}

static void keys_ask_their_column(void **state)
{
    (void)state;
    assert_int_equal(parse("from:ann To:bob@x.org -subject:\"a b\" file:pdf"), STATUS_OK);
    assert_text(0, false, "{senders} : \"ann\"");
    assert_text(1, false, "{recipients} : \"bob@x.org\"");
    assert_text(2, true, "{subject} : \"a b\"");
    assert_text(3, false, "{names} : \"pdf\"");
}

static void a_word_can_not_break_out_of_its_quotes(void **state)
{
    (void)state;
    assert_int_equal(parse("a\"b) OR subject:\"x NEAR( AND *"), STATUS_OK);
    assert_text(0, false, "\"a\"\"b) OR subject:\"\"x\"");
    assert_text(1, false, "\"NEAR(\"");
    assert_text(2, false, "\"AND\"");
    assert_text(3, false, "\"*\"");
}

static void a_colon_without_a_key_is_part_of_a_word(void **state)
{
    (void)state;
    assert_int_equal(parse("re:hello https://example.org/ 12:30"), STATUS_OK);
    assert_int_equal(query.count, 3);
    assert_text(0, false, "\"re:hello\"");
    assert_text(2, false, "\"12:30\"");
}

static void states_do_not_need_the_full_text(void **state)
{
    (void)state;
    assert_int_equal(parse("is:unread -is:flagged is:read"), STATUS_OK);
    assert_false(query.needs_text);
    assert_int_equal(query.terms[0].kind, MAILBOX_TERM_UNREAD);
    assert_false(query.terms[0].is_negated);
    assert_int_equal(query.terms[1].kind, MAILBOX_TERM_FLAGGED);
    assert_true(query.terms[1].is_negated);
    assert_true(query.terms[2].kind == MAILBOX_TERM_UNREAD && query.terms[2].is_negated);
    assert_int_equal(parse("has:attachment account:work"), STATUS_OK);
    assert_true(query.needs_text);
    assert_int_equal(query.terms[1].kind, MAILBOX_TERM_ACCOUNT);
    assert_true(slice_equal(query.terms[1].text, SLICE("work")));
}

static int64_t number_of(const char *text)
{
    assert_int_equal(parse(text), STATUS_OK);
    return query.terms[0].number;
}

static void dates_are_days_months_years_or_ages(void **state)
{
    (void)state;
    assert_int_equal(number_of("after:2026-01-31"), 1769817600);
    assert_int_equal(number_of("before:2026-02"), 1769904000);
    assert_int_equal(number_of("since:2026"), 1767225600);
    assert_int_equal(number_of("after:today"), NOW);
    assert_int_equal(number_of("after:yesterday"), NOW - 86400);
    assert_int_equal(number_of("after:7d"), NOW - 7 * 86400);
    assert_int_equal(number_of("after:2w"), NOW - 14 * 86400);
    assert_int_equal(query.terms[0].kind, MAILBOX_TERM_AFTER);
}

static void sizes_have_binary_units(void **state)
{
    (void)state;
    assert_int_equal(number_of("larger:500"), 500);
    assert_int_equal(number_of("larger:10K"), 10240);
    assert_int_equal(number_of("smaller:5mb"), 5 * 1024 * 1024);
    assert_int_equal(number_of("larger:1GiB"), 1024 * 1024 * 1024);
}

static void what_cannot_be_understood_is_named(void **state)
{
    static const char *const bad[] = {
        "after:soon", "after:2026-13", "larger:big", "larger:9Q",
        "is:nice",    "from:",         "has:fun",    "after:2026-1-1x"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse(bad[i]), STATUS_MALFORMED);
        assert_non_null(strstr(why, bad[i]));
    }
}

static void more_words_than_there_is_room_are_refused(void **state)
{
    static char many[400], longer[MAILBOX_QUERY_TEXT + 10];
    (void)state;
    for (size_t i = 0; i + 2 < sizeof many; i += 2)
        memcpy(many + i, "a ", 2);
    assert_int_equal(parse(many), STATUS_TOO_LARGE);
    memset(longer, 'x', sizeof longer - 1);
    assert_int_equal(parse(longer), STATUS_TOO_LARGE);
    assert_int_equal(parse(""), STATUS_OK);
    assert_int_equal(query.count, 0);
    assert_int_equal(parse("- \""), STATUS_MALFORMED);
}

static int use_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_phrases_ask_the_full_text),
        cmocka_unit_test(keys_ask_their_column),
        cmocka_unit_test(a_word_can_not_break_out_of_its_quotes),
        cmocka_unit_test(a_colon_without_a_key_is_part_of_a_word),
        cmocka_unit_test(states_do_not_need_the_full_text),
        cmocka_unit_test(dates_are_days_months_years_or_ages),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(what_cannot_be_understood_is_named),
        cmocka_unit_test(more_words_than_there_is_room_are_refused),
    };
    return cmocka_run_group_tests(tests, use_utc, NULL);
}
