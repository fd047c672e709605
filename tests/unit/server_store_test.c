#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server_stage.h"

/* The real store, between two fronts that keep to the contract. */
static struct stage stage;

static int set_up(void **state)
{
    stage_open(&stage, *state ? (const char *)*state : "lock exclusive { wait 10s }\n");
    return 0;
}

static int tear_down(void **state)
{
    unsigned faults = 0;
    (void)state;
    stage_count_faults(&stage.master_store, &faults, 0);
    stage_count_faults(&stage.master_auth, &faults, 0);
    assert_int_equal(faults, 0);
    stage_close(&stage);
    return 0;
}

static uint64_t begin(uint32_t front, const char *user)
{
    uint64_t session = ++stage.serial << 20 | 9;
    front_begin(&stage, front, session, user);
    return session;
}

/* Store's next word to the front must be YIELD for that session: someone waits behind it. */
static void must_be_asked_to_yield(uint32_t front, uint64_t session)
{
    struct ipc_message m;
    assert_int_equal(stage_next(&stage.to_store[front], &m, STAGE_PATIENCE), STATUS_OK);
    assert_int_equal(m.type, IPC_YIELD);
    struct ipc_reader r = ipc_reader_of(m.payload);
    assert_true(ipc_get_u64(&r) == session);
}

static void must_hear_nothing(uint32_t front)
{
    struct ipc_message m;
    assert_int_equal(stage_next(&stage.to_store[front], &m, 100), STATUS_AGAIN);
}

static void must_be_removed(uint32_t front, uint64_t session, uint32_t removed)
{
    struct ipc_reader r = front_await(&stage, front, IPC_REMOVED, session);
    assert_int_equal(ipc_get_u32(&r), removed);
    assert_int_equal(ipc_get_u32(&r), 0);
}

/* ---- who has the lock ---- */

static void s01_a_second_session_waits_until_the_first_ends(void **state)
{
    (void)state;
    uint64_t first = front_login(&stage, 0, "alice");
    uint64_t second = begin(1, "alice");
    must_be_asked_to_yield(0, first);
    must_hear_nothing(1);
    front_read(&stage, 0, first, "alice", 0);
    front_quit(&stage, 0, first);
    front_await(&stage, 1, IPC_OPENED, second);
    front_read(&stage, 1, second, "alice", 2);
}

static void those_who_wait_have_their_turn_in_the_order_they_came(void **state)
{
    uint64_t waiting[4];
    (void)state;
    uint64_t owner = front_login(&stage, 0, "alice");
    for (size_t i = 0; i < 4; i++) {
        waiting[i] = begin(1, "alice");
        must_be_asked_to_yield(0, owner);
    }
    front_quit(&stage, 0, owner);
    for (size_t i = 0; i < 4; i++) {
        front_await(&stage, 1, IPC_OPENED, waiting[i]);
        front_quit(&stage, 1, waiting[i]);
    }
}

static void one_that_gives_up_waiting_is_passed_over(void **state)
{
    (void)state;
    uint64_t owner = front_login(&stage, 0, "alice");
    uint64_t second = begin(1, "alice");
    must_be_asked_to_yield(0, owner);
    uint64_t third = begin(1, "alice");
    must_be_asked_to_yield(0, owner);
    front_quit(&stage, 1, second);
    must_hear_nothing(1);
    front_quit(&stage, 0, owner);
    front_await(&stage, 1, IPC_OPENED, third);
}

static void a_front_that_dies_gives_up_its_locks_and_its_places(void **state)
{
    (void)state;
    uint64_t waiter_of_dead = 0;
    uint64_t owner = front_login(&stage, 1, "alice");
    waiter_of_dead = begin(1, "alice");
    must_be_asked_to_yield(1, owner);
    assert_true(waiter_of_dead != owner);
    uint64_t waiter = begin(0, "alice");
    must_be_asked_to_yield(1, owner);
    stage_connect(&stage, 1);
    front_await(&stage, 0, IPC_OPENED, waiter);
    front_read(&stage, 0, waiter, "alice", 1);
}

static void another_user_s_drop_is_open_at_once_meanwhile(void **state)
{
    (void)state;
    uint64_t alice = front_login(&stage, 0, "alice");
    begin(1, "alice");
    must_be_asked_to_yield(0, alice);
    uint64_t bob = front_login(&stage, 1, "bob");
    front_read(&stage, 1, bob, "bob", 0);
}

static void s01_after_the_wait_the_second_is_told_of_the_lock_and_the_first_goes_on(void **state)
{
    (void)state;
    uint64_t first = front_login(&stage, 0, "alice");
    uint64_t second = begin(1, "alice");
    struct ipc_reader r = front_await(&stage, 1, IPC_REFUSED, second);
    assert_int_equal(ipc_get_u8(&r), STATUS_IN_USE);
    assert_true(slice_equal(ipc_get_str(&r), SLICE("alice")));
    must_be_asked_to_yield(0, first);
    front_read(&stage, 0, first, "alice", 0);
    uint64_t third = begin(1, "alice");
    must_be_asked_to_yield(0, first);
    front_quit(&stage, 0, first);
    front_await(&stage, 1, IPC_OPENED, third);
}

static void s02_every_session_has_its_own_view_where_the_policy_is_snapshot(void **state)
{
    (void)state;
    uint64_t first = front_login(&stage, 0, "alice");
    uint64_t second = front_login(&stage, 1, "alice");
    front_mark(&stage, 0, first, 0, 1);
    assert_int_equal(front_ask(&stage, 0, IPC_REMOVE, first, NULL), STATUS_OK);
    must_be_removed(0, first, 1);
    front_read(&stage, 1, second, "alice", 2);
}

/* ---- what is deleted ---- */

static void only_what_was_marked_is_removed(void **state)
{
    (void)state;
    uint64_t alice = front_login(&stage, 0, "alice");
    front_mark(&stage, 0, alice, 0, 1 << 1);
    assert_int_equal(front_ask(&stage, 0, IPC_REMOVE, alice, NULL), STATUS_OK);
    must_be_removed(0, alice, 1);
    assert_int_equal(stage_left(&stage, "alice"), STAGE_MESSAGES - 1);
    assert_int_equal(stage_left(&stage, "bob"), STAGE_MESSAGES);
    front_read(&stage, 0, alice, "alice", 0);
    front_read(&stage, 0, alice, "alice", 2);
}

static void marks_without_remove_delete_nothing(void **state)
{
    (void)state;
    uint64_t alice = front_login(&stage, 0, "alice");
    front_mark(&stage, 0, alice, 0, 7);
    front_quit(&stage, 0, alice);
    alice = front_login(&stage, 1, "alice");
    assert_int_equal(stage_left(&stage, "alice"), STAGE_MESSAGES);
}

static void a_mark_that_was_taken_back_deletes_nothing(void **state)
{
    (void)state;
    uint64_t alice = front_login(&stage, 0, "alice");
    front_mark(&stage, 0, alice, 0, 7);
    front_mark(&stage, 0, alice, 0, 1);
    assert_int_equal(front_ask(&stage, 0, IPC_REMOVE, alice, NULL), STATUS_OK);
    must_be_removed(0, alice, 1);
    assert_int_equal(stage_left(&stage, "alice"), STAGE_MESSAGES - 1);
}

/* Whatever the store was busy with: what was asked for comes before the end. */
static void a_removal_that_was_asked_for_is_done_before_the_drop_is_closed(void **state)
{
    uint32_t two = 2;
    (void)state;
    uint64_t alice = front_login(&stage, 0, "alice");
    front_mark(&stage, 0, alice, 0, 3);
    assert_int_equal(front_ask(&stage, 0, IPC_GET, alice, &two), STATUS_OK);
    assert_int_equal(front_ask(&stage, 0, IPC_REMOVE, alice, NULL), STATUS_OK);
    front_quit(&stage, 0, alice);
    alice = front_login(&stage, 1, "alice");
    assert_int_equal(stage_left(&stage, "alice"), STAGE_MESSAGES - 2);
}

static void a_removal_whose_front_dies_is_done_whole_or_not_at_all(void **state)
{
    (void)state;
    uint64_t alice = front_login(&stage, 0, "alice");
    front_mark(&stage, 0, alice, 0, 3);
    assert_int_equal(front_ask(&stage, 0, IPC_REMOVE, alice, NULL), STATUS_OK);
    stage_connect(&stage, 0);
    front_login(&stage, 1, "alice");
    unsigned left = stage_left(&stage, "alice");
    assert_true(left == STAGE_MESSAGES || left == STAGE_MESSAGES - 2);
}

static void a_message_that_vanished_is_told_as_such(void **state)
{
    char command[200];
    uint32_t zero = 0;
    (void)state;
    uint64_t alice = front_login(&stage, 0, "alice");
    snprintf(command, sizeof command, "rm %s/mail/alice/*/1000000000.*", stage.folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(front_ask(&stage, 0, IPC_GET, alice, &zero), STATUS_OK);
    struct ipc_reader r = front_await(&stage, 0, IPC_BLOB, alice);
    assert_int_equal(ipc_get_u32(&r), 0);
    assert_int_equal(ipc_get_u8(&r), STATUS_NOT_FOUND);
    front_read(&stage, 0, alice, "alice", 1);
}

/* ---- ends ---- */

static void store_drains_when_its_last_session_ends_and_not_before(void **state)
{
    uint64_t never = 0;
    int status;
    (void)state;
    uint64_t alice = front_login(&stage, 0, "alice");
    assert_int_equal(
        ipc_send(&stage.master_store, IPC_DRAIN, slice_of(&never, sizeof never), nothing(), -1),
        STATUS_OK);
    front_read(&stage, 0, alice, "alice", 0);
    assert_int_equal(waitpid(stage.store, &status, WNOHANG), 0);
    front_quit(&stage, 0, alice);
    assert_int_equal(waitpid(stage.store, &status, 0), stage.store);
    assert_int_equal(status, 0);
    stage.store = stage_spawn("store", &stage.master_store, IPC_STORE); /* for the tear-down */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_WITH(name, extra)                                                                     \
    cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, (void *)(uintptr_t)(extra))

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(s01_a_second_session_waits_until_the_first_ends),
        TEST(those_who_wait_have_their_turn_in_the_order_they_came),
        TEST(one_that_gives_up_waiting_is_passed_over),
        TEST(a_front_that_dies_gives_up_its_locks_and_its_places),
        TEST(another_user_s_drop_is_open_at_once_meanwhile),
        TEST_WITH(s01_after_the_wait_the_second_is_told_of_the_lock_and_the_first_goes_on,
                  "lock exclusive { wait 1s }\n"),
        TEST_WITH(s02_every_session_has_its_own_view_where_the_policy_is_snapshot,
                  "lock snapshot\n"),
        TEST(only_what_was_marked_is_removed),
        TEST(marks_without_remove_delete_nothing),
        TEST(a_mark_that_was_taken_back_deletes_nothing),
        TEST(a_removal_that_was_asked_for_is_done_before_the_drop_is_closed),
        TEST(a_removal_whose_front_dies_is_done_whole_or_not_at_all),
        TEST(a_message_that_vanished_is_told_as_such),
        TEST(store_drains_when_its_last_session_ends_and_not_before),
    };
    if (argc < 2)
        return 64;
    stage_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
