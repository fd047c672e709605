/* The client's side. All that is believed or not is decided in one function, `believe`, which
 * OpenSSL calls with the server's chain; it also keeps the certificate, so that the person can be
 * told what was seen when it was refused. */
#include "tls/tls_client.h"

#include "tls/tls_client_certificate.h"
#include "tls/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

enum { WHY_SIZE = 300 };

/* A file of authorities may bring revocation lists; then, and only then, they are asked for. */
static void heed_revocation(X509_STORE *store)
{
    STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(all); i++)
        if (X509_OBJECT_get_type(sk_X509_OBJECT_value(all, i)) == X509_LU_CRL) {
            X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
            return;
        }
}

static bool load_authorities(SSL_CTX *ctx, const char *ca_file)
{
    if (ca_file == NULL)
        return SSL_CTX_set_default_verify_paths(ctx) == 1;
    if (SSL_CTX_load_verify_file(ctx, ca_file) != 1)
        return false;
    /* Whoever names a file means what is in it, also a server's own certificate. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    heed_revocation(SSL_CTX_get_cert_store(ctx));
    return true;
}

static bool is_the_pinned(struct tls_server_seen *seen, const struct tls_context *c)
{
    unsigned char digest[32];
    tls_fingerprint_of(seen->certificate, digest);
    if (memcmp(digest, c->pin, sizeof digest) == 0)
        return true;
    tls_say_not_pinned(seen);
    return false;
}

static int believe(X509_STORE_CTX *chain, void *unused)
{
    SSL *ssl = (SSL *)X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_connection *t = (struct tls_connection *)SSL_get_app_data(ssl);
    (void)unused;
    X509 *leaf = X509_STORE_CTX_get0_cert(chain);
    X509_free(t->seen->certificate);
    t->seen->certificate = leaf != NULL && X509_up_ref(leaf) == 1 ? leaf : NULL;
    if (t->seen->certificate == NULL)
        return 0;
    bool good;
    if (t->context->is_pinned) {
        good = is_the_pinned(t->seen, t->context);
        X509_STORE_CTX_set_error(chain, good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    } else {
        good = X509_verify_cert(chain) == 1;
        if (!good)
            tls_say_problem(t->seen, chain);
    }
    ERR_clear_error();
    return good || t->context->is_insecure;
}

/* Forward secrecy always; ciphers without authenticated sealing are still met at old servers. */
static SSL_CTX *new_client_side(void)
{
    static const unsigned char pop3[] = "\4pop3";
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, believe, NULL);
    if (SSL_CTX_set_cipher_list(ctx, "HIGH:!aNULL:!kRSA:!PSK:!SRP:!CAMELLIA:!ARIA") == 1 &&
        SSL_CTX_set_alpn_protos(ctx, pop3, sizeof pop3 - 1) == 0)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

static struct tls_context *new_client_context(const struct tls_client_options *options)
{
    struct tls_context *c = (struct tls_context *)calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->references = 1;
    c->sides = (SSL_CTX **)calloc(1, sizeof(SSL_CTX *));
    if (c->sides != NULL && (c->sides[0] = new_client_side()) != NULL)
        c->count = 1;
    c->is_insecure = options->insecure_for_diagnosis;
    c->is_pinned = options->fingerprint != NULL;
    if (c->is_pinned)
        memcpy(c->pin, options->fingerprint, sizeof c->pin);
    if (c->count == 1)
        return c;
    tls_context_unref(c);
    return NULL;
}

enum status tls_client_context_new(const struct tls_client_options *options,
                                   struct tls_context **out, char why[300])
{
    *out = NULL;
    why[0] = 0;
    struct tls_context *c = new_client_context(options);
    if (c == NULL) {
        ERR_clear_error();
        snprintf(why, WHY_SIZE, "TLS cannot be set up: out of memory");
        return STATUS_NO_MEMORY;
    }
    if (!c->is_pinned && !load_authorities(c->sides[0], options->ca_file)) {
        const char *reason = ERR_reason_error_string(ERR_peek_error());
        snprintf(why, WHY_SIZE, "%.150s: %.100s: name a readable PEM file with the authorities",
                 options->ca_file != NULL ? options->ca_file : "the system's authorities",
                 reason != NULL ? reason : "not readable");
        ERR_clear_error();
        tls_context_unref(c);
        return STATUS_PERMANENT;
    }
    *out = c;
    return STATUS_OK;
}

static bool take_host(char out[TLS_HOST_SIZE], const char *host)
{
    size_t size = strcspn(host, "%"); /* an address's scope means something on this machine only */
    if (size > 0 && host[size - 1] == '.')
        size--;
    if (size == 0 || size >= TLS_HOST_SIZE)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f)
            return false;
    memcpy(out, host, size);
    out[size] = 0;
    return true;
}

static bool is_address(const char *host)
{
    unsigned char unused[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, unused) == 1 || inet_pton(AF_INET6, host, unused) == 1;
}

/* RFC 9525: the subject's common name is no name to be believed, a wildcard is a whole label. */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                           X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1;
    return X509_VERIFY_PARAM_set1_host(p, host, 0) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

enum status tls_client_connection_new(struct tls_context *c, int socket, const char *host,
                                      struct tls_connection **out)
{
    *out = NULL;
    struct tls_server_seen *seen = (struct tls_server_seen *)calloc(1, sizeof *seen);
    if (seen == NULL)
        return STATUS_NO_MEMORY;
    if (!take_host(seen->host, host)) {
        free(seen);
        return STATUS_MALFORMED;
    }
    enum status s = tls_connection_make(c, socket, out);
    if (s != STATUS_OK) {
        free(seen);
        return s;
    }
    (*out)->seen = seen;
    if (!expect_host((*out)->ssl, seen->host)) {
        ERR_clear_error();
        tls_connection_free(*out);
        *out = NULL;
        return STATUS_NO_MEMORY;
    }
    SSL_set_connect_state((*out)->ssl);
    return STATUS_OK;
}

const char *tls_client_problem(const struct tls_connection *t)
{
    return t->seen->problem[0] != 0 ? t->seen->problem : NULL;
}

bool tls_client_fingerprint(const struct tls_connection *t, unsigned char out[32])
{
    if (t->seen->certificate == NULL)
        return false;
    tls_fingerprint_of(t->seen->certificate, out);
    return true;
}

/* RFC 9266 4.2: without the extended master secret two connections can share their keys. */
bool tls_client_was_cut(const struct tls_connection *t)
{
    return t->was_cut;
}
