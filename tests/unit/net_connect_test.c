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

/* --- a resolver of our own: no test asks a real one --- */

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);

static const char *const *answers; /* numeric, in order; NULL ends */
static int slowness;               /* ms */
static int asked;                  /* real questions */

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    if (hints->ai_flags & AI_NUMERICHOST)
        return __real_getaddrinfo(host, service, hints, out);
    __atomic_add_fetch(&asked, 1, __ATOMIC_SEQ_CST);
    if (slowness > 0)
        usleep((unsigned)slowness * 1000);
    if (strcmp(host, "none.test") == 0)
        return EAI_NONAME;
    if (strcmp(host, "later.test") == 0)
        return EAI_AGAIN;
    struct addrinfo **tail = out;
    *out = NULL;
    for (size_t i = 0; answers[i]; i++) {
        if (__real_getaddrinfo(answers[i], service, hints, tail) != 0)
            return EAI_FAIL;
        while (*tail)
            tail = &(*tail)->ai_next;
    }
    return 0;
}

/* --- listeners --- */

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int listen_at(const char *address, uint16_t *port, int backlog)
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

/* A listener whose queue is full answers nothing at all. */
struct hole {
    int listener;
    int fillers[4];
};

static void dig(struct hole *h, const char *address, uint16_t *port)
{
    struct sockaddr_storage a;
    socklen_t size = sizeof a;
    h->listener = listen_at(address, port, 0);
    getsockname(h->listener, (struct sockaddr *)&a, &size);
    for (int i = 0; i < 4; i++) {
        h->fillers[i] = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int r = connect(h->fillers[i], (struct sockaddr *)&a, size);
        assert_true(r == 0 || errno == EINPROGRESS);
    }
    usleep(20000);
}

static void fill_up(struct hole *h)
{
    for (int i = 0; i < 4; i++)
        close(h->fillers[i]);
    close(h->listener);
}

/* --- one attempt --- */

struct result {
    struct event_loop *loop;
    enum status status;
    int socket, calls;
    struct sockaddr_storage remote;
    char why[1300];
    uint64_t took;
};

static void keep(void *context, enum status status, int socket,
                 const struct sockaddr_storage *remote, const char *why)
{
    struct result *r = context;
    r->calls++;
    r->status = status;
    r->socket = socket;
    if (remote)
        r->remote = *remote;
    snprintf(r->why, sizeof r->why, "%s", why);
    event_stop(r->loop);
}

static struct net_connect_options to(const char *host, uint16_t port)
{
    return (struct net_connect_options){.host = host, .port = port, .timeout = 5000};
}

static void connect_by(struct result *r, struct net_connect_options o)
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

static void assert_connected(const struct result *r, const char *address)
{
    char text[NET_ADDRESS_TEXT];
    int on = 0;
    socklen_t size = sizeof on;
    if (r->status != STATUS_OK)
        fail_msg("%s", r->why);
    assert_string_equal(r->why, "");
    net_print_host(&r->remote, text);
    assert_string_equal(text, address);
    assert_int_equal(getsockopt(r->socket, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_true(on != 0);
    assert_true(fcntl(r->socket, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(r->socket, F_GETFD) & FD_CLOEXEC);
    close(r->socket);
}

static void assert_failed(const struct result *r, enum status status, const char *words)
{
    assert_int_equal(r->status, status);
    assert_int_equal(r->socket, -1);
    if (!strstr(r->why, words))
        fail_msg("%s", r->why);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int i = 0; i < 256; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static void literal_addresses_are_not_looked_up(void **state)
{
    (void)state;
    struct result r;
    uint16_t port = 0;
    int s = listen_at("127.0.0.1", &port, 5);
    asked = 0;
    connect_by(&r, to("127.0.0.1", port));
    assert_connected(&r, "127.0.0.1");
    assert_int_equal(net_port(&r.remote), port);
    assert_int_equal(asked, 0);
    close(s);
    port = 0;
    s = listen_at("::1", &port, 5);
    connect_by(&r, to("::1", port));
    assert_connected(&r, "::1");
    assert_int_equal(asked, 0);
    close(s);
}

static void names_of_this_machine_are_not_looked_up(void **state)
{
    static const char *const names[] = {"localhost", "LOCALHOST.", "pop.localhost"};
    struct net_addresses a;
    (void)state;
    asked = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_true(net_resolve_literal(names[i], 110, &a));
        assert_int_equal(a.count, 2);
        assert_int_equal(a.rows[0].ss_family, AF_INET6);
        assert_true(net_is_loopback(&a.rows[0]) && net_is_loopback(&a.rows[1]));
    }
    assert_false(net_resolve_literal("notlocalhost", 110, &a));
    assert_false(net_resolve_literal("localhost.example.org", 110, &a));
    assert_int_equal(asked, 0);
}

static void ipv6_goes_first(void **state)
{
    struct result r;
    uint16_t port = 0;
    (void)state;
    int six = listen_at("::1", &port, 5), four = listen_at("127.0.0.1", &port, 5);
    connect_by(&r, to("localhost", port));
    assert_connected(&r, "::1");
    close(six);
    close(four);
}

static void refused_address_gives_way_at_once(void **state)
{
    struct result r;
    uint16_t port = 0;
    (void)state;
    int four = listen_at("127.0.0.1", &port, 5);
    connect_by(&r, to("localhost", port));
    assert_connected(&r, "127.0.0.1");
    assert_true(r.took < 200);
    close(four);
}

static void silent_address_gives_way_after_250_ms(void **state)
{
    struct result r;
    struct hole h;
    uint16_t port = 0;
    (void)state;
    dig(&h, "::1", &port);
    int four = listen_at("127.0.0.1", &port, 5);
    int before = open_descriptors();
    connect_by(&r, to("localhost", port));
    assert_connected(&r, "127.0.0.1");
    assert_true(r.took >= 240 && r.took < 1500);
    assert_int_equal(open_descriptors(), before);
    close(four);
    fill_up(&h);
}

static void all_silent_is_a_timeout_and_named(void **state)
{
    struct result r;
    struct hole six, four;
    uint16_t port = 0;
    (void)state;
    dig(&six, "::1", &port);
    dig(&four, "127.0.0.1", &port);
    int before = open_descriptors();
    struct net_connect_options o = to("localhost", port);
    o.timeout = 400;
    connect_by(&r, o);
    assert_failed(&r, STATUS_TIMEOUT, "no connection after 0.4 s");
    assert_non_null(strstr(r.why, "[::1]"));
    assert_non_null(strstr(r.why, "127.0.0.1"));
    assert_true(r.took >= 390 && r.took < 1500);
    assert_int_equal(open_descriptors(), before);
    fill_up(&six);
    fill_up(&four);
}

static void every_address_and_its_error_are_told(void **state)
{
    struct result r;
    uint16_t port = 0;
    (void)state;
    int s = listen_at("127.0.0.1", &port, -1);
    static const char *const three[] = {"127.0.0.1", "127.0.0.2", "::1", NULL};
    answers = three;
    connect_by(&r, to("pop.test", port));
    assert_failed(&r, STATUS_TEMPORARY, "pop.test:");
    static const char *const texts[] = {"[::1]:", " 127.0.0.1:", " 127.0.0.2:"};
    for (size_t i = 0; i < 3; i++)
        assert_non_null(strstr(r.why, texts[i]));
    assert_non_null(strstr(r.why, ": Connection refused; "));
    assert_non_null(strstr(r.why, "check the server's name and port"));
    close(s);
}

static void keep_addresses(void *context, enum status s, const struct net_addresses *a,
                           const char *why)
{
    void **both = context;
    assert_int_equal(s, STATUS_OK);
    (void)why;
    memcpy(both[0], a, sizeof *a);
    event_stop(both[1]);
}

static void families_take_turns_and_doubles_are_dropped(void **state)
{
    static const char *const given[] = {"192.0.2.1",   "192.0.2.2",   "192.0.2.1", "2001:db8::1",
                                        "2001:db8::2", "2001:db8::3", NULL};
    static const char *const expected[] = {"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2",
                                           "2001:db8::3"};
    struct net_addresses got = {.count = 0};
    struct event_loop *loop;
    struct net_resolve *r;
    (void)state;
    answers = given;
    assert_int_equal(event_loop_new(&loop), STATUS_OK);
    void *context[2] = {&got, loop};
    struct net_resolve_options o = {"many.test", 995, context, keep_addresses};
    assert_int_equal(net_resolve_start(loop, &o, &r), STATUS_OK);
    assert_int_equal(event_run(loop), STATUS_OK);
    event_loop_free(loop);
    assert_int_equal(got.count, 5);
    for (size_t i = 0; i < 5; i++) {
        char text[NET_ADDRESS_TEXT];
        net_print_host(&got.rows[i], text);
        assert_string_equal(text, expected[i]);
        assert_int_equal(net_port(&got.rows[i]), 995);
    }
}

static void unknown_names_are_told(void **state)
{
    struct result r;
    (void)state;
    connect_by(&r, to("none.test", 995));
    assert_failed(&r, STATUS_NOT_FOUND, "none.test:995: no such host: check the server's name");
    connect_by(&r, to("later.test", 995));
    assert_failed(&r, STATUS_TEMPORARY, "check the network and the name servers");
}

/* The loop goes on while the resolver does not answer, and the object dies before the thread. */
static void slow_name_server_is_a_timeout(void **state)
{
    struct result r;
    (void)state;
    slowness = 400;
    struct net_connect_options o = to("none.test", 995);
    o.timeout = 100;
    connect_by(&r, o);
    assert_failed(&r, STATUS_TIMEOUT, "no answer from the name servers after 0.1 s");
    assert_true(r.took < 350);
    usleep(500000);
    slowness = 0;
}

static void lookups_are_bounded_even_when_abandoned(void **state)
{
    struct event_loop *loop;
    struct result r = {0};
    int started = 0;
    enum status last = STATUS_OK;
    (void)state;
    slowness = 300;
    assert_int_equal(event_loop_new(&loop), STATUS_OK);
    for (int i = 0; i < NET_LOOKUPS + 1 && last == STATUS_OK; i++) {
        struct net_connect *c;
        struct net_connect_options o = to("none.test", 995);
        o.context = &r;
        o.done = keep;
        last = net_connect_start(loop, &o, &c);
        started += last == STATUS_OK;
        if (last == STATUS_OK)
            net_connect_cancel(c);
    }
    assert_int_equal(last, STATUS_LIMIT);
    assert_int_equal(started, NET_LOOKUPS);
    assert_int_equal(r.calls, 0);
    event_loop_free(loop);
    usleep(700000);
    slowness = 0;
    connect_by(&r, to("none.test", 995));
    assert_failed(&r, STATUS_NOT_FOUND, "no such host");
}

static void cancelled_attempt_leaves_nothing_open(void **state)
{
    struct event_loop *loop;
    struct net_connect *c;
    struct result r = {0};
    uint16_t port = 0;
    (void)state;
    int s = listen_at("127.0.0.1", &port, 5);
    int before = open_descriptors();
    assert_int_equal(event_loop_new(&loop), STATUS_OK);
    struct net_connect_options o = to("127.0.0.1", port);
    o.context = &r;
    o.done = keep;
    assert_int_equal(net_connect_start(loop, &o, &c), STATUS_OK);
    net_connect_cancel(c);
    event_loop_free(loop);
    assert_int_equal(r.calls, 0);
    assert_int_equal(open_descriptors(), before);
    close(s);
}

static void a54_foreign_characters_in_names_are_refused(void **state)
{
    static const char *const hosts[] = {"", "a b", "a\r\nb", "\x7f", "\x01"};
    static const char *const proxies[] = {"",       "host",     "host:0", "host:65536",
                                          "host:x", "a b:1080", ":1080",  "u:p@:1080"};
    struct event_loop *loop;
    struct net_connect *c;
    (void)state;
    assert_int_equal(event_loop_new(&loop), STATUS_OK);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct net_connect_options o = to(hosts[i], 110);
        assert_int_equal(net_connect_start(loop, &o, &c), STATUS_MALFORMED);
    }
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
        struct net_connect_options o = to("pop.test", 110);
        o.proxy = proxies[i];
        assert_int_equal(net_connect_start(loop, &o, &c), STATUS_MALFORMED);
    }
    struct net_connect_options o = to("pop.test", 0);
    assert_int_equal(net_connect_start(loop, &o, &c), STATUS_MALFORMED);
    event_loop_free(loop);
}

/* --- a proxy of our own: says what it is told to say, keeps what it heard --- */

struct line {
    size_t hears; /* octets */
    const char *says;
    size_t size;
};

struct proxy {
    int listener;
    uint16_t port;
    pthread_t thread;
    const struct line *lines; /* hears 0 ends */
    bool dribbles;            /* an octet at a time */
    char heard[1200];
    size_t heard_size;
};

static void *serve(void *argument)
{
    struct proxy *p = argument;
    int s = accept(p->listener, NULL, NULL);
    for (const struct line *l = p->lines; l->hears > 0; l++) {
        for (size_t got = 0; got < l->hears;) {
            ssize_t n = read(s, p->heard + p->heard_size, l->hears - got);
            if (n <= 0)
                break;
            got += (size_t)n;
            p->heard_size += (size_t)n;
        }
        for (size_t i = 0; i < l->size; i += p->dribbles ? 1 : l->size) {
            send(s, l->says + i, p->dribbles ? 1 : l->size, MSG_NOSIGNAL);
            usleep(p->dribbles ? 2000 : 0);
        }
    }
    usleep(20000);
    close(s);
    return NULL;
}

static void through(struct result *r, struct proxy *p, const char *login, const char *host)
{
    char name[64];
    p->port = 0;
    p->listener = listen_at("127.0.0.1", &p->port, 5);
    snprintf(name, sizeof name, "%s127.0.0.1:%u", login, p->port);
    assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
    struct net_connect_options o = to(host, 995);
    o.proxy = name;
    o.timeout = 1000;
    connect_by(r, o);
}

static void end_proxy(struct proxy *p)
{
    pthread_join(p->thread, NULL);
    close(p->listener);
}

#define SAYS(text) text, sizeof text - 1

static void assert_greeting(struct result *r)
{
    char text[32];
    if (r->status != STATUS_OK)
        fail_msg("%s", r->why);
    usleep(10000);
    assert_int_equal(read(r->socket, text, sizeof text), 11);
    assert_memory_equal(text, "+OK hello\r\n", 11);
    assert_int_equal(r->remote.ss_family, AF_UNSPEC);
    assert_false(net_is_loopback(&r->remote));
    close(r->socket);
}

static void proxy_is_told_the_name(void **state)
{
    static const struct line lines[] = {
        {3, SAYS("\5\0")}, {15, SAYS("\5\0\0\1\0\0\0\0\0\0+OK hello\r\n")}, {0, NULL, 0}};
    (void)state;
    asked = 0;
    for (int dribbles = 0; dribbles < 2; dribbles++) {
        struct proxy p = {.lines = lines, .dribbles = dribbles};
        struct result r;
        through(&r, &p, "", "pop.test");
        if (dribbles)
            usleep(50000);
        assert_greeting(&r);
        end_proxy(&p);
        assert_memory_equal(p.heard, "\5\1\0\5\1\0\3\10pop.test\3\343", 18);
    }
    assert_int_equal(asked, 0);
}

static void proxy_login_and_literal_addresses(void **state)
{
    static const struct line four[] = {{4, SAYS("\5\2")},
                                       {11, SAYS("\1\0")},
                                       {10, SAYS("\5\0\0\3\3abc\0\0+OK hello\r\n")},
                                       {0, NULL, 0}};
    static const struct line six[] = {
        {4, SAYS("\5\0")},
        {22, SAYS("\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0+OK hello\r\n")},
        {0, NULL, 0}};
    struct result r;
    (void)state;
    struct proxy p = {.lines = four};
    through(&r, &p, "ann:a@:b:@", "192.0.2.7");
    assert_greeting(&r);
    end_proxy(&p);
    assert_memory_equal(p.heard, "\5\2\0\2\1\3ann\5a@:b:\5\1\0\1\300\0\2\7\3\343", 25);
    struct proxy q = {.lines = six};
    through(&r, &q, "ann:secret@", "2001:db8::7");
    assert_greeting(&r);
    end_proxy(&q);
    assert_memory_equal(q.heard + 4, "\5\1\0\4\x20\1\x0d\xb8", 8);
}

static void proxy_faults_are_told(void **state)
{
    static const struct {
        struct line lines[4];
        const char *login;
        enum status status;
        const char *words;
    } rows[] = {
        {{{3, SAYS("\5\2")}}, "", STATUS_DENIED, "wants a login: write the proxy as user:"},
        {{{3, SAYS("\5\377")}}, "", STATUS_DENIED, "wants a login"},
        {{{3, SAYS("HT")}}, "", STATUS_MALFORMED, "does not speak SOCKS5"},
        {{{3, SAYS("\5")}}, "", STATUS_CLOSED, "the proxy closed the connection"},
        {{{4, SAYS("\5\2")}, {6, SAYS("\1\1")}}, "u:pw@", STATUS_DENIED, "user name or password"},
        {{{3, SAYS("\5\0")}, {15, SAYS("\5\2\0\1\0\0\0\0\0\0")}}, "", STATUS_TEMPORARY, "forbid"},
        {{{3, SAYS("\5\0")}, {15, SAYS("\5\5\0\1\0\0\0\0\0\0")}}, "", STATUS_TEMPORARY, "refused"},
        {{{3, SAYS("\5\0")}, {15, SAYS("\5\231\0\1\0\0\0\0\0\0")}}, "", STATUS_TEMPORARY, "failed"},
        {{{3, SAYS("\5\0")}, {15, SAYS("\5\0\0\7\0\0\0\0\0\0")}}, "", STATUS_MALFORMED, "no sense"},
        {{{3, SAYS("\5\0")}, {15, SAYS("\4\0\0\1\0\0\0\0\0\0")}}, "", STATUS_MALFORMED, "SOCKS5"},
        {{{3, SAYS("\5\0")}, {15, SAYS("\5\0\0\1\0\0")}}, "", STATUS_CLOSED, "closed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct proxy p = {.lines = rows[i].lines};
        struct result r;
        int before = open_descriptors();
        through(&r, &p, rows[i].login, "pop.test");
        assert_failed(&r, rows[i].status, rows[i].words);
        assert_non_null(strstr(r.why, "pop.test:995 by the proxy 127.0.0.1:"));
        end_proxy(&p);
        assert_int_equal(open_descriptors(), before);
    }
}

static void silent_proxy_is_a_timeout(void **state)
{
    struct result r;
    uint16_t port = 0;
    char name[64];
    (void)state;
    int s = listen_at("127.0.0.1", &port, 5);
    snprintf(name, sizeof name, "127.0.0.1:%u", port);
    struct net_connect_options o = to("pop.test", 995);
    o.proxy = name;
    o.timeout = 150;
    connect_by(&r, o);
    assert_failed(&r, STATUS_TIMEOUT, "no answer from the proxy after 0.1 s");
    close(s);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literal_addresses_are_not_looked_up),
        cmocka_unit_test(names_of_this_machine_are_not_looked_up),
        cmocka_unit_test(ipv6_goes_first),
        cmocka_unit_test(refused_address_gives_way_at_once),
        cmocka_unit_test(silent_address_gives_way_after_250_ms),
        cmocka_unit_test(all_silent_is_a_timeout_and_named),
        cmocka_unit_test(every_address_and_its_error_are_told),
        cmocka_unit_test(families_take_turns_and_doubles_are_dropped),
        cmocka_unit_test(unknown_names_are_told),
        cmocka_unit_test(slow_name_server_is_a_timeout),
        cmocka_unit_test(lookups_are_bounded_even_when_abandoned),
        cmocka_unit_test(cancelled_attempt_leaves_nothing_open),
        cmocka_unit_test(a54_foreign_characters_in_names_are_refused),
        cmocka_unit_test(proxy_is_told_the_name),
        cmocka_unit_test(proxy_login_and_literal_addresses),
        cmocka_unit_test(proxy_faults_are_told),
        cmocka_unit_test(silent_proxy_is_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
