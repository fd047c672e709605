#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/listing.h"

static struct pop3_row row(uint32_t number, uint64_t size, const char *uid)
{
    return (struct pop3_row){.number = number, .size = size, .uid = slice_str(uid)};
}

static void add(struct listing *l, bool is_uidl, struct pop3_row r)
{
    assert_int_equal(listing_add(l, is_uidl, &r, POP3_FAULT_NONE), STATUS_OK);
}

static void stat_says(struct listing *l, uint32_t count)
{
    listing_stat(l, &(struct pop3_stat){.count = count, .octets = 100});
}

static struct plan_message *messages_of(struct listing *l, size_t expected)
{
    struct plan_message *m;
    size_t count;
    assert_int_equal(listing_messages(l, &m, &count), STATUS_OK);
    assert_int_equal(count, expected);
    return m;
}

static void c06_list_and_uidl_are_joined_by_number(void **state)
{
    struct listing l;
    (void)state;
    listing_init(&l);
    stat_says(&l, 2);
    add(&l, false, row(2, 20, ""));
    add(&l, false, row(1, 10, ""));
    add(&l, true, row(1, 0, "one"));
    add(&l, true, row(2, 0, "two"));
    struct plan_message *m = messages_of(&l, 2);
    assert_true(m[0].number == 1 && m[0].octets == 10 && slice_equal(m[0].uidl, SLICE("one")));
    assert_true(m[1].number == 2 && m[1].octets == 20 && slice_equal(m[1].uidl, SLICE("two")));
    free(m);
    listing_wipe(&l);
}

static void c06_a_count_that_nothing_lists_is_a_contradiction(void **state)
{
    struct listing l;
    (void)state;
    listing_init(&l);
    stat_says(&l, 2000000);
    listing_end(&l, 0);
    assert_false(listing_contradicts_itself(&l)); /* UIDL was refused, or has not ended */
    listing_end(&l, 0);
    assert_true(listing_contradicts_itself(&l));
    stat_says(&l, 0);
    assert_false(listing_contradicts_itself(&l));
    listing_wipe(&l);
}

static void c06_a_count_past_the_memory_for_a_listing_has_no_room(void **state)
{
    (void)state;
    assert_true(listing_has_room(LISTING_MEMORY / 16));
    assert_false(listing_has_room(LISTING_MEMORY / 16 + 1));
    assert_false(listing_has_room(UINT32_MAX));
}

static void c06_numbers_that_stat_does_not_have_are_left_out(void **state)
{
    struct listing l;
    (void)state;
    listing_init(&l);
    stat_says(&l, 1);
    add(&l, true, row(0, 0, "zero"));
    add(&l, true, row(2, 0, "two"));
    add(&l, true, row(UINT32_MAX, 0, "most"));
    assert_int_equal(l.faulty_rows, 3);
    struct plan_message *m = messages_of(&l, 1);
    assert_int_equal(m[0].uidl.size, 0);
    assert_true(m[0].octets == UINT64_MAX);
    free(m);
    listing_wipe(&l);
}

static void c06_the_first_of_two_rows_of_a_number_counts(void **state)
{
    struct listing l;
    (void)state;
    listing_init(&l);
    add(&l, true, row(1, 0, "first"));
    add(&l, true, row(1, 0, "second"));
    struct plan_message *m = messages_of(&l, 1);
    assert_true(slice_equal(m[0].uidl, SLICE("first")));
    assert_int_equal(l.faulty_rows, 1);
    free(m);
    listing_wipe(&l);
}

static void c06_a_row_with_a_wrong_size_keeps_its_message(void **state)
{
    struct listing l;
    struct pop3_row r = row(1, 7, "");
    (void)state;
    listing_init(&l);
    assert_int_equal(listing_add(&l, false, &r, POP3_FAULT_SIZE), STATUS_OK);
    struct plan_message *m = messages_of(&l, 1);
    assert_true(m[0].octets == UINT64_MAX);
    free(m);
    listing_wipe(&l);
}

static void a49_a_stat_of_two_thousand_million_is_no_memory(void **state)
{
    struct listing l;
    (void)state;
    listing_init(&l);
    stat_says(&l, 2000000000);
    add(&l, true, row(1, 0, "one"));
    free(messages_of(&l, 1));
    listing_wipe(&l);
}

static void a49_a_row_of_a_huge_number_is_refused(void **state)
{
    struct listing l;
    struct pop3_row r = row(1900000000, 1, "");
    (void)state;
    listing_init(&l);
    stat_says(&l, 2000000000);
    assert_int_equal(listing_add(&l, false, &r, POP3_FAULT_NONE), STATUS_TOO_LARGE);
    listing_wipe(&l);
}

static void a49_three_million_rows_end_within_the_limit(void **state)
{
    struct listing l;
    enum status s = STATUS_OK;
    char name[71];
    uint32_t number = 0;
    (void)state;
    listing_init(&l);
    memset(name, 'u', 70);
    name[70] = '\0';
    while (s == STATUS_OK && number < 3000000) {
        struct pop3_row r = row(++number, 0, name);
        s = listing_add(&l, true, &r, POP3_FAULT_NONE);
    }
    assert_int_equal(s, STATUS_TOO_LARGE);
    assert_true(number > 100000);
    assert_true(l.capacity * 16 + l.names_capacity <= LISTING_MEMORY);
    listing_wipe(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c06_list_and_uidl_are_joined_by_number),
        cmocka_unit_test(c06_a_count_that_nothing_lists_is_a_contradiction),
        cmocka_unit_test(c06_a_count_past_the_memory_for_a_listing_has_no_room),
        cmocka_unit_test(c06_numbers_that_stat_does_not_have_are_left_out),
        cmocka_unit_test(c06_the_first_of_two_rows_of_a_number_counts),
        cmocka_unit_test(c06_a_row_with_a_wrong_size_keeps_its_message),
        cmocka_unit_test(a49_a_stat_of_two_thousand_million_is_no_memory),
        cmocka_unit_test(a49_a_row_of_a_huge_number_is_refused),
        cmocka_unit_test(a49_three_million_rows_end_within_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
