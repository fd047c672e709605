#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "codec/encoded_word.h"

enum { TEXT_MAX = 16384 };

struct row {
    struct slice value;
    const char *text;
    unsigned met;
};

/* The value lies in a block of its own size, so that reading past it is seen. */
static unsigned decode(struct slice value, enum charset *hint, struct buf *out)
{
    char *copy = (char *)malloc(value.size + 1);
    assert_non_null(copy);
    memcpy(copy, value.data, value.size);
    unsigned met = encoded_word_decode(slice_of(copy, value.size), hint, out);
    free(copy);
    return met;
}

static void row_holds(const struct row *row)
{
    char memory[TEXT_MAX];
    struct buf out = buf_over(memory, sizeof memory);
    enum charset hint = CHARSET_UNKNOWN;
    unsigned met = decode(row->value, &hint, &out);
    assert_false(out.overflow);
    if (!slice_equal(buf_slice(&out), slice_str(row->text)) || met != row->met)
        fail_msg("%.*s gave \"%.*s\" and %u, not \"%s\" and %u", SLICE_ARGS(row->value),
                 (int)out.size, out.data, met, row->text, row->met);
}

#define ROWS_HOLD(...)                                                                             \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)                                    \
            row_holds(&rows[i]);                                                                   \
    } while (0)

#define ROW(value, text, met)                                                                      \
    {                                                                                              \
        SLICE(value), text, met                                                                    \
    }

static void i4_text_without_words_stays_and_folding_is_removed(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("", "", 0), ROW("plain", "plain", 0), ROW("two\r\n lines", "two lines", 0),
              ROW("two\n\tlines\r\n", "two\tlines", 0), ROW("two\r\nlines", "two lines", 0),
              ROW("a\0b\x1b[1m",
                  "a\xef\xbf\xbd"
                  "b\x1b[1m",
                  0));
}

static void i4_words_in_b_and_q_and_either_case_are_decoded(void **state)
{
    (void)state;
    ROWS_HOLD(
        ROW("=?utf-8?B?5L2g5aW9?=", "你好", 0), ROW("=?UTF-8?b?5L2g5aW9?=", "你好", 0),
        ROW("=?utf-8?q?Gr=c3=bc=C3=9Fe_an_alle?=", "Grüße an alle", 0),
        ROW("=?iso-8859-1*de?Q?Gr=FC=DFe?=", "Grüße", 0), ROW("=?koi8-r?B?8NLJ18XU?=", "Привет", 0),
        ROW("=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет", 0),
        ROW("=?gb2312?B?t6LGsQ==?=", "发票", 0), ROW("=?big5?B?tW+yvLNxqr4=?=", "發票通知", 0),
        ROW("=?shift_jis?B?k/qWe4zqgsyDgYFbg4s=?=", "日本語のメール", 0),
        ROW("=?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=", "日本語", 0),
        ROW("=?euc-kr?B?vsiz5w==?=", "안녕", 0));
}

static void i4_blanks_between_words_vanish_and_others_stay(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab", 0),
              ROW("=?utf-8?Q?a?= \r\n\t =?iso-8859-1?Q?b?=", "ab", 0),
              ROW("=?utf-8?Q?a_?= =?utf-8?Q?b?=", "a b", 0),
              ROW("Re: =?utf-8?Q?a?= b =?utf-8?Q?c?= d", "Re: a b c d", 0),
              ROW("  =?utf-8?Q?a?=  ", "  a  ", 0), ROW("x\r\n =?utf-8?Q?a?=\r\n y", "x a y", 0));
}

static void i4_adjacent_words_of_one_charset_are_joined_before_it_is_decoded(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?Q?=E4=BD?= =?utf-8?Q?=A0=E5=A5=BD?=", "你好", 0),
              ROW("=?utf-8?B?5L0=?=\r\n =?UTF8?B?oOWlvQ==?=", "你好", 0),
              ROW("=?utf-8?B?5L0=?= =?utf-8?Q?=A0=E5=A5=BD?=", "你好", 0),
              ROW("=?gb2312?Q?=B7?= =?gbk?Q?=A2=C6=B1?=", "发票", 0),
              ROW("=?iso-2022-jp?B?GyRCRnxL?= =?iso-2022-jp?B?XDhsGyhC?=", "日本語", 0),
              ROW("=?big5?Q?=B5o=B2?= =?big5?Q?=BC=B3q=AA=BE?=", "發票通知", 0));
}

static void i4_base64_quanta_may_be_split_across_words(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?B?5L2g5aW977y?= =?utf-8?B?M5LiW55WM5bmz5a6J?=", "你好，世界平安", 0),
              ROW("=?utf-8?B?5L2g5aW97?= =?utf-8?B?7yM5LiW55WM?=", "你好，世界", 0),
              ROW("=?utf-8?B?5L2g5a?= =?utf-8?B?W977yM5LiW55WM?=", "你好，世界", 0),
              ROW("=?utf-8?B?YQ?= =?utf-8?B?li?=", "a\tb", 0));
}

static void i4_missing_padding_of_a_word_is_no_split_quantum(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?B?YQ?=", "a", ENCODED_WORD_PADDING),
              ROW("=?utf-8?B?YWI?= =?utf-8?B?5L2g5aW9?=", "ab你好", ENCODED_WORD_PADDING),
              ROW("=?utf-8?B?YWI=====?=", "ab", ENCODED_WORD_PADDING),
              ROW("=?utf-8?B?5L2g*5aW9?=", "你好", ENCODED_WORD_PADDING));
}

static void i4_blanks_may_be_missing_between_words_and_text(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab", ENCODED_WORD_BLANKS),
              ROW("=?utf-8?Q?a?=?utf-8?Q?b?=", "ab", ENCODED_WORD_BLANKS),
              ROW("Re:=?utf-8?Q?a?=b", "Re:ab", ENCODED_WORD_BLANKS),
              ROW("x_=?utf-8?B?5L2g5aW9?=.pdf", "x_你好.pdf", ENCODED_WORD_BLANKS));
}

static void i4_words_inside_quotes_and_comments_are_decoded(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("\"=?utf-8?B?5L2g5aW9?=\"", "\"你好\"", 0),
              ROW("ann (=?utf-8?B?5L2g5aW9?=)", "ann (你好)", 0));
}

static void i4_blanks_and_line_ends_within_words_are_read(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?Q?one two?= three", "one two three", ENCODED_WORD_BLANKS),
              ROW("=?utf-8?B?5L2g\r\n 5aW9?=", "你好", ENCODED_WORD_BLANKS),
              ROW("=?utf-8?Q?one\r\n two?=", "one two", ENCODED_WORD_BLANKS));
}

static void i4_what_is_no_word_stays_as_it_stands(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?B?5L2g5aW9", "=?utf-8?B?5L2g5aW9", ENCODED_WORD_BROKEN),
              ROW("=?utf-8?B?5L2g5aW9?", "=?utf-8?B?5L2g5aW9?", ENCODED_WORD_BROKEN),
              ROW("=?utf-8?Q?a =?utf-8?Q?b?=", "=?utf-8?Q?a b", ENCODED_WORD_BROKEN),
              ROW("=?utf-8?X?a?=", "=?utf-8?X?a?=", 0), ROW("1=?2", "1=?2", 0), ROW("=?", "=?", 0),
              ROW("what=?=", "what=?=", 0));
}

static void i4_question_marks_and_escapes_that_are_none_stay_in_q(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?Q?who?_me?\?=", "who? me?", 0),
              ROW("=?utf-8?Q?who?=20me?=", "who? me", 0), ROW("=?utf-8?Q?=41?=", "A", 0),
              ROW("=?utf-8?Q?\?=", "", 0), ROW("=?utf-8?Q?1=1?=", "1=1", ENCODED_WORD_BROKEN),
              ROW("=?utf-8?Q?a=?=", "a=", ENCODED_WORD_BROKEN));
}

static void i4_unknown_and_false_charsets_are_guessed(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?x-nobody?B?5L2g5aW9?=", "你好", ENCODED_WORD_CHARSET),
              ROW("=??Q?=E4=BD=A0=E5=A5=BD?=", "你好", ENCODED_WORD_CHARSET),
              ROW("=?us-ascii?B?5L2g5aW9?=", "你好", ENCODED_WORD_CHARSET),
              ROW("=?utf-8?Q?caf=E9_au_lait?=", "café au lait", ENCODED_WORD_CHARSET),
              ROW("=?gb2312?B?5L2g5aW977yM5LiW55WM?=", "你好，世界", ENCODED_WORD_CHARSET),
              ROW("=?x-nobody?Q?=E4=BD?= =?X-Nobody?Q?=A0?=", "你", ENCODED_WORD_CHARSET));
}

static void i4_a_character_that_is_cut_is_one_replacement(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?Q?=E4=BD=A0=E5=A5?=", "你\xef\xbf\xbd", ENCODED_WORD_INVALID),
              ROW("=?utf-8?Q?=E4=BD=A0=E5=A5?= x", "你\xef\xbf\xbd x", ENCODED_WORD_INVALID));
}

static void i4_raw_utf8_stays_and_other_raw_octets_are_guessed(void **state)
{
    (void)state;
    ROWS_HOLD(
        ROW("你好 =?utf-8?Q?a?= 世界", "你好 a 世界", 0),
        ROW("\xb7\xa2\xc6\xb1 =?gb2312?B?t6LGsQ==?=", "发票 发票", ENCODED_WORD_RAW),
        ROW("=?gb2312?B?t6LGsQ==?= \xb7\xa2\xc6\xb1", "发票 发票", ENCODED_WORD_RAW),
        ROW("\x1b$BF|K\\8l\x1b(B", "日本語", ENCODED_WORD_RAW),
        ROW("=?koi8-r?B?8NLJ18XU?= \xf0\xd2\xc9\xd7\xc5\xd4", "Привет Привет", ENCODED_WORD_RAW));
}

static void i4_utf8_with_a_broken_octet_is_still_utf8(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("Юникод\xf1", "Юникод\xef\xbf\xbd", ENCODED_WORD_INVALID),
              ROW("=?x-nobody?B?5L2g5aW977yM5LiW55WM/w==?=", "你好，世界\xef\xbf\xbd",
                  ENCODED_WORD_CHARSET | ENCODED_WORD_INVALID));
}

static void i4_a_hint_decides_raw_octets_and_tells_what_was_used(void **state)
{
    (void)state;
    char memory[64];
    struct buf out = buf_over(memory, sizeof memory);
    enum charset hint = CHARSET_GB18030;
    assert_int_equal(decode(SLICE("\xb7\xa2\xc6\xb1"), &hint, &out), ENCODED_WORD_RAW);
    assert_true(slice_equal(buf_slice(&out), SLICE("发票")));
    assert_int_equal(hint, CHARSET_GB18030);
    hint = CHARSET_UNKNOWN;
    buf_clear(&out);
    assert_int_equal(decode(SLICE("=?big5?B?tW+yvLNxqr4=?="), &hint, &out), 0);
    assert_int_equal(hint, CHARSET_BIG5);
}

static void i4_nul_and_line_ends_in_words_leave_as_text(void **state)
{
    (void)state;
    ROWS_HOLD(ROW("=?utf-8?Q?a=00b?=",
                  "a\xef\xbf\xbd"
                  "b",
                  0),
              ROW("=?utf-8?Q?a=0D=0Ab=0Ac=0Dd?=", "a b c d", 0),
              ROW("=?utf-8?Q?a=0D?= =?utf-8?Q?=0Ab?=", "a b", 0),
              ROW("=?utf-8?Q?=1B[1m?=", "\x1b[1m", 0));
}

static void i4_text_that_does_not_fit_is_cut_at_a_character(void **state)
{
    (void)state;
    char memory[16];
    for (size_t room = 0; room <= sizeof memory; room++) {
        struct buf out = buf_over(memory, room);
        enum charset hint = CHARSET_UNKNOWN;
        (void)decode(SLICE("=?utf-8?B?5L2g5aW977yM5LiW55WM?= end"), &hint, &out);
        assert_true(out.overflow);
        assert_int_equal(out.size, room < 15 ? room / 3 * 3 : room);
        assert_memory_equal(memory, "你好，世界 ", out.size);
    }
}

/* Longer than what is looked at to judge a charset, and longer than any buffer within. */
static void i4_long_rows_of_words_are_decoded_whole(void **state)
{
    (void)state;
    static char value[TEXT_MAX];
    static char wanted[TEXT_MAX];
    size_t n = 0;
    size_t size = 0;
    while (size < 3000) {
        static const char word[] = "=?utf-8?B?5L2g5aW97?=\r\n =?utf-8?B?7yM?=\r\n ";
        memcpy(value + n, word, sizeof word - 1);
        n += sizeof word - 1;
        memcpy(wanted + size, "你好，", 9);
        size += 9;
    }
    static char memory[TEXT_MAX];
    struct buf out = buf_over(memory, sizeof memory);
    enum charset hint = CHARSET_UNKNOWN;
    (void)decode(slice_of(value, n), &hint, &out);
    assert_int_equal(out.size, size + 1);
    assert_memory_equal(memory, wanted, size);
}

static double cost(struct slice piece, size_t size)
{
    char *value = (char *)malloc(size);
    char *memory = (char *)malloc(4 * size);
    assert_true(value != NULL && memory != NULL);
    for (size_t n = 0; n < size; n++)
        value[n] = piece.data[n % piece.size];
    struct buf out = buf_over(memory, 4 * size);
    enum charset hint = CHARSET_UNKNOWN;
    clock_t begun = clock();
    (void)encoded_word_decode(slice_of(value, size), &hint, &out);
    double spent = (double)(clock() - begun) / CLOCKS_PER_SEC;
    assert_false(out.overflow);
    free(value);
    free(memory);
    return spent;
}

/* Eight times the octets would cost 64 times as much if anything were looked at again and again. */
static void i4_hostile_values_cost_time_linear_in_their_size(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "=?",      "=?a?Q?",        "=?a?Q? ", "=?a?Q?=?=",  "?=41",     "=?a?Q?b?=",
        "=?a?B?b", "=?u?Q?\xe4?= ", "=?a?Q?",  "=?a?Q?b?=4", "x\r\n =?", "?=41=?a?Q?"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        double small = cost(slice_str(pieces[i]), 32 * 1024);
        double large = cost(slice_str(pieces[i]), 256 * 1024);
        if (large > 24 * small + 0.2)
            fail_msg("\"%s\": %.3f s, then %.3f s", pieces[i], small, large);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i4_text_without_words_stays_and_folding_is_removed),
        cmocka_unit_test(i4_words_in_b_and_q_and_either_case_are_decoded),
        cmocka_unit_test(i4_blanks_between_words_vanish_and_others_stay),
        cmocka_unit_test(i4_adjacent_words_of_one_charset_are_joined_before_it_is_decoded),
        cmocka_unit_test(i4_base64_quanta_may_be_split_across_words),
        cmocka_unit_test(i4_missing_padding_of_a_word_is_no_split_quantum),
        cmocka_unit_test(i4_blanks_may_be_missing_between_words_and_text),
        cmocka_unit_test(i4_words_inside_quotes_and_comments_are_decoded),
        cmocka_unit_test(i4_blanks_and_line_ends_within_words_are_read),
        cmocka_unit_test(i4_what_is_no_word_stays_as_it_stands),
        cmocka_unit_test(i4_question_marks_and_escapes_that_are_none_stay_in_q),
        cmocka_unit_test(i4_unknown_and_false_charsets_are_guessed),
        cmocka_unit_test(i4_a_character_that_is_cut_is_one_replacement),
        cmocka_unit_test(i4_raw_utf8_stays_and_other_raw_octets_are_guessed),
        cmocka_unit_test(i4_utf8_with_a_broken_octet_is_still_utf8),
        cmocka_unit_test(i4_a_hint_decides_raw_octets_and_tells_what_was_used),
        cmocka_unit_test(i4_nul_and_line_ends_in_words_leave_as_text),
        cmocka_unit_test(i4_text_that_does_not_fit_is_cut_at_a_character),
        cmocka_unit_test(i4_long_rows_of_words_are_decoded_whole),
        cmocka_unit_test(i4_hostile_values_cost_time_linear_in_their_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
