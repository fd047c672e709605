#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ipc/ipc_pack.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { FIELDS = 1 + 4 + 8 + 4 + 5 + 28 };

static struct sockaddr_storage v4(void)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&a;
    in->sin_family = AF_INET;
    in->sin_port = htons(110);
    inet_pton(AF_INET, "192.0.2.7", &in->sin_addr);
    return a;
}

static struct sockaddr_storage v6(void)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(995);
    in6->sin6_scope_id = 3;
    inet_pton(AF_INET6, "fe80::1:2", &in6->sin6_addr);
    return a;
}

static void write_all(struct buf *b)
{
    struct sockaddr_storage a = v6();
    ipc_put_u8(b, 0xfe);
    ipc_put_u32(b, 0xdeadbeef);
    ipc_put_u64(b, UINT64_MAX - 1);
    ipc_put_str(b, SLICE("alice"));
    ipc_put_address(b, &a);
}

struct all {
    uint8_t small;
    uint32_t middle;
    uint64_t large;
    struct slice text;
    struct sockaddr_storage address;
};

static struct all read_all(struct ipc_reader *r)
{
    struct all a;
    a.small = ipc_get_u8(r);
    a.middle = ipc_get_u32(r);
    a.large = ipc_get_u64(r);
    a.text = ipc_get_str(r);
    a.address = ipc_get_address(r);
    return a;
}

static void every_field_comes_back_as_it_was_put(void **state)
{
    char memory[FIELDS];
    struct buf b = buf_over(memory, sizeof memory);
    struct sockaddr_storage address = v6();
    (void)state;
    write_all(&b);
    assert_false(b.overflow);
    assert_int_equal(b.size, FIELDS);
    struct ipc_reader r = ipc_reader_of(buf_slice(&b));
    struct all a = read_all(&r);
    assert_true(ipc_is_whole(&r));
    assert_int_equal(a.small, 0xfe);
    assert_int_equal(a.middle, 0xdeadbeef);
    assert_true(a.large == UINT64_MAX - 1);
    assert_true(slice_equal(a.text, SLICE("alice")));
    assert_memory_equal(&a.address, &address, sizeof(struct sockaddr_in6));
}

/* The cut payload lies at the end of an allocation of its own: reading beyond it is caught. */
static void a_payload_cut_at_any_octet_is_bad_and_nothing_beyond_it_is_read(void **state)
{
    char memory[FIELDS];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    write_all(&b);
    for (size_t cut = 0; cut < FIELDS; cut++) {
        char *part = malloc(cut ? cut : 1);
        memcpy(part, memory, cut);
        struct ipc_reader r = ipc_reader_of(slice_of(part, cut));
        struct all a = read_all(&r);
        assert_true(r.bad);
        assert_false(ipc_is_whole(&r));
        assert_true(a.text.size <= cut);
        free(part);
    }
}

static void what_follows_a_missing_field_is_zero_not_garbage(void **state)
{
    (void)state;
    struct ipc_reader r = ipc_reader_of(SLICE("abc"));
    assert_int_equal(ipc_get_u32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(ipc_get_u8(&r), 0);
    assert_int_equal(ipc_get_u64(&r), 0);
    assert_int_equal(ipc_get_str(&r).size, 0);
}

static void octets_left_over_are_not_whole(void **state)
{
    char memory[FIELDS + 1] = {0};
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    write_all(&b);
    ipc_put_u8(&b, 0);
    struct ipc_reader r = ipc_reader_of(buf_slice(&b));
    read_all(&r);
    assert_false(r.bad);
    assert_false(ipc_is_whole(&r));
    assert_int_equal(ipc_get_rest(&r).size, 1);
    assert_true(ipc_is_whole(&r));
}

static void a_text_longer_than_what_is_left_is_bad_whatever_its_size_says(void **state)
{
    static const uint32_t sizes[] = {6, 7, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *memory = malloc(9);
        memcpy(memory, &sizes[i], 4);
        memcpy(memory + 4, "alice", 5);
        struct ipc_reader r = ipc_reader_of(slice_of(memory, 9));
        assert_int_equal(ipc_get_str(&r).size, 0);
        assert_true(r.bad);
        free(memory);
    }
}

static void an_address_of_another_family_is_bad(void **state)
{
    (void)state;
    for (unsigned family = 0; family < 64; family++) {
        char memory[28] = {0};
        sa_family_t f = (sa_family_t)family;
        memcpy(memory, &f, sizeof f);
        struct ipc_reader r = ipc_reader_of(slice_of(memory, sizeof memory));
        (void)ipc_get_address(&r);
        assert_int_equal(ipc_is_whole(&r), family == AF_INET || family == AF_INET6);
    }
}

static void an_ipv4_address_carries_no_octets_of_the_writer_s_memory(void **state)
{
    char memory[28];
    struct buf b = buf_over(memory, sizeof memory);
    struct sockaddr_storage dirty;
    (void)state;
    memset(&dirty, 0xaa, sizeof dirty);
    struct sockaddr_storage clean = v4();
    memcpy(&dirty, &clean, sizeof(struct sockaddr_in));
    ipc_put_address(&b, &dirty);
    struct ipc_reader r = ipc_reader_of(buf_slice(&b));
    struct sockaddr_storage back = ipc_get_address(&r);
    assert_memory_equal(&back, &clean, sizeof back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back_as_it_was_put),
        cmocka_unit_test(a_payload_cut_at_any_octet_is_bad_and_nothing_beyond_it_is_read),
        cmocka_unit_test(what_follows_a_missing_field_is_zero_not_garbage),
        cmocka_unit_test(octets_left_over_are_not_whole),
        cmocka_unit_test(a_text_longer_than_what_is_left_is_bad_whatever_its_size_says),
        cmocka_unit_test(an_address_of_another_family_is_bad),
        cmocka_unit_test(an_ipv4_address_carries_no_octets_of_the_writer_s_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
