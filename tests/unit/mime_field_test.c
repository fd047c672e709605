#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mime/mime_field.h"

static void expect_fields(const char *header, const char *printed)
{
    char out[1024];
    struct buf b = buf_over(out, sizeof out - 1);
    struct slice rest = slice_str(header);
    struct mime_field f;
    while (mime_field_next(&rest, &f))
        buf_printf(&b, "%.*s=%.*s|", SLICE_ARGS(f.name), SLICE_ARGS(f.value));
    out[b.size] = '\0';
    assert_string_equal(out, printed);
    assert_int_equal(rest.size, 0);
}

static void rfc5322_2_2_a_field_is_a_name_and_a_value(void **state)
{
    expect_fields("Subject: one two \r\nTo:x\r\n", "Subject=one two|To=x|");
    expect_fields("Subject: x", "Subject=x|");
    expect_fields("", "");
    expect_fields("A:\r\nB: \r\n", "A=|B=|");
}

static void rfc5322_2_2_3_lines_that_begin_with_a_blank_go_on(void **state)
{
    expect_fields("A: x\r\n y\r\n\tz\r\nB: 1\r\n", "A=x\r\n y\r\n\tz|B=1|");
    expect_fields("A:\n x\n \nB: 1\n", "A=x|B=1|");
}

static void rfc5322_4_5_blanks_before_the_colon_are_no_part_of_the_name(void **state)
{
    expect_fields("Subject \t : x\n", "Subject=x|");
}

static void lines_that_are_no_field_are_skipped_with_what_is_folded_to_them(void **state)
{
    expect_fields("From a@b Mon Jan  1 00:00:00 2024\n x: y\nA: 1\nno field here\n: empty\nB: 2\n",
                  "A=1|B=2|");
    expect_fields("two words: x\nA\x01: x\n\xc3\xa4: x\n\n\nC: 3", "C=3|");
}

static void a_field_is_found_in_any_case_and_the_first_counts(void **state)
{
    struct slice header = SLICE("X: 0\r\nSubject: 1\r\nSUBJECT: 2\r\n");
    struct mime_field f;
    assert_true(mime_field_find(header, SLICE("subJect"), &f));
    assert_true(slice_equal(f.value, SLICE("1")));
    assert_int_equal(f.offset, 6);
    assert_false(mime_field_find(header, SLICE("Subjec"), &f));
}

static void a_field_whose_colon_is_folded_counts_where_it_is_the_only_one(void **state)
{
    struct mime_field f;
    assert_true(mime_field_find(SLICE("From\n : a@b\nFrom: c@d\n"), SLICE("from"), &f));
    assert_true(slice_equal(f.value, SLICE("c@d")));
    assert_int_equal(f.offset, 12);
    assert_true(mime_field_find(SLICE("From\n : a@b\nFrom\n : c@d\n"), SLICE("from"), &f));
    assert_true(slice_equal(f.value, SLICE("a@b")));
    assert_int_equal(f.offset, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5322_2_2_a_field_is_a_name_and_a_value),
        cmocka_unit_test(rfc5322_2_2_3_lines_that_begin_with_a_blank_go_on),
        cmocka_unit_test(rfc5322_4_5_blanks_before_the_colon_are_no_part_of_the_name),
        cmocka_unit_test(lines_that_are_no_field_are_skipped_with_what_is_folded_to_them),
        cmocka_unit_test(a_field_is_found_in_any_case_and_the_first_counts),
        cmocka_unit_test(a_field_whose_colon_is_folded_counts_where_it_is_the_only_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
