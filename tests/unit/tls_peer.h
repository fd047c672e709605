/* tls_peer: the other side of the TLS tests, an OpenSSL client at the end of a socketpair, and
 * certificates for them. */
#ifndef POPLIN_TESTS_TLS_PEER_H
#define POPLIN_TESTS_TLS_PEER_H

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

static inline int keep_session(SSL *ssl, SSL_SESSION *s)
{
    (void)ssl;
    SSL_SESSION_free(latest_session);
    latest_session = s;
    return 1;
}

static inline struct tls_bundle generate(const char *hostname)
{
    struct tls_bundle b;
    char why[300];
    assert_int_equal(tls_bundle_generate(hostname, NULL, one_key, &b, why), STATUS_OK);
    assert_string_equal(why, "");
    return b;
}

static inline struct tls_context *context_of(const struct tls_bundle *b)
{
    struct tls_context *c;
    char why[300];
    assert_int_equal(tls_context_new(slice_of(b->data, b->size), &c, why), STATUS_OK);
    return c;
}

static inline struct tls_context *context_for(const char *hostname)
{
    struct tls_bundle b = generate(hostname);
    struct tls_context *c = context_of(&b);
    tls_bundle_free(&b);
    return c;
}

static inline void open_sockets(struct wire *w, struct tls_context *c)
{
    int pair[2];
    *w = (struct wire){.handshake = STATUS_AGAIN};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    w->server_socket = pair[0];
    w->client_socket = pair[1];
    assert_int_equal(tls_connection_new(c, w->server_socket, &w->server), STATUS_OK);
}

static inline void open_client(struct wire *w, const struct offer *o)
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
static inline bool shake(struct wire *w)
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

static inline bool connect_to(struct wire *w, struct tls_context *c, const struct offer *o)
{
    open_sockets(w, c);
    open_client(w, o);
    return shake(w);
}

static inline void close_wire(struct wire *w)
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
static inline void assert_talk(struct wire *w)
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

static inline void write_file(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

/* A certificate of our own making, that tls_bundle_generate would not make. */
struct issue {
    const char *name;
    int days;     /* until it expires; may be negative */
    int rsa_bits; /* 0: ECDSA P-256 */
};

static inline void write_pair(const char *path, const struct issue *i)
{
    EVP_PKEY *key = i->rsa_bits ? EVP_RSA_gen((unsigned)i->rsa_bits) : EVP_EC_gen("P-256");
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
    assert_int_equal(fchmod(fileno(f), 0600), 0);
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

static inline void make_folder(struct folder *f)
{
    strncpy(f->path, "/tmp/tls_test.XXXXXX", sizeof f->path);
    assert_non_null(mkdtemp(f->path));
    for (int i = 0; i < 3; i++)
        snprintf(f->file[i], sizeof f->file[i], "%s/%d.pem", f->path, i);
}

static inline void remove_folder(const struct folder *f)
{
    for (int i = 0; i < 3; i++)
        unlink(f->file[i]);
    assert_int_equal(rmdir(f->path), 0);
}

static inline bool client_sees(struct tls_context *c, const struct offer *o, const char *name)
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

#endif
