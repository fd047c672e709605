#include "tls_client_scene.h"

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

static void start_bare(struct bare *b, const struct scene *s, const char *host, int newest)
{
    struct tls_context *c;
    char why[300];
    *b = (struct bare){.result = STATUS_AGAIN};
    b->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_file(b->context, s->folder.file[0], SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(b->context, s->folder.file[0], SSL_FILETYPE_PEM);
    SSL_CTX_set_security_level(b->context, 0);
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
        assert_true(tls_client_binding(b.client, ours[i]));
        SSL_export_keying_material(b.ssl, theirs, 32, "EXPORTER-Channel-Binding", 24,
                                   (const unsigned char *)"", 0, 1);
        assert_memory_equal(ours[i], theirs, 32);
        end_bare(&b);
    }
    assert_memory_not_equal(ours[0], ours[1], 32);
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
    assert_false(tls_client_binding(t.client, out));
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
        cmocka_unit_test(no_binding_before_the_handshake),
        cmocka_unit_test(a53_cut_is_told_from_a_clean_end),
        cmocka_unit_test(a53_cut_in_the_handshake_is_closed),
        cmocka_unit_test(plain_pop3_on_the_port_is_named),
        cmocka_unit_test(partial_writes_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
