#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth_delay.h"
#include "auth/auth_wait.h"

#include <stdlib.h>

static struct auth_delay *d;
static const uint64_t day = 24 * 3600 * 1000;

static int start(void **state)
{
    (void)state;
    return auth_delay_new(&d) != STATUS_OK;
}

static int stop(void **state)
{
    (void)state;
    auth_delay_free(d);
    return 0;
}

static void a_delay_doubles_to_its_end_and_fades(void **state)
{
    (void)state;
    assert_int_equal(auth_delay_failed(d, 1, 0, 2000), 2000);
    assert_int_equal(auth_delay_failed(d, 1, 0, 2000), 4000);
    assert_int_equal(auth_delay_failed(d, 1, 0, 2000), 8000);
    for (int i = 0; i < 100; i++)
        assert_int_equal(auth_delay_failed(d, 1, 0, 2000), 15000);
    assert_int_equal(auth_delay_failed(d, 2, 0, 2000), 2000);
    assert_int_equal(auth_delay_failed(d, 1, 19 * 60000, 2000), 4000);
    assert_int_equal(auth_delay_failed(d, 1, 1900 * 60000, 2000), 2000);
}

static void an_operator_sets_the_first_delay(void **state)
{
    (void)state;
    assert_int_equal(auth_delay_failed(d, 1, 0, 0), 0);
    assert_int_equal(auth_delay_failed(d, 1, 0, 0), 0);
    assert_int_equal(auth_delay_failed(d, 2, 0, 20000), 20000);
    assert_int_equal(auth_delay_failed(d, 2, 0, 20000), 20000);
}

static void trust_is_earned_lost_and_ends(void **state)
{
    (void)state;
    assert_false(auth_delay_is_trusted(d, 1, 0));
    auth_delay_failed(d, 1, 0, 2000);
    assert_false(auth_delay_is_trusted(d, 1, 0));
    auth_delay_proved(d, 1, 0);
    assert_true(auth_delay_is_trusted(d, 1, 0));
    assert_true(auth_delay_is_trusted(d, 1, 30 * day - 2));
    assert_false(auth_delay_is_trusted(d, 1, 30 * day));
    assert_int_equal(auth_delay_failed(d, 1, 5, 2000), 2000);
    for (int i = 0; i < 5; i++)
        auth_delay_failed(d, 1, 5, 2000);
    assert_false(auth_delay_is_trusted(d, 1, 5));
    auth_delay_proved(d, 1, 6);
    assert_true(auth_delay_is_trusted(d, 1, 6));
}

/* A million pairs that only fail push out none that proved itself. */
static void a74_a_flood_of_failures_does_not_wash_trust_away(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        auth_delay_proved(d, i * 2654435761u, 0);
    for (uint64_t i = 0; i < 1000000; i++)
        auth_delay_failed(d, i * 0x9e3779b97f4a7c15u + 1, i, 2000);
    size_t trusted = 0;
    for (uint64_t i = 0; i < 1000; i++)
        trusted += auth_delay_is_trusted(d, i * 2654435761u, 1000000);
    assert_int_equal(trusted, 1000);
}

static void what_waits_comes_in_the_order_of_its_time(void **state)
{
    (void)state;
    struct auth_wait w;
    auth_wait_init(&w);
    uint32_t seed = 3;
    for (int i = 0; i < AUTH_WAIT_MAX + 100; i++) {
        struct auth_waiting *c = calloc(1, sizeof *c);
        seed = seed * 1103515245 + 12345;
        c->due = 1 + (seed >> 8) % 5000;
        auth_wait_until_due(&w, c);
    }
    assert_int_equal(w.count, AUTH_WAIT_MAX);
    assert_int_equal(auth_wait_due(&w), 0);
    struct auth_waiting *c;
    for (int i = 0; i < 100; i++) { /* those for which there was no place */
        assert_non_null(c = auth_wait_next(&w, 0));
        free(c);
    }
    uint64_t last = 0, due;
    size_t count = 0;
    while ((due = auth_wait_due(&w)) != UINT64_MAX) {
        assert_null(auth_wait_next(&w, due - 1));
        assert_non_null(c = auth_wait_next(&w, due));
        assert_true(c->due >= last);
        last = c->due;
        count++;
        free(c);
    }
    assert_int_equal(count, AUTH_WAIT_MAX);
    auth_wait_wipe(&w);
}

#define CLAIM(claim) cmocka_unit_test_setup_teardown(claim, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_delay_doubles_to_its_end_and_fades),
        CLAIM(an_operator_sets_the_first_delay),
        CLAIM(trust_is_earned_lost_and_ends),
        CLAIM(a74_a_flood_of_failures_does_not_wash_trust_away),
        CLAIM(what_waits_comes_in_the_order_of_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
