/* The client's side. All that is believed or not is decided in one function, `believe`, which
 * OpenSSL calls with the server's chain; it also keeps the certificate, so that the person can be
 * told what was seen when it was refused. */
#include "tls/tls_client.h"

#include "base/escape.h"
#include "tls/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROBLEM_SIZE = 800, NAMES_SHOWN = 3, HOST_SIZE = 256, WHY_SIZE = 300 };

struct tls_server_seen {
    X509 *certificate;
    char host[HOST_SIZE];
    char problem[PROBLEM_SIZE]; /* "": none */
};

void tls_server_seen_free(struct tls_server_seen *seen)
{
    if (seen == NULL)
        return;
    X509_free(seen->certificate);
    free(seen);
}

/* --- the context --- */

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

static void fingerprint_of(const X509 *x, unsigned char out[32])
{
    unsigned size = 32;
    if (X509_digest(x, EVP_sha256(), out, &size) != 1)
        memset(out, 0, 32);
}

static void put_fingerprint(struct buf *out, const X509 *x)
{
    unsigned char digest[32];
    fingerprint_of(x, digest);
    buf_put_str(out, "tls-fingerprint sha256:");
    for (size_t i = 0; i < sizeof digest; i++)
        buf_printf(out, "%02x", digest[i]);
}

static void put_octets(struct buf *out, const ASN1_STRING *s)
{
    size_t size = (size_t)ASN1_STRING_length(s);
    escape_plain(out, slice_of(ASN1_STRING_get0_data(s), size), 80);
}

static void put_address(struct buf *out, const ASN1_STRING *s)
{
    char text[INET6_ADDRSTRLEN] = "";
    int family = ASN1_STRING_length(s) == 16 ? AF_INET6 : AF_INET;
    if (ASN1_STRING_length(s) == 16 || ASN1_STRING_length(s) == 4)
        inet_ntop(family, ASN1_STRING_get0_data(s), text, sizeof text);
    buf_put_str(out, text);
}

/* "a.example, b.example and 4 more"; "no name at all". False: a NUL is in one of them. */
static bool put_names(struct buf *out, const X509 *x)
{
    GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int shown = 0, more = 0;
    bool sound = true;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        if (n->type != GEN_DNS && n->type != GEN_IPADD)
            continue;
        if (n->type == GEN_DNS && memchr(ASN1_STRING_get0_data(n->d.ia5), 0,
                                         (size_t)ASN1_STRING_length(n->d.ia5)) != NULL)
            sound = false;
        if (shown == NAMES_SHOWN) {
            more++;
            continue;
        }
        buf_put_str(out, shown++ > 0 ? ", " : "");
        if (n->type == GEN_DNS)
            put_octets(out, n->d.ia5);
        else
            put_address(out, n->d.iPAddress);
    }
    if (shown == 0)
        buf_put_str(out, "no name at all");
    if (more > 0)
        buf_printf(out, " and %d more", more);
    GENERAL_NAMES_free(names);
    return sound;
}

/* The part of a name that people know it by: common name, else organisation. */
static void put_party(struct buf *out, const X509_NAME *name)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0)
        at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
    if (at < 0)
        buf_put_str(out, "nobody named");
    else
        put_octets(out, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

static void put_day(struct buf *out, const ASN1_TIME *t)
{
    struct tm tm = {0};
    if (ASN1_TIME_to_tm(t, &tm) == 1)
        buf_printf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    else
        buf_put_str(out, "an unreadable date");
}

/* --- what is wrong, and what to do --- */

static void say_wrong_name(struct buf *out, const struct tls_server_seen *seen)
{
    buf_put_str(out, "the certificate is for ");
    bool sound = put_names(out, seen->certificate);
    buf_printf(out, ", not for %s", seen->host);
    buf_put_str(out, sound ? ": name the server as its certificate does"
                           : "; a name in it has a NUL, as forgeries have: do not trust it");
}

static void say_day(struct buf *out, const char *verb, const ASN1_TIME *day)
{
    buf_printf(out, "the certificate %s ", verb);
    put_day(out, day);
    buf_put_str(out, ": check this machine's clock, else tell the server's operator");
}

static void say_unknown_issuer(struct buf *out, const X509 *x)
{
    buf_put_str(out, "the certificate's issuer, ");
    put_party(out, X509_get_issuer_name(x));
    buf_put_str(out, ", is not known here: give its certificate as the account's authority file; "
                     "or the server does not send the certificates in between");
}

static void say_self_signed(struct buf *out, const X509 *x, int error)
{
    buf_put_str(out, error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
                         ? "the certificate is self-signed, by "
                         : "the certificate comes from an authority that is not trusted here, ");
    put_party(out, X509_get_issuer_name(x));
    buf_put_str(out, ": nobody vouches for it");
}

static void say_error(struct buf *out, const struct tls_server_seen *seen, int error)
{
    const X509 *x = seen->certificate;
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        say_wrong_name(out, seen);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        say_day(out, "expired on", X509_get0_notAfter(x));
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        say_day(out, "is not valid before", X509_get0_notBefore(x));
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        say_self_signed(out, x, error);
        return;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        say_unknown_issuer(out, x);
        return;
    case X509_V_ERR_CERT_REVOKED:
        buf_put_str(out, "the certificate was revoked by its issuer: do not trust it");
        return;
    default:
        buf_printf(out, "the certificate is not good: %s", X509_verify_cert_error_string(error));
    }
}

/* Of a certificate that is not the leaf the text would name the wrong dates. */
static int kind_of(const X509_STORE_CTX *chain)
{
    int error = X509_STORE_CTX_get_error(chain);
    bool dated = error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
    return dated && X509_STORE_CTX_get_error_depth(chain) > 0 ? X509_V_ERR_INVALID_CA : error;
}

static void say_problem(struct tls_server_seen *seen, const X509_STORE_CTX *chain)
{
    struct buf out = buf_over(seen->problem, sizeof seen->problem - 1);
    int error = kind_of(chain);
    say_error(&out, seen, error);
    if (error == X509_V_ERR_INVALID_CA)
        buf_put_str(&out, ", perhaps expired: tell the server's operator");
    if (error != X509_V_ERR_CERT_REVOKED) {
        buf_put_str(&out, "; if you are sure that it is the right server: ");
        put_fingerprint(&out, seen->certificate);
    }
    seen->problem[out.size] = 0;
}

static bool is_the_pinned(struct tls_server_seen *seen, const struct tls_context *c)
{
    unsigned char digest[32];
    fingerprint_of(seen->certificate, digest);
    if (memcmp(digest, c->pin, sizeof digest) == 0)
        return true;
    struct buf out = buf_over(seen->problem, sizeof seen->problem - 1);
    buf_put_str(&out, "the certificate is not the pinned one: ask the server's operator whether it "
                      "was renewed; if so: ");
    put_fingerprint(&out, seen->certificate);
    seen->problem[out.size] = 0;
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
            say_problem(t->seen, chain);
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

/* --- the connection --- */

static bool take_host(char out[HOST_SIZE], const char *host)
{
    size_t size = strlen(host);
    if (size > 0 && host[size - 1] == '.')
        size--;
    if (size == 0 || size >= HOST_SIZE)
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
    fingerprint_of(t->seen->certificate, out);
    return true;
}

enum status tls_client_certificate(const struct tls_connection *t, struct buf *out)
{
    const X509 *x = t->seen->certificate;
    if (x == NULL)
        return STATUS_NOT_FOUND;
    buf_put_str(out, "for ");
    (void)put_names(out, x);
    buf_put_str(out, ", issued by ");
    put_party(out, X509_get_issuer_name(x));
    buf_put_str(out, ", valid from ");
    put_day(out, X509_get0_notBefore(x));
    buf_put_str(out, " to ");
    put_day(out, X509_get0_notAfter(x));
    return out->overflow ? STATUS_TOO_LARGE : STATUS_OK;
}

/* RFC 9266 4.2: without the extended master secret two connections can share their keys. */
bool tls_client_binding(const struct tls_connection *t, unsigned char out[32])
{
    static const char label[] = "EXPORTER-Channel-Binding";
    static const unsigned char no_context[1] = {0};
    if (!SSL_is_init_finished(t->ssl) ||
        (SSL_version(t->ssl) < TLS1_3_VERSION && SSL_get_extms_support(t->ssl) != 1))
        return false;
    bool ok =
        SSL_export_keying_material(t->ssl, out, 32, label, sizeof label - 1, no_context, 0, 1) == 1;
    ERR_clear_error();
    return ok;
}

bool tls_client_was_cut(const struct tls_connection *t)
{
    return t->was_cut;
}
