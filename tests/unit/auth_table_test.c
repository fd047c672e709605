#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth_sessions.h"
#include "auth/auth_table.h"

/* Keys from a small range, added and removed at random: the table must say what an array says. */
static void property_a_table_is_an_array_by_other_means(void **state)
{
    (void)state;
    enum { KEYS = 300 };
    static uint64_t expected[KEYS];
    struct auth_table t = {0};
    uint32_t seed = 7;
    size_t count = 0;
    for (uint64_t round = 1; round < 60000; round++) {
        seed = seed * 1103515245 + 12345;
        uint64_t i = (seed >> 8) % KEYS, key = i << 40 | i << 3;
        struct auth_entry *e = auth_table_find(&t, key);
        assert_int_equal(e ? e->a : 0, expected[i]);
        bool is_removed = e && (seed >> 20) % 2 == 0;
        if (is_removed)
            auth_table_remove(&t, e);
        else
            auth_table_add(&t, key)->a = round;
        count += (e ? 0 : 1) - (is_removed ? 1 : 0);
        expected[i] = is_removed ? 0 : round;
        assert_int_equal(t.count, count);
    }
    for (uint64_t i = 0; i < KEYS; i++) {
        struct auth_entry *e = auth_table_find(&t, i << 40 | i << 3);
        assert_int_equal(e ? e->a : 0, expected[i]);
    }
    auth_table_wipe(&t);
}

/* Ten thousand sessions come and go: nothing is left in any of the counts. */
static void sessions_that_end_leave_nothing_behind(void **state)
{
    (void)state;
    struct auth_sessions s = {0};
    for (uint64_t id = 0; id < 10000; id++)
        assert_int_equal(auth_sessions_begin(&s, id, id % 7, id % 1000), STATUS_OK);
    assert_int_equal(auth_sessions_begin(&s, 5, 1, 1), STATUS_EXISTS);
    const struct auth_sessions_limits full = {.per_user = 10}, free_place = {.per_user = 11};
    assert_string_equal(auth_sessions_full(&s, &full, 1, 1), "per-user");
    assert_null(auth_sessions_full(&s, &free_place, 1, 1));
    for (uint64_t id = 0; id < 10000; id++)
        auth_sessions_end(&s, (id * 7919) % 10000);
    assert_int_equal(s.sessions.count, 0);
    assert_int_equal(s.per_address.count, 0);
    assert_int_equal(s.per_user.count, 0);
    auth_sessions_wipe(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(property_a_table_is_an_array_by_other_means),
        cmocka_unit_test(sessions_that_end_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
