/* No listing makes the plan lose a message, fetch a known one again or delete what was not looked
 * at. */
#include "client/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

enum { NOW = 100000000, DAY = 86400 };

struct case_of {
    struct plan_message messages[16];
    size_t count;
    struct state_row rows[16];
    size_t row_count;
    struct plan_options options;
    struct plan plan;
};

static bool known(void *context, struct slice uidl, struct state_row *row)
{
    const struct case_of *c = context;
    for (size_t i = 0; i < c->row_count; i++) {
        if (slice_equal(c->rows[i].uidl, uidl)) {
            *row = c->rows[i];
            return true;
        }
    }
    return false;
}

static void list(struct case_of *c, uint32_t number, const char *uidl, uint64_t octets)
{
    c->messages[c->count++] =
        (struct plan_message){.number = number, .octets = octets, .uidl = slice_str(uidl)};
}

static struct state_row *know(struct case_of *c, const char *uidl, enum state_stage stage)
{
    struct state_row *row = &c->rows[c->row_count++];
    *row = (struct state_row){.id = (int64_t)c->row_count + 100,
                              .uidl = slice_str(uidl),
                              .stage = stage,
                              .octets = 10,
                              .fetched = NOW - DAY,
                              .file = SLICE("1.M1P1.here")};
    c->options.known_count += stage == STATE_DELIVERED || stage == STATE_TO_DELETE;
    return row;
}

static void make(struct case_of *c)
{
    plan_wipe(&c->plan);
    c->options.now = NOW;
    assert_int_equal(plan_make(c->messages, c->count, &c->options, known, c, &c->plan), STATUS_OK);
}

static void assert_action(const struct case_of *c, size_t step, enum plan_action expected)
{
    assert_true(step < c->plan.count);
    assert_string_equal(plan_action_name(c->plan.steps[step].action), plan_action_name(expected));
}

static void new_messages_are_fetched_and_known_ones_kept(void **unused)
{
    struct case_of c = {0};
    list(&c, 2, "new", 10);
    list(&c, 1, "old", 10);
    know(&c, "old", STATE_DELIVERED);
    make(&c);
    assert_int_equal(c.plan.count, 2);
    assert_int_equal(c.plan.steps[0].message.number, 2);
    assert_action(&c, 0, PLAN_FETCH);
    assert_action(&c, 1, PLAN_NOTHING);
    assert_int_equal(c.plan.steps[1].state_id, 101);
    assert_true(c.plan.fetch_count == 1 && c.plan.fetch_octets == 10);
    assert_false(c.plan.uidls_changed);
    plan_wipe(&c.plan);
}

/* `poplin delete --server`: neither `keep` nor a doubtful size is asked; what must never be deleted
 * is not. */
static void what_a_person_wants_deleted_is_deleted(void **unused)
{
    struct case_of c = {0};
    (void)unused;
    list(&c, 1, "u", 10);
    struct state_row *row = know(&c, "u", STATE_TO_DELETE);
    row->unsure = true;
    make(&c);
    assert_action(&c, 0, PLAN_NOTHING);
    row->deleted = NOW - 1;
    make(&c);
    assert_action(&c, 0, PLAN_DELETE);
    c.messages[0].octets = 11;
    make(&c);
    assert_action(&c, 0, PLAN_IDENTIFY);
    c.messages[0].octets = 10;
    c.options.never_delete = true;
    make(&c);
    assert_action(&c, 0, PLAN_NOTHING);
    plan_wipe(&c.plan);
}

/* Every stage, with and without deletion. */
static void every_stage_has_its_action(void **unused)
{
    static const struct {
        enum state_stage stage;
        enum plan_action kept, due;
    } table[] = {
        {STATE_NEW, PLAN_FETCH, PLAN_FETCH},           {STATE_FETCHING, PLAN_FETCH, PLAN_FETCH},
        {STATE_DELIVERED, PLAN_NOTHING, PLAN_DELETE},  {STATE_TO_DELETE, PLAN_NOTHING, PLAN_DELETE},
        {STATE_DELETED, PLAN_IDENTIFY, PLAN_IDENTIFY}, {STATE_FAILED, PLAN_FETCH, PLAN_FETCH},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct case_of c = {0};
        list(&c, 1, "u", 10);
        know(&c, "u", table[i].stage);
        make(&c);
        assert_action(&c, 0, table[i].kept);
        c.options.deletes = true;
        make(&c);
        assert_action(&c, 0, table[i].due);
        c.options.never_delete = true;
        make(&c);
        assert_action(&c, 0, table[i].kept);
        plan_wipe(&c.plan);
    }
}

static void c06_numbers_that_cannot_be_are_left_out_and_the_others_go_on(void **unused)
{
    struct case_of c = {0};
    list(&c, 0, "zero", 10);
    list(&c, UINT32_MAX, "large", 10);
    list(&c, 7, "a", 10);
    list(&c, 7, "a", 10);
    list(&c, 8, "b", 10);
    list(&c, 8, "c", 10);
    make(&c);
    assert_int_equal(c.plan.count, 2);
    assert_int_equal(c.plan.refused_numbers, 4);
    assert_action(&c, 0, PLAN_FETCH);
    assert_action(&c, 1, PLAN_IDENTIFY);
    plan_wipe(&c.plan);
}

static void c06_no_uidl_means_look_first(void **unused)
{
    struct case_of c = {0};
    list(&c, 1, "", 10);
    list(&c, 2, "", UINT64_MAX);
    make(&c);
    assert_action(&c, 0, PLAN_IDENTIFY);
    assert_action(&c, 1, PLAN_IDENTIFY);
    assert_int_equal(c.plan.duplicate_uidls, 0);
    plan_wipe(&c.plan);
}

static void c06_the_second_of_a_uidl_is_looked_at(void **unused)
{
    struct case_of c = {0};
    list(&c, 1, "u", 10);
    list(&c, 2, "v", 10);
    list(&c, 3, "u", 10);
    list(&c, 4, "u", 20);
    know(&c, "u", STATE_DELIVERED);
    c.options.deletes = true;
    make(&c);
    assert_action(&c, 0, PLAN_DELETE);
    assert_action(&c, 1, PLAN_FETCH);
    assert_action(&c, 2, PLAN_IDENTIFY);
    assert_action(&c, 3, PLAN_IDENTIFY);
    assert_int_equal(c.plan.steps[2].state_id, 0);
    assert_int_equal(c.plan.duplicate_uidls, 2);
    plan_wipe(&c.plan);
}

static void a_known_uidl_of_another_size_is_never_kept_or_deleted_unseen(void **unused)
{
    for (int deletes = 0; deletes < 2; deletes++) {
        struct case_of c = {0};
        list(&c, 1, "a", 11);
        list(&c, 2, "b", UINT64_MAX);
        list(&c, 3, "c", 10);
        know(&c, "a", STATE_DELIVERED);
        know(&c, "b", STATE_DELIVERED);
        know(&c, "c", STATE_TO_DELETE)->octets = UINT64_MAX;
        c.options.deletes = deletes;
        make(&c);
        assert_action(&c, 0, PLAN_IDENTIFY);
        assert_int_equal(c.plan.steps[0].state_id, 101);
        assert_action(&c, 1, deletes ? PLAN_DELETE : PLAN_NOTHING);
        assert_action(&c, 2, deletes ? PLAN_DELETE : PLAN_NOTHING);
        plan_wipe(&c.plan);
    }
}

static void c06_a_renumbered_mailbox_is_looked_at_and_not_fetched(void **unused)
{
    struct case_of c = {0};
    list(&c, 1, "n1", 10);
    list(&c, 2, "n2", 10);
    list(&c, 3, "o3", 10);
    know(&c, "o1", STATE_DELIVERED);
    know(&c, "o2", STATE_DELIVERED);
    know(&c, "o3", STATE_DELIVERED);
    make(&c);
    assert_true(c.plan.uidls_changed);
    assert_action(&c, 0, PLAN_IDENTIFY);
    assert_action(&c, 1, PLAN_IDENTIFY);
    assert_action(&c, 2, PLAN_NOTHING);
    /* Half of them are still there: that was somebody who deleted. */
    know(&c, "n2", STATE_DELIVERED);
    make(&c);
    assert_false(c.plan.uidls_changed);
    assert_action(&c, 0, PLAN_FETCH);
    plan_wipe(&c.plan);
}

static void c08_an_empty_listing_plans_nothing(void **unused)
{
    struct case_of c = {0};
    know(&c, "u", STATE_DELIVERED);
    c.options.deletes = true;
    make(&c);
    assert_int_equal(c.plan.count, 0);
    assert_false(c.plan.uidls_changed);
    assert_int_equal(c.plan.delete_count, 0);
    plan_wipe(&c.plan);
}

static void ages_count_from_fetching_and_only_forwards(void **unused)
{
    static const struct {
        int64_t fetched;
        enum plan_action expected;
    } table[] = {
        {NOW - 30 * DAY, PLAN_DELETE},
        {NOW - 30 * DAY + 1, PLAN_NOTHING},
        {NOW + 1, PLAN_NOTHING},
        {INT64_MAX, PLAN_NOTHING},
        {0, PLAN_NOTHING},
        {1, PLAN_DELETE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct case_of c = {.options = {.deletes = true, .keep_age = 30 * DAY}};
        list(&c, 1, "u", 10);
        know(&c, "u", STATE_DELIVERED)->fetched = table[i].fetched;
        make(&c);
        assert_action(&c, 0, table[i].expected);
        plan_wipe(&c.plan);
    }
}

static void c07_a_failed_message_waits_for_its_time(void **unused)
{
    struct case_of c = {0};
    static const uint32_t asked[] = {1};
    list(&c, 1, "u", 10);
    struct state_row *row = know(&c, "u", STATE_FAILED);
    row->retry_after = NOW + 1;
    make(&c);
    assert_action(&c, 0, PLAN_SKIP_LATER);
    assert_int_equal(c.plan.skipped_count, 1);
    c.options.only = asked;
    c.options.only_count = 1;
    make(&c);
    assert_action(&c, 0, PLAN_FETCH);
    c.options.only = NULL;
    row->retry_after = NOW;
    make(&c);
    assert_action(&c, 0, PLAN_FETCH);
    plan_wipe(&c.plan);
}

static void limits_skip_and_do_not_forget(void **unused)
{
    struct case_of c = {.options = {.limit = 2, .max_size = 100}};
    list(&c, 1, "a", 101);
    list(&c, 2, "b", 100);
    list(&c, 3, "c", UINT64_MAX);
    list(&c, 4, "d", 1);
    list(&c, 5, "e", 500);
    list(&c, 6, "", 1);
    make(&c);
    assert_action(&c, 0, PLAN_SKIP_SIZE);
    assert_action(&c, 1, PLAN_FETCH);
    assert_action(&c, 2, PLAN_FETCH);
    assert_action(&c, 3, PLAN_SKIP_LIMIT);
    assert_action(&c, 4, PLAN_SKIP_SIZE);
    assert_action(&c, 5, PLAN_IDENTIFY);
    assert_true(c.plan.fetch_count == 2 && c.plan.skipped_count == 3);
    plan_wipe(&c.plan);
}

static void numbers_that_were_asked_for_pass_every_limit_but_not_twice(void **unused)
{
    static const uint32_t asked[] = {5, 1, 3, UINT32_MAX, 0};
    struct case_of c = {.options = {.limit = 1, .max_size = 100, .deletes = true}};
    list(&c, 1, "a", 1000);
    list(&c, 2, "b", 1);
    list(&c, 3, "c", 10);
    list(&c, 4, "d", 10);
    list(&c, 5, "e", 1);
    know(&c, "c", STATE_DELIVERED);
    know(&c, "d", STATE_DELIVERED);
    c.options.only = asked;
    c.options.only_count = sizeof asked / sizeof *asked;
    make(&c);
    assert_action(&c, 0, PLAN_FETCH);
    assert_action(&c, 1, PLAN_NOTHING);
    assert_action(&c, 2, PLAN_DELETE);
    assert_action(&c, 3, PLAN_NOTHING);
    assert_action(&c, 4, PLAN_FETCH);
    plan_wipe(&c.plan);
}

/* --- a large one --- */

static bool never_known(void *context, struct slice uidl, struct state_row *row)
{
    return false;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a49_a_million_messages_take_less_than_a_second(void **unused)
{
    size_t count = 1000000;
    enum { WIDTH = 16 };
    struct plan_message *messages = calloc(count, sizeof *messages);
    char *text = malloc(count * WIDTH + 1);
    struct plan_options options = {.now = NOW};
    struct plan plan;
    struct rusage usage;
    for (size_t i = 0; i < count; i++) {
        snprintf(text + i * WIDTH, WIDTH + 1, "%016zx", i == 77 ? 5 : i * 7919);
        messages[i] = (struct plan_message){(uint32_t)i + 1, 10, {text + i * WIDTH, WIDTH}};
    }
    memcpy(text + 999999 * WIDTH, text + 5 * WIDTH, WIDTH);
    double start = seconds();
    assert_int_equal(plan_make(messages, count, &options, never_known, NULL, &plan), STATUS_OK);
    double took = seconds() - start;
    assert_int_equal(plan.duplicate_uidls, 1);
    assert_int_equal(plan.steps[999999].action, PLAN_IDENTIFY);
    assert_int_equal(plan.fetch_count, count - 1);
    plan_wipe(&plan);
    getrusage(RUSAGE_SELF, &usage);
    print_message("# %.2f s, %ld KiB at most\n", took, usage.ru_maxrss);
    assert_true(took < 1.0);
    assert_int_equal(
        plan_make(messages, (size_t)LIMIT_MESSAGES + 1, &options, never_known, NULL, &plan),
        STATUS_TOO_LARGE);
    free(messages);
    free(text);
}

/* C21: only what is durable here is deleted there; what another program fetched is not known to
 * be. */
static void c21_what_another_program_fetched_is_never_deleted(void **state)
{
    struct case_of c = {.options.deletes = true};
    (void)state;
    list(&c, 1, "ours", 10);
    list(&c, 2, "theirs", 10);
    know(&c, "ours", STATE_DELIVERED);
    know(&c, "theirs", STATE_DELIVERED)->file = SLICE("");
    make(&c);
    assert_int_equal(c.plan.steps[0].action, PLAN_DELETE);
    assert_int_equal(c.plan.steps[1].action, PLAN_NOTHING);
    plan_wipe(&c.plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c21_what_another_program_fetched_is_never_deleted),
        cmocka_unit_test(new_messages_are_fetched_and_known_ones_kept),
        cmocka_unit_test(every_stage_has_its_action),
        cmocka_unit_test(c06_numbers_that_cannot_be_are_left_out_and_the_others_go_on),
        cmocka_unit_test(c06_no_uidl_means_look_first),
        cmocka_unit_test(c06_the_second_of_a_uidl_is_looked_at),
        cmocka_unit_test(a_known_uidl_of_another_size_is_never_kept_or_deleted_unseen),
        cmocka_unit_test(c06_a_renumbered_mailbox_is_looked_at_and_not_fetched),
        cmocka_unit_test(c08_an_empty_listing_plans_nothing),
        cmocka_unit_test(ages_count_from_fetching_and_only_forwards),
        cmocka_unit_test(c07_a_failed_message_waits_for_its_time),
        cmocka_unit_test(what_a_person_wants_deleted_is_deleted),
        cmocka_unit_test(limits_skip_and_do_not_forget),
        cmocka_unit_test(numbers_that_were_asked_for_pass_every_limit_but_not_twice),
        cmocka_unit_test(a49_a_million_messages_take_less_than_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
