#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

static void what_does_not_fit_is_left_out_whole(void **state)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    assert_true(buf_put_str(&b, "12345"));
    assert_false(buf_put_str(&b, "6789"));
    assert_true(b.overflow);
    assert_int_equal(b.size, 5);
    assert_true(buf_put_str(&b, "678"));
    assert_true(b.overflow);
}

static void numbers_are_written_in_full(void **state)
{
    char memory[64];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    buf_put_u64(&b, 0);
    buf_put_char(&b, ' ');
    buf_put_u64(&b, UINT64_MAX);
    assert_true(slice_equal(buf_slice(&b), SLICE("0 18446744073709551615")));
}

static void print_needs_room_for_all(void **state)
{
    char memory[4];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    assert_false(buf_printf(&b, "%d", 12345));
    assert_int_equal(b.size, 0);
    assert_true(b.overflow);
    buf_clear(&b);
    assert_true(buf_printf(&b, "%d", 123));
    assert_int_equal(b.size, 3);
}

static void consume_moves_the_rest_forward(void **state)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    buf_put_str(&b, "abcdef");
    buf_consume(&b, 4);
    assert_true(slice_equal(buf_slice(&b), SLICE("ef")));
    assert_int_equal(buf_room(&b), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
        cmocka_unit_test(numbers_are_written_in_full),
        cmocka_unit_test(print_needs_room_for_all),
        cmocka_unit_test(consume_moves_the_rest_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
