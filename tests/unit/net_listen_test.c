#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_address.h"
#include "net/net_listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_storage v4(const char *text, uint16_t port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&a;
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
    return a;
}

static struct sockaddr_storage v6(const struct in6_addr *address, uint16_t port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    in6->sin6_addr = *address;
    return a;
}

static int must_listen(struct sockaddr_storage *a)
{
    char why[200] = "";
    int fd = -1;
    enum status s = net_listen(a, &fd, why);
    if (s != STATUS_OK)
        print_message("# %s\n", why);
    assert_int_equal(s, STATUS_OK);
    return fd;
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static int connected_to(const struct sockaddr_storage *a)
{
    int fd = socket(a->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)a, net_address_size(a)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void port_0_becomes_the_one_the_kernel_chose_and_can_be_connected_to(void **state)
{
    struct sockaddr_storage a = v4("127.0.0.1", 0);
    (void)state;
    int fd = must_listen(&a);
    assert_int_not_equal(net_port(&a), 0);
    assert_true(net_is_loopback(&a));
    int client = connected_to(&a);
    assert_true(client >= 0);
    int served = accept(fd, NULL, NULL);
    assert_true(served >= 0);
    assert_int_not_equal(option(served, IPPROTO_TCP, TCP_NODELAY), 0);
    close(served);
    close(client);
    close(fd);
}

static void a_listener_neither_blocks_nor_survives_exec(void **state)
{
    struct sockaddr_storage a = v4("127.0.0.1", 0);
    (void)state;
    int fd = must_listen(&a);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(accept(fd, NULL, NULL), -1);
    close(fd);
}

static void each_front_has_a_socket_of_the_same_address(void **state)
{
    struct sockaddr_storage a = v4("127.0.0.1", 0);
    (void)state;
    int first = must_listen(&a);
    struct sockaddr_storage same = a;
    int second = must_listen(&same);
    assert_int_equal(net_port(&same), net_port(&a));
    assert_true(option(first, SOL_SOCKET, SO_REUSEPORT));
    close(first);
    int client = connected_to(&a); /* the other one serves */
    assert_true(client >= 0);
    close(client);
    close(second);
}

/* Another program's socket, without SO_REUSEPORT. */
static void an_address_in_use_is_told_with_the_address_and_what_to_do(void **state)
{
    char why[200] = "", text[NET_ADDRESS_TEXT];
    struct sockaddr_storage a = v4("127.0.0.1", 0);
    int out = -1, other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof a;
    (void)state;
    assert_int_equal(bind(other, (struct sockaddr *)&a, net_address_size(&a)), 0);
    assert_int_equal(listen(other, 1), 0);
    assert_int_equal(getsockname(other, (struct sockaddr *)&a, &size), 0);
    net_print(&a, text);
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    assert_int_equal(net_listen(&a, &out, why), STATUS_IN_USE);
    assert_int_equal(out, -1);
    assert_non_null(strstr(why, text));
    assert_non_null(strstr(why, "Address already in use"));
    assert_non_null(strstr(why, "stop it, or choose another port"));
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(after, before); /* no descriptor stayed open */
    close(after);
    close(other);
}

static void an_address_of_another_host_is_told_as_such(void **state)
{
    char why[200] = "";
    struct sockaddr_storage a = v4("192.0.2.1", 0);
    int out = -1;
    (void)state;
    assert_int_equal(net_listen(&a, &out, why), STATUS_PERMANENT);
    assert_non_null(strstr(why, "192.0.2.1:0"));
    assert_non_null(strstr(why, "this host has no such address"));
}

static bool has_ipv6(void)
{
    struct sockaddr_storage a = v6(&in6addr_loopback, 0);
    char why[200];
    int fd;
    if (net_listen(&a, &fd, why) != STATUS_OK)
        return false;
    close(fd);
    return true;
}

static void an_ipv6_listener_leaves_ipv4_to_another(void **state)
{
    (void)state;
    if (!has_ipv6())
        skip();
    struct sockaddr_storage six = v6(&in6addr_any, 0);
    int fd6 = must_listen(&six);
    assert_true(option(fd6, IPPROTO_IPV6, IPV6_V6ONLY));
    struct sockaddr_storage four = v4("127.0.0.1", net_port(&six));
    assert_int_equal(connected_to(&four), -1);
    four = v4("0.0.0.0", net_port(&six));
    int fd4 = must_listen(&four);
    close(fd4);
    close(fd6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_becomes_the_one_the_kernel_chose_and_can_be_connected_to),
        cmocka_unit_test(a_listener_neither_blocks_nor_survives_exec),
        cmocka_unit_test(each_front_has_a_socket_of_the_same_address),
        cmocka_unit_test(an_address_in_use_is_told_with_the_address_and_what_to_do),
        cmocka_unit_test(an_address_of_another_host_is_told_as_such),
        cmocka_unit_test(an_ipv6_listener_leaves_ipv4_to_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
