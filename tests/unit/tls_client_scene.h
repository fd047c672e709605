/* tls_client_scene: servers with certificates of every kind, and the client under test at the other
 * end of a socketpair. */
#ifndef POPLIN_TESTS_TLS_CLIENT_SCENE_H
#define POPLIN_TESTS_TLS_CLIENT_SCENE_H

#include "tls_peer.h"

#include "tls/tls_client.h"

#include <time.h>

/* A certificate for the server; what is 0 or NULL is the usual. */
struct paper {
    const char *names;  /* "DNS:…,IP:…" */
    const char *common; /* the subject's common name */
    struct slice raw_name;
    int from_days, to_days;
    X509 *issuer;
    EVP_PKEY *issuer_key;
    bool authority;
};

static inline void add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

static inline void add_raw_name(X509 *x, struct slice name)
{
    GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *n = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data, (int)name.size);
    GENERAL_NAME_set0_value(n, GEN_DNS, text);
    sk_GENERAL_NAME_push(all, n);
    assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, 0), 1);
    GENERAL_NAMES_free(all);
}

static inline X509 *make_paper(const struct paper *p, EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_NAME_new();
    const char *name = p->authority ? "Test Authority" : p->common ? p->common : "Test Server";
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), p->authority ? 1 : 2);
    X509_set_subject_name(x, subject);
    X509_set_issuer_name(x, p->issuer ? X509_get_subject_name(p->issuer) : subject);
    X509_time_adj_ex(X509_getm_notBefore(x), p->from_days ? p->from_days : -100, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(x), p->to_days ? p->to_days : 100, 0, NULL);
    if (p->authority)
        add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
    if (p->names)
        add_extension(x, NID_subject_alt_name, p->names);
    if (p->raw_name.size > 0)
        add_raw_name(x, p->raw_name);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, p->issuer_key ? p->issuer_key : key, EVP_sha256()) > 0);
    X509_NAME_free(subject);
    return x;
}

static inline void write_pem(const char *path, X509 *x, EVP_PKEY *key, X509_CRL *crl)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fchmod(fileno(f), 0600), 0);
    PEM_write_X509(f, x);
    if (key)
        PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    if (crl)
        PEM_write_X509_CRL(f, crl);
    fclose(f);
}

/* A server with its certificate; file[0] is certificate and key, file[1] what a client trusts. */
struct scene {
    struct folder folder;
    struct tls_context *server;
    unsigned char fingerprint[32];
};

static inline void set_scene(struct scene *s, X509 *leaf, EVP_PKEY *key)
{
    struct tls_bundle b;
    char why[300];
    unsigned size = 32;
    make_folder(&s->folder);
    write_pem(s->folder.file[0], leaf, key, NULL);
    struct tls_files files = {s->folder.file[0], s->folder.file[0]};
    assert_int_equal(tls_bundle_load(&files, 1, one_key, &b, why), STATUS_OK);
    s->server = context_of(&b);
    tls_bundle_free(&b);
    X509_digest(leaf, EVP_sha256(), s->fingerprint, &size);
}

/* Its certificate is its own authority. */
static inline void set_self_signed(struct scene *s, const struct paper *p)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = make_paper(p, key);
    set_scene(s, x, key);
    write_pem(s->folder.file[1], x, NULL, NULL);
    X509_free(x);
    EVP_PKEY_free(key);
}

/* An authority issued it; and revoked it, if told so. */
static inline void set_issued(struct scene *s, struct paper p, bool revoke)
{
    EVP_PKEY *root_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *root = make_paper(&(struct paper){.authority = true}, root_key);
    p.issuer = root;
    p.issuer_key = root_key;
    X509 *x = make_paper(&p, key);
    set_scene(s, x, key);
    X509_CRL *crl = NULL;
    if (revoke) {
        X509_REVOKED *row = X509_REVOKED_new();
        ASN1_TIME *now = ASN1_TIME_set(NULL, time(NULL) - 100);
        ASN1_TIME *later = ASN1_TIME_set(NULL, time(NULL) + 100000);
        crl = X509_CRL_new();
        X509_CRL_set_version(crl, X509_CRL_VERSION_2);
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(root));
        X509_CRL_set1_lastUpdate(crl, now);
        X509_CRL_set1_nextUpdate(crl, later);
        X509_REVOKED_set_serialNumber(row, X509_get_serialNumber(x));
        X509_REVOKED_set_revocationDate(row, now);
        X509_CRL_add0_revoked(crl, row);
        X509_CRL_sign(crl, root_key, EVP_sha256());
        ASN1_TIME_free(now);
        ASN1_TIME_free(later);
    }
    write_pem(s->folder.file[1], root, NULL, crl);
    X509_CRL_free(crl);
    X509_free(x);
    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
}

static inline void clear_scene(struct scene *s)
{
    tls_context_unref(s->server);
    remove_folder(&s->folder);
}

/* Both sides of a socketpair. */
struct talk {
    int sockets[2]; /* the server's, the client's */
    struct tls_connection *server, *client;
    enum status result; /* the client's handshake */
};

static inline void start_talk(struct talk *t, const struct scene *s,
                              const struct tls_client_options *options, const char *host)
{
    struct tls_context *c;
    char why[300];
    *t = (struct talk){.result = STATUS_AGAIN};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, t->sockets), 0);
    assert_int_equal(tls_client_context_new(options, &c, why), STATUS_OK);
    assert_string_equal(why, "");
    assert_int_equal(tls_connection_new(s->server, t->sockets[0], &t->server), STATUS_OK);
    assert_int_equal(tls_client_connection_new(c, t->sockets[1], host, &t->client), STATUS_OK);
    tls_context_unref(c);
}

static inline void shake_hands(struct talk *t)
{
    enum status server = STATUS_AGAIN;
    for (int i = 0; i < 20; i++) {
        if (t->result == STATUS_AGAIN)
            t->result = tls_handshake(t->client);
        if (server == STATUS_AGAIN)
            server = tls_handshake(t->server);
    }
}

static inline void end_talk(struct talk *t)
{
    tls_connection_free(t->server);
    tls_connection_free(t->client);
    for (int i = 0; i < 2; i++)
        if (t->sockets[i] >= 0)
            close(t->sockets[i]);
}

#endif
