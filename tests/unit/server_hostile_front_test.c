#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server_stage.h"

/* Front 0 serves alice's session throughout; front 1 is broken, and bob's. */
enum { GOOD = 0, BAD = 1 };

static struct stage stage;
static uint64_t alice;

static int set_up(void **state)
{
    (void)state;
    stage_open(&stage, "");
    alice = front_login(&stage, GOOD, "alice");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

/* Nothing that front 1 did has touched alice, and both processes serve new sessions. */
static void all_is_well(void)
{
    for (uint32_t i = 0; i < STAGE_MESSAGES; i++)
        front_read(&stage, GOOD, alice, "alice", i);
    assert_int_equal(stage_left(&stage, "alice"), STAGE_MESSAGES);
    front_quit(&stage, GOOD, alice);
    alice = front_login(&stage, GOOD, "alice");
    front_read(&stage, GOOD, alice, "alice", 1);
}

static void must_be_accused_by(struct ipc_channel *master, unsigned *count)
{
    *count = 0;
    stage_count_faults(master, count, STAGE_PATIENCE);
    assert_int_equal(*count, 1);
    stage_connect(&stage, BAD);
}

static void store_must_accuse(void)
{
    must_be_accused_by(&stage.master_store, &stage.faults_by_store);
}

static void auth_must_accuse(void)
{
    must_be_accused_by(&stage.master_auth, &stage.faults_by_auth);
}

static void nobody_accuses(void)
{
    unsigned count = 0;
    stage_count_faults(&stage.master_store, &count, 50);
    stage_count_faults(&stage.master_auth, &count, 0);
    assert_int_equal(count, 0);
}

/* A datagram of that type to store or auth, past our own checks. */
static void raw(struct ipc_channel *c, uint32_t type, struct slice payload)
{
    static char memory[IPC_PAYLOAD_MAX + 8192];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u32(&b, type);
    buf_put(&b, payload);
    assert_false(b.overflow);
    assert_true(raw_send(c->socket, memory, b.size, -1, 0));
}

static struct ipc_channel *to_store(void)
{
    return &stage.to_store[BAD];
}

static struct ipc_channel *to_auth(void)
{
    return &stage.to_auth[BAD];
}

/* ---- sessions of others ---- */

static void a_session_that_is_not_there_is_a_fault_but_for_its_end(void **state)
{
    uint32_t zero = 0;
    (void)state;
    assert_int_equal(front_ask(&stage, BAD, IPC_GET, 4711, &zero), STATUS_OK);
    store_must_accuse();
    assert_int_equal(front_ask(&stage, BAD, IPC_LIED, 4711, &zero), STATUS_OK);
    store_must_accuse();
    assert_int_equal(front_ask(&stage, BAD, IPC_REMOVE, 4711, NULL), STATUS_OK);
    store_must_accuse();
    front_mark(&stage, BAD, 4711, 0, 7);
    store_must_accuse();
    assert_int_equal(front_ask(&stage, BAD, IPC_CLOSE, 4711, NULL), STATUS_OK);
    nobody_accuses();
    all_is_well();
}

static void another_front_s_session_cannot_be_read_marked_removed_or_closed(void **state)
{
    uint32_t zero = 0;
    (void)state;
    assert_int_equal(front_ask(&stage, BAD, IPC_GET, alice, &zero), STATUS_OK);
    store_must_accuse();
    front_mark(&stage, BAD, alice, 0, 7);
    store_must_accuse();
    assert_int_equal(front_ask(&stage, BAD, IPC_REMOVE, alice, NULL), STATUS_OK);
    store_must_accuse();
    assert_int_equal(front_ask(&stage, BAD, IPC_CLOSE, alice, NULL), STATUS_OK);
    nobody_accuses();
    for (uint32_t i = 0; i < STAGE_MESSAGES; i++)
        front_read(&stage, GOOD, alice, "alice", i);
    all_is_well();
}

static void another_front_s_login_cannot_be_ended_or_answered(void **state)
{
    char memory[100];
    (void)state;
    for (unsigned type = IPC_CANCEL; type <= IPC_ENDED; type++) {
        struct buf b = buf_over(memory, sizeof memory);
        ipc_put_u64(&b, alice);
        raw(to_auth(), type, buf_slice(&b));
    }
    nobody_accuses();
    all_is_well();
}

static void asking_before_the_drop_is_open_is_a_fault_and_takes_no_lock_along(void **state)
{
    uint32_t zero = 0;
    (void)state;
    for (unsigned n = 0; n < 10; n++) {
        uint64_t bob = ++stage.serial << 20 | 9;
        front_begin(&stage, BAD, bob, "bob");
        (void)!front_ask(&stage, BAD, IPC_GET, bob, &zero);
        stage.faults_by_store = 0;
        stage_count_faults(&stage.master_store, &stage.faults_by_store, 300);
        stage_connect(&stage, BAD);
        front_read(&stage, GOOD, alice, "alice", 0);
    }
    uint64_t bob = front_login(&stage, BAD, "bob");
    front_read(&stage, BAD, bob, "bob", 0);
    all_is_well();
}

/* ---- what is beyond the end ---- */

static void an_index_beyond_the_listing_is_a_fault(void **state)
{
    static const uint32_t indices[] = {STAGE_MESSAGES, STAGE_MESSAGES + 1, 0x7fffffff, 0xffffffff};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint64_t bob = front_login(&stage, BAD, "bob");
        assert_int_equal(front_ask(&stage, BAD, IPC_GET, bob, &indices[i]), STATUS_OK);
        store_must_accuse();
        bob = front_login(&stage, BAD, "bob");
        assert_int_equal(front_ask(&stage, BAD, IPC_LIED, bob, &indices[i]), STATUS_OK);
        store_must_accuse();
    }
    all_is_well();
}

static void marks_beyond_the_listing_are_a_fault_and_remove_nothing(void **state)
{
    static const uint32_t firsts[] = {1, 2, 0x20000000, 0x7fffffff, 0xffffffff};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        uint64_t bob = front_login(&stage, BAD, "bob");
        front_mark(&stage, BAD, bob, firsts[i], UINT64_MAX);
        store_must_accuse();
    }
    assert_int_equal(stage_left(&stage, "bob"), STAGE_MESSAGES);
    all_is_well();
}

static void marks_that_are_not_whole_words_are_a_fault(void **state)
{
    char memory[32] = {0};
    (void)state;
    uint64_t bob = front_login(&stage, BAD, "bob");
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, bob);
    raw(to_store(), IPC_MARK, slice_of(memory, 8 + 4 + 8 + 3));
    store_must_accuse();
    assert_int_equal(stage_left(&stage, "bob"), STAGE_MESSAGES);
    all_is_well();
}

static void bits_beyond_the_last_message_remove_nothing_else(void **state)
{
    (void)state;
    uint64_t bob = front_login(&stage, BAD, "bob");
    front_mark(&stage, BAD, bob, 0, UINT64_MAX << STAGE_MESSAGES | 1);
    assert_int_equal(front_ask(&stage, BAD, IPC_REMOVE, bob, NULL), STATUS_OK);
    struct ipc_reader r = front_await(&stage, BAD, IPC_REMOVED, bob);
    assert_int_equal(ipc_get_u32(&r), 1);
    assert_int_equal(ipc_get_u32(&r), 0);
    assert_int_equal(stage_left(&stage, "bob"), STAGE_MESSAGES - 1);
    nobody_accuses();
    all_is_well();
}

static void removing_without_a_mark_removes_nothing(void **state)
{
    (void)state;
    uint64_t bob = front_login(&stage, BAD, "bob");
    assert_int_equal(front_ask(&stage, BAD, IPC_REMOVE, bob, NULL), STATUS_OK);
    struct ipc_reader r = front_await(&stage, BAD, IPC_REMOVED, bob);
    assert_int_equal(ipc_get_u32(&r), 0);
    assert_int_equal(stage_left(&stage, "bob"), STAGE_MESSAGES);
    all_is_well();
}

static void marks_of_a_front_that_is_gone_before_it_says_remove_delete_nothing(void **state)
{
    (void)state;
    uint64_t bob = front_login(&stage, BAD, "bob");
    front_mark(&stage, BAD, bob, 0, 7);
    stage_connect(&stage, BAD);
    bob = front_login(&stage, BAD, "bob");
    front_read(&stage, BAD, bob, "bob", 2);
    assert_int_equal(stage_left(&stage, "bob"), STAGE_MESSAGES);
    all_is_well();
}

/* The store may answer the first before it sees the second; never is it served wrongly. */
static void a_second_get_before_the_first_was_answered_is_served_or_a_fault(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 20; n++) {
        uint64_t bob = front_login(&stage, BAD, "bob");
        unsigned blobs = 0;
        for (uint32_t i = 0; i < 3; i++)
            (void)!front_ask(&stage, BAD, IPC_GET, bob, &i);
        struct ipc_message m;
        while (blobs < 3 && stage_next(to_store(), &m, STAGE_PATIENCE) == STATUS_OK) {
            assert_int_equal(m.type, IPC_BLOB);
            blobs++;
        }
        unsigned faults = 0;
        stage_count_faults(&stage.master_store, &faults, blobs == 3 ? 0 : STAGE_PATIENCE);
        assert_int_equal(faults, blobs == 3 ? 0 : 1);
        stage_connect(&stage, BAD);
    }
    all_is_well();
}

/* ---- against the table ---- */

static void what_is_not_the_front_s_to_say_is_a_fault_for_auth_and_store(void **state)
{
    static char memory[IPC_PAYLOAD_MAX + 1000];
    (void)state;
    for (uint32_t type = 0; type < IPC_TYPE_COUNT + 1; type++) {
        const struct ipc_rule *rule = type < IPC_TYPE_COUNT ? &ipc_rules[type] : NULL;
        size_t least = rule ? rule->size_min : 8;
        bool is_ours = rule && (rule->from & IPC_FRONT);
        if (!is_ours || !(rule->to & IPC_STORE)) {
            raw(to_store(), type, slice_of(memory, least));
            store_must_accuse();
        }
        if (!is_ours || !(rule->to & IPC_AUTH)) {
            raw(to_auth(), type, slice_of(memory, least));
            auth_must_accuse();
        }
    }
    all_is_well();
}

static void wrong_sizes_are_faults(void **state)
{
    static char memory[IPC_PAYLOAD_MAX + 1000];
    (void)state;
    for (uint32_t type = 0; type < IPC_TYPE_COUNT; type++) {
        const struct ipc_rule *rule = &ipc_rules[type];
        if (!(rule->from & IPC_FRONT) || rule->to == IPC_MASTER)
            continue;
        bool for_store = rule->to & IPC_STORE;
        size_t sizes[] = {rule->size_min - 1, rule->size_max + 1, 0, sizeof memory};
        for (size_t i = 0; i < 4; i++) {
            raw(for_store ? to_store() : to_auth(), type, slice_of(memory, sizes[i]));
            if (for_store)
                store_must_accuse();
            else
                auth_must_accuse();
        }
    }
    all_is_well();
}

static void empty_datagrams_and_descriptors_are_faults(void **state)
{
    (void)state;
    assert_true(raw_send(to_store()->socket, "", 0, -1, 0));
    store_must_accuse();
    assert_true(raw_send(to_auth()->socket, "", 0, STDERR_FILENO, 1));
    auth_must_accuse();
    for (size_t count = 1; count <= RAW_DESCRIPTORS_MAX; count++) {
        assert_true(raw_send_zeros(to_store()->socket, IPC_CLOSE, 8, STDERR_FILENO, count));
        store_must_accuse();
        assert_true(raw_send_zeros(to_auth()->socket, IPC_ENDED, 8, STDERR_FILENO, count));
        auth_must_accuse();
    }
    all_is_well();
}

/* ---- logins out of turn ---- */

static void send_begin(uint64_t session, const char *mechanism)
{
    char memory[300];
    struct buf b = buf_over(memory, sizeof memory);
    put_begin(&b, session, mechanism, false, nothing());
    raw(to_auth(), IPC_BEGIN, buf_slice(&b));
}

static void await_challenge(uint64_t session)
{
    struct ipc_message m;
    assert_int_equal(stage_next(to_auth(), &m, STAGE_PATIENCE), STATUS_OK);
    assert_int_equal(m.type, IPC_CHALLENGE);
    struct ipc_reader r = ipc_reader_of(m.payload);
    assert_true(ipc_get_u64(&r) == session);
}

static void beginning_twice_with_one_number_is_a_fault(void **state)
{
    (void)state;
    send_begin(5, "LOGIN");
    await_challenge(5);
    send_begin(5, "LOGIN");
    auth_must_accuse();
    uint64_t bob = front_login(&stage, BAD, "bob");
    send_begin(bob, "LOGIN");
    auth_must_accuse();
    all_is_well();
}

static void a_number_that_reaches_into_another_front_s_is_a_fault(void **state)
{
    (void)state;
    send_begin(UINT64_C(1) << 56 | 5, "LOGIN");
    auth_must_accuse();
    send_begin(UINT64_MAX, "LOGIN");
    auth_must_accuse();
    all_is_well();
}

static void a_response_is_a_fault_only_where_none_was_asked_for(void **state)
{
    char memory[100];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    ipc_put_u64(&b, 4711);
    ipc_put_str(&b, SLICE("x"));
    raw(to_auth(), IPC_RESPONSE, buf_slice(&b)); /* refused meanwhile, as far as auth knows */
    nobody_accuses();
    uint64_t bob = front_login(&stage, BAD, "bob");
    buf_clear(&b);
    ipc_put_u64(&b, bob);
    ipc_put_str(&b, SLICE("x"));
    raw(to_auth(), IPC_RESPONSE, buf_slice(&b));
    auth_must_accuse();
    all_is_well();
}

static void texts_that_promise_more_than_there_is_are_faults(void **state)
{
    char memory[300] = {0};
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    put_begin(&b, 5, "PLAIN", true, SLICE("x"));
    for (size_t at = 8 + 28 + 1; at < b.size - 4; at++) {
        char changed[300];
        uint32_t huge = 0xfffffff0;
        if (at != 37 && at != b.size - 5)
            continue; /* where a text's size stands */
        memcpy(changed, memory, sizeof changed);
        memcpy(changed + at, &huge, sizeof huge);
        raw(to_auth(), IPC_BEGIN, slice_of(changed, b.size));
        auth_must_accuse();
    }
    memset(memory + 8, 0, 2); /* no address family */
    raw(to_auth(), IPC_BEGIN, buf_slice(&b));
    auth_must_accuse();
    all_is_well();
}

static void holding_a_session_twice_is_a_fault(void **state)
{
    char memory[100];
    struct buf b = buf_over(memory, sizeof memory);
    struct sockaddr_storage remote = {.ss_family = AF_INET};
    (void)state;
    ipc_put_u64(&b, 5);
    ipc_put_address(&b, &remote);
    ipc_put_str(&b, SLICE("bob"));
    raw(to_auth(), IPC_HELD, buf_slice(&b));
    nobody_accuses();
    raw(to_auth(), IPC_HELD, buf_slice(&b));
    auth_must_accuse();
    all_is_well();
}

/* Auth forgets the number, store still has it: store must not take the second for auth's fault, or
 * nobody could log in any more. */
static void ending_for_auth_alone_and_beginning_again_is_the_front_s_fault(void **state)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    uint64_t bob = front_login(&stage, BAD, "bob");
    ipc_put_u64(&b, bob);
    raw(to_auth(), IPC_ENDED, buf_slice(&b));
    front_begin(&stage, BAD, bob, "bob");
    store_must_accuse();
    all_is_well();
}

/* Each asks while its predecessor's session of that number may still be ending. */
static void a_front_s_successor_that_gives_the_same_numbers_shuts_nobody_out(void **state)
{
    struct ipc_message m;
    (void)state;
    for (unsigned n = 0; n < 20; n++) {
        uint64_t session = 1 << 20 | 9;
        front_begin(&stage, BAD, session, "bob");
        if (n % 2)
            (void)!stage_next(to_store(), &m, 1000);
        stage_connect(&stage, BAD);
    }
    unsigned any = 0;
    stage_count_faults(&stage.master_store, &any, 50);
    all_is_well();
}

/* ---- anything ---- */

static uint64_t random_session(unsigned *seed, uint64_t bob)
{
    uint64_t choices[] = {bob, bob, alice, (uint64_t)rand_r(seed) % 8, UINT64_MAX};
    return choices[(size_t)rand_r(seed) % 5];
}

/* A row that is the front's to send, most often of a size that fits, over octets that are random
 * but for the session. */
static bool send_anything(unsigned *seed, uint64_t bob)
{
    char memory[400];
    uint32_t type = (uint32_t)rand_r(seed) % (IPC_TYPE_COUNT + 1);
    if (rand_r(seed) % 8 && (type >= IPC_TYPE_COUNT || !(ipc_rules[type].from & IPC_FRONT)))
        type = rand_r(seed) % 2 ? IPC_GET + (uint32_t)rand_r(seed) % 5
                                : IPC_BEGIN + (uint32_t)rand_r(seed) % 5;
    bool for_store =
        type < IPC_TYPE_COUNT ? (ipc_rules[type].to & IPC_STORE) != 0 : rand_r(seed) % 2 != 0;
    size_t least = type < IPC_TYPE_COUNT ? ipc_rules[type].size_min : 0;
    size_t size = least < 300 && rand_r(seed) % 16 ? least : (size_t)rand_r(seed) % 300;
    if (type == IPC_MARK && rand_r(seed) % 4)
        size = 20;
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = (char)(rand_r(seed) % 3 ? rand_r(seed) % 4 : rand_r(seed));
    uint64_t session = random_session(seed, bob);
    memcpy(memory, &type, sizeof type);
    memcpy(memory + 4, &session, sizeof session);
    int count = rand_r(seed) % 50 ? 0 : rand_r(seed) % 3;
    return raw_send(for_store ? to_store()->socket : to_auth()->socket, memory, 4 + size,
                    STDERR_FILENO, (size_t)count);
}

/* Takes what the processes answered; what is accused is counted and may happen. */
static void take_all(void)
{
    struct ipc_message m;
    struct ipc_channel *both[] = {to_store(), to_auth()};
    for (size_t i = 0; i < 2; i++) {
        while (stage_next(both[i], &m, 0) == STATUS_OK) {
            if (m.descriptor >= 0)
                close(m.descriptor);
        }
    }
    stage_count_faults(&stage.master_store, &stage.faults_by_store, 0);
    stage_count_faults(&stage.master_auth, &stage.faults_by_auth, 0);
}

static void random_messages_crash_nobody_and_touch_nobody_else(void **state)
{
    const char *given = getenv("POPLIN_SEED");
    unsigned first = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();
    unsigned seed = first;
    uint64_t bob = 0;
    (void)state;
    print_message("# POPLIN_SEED=%u\n", first);
    stage.faults_by_auth = stage.faults_by_store = 0;
    for (unsigned round = 0; round < 300; round++) {
        stage_connect(&stage, BAD);
        bob = ++stage.serial << 20 | 9;
        front_begin(&stage, BAD, bob, "bob");
        struct ipc_message m;
        (void)!stage_next(to_store(), &m, 1000);
        for (unsigned i = 0; i < 20 && send_anything(&seed, bob); i++)
            take_all();
        if (round % 50 == 0)
            front_read(&stage, GOOD, alice, "alice", round % STAGE_MESSAGES);
    }
    take_all();
    assert_true(stage.faults_by_auth > 0);
    assert_true(stage.faults_by_store > 0);
    all_is_well();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_that_is_not_there_is_a_fault_but_for_its_end),
        TEST(another_front_s_session_cannot_be_read_marked_removed_or_closed),
        TEST(another_front_s_login_cannot_be_ended_or_answered),
        TEST(asking_before_the_drop_is_open_is_a_fault_and_takes_no_lock_along),
        TEST(an_index_beyond_the_listing_is_a_fault),
        TEST(marks_beyond_the_listing_are_a_fault_and_remove_nothing),
        TEST(marks_that_are_not_whole_words_are_a_fault),
        TEST(bits_beyond_the_last_message_remove_nothing_else),
        TEST(removing_without_a_mark_removes_nothing),
        TEST(marks_of_a_front_that_is_gone_before_it_says_remove_delete_nothing),
        TEST(a_second_get_before_the_first_was_answered_is_served_or_a_fault),
        TEST(what_is_not_the_front_s_to_say_is_a_fault_for_auth_and_store),
        TEST(wrong_sizes_are_faults),
        TEST(empty_datagrams_and_descriptors_are_faults),
        TEST(beginning_twice_with_one_number_is_a_fault),
        TEST(a_number_that_reaches_into_another_front_s_is_a_fault),
        TEST(a_response_is_a_fault_only_where_none_was_asked_for),
        TEST(texts_that_promise_more_than_there_is_are_faults),
        TEST(holding_a_session_twice_is_a_fault),
        TEST(ending_for_auth_alone_and_beginning_again_is_the_front_s_fault),
        TEST(a_front_s_successor_that_gives_the_same_numbers_shuts_nobody_out),
        TEST(random_messages_crash_nobody_and_touch_nobody_else),
    };
    if (argc < 2)
        return 64;
    stage_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
