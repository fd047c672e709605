#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth_cache.h"

static struct auth_cache *c;

static int start(void **state)
{
    (void)state;
    return auth_cache_new(64, 1000, &c) != STATUS_OK;
}

static int stop(void **state)
{
    (void)state;
    auth_cache_free(c);
    return 0;
}

static struct auth_mac mac(const char *user, const char *secret, const char *password)
{
    return auth_cache_mac(c, slice_str(user), slice_str(secret), slice_str(password));
}

static void what_was_put_is_there_until_its_time(void **state)
{
    (void)state;
    struct auth_mac m = mac("ann", "h", "p");
    assert_false(auth_cache_has(c, 5, &m));
    auth_cache_put(c, 5, &m);
    assert_true(auth_cache_has(c, 1004, &m));
    assert_false(auth_cache_has(c, 1005, &m));
    auth_cache_put(c, 2000, &m);
    auth_cache_clear(c);
    assert_false(auth_cache_has(c, 2000, &m));
}

static void a23_no_other_split_of_the_same_octets_is_proved(void **state)
{
    (void)state;
    struct auth_mac m = mac("ann", "hash", "pass");
    auth_cache_put(c, 0, &m);
    const char *const others[][3] = {{"annh", "ash", "pass"},  {"ann", "hashp", "ass"},
                                     {"an", "nhash", "pass"},  {"bob", "hash", "pass"},
                                     {"ann", "hash2", "pass"}, {"ann", "hash", "pas"},
                                     {"", "annhash", "pass"},  {"ann", "hash", ""}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        m = mac(others[i][0], others[i][1], others[i][2]);
        assert_false(auth_cache_has(c, 0, &m));
    }
}

static void a80_keys_of_two_caches_differ(void **state)
{
    (void)state;
    struct auth_cache *other;
    assert_int_equal(auth_cache_new(64, 1000, &other), STATUS_OK);
    struct auth_mac here = mac("ann", "h", "p");
    struct auth_mac there = auth_cache_mac(other, SLICE("ann"), SLICE("h"), SLICE("p"));
    assert_memory_not_equal(&here, &there, sizeof here);
    auth_cache_free(other);
}

/* A thousand proofs in 64 places: the last one is always there, and no more than 64 are. */
static void it_never_holds_more_than_its_places(void **state)
{
    (void)state;
    char user[5] = "u000";
    size_t held = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 1000; i++) {
            user[1] = (char)('0' + i / 100);
            user[2] = (char)('0' + i / 10 % 10);
            user[3] = (char)('0' + i % 10);
            struct auth_mac m = mac(user, "h", "p");
            if (pass == 0)
                auth_cache_put(c, (uint64_t)i / 10, &m);
            assert_true(pass == 1 || auth_cache_has(c, (uint64_t)i / 10, &m));
            held += pass == 1 && auth_cache_has(c, 0, &m);
        }
    assert_true(held > 32);
    assert_true(held <= 64);
}

#define CLAIM(claim) cmocka_unit_test_setup_teardown(claim, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(what_was_put_is_there_until_its_time),
        CLAIM(a23_no_other_split_of_the_same_octets_is_proved),
        CLAIM(a80_keys_of_two_caches_differ),
        CLAIM(it_never_holds_more_than_its_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
