#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_activation.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each claim runs in a child: descriptors 3 and up are the protocol's. cmocka's asserts would
 * leave the child by longjmp, so it counts what is wrong instead. */
static int faults;

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "# line %d: %s\n", __LINE__, #condition);                              \
            faults++;                                                                              \
        }                                                                                          \
    } while (0)

static void in_child(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int fd = 3; fd < 10; fd++)
            close(fd);
        body();
        _exit(faults == 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void hand_over(const char *count, const char *names)
{
    char pid[32];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", count, 1);
    if (names)
        setenv("LISTEN_FDNAMES", names, 1);
    else
        unsetenv("LISTEN_FDNAMES");
}

/* Lands on the lowest free descriptor, inheritable as from a manager. */
static int listener(int domain, int type, int backlog)
{
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(domain, type, 0);
    if (domain == AF_INET)
        NEED(bind(fd, (struct sockaddr *)&any4, sizeof any4) == 0);
    else if (domain == AF_INET6)
        NEED(bind(fd, (struct sockaddr *)&any6, sizeof any6) == 0);
    else
        NEED(bind(fd, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t)) == 0);
    if (backlog > 0)
        NEED(listen(fd, backlog) == 0);
    return fd;
}

static void take_two(void)
{
    struct net_activation a;
    char why[200];
    NEED(listener(AF_INET, SOCK_STREAM, 1) == 3);
    NEED(listener(AF_INET6, SOCK_STREAM, 1) == 4);
    hand_over("2", "pop3:pop3s");
    NEED(net_activation_take(&a, why) == STATUS_OK);
    NEED(a.count == 2);
    NEED(a.sockets[0].descriptor == 3 && strcmp(a.sockets[0].name, "pop3") == 0);
    NEED(a.sockets[1].descriptor == 4 && strcmp(a.sockets[1].name, "pop3s") == 0);
    for (int fd = 3; fd <= 4; fd++) {
        NEED(fcntl(fd, F_GETFD) == FD_CLOEXEC);
        NEED((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    }
    NEED(!getenv("LISTEN_PID") && !getenv("LISTEN_FDS") && !getenv("LISTEN_FDNAMES"));
    NEED(net_activation_take(&a, why) == STATUS_NOT_FOUND);
}

static void two_sockets_are_taken_once(void **state)
{
    (void)state;
    in_child(take_two);
}

static void take_names(void)
{
    struct net_activation a;
    char why[200];
    for (int i = 0; i < 4; i++)
        listener(AF_INET, SOCK_STREAM, 1);
    hand_over("4", "::a-name-longer-than-all-that-a-unit-would-have");
    NEED(net_activation_take(&a, why) == STATUS_OK);
    NEED(strcmp(a.sockets[0].name, "") == 0 && strcmp(a.sockets[1].name, "") == 0);
    NEED(strncmp(a.sockets[2].name, "a-name-longer", 13) == 0);
    NEED(strlen(a.sockets[2].name) == NET_ACTIVATION_NAME - 1);
    NEED(strcmp(a.sockets[3].name, "") == 0);
}

static void names_may_be_missing_or_long(void **state)
{
    (void)state;
    in_child(take_names);
}

static enum status take_with(const char *count, char why[200])
{
    struct net_activation a;
    hand_over(count, NULL);
    enum status s = net_activation_take(&a, why);
    NEED(s == STATUS_OK || a.count == 0);
    NEED(!getenv("LISTEN_FDS"));
    return s;
}

static void take_for_another(void)
{
    struct net_activation a;
    char why[200];
    listener(AF_INET, SOCK_STREAM, 1);
    hand_over("1", NULL);
    setenv("LISTEN_PID", "1", 1);
    NEED(net_activation_take(&a, why) == STATUS_NOT_FOUND && a.count == 0);
    NEED(!getenv("LISTEN_FDS"));
    NEED((fcntl(3, F_GETFD) & FD_CLOEXEC) == 0);
}

static void what_is_for_another_process_is_left_alone(void **state)
{
    (void)state;
    in_child(take_for_another);
}

static void take_nonsense(void)
{
    char why[200];
    NEED(take_with("0", why) == STATUS_NOT_FOUND);
    NEED(take_with("-1", why) == STATUS_MALFORMED && strstr(why, "LISTEN_FDS"));
    NEED(take_with("two", why) == STATUS_MALFORMED);
    NEED(take_with("65", why) == STATUS_LIMIT);
    NEED(take_with("99999999999999999999", why) == STATUS_LIMIT);
    hand_over("1", NULL);
    setenv("LISTEN_PID", "me", 1);
    struct net_activation a;
    NEED(net_activation_take(&a, why) == STATUS_MALFORMED && strstr(why, "LISTEN_PID"));
}

static void nonsense_is_named(void **state)
{
    (void)state;
    in_child(take_nonsense);
}

static void expect_fault(const char *text)
{
    char why[200];
    NEED(take_with("1", why) == STATUS_UNSUPPORTED);
    NEED(strstr(why, "descriptor 3") && strstr(why, text));
    close(3);
}

static void take_wrong_descriptors(void)
{
    expect_fault("not open");
    NEED(open("/dev/null", O_RDONLY) == 3);
    expect_fault("not a socket");
    NEED(listener(AF_INET, SOCK_DGRAM, 0) == 3);
    expect_fault("stream");
    NEED(listener(AF_UNIX, SOCK_STREAM, 1) == 3);
    expect_fault("IPv4");
    NEED(listener(AF_INET, SOCK_STREAM, 0) == 3);
    expect_fault("listen");
}

static void only_listening_inet_streams_are_taken(void **state)
{
    (void)state;
    in_child(take_wrong_descriptors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sockets_are_taken_once),
        cmocka_unit_test(names_may_be_missing_or_long),
        cmocka_unit_test(what_is_for_another_process_is_left_alone),
        cmocka_unit_test(nonsense_is_named),
        cmocka_unit_test(only_listening_inet_streams_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
