#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ipc/ipc.h"

#include "ipc_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char memory[IPC_PAYLOAD_MAX + 4];

/* Store's end and front's end of one channel: what flows from store may carry descriptors. */
struct two {
    struct ipc_channel store, front;
};

static void connect_two(struct two *t)
{
    int ends[2];
    assert_int_equal(ipc_pair(ends), STATUS_OK);
    ipc_channel_init(&t->store, ends[0], IPC_STORE, IPC_FRONT, 7);
    ipc_channel_init(&t->front, ends[1], IPC_FRONT, IPC_STORE, 0);
}

static void close_two(struct two *t)
{
    ipc_channel_close(&t->store);
    ipc_channel_close(&t->front);
}

/* A BLOB whose first octets are a number; every third has a file of `number` octets with it. */
static enum status send_numbered(struct ipc_channel *c, uint32_t number)
{
    static char tail[30000];
    char head[38] = {0};
    int fd = -1;
    memcpy(head, &number, sizeof number);
    if (number % 3 == 0) {
        fd = memfd_create("numbered", MFD_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, number), 0);
    }
    enum status s = ipc_send(c, IPC_BLOB, slice_of(head, sizeof head),
                             slice_of(tail, number % 2 ? sizeof tail : 0), fd);
    if (fd >= 0)
        close(fd);
    return s;
}

static void must_be_numbered(const struct ipc_message *m, uint32_t number)
{
    uint32_t found;
    assert_int_equal(m->type, IPC_BLOB);
    assert_int_equal(m->payload.size, 38 + (number % 2 ? 30000 : 0));
    memcpy(&found, m->payload.data, sizeof found);
    assert_int_equal(found, number);
    assert_int_equal(m->descriptor >= 0, number % 3 == 0);
    if (m->descriptor < 0)
        return;
    struct stat st;
    assert_int_equal(fstat(m->descriptor, &st), 0);
    assert_int_equal(st.st_size, number);
    close(m->descriptor);
}

static void what_the_kernel_does_not_take_is_queued_and_order_and_descriptors_are_kept(void **state)
{
    struct two t;
    struct ipc_message m;
    enum { MANY = 400 };
    (void)state;
    size_t before = open_descriptors();
    connect_two(&t);
    int small = 48 * 1024;
    setsockopt(t.store.socket, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(send_numbered(&t.store, i), STATUS_OK);
    assert_true(ipc_wants_write(&t.store));
    assert_true(t.store.queued > MANY / 2);
    for (uint32_t i = 0; i < MANY; i++) {
        enum status s = ipc_receive(&t.front, memory, sizeof memory, &m);
        if (s == STATUS_AGAIN) {
            enum status flushed = ipc_flush(&t.store);
            assert_true(flushed == STATUS_OK || flushed == STATUS_AGAIN);
            s = ipc_receive(&t.front, memory, sizeof memory, &m);
        }
        assert_int_equal(s, STATUS_OK);
        must_be_numbered(&m, i);
    }
    assert_false(ipc_wants_write(&t.store));
    assert_int_equal(t.store.queued, 0);
    assert_int_equal(ipc_receive(&t.front, memory, sizeof memory, &m), STATUS_AGAIN);
    close_two(&t);
    assert_int_equal(open_descriptors(), before);
}

static void nothing_overtakes_the_queue_though_the_kernel_has_room_again(void **state)
{
    struct two t;
    struct ipc_message m;
    uint32_t sent = 0, received = 0;
    (void)state;
    connect_two(&t);
    int small = 48 * 1024;
    setsockopt(t.store.socket, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    while (!ipc_wants_write(&t.store))
        assert_int_equal(send_numbered(&t.store, sent++), STATUS_OK);
    while (ipc_receive(&t.front, memory, sizeof memory, &m) == STATUS_OK)
        must_be_numbered(&m, received++);
    assert_int_equal(send_numbered(&t.store, sent++), STATUS_OK);
    assert_int_equal(t.store.queued, 2);
    while (received < sent) {
        (void)!ipc_flush(&t.store);
        assert_int_equal(ipc_receive(&t.front, memory, sizeof memory, &m), STATUS_OK);
        must_be_numbered(&m, received++);
    }
    close_two(&t);
}

static void closing_frees_the_queue_and_its_descriptors(void **state)
{
    struct two t;
    (void)state;
    size_t before = open_descriptors();
    connect_two(&t);
    int small = 48 * 1024;
    setsockopt(t.store.socket, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(send_numbered(&t.store, i), STATUS_OK);
    assert_true(t.store.queued > 0);
    ipc_channel_close(&t.store);
    assert_int_equal(t.store.queued, 0);
    assert_false(ipc_wants_write(&t.store));
    assert_false(ipc_channel_is_open(&t.store));
    assert_int_equal(send_numbered(&t.store, 0), STATUS_CLOSED);
    ipc_channel_close(&t.store);
    ipc_channel_close(&t.front);
    assert_int_equal(open_descriptors(), before);
}

static void an_end_that_is_gone_is_closed_for_both_directions(void **state)
{
    struct two t;
    struct ipc_message m;
    (void)state;
    connect_two(&t);
    ipc_channel_close(&t.front);
    assert_int_equal(send_numbered(&t.store, 0), STATUS_CLOSED);
    assert_int_equal(ipc_receive(&t.store, memory, sizeof memory, &m), STATUS_CLOSED);
    close_two(&t);
}

static void what_was_sent_before_the_end_went_is_still_received(void **state)
{
    struct two t;
    struct ipc_message m;
    (void)state;
    connect_two(&t);
    assert_int_equal(send_numbered(&t.store, 3), STATUS_OK);
    ipc_channel_close(&t.store);
    assert_int_equal(ipc_receive(&t.front, memory, sizeof memory, &m), STATUS_OK);
    must_be_numbered(&m, 3);
    assert_int_equal(ipc_receive(&t.front, memory, sizeof memory, &m), STATUS_CLOSED);
    close_two(&t);
}

static void a_descriptor_for_which_there_is_no_room_is_told_as_lost_not_as_malformed(void **state)
{
    struct two t;
    struct ipc_message m;
    struct rlimit limit, none;
    (void)state;
    connect_two(&t);
    assert_int_equal(send_numbered(&t.store, 3), STATUS_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum status s = ipc_receive(&t.front, memory, sizeof memory, &m);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(s, STATUS_OK);
    assert_true(m.lost_descriptor);
    assert_int_equal(m.descriptor, -1);
    close_two(&t);
}

static void descriptors_arrive_close_on_exec(void **state)
{
    struct two t;
    struct ipc_message m;
    (void)state;
    connect_two(&t);
    assert_true(raw_send_zeros(t.store.socket, IPC_BLOB, 38, STDERR_FILENO, 1));
    assert_int_equal(ipc_receive(&t.front, memory, sizeof memory, &m), STATUS_OK);
    assert_true(fcntl(m.descriptor, F_GETFD) & FD_CLOEXEC);
    close(m.descriptor);
    close_two(&t);
}

/* ---- what a broken process may send ---- */

static void more_than_one_descriptor_is_malformed_and_none_stays_open(void **state)
{
    struct two t;
    struct ipc_message m;
    (void)state;
    connect_two(&t);
    size_t before = open_descriptors();
    for (size_t count = 2; count <= RAW_DESCRIPTORS_MAX; count++) {
        assert_true(raw_send_zeros(t.store.socket, IPC_BLOB, 38, STDERR_FILENO, count));
        assert_int_equal(ipc_receive(&t.front, memory, sizeof memory, &m), STATUS_MALFORMED);
        assert_true(raw_send_zeros(t.front.socket, IPC_GET, 12, STDERR_FILENO, count));
        assert_int_equal(ipc_receive(&t.store, memory, sizeof memory, &m), STATUS_MALFORMED);
    }
    assert_int_equal(open_descriptors(), before);
    close_two(&t);
}

static void a_descriptor_that_must_not_come_is_malformed_and_closed(void **state)
{
    struct two t;
    struct ipc_message m;
    (void)state;
    connect_two(&t);
    size_t before = open_descriptors();
    assert_true(raw_send_zeros(t.front.socket, IPC_GET, 12, STDERR_FILENO, 1));
    assert_int_equal(ipc_receive(&t.store, memory, sizeof memory, &m), STATUS_MALFORMED);
    assert_int_equal(open_descriptors(), before);
    close_two(&t);
}

/* On such a socket a read of 0 octets is how the end looks, too. */
static void an_empty_datagram_is_malformed_not_the_end(void **state)
{
    struct two t;
    struct ipc_message m;
    (void)state;
    connect_two(&t);
    size_t before = open_descriptors();
    assert_true(raw_send(t.front.socket, "", 0, -1, 0));
    assert_int_equal(ipc_receive(&t.store, memory, sizeof memory, &m), STATUS_MALFORMED);
    assert_true(raw_send(t.front.socket, "", 0, STDERR_FILENO, 1));
    assert_int_equal(ipc_receive(&t.store, memory, sizeof memory, &m), STATUS_MALFORMED);
    assert_int_equal(ipc_receive(&t.store, memory, sizeof memory, &m), STATUS_AGAIN);
    assert_int_equal(open_descriptors(), before);
    close_two(&t);
}

static void a_datagram_too_short_for_a_type_is_malformed(void **state)
{
    struct two t;
    struct ipc_message m;
    (void)state;
    connect_two(&t);
    for (size_t size = 1; size < 4; size++) {
        assert_true(raw_send(t.front.socket, "\0\0\0", size, -1, 0));
        assert_int_equal(ipc_receive(&t.store, memory, sizeof memory, &m), STATUS_MALFORMED);
    }
    close_two(&t);
}

static void a_datagram_larger_than_the_receiver_s_memory_is_malformed(void **state)
{
    static char huge[IPC_PAYLOAD_MAX + 5000];
    struct two t;
    struct ipc_message m;
    uint32_t type = IPC_MARK;
    (void)state;
    connect_two(&t);
    memcpy(huge, &type, sizeof type);
    assert_true(raw_send(t.front.socket, huge, sizeof huge, -1, 0));
    assert_int_equal(ipc_receive(&t.store, memory, IPC_PAYLOAD_MAX, &m), STATUS_MALFORMED);
    assert_int_equal(ipc_receive(&t.store, memory, IPC_PAYLOAD_MAX, &m), STATUS_AGAIN);
    close_two(&t);
}

static void random_datagrams_are_malformed_or_fit_their_row(void **state)
{
    struct two t;
    struct ipc_message m;
    unsigned seed = 20240611;
    (void)state;
    connect_two(&t);
    size_t before = open_descriptors();
    for (unsigned i = 0; i < 20000; i++) {
        char data[80];
        size_t size = (size_t)rand_r(&seed) % sizeof data;
        for (size_t k = 0; k < size; k++)
            data[k] = (char)rand_r(&seed);
        if (size >= 4) {
            uint32_t type = (uint32_t)rand_r(&seed) % (IPC_TYPE_COUNT + 2);
            memcpy(data, &type, sizeof type);
        }
        size_t count = (size_t)rand_r(&seed) % 4;
        assert_true(raw_send(t.front.socket, data, size, STDERR_FILENO, count > 2 ? 2 : count));
        enum status s = ipc_receive(&t.store, memory, sizeof memory, &m);
        assert_true(s == STATUS_OK || s == STATUS_MALFORMED);
        if (s != STATUS_OK)
            continue;
        assert_true(count == 0 && ipc_rules[m.type].from == IPC_FRONT);
        assert_int_equal(m.payload.size, size - 4);
    }
    assert_int_equal(open_descriptors(), before);
    close_two(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_the_kernel_does_not_take_is_queued_and_order_and_descriptors_are_kept),
        cmocka_unit_test(nothing_overtakes_the_queue_though_the_kernel_has_room_again),
        cmocka_unit_test(closing_frees_the_queue_and_its_descriptors),
        cmocka_unit_test(an_end_that_is_gone_is_closed_for_both_directions),
        cmocka_unit_test(what_was_sent_before_the_end_went_is_still_received),
        cmocka_unit_test(a_descriptor_for_which_there_is_no_room_is_told_as_lost_not_as_malformed),
        cmocka_unit_test(descriptors_arrive_close_on_exec),
        cmocka_unit_test(more_than_one_descriptor_is_malformed_and_none_stays_open),
        cmocka_unit_test(a_descriptor_that_must_not_come_is_malformed_and_closed),
        cmocka_unit_test(an_empty_datagram_is_malformed_not_the_end),
        cmocka_unit_test(a_datagram_too_short_for_a_type_is_malformed),
        cmocka_unit_test(a_datagram_larger_than_the_receiver_s_memory_is_malformed),
        cmocka_unit_test(random_datagrams_are_malformed_or_fit_their_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
