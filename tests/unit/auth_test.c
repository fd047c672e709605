#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/auth_hash.h"
#include "base/buf.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>

/* The clock of these tests is what they say it is; cheap hashes keep them short. */

static struct auth *a;
static uint64_t now;
static struct sockaddr_storage home, away;
static char users[4096], ann_secret[AUTH_HASH_SECRET_MAX], bob_secret[AUTH_HASH_SECRET_MAX];

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&s;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
        s.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
        s.ss_family = AF_INET6;
    return s;
}

static void set_users(const char *text)
{
    char why[200];
    assert_int_equal(auth_set_users(a, slice_str(text), why), STATUS_OK);
}

static int start(void **state)
{
    (void)state;
    const struct auth_options options = {.hash_threads = 2, .fail_delay = 2000};
    now = 1000000;
    home = address("192.0.2.1");
    away = address("198.51.100.7");
    assert_int_equal(auth_new(&options, &a), STATUS_OK);
    snprintf(users, sizeof users, "ann:%s\nbob:%s\neve:{PLAIN}eve's\nold:*\n", ann_secret,
             bob_secret);
    set_users(users);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    auth_free(a);
    return 0;
}

static void ask_from(const struct sockaddr_storage *from, uint64_t id, struct slice user,
                     struct slice password)
{
    assert_int_equal(auth_check(a, now, id, user, password, from), STATUS_OK);
}

/* Waits for the threads, not for the clock; false: no decision is due at `now`. */
static bool next(struct auth_decision *d)
{
    struct pollfd p = {auth_descriptor(a), POLLIN, 0};
    while (!auth_next(a, now, d)) {
        if (auth_due(a) != UINT64_MAX)
            return false;
        if (poll(&p, 1, 5000) != 1)
            return false;
    }
    return true;
}

/* The decision, the clock moved to where it is due. */
static struct auth_decision decide(void)
{
    struct auth_decision d;
    if (!next(&d)) {
        assert_true(auth_due(a) != UINT64_MAX);
        now = auth_due(a);
        assert_true(auth_next(a, now, &d));
    }
    return d;
}

static struct auth_decision login(uint64_t id, const char *user, const char *password)
{
    ask_from(&home, id, slice_str(user), slice_str(password));
    struct auth_decision d = decide();
    assert_int_equal(d.id, id);
    return d;
}

static void denied(struct auth_decision d, const char *reason)
{
    assert_int_equal(d.status, STATUS_DENIED);
    assert_string_equal(d.reason, reason);
    assert_int_equal(d.user.name.size, 0);
}

static void right_passwords_log_in(void **state)
{
    (void)state;
    struct auth_decision d = login(1, "ann", "ann's");
    assert_int_equal(d.status, STATUS_OK);
    assert_true(slice_equal(d.user.name, SLICE("ann")));
    assert_false(d.cached);
    assert_int_equal(login(2, "eve", "eve's").status, STATUS_OK);
    denied(login(3, "ann", "bob's"), "password");
    denied(login(4, "eve", "ann's"), "password");
    denied(login(5, "old", "*"), "locked");
    assert_int_equal(auth_sessions(a), 2);
}

static void a_proved_password_is_not_hashed_again(void **state)
{
    (void)state;
    assert_false(login(1, "ann", "ann's").cached);
    assert_int_equal(auth_hashes(a), 1);
    ask_from(&away, 2, SLICE("ann"), SLICE("ann's"));
    struct auth_decision d;
    assert_true(auth_next(a, now, &d));
    assert_true(d.cached);
    assert_int_equal(d.status, STATUS_OK);
    assert_int_equal(auth_hashes(a), 1);
    now += 600001;
    assert_false(login(3, "ann", "ann's").cached);
}

static void s20_a22_unknown_users_cost_and_wait_like_known_ones(void **state)
{
    (void)state;
    static const char *const names[] = {"ann", "nobody", "../ann", "", "x y", "old"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char why[200];
        snprintf(users, sizeof users, "ann:%s\nold:*\n", ann_secret);
        assert_int_equal(auth_set_users(a, slice_str(users), why), STATUS_OK);
        uint64_t hashes = auth_hashes(a), asked = now;
        struct auth_decision d = login(i, names[i], "wrong");
        assert_int_equal(d.status, STATUS_DENIED);
        assert_int_equal(auth_hashes(a), hashes + 1);
        assert_int_equal(now - asked, 2000);
    }
}

/* A guess that happens to be the decoy's password opens nothing, now or later. */
static void a22_the_decoy_lends_nobody_its_password(void **state)
{
    (void)state;
    snprintf(users, sizeof users, "ann:%s\n", ann_secret);
    set_users(users);
    for (uint64_t i = 0; i < 3; i++)
        denied(login(i, "nobody", "ann's"), "no-user");
    denied(login(9, "an", "ann's"), "no-user");
    assert_int_equal(auth_hashes(a), 4);
    assert_int_equal(auth_sessions(a), 0);
}

static void s21_an_empty_password_never_logs_in(void **state)
{
    (void)state;
    uint64_t hashes = auth_hashes(a);
    snprintf(users, sizeof users, "ann:%s\n", ann_secret);
    set_users(users);
    denied(login(1, "ann", ""), "empty-password");
    assert_int_equal(auth_hashes(a), hashes + 1);
}

static void s22_a_database_that_is_away_is_not_a_wrong_password(void **state)
{
    (void)state;
    auth_set_unavailable(a);
    struct auth_decision d = login(1, "ann", "ann's");
    assert_int_equal(d.status, STATUS_TEMPORARY);
    assert_string_equal(d.reason, "database");
    assert_int_equal(login(2, "nobody", "").status, STATUS_TEMPORARY);
    set_users(users);
    assert_int_equal(login(3, "ann", "ann's").status, STATUS_OK);
}

static void s22_a_user_file_that_never_was_good_is_permanent(void **state)
{
    (void)state;
    char why[200];
    const struct auth_options options = {.hash_threads = 1};
    auth_free(a);
    assert_int_equal(auth_new(&options, &a), STATUS_OK);
    assert_int_equal(login(1, "ann", "x").status, STATUS_TEMPORARY);
    assert_int_equal(auth_set_users(a, SLICE("ann\n"), why), STATUS_MALFORMED);
    assert_string_equal(why, "line 1: no colon behind the user name");
    assert_int_equal(login(2, "ann", "x").status, STATUS_PERMANENT);
}

static void a_bad_user_file_leaves_the_old_users(void **state)
{
    (void)state;
    char why[200];
    assert_int_equal(auth_set_users(a, SLICE("ann:{ROT}x\n"), why), STATUS_MALFORMED);
    assert_int_equal(login(1, "ann", "ann's").status, STATUS_OK);
}

static void a23_a_changed_or_deleted_user_is_not_proved_by_the_past(void **state)
{
    (void)state;
    assert_int_equal(login(1, "ann", "ann's").status, STATUS_OK);
    snprintf(users, sizeof users, "ann:%s\n", bob_secret);
    set_users(users);
    denied(login(2, "ann", "ann's"), "password");
    assert_int_equal(login(3, "ann", "bob's").status, STATUS_OK);
    snprintf(users, sizeof users, "bob:%s\n", bob_secret);
    set_users(users);
    denied(login(4, "ann", "bob's"), "no-user");
}

static void a23_users_that_change_under_a_check_void_it(void **state)
{
    (void)state;
    ask_from(&home, 1, SLICE("ann"), SLICE("ann's"));
    ask_from(&home, 2, SLICE("eve"), SLICE("eve's"));
    snprintf(users, sizeof users, "ann:%s\n", bob_secret);
    set_users(users);
    for (int i = 0; i < 2; i++) {
        struct auth_decision d = decide();
        assert_int_equal(d.status, STATUS_TEMPORARY);
        assert_string_equal(d.reason, "users-changed");
    }
    assert_int_equal(auth_sessions(a), 0);
    denied(login(3, "ann", "ann's"), "password");
}

/* Random logins among five users whose passwords change, get lost and come back: what is answered
 * must be what a plain comparison says, from the cache or not. */
static void a23_property_the_cache_never_errs(void **state)
{
    (void)state;
    static char secret[3][AUTH_HASH_SECRET_MAX];
    static const char *const words[] = {"red", "green", "blue"};
    int has[5] = {0, 1, 2, 0, 1};
    unsigned seed = 1, cached = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(auth_hash_make("SHA256-CRYPT", slice_str(words[i]), secret[i]), STATUS_OK);
    for (uint64_t round = 0; round < 400; round++) {
        seed = seed * 1103515245 + 12345;
        unsigned r = seed >> 8, user = r % 5, word = r / 5 % 3;
        if (round % 20 == 0) {
            struct buf b = buf_over(users, sizeof users - 1);
            has[user] = (int)(r / 15 % 4) - 1;
            for (int i = 0; i < 5; i++)
                if (has[i] >= 0)
                    buf_printf(&b, "u%d:%s\n", i, secret[has[i]]);
            users[b.size] = '\0';
            set_users(users);
        }
        char name[3] = {'u', (char)('0' + user), '\0'};
        struct auth_decision d = login(round, name, words[word]);
        assert_int_equal(d.status, has[user] == (int)word ? STATUS_OK : STATUS_DENIED);
        cached += d.cached;
        auth_session_end(a, round);
    }
    assert_true(cached > 10);
    assert_int_equal(auth_sessions(a), 0);
}

static void delays_grow_and_are_forgotten(void **state)
{
    (void)state;
    static const uint64_t expected[] = {2000, 4000, 8000, 15000, 15000};
    for (size_t i = 0; i < 5; i++) {
        ask_from(&home, i, SLICE("eve"), SLICE("x"));
        assert_int_equal(auth_due(a) - now, expected[i]);
        denied(decide(), "password");
    }
    now += 10 * 60000;
    ask_from(&home, 9, SLICE("eve"), SLICE("x"));
    assert_int_equal(auth_due(a) - now, 2000);
}

/* However long the hashing took, the answer comes when it would have come without. */
static void a22_the_time_of_hashing_hides_in_the_delay(void **state)
{
    (void)state;
    struct auth_decision d;
    struct pollfd p = {auth_descriptor(a), POLLIN, 0};
    ask_from(&home, 1, SLICE("ann"), SLICE("wrong"));
    assert_int_equal(poll(&p, 1, 5000), 1);
    now += 700;
    assert_false(auth_next(a, now, &d));
    assert_int_equal(auth_due(a), now + 1300);
    ask_from(&home, 2, SLICE("ann"), SLICE("wrong"));
    assert_int_equal(poll(&p, 1, 5000), 1);
    now += 9000;
    assert_true(auth_next(a, now, &d));
    assert_true(auth_next(a, now, &d));
    assert_false(auth_next(a, now, &d));
}

static void a74_the_failures_of_others_delay_no_right_password(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        char name[20];
        snprintf(name, sizeof name, "guess%d", (int)(i % 50));
        enum status status =
            auth_check(a, now, i, slice_str(i % 2 ? name : "eve"), SLICE("wrong"), &home);
        assert_true(status == STATUS_OK || status == STATUS_LIMIT);
    }
    struct auth_decision d;
    uint64_t asked = now;
    ask_from(&home, 99999, SLICE("eve"), SLICE("eve's"));
    assert_true(auth_next(a, now, &d));
    assert_int_equal(d.id, 99999);
    assert_int_equal(d.status, STATUS_OK);
    assert_int_equal(now, asked);
}

/* The pool is full of one address' guesses: who proved himself before, and who comes from
 * elsewhere, is hashed ahead of them. */
static void a74_who_proved_himself_goes_ahead_of_guesses(void **state)
{
    (void)state;
    assert_int_equal(login(1, "bob", "bob's").status, STATUS_OK);
    now += 700000; /* the cache has forgotten him, the trust has not */
    snprintf(users, sizeof users, "bob:%s\nann:%s\n", bob_secret, ann_secret);
    set_users(users);
    uint64_t hashes = auth_hashes(a), asked = 0;
    while (auth_check(a, now, 1000 + asked, SLICE("ann"), SLICE("guess"), &home) == STATUS_OK)
        asked++;
    assert_true(asked >= 256);
    ask_from(&home, 2, SLICE("bob"), SLICE("bob's"));
    ask_from(&away, 3, SLICE("ann"), SLICE("ann's"));
    struct auth_decision d;
    struct pollfd p = {auth_descriptor(a), POLLIN, 0};
    for (int right = 0; right < 2; right++) {
        while (!auth_next(a, now, &d))
            assert_int_equal(poll(&p, 1, 5000), 1);
        assert_int_equal(d.status, STATUS_OK);
    }
    assert_true(auth_hashes(a) - hashes < asked / 2);
}

static void a75_guessing_from_everywhere_does_not_lock_the_owner_out(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        struct sockaddr_storage from = address("203.0.113.0");
        ((struct sockaddr_in *)&from)->sin_addr.s_addr = htonl(0x0a000000 + i);
        ask_from(&from, i + 10, SLICE("eve"), SLICE("guess"));
    }
    struct auth_decision d;
    ask_from(&home, 1, SLICE("eve"), SLICE("eve's"));
    assert_true(auth_next(a, now, &d));
    assert_int_equal(d.id, 1);
    assert_int_equal(d.status, STATUS_OK);
}

static void limits_tell_their_name(void **state)
{
    (void)state;
    const struct auth_options options = {.sessions = 5, .per_address = 4, .per_user = 2};
    auth_set_options(a, &options);
    assert_int_equal(login(1, "eve", "eve's").status, STATUS_OK);
    assert_int_equal(login(2, "eve", "eve's").status, STATUS_OK);
    struct auth_decision d = login(3, "eve", "eve's");
    assert_int_equal(d.status, STATUS_LIMIT);
    assert_string_equal(d.reason, "per-user");
    assert_int_equal(login(4, "ann", "ann's").status, STATUS_OK);
    assert_int_equal(login(5, "bob", "bob's").status, STATUS_OK);
    assert_string_equal(login(6, "ann", "ann's").reason, "per-address");
    ask_from(&away, 7, SLICE("ann"), SLICE("ann's"));
    assert_int_equal(decide().status, STATUS_OK);
    ask_from(&away, 8, SLICE("bob"), SLICE("bob's"));
    assert_string_equal(decide().reason, "sessions");
    auth_session_end(a, 1);
    auth_session_end(a, 1);
    auth_session_end(a, 12345);
    assert_int_equal(auth_sessions(a), 4);
    assert_int_equal(login(9, "eve", "eve's").status, STATUS_OK);
}

static void an_ipv6_network_is_one_address_and_mapped_ipv4_is_ipv4(void **state)
{
    (void)state;
    const struct auth_options options = {.per_address = 1};
    auth_set_options(a, &options);
    const char *const pairs[][2] = {{"2001:db8::1", "2001:db8:0:0:ffff::9"},
                                    {"192.0.2.9", "::ffff:192.0.2.9"}};
    for (uint64_t i = 0; i < 2; i++) {
        struct sockaddr_storage one = address(pairs[i][0]), two = address(pairs[i][1]);
        ask_from(&one, 10 * i, SLICE("eve"), SLICE("eve's"));
        assert_int_equal(decide().status, STATUS_OK);
        ask_from(&two, 10 * i + 1, SLICE("eve"), SLICE("eve's"));
        assert_string_equal(decide().reason, "per-address");
    }
    struct sockaddr_storage other = address("2001:db8:0:1::1");
    ask_from(&other, 99, SLICE("eve"), SLICE("eve's"));
    assert_int_equal(decide().status, STATUS_OK);
}

static void a_session_from_before_a_restart_counts(void **state)
{
    (void)state;
    const struct auth_options options = {.per_user = 1};
    auth_set_options(a, &options);
    auth_session_hold(a, 1, SLICE("eve"), &away);
    auth_session_hold(a, 2, SLICE("eve"), &away);
    auth_session_hold(a, 2, SLICE("eve"), &away);
    assert_int_equal(auth_sessions(a), 2);
    assert_string_equal(login(3, "eve", "eve's").reason, "per-user");
    auth_session_end(a, 1);
    auth_session_end(a, 2);
    assert_int_equal(login(4, "eve", "eve's").status, STATUS_OK);
}

static void a_cancelled_check_is_never_decided(void **state)
{
    (void)state;
    struct auth_decision d;
    ask_from(&home, 1, SLICE("eve"), SLICE("eve's")); /* ready */
    ask_from(&home, 2, SLICE("eve"), SLICE("wrong")); /* waits for its time */
    ask_from(&home, 3, SLICE("ann"), SLICE("ann's")); /* with the threads */
    for (uint64_t id = 1; id <= 4; id++)
        auth_cancel(a, id);
    ask_from(&home, 1, SLICE("bob"), SLICE("bob's")); /* the id may be used again */
    struct pollfd p = {auth_descriptor(a), POLLIN, 0};
    while (!auth_next(a, now, &d))
        assert_int_equal(poll(&p, 1, 5000), 1);
    assert_int_equal(d.id, 1);
    assert_true(slice_equal(d.user.name, SLICE("bob")));
    now += 100000;
    assert_false(auth_next(a, now, &d));
    assert_int_equal(auth_sessions(a), 1);
}

static void an_id_is_used_once_at_a_time(void **state)
{
    (void)state;
    ask_from(&home, 1, SLICE("eve"), SLICE("wrong"));
    assert_int_equal(auth_check(a, now, 1, SLICE("eve"), SLICE("x"), &home), STATUS_EXISTS);
    denied(decide(), "password");
    assert_int_equal(login(1, "eve", "eve's").status, STATUS_OK);
    assert_int_equal(auth_check(a, now, 1, SLICE("eve"), SLICE("x"), &home), STATUS_EXISTS);
}

static void a20_a_name_is_octets_to_us(void **state)
{
    (void)state;
    static const char *const names[] = {"%n%s", "%{user}", "$(id)", "'--", "*)(uid=*", "a\r\nb"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(login(i, names[i], "x").status, STATUS_DENIED);
}

static void freeing_amid_work_leaks_nothing(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20; i++)
        ask_from(&home, i, SLICE("ann"), SLICE("guess"));
    for (uint64_t i = 0; i < 20; i += 2)
        auth_cancel(a, i);
    ask_from(&home, 100, SLICE("eve"), SLICE("guess"));
    ask_from(&home, 101, SLICE("eve"), SLICE("eve's"));
}

static int make_secrets(void **state)
{
    (void)state;
    return auth_hash_make("SHA512-CRYPT", SLICE("ann's"), ann_secret) != STATUS_OK ||
           auth_hash_make("SHA256-CRYPT", SLICE("bob's"), bob_secret) != STATUS_OK;
}

#define CLAIM(claim) cmocka_unit_test_setup_teardown(claim, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(right_passwords_log_in),
        CLAIM(a_proved_password_is_not_hashed_again),
        CLAIM(s20_a22_unknown_users_cost_and_wait_like_known_ones),
        CLAIM(a22_the_decoy_lends_nobody_its_password),
        CLAIM(s21_an_empty_password_never_logs_in),
        CLAIM(s22_a_database_that_is_away_is_not_a_wrong_password),
        CLAIM(s22_a_user_file_that_never_was_good_is_permanent),
        CLAIM(a_bad_user_file_leaves_the_old_users),
        CLAIM(a23_a_changed_or_deleted_user_is_not_proved_by_the_past),
        CLAIM(a23_users_that_change_under_a_check_void_it),
        CLAIM(a23_property_the_cache_never_errs),
        CLAIM(delays_grow_and_are_forgotten),
        CLAIM(a22_the_time_of_hashing_hides_in_the_delay),
        CLAIM(a74_the_failures_of_others_delay_no_right_password),
        CLAIM(a74_who_proved_himself_goes_ahead_of_guesses),
        CLAIM(a75_guessing_from_everywhere_does_not_lock_the_owner_out),
        CLAIM(limits_tell_their_name),
        CLAIM(an_ipv6_network_is_one_address_and_mapped_ipv4_is_ipv4),
        CLAIM(a_session_from_before_a_restart_counts),
        CLAIM(a_cancelled_check_is_never_decided),
        CLAIM(an_id_is_used_once_at_a_time),
        CLAIM(a20_a_name_is_octets_to_us),
        CLAIM(freeing_amid_work_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, make_secrets, NULL);
}
