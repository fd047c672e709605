#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static _Alignas(16) char memory[64];

static void what_does_not_fit_is_refused_and_takes_nothing(void **state)
{
    struct arena a = arena_over(memory, 16);
    assert_ptr_equal(arena_take(&a, 10, 1), memory);
    assert_null(arena_take(&a, 7, 1));
    assert_null(arena_take(&a, SIZE_MAX, 8));
    assert_int_equal(a.size, 10);
    assert_ptr_equal(arena_take(&a, 6, 1), memory + 10);
    assert_non_null(arena_take(&a, 0, 1));
    assert_null(arena_take(&a, 1, 1));
}

static void memory_is_aligned_as_asked(void **state)
{
    struct arena a = arena_over(memory, sizeof memory);
    assert_non_null(arena_take(&a, 3, 1));
    assert_ptr_equal(arena_take(&a, 8, 8), memory + 8);
    assert_ptr_equal(ARENA_NEW(&a, uint32_t, 2), memory + 16);
}

static void the_last_grows_in_place_and_others_are_copied(void **state)
{
    struct arena a = arena_over(memory, sizeof memory);
    char *first = arena_take(&a, 4, 1);
    memcpy(first, "abcd", 4);
    assert_ptr_equal(arena_grow(&a, first, 4, 8, 1), first);
    assert_int_equal(a.size, 8);
    char *second = arena_take(&a, 1, 1);
    *second = 'x';
    char *moved = arena_grow(&a, first, 8, 12, 1);
    assert_ptr_equal(moved, memory + 9);
    assert_memory_equal(moved, "abcd", 4);
    assert_int_equal(*second, 'x');
    assert_null(arena_grow(&a, moved, 12, sizeof memory, 1));
    assert_int_equal(a.size, 21);
}

static void a_copy_is_whole_or_null(void **state)
{
    struct arena a = arena_over(memory, 4);
    struct slice none = arena_copy(&a, (struct slice){NULL, 0});
    assert_non_null(none.data);
    assert_null(arena_copy(&a, SLICE("abcde")).data);
    assert_true(slice_equal(arena_copy(&a, SLICE("abcd")), SLICE("abcd")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_is_refused_and_takes_nothing),
        cmocka_unit_test(memory_is_aligned_as_asked),
        cmocka_unit_test(the_last_grows_in_place_and_others_are_copied),
        cmocka_unit_test(a_copy_is_whole_or_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
