#include "net_connect_scene.h"

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
    o.timeout = 10000;
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
    fcntl(r->socket, F_SETFL, 0);
    assert_int_equal(recv(r->socket, text, 11, MSG_WAITALL), 11);
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
    for (int dribbles = 0; dribbles < 2; dribbles++) {
        struct proxy p = {.lines = lines, .dribbles = dribbles};
        struct result r;
        through(&r, &p, "", "pop.test");
        assert_greeting(&r);
        end_proxy(&p);
        assert_memory_equal(p.heard, "\5\1\0\5\1\0\3\10pop.test\3\343", 18);
    }
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
        cmocka_unit_test(proxy_is_told_the_name),
        cmocka_unit_test(proxy_login_and_literal_addresses),
        cmocka_unit_test(proxy_faults_are_told),
        cmocka_unit_test(silent_proxy_is_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
