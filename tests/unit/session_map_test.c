#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/session_map.h"

#include <stdlib.h>

enum { MANY = 20000 };

static struct session_map map;

static int set_up(void **state)
{
    (void)state;
    return session_map_init(&map) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    session_map_wipe(&map);
    return 0;
}

/* The numbers that fronts really give: a serial above the descriptor's bits. */
static struct session_entry key(size_t i)
{
    return (struct session_entry){NULL, (uint32_t)(i % 4), (i / 4 + 1) << 20 | (i % 100)};
}

static void every_session_is_found_while_the_map_grows_and_shrinks(void **state)
{
    struct session_entry *e = calloc(MANY, sizeof *e);
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        e[i] = key(i);
        assert_null(session_map_find(&map, e[i].front, e[i].session));
        session_map_add(&map, &e[i]);
    }
    assert_int_equal(map.count, MANY);
    assert_true(map.bucket_count >= MANY / 2);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(session_map_find(&map, e[i].front, e[i].session), &e[i]);
    for (size_t i = 0; i < MANY; i += 2)
        session_map_remove(&map, &e[i]);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(session_map_find(&map, e[i].front, e[i].session), i % 2 ? &e[i] : NULL);
    assert_int_equal(map.count, MANY / 2);
    free(e);
}

static void the_same_number_of_two_fronts_is_two_sessions(void **state)
{
    struct session_entry a = {NULL, 0, 77}, b = {NULL, 1, 77};
    (void)state;
    session_map_add(&map, &a);
    assert_null(session_map_find(&map, 1, 77));
    session_map_add(&map, &b);
    assert_ptr_equal(session_map_find(&map, 0, 77), &a);
    assert_ptr_equal(session_map_find(&map, 1, 77), &b);
    session_map_remove(&map, &a);
    assert_null(session_map_find(&map, 0, 77));
    assert_ptr_equal(session_map_find(&map, 1, 77), &b);
}

static void numbers_at_the_edges_are_found(void **state)
{
    static const uint64_t edges[] = {
        0, 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 56, UINT64_C(1) << 63};
    struct session_entry e[6];
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        e[i] = (struct session_entry){NULL, 255, edges[i]};
        session_map_add(&map, &e[i]);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_ptr_equal(session_map_find(&map, 255, edges[i]), &e[i]);
        assert_null(session_map_find(&map, 254, edges[i]));
    }
}

struct visits {
    size_t seen, of_another;
    uint32_t front;
};

static void remove_and_free(struct session_entry *e, void *context)
{
    struct visits *v = context;
    v->seen++;
    v->of_another += e->front != v->front;
    session_map_remove(&map, e);
    free(e);
}

static void add_new(uint32_t front, uint64_t session)
{
    struct session_entry *e = calloc(1, sizeof *e);
    assert_non_null(e);
    e->front = front;
    e->session = session;
    session_map_add(&map, e);
}

static void a_visit_of_one_front_may_free_each_and_leaves_the_others(void **state)
{
    struct visits v = {.front = 2};
    (void)state;
    for (uint32_t i = 0; i < 3000; i++)
        add_new(i % 3, i);
    assert_int_equal(session_map_each_of(&map, 2, remove_and_free, &v), STATUS_OK);
    assert_int_equal(v.seen, 1000);
    assert_int_equal(v.of_another, 0);
    assert_int_equal(map.count, 2000);
    for (v.front = 0; v.front < 2; v.front++)
        assert_int_equal(session_map_each_of(&map, v.front, remove_and_free, &v), STATUS_OK);
    assert_int_equal(v.seen, 3000);
    assert_int_equal(map.count, 0);
}

/* Takes its neighbours with it: of the same front and of others, visited already and not yet. */
static void remove_neighbours(struct session_entry *e, void *context)
{
    struct visits *v = context;
    uint64_t number = e->session;
    v->seen++;
    for (uint64_t n = number - (number % 10); n < number - (number % 10) + 10; n++) {
        for (uint32_t front = 0; front < 2; front++) {
            struct session_entry *found = session_map_find(&map, front, n);
            if (found) {
                session_map_remove(&map, found);
                free(found);
            }
        }
    }
}

static void a_visit_may_free_entries_that_it_has_not_come_to_yet(void **state)
{
    struct visits v = {0};
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        add_new(0, i);
        add_new(1, i);
    }
    assert_int_equal(session_map_each_of(&map, 0, remove_neighbours, &v), STATUS_OK);
    assert_int_equal(v.seen, 100);
    assert_int_equal(map.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_session_is_found_while_the_map_grows_and_shrinks),
        TEST(the_same_number_of_two_fronts_is_two_sessions),
        TEST(numbers_at_the_edges_are_found),
        TEST(a_visit_of_one_front_may_free_each_and_leaves_the_others),
        TEST(a_visit_may_free_entries_that_it_has_not_come_to_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
