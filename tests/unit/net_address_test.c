#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_address.h"

#include <arpa/inet.h>

static struct sockaddr_storage v4(const char *text, uint16_t port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&a;
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
    return a;
}

static struct sockaddr_storage v6(const char *text, uint16_t port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
    return a;
}

static bool same_v6(const char *a, const char *b)
{
    struct sockaddr_storage one = v6(a, 1), other = v6(b, 2);
    return net_prefix_equal(net_prefix_of(&one), net_prefix_of(&other));
}

static void one_slash_64_is_one_source(void **state)
{
    (void)state;
    assert_true(same_v6("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_false(same_v6("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_false(same_v6("2001:db8:1:2::1", "a001:db8:1:2::1"));
    /* each of the first 64 bits counts, none of the others */
    for (unsigned bit = 0; bit < 128; bit++) {
        struct sockaddr_storage a = v6("2001:db8::1", 0), b = a;
        ((struct sockaddr_in6 *)&b)->sin6_addr.s6_addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_int_equal(net_prefix_equal(net_prefix_of(&a), net_prefix_of(&b)), bit >= 64);
    }
}

static void each_ipv4_address_is_a_source_of_its_own(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        struct sockaddr_storage a = v4("192.0.2.1", 0), b = a;
        ((struct sockaddr_in *)&b)->sin_addr.s_addr ^= htonl(1u << bit);
        assert_false(net_prefix_equal(net_prefix_of(&a), net_prefix_of(&b)));
    }
    struct sockaddr_storage a = v4("192.0.2.1", 1), b = v4("192.0.2.1", 2);
    assert_true(net_prefix_equal(net_prefix_of(&a), net_prefix_of(&b)));
}

static void a_mapped_ipv4_address_counts_as_the_ipv4_address(void **state)
{
    struct sockaddr_storage plain = v4("192.0.2.1", 995), mapped = v6("::ffff:192.0.2.1", 995);
    (void)state;
    assert_true(net_prefix_equal(net_prefix_of(&plain), net_prefix_of(&mapped)));
    net_unmap(&mapped);
    assert_memory_equal(&mapped, &plain, sizeof plain);
}

static void two_mapped_addresses_are_two_sources_and_not_the_one_of_zero(void **state)
{
    (void)state;
    assert_false(same_v6("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
    assert_false(same_v6("::ffff:0.0.0.0", "::"));
}

static void an_ipv6_prefix_with_an_ipv4_s_number_is_another_source(void **state)
{
    struct sockaddr_storage a = v6("0:0:c000:201::5", 0), b = v4("192.0.2.1", 0);
    (void)state;
    assert_int_equal(net_prefix_of(&a).high, net_prefix_of(&b).high);
    assert_false(net_prefix_equal(net_prefix_of(&a), net_prefix_of(&b)));
}

static void what_is_not_mapped_stays_as_it_is(void **state)
{
    struct sockaddr_storage of[] = {v6("::192.0.2.1", 5), v6("2001:db8::1", 5), v4("10.0.0.1", 5)};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sockaddr_storage a = of[i];
        net_unmap(&a);
        assert_memory_equal(&a, &of[i], sizeof a);
    }
}

static void must_print(struct sockaddr_storage a, const char *host, const char *whole)
{
    char text[NET_ADDRESS_TEXT];
    net_print_host(&a, text);
    assert_string_equal(text, host);
    net_print(&a, text);
    assert_string_equal(text, whole);
}

static void addresses_are_printed_with_brackets_where_a_port_follows_an_ipv6_one(void **state)
{
    (void)state;
    must_print(v4("192.0.2.1", 995), "192.0.2.1", "192.0.2.1:995");
    must_print(v4("0.0.0.0", 0), "0.0.0.0", "0.0.0.0:0");
    must_print(v6("2001:db8::1", 995), "2001:db8::1", "[2001:db8::1]:995");
    must_print(v6("::", 65535), "::", "[::]:65535");
}

static void the_longest_address_fits_its_text(void **state)
{
    (void)state;
    must_print(v6("1111:2222:3333:4444:5555:6666:7777:8888", 65535),
               "1111:2222:3333:4444:5555:6666:7777:8888",
               "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
    must_print(v6("::ffff:255.255.255.255", 65535), "::ffff:255.255.255.255",
               "[::ffff:255.255.255.255]:65535");
}

static void loopback_is_all_of_127_and_one_of_ipv6_mapped_or_not(void **state)
{
    static const char *const loops[] = {"::1", "::ffff:127.0.0.1", "::ffff:127.9.9.9"};
    static const char *const others[] = {"::", "::2", "::ffff:128.0.0.1", "::127.0.0.1", "fe80::1"};
    (void)state;
    struct sockaddr_storage first = v4("127.0.0.1", 1), last = v4("127.255.255.255", 1);
    struct sockaddr_storage before = v4("126.255.255.255", 1), after = v4("128.0.0.0", 1);
    assert_true(net_is_loopback(&first) && net_is_loopback(&last));
    assert_false(net_is_loopback(&before) || net_is_loopback(&after));
    for (size_t i = 0; i < 3; i++) {
        struct sockaddr_storage a = v6(loops[i], 1);
        assert_true(net_is_loopback(&a));
    }
    for (size_t i = 0; i < 5; i++) {
        struct sockaddr_storage a = v6(others[i], 1);
        assert_false(net_is_loopback(&a));
    }
}

static void port_and_size_are_those_of_the_family(void **state)
{
    struct sockaddr_storage four = v4("10.0.0.1", 110), six = v6("::1", 995);
    (void)state;
    assert_int_equal(net_port(&four), 110);
    assert_int_equal(net_port(&six), 995);
    assert_int_equal(net_address_size(&four), sizeof(struct sockaddr_in));
    assert_int_equal(net_address_size(&six), sizeof(struct sockaddr_in6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_slash_64_is_one_source),
        cmocka_unit_test(each_ipv4_address_is_a_source_of_its_own),
        cmocka_unit_test(a_mapped_ipv4_address_counts_as_the_ipv4_address),
        cmocka_unit_test(two_mapped_addresses_are_two_sources_and_not_the_one_of_zero),
        cmocka_unit_test(an_ipv6_prefix_with_an_ipv4_s_number_is_another_source),
        cmocka_unit_test(what_is_not_mapped_stays_as_it_is),
        cmocka_unit_test(addresses_are_printed_with_brackets_where_a_port_follows_an_ipv6_one),
        cmocka_unit_test(the_longest_address_fits_its_text),
        cmocka_unit_test(loopback_is_all_of_127_and_one_of_ipv6_mapped_or_not),
        cmocka_unit_test(port_and_size_are_those_of_the_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
