/* A context is a set of SSL_CTX, one a certificate, all alike but for it. Whatever a handshake
 * needs is made here once, so that a connection allocates its own state and nothing else. */
#include "tls/tls_context.h"

#include "tls/tls_key.h"
#include "tls/tls_record.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TICKET_NAME = 16,
    TICKET_SECRET = 32,
    TICKET_VECTOR = 16,
    CERTIFICATES_MAX = 4096,
    WHY_SIZE = 300,
};

void tls_global_init(void)
{
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
                         OPENSSL_INIT_NO_LOAD_CONFIG,
                     NULL);
    unsigned char seed[16];
    (void)RAND_bytes(seed, sizeof seed);
    (void)RAND_priv_bytes(seed, sizeof seed);
    OPENSSL_cleanse(seed, sizeof seed);
}

/* RFC 7301: a client that offers protocols must offer ours. "pop3" is registered for both ports. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *size,
                           const unsigned char *in, unsigned in_size, void *unused)
{
    static const unsigned char wanted[] = {'p', 'o', 'p', '3'};
    (void)ssl;
    (void)unused;
    for (unsigned at = 0; at < in_size; at += 1U + in[at])
        if (in[at] == sizeof wanted && in_size - at > sizeof wanted &&
            memcmp(in + at + 1, wanted, sizeof wanted) == 0) {
            *out = in + at + 1;
            *size = sizeof wanted;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A name that nobody knows gets the first certificate: the client knows best what it accepts. */
static int choose_certificate(SSL *ssl, int *alert, void *unused)
{
    const struct tls_connection *t = (const struct tls_connection *)SSL_get_app_data(ssl);
    const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    size_t index;
    (void)alert;
    (void)unused;
    if (host == NULL || !tls_names_find(&t->context->names, host, &index))
        return SSL_TLSEXT_ERR_NOACK;
    if (index != 0)
        SSL_set_SSL_CTX(ssl, t->context->sides[index]);
    return SSL_TLSEXT_ERR_OK;
}

static bool start_mac(EVP_MAC_CTX *mac, const unsigned char *secret)
{
    static const char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)secret, TICKET_SECRET),
        OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (void *)(uintptr_t)digest, sizeof digest - 1),
        OSSL_PARAM_END,
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* Ticket keys: 16 octets of name, 32 for the MAC, 32 for the cipher. Every front has the same, so
 * a ticket is good at each. One sealed with the older key is taken and replaced (2), one of TLS 1.3
 * always: its clients use a ticket once. */
static int use_ticket_key(SSL *ssl, unsigned char *name, unsigned char *vector,
                          EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
    const struct tls_connection *t = (const struct tls_connection *)SSL_get_app_data(ssl);
    const struct tls_context *c = t->context;
    size_t i = 0;
    if (sealing) {
        memcpy(name, c->ticket_keys[0], TICKET_NAME);
        if (RAND_bytes(vector, TICKET_VECTOR) != 1)
            return -1;
    } else {
        while (i < c->ticket_key_count && memcmp(name, c->ticket_keys[i], TICKET_NAME) != 0)
            i++;
        if (i == c->ticket_key_count)
            return 0;
    }
    const unsigned char *secret = c->ticket_keys[i] + TICKET_NAME;
    if (!start_mac(mac, secret) || EVP_CipherInit_ex(cipher, c->ticket_cipher, NULL,
                                                     secret + TICKET_SECRET, vector, sealing) != 1)
        return -1;
    return i == 0 && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

/* OpenSSL 3.0 answers a client's wish to renegotiate with a warning and goes on, as often as it is
 * asked; the connection shall end instead. */
static void watch(const SSL *ssl, int where, int value)
{
    if (where == SSL_CB_WRITE_ALERT && (value & 0xff) == SSL_AD_NO_RENEGOTIATION)
        ((struct tls_connection *)SSL_get_app_data(ssl))->renegotiation = true;
}

static void set_callbacks(SSL_CTX *ctx)
{
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(ctx, choose_certificate);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, use_ticket_key);
    SSL_CTX_set_info_callback(ctx, watch);
}

/* Sealed and authenticated ciphers with forward secrecy only; AES-128 first, for it is the fastest
 * and strong enough, ChaCha20 before it for clients that put it first. */
static bool set_algorithms(SSL_CTX *ctx)
{
    return SSL_CTX_set_cipher_list(
               ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") == 1 &&
           SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                         "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1;
}

static SSL_CTX *new_side(void)
{
    static const unsigned char id[] = "poplin";
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* Without NO_AUTO_CHAIN a leaf without intermediates is verified anew in every handshake. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    /* One system call a record instead of two. What a client sent before TLS began was read by
     * somebody else and never comes here, so nothing can be smuggled over the border. */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(ctx, TLS_TICKET_LIFETIME);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_max_early_data(ctx, 0);
    set_callbacks(ctx);
    if (SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1) == 1 && set_algorithms(ctx))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* One certificate as it is gathered from the records. */
struct gathered {
    X509 *leaf;
    STACK_OF(X509) * chain;
};

static void drop(struct gathered *g)
{
    X509_free(g->leaf);
    sk_X509_pop_free(g->chain, X509_free);
    *g = (struct gathered){NULL, NULL};
}

static bool has_key_of_kind(SSL_CTX *ctx, X509 *leaf)
{
    int kind = EVP_PKEY_get_base_id(X509_get0_pubkey(leaf));
    bool has = false;
    for (int more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_FIRST); more == 1;
         more = SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_NEXT))
        if (EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(ctx)) == kind)
            has = true;
    return has;
}

/* The side of the same names and another kind of key (RSA beside ECDSA): both certificates belong
 * together and OpenSSL takes the one that the client can. */
static bool find_partner(const struct tls_context *c, X509 *leaf, const struct tls_names *names,
                         size_t *index)
{
    for (size_t i = 0; i < c->count; i++)
        if (tls_names_same(&c->names, i, names) && !has_key_of_kind(c->sides[i], leaf)) {
            *index = i;
            return true;
        }
    return false;
}

static bool add_side(struct tls_context *c)
{
    if (c->count == CERTIFICATES_MAX)
        return false;
    SSL_CTX **sides = (SSL_CTX **)realloc(c->sides, (c->count + 1) * sizeof(SSL_CTX *));
    if (sides == NULL)
        return false;
    c->sides = sides;
    c->sides[c->count] = new_side();
    if (c->sides[c->count] == NULL)
        return false;
    c->count++;
    return true;
}

static enum status install(struct tls_context *c, const struct gathered *g, struct slice key)
{
    struct tls_names names = {NULL, 0};
    size_t index = c->count;
    if (g->leaf == NULL)
        return STATUS_MALFORMED;
    enum status s = tls_names_add(&names, g->leaf, 0);
    if (s == STATUS_OK && !find_partner(c, g->leaf, &names, &index)) {
        s = add_side(c) ? STATUS_OK : STATUS_NO_MEMORY;
        if (s == STATUS_OK)
            s = tls_names_add(&c->names, g->leaf, index);
    }
    tls_names_wipe(&names);
    return s == STATUS_OK ? tls_key_install(c->sides[index], g->leaf, g->chain, key) : s;
}

static enum status gather(struct gathered *g, enum tls_record_kind kind, struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.data;
    X509 *x = d2i_X509(NULL, &at, (long)der.size);
    if (x == NULL)
        return STATUS_MALFORMED;
    if (kind == TLS_RECORD_LEAF) {
        drop(g);
        g->leaf = x;
        return STATUS_OK;
    }
    if (g->chain == NULL)
        g->chain = sk_X509_new_null();
    if (g->chain != NULL && sk_X509_push(g->chain, x) > 0)
        return STATUS_OK;
    X509_free(x);
    return STATUS_NO_MEMORY;
}

static enum status take_ticket_keys(struct tls_context *c, struct slice keys)
{
    c->ticket_key_count = keys.size / TLS_TICKET_KEY_SIZE;
    if (keys.size % TLS_TICKET_KEY_SIZE != 0 || c->ticket_key_count == 0 ||
        c->ticket_key_count > TICKET_KEYS_MAX)
        return STATUS_MALFORMED;
    memcpy(c->ticket_keys, keys.data, keys.size);
    return STATUS_OK;
}

static enum status take_records(struct tls_context *c, struct slice bundle)
{
    struct gathered g = {NULL, NULL};
    enum tls_record_kind kind;
    struct slice body;
    enum status s = STATUS_OK;
    while (s == STATUS_OK && tls_record_next(&bundle, &kind, &body))
        switch (kind) {
        case TLS_RECORD_LEAF:
        case TLS_RECORD_CHAIN:
            s = gather(&g, kind, body);
            break;
        case TLS_RECORD_KEY:
            s = install(c, &g, body);
            drop(&g);
            break;
        case TLS_RECORD_TICKETS:
            s = take_ticket_keys(c, body);
            break;
        default:
            s = STATUS_MALFORMED;
        }
    drop(&g);
    if (s == STATUS_OK && (bundle.size > 0 || c->count == 0 || c->ticket_key_count == 0))
        s = STATUS_MALFORMED;
    return s;
}

enum status tls_context_new(struct slice bundle, struct tls_context **out, char why[300])
{
    *out = NULL;
    why[0] = 0;
    struct tls_context *c = (struct tls_context *)calloc(1, sizeof *c);
    enum status s = STATUS_NO_MEMORY;
    if (c != NULL) {
        c->references = 1;
        c->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
        s = c->ticket_cipher == NULL ? STATUS_NO_MEMORY : take_records(c, bundle);
    }
    if (s == STATUS_OK) {
        tls_names_sort(&c->names);
        *out = c;
        return s;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(why, WHY_SIZE, "TLS cannot be set up: %s%s%s", status_text(s), reason ? ": " : "",
             reason ? reason : "");
    ERR_clear_error();
    if (c != NULL)
        tls_context_unref(c);
    return s;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
    c->references++;
    return c;
}

void tls_context_unref(struct tls_context *c)
{
    if (c == NULL || --c->references > 0)
        return;
    for (size_t i = 0; i < c->count; i++)
        SSL_CTX_free(c->sides[i]);
    free(c->sides);
    tls_names_wipe(&c->names);
    EVP_CIPHER_free(c->ticket_cipher);
    OPENSSL_cleanse(c, sizeof *c);
    free(c);
}
