#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tls/tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The server's side of a socketpair and an OpenSSL client at the other. */
struct wire {
    int server_socket;
    int client_socket;
    struct tls_connection *server;
    SSL_CTX *client_context;
    SSL *client;
    enum status handshake;
};

struct offer {
    int version;         /* 0: the newest */
    const char *alpn;    /* with its octet of length; NULL: none */
    const char *sni;     /* NULL: none */
    SSL_SESSION *again;  /* to be resumed */
    const char *ciphers; /* of TLS 1.2 */
};

static const char ticket_keys[2 * TLS_TICKET_KEY_SIZE] = "newest key, 16..";
static const struct slice one_key = {ticket_keys, TLS_TICKET_KEY_SIZE};
static const struct slice two_keys = {ticket_keys, sizeof ticket_keys};

static SSL_SESSION *latest_session;

static int keep_session(SSL *ssl, SSL_SESSION *s)
{
    (void)ssl;
    SSL_SESSION_free(latest_session);
    latest_session = s;
    return 1;
}

static struct tls_bundle generate(const char *hostname)
{
    struct tls_bundle b;
    char why[300];
    assert_int_equal(tls_bundle_generate(hostname, NULL, one_key, &b, why), STATUS_OK);
    assert_string_equal(why, "");
    return b;
}

static struct tls_context *context_of(const struct tls_bundle *b)
{
    struct tls_context *c;
    char why[300];
    assert_int_equal(tls_context_new(slice_of(b->data, b->size), &c, why), STATUS_OK);
    return c;
}

static struct tls_context *context_for(const char *hostname)
{
    struct tls_bundle b = generate(hostname);
    struct tls_context *c = context_of(&b);
    tls_bundle_free(&b);
    return c;
}

static void open_sockets(struct wire *w, struct tls_context *c)
{
    int pair[2];
    *w = (struct wire){.handshake = STATUS_AGAIN};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    w->server_socket = pair[0];
    w->client_socket = pair[1];
    assert_int_equal(tls_connection_new(c, w->server_socket, &w->server), STATUS_OK);
}

static void open_client(struct wire *w, const struct offer *o)
{
    w->client_context = SSL_CTX_new(TLS_client_method());
    if (o->version != 0)
        SSL_CTX_set_max_proto_version(w->client_context, o->version);
    SSL_CTX_set_session_cache_mode(w->client_context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(w->client_context, keep_session);
    if (o->ciphers != NULL)
        assert_int_equal(SSL_CTX_set_cipher_list(w->client_context, o->ciphers), 1);
    w->client = SSL_new(w->client_context);
    SSL_set_fd(w->client, w->client_socket);
    if (o->alpn != NULL)
        SSL_set_alpn_protos(w->client, (const unsigned char *)o->alpn, (unsigned)strlen(o->alpn));
    if (o->sni != NULL)
        SSL_set_tlsext_host_name(w->client, o->sni);
    if (o->again != NULL)
        assert_int_equal(SSL_set_session(w->client, o->again), 1);
    SSL_set_connect_state(w->client);
}

/* Both sides in turn until the server has an answer and the client too. */
static bool shake(struct wire *w)
{
    int client = 0;
    for (int i = 0; i < 20; i++) {
        if (client != 1)
            client = SSL_do_handshake(w->client);
        if (w->handshake == STATUS_AGAIN)
            w->handshake = tls_handshake(w->server);
    }
    return client == 1 && w->handshake == STATUS_OK;
}

static bool connect_to(struct wire *w, struct tls_context *c, const struct offer *o)
{
    open_sockets(w, c);
    open_client(w, o);
    return shake(w);
}

static void close_wire(struct wire *w)
{
    tls_connection_free(w->server);
    /* OpenSSL else takes the session for a broken one and will not resume it. */
    if (w->client != NULL)
        SSL_set_shutdown(w->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(w->client);
    SSL_CTX_free(w->client_context);
    close(w->server_socket);
    if (w->client_socket >= 0)
        close(w->client_socket);
    ERR_clear_error();
}

/* "+OK" from the server, "QUIT" from the client: what both have in common. Reads the tickets of
 * TLS 1.3 on the way. */
static void assert_talk(struct wire *w)
{
    char text[16];
    size_t n;
    assert_int_equal(tls_write(w->server, "+OK\r\n", 5, &n), STATUS_OK);
    assert_int_equal(n, 5);
    assert_int_equal(SSL_read(w->client, text, sizeof text), 5);
    assert_memory_equal(text, "+OK\r\n", 5);
    assert_int_equal(SSL_write(w->client, "QUIT\r\n", 6), 6);
    assert_int_equal(tls_read(w->server, text, sizeof text, &n), STATUS_OK);
    assert_int_equal(n, 6);
    assert_memory_equal(text, "QUIT\r\n", 6);
    assert_int_equal(tls_read(w->server, text, sizeof text, &n), STATUS_AGAIN);
}

static void assert_version(int version, const char *name)
{
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){.version = version}));
    assert_string_equal(tls_version(w.server), name);
    assert_string_not_equal(tls_cipher(w.server), "");
    assert_string_equal(tls_error(w.server), "");
    assert_false(tls_was_resumed(w.server));
    assert_talk(&w);
    close_wire(&w);
    tls_context_unref(c);
}

static void handshakes_with_1_2_and_1_3(void **state)
{
    (void)state;
    assert_version(TLS1_2_VERSION, "TLSv1.2");
    assert_version(TLS1_3_VERSION, "TLSv1.3");
}

static void older_versions_are_refused_and_named(void **state)
{
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    open_sockets(&w, c);
    open_client(&w, &(struct offer){.version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"});
    SSL_set_min_proto_version(w.client, TLS1_VERSION);
    assert_false(shake(&w));
    assert_int_equal(w.handshake, STATUS_MALFORMED);
    assert_non_null(strstr(tls_error(w.server), "TLS 1.2"));
    close_wire(&w);
    tls_context_unref(c);
}

static void a08_alpn_pop3_is_chosen_and_no_alpn_is_fine(void **state)
{
    static const char *const offers[] = {"\4pop3", "\4imap\4pop3", NULL};
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    for (size_t i = 0; i < 3; i++) {
        struct wire w;
        const unsigned char *chosen;
        unsigned size;
        assert_true(connect_to(&w, c, &(struct offer){.alpn = offers[i]}));
        SSL_get0_alpn_selected(w.client, &chosen, &size);
        assert_int_equal(size, offers[i] ? 4 : 0);
        assert_memory_equal(chosen, "pop3", size);
        close_wire(&w);
    }
    tls_context_unref(c);
}

static void a08_other_alpn_gets_no_application_protocol(void **state)
{
    static const char *const offers[] = {"\4imap", "\2h2\10http/1.1", "\3pop", "\5pop3s"};
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    for (size_t i = 0; i < 4; i++) {
        struct wire w;
        assert_false(connect_to(&w, c, &(struct offer){.alpn = offers[i]}));
        assert_int_equal(w.handshake, STATUS_MALFORMED);
        assert_non_null(strstr(tls_error(w.server), "ALPN"));
        assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
                         SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
        close_wire(&w);
    }
    tls_context_unref(c);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

/* A certificate of our own making, that tls_bundle_generate would not make. */
struct issue {
    const char *name;
    int days; /* until it expires; may be negative */
    bool rsa;
};

static void write_pair(const char *path, const struct issue *i)
{
    EVP_PKEY *key = i->rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *x = X509_new();
    char names[300];
    snprintf(names, sizeof names, "DNS:%s", i->name);
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), -100L * 24 * 3600);
    X509_time_adj_ex(X509_getm_notAfter(x), i->days, 60, NULL);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    PEM_write_X509(f, x);
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(key);
}

struct folder {
    char path[32];
    char file[3][64];
};

static void make_folder(struct folder *f)
{
    strncpy(f->path, "/tmp/tls_test.XXXXXX", sizeof f->path);
    assert_non_null(mkdtemp(f->path));
    for (int i = 0; i < 3; i++)
        snprintf(f->file[i], sizeof f->file[i], "%s/%d.pem", f->path, i);
}

static void remove_folder(const struct folder *f)
{
    for (int i = 0; i < 3; i++)
        unlink(f->file[i]);
    assert_int_equal(rmdir(f->path), 0);
}

static bool client_sees(struct tls_context *c, const struct offer *o, const char *name)
{
    struct wire w;
    assert_true(connect_to(&w, c, o));
    X509 *x = SSL_get1_peer_certificate(w.client);
    bool sees = X509_check_host(x, name, 0, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
    if (name[0] == '*')
        sees = X509_check_host(x, "any.example.net", 0, 0, NULL) == 1;
    X509_free(x);
    close_wire(&w);
    return sees;
}

static void a09_sni_chooses_exact_then_wildcard_then_first(void **state)
{
    struct folder f;
    struct tls_bundle b;
    char why[300];
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, false});
    write_pair(f.file[1], &(struct issue){"*.example.net", 90, false});
    write_pair(f.file[2], &(struct issue){"pop.example.net", 90, false});
    struct tls_files files[3];
    for (int i = 0; i < 3; i++)
        files[i] = (struct tls_files){f.file[i], f.file[i]};
    assert_int_equal(tls_bundle_load(files, 3, one_key, &b, why), STATUS_OK);
    assert_string_equal(why, "");
    struct tls_context *c = context_of(&b);
    assert_true(client_sees(c, &(struct offer){.sni = "mail.example.org"}, "mail.example.org"));
    assert_true(client_sees(c, &(struct offer){.sni = "POP.Example.NET"}, "pop.example.net"));
    assert_true(client_sees(c, &(struct offer){.sni = "imap.example.net"}, "*.example.net"));
    assert_true(client_sees(c, &(struct offer){.sni = "a.b.example.net"}, "mail.example.org"));
    assert_true(client_sees(c, &(struct offer){.sni = "example.net"}, "mail.example.org"));
    assert_true(client_sees(c, &(struct offer){.sni = "../../etc/passwd"}, "mail.example.org"));
    assert_true(client_sees(c, &(struct offer){.sni = NULL}, "mail.example.org"));
    tls_context_unref(c);
    tls_bundle_free(&b);
    remove_folder(&f);
}

static void rsa_beside_ecdsa_for_the_same_name(void **state)
{
    struct folder f;
    struct tls_bundle b;
    char why[300];
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, false});
    write_pair(f.file[1], &(struct issue){"mail.example.org", 90, true});
    const struct tls_files files[] = {{f.file[0], f.file[0]}, {f.file[1], f.file[1]}};
    assert_int_equal(tls_bundle_load(files, 2, one_key, &b, why), STATUS_OK);
    struct tls_context *c = context_of(&b);
    static const char *const kinds[] = {"ECDSA", "RSA"};
    for (int i = 0; i < 2; i++) {
        char cipher[64];
        struct wire w;
        snprintf(cipher, sizeof cipher, "ECDHE-%s-AES128-GCM-SHA256", kinds[i]);
        assert_true(
            connect_to(&w, c, &(struct offer){.version = TLS1_2_VERSION, .ciphers = cipher}));
        assert_string_equal(tls_cipher(w.server), cipher);
        close_wire(&w);
    }
    tls_context_unref(c);
    tls_bundle_free(&b);
    remove_folder(&f);
}

/* A first connection at one front, a second at another. */
static void assert_resumption(struct tls_context *first, struct tls_context *second,
                              const struct offer *o)
{
    struct wire w;
    assert_true(connect_to(&w, first, o));
    assert_talk(&w);
    close_wire(&w);
    assert_non_null(latest_session);
    for (int i = 0; i < 3; i++) {
        struct offer again = *o;
        again.again = latest_session;
        assert_true(connect_to(&w, i % 2 ? first : second, &again));
        assert_true(tls_was_resumed(w.server));
        assert_talk(&w);
        close_wire(&w);
    }
    SSL_SESSION_free(latest_session);
    latest_session = NULL;
}

static void every_front_resumes_what_another_began(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    (void)state;
    struct tls_bundle b = generate("mail.example.org");
    struct tls_context *first = context_of(&b);
    struct tls_context *second = context_of(&b);
    for (int i = 0; i < 2; i++) {
        assert_resumption(first, second, &(struct offer){.version = versions[i]});
        assert_resumption(first, second,
                          &(struct offer){.version = versions[i], .sni = "mail.example.org"});
        assert_resumption(first, second, &(struct offer){.version = versions[i], .sni = "unknown"});
        assert_resumption(first, second, &(struct offer){.version = versions[i], .alpn = "\4pop3"});
    }
    tls_context_unref(first);
    tls_context_unref(second);
    tls_bundle_free(&b);
}

static struct tls_context *context_with_keys(struct slice keys, const char *file)
{
    struct tls_bundle b;
    char why[300];
    const struct tls_files files = {file, file};
    assert_int_equal(tls_bundle_load(&files, 1, keys, &b, why), STATUS_OK);
    struct tls_context *c = context_of(&b);
    tls_bundle_free(&b);
    return c;
}

static void the_older_ticket_key_still_opens_and_a_strange_one_does_not(void **state)
{
    char fresh[TLS_TICKET_KEY_SIZE] = "a strange key...";
    char rotated[2 * TLS_TICKET_KEY_SIZE];
    struct folder f;
    (void)state;
    memcpy(rotated, fresh, sizeof fresh);
    memcpy(rotated + sizeof fresh, ticket_keys, TLS_TICKET_KEY_SIZE);
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, false});
    struct tls_context *before = context_with_keys(one_key, f.file[0]);
    struct tls_context *after = context_with_keys(slice_of(rotated, sizeof rotated), f.file[0]);
    struct tls_context *strange = context_with_keys(slice_of(fresh, sizeof fresh), f.file[0]);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int i = 0; i < 2; i++) {
        struct wire w;
        assert_true(connect_to(&w, before, &(struct offer){.version = versions[i]}));
        assert_talk(&w);
        close_wire(&w);
        struct offer again = {.version = versions[i], .again = latest_session};
        SSL_SESSION_up_ref(again.again);
        assert_true(connect_to(&w, strange, &again));
        assert_false(tls_was_resumed(w.server));
        close_wire(&w);
        assert_true(connect_to(&w, after, &again));
        assert_true(tls_was_resumed(w.server));
        assert_talk(&w);
        close_wire(&w);
        SSL_SESSION_free(again.again);
    }
    SSL_SESSION_free(latest_session);
    latest_session = NULL;
    tls_context_unref(before);
    tls_context_unref(after);
    tls_context_unref(strange);
    remove_folder(&f);
}

static void a06_renegotiation_ends_the_connection(void **state)
{
    char text[16];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){.version = TLS1_2_VERSION}));
    assert_int_equal(SSL_renegotiate(w.client), 1);
    (void)SSL_do_handshake(w.client);
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_CLOSED);
    assert_non_null(strstr(tls_error(w.server), "renegotiate"));
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_CLOSED);
    assert_int_equal(tls_write(w.server, "x", 1, &n), STATUS_CLOSED);
    close_wire(&w);
    tls_context_unref(c);
}

static void a07_early_data_is_never_accepted(void **state)
{
    char text[32];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    assert_talk(&w);
    close_wire(&w);
    assert_int_equal(SSL_SESSION_get_max_early_data(latest_session), 0);
    assert_int_equal(SSL_SESSION_set_max_early_data(latest_session, 4096), 1);
    open_sockets(&w, c);
    open_client(&w, &(struct offer){.again = latest_session});
    assert_int_equal(SSL_write_early_data(w.client, "DELE 1\r\n", 8, &n), 1);
    assert_true(shake(&w));
    assert_int_equal(SSL_get_early_data_status(w.client), SSL_EARLY_DATA_REJECTED);
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_AGAIN);
    assert_talk(&w);
    close_wire(&w);
    SSL_SESSION_free(latest_session);
    latest_session = NULL;
    tls_context_unref(c);
}

/* A client hello as bytes, for a server to be fed with. */
static size_t client_hello(char *to, size_t room)
{
    struct wire w = {.client_socket = -1};
    open_client(&w, &(struct offer){.sni = "mail.example.org"});
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(w.client, BIO_new(BIO_s_mem()), out);
    (void)SSL_do_handshake(w.client);
    int n = BIO_read(out, to, (int)room);
    assert_true(n > 100);
    SSL_free(w.client);
    SSL_CTX_free(w.client_context);
    ERR_clear_error();
    return (size_t)n;
}

static void client_hello_may_come_octet_by_octet(void **state)
{
    char hello[1024];
    char answer[8];
    size_t size = client_hello(hello, sizeof hello);
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    open_sockets(&w, c);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(tls_handshake(w.server), STATUS_AGAIN);
        assert_false(tls_wants_write(w.server));
        assert_int_equal(recv(w.client_socket, answer, sizeof answer, 0), -1);
        assert_int_equal(send(w.client_socket, hello + i, 1, 0), 1);
    }
    assert_int_equal(tls_handshake(w.server), STATUS_AGAIN);
    assert_int_equal(recv(w.client_socket, answer, sizeof answer, 0), sizeof answer);
    assert_int_equal(answer[0], 22);
    close_wire(&w);
    tls_context_unref(c);
}

static void assert_first_octets(const char *text, enum status wanted, const char *said)
{
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    open_sockets(&w, c);
    size_t size = strlen(text);
    assert_int_equal(send(w.client_socket, text, size, 0), size);
    shutdown(w.client_socket, SHUT_WR);
    assert_int_equal(tls_handshake(w.server), wanted);
    if (strstr(tls_error(w.server), said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", tls_error(w.server), said);
    assert_int_equal(tls_handshake(w.server), STATUS_CLOSED);
    close_wire(&w);
    tls_context_unref(c);
}

static void a08_plaintext_on_the_tls_port_is_named(void **state)
{
    (void)state;
    assert_first_octets("GET / HTTP/1.1\r\n\r\n", STATUS_MALFORMED, "HTTP request");
    assert_first_octets("USER alice\r\nPASS secret\r\n", STATUS_MALFORMED, "plain POP3");
    assert_first_octets("CAPA\r\n", STATUS_MALFORMED, "plain POP3");
    assert_first_octets("", STATUS_CLOSED, "cut");
    assert_first_octets("\x16\x03\x01", STATUS_CLOSED, "cut");
}

static void closing_is_told_from_being_cut(void **state)
{
    char text[16];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    for (int polite = 0; polite < 2; polite++) {
        struct wire w;
        assert_true(connect_to(&w, c, &(struct offer){0}));
        assert_talk(&w);
        if (polite)
            SSL_shutdown(w.client);
        close(w.client_socket);
        w.client_socket = -1;
        assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_CLOSED);
        assert_string_equal(tls_error(w.server),
                            polite ? "closed by the client"
                                   : "the connection was cut without a close_notify");
        tls_shutdown(w.server);
        close_wire(&w);
    }
    tls_context_unref(c);
}

static void close_notify_is_sent_once(void **state)
{
    char text[64];
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    tls_shutdown(w.server);
    tls_shutdown(w.server);
    assert_int_equal(SSL_read(w.client, text, sizeof text), 0);
    assert_int_equal(SSL_get_shutdown(w.client), SSL_RECEIVED_SHUTDOWN);
    assert_int_equal(recv(w.client_socket, text, sizeof text, 0), -1);
    close_wire(&w);
    tls_context_unref(c);
}

static void pending_octets_are_told_of(void **state)
{
    char text[8];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    assert_false(tls_has_pending(w.server));
    assert_int_equal(SSL_write(w.client, "NOOP\r\n", 6), 6);
    assert_int_equal(SSL_write(w.client, "QUIT\r\n", 6), 6);
    assert_int_equal(tls_read(w.server, text, 4, &n), STATUS_OK);
    assert_true(tls_has_pending(w.server));
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_OK);
    assert_int_equal(n, 2);
    assert_true(tls_has_pending(w.server));
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_OK);
    assert_int_equal(n, 6);
    assert_false(tls_has_pending(w.server));
    close_wire(&w);
    tls_context_unref(c);
}

/* A megabyte through a socket that soon is full, from a buffer that moves. */
static void large_writes_go_on_where_they_stopped(void **state)
{
    enum { SIZE = 1024 * 1024 };
    char *data = (char *)malloc(SIZE);
    char *seen = (char *)malloc(SIZE);
    size_t sent = 0;
    size_t got = 0;
    bool waited = false;
    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 7 + i / 251);
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    while (got < SIZE) {
        size_t n = 0;
        char *moved = (char *)malloc(SIZE - sent + 1);
        memcpy(moved, data + sent, SIZE - sent);
        enum status s = sent < SIZE ? tls_write(w.server, moved, SIZE - sent, &n) : STATUS_OK;
        free(moved);
        assert_true(s == STATUS_OK || (s == STATUS_AGAIN && tls_wants_write(w.server)));
        waited = waited || s == STATUS_AGAIN;
        sent += n;
        int r = SSL_read(w.client, seen + got, (int)(SIZE - got));
        got += r > 0 ? (size_t)r : 0;
        waited = waited || sent < SIZE;
    }
    assert_true(waited);
    assert_memory_equal(seen, data, SIZE);
    close_wire(&w);
    tls_context_unref(c);
    free(data);
    free(seen);
}

static void assert_load_fails(const struct tls_files *files, const char *file, const char *cause)
{
    struct tls_bundle b;
    char why[300];
    assert_int_not_equal(tls_bundle_load(files, 1, one_key, &b, why), STATUS_OK);
    assert_null(b.data);
    if (strstr(why, file) == NULL || strstr(why, cause) == NULL)
        fail_msg("\"%s\" does not name \"%s\" and \"%s\"", why, file, cause);
}

static void what_is_wrong_with_the_files_is_said(void **state)
{
    struct folder f;
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, false});
    write_pair(f.file[1], &(struct issue){"mail.example.org", 90, false});
    assert_load_fails(&(struct tls_files){f.file[0], f.file[1]}, f.file[1], "does not fit");
    assert_load_fails(&(struct tls_files){"/nowhere/x.pem", f.file[0]}, "/nowhere/x.pem",
                      "No such file");
    assert_load_fails(&(struct tls_files){f.path, f.file[0]}, f.path, "directory");
    write_file(f.file[2], "hello\n", 6);
    assert_load_fails(&(struct tls_files){f.file[2], f.file[0]}, f.file[2], "no certificate");
    assert_load_fails(&(struct tls_files){f.file[0], f.file[2]}, f.file[2], "no private key");
    static const char damaged[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    write_file(f.file[2], damaged, sizeof damaged - 1);
    assert_load_fails(&(struct tls_files){f.file[2], f.file[0]}, f.file[2], "damaged");
    remove_folder(&f);
}

static void a_key_behind_a_passphrase_is_named(void **state)
{
    struct folder f;
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, false});
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(f.file[1], "w");
    assert_non_null(file);
    PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), NULL, 0, NULL, (void *)(uintptr_t) "secret");
    fclose(file);
    EVP_PKEY_free(key);
    assert_load_fails(&(struct tls_files){f.file[0], f.file[1]}, f.file[1], "passphrase");
    remove_folder(&f);
}

static void expiry_is_warned_about(void **state)
{
    static const struct {
        int days;
        const char *said;
    } cases[] = {{-3, "expired 2 days ago"}, {5, "expires in 5 days"}, {20, ""}};
    struct folder f;
    (void)state;
    make_folder(&f);
    for (size_t i = 0; i < 3; i++) {
        struct tls_bundle b;
        char why[300];
        write_pair(f.file[0], &(struct issue){"mail.example.org", cases[i].days, false});
        assert_int_equal(
            tls_bundle_load(&(struct tls_files){f.file[0], f.file[0]}, 1, one_key, &b, why),
            STATUS_OK);
        if (cases[i].said[0] == 0)
            assert_string_equal(why, "");
        else if (strstr(why, cases[i].said) == NULL || strstr(why, f.file[0]) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", why, cases[i].said);
        tls_bundle_free(&b);
    }
    remove_folder(&f);
}

static void a_damaged_bundle_makes_no_context(void **state)
{
    struct tls_context *c;
    char why[300];
    (void)state;
    struct tls_bundle b = generate("mail.example.org");
    for (size_t size = 0; size < b.size; size++) {
        assert_int_not_equal(tls_context_new(slice_of(b.data, size), &c, why), STATUS_OK);
        assert_null(c);
        assert_string_not_equal(why, "");
    }
    tls_bundle_free(&b);
    assert_int_equal(tls_bundle_generate("x", NULL, SLICE("short"), &b, why), STATUS_OK);
    assert_int_equal(tls_context_new(slice_of(b.data, b.size), &c, why), STATUS_MALFORMED);
    tls_bundle_free(&b);
}

static void a_generated_certificate_is_kept_and_private(void **state)
{
    struct folder f;
    struct tls_bundle first;
    struct tls_bundle second;
    struct stat st;
    char why[300];
    char kept[64];
    (void)state;
    make_folder(&f);
    snprintf(kept, sizeof kept, "%s/self-signed.pem", f.path);
    assert_int_equal(tls_bundle_generate("a.example", f.path, two_keys, &first, why), STATUS_OK);
    assert_string_equal(why, "");
    assert_int_equal(stat(kept, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(tls_bundle_generate("a.example", f.path, two_keys, &second, why), STATUS_OK);
    assert_int_equal(second.size, first.size);
    assert_memory_equal(second.data, first.data, first.size);
    tls_bundle_free(&second);
    assert_int_equal(tls_bundle_generate("b.example", f.path, two_keys, &second, why), STATUS_OK);
    assert_true(second.size != first.size || memcmp(second.data, first.data, first.size) != 0);
    struct tls_context *c = context_of(&second);
    assert_true(client_sees(c, &(struct offer){0}, "b.example"));
    assert_true(client_sees(c, &(struct offer){0}, "localhost"));
    tls_context_unref(c);
    tls_bundle_free(&first);
    tls_bundle_free(&second);
    unlink(kept);
    remove_folder(&f);
}

static void a_certificate_that_cannot_be_kept_is_used_all_the_same(void **state)
{
    struct tls_bundle b;
    char why[300];
    (void)state;
    assert_int_equal(tls_bundle_generate("a.example", "/nowhere", one_key, &b, why), STATUS_OK);
    assert_non_null(strstr(why, "cannot be kept"));
    tls_bundle_free(&b);
}

static void letsencrypt_is_found_by_plain_names_only(void **state)
{
    struct folder f;
    char certificate[4096];
    char key[4096];
    char live[64];
    char host[96];
    (void)state;
    make_folder(&f);
    assert_false(tls_find_letsencrypt(f.path, "mail.example.org", certificate, key));
    snprintf(live, sizeof live, "%s/live", f.path);
    snprintf(host, sizeof host, "%s/mail.example.org", live);
    assert_int_equal(mkdir(live, 0700) | mkdir(host, 0700), 0);
    static const char *const names[] = {"fullchain.pem", "privkey.pem"};
    char path[2][128];
    for (int i = 0; i < 2; i++) {
        assert_false(tls_find_letsencrypt(f.path, "mail.example.org", certificate, key));
        snprintf(path[i], sizeof path[i], "%s/%s", host, names[i]);
        write_file(path[i], "x", 1);
    }
    assert_true(tls_find_letsencrypt(f.path, "mail.example.org", certificate, key));
    assert_string_equal(certificate, path[0]);
    assert_string_equal(key, path[1]);
    assert_false(tls_find_letsencrypt(f.path, "../live/mail.example.org", certificate, key));
    assert_false(tls_find_letsencrypt(f.path, "", certificate, key));
    unlink(path[0]);
    unlink(path[1]);
    assert_int_equal(rmdir(host) | rmdir(live), 0);
    remove_folder(&f);
}

static void connections_outlive_their_context(void **state)
{
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    tls_context_unref(c);
    assert_talk(&w);
    close_wire(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_with_1_2_and_1_3),
        cmocka_unit_test(older_versions_are_refused_and_named),
        cmocka_unit_test(a06_renegotiation_ends_the_connection),
        cmocka_unit_test(a07_early_data_is_never_accepted),
        cmocka_unit_test(a08_alpn_pop3_is_chosen_and_no_alpn_is_fine),
        cmocka_unit_test(a08_other_alpn_gets_no_application_protocol),
        cmocka_unit_test(a08_plaintext_on_the_tls_port_is_named),
        cmocka_unit_test(a09_sni_chooses_exact_then_wildcard_then_first),
        cmocka_unit_test(rsa_beside_ecdsa_for_the_same_name),
        cmocka_unit_test(every_front_resumes_what_another_began),
        cmocka_unit_test(the_older_ticket_key_still_opens_and_a_strange_one_does_not),
        cmocka_unit_test(client_hello_may_come_octet_by_octet),
        cmocka_unit_test(closing_is_told_from_being_cut),
        cmocka_unit_test(close_notify_is_sent_once),
        cmocka_unit_test(pending_octets_are_told_of),
        cmocka_unit_test(large_writes_go_on_where_they_stopped),
        cmocka_unit_test(what_is_wrong_with_the_files_is_said),
        cmocka_unit_test(a_key_behind_a_passphrase_is_named),
        cmocka_unit_test(expiry_is_warned_about),
        cmocka_unit_test(a_damaged_bundle_makes_no_context),
        cmocka_unit_test(a_generated_certificate_is_kept_and_private),
        cmocka_unit_test(a_certificate_that_cannot_be_kept_is_used_all_the_same),
        cmocka_unit_test(letsencrypt_is_found_by_plain_names_only),
        cmocka_unit_test(connections_outlive_their_context),
    };
    signal(SIGPIPE, SIG_IGN);
    tls_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
