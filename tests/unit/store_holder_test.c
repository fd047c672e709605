#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/store_holder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct holders *holders;

static int set_up(void **state)
{
    (void)state;
    holders = holders_new();
    return holders ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(holders);
    return 0;
}

static struct claim of(const char *path)
{
    return (struct claim){.path = path};
}

/* The claim that it waits behind, or NULL when it has the drop. */
static struct claim *claim(struct claim *c)
{
    struct claim *owner;
    bool has_it = holders_claim(holders, c, &owner);
    assert_int_equal(has_it, owner == NULL);
    return owner;
}

static void the_drop_goes_from_one_to_the_next_in_the_order_they_came(void **state)
{
    struct claim c[4];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        c[i] = of("/mail/alice");
        assert_ptr_equal(claim(&c[i]), i ? &c[0] : NULL);
    }
    assert_ptr_equal(holders_leave(holders, &c[0]), &c[1]);
    assert_ptr_equal(holders_leave(holders, &c[1]), &c[2]);
    assert_ptr_equal(holders_leave(holders, &c[2]), &c[3]);
    assert_null(holders_leave(holders, &c[3]));
}

static void a_waiter_that_leaves_is_passed_over_wherever_it_stood(void **state)
{
    (void)state;
    for (size_t gone = 1; gone < 5; gone++) {
        struct claim c[5];
        for (size_t i = 0; i < 5; i++) {
            c[i] = of("/mail/alice");
            claim(&c[i]);
        }
        assert_null(holders_leave(holders, &c[gone]));
        for (size_t i = 0; i < 5; i++) {
            if (i == gone)
                continue;
            size_t next = i + 1 == gone ? i + 2 : i + 1;
            assert_ptr_equal(holders_leave(holders, &c[i]), next < 5 ? &c[next] : NULL);
        }
    }
}

static void one_that_comes_after_the_last_waiter_left_is_not_lost(void **state)
{
    struct claim owner = of("/a"), waiter = of("/a"), late = of("/a");
    (void)state;
    claim(&owner);
    claim(&waiter);
    assert_null(holders_leave(holders, &waiter));
    assert_ptr_equal(claim(&late), &owner);
    assert_ptr_equal(holders_leave(holders, &owner), &late);
    assert_null(holders_leave(holders, &late));
}

static void one_that_waits_is_told_of_the_present_holder_not_of_the_first(void **state)
{
    struct claim a = of("/a"), b = of("/a"), c = of("/a");
    (void)state;
    claim(&a);
    claim(&b);
    holders_leave(holders, &a);
    assert_ptr_equal(claim(&c), &b);
    holders_leave(holders, &b);
    holders_leave(holders, &c);
}

/* The holder's own path goes with it: what waits must be found by its own. */
static void the_drop_is_found_when_the_first_holder_s_path_is_freed(void **state)
{
    char *first = strdup("/mail/alice"), *second = strdup("/mail/alice");
    struct claim a = of(first), b = of(second), c = of("/mail/alice");
    (void)state;
    claim(&a);
    claim(&b);
    assert_ptr_equal(holders_leave(holders, &a), &b);
    free(first);
    assert_ptr_equal(claim(&c), &b);
    assert_ptr_equal(holders_leave(holders, &b), &c);
    free(second);
    assert_null(holders_leave(holders, &c));
}

static void leaving_twice_and_leaving_without_a_claim_do_nothing(void **state)
{
    struct claim a = of("/a"), b = of("/a"), never = of("/a");
    (void)state;
    claim(&a);
    claim(&b);
    assert_null(holders_leave(holders, &never));
    assert_ptr_equal(holders_leave(holders, &a), &b);
    assert_null(holders_leave(holders, &a));
    assert_null(holders_leave(holders, &b));
    assert_null(claim(&a));
    holders_leave(holders, &a);
}

/* Far more paths than there are places: many share one. */
static void paths_that_share_a_place_are_different_drops(void **state)
{
    enum { MANY = 20000 };
    static char paths[MANY][24];
    static struct claim owners[MANY], waiters[MANY];
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(paths[i], sizeof paths[i], "/mail/%zu", i);
        owners[i] = of(paths[i]);
        assert_null(claim(&owners[i]));
    }
    for (size_t i = 0; i < MANY; i++) {
        waiters[i] = of(paths[i]);
        assert_ptr_equal(claim(&waiters[i]), &owners[i]);
    }
    for (size_t i = 0; i < MANY; i += 3)
        assert_ptr_equal(holders_leave(holders, &owners[i]), &waiters[i]);
    for (size_t i = 0; i < MANY; i++) {
        struct claim late = of(paths[i]);
        assert_ptr_equal(claim(&late), i % 3 ? &owners[i] : &waiters[i]);
        assert_null(holders_leave(holders, &late));
        if (i % 3)
            assert_ptr_equal(holders_leave(holders, &owners[i]), &waiters[i]);
        assert_null(holders_leave(holders, &waiters[i]));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_drop_goes_from_one_to_the_next_in_the_order_they_came),
        TEST(a_waiter_that_leaves_is_passed_over_wherever_it_stood),
        TEST(one_that_comes_after_the_last_waiter_left_is_not_lost),
        TEST(one_that_waits_is_told_of_the_present_holder_not_of_the_first),
        TEST(the_drop_is_found_when_the_first_holder_s_path_is_freed),
        TEST(leaving_twice_and_leaving_without_a_claim_do_nothing),
        TEST(paths_that_share_a_place_are_different_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
