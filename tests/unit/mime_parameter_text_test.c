#include "codec/encoded_word.h"
#include "mime/mime_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct form {
    const char *charset; /* NULL: not extended */
    const char *value, *text;
    unsigned bits; /* of encoded_word.h that must be set, and no other */
};

static void check(const struct form *forms, size_t count, enum charset hint)
{
    for (size_t i = 0; i < count; i++) {
        const struct form *f = &forms[i];
        char memory[1024];
        struct buf out = buf_over(memory, sizeof memory);
        enum charset c = hint;
        struct mime_parameter p = {SLICE("filename"), slice_str(f->value),
                                   slice_str(f->charset ? f->charset : ""), f->charset != NULL};
        unsigned bits = mime_parameter_text(&p, &c, &out);
        if (!slice_equal(buf_slice(&out), slice_str(f->text)) || bits != f->bits)
            fail_msg("%s: %.*s (%u)", f->value, SLICE_ARGS(buf_slice(&out)), bits);
    }
}

#define CHECK(forms, hint) check(forms, sizeof forms / sizeof *forms, hint)

static void rfc2231_text_is_of_its_charset(void **state)
{
    static const struct form forms[] = {
        {"utf-8", "发票.pdf", "发票.pdf", 0},
        {"UTF-8", "", "", 0},
        {"gb2312", "\xb7\xa2\xc6\xb1.pdf", "发票.pdf", 0},
        {"GBK", "\xb7\xa2\xc6\xb1.pdf", "发票.pdf", 0},
        {"iso-8859-1", "M\xfcller \x80.pdf", "Müller €.pdf", 0},
        {"koi8-r", "\xd3\xde\xc5\xd4.doc", "счет.doc", 0},
        {"iso-2022-jp", "\x1b$B5HED3X\x1b(B.txt", "吉田学.txt", 0},
        {"utf-7", "a+APw-b", "aüb", 0},
        {"us-ascii", "a b", "a b", 0},
    };
    CHECK(forms, CHARSET_UNKNOWN);
}

static void a_false_or_unknown_charset_is_guessed(void **state)
{
    static const struct form forms[] = {
        {"utf-8", "\xb7\xa2\xc6\xb1.pdf", "发票.pdf", ENCODED_WORD_CHARSET},
        {"us-ascii", "发票.pdf", "发票.pdf", ENCODED_WORD_CHARSET},
        {"x-unknown", "发票.pdf", "发票.pdf", ENCODED_WORD_CHARSET},
        {"x-unknown", "\xb7\xa2\xc6\xb1.pdf", "发票.pdf", ENCODED_WORD_CHARSET},
        {"", "发票.pdf", "发票.pdf", 0},
        {"", "\xb7\xa2\xc6\xb1.pdf", "发票.pdf", ENCODED_WORD_RAW},
        {"x-unknown", "a.pdf", "a.pdf", 0},
    };
    CHECK(forms, CHARSET_GB18030);
}

static void words_within_a_parameter_are_decoded(void **state)
{
    static const struct form forms[] = {
        {NULL, "=?UTF-8?B?5Y+R56Wo?=.pdf", "发票.pdf", ENCODED_WORD_BLANKS},
        {NULL, "=?UTF-8?B?5Y+R56WoLnBkZg==?=", "发票.pdf", 0},
        {NULL, "=?UTF-8?Q?a=20b.pdf?=", "a b.pdf", 0},
        {NULL, "=?UTF-8?B?5Y+R?= =?UTF-8?B?56WoLnBkZg==?=", "发票.pdf", 0},
        {NULL, "=?UTF-8?B?5Y+R?=\r\n =?UTF-8?B?56WoLnBkZg==?=", "发票.pdf", 0},
        {NULL, "=?UTF-8?B?5Y8=?= =?UTF-8?B?keelqA==?=", "发票", 0},
        {NULL, "=?gb18030?B?t6LGsS5wZGY=?=", "发票.pdf", 0},
        {"utf-8", "=?UTF-8?B?5Y+R56WoLnBkZg==?=", "发票.pdf", 0},
    };
    CHECK(forms, CHARSET_UNKNOWN);
}

static void raw_octets_are_of_the_neighbours_charset(void **state)
{
    static const struct form forms[] = {
        {NULL, "a b.pdf", "a b.pdf", 0},
        {NULL, "发票.pdf", "发票.pdf", 0},
        {NULL, "\xb7\xa2\xc6\xb1.pdf", "发票.pdf", ENCODED_WORD_RAW},
        {NULL, "=?=.pdf", "=?=.pdf", 0},
        {NULL, "%E5%8F%91.pdf", "%E5%8F%91.pdf", 0},
    };
    CHECK(forms, CHARSET_GB18030);
}

static void the_hint_is_what_was_used(void **state)
{
    char memory[64];
    struct buf out = buf_over(memory, sizeof memory);
    enum charset hint = CHARSET_UNKNOWN;
    struct mime_parameter p = {SLICE("name"), SLICE("\xb7\xa2"), SLICE("gbk"), true};
    assert_int_equal(mime_parameter_text(&p, &hint, &out), 0);
    assert_int_equal(hint, CHARSET_GB18030);
    p.value = SLICE("abc");
    p.charset = SLICE("utf-8");
    assert_int_equal(mime_parameter_text(&p, &hint, &out), 0);
    assert_int_equal(hint, CHARSET_GB18030);
}

static void what_does_not_fit_is_cut_at_a_character(void **state)
{
    struct mime_parameter p = {SLICE("name"), SLICE("发票发票"), SLICE("utf-8"), true};
    for (size_t room = 0; room < 12; room++) {
        char memory[12];
        struct buf out = buf_over(memory, room);
        enum charset hint = CHARSET_UNKNOWN;
        (void)mime_parameter_text(&p, &hint, &out);
        assert_true(out.overflow);
        assert_int_equal(out.size, room - room % 3);
        assert_true(charset_is_utf8(buf_slice(&out)));
    }
}

static void nul_is_a_replacement(void **state)
{
    char memory[64];
    struct buf out = buf_over(memory, sizeof memory);
    enum charset hint = CHARSET_UNKNOWN;
    struct mime_parameter p = {SLICE("name"), SLICE("a\0b"), SLICE("utf-8"), true};
    (void)mime_parameter_text(&p, &hint, &out);
    assert_true(slice_equal(buf_slice(&out), SLICE("a\xef\xbf\xbd"
                                                   "b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2231_text_is_of_its_charset),
        cmocka_unit_test(a_false_or_unknown_charset_is_guessed),
        cmocka_unit_test(words_within_a_parameter_are_decoded),
        cmocka_unit_test(raw_octets_are_of_the_neighbours_charset),
        cmocka_unit_test(the_hint_is_what_was_used),
        cmocka_unit_test(what_does_not_fit_is_cut_at_a_character),
        cmocka_unit_test(nul_is_a_replacement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
