#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ipc/ipc.h"

#include "ipc_raw.h"

#include <stdio.h>

enum { CHILDREN = IPC_FRONT | IPC_AUTH | IPC_STORE };

/* Who may say what to whom, as ipc.h's prose has it: written down a second time, so that a row
 * that is widened by mistake is seen. */
static const struct {
    unsigned from, to;
    enum ipc_descriptor descriptor;
} said[IPC_TYPE_COUNT] = {
    [IPC_CONFIG] = {IPC_MASTER, CHILDREN, IPC_FD_ONE},
    [IPC_LISTENER] = {IPC_MASTER, IPC_FRONT, IPC_FD_ONE},
    [IPC_TLS] = {IPC_MASTER, IPC_FRONT, IPC_FD_ONE},
    [IPC_USERS] = {IPC_MASTER, IPC_AUTH, IPC_FD_ONE},
    [IPC_NO_USERS] = {IPC_MASTER, IPC_AUTH, IPC_FD_NONE},
    [IPC_PEER] = {IPC_MASTER, CHILDREN, IPC_FD_ONE},
    [IPC_START] = {IPC_MASTER, CHILDREN, IPC_FD_NONE},
    [IPC_DRAIN] = {IPC_MASTER, CHILDREN, IPC_FD_NONE},
    [IPC_PROBE] = {IPC_MASTER, CHILDREN, IPC_FD_NONE},
    [IPC_READY] = {CHILDREN, IPC_MASTER, IPC_FD_NONE},
    [IPC_FAULT] = {CHILDREN, IPC_MASTER, IPC_FD_NONE},
    [IPC_NOTICE] = {CHILDREN, IPC_MASTER, IPC_FD_NONE},
    [IPC_BEGIN] = {IPC_FRONT, IPC_AUTH, IPC_FD_NONE},
    [IPC_RESPONSE] = {IPC_FRONT, IPC_AUTH, IPC_FD_NONE},
    [IPC_CANCEL] = {IPC_FRONT, IPC_AUTH, IPC_FD_NONE},
    [IPC_ENDED] = {IPC_FRONT, IPC_AUTH, IPC_FD_NONE},
    [IPC_HELD] = {IPC_FRONT, IPC_AUTH, IPC_FD_NONE},
    [IPC_CHALLENGE] = {IPC_AUTH, IPC_FRONT, IPC_FD_NONE},
    [IPC_REFUSED] = {IPC_AUTH | IPC_STORE, IPC_FRONT, IPC_FD_NONE},
    [IPC_OPEN] = {IPC_AUTH, IPC_STORE, IPC_FD_NONE},
    [IPC_OPENED] = {IPC_STORE, IPC_FRONT, IPC_FD_MAYBE},
    [IPC_LISTING] = {IPC_STORE, IPC_FRONT, IPC_FD_MAYBE},
    [IPC_BLOB] = {IPC_STORE, IPC_FRONT, IPC_FD_MAYBE},
    [IPC_REMOVED] = {IPC_STORE, IPC_FRONT, IPC_FD_NONE},
    [IPC_YIELD] = {IPC_STORE, IPC_FRONT, IPC_FD_NONE},
    [IPC_GET] = {IPC_FRONT, IPC_STORE, IPC_FD_NONE},
    [IPC_LIED] = {IPC_FRONT, IPC_STORE, IPC_FD_NONE},
    [IPC_MARK] = {IPC_FRONT, IPC_STORE, IPC_FD_NONE},
    [IPC_REMOVE] = {IPC_FRONT, IPC_STORE, IPC_FD_NONE},
    [IPC_CLOSE] = {IPC_FRONT, IPC_STORE, IPC_FD_NONE},
};

static const enum ipc_role roles[] = {IPC_MASTER, IPC_FRONT, IPC_AUTH, IPC_STORE};

static char memory[IPC_PAYLOAD_MAX + 4];

static bool is_allowed(uint32_t type, enum ipc_role from, enum ipc_role to, size_t size, bool fd)
{
    if (type >= IPC_TYPE_COUNT || !(said[type].from & from) || !(said[type].to & to))
        return false;
    if (size < ipc_rules[type].size_min || size > ipc_rules[type].size_max)
        return false;
    return said[type].descriptor == IPC_FD_MAYBE || (said[type].descriptor == IPC_FD_ONE) == fd;
}

static void try_one(const int ends[2], uint32_t type, enum ipc_role from, enum ipc_role to,
                    size_t size, bool fd)
{
    struct ipc_channel c;
    struct ipc_message m;
    ipc_channel_init(&c, ends[1], to, from, 0);
    assert_true(raw_send_zeros(ends[0], type, size, STDERR_FILENO, fd));
    enum status s = ipc_receive(&c, memory, sizeof memory, &m);
    bool allowed = is_allowed(type, from, to, size, fd);
    if (s != (allowed ? STATUS_OK : STATUS_MALFORMED))
        print_message("type %u from %u to %u size %zu fd %d: %s\n", type, from, to, size, fd,
                      status_name(s));
    assert_int_equal(s, allowed ? STATUS_OK : STATUS_MALFORMED);
    if (!allowed)
        return;
    assert_int_equal(m.type, type);
    assert_int_equal(m.payload.size, size);
    assert_int_equal(m.descriptor >= 0, fd);
    assert_false(m.lost_descriptor);
    if (fd)
        close(m.descriptor);
}

static void try_sizes(const int ends[2], uint32_t type, enum ipc_role from, enum ipc_role to)
{
    bool known = type < IPC_TYPE_COUNT;
    size_t min = known ? ipc_rules[type].size_min : 0;
    size_t max = known ? ipc_rules[type].size_max : IPC_PAYLOAD_MAX;
    size_t sizes[] = {min, max, max + 1, 0, min > 0 ? min - 1 : max + 2};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        try_one(ends, type, from, to, sizes[i], false);
        try_one(ends, type, from, to, sizes[i], true);
    }
}

static void what_is_not_in_the_table_is_malformed_for_every_pair_size_and_descriptor(void **state)
{
    static const uint32_t unknown[] = {IPC_TYPE_COUNT, IPC_TYPE_COUNT + 1, 0x7fffffff, 0xffffffff};
    int ends[2];
    (void)state;
    assert_int_equal(ipc_pair(ends), STATUS_OK);
    size_t before = open_descriptors();
    for (size_t from = 0; from < 4; from++) {
        for (size_t to = 0; to < 4; to++) {
            for (uint32_t type = 0; type < IPC_TYPE_COUNT; type++)
                try_sizes(ends, type, roles[from], roles[to]);
            for (size_t i = 0; i < 4; i++)
                try_sizes(ends, unknown[i], roles[from], roles[to]);
        }
    }
    assert_int_equal(open_descriptors(), before);
    close(ends[0]);
    close(ends[1]);
}

static void every_row_says_what_the_header_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPC_TYPE_COUNT; i++) {
        const struct ipc_rule *r = &ipc_rules[i];
        assert_non_null(r->name);
        assert_int_equal(r->from, said[i].from);
        assert_int_equal(r->to, said[i].to);
        assert_int_equal(r->descriptor, said[i].descriptor);
    }
}

static void no_row_outgrows_the_receiver_s_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPC_TYPE_COUNT; i++) {
        assert_true(ipc_rules[i].size_min <= ipc_rules[i].size_max);
        assert_true(ipc_rules[i].size_max <= IPC_PAYLOAD_MAX);
    }
}

static void no_front_can_hand_a_descriptor_to_anyone(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPC_TYPE_COUNT; i++)
        assert_true(!(ipc_rules[i].from & IPC_FRONT) || ipc_rules[i].descriptor == IPC_FD_NONE);
}

static void only_auth_can_open_a_drop(void **state)
{
    (void)state;
    assert_int_equal(ipc_rules[IPC_OPEN].from, IPC_AUTH);
    assert_int_equal(ipc_rules[IPC_OPEN].to, IPC_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_in_the_table_is_malformed_for_every_pair_size_and_descriptor),
        cmocka_unit_test(every_row_says_what_the_header_says),
        cmocka_unit_test(no_row_outgrows_the_receiver_s_memory),
        cmocka_unit_test(no_front_can_hand_a_descriptor_to_anyone),
        cmocka_unit_test(only_auth_can_open_a_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
