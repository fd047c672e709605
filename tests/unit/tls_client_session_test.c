#include "tls_client_scene.h"

#include <netinet/in.h>

/* One side's name and protocol as the server sees them. */
static const char *seen_name;
static char seen_protocol[8];

static int see(SSL *ssl, const unsigned char **out, unsigned char *size, const unsigned char *in,
               unsigned in_size, void *unused)
{
    (void)unused;
    static char name[80];
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(name, sizeof name, "%s", sni ? sni : "(none)");
    seen_name = name;
    snprintf(seen_protocol, sizeof seen_protocol, "%.*s", (int)(in_size - 1), in + 1);
    *out = in + 1;
    *size = in[0];
    return SSL_TLSEXT_ERR_OK;
}

/* A bare OpenSSL server with options of its own against our client. */
struct bare {
    int sockets[2];
    SSL_CTX *context;
    SSL *ssl;
    struct tls_connection *client;
    enum status result;
    int server_result;
};

static uint64_t bare_options; /* of the next one */

static void start_bare(struct bare *b, const struct scene *s, const char *host, int newest)
{
    struct tls_context *c;
    char why[300];
    *b = (struct bare){.result = STATUS_AGAIN};
    b->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_file(b->context, s->folder.file[0], SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(b->context, s->folder.file[0], SSL_FILETYPE_PEM);
    SSL_CTX_set_security_level(b->context, 0);
    SSL_CTX_set_options(b->context, bare_options);
    SSL_CTX_set_min_proto_version(b->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(b->context, newest);
    SSL_CTX_set_alpn_select_cb(b->context, see, NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b->sockets), 0);
    b->ssl = SSL_new(b->context);
    SSL_set_fd(b->ssl, b->sockets[0]);
    SSL_set_accept_state(b->ssl);
    struct tls_client_options o = {.fingerprint = s->fingerprint};
    assert_int_equal(tls_client_context_new(&o, &c, why), STATUS_OK);
    assert_int_equal(tls_client_connection_new(c, b->sockets[1], host, &b->client), STATUS_OK);
    tls_context_unref(c);
    for (int i = 0; i < 20; i++) {
        if (b->result == STATUS_AGAIN)
            b->result = tls_handshake(b->client);
        if (b->server_result != 1)
            b->server_result = SSL_do_handshake(b->ssl);
    }
}

static void end_bare(struct bare *b)
{
    tls_connection_free(b->client);
    SSL_free(b->ssl);
    SSL_CTX_free(b->context);
    close(b->sockets[0]);
    close(b->sockets[1]);
    ERR_clear_error();
}

static void names_are_sent_and_addresses_are_not(void **state)
{
    struct scene s;
    struct bare b;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:pop.example.org"});
    start_bare(&b, &s, "pop.example.org.", TLS1_3_VERSION);
    assert_int_equal(b.result, STATUS_OK);
    assert_string_equal(seen_name, "pop.example.org");
    assert_string_equal(seen_protocol, "pop3");
    end_bare(&b);
    start_bare(&b, &s, "127.0.0.1", TLS1_3_VERSION);
    assert_int_equal(b.result, STATUS_OK);
    assert_string_equal(seen_name, "(none)");
    end_bare(&b);
    clear_scene(&s);
}

static void older_versions_are_refused(void **state)
{
    struct scene s;
    struct bare b;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_bare(&b, &s, "x", TLS1_1_VERSION);
    assert_int_equal(b.result, STATUS_MALFORMED);
    assert_non_null(strstr(tls_error(b.client), "TLS 1.2"));
    end_bare(&b);
    clear_scene(&s);
}

static void both_sides_have_the_same_binding(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct scene s;
    struct bare b;
    unsigned char ours[2][32], theirs[32];
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    for (int i = 0; i < 2; i++) {
        start_bare(&b, &s, "x", versions[i]);
        assert_int_equal(b.result, STATUS_OK);
        assert_true(tls_exporter(b.client, ours[i]));
        SSL_export_keying_material(b.ssl, theirs, 32, "EXPORTER-Channel-Binding", 24,
                                   (const unsigned char *)"", 0, 1);
        assert_memory_equal(ours[i], theirs, 32);
        end_bare(&b);
    }
    assert_memory_not_equal(ours[0], ours[1], 32);
    clear_scene(&s);
}

/* RFC 9266 4.2. */
static void no_binding_without_extended_master_secret(void **state)
{
    struct scene s;
    struct bare b;
    unsigned char out[32];
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    bare_options = SSL_OP_NO_EXTENDED_MASTER_SECRET;
    start_bare(&b, &s, "x", TLS1_2_VERSION);
    bare_options = 0;
    assert_int_equal(b.result, STATUS_OK);
    assert_string_equal(tls_version(b.client), "TLSv1.2");
    assert_false(tls_exporter(b.client, out));
    end_bare(&b);
    clear_scene(&s);
}

static void no_binding_before_the_handshake(void **state)
{
    struct scene s;
    struct talk t;
    unsigned char out[32];
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    assert_false(tls_exporter(t.client, out));
    assert_false(tls_client_fingerprint(t.client, out));
    end_talk(&t);
    clear_scene(&s);
}

static void a53_cut_is_told_from_a_clean_end(void **state)
{
    struct scene s;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    for (int clean = 0; clean < 2; clean++) {
        struct talk t;
        char text[8];
        size_t n;
        start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
        shake_hands(&t);
        assert_int_equal(t.result, STATUS_OK);
        assert_int_equal(tls_read(t.client, text, sizeof text, &n), STATUS_AGAIN);
        assert_false(tls_client_was_cut(t.client));
        if (clean)
            tls_shutdown(t.server);
        close(t.sockets[0]);
        t.sockets[0] = -1;
        assert_int_equal(tls_read(t.client, text, sizeof text, &n), STATUS_CLOSED);
        assert_int_equal(tls_client_was_cut(t.client), !clean);
        if (clean)
            assert_string_equal(tls_error(t.client), "closed by the server");
        else
            assert_non_null(strstr(tls_error(t.client), "cut"));
        end_talk(&t);
    }
    clear_scene(&s);
}

/* Puts both sides at the ends of a TCP connection. */
static void move_to_tcp(struct talk *t)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM, 0), near = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &size), 0);
    assert_int_equal(connect(near, (struct sockaddr *)&a, size), 0);
    int far = accept(listener, NULL, NULL);
    fcntl(near, F_SETFL, O_NONBLOCK);
    fcntl(far, F_SETFL, O_NONBLOCK);
    assert_true(dup2(near, t->sockets[1]) >= 0 && dup2(far, t->sockets[0]) >= 0);
    close(listener);
    close(near);
    close(far);
}

static void a53_reset_is_a_cut(void **state)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct scene s;
    struct talk t;
    char text[8];
    size_t n;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    move_to_tcp(&t);
    shake_hands(&t);
    assert_int_equal(t.result, STATUS_OK);
    assert_int_equal(tls_read(t.client, text, sizeof text, &n), STATUS_AGAIN);
    setsockopt(t.sockets[0], SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(t.sockets[0]);
    t.sockets[0] = -1;
    assert_int_equal(tls_read(t.client, text, sizeof text, &n), STATUS_CLOSED);
    assert_true(tls_client_was_cut(t.client));
    assert_string_equal(tls_error(t.client), "Connection reset by peer");
    end_talk(&t);
    clear_scene(&s);
}

static void a53_cut_in_the_handshake_is_closed(void **state)
{
    struct scene s;
    struct talk t;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    assert_int_equal(tls_handshake(t.client), STATUS_AGAIN);
    shutdown(t.sockets[0], SHUT_RDWR);
    assert_int_equal(tls_handshake(t.client), STATUS_CLOSED);
    assert_true(tls_client_was_cut(t.client));
    assert_null(tls_client_problem(t.client));
    end_talk(&t);
    clear_scene(&s);
}

/* Carries octets between the sides, from the server only as many as `budget` says; at the end of
 * them the line is cut. Returns how many the server sent. */
static size_t carry(const int ends[2], size_t *budget)
{
    char data[16384];
    ssize_t n = recv(ends[1], data, sizeof data, 0);
    if (n > 0)
        assert_int_equal(send(ends[0], data, (size_t)n, MSG_NOSIGNAL), n);
    n = recv(ends[0], data, sizeof data, 0);
    size_t sent = n > 0 ? (size_t)n : 0;
    size_t passed = sent < *budget ? sent : *budget;
    if (passed > 0)
        assert_int_equal(send(ends[1], data, passed, MSG_NOSIGNAL), passed);
    *budget -= passed;
    if (*budget == 0)
        shutdown(ends[1], SHUT_WR);
    return sent;
}

/* A greeting through a line that is cut after `budget` octets; true: it arrived whole. */
static bool greet_through(const struct scene *s, size_t budget, size_t *total)
{
    struct talk t;
    int near[2], far[2];
    char text[16];
    size_t n;
    enum status server = STATUS_AGAIN, got = STATUS_AGAIN;
    start_talk(&t, s, &(struct tls_client_options){.fingerprint = s->fingerprint}, "x");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, near), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, far), 0);
    assert_true(dup2(near[0], t.sockets[0]) >= 0 && dup2(far[0], t.sockets[1]) >= 0);
    const int ends[2] = {near[1], far[1]};
    *total = 0;
    for (int i = 0; i < 12 && got == STATUS_AGAIN; i++) {
        if (t.result == STATUS_AGAIN)
            t.result = tls_handshake(t.client);
        if (server == STATUS_AGAIN && (server = tls_handshake(t.server)) == STATUS_OK)
            assert_int_equal(tls_write(t.server, "+OK\r\n", 5, &n), STATUS_OK);
        *total += carry(ends, &budget);
        got = t.result == STATUS_OK ? tls_read(t.client, text, sizeof text, &n)
                                    : (t.result == STATUS_AGAIN ? STATUS_AGAIN : t.result);
    }
    bool whole = got == STATUS_OK;
    if (whole)
        assert_int_equal(n, 5);
    else
        assert_true(got == STATUS_CLOSED && tls_client_was_cut(t.client));
    for (int i = 0; i < 2; i++) {
        close(near[i]);
        close(far[i]);
    }
    end_talk(&t);
    return whole;
}

static void a53_cut_at_any_octet_is_a_cut(void **state)
{
    struct scene s;
    size_t whole, unused;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    assert_true(greet_through(&s, SIZE_MAX, &whole));
    assert_true(whole > 500);
    for (size_t budget = 1; budget + 40 < whole; budget += 7)
        assert_false(greet_through(&s, budget, &unused));
    clear_scene(&s);
}

static void plain_pop3_on_the_port_is_named(void **state)
{
    struct scene s;
    struct talk t;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    assert_int_equal(write(t.sockets[0], "+OK POP3 server ready\r\n", 23), 23);
    shake_hands(&t);
    assert_int_equal(t.result, STATUS_MALFORMED);
    assert_non_null(strstr(tls_error(t.client), "does not speak TLS"));
    end_talk(&t);
    clear_scene(&s);
}

/* Nobody reads for a while: what is written partly goes on where it stopped. */
static void partial_writes_lose_nothing(void **state)
{
    enum { SIZE = 600000 };
    static char sent[SIZE], got[SIZE];
    struct scene s;
    struct talk t;
    size_t at = 0, there = 0;
    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (char)(i * 7 + i / 251);
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    shake_hands(&t);
    bool was_partial = false;
    for (int turn = 0; turn < 10000 && there < SIZE; turn++) {
        size_t n;
        enum status w = at < SIZE ? tls_write(t.client, sent + at, SIZE - at, &n) : STATUS_AGAIN;
        at += w == STATUS_OK ? n : 0;
        was_partial = was_partial || (w == STATUS_OK && at < SIZE);
        if (tls_read(t.server, got + there, SIZE - there, &n) == STATUS_OK)
            there += n;
    }
    assert_true(was_partial);
    assert_int_equal(there, SIZE);
    assert_memory_equal(sent, got, SIZE);
    end_talk(&t);
    clear_scene(&s);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    tls_global_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_sent_and_addresses_are_not),
        cmocka_unit_test(older_versions_are_refused),
        cmocka_unit_test(both_sides_have_the_same_binding),
        cmocka_unit_test(no_binding_without_extended_master_secret),
        cmocka_unit_test(no_binding_before_the_handshake),
        cmocka_unit_test(a53_cut_is_told_from_a_clean_end),
        cmocka_unit_test(a53_reset_is_a_cut),
        cmocka_unit_test(a53_cut_in_the_handshake_is_closed),
        cmocka_unit_test(a53_cut_at_any_octet_is_a_cut),
        cmocka_unit_test(plain_pop3_on_the_port_is_named),
        cmocka_unit_test(partial_writes_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
