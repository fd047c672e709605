#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/escape.h"

typedef bool (*escaper)(struct buf *, struct slice, size_t);

static void check(escaper escape, struct slice in, size_t limit, const char *expected)
{
    char memory[512];
    struct buf b = buf_over(memory, sizeof memory - 1);
    assert_true(escape(&b, in, limit));
    memory[b.size] = '\0';
    assert_string_equal(memory, expected);
}

static void logfmt_hides_what_could_forge_a_line(void **state)
{
    (void)state;
    check(escape_logfmt, SLICE("ann"), 99, "\"ann\"");
    check(escape_logfmt, SLICE("a\" rip=1.2.3.4 \\"), 99, "\"a\\\" rip=1.2.3.4 \\\\\"");
    check(escape_logfmt, SLICE("x\r\ny\x1b[2J\x7f"), 99, "\"x\\r\\ny\\x1b[2J\\x7f\"");
    check(escape_logfmt, SLICE("\xff\xc3("), 99, "\"\\xff\\xc3(\"");
    check(escape_logfmt, SLICE("\xe2\x80\xae" "evil"), 99, "\"\\xe2\\x80\\xae" "evil\"");
    check(escape_logfmt, SLICE("\xc2\x9b" "1m"), 99, "\"\\xc2\\x9b" "1m\"");
    check(escape_logfmt, SLICE("\xe5\xbc\xa0"), 99, "\"\xe5\xbc\xa0\"");
}

static void long_text_is_cut_and_marked(void **state)
{
    (void)state;
    check(escape_plain, SLICE("abcdef"), 3, "abc\xe2\x80\xa6");
    check(escape_logfmt, SLICE("\xe5\xbc\xa0"), 2, "\"\\xe5\\xbc\xe2\x80\xa6\"");
}

static void json_stays_json(void **state)
{
    (void)state;
    check(escape_json, SLICE("a\"\\\n\x01"), 99, "\"a\\\"\\\\\\n\\u0001\"");
    check(escape_json, SLICE("\xff"), 99, "\"\\ufffd\"");
    check(escape_json, SLICE("\xe2\x80\xae"), 99, "\"\\u202e\"");
}

static void overlong_and_surrogate_forms_are_octets(void **state)
{
    (void)state;
    check(escape_plain, SLICE("\xc0\xaf"), 99, "\\xc0\\xaf");
    check(escape_plain, SLICE("\xed\xa0\x80"), 99, "\\xed\\xa0\\x80");
    check(escape_plain, SLICE("\xf4\x90\x80\x80"), 99, "\\xf4\\x90\\x80\\x80");
}

static void the_text_of_a_mail_keeps_its_lines_and_joiners(void **state)
{
    static const char wanted[] = "a\n\tb\\r\\x1b[2J \"\\ \u200d\u200c"
                                 "|\\xe2\\x80\\xae\\x9b\\xff|\\xc2\\x85";
    char memory[256];
    struct buf b = buf_over(memory, sizeof memory);
    assert_true(escape_text(&b, SLICE("a\n\tb\r\x1b[2J \"\\ \u200d\u200c"), 100));
    assert_true(escape_text(&b, SLICE("\u00ad\u200b\ufeff\u200f|\u202e\x9b\xff|\xc2\x85"), 100));
    assert_int_equal(b.size, sizeof wanted - 1);
    assert_memory_equal(memory, wanted, b.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_of_a_mail_keeps_its_lines_and_joiners),
        cmocka_unit_test(logfmt_hides_what_could_forge_a_line),
        cmocka_unit_test(long_text_is_cut_and_marked),
        cmocka_unit_test(json_stays_json),
        cmocka_unit_test(overlong_and_surrogate_forms_are_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
