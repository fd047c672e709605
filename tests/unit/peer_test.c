#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/peer.h"

#include "ipc_raw.h"

#include <stdio.h>
#include <stdlib.h>

static const struct child_role store_role = {.name = "store", .role = IPC_STORE};
static struct child child;
static struct ipc_channel master; /* the master's end */
static struct peer peer;          /* store's, to front 3 */
static int front;                 /* the front's end */
static unsigned messages, gone;
static bool accepts;

static bool take(struct peer *p, const struct ipc_message *m)
{
    (void)p;
    (void)m;
    messages++;
    return accepts;
}

static void count_gone(struct peer *p)
{
    assert_false(peer_is_open(p));
    gone++;
}

static int connect_front(void)
{
    int ends[2];
    assert_int_equal(ipc_pair(ends), STATUS_OK);
    assert_int_equal(peer_open(&peer, &child, ends[0], IPC_FRONT, 3), STATUS_OK);
    peer.message = take;
    peer.gone = count_gone;
    return ends[1];
}

static int set_up(void **state)
{
    int ends[2];
    (void)state;
    child = (struct child){.role = &store_role, .memory = malloc(IPC_PAYLOAD_MAX)};
    if (ipc_pair(ends) != STATUS_OK || event_loop_new(&child.loop) != STATUS_OK)
        return -1;
    ipc_channel_init(&child.master, ends[0], IPC_STORE, IPC_MASTER, 0);
    ipc_channel_init(&master, ends[1], IPC_MASTER, IPC_STORE, 0);
    messages = gone = 0;
    accepts = true;
    peer_init(&peer);
    front = connect_front();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ipc_channel_close(&peer.channel);
    ipc_channel_close(&child.master);
    ipc_channel_close(&master);
    if (front >= 0)
        close(front);
    event_loop_free(child.loop);
    free(child.memory);
    return 0;
}

static unsigned turns_left;

static void count_turn(void *context)
{
    (void)context;
    if (--turns_left == 0)
        event_stop(child.loop);
}

static void tick(struct event_timer *t, uint64_t now)
{
    event_set_timer(child.loop, t, now + 1);
}

/* The loop is of no further use after it: one run a test. */
static void run_turns(unsigned n)
{
    struct event_timer t = {.fire = tick};
    turns_left = n;
    event_set_after_turn(child.loop, count_turn, NULL);
    event_set_timer(child.loop, &t, 0);
    assert_int_equal(event_run(child.loop), STATUS_OK);
}

static unsigned faults_told(void)
{
    struct ipc_message m;
    unsigned n = 0;
    while (ipc_receive(&master, child.memory, IPC_PAYLOAD_MAX, &m) == STATUS_OK) {
        enum ipc_role role;
        uint32_t index;
        assert_int_equal(m.type, IPC_FAULT);
        assert_true(peer_parse(&m, &role, &index));
        assert_int_equal(role, IPC_FRONT);
        assert_int_equal(index, 3);
        n++;
    }
    return n;
}

static void messages_that_fit_come_to_the_handler_one_by_one(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_true(raw_send_zeros(front, IPC_GET, 12, -1, 0));
    run_turns(10);
    assert_int_equal(messages, 5);
    assert_int_equal(gone, 0);
    assert_int_equal(faults_told(), 0);
}

static void what_the_handler_refuses_ends_it_once_and_is_told_to_the_master(void **state)
{
    (void)state;
    accepts = false;
    for (unsigned i = 0; i < 5; i++)
        assert_true(raw_send_zeros(front, IPC_GET, 12, -1, 0));
    run_turns(10);
    assert_int_equal(messages, 1);
    assert_int_equal(gone, 1);
    assert_int_equal(faults_told(), 1);
}

static void what_is_not_in_the_table_never_comes_to_the_handler(void **state)
{
    (void)state;
    assert_true(raw_send_zeros(front, IPC_OPENED, 24, -1, 0));
    assert_true(raw_send_zeros(front, IPC_GET, 12, -1, 0));
    run_turns(10);
    assert_int_equal(messages, 0);
    assert_int_equal(gone, 1);
    assert_int_equal(faults_told(), 1);
}

static void an_end_is_no_fault_and_what_came_before_it_is_served(void **state)
{
    (void)state;
    assert_true(raw_send_zeros(front, IPC_GET, 12, -1, 0));
    assert_true(raw_send_zeros(front, IPC_CLOSE, 8, -1, 0));
    close(front);
    front = -1;
    run_turns(10);
    assert_int_equal(messages, 2);
    assert_int_equal(gone, 1);
    assert_int_equal(faults_told(), 0);
}

static void a_successor_ends_the_one_before(void **state)
{
    (void)state;
    int successor = connect_front();
    assert_int_equal(gone, 1);
    assert_true(peer_is_open(&peer));
    assert_true(raw_send_zeros(successor, IPC_GET, 12, -1, 0));
    run_turns(5);
    assert_int_equal(messages, 1);
    assert_int_equal(gone, 1);
    assert_int_equal(faults_told(), 0);
    close(successor);
}

/* More than the kernel holds is sent when the front reads at last. */
static void what_was_queued_is_sent_by_the_loop(void **state)
{
    static char rows[30000];
    char head[38] = {0};
    struct ipc_channel c;
    struct ipc_message m;
    unsigned received = 0;
    (void)state;
    int small = 48 * 1024;
    setsockopt(peer.channel.socket, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(peer_send_with(&peer, IPC_BLOB, slice_of(head, sizeof head),
                                        slice_of(rows, sizeof rows), -1),
                         STATUS_OK);
    assert_true(ipc_wants_write(&peer.channel));
    ipc_channel_init(&c, front, IPC_FRONT, IPC_STORE, 0);
    while (ipc_receive(&c, child.memory, IPC_PAYLOAD_MAX, &m) == STATUS_OK)
        received++;
    assert_true(received < 20);
    run_turns(3);
    assert_true(ipc_receive(&c, child.memory, IPC_PAYLOAD_MAX, &m) == STATUS_OK);
}

static void sending_to_a_closed_one_is_closed(void **state)
{
    char id[16] = {0};
    (void)state;
    accepts = false;
    assert_true(raw_send_zeros(front, IPC_GET, 12, -1, 0));
    run_turns(3);
    assert_int_equal(peer_send(&peer, IPC_REMOVED, slice_of(id, sizeof id)), STATUS_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_that_fit_come_to_the_handler_one_by_one),
        TEST(what_the_handler_refuses_ends_it_once_and_is_told_to_the_master),
        TEST(what_is_not_in_the_table_never_comes_to_the_handler),
        TEST(an_end_is_no_fault_and_what_came_before_it_is_served),
        TEST(a_successor_ends_the_one_before),
        TEST(what_was_queued_is_sent_by_the_loop),
        TEST(sending_to_a_closed_one_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
