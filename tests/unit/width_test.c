#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/width.h"

static char memory[256];

static const char *cell(const char *text, size_t columns, bool padded, size_t *used)
{
    struct buf b = buf_over(memory, sizeof memory - 1);
    *used = width_put_cell(&b, slice_str(text), columns, padded);
    memory[b.size] = '\0';
    return memory;
}

static void wide_scripts_take_two_columns_and_marks_none(void **state)
{
    (void)state;
    assert_int_equal(width_of_point('a'), 1);
    assert_int_equal(width_of_point(0xe9), 1);
    assert_int_equal(width_of_point(0x301), 0);
    assert_int_equal(width_of_point(0x4f60), 2);
    assert_int_equal(width_of_point(0x3042), 2);
    assert_int_equal(width_of_point(0xd55c), 2);
    assert_int_equal(width_of_point(0x1160), 0);
    assert_int_equal(width_of_point(0xff21), 2);
    assert_int_equal(width_of_point(0xff71), 1);
    assert_int_equal(width_of_point(0x1f600), 2);
    assert_int_equal(width_of_point(0x20000), 2);
    assert_int_equal(width_of_point(0x10ffff), 1);
}

static void a_cell_is_padded_to_its_columns(void **state)
{
    size_t used;
    (void)state;
    assert_string_equal(cell("ab", 4, true, &used), "ab  ");
    assert_int_equal(used, 4);
    assert_string_equal(cell("你好", 6, true, &used), "你好  ");
    assert_string_equal(cell("e\xcc\x81x", 3, true, &used), "e\xcc\x81x ");
    assert_string_equal(cell("", 2, true, &used), "  ");
    assert_string_equal(cell("ab", 4, false, &used), "ab");
    assert_int_equal(used, 2);
}

static void a_cell_is_cut_between_characters(void **state)
{
    size_t used;
    (void)state;
    assert_string_equal(cell("abcdef", 4, true, &used), "abc…");
    assert_int_equal(used, 4);
    assert_string_equal(cell("你好吗", 5, true, &used), "你好…");
    assert_string_equal(cell("你好吗", 4, true, &used), "你… ");
    assert_int_equal(used, 4);
    assert_string_equal(cell("你好", 4, true, &used), "你好");
    assert_string_equal(cell("abc", 0, true, &used), "");
}

static void a55_what_a_terminal_obeys_is_not_shown(void **state)
{
    size_t used;
    (void)state;
    assert_string_equal(cell("\x1b[2J", 10, false, &used), "�[2J");
    assert_string_equal(cell("\xc2\x9b"
                             "1m",
                             10, false, &used),
                        "�1m");
    assert_string_equal(cell("a\xe2\x80\xae"
                             "b",
                             10, false, &used),
                        "a�b");
    assert_string_equal(cell("\r\n\t\x7f", 10, false, &used), "����");
    assert_int_equal(used, 4);
    assert_string_equal(cell("\xff\xc3", 10, false, &used), "��");
    assert_string_equal(cell("\xed\xa0\x80", 10, false, &used), "���");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_scripts_take_two_columns_and_marks_none),
        cmocka_unit_test(a_cell_is_padded_to_its_columns),
        cmocka_unit_test(a_cell_is_cut_between_characters),
        cmocka_unit_test(a55_what_a_terminal_obeys_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
