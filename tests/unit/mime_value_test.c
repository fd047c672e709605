#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "mime/mime_section.h"

static _Alignas(16) char memory[1 << 16];
static struct mime_value parsed;

static void print(struct buf *b, const struct mime_parameter *p)
{
    buf_printf(b, "; %.*s=[%.*s]", SLICE_ARGS(p->name), SLICE_ARGS(p->value));
    if (p->is_extended)
        buf_printf(b, "*%.*s", SLICE_ARGS(p->charset));
}

static void expect_all(const char *value, const char *printed, bool is_broken)
{
    char out[1024];
    struct buf b = buf_over(out, sizeof out - 1);
    struct arena arena = arena_over(memory, sizeof memory);
    mime_value_parse(slice_str(value), &arena, &parsed);
    buf_put(&b, parsed.token);
    for (uint32_t i = 0; i < parsed.count; i++)
        print(&b, &parsed.parameters[i]);
    out[b.size] = '\0';
    assert_string_equal(out, printed);
    assert_int_equal(parsed.is_broken, is_broken);
    assert_false(parsed.is_limited);
}

static void expect(const char *value, const char *printed)
{
    expect_all(value, printed, false);
}

static void expect_broken(const char *value, const char *printed)
{
    expect_all(value, printed, true);
}

static void rfc2045_5_1_a_value_is_a_token_and_parameters(void **state)
{
    expect("Text/PLAIN; charset=US-ASCII; Format=\"flowed\"",
           "text/plain; charset=[US-ASCII]; format=[flowed]");
    expect("attachment", "attachment");
    expect("multipart/mixed;\r\n\tboundary=\"a b\"", "multipart/mixed; boundary=[a b]");
    expect("text/html;;; a=b;", "text/html; a=[b]");
}

static void rfc2045_5_1_comments_are_no_part_of_it(void **state)
{
    expect("(x) text/plain (y (z)) ; (q) charset = (w) utf-8 (end)", "text/plain; charset=[utf-8]");
    expect("text/plain; charset=\"utf-8\" (end); a=(\\)) b", "text/plain; charset=[utf-8]; a=[b]");
}

static void rfc2045_5_1_quotes_keep_what_is_in_them(void **state)
{
    expect("a; n=\"x;y=z\"; m=\"\"", "a; n=[x;y=z]; m=[]");
    expect("a; n=\"q\\\"q\\\\\"", "a; n=[q\"q\\]");
    expect("a; n=\"one\r\n two\"", "a; n=[one two]");
}

static void rfc5322_3_2_4_a_backslash_in_quotes_escapes_whatever_follows(void **state)
{
    expect("a; n=\"C:\\new\\\\f\\(1\\).txt\"", "a; n=[C:new\\f(1).txt]");
    expect("a; n=C:\\new", "a; n=[C:\\new]");
}

static void unquoted_values_may_hold_blanks_and_parentheses(void **state)
{
    expect_broken("attachment; filename=my file (1).pdf; size=3",
                  "attachment; filename=[my file (1).pdf]; size=[3]");
    expect_broken("attachment; filename=a b \r\n c.txt ", "attachment; filename=[a b  c.txt]");
}

static void a_missing_semicolon_is_seen_by_the_parameter_that_follows(void **state)
{
    expect_broken("text/plain charset=utf-8 name=\"x\" size=1",
                  "text/plain; charset=[utf-8]; name=[x]; size=[1]");
    expect_broken("text/plain, charset=utf-8", "text/plain; charset=[utf-8]");
}

static void quotes_within_quotes_do_not_end_a_name(void **state)
{
    expect_broken("a; n=\"the \"new\" one.txt\"; m=1", "a; n=[the \"new\" one.txt]; m=[1]");
}

static void a_quote_that_does_not_close_ends_at_the_semicolon(void **state)
{
    expect_broken("a; n=\"x.pdf; m=1", "a; n=[x.pdf]; m=[1]");
    expect_broken("a; n=x\"; m=1", "a; n=[x]; m=[1]");
    expect_broken("a; n=\"", "a; n=[]");
}

static void a_token_that_is_left_out_is_broken(void **state)
{
    expect_broken("filename=x.txt", "; filename=[x.txt]");
    expect_broken("", "");
    expect_broken("; a=b", "; a=[b]");
    expect_broken("text plain", "text");
    expect_broken("\"text/html\"; a=b", "text/html; a=[b]");
    expect("text / Html; a=b", "text/html; a=[b]");
}

static void rfc2231_3_sections_are_joined_in_the_order_of_their_numbers(void **state)
{
    expect("a; n*0=one; n*1=two", "a; n=[onetwo]");
    expect("a; n*10=K; n*2=C; n*1=B; m=x; n*0=A", "a; n=[ABCK]; m=[x]");
    expect("a; n*1=b; n*3=d", "a; n=[bd]");
    expect("a; n*0=x; N*0=y; n*1=z", "a; n=[xz]");
}

static void rfc2231_4_percent_escapes_and_charset(void **state)
{
    expect("a; n*=utf-8'en'%e2%82%AC%20x", "a; n=[\xe2\x82\xac x]*utf-8");
    expect("a; n*=''plain", "a; n=[plain]*");
    expect("a; n*=gb2312''%zz%4", "a; n=[%zz%4]*gb2312");
    expect("a; n*=\"utf-8''%41\"", "a; n=[A]*utf-8");
}

static void rfc2231_4_1_extended_and_plain_sections_mix(void **state)
{
    expect("a; n*0*=us-ascii'en'%41%42; n*1=%43; n*2*=%44", "a; n=[AB%43D]*us-ascii");
    expect("a; n*0=utf-8''%41; n*1*=%42", "a; n=[AB]*utf-8");
}

static void rfc2231_a_character_may_be_split_across_sections(void **state)
{
    expect("a; n*0*=utf-8''%e2%82; n*1*=%ac", "a; n=[\xe2\x82\xac]*utf-8");
}

static void rfc6266_4_3_the_extended_form_wins(void **state)
{
    expect("a; n=plain; n*=utf-8''%41; m=1", "a; n=[A]*utf-8; m=[1]");
}

static void an_encoded_word_behind_a_star_is_left_to_who_decodes_words(void **state)
{
    expect("a; n*==?utf-8?B?QQ==?=", "a; n=[=?utf-8?B?QQ==?=]");
    expect("a; n=\"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=\"", "a; n=[=?utf-8?Q?a?= =?utf-8?Q?b?=]");
}

static void of_two_parameters_of_one_name_the_first_counts(void **state)
{
    expect("a; n=1; n=2", "a; n=[1]");
    const struct mime_parameter *p = mime_value_find(&parsed, SLICE("N"));
    assert_non_null(p);
    assert_true(slice_equal(p->value, SLICE("1")));
    assert_null(mime_value_find(&parsed, SLICE("m")));
}

static void more_than_128_parameters_are_a_limit(void **state)
{
    static char text[1 << 14];
    struct buf b = buf_over(text, sizeof text);
    buf_put_str(&b, "a");
    for (int i = 0; i < 200; i++)
        buf_printf(&b, "; p%d=%d", i, i);
    assert_false(b.overflow);
    struct arena arena = arena_over(memory, sizeof memory);
    mime_value_parse(buf_slice(&b), &arena, &parsed);
    assert_int_equal(parsed.count, MIME_PARAMETERS_MAX);
    assert_true(parsed.is_limited);
    assert_true(slice_equal(parsed.parameters[127].value, SLICE("127")));
}

static void a_full_arena_is_a_limit_and_no_more(void **state)
{
    for (size_t room = 0; room < 1200; room++) {
        struct arena arena = arena_over(memory, room);
        mime_value_parse(
            SLICE("Text/Plain; N*0=a; n*1=b; m=\"\\\"\"; o=1; p=2; q=3; r=4; s=5; t=6; "
                  "u=7; v=8"),
            &arena, &parsed);
        assert_true(arena.size <= room);
        assert_true(parsed.is_limited || parsed.token.size == 0 || parsed.count == 10);
    }
}

/* 1 MiB of each takes milliseconds; what is quadratic would take minutes. */
static void hostile_values_cost_what_their_octets_cost(void **state)
{
    static const char *units[] = {"a=\"x;", "a=b\"", "n*9=x;", "(",  " (",       "a ", "\"",
                                  "\\\"",   "(a) ",  ";",      "a=", "a (b) c=", "=?", "a*1*=''%;"};
    enum { SIZE = 1 << 20 };
    static char text[SIZE], room[4 * SIZE];
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        struct buf b = buf_over(text, SIZE);
        buf_put_str(&b, "a; n=\"");
        while (buf_put_str(&b, units[u])) {
        }
        clock_t begun = clock();
        for (size_t from = 0; from < 6; from += 5) {
            struct arena arena = arena_over(room, sizeof room);
            mime_value_parse(slice_skip(buf_slice(&b), from), &arena, &parsed);
        }
        assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2045_5_1_a_value_is_a_token_and_parameters),
        cmocka_unit_test(rfc2045_5_1_comments_are_no_part_of_it),
        cmocka_unit_test(rfc2045_5_1_quotes_keep_what_is_in_them),
        cmocka_unit_test(rfc5322_3_2_4_a_backslash_in_quotes_escapes_whatever_follows),
        cmocka_unit_test(unquoted_values_may_hold_blanks_and_parentheses),
        cmocka_unit_test(a_missing_semicolon_is_seen_by_the_parameter_that_follows),
        cmocka_unit_test(quotes_within_quotes_do_not_end_a_name),
        cmocka_unit_test(a_quote_that_does_not_close_ends_at_the_semicolon),
        cmocka_unit_test(a_token_that_is_left_out_is_broken),
        cmocka_unit_test(rfc2231_3_sections_are_joined_in_the_order_of_their_numbers),
        cmocka_unit_test(rfc2231_4_percent_escapes_and_charset),
        cmocka_unit_test(rfc2231_4_1_extended_and_plain_sections_mix),
        cmocka_unit_test(rfc2231_a_character_may_be_split_across_sections),
        cmocka_unit_test(rfc6266_4_3_the_extended_form_wins),
        cmocka_unit_test(an_encoded_word_behind_a_star_is_left_to_who_decodes_words),
        cmocka_unit_test(of_two_parameters_of_one_name_the_first_counts),
        cmocka_unit_test(more_than_128_parameters_are_a_limit),
        cmocka_unit_test(a_full_arena_is_a_limit_and_no_more),
        cmocka_unit_test(hostile_values_cost_what_their_octets_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
