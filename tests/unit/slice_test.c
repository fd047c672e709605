#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/slice.h"

static void numbers_are_digits_only(void **state)
{
    static const char *const bad[] = {"", "+1", "-1", " 1", "1 ", "0x1", "1e0", "1abc", "\xd9\xa1"};
    uint64_t n;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(slice_parse_u64(slice_str(bad[i]), &n));
    assert_true(slice_parse_u64(SLICE("007"), &n));
    assert_int_equal(n, 7);
}

static void numbers_too_large_stay_the_largest(void **state)
{
    uint64_t n = 0;
    (void)state;
    assert_true(slice_parse_u64(SLICE("18446744073709551615"), &n));
    assert_true(n == UINT64_MAX);
    assert_true(slice_parse_u64(SLICE("18446744073709551616"), &n));
    assert_true(n == UINT64_MAX);
    assert_true(slice_parse_u64(SLICE("100000000000000000000000000000001"), &n));
    assert_true(n == UINT64_MAX);
}

static void letters_compare_whatever_their_case(void **state)
{
    (void)state;
    assert_true(slice_equal_nocase(SLICE("ReTr"), SLICE("RETR")));
    assert_false(slice_equal_nocase(SLICE("RETR"), SLICE("RETRX")));
    assert_false(slice_equal_nocase(SLICE("@"), SLICE("`")));
    assert_true(slice_equal_nocase(slice_of(NULL, 0), SLICE("")));
}

static void prefixes_and_finding(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SLICE("a:b:c"), ':'), 1);
    assert_int_equal(slice_find(SLICE("abc"), ':'), 3);
    assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
    assert_false(slice_starts(SLICE("a"), SLICE("ab")));
    assert_true(slice_ends(SLICE("abc"), SLICE("bc")));
    assert_false(slice_ends(SLICE("c"), SLICE("bc")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_digits_only),
        cmocka_unit_test(numbers_too_large_stay_the_largest),
        cmocka_unit_test(letters_compare_whatever_their_case),
        cmocka_unit_test(prefixes_and_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
