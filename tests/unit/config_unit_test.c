#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config_unit.h"

static void expect(enum config_unit unit, const char *text, uint64_t value, const char *printed)
{
    uint64_t got = 77;
    char again[CONFIG_UNIT_TEXT];
    assert_true(config_unit_parse(unit, slice_str(text), &got));
    assert_int_equal(got, value);
    config_unit_print(unit, value, again);
    assert_string_equal(again, printed);
}

static void times_and_sizes_have_units(void **state)
{
    (void)state;
    expect(CONFIG_UNIT_TIME, "500ms", 500, "500ms");
    expect(CONFIG_UNIT_TIME, "2s", 2000, "2s");
    expect(CONFIG_UNIT_TIME, "600s", 600000, "10m");
    expect(CONFIG_UNIT_TIME, "90m", 5400000, "90m");
    expect(CONFIG_UNIT_TIME, "7d", 604800000, "7d");
    expect(CONFIG_UNIT_TIME, "0", 0, "0");
    expect(CONFIG_UNIT_TIME, "0s", 0, "0");
    expect(CONFIG_UNIT_SIZE, "25MB", 25000000, "25MB");
    expect(CONFIG_UNIT_SIZE, "64KiB", 65536, "64KiB");
    expect(CONFIG_UNIT_SIZE, "1024MiB", 1u << 30, "1GiB");
    expect(CONFIG_UNIT_SIZE, "1B", 1, "1B");
    expect(CONFIG_UNIT_NONE, "0042", 42, "42");
}

static void what_does_not_fit_is_larger_than_everything(void **state)
{
    (void)state;
    uint64_t got;
    assert_true(config_unit_parse(CONFIG_UNIT_TIME, SLICE("18446744073709551615d"), &got));
    assert_true(got == UINT64_MAX);
    assert_true(config_unit_parse(CONFIG_UNIT_NONE, SLICE("99999999999999999999"), &got));
    assert_true(got == UINT64_MAX);
}

static void a_number_without_its_unit_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "10", "m", "10 m", "-1s", "+1s", "1.5h", "10M", "10min"};
    uint64_t got;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(config_unit_parse(CONFIG_UNIT_TIME, slice_str(bad[i]), &got));
    assert_false(config_unit_parse(CONFIG_UNIT_SIZE, SLICE("64K"), &got));
    assert_false(config_unit_parse(CONFIG_UNIT_NONE, SLICE("64s"), &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_and_sizes_have_units),
        cmocka_unit_test(what_does_not_fit_is_larger_than_everything),
        cmocka_unit_test(a_number_without_its_unit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
