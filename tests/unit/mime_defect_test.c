#include "mime/mime_parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_code_has_a_name_of_its_own_and_a_text(void **state)
{
    for (int c = 1; c < MIME_DEFECT_COUNT; c++) {
        assert_string_not_equal(mime_defect_name(c), "unknown");
        assert_true(strlen(mime_defect_text(c)) > 5);
        for (int other = 1; other < c; other++)
            assert_string_not_equal(mime_defect_name(c), mime_defect_name(other));
    }
}

static void what_is_no_code_is_unknown(void **state)
{
    assert_string_equal(mime_defect_name(0), "unknown");
    assert_string_equal(mime_defect_name(MIME_DEFECT_COUNT), "unknown");
    assert_string_equal(mime_defect_name((enum mime_defect_code) - 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_name_of_its_own_and_a_text),
        cmocka_unit_test(what_is_no_code_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
