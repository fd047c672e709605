/* net_connect_scene: listeners on loopback and one attempt to connect, run to its end. */
#ifndef POPLIN_TESTS_NET_CONNECT_SCENE_H
#define POPLIN_TESTS_NET_CONNECT_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/net_address.h"
#include "net/net_connect.h"
#include "net/net_resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline int listen_at(const char *address, uint16_t *port, int backlog)
{
    struct sockaddr_storage a = {0};
    int family = strchr(address, ':') ? AF_INET6 : AF_INET, on = 1;
    int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s >= 0);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    a.ss_family = (sa_family_t)family;
    if (family == AF_INET6) {
        setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        ((struct sockaddr_in6 *)&a)->sin6_port = htons(*port);
        inet_pton(family, address, &((struct sockaddr_in6 *)&a)->sin6_addr);
    } else {
        ((struct sockaddr_in *)&a)->sin_port = htons(*port);
        inet_pton(family, address, &((struct sockaddr_in *)&a)->sin_addr);
    }
    assert_int_equal(bind(s, (struct sockaddr *)&a, net_address_size(&a)), 0);
    if (backlog >= 0)
        assert_int_equal(listen(s, backlog), 0);
    socklen_t size = sizeof a;
    assert_int_equal(getsockname(s, (struct sockaddr *)&a, &size), 0);
    *port = net_port(&a);
    return s;
}

struct result {
    struct event_loop *loop;
    enum status status;
    int socket, calls;
    struct sockaddr_storage remote;
    char why[1300];
    uint64_t took;
};

static inline void keep(void *context, enum status status, int socket,
                        const struct sockaddr_storage *remote, const char *why)
{
    struct result *r = context;
    r->calls++;
    r->status = status;
    r->socket = socket;
    if (remote)
        r->remote = *remote;
    snprintf(r->why, sizeof r->why, "%s", why);
    /* The callee watches it from here on: nobody else does any more. */
    struct event_source mine = {socket, EVENT_READ, NULL};
    if (status == STATUS_OK) {
        assert_int_equal(event_add(r->loop, &mine), STATUS_OK);
        event_remove(r->loop, &mine);
    }
    event_stop(r->loop);
}

static inline struct net_connect_options to(const char *host, uint16_t port)
{
    return (struct net_connect_options){.host = host, .port = port, .timeout = 5000};
}

static inline void connect_by(struct result *r, struct net_connect_options o)
{
    struct net_connect *c;
    *r = (struct result){.socket = -1};
    assert_int_equal(event_loop_new(&r->loop), STATUS_OK);
    o.context = r;
    o.done = keep;
    uint64_t start = now_ms();
    assert_int_equal(net_connect_start(r->loop, &o, &c), STATUS_OK);
    assert_int_equal(r->calls, 0);
    assert_int_equal(event_run(r->loop), STATUS_OK);
    r->took = now_ms() - start;
    assert_int_equal(r->calls, 1);
    event_loop_free(r->loop);
}

static inline void assert_failed(const struct result *r, enum status status, const char *words)
{
    assert_int_equal(r->status, status);
    assert_int_equal(r->socket, -1);
    if (!strstr(r->why, words))
        fail_msg("%s", r->why);
}

static inline int open_descriptors(void)
{
    int count = 0;
    for (int i = 0; i < 256; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

#endif
