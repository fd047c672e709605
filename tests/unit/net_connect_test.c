#include "net_connect_scene.h"

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);

static const char *const *answers; /* numeric, in order; NULL ends */
static _Atomic int slowness;       /* ms */
static _Atomic int asked;          /* real questions */

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    if (hints->ai_flags & AI_NUMERICHOST)
        return __real_getaddrinfo(host, service, hints, out);
    asked++;
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

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);

static int calls_left = -1; /* until one fails; -1: none does */
static bool no_threads;

void *__wrap_calloc(size_t count, size_t size)
{
    if (calls_left == 0)
        return NULL;
    calls_left -= calls_left > 0;
    return __real_calloc(count, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
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

/* Until the threads that were left to themselves have ended. */
static int descriptors_of_nobody;

static void wait_for_threads(void)
{
    for (int i = 0; i < 1000 && open_descriptors() > descriptors_of_nobody; i++)
        usleep(10000);
    assert_int_equal(open_descriptors(), descriptors_of_nobody);
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
    int four = listen_at("127.0.0.1", &port, 8);
    r.took = 1000;
    for (int i = 0; i < 5 && r.took >= 200; i++) { /* a busy machine may be slow, but not always */
        connect_by(&r, to("localhost", port));
        assert_connected(&r, "127.0.0.1");
    }
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
    assert_true(r.took >= 240 && r.took < 4000);
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
    assert_true(r.took >= 390 && r.took < 4000);
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
    slowness = 1000;
    struct net_connect_options o = to("none.test", 995);
    o.timeout = 100;
    connect_by(&r, o);
    assert_failed(&r, STATUS_TIMEOUT, "no answer from the name servers after 0.1 s");
    assert_true(r.took < 900);
    slowness = 0;
    wait_for_threads();
}

static void lookups_are_bounded_even_when_abandoned(void **state)
{
    struct event_loop *loop;
    struct result r = {0};
    int started = 0;
    enum status last = STATUS_OK;
    (void)state;
    wait_for_threads();
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
    slowness = 0;
    wait_for_threads();
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
    wait_for_threads();
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

static void memory_that_fails_is_told_at_the_start(void **state)
{
    struct event_loop *loop;
    struct net_connect *c;
    struct result r = {0};
    (void)state;
    wait_for_threads();
    assert_int_equal(event_loop_new(&loop), STATUS_OK);
    int before = open_descriptors();
    struct net_connect_options o = to("none.test", 995);
    o.context = &r;
    o.done = keep;
    for (int n = 0; n < 3; n++) {
        calls_left = n;
        enum status s = net_connect_start(loop, &o, &c);
        calls_left = -1;
        assert_int_equal(s, STATUS_NO_MEMORY);
        assert_null(c);
    }
    /* As often as there is room for lookups: a failed one takes none. */
    for (int n = 0; n < NET_LOOKUPS + 1; n++) {
        no_threads = true;
        enum status s = net_connect_start(loop, &o, &c);
        no_threads = false;
        assert_int_equal(s, STATUS_NO_MEMORY);
    }
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(r.calls, 0);
    event_loop_free(loop);
    connect_by(&r, to("none.test", 995));
    assert_failed(&r, STATUS_NOT_FOUND, "no such host");
}

static void a58_names_in_texts_are_printable(void **state)
{
    struct result r;
    (void)state;
    static const char *const none[] = {NULL};
    answers = none;
    connect_by(&r, to("\xc2\x9b"
                      "2J.test",
                      995));
    assert_failed(&r, STATUS_NOT_FOUND, "\\xc2\\x9b2J.test:995");
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

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    descriptors_of_nobody = open_descriptors();
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
        cmocka_unit_test(memory_that_fails_is_told_at_the_start),
        cmocka_unit_test(a58_names_in_texts_are_printable),
        cmocka_unit_test(a54_foreign_characters_in_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
