#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net_notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A manager's socket; `name` goes into NOTIFY_SOCKET. */
static int manager(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (name[0] == '@')
        a.sun_path[0] = '\0';
    else
        size++;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void hears(int fd, const char *lines)
{
    char got[512];
    ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    assert_true(n >= 0);
    got[n] = '\0';
    assert_string_equal(got, lines);
}

static void speaks_to(const char *name)
{
    struct net_notify n;
    int fd = manager(name);
    assert_int_equal(net_notify_open(&n), STATUS_OK);
    assert_true(n.descriptor >= 0);
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_int_equal(net_notify_ready(&n), STATUS_OK);
    hears(fd, "READY=1");
    assert_int_equal(net_notify_stopping(&n), STATUS_OK);
    hears(fd, "STOPPING=1");
    assert_int_equal(net_notify_alive(&n), STATUS_OK);
    hears(fd, "WATCHDOG=1");
    net_notify_close(&n);
    close(fd);
}

static void speaks_to_a_path(void **state)
{
    char directory[] = "/tmp/poplin-notify-XXXXXX", path[64];
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/notify", directory);
    speaks_to(path);
    unlink(path);
    rmdir(directory);
}

static void speaks_to_an_abstract_name(void **state)
{
    char name[64];
    (void)state;
    snprintf(name, sizeof name, "@poplin-notify-%d", (int)getpid());
    speaks_to(name);
}

static void a_reload_carries_the_monotonic_time(void **state)
{
    struct net_notify n;
    struct timespec before, after;
    char name[64], got[128];
    unsigned long long us;
    (void)state;
    snprintf(name, sizeof name, "@poplin-notify-%d", (int)getpid());
    int fd = manager(name);
    assert_int_equal(net_notify_open(&n), STATUS_OK);
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(net_notify_reloading(&n), STATUS_OK);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ssize_t size = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    assert_true(size > 0);
    got[size] = '\0';
    assert_int_equal(sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
    assert_true(us >= (unsigned long long)before.tv_sec * 1000000 +
                          (unsigned long long)before.tv_nsec / 1000);
    assert_true(us <= (unsigned long long)after.tv_sec * 1000000 +
                          (unsigned long long)after.tv_nsec / 1000);
    net_notify_close(&n);
    close(fd);
}

static void a_status_is_one_line_whatever_is_in_it(void **state)
{
    struct net_notify n;
    char name[64], many[300], line[300];
    (void)state;
    snprintf(name, sizeof name, "@poplin-notify-%d", (int)getpid());
    int fd = manager(name);
    assert_int_equal(net_notify_open(&n), STATUS_OK);
    assert_int_equal(net_notify_status(&n, SLICE("3 sessions\nMAINPID=1\x7f")), STATUS_OK);
    hears(fd, "STATUS=3 sessions?MAINPID=1?");
    memset(many, 'x', sizeof many);
    assert_int_equal(net_notify_status(&n, slice_of(many, sizeof many)), STATUS_OK);
    snprintf(line, sizeof line, "STATUS=%.200s", many);
    hears(fd, line);
    net_notify_close(&n);
    close(fd);
}

static void without_a_manager_nothing_is_said(void **state)
{
    struct net_notify n;
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(net_notify_open(&n), STATUS_OK);
    assert_int_equal(n.descriptor, -1);
    assert_int_equal(n.watchdog_ms, 0);
    assert_int_equal(net_notify_ready(&n), STATUS_OK);
}

static void a_bad_address_is_told_and_silent(void **state)
{
    static const char *const bad[] = {"", "/", "@", "relative", "vsock:2:1"};
    char too_long[200];
    struct net_notify n;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        assert_int_equal(net_notify_open(&n), STATUS_MALFORMED);
        assert_int_equal(n.descriptor, -1);
        assert_int_equal(net_notify_ready(&n), STATUS_OK);
    }
    memset(too_long, 'a', sizeof too_long);
    too_long[0] = '/';
    too_long[sizeof too_long - 1] = '\0';
    setenv("NOTIFY_SOCKET", too_long, 1);
    assert_int_equal(net_notify_open(&n), STATUS_MALFORMED);
    setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
    assert_int_equal(net_notify_open(&n), STATUS_IO);
    assert_int_equal(n.descriptor, -1);
}

static void the_watchdog_is_for_the_named_process_only(void **state)
{
    struct net_notify n;
    char pid[32];
    (void)state;
    setenv("WATCHDOG_USEC", "30000001", 1);
    assert_int_equal(net_notify_open(&n), STATUS_OK);
    assert_int_equal(n.watchdog_ms, 30001);
    assert_null(getenv("WATCHDOG_USEC"));
    setenv("WATCHDOG_USEC", "30000000", 1);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(net_notify_open(&n), STATUS_OK);
    assert_int_equal(n.watchdog_ms, 30000);
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(net_notify_open(&n), STATUS_OK);
    assert_int_equal(n.watchdog_ms, 0);
    setenv("WATCHDOG_USEC", "-1", 1);
    assert_int_equal(net_notify_open(&n), STATUS_OK);
    assert_int_equal(n.watchdog_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speaks_to_a_path),
        cmocka_unit_test(speaks_to_an_abstract_name),
        cmocka_unit_test(a_reload_carries_the_monotonic_time),
        cmocka_unit_test(a_status_is_one_line_whatever_is_in_it),
        cmocka_unit_test(without_a_manager_nothing_is_said),
        cmocka_unit_test(a_bad_address_is_told_and_silent),
        cmocka_unit_test(the_watchdog_is_for_the_named_process_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
