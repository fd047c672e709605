#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/front_guests.h"

#include <stdlib.h>

static struct guests *guests;

static struct net_prefix source(uint64_t n)
{
    return (struct net_prefix){n, n % 2};
}

static struct guest *enter(struct guest *g, uint64_t from)
{
    struct guest *evicted;
    assert_int_equal(guests_enter(guests, g, source(from), &evicted), STATUS_OK);
    return evicted;
}

static void begin(uint32_t all, uint32_t per_source)
{
    assert_int_equal(guests_new(all, per_source, &guests), STATUS_OK);
}

static void end(void)
{
    guests_free(guests);
    guests = NULL;
}

static void a_source_at_its_limit_pushes_out_its_own_oldest(void **state)
{
    struct guest g[5] = {0}, elsewhere = {0};
    (void)state;
    begin(100, 3);
    assert_null(enter(&elsewhere, 9));
    for (size_t i = 0; i < 3; i++)
        assert_null(enter(&g[i], 1));
    assert_ptr_equal(enter(&g[3], 1), &g[0]);
    guests_leave(guests, &g[0]);
    assert_ptr_equal(enter(&g[4], 1), &g[1]);
    guests_leave(guests, &g[1]);
    assert_int_equal(guests_count(guests), 4);
    end();
}

static void when_all_is_full_the_oldest_of_the_busiest_source_goes(void **state)
{
    struct guest g[10] = {0}, late = {0}, later = {0};
    (void)state;
    begin(6, 6);
    assert_null(enter(&g[0], 1)); /* the oldest of all, but alone */
    assert_null(enter(&g[1], 2));
    assert_null(enter(&g[2], 3));
    assert_null(enter(&g[3], 3));
    assert_null(enter(&g[4], 3));
    assert_null(enter(&g[5], 2));
    assert_ptr_equal(guests_oldest_of_busiest(guests), &g[2]);
    assert_ptr_equal(enter(&late, 4), &g[2]);
    guests_leave(guests, &g[2]);
    /* Two sources have two now: whichever it is, its oldest, and never the lonely one. */
    struct guest *evicted = enter(&later, 5);
    assert_true(evicted == &g[1] || evicted == &g[3]);
    guests_leave(guests, evicted);
    end();
}

static void a_flood_from_one_place_pushes_out_itself_only(void **state)
{
    enum { FLOOD = 5000, QUIET = 20 };
    static struct guest flood[FLOOD], quiet[QUIET];
    (void)state;
    begin(100, 100);
    for (uint64_t i = 0; i < QUIET; i++)
        assert_null(enter(&quiet[i], 100 + i));
    for (size_t i = 0; i < FLOOD; i++) {
        struct guest *evicted = enter(&flood[i], 7);
        if (!evicted)
            continue;
        assert_true(evicted >= flood && evicted < flood + FLOOD);
        guests_leave(guests, evicted);
    }
    for (size_t i = 0; i < QUIET; i++)
        assert_non_null(quiet[i].source);
    assert_int_equal(guests_count(guests), 100);
    end();
}

static void leaving_makes_room_and_leaving_twice_counts_once(void **state)
{
    struct guest a = {0}, b = {0}, c = {0};
    (void)state;
    begin(2, 1);
    assert_null(enter(&a, 1));
    assert_null(enter(&b, 2));
    guests_leave(guests, &a);
    guests_leave(guests, &a);
    assert_int_equal(guests_count(guests), 1);
    assert_null(a.source);
    assert_null(enter(&c, 1));
    end();
}

static void an_ipv4_and_an_ipv6_source_of_the_same_number_are_two(void **state)
{
    struct guest a = {0}, b = {0}, *evicted;
    (void)state;
    begin(10, 1);
    assert_int_equal(guests_enter(guests, &a, (struct net_prefix){5, false}, &evicted), STATUS_OK);
    assert_null(evicted);
    assert_int_equal(guests_enter(guests, &b, (struct net_prefix){5, true}, &evicted), STATUS_OK);
    assert_null(evicted);
    end();
}

static void nobody_is_the_busiest_when_nobody_is_there(void **state)
{
    struct guest a = {0};
    (void)state;
    begin(10, 10);
    assert_null(guests_oldest_of_busiest(guests));
    enter(&a, 1);
    guests_leave(guests, &a);
    assert_null(guests_oldest_of_busiest(guests));
    assert_int_equal(guests_count(guests), 0);
    end();
}

static void a_share_of_nothing_still_lets_one_in_for_one_out(void **state)
{
    struct guest a = {0}, b = {0};
    (void)state;
    begin(0, 0);
    assert_null(enter(&a, 1));
    assert_ptr_equal(enter(&b, 1), &a);
    guests_leave(guests, &a);
    assert_int_equal(guests_count(guests), 1);
    end();
}

/* ---- against a naive model ---- */

enum { MANY = 200, SOURCES = 12, STEPS = 100000, ALL = 60, PER_SOURCE = 15 };

static struct guest people[MANY];
static struct {
    bool here;
    uint64_t from, since;
} model[MANY];

static size_t count_of(uint64_t from)
{
    size_t n = 0;
    for (size_t i = 0; i < MANY; i++)
        n += model[i].here && model[i].from == from;
    return n;
}

static size_t oldest_of(uint64_t from)
{
    size_t oldest = MANY;
    for (size_t i = 0; i < MANY; i++) {
        if (model[i].here && model[i].from == from &&
            (oldest == MANY || model[i].since < model[oldest].since))
            oldest = i;
    }
    return oldest;
}

/* Whether that one may have to go: the oldest of a source that has as many as the busiest. */
static bool may_have_to_go(size_t who)
{
    size_t most = 0;
    for (uint64_t s = 0; s < SOURCES; s++)
        most = count_of(s) > most ? count_of(s) : most;
    return model[who].here && oldest_of(model[who].from) == who &&
           count_of(model[who].from) == most;
}

static size_t enter_in_model(size_t who, uint64_t from, uint64_t step)
{
    size_t all = 0, gone = MANY;
    for (size_t i = 0; i < MANY; i++)
        all += model[i].here;
    bool source_full = count_of(from) >= PER_SOURCE;
    size_t expected = source_full ? oldest_of(from) : MANY;
    struct guest *evicted_before = guests_oldest_of_busiest(guests);
    struct guest *evicted = enter(&people[who], from);
    if (source_full) {
        assert_ptr_equal(evicted, &people[expected]);
        gone = expected;
    } else if (all >= ALL) {
        assert_ptr_equal(evicted, evicted_before);
        gone = (size_t)(evicted - people);
        assert_true(may_have_to_go(gone));
    } else {
        assert_null(evicted);
    }
    model[who].here = true;
    model[who].from = from;
    model[who].since = step;
    return gone;
}

static void leave_both(size_t who)
{
    guests_leave(guests, &people[who]);
    model[who].here = false;
}

static void a_hundred_thousand_comings_and_goings_agree_with_a_naive_count(void **state)
{
    unsigned seed = 3;
    (void)state;
    begin(ALL, PER_SOURCE);
    for (uint64_t step = 1; step <= STEPS; step++) {
        size_t who = (size_t)rand_r(&seed) % MANY;
        if (model[who].here) {
            leave_both(who);
        } else {
            /* Some sources are busier than others. */
            uint64_t from = (uint64_t)rand_r(&seed) % SOURCES;
            from = rand_r(&seed) % 2 ? from : from % 3;
            size_t gone = enter_in_model(who, from, step);
            if (gone != MANY)
                leave_both(gone);
        }
        size_t all = 0;
        for (size_t i = 0; i < MANY; i++)
            all += model[i].here;
        assert_int_equal(guests_count(guests), all);
        assert_true(all <= ALL);
    }
    for (size_t i = 0; i < MANY; i++)
        leave_both(i);
    assert_int_equal(guests_count(guests), 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_at_its_limit_pushes_out_its_own_oldest),
        cmocka_unit_test(when_all_is_full_the_oldest_of_the_busiest_source_goes),
        cmocka_unit_test(a_flood_from_one_place_pushes_out_itself_only),
        cmocka_unit_test(leaving_makes_room_and_leaving_twice_counts_once),
        cmocka_unit_test(an_ipv4_and_an_ipv6_source_of_the_same_number_are_two),
        cmocka_unit_test(nobody_is_the_busiest_when_nobody_is_there),
        cmocka_unit_test(a_share_of_nothing_still_lets_one_in_for_one_out),
        cmocka_unit_test(a_hundred_thousand_comings_and_goings_agree_with_a_naive_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
