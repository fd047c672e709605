/* Reads PEM files into a bundle and finds out what an operator would want to know before a client
 * does. Runs in the master, before anybody is confined. */
#include "tls/tls_bundle.h"

#include "tls/tls_key.h"
#include "tls/tls_record.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PEM_FILE_MAX = 1024 * 1024,
    CHAIN_MAX = 16,
    WARN_DAYS = 14, /* an automatic renewal that has not happened by then will not happen */
    WHY_SIZE = 300,
    PATH_SHOWN = 110,
};

/* One pair of files while it is being read. */
struct pair {
    const struct tls_files *files;
    STACK_OF(X509) * chain; /* leaf first */
    EVP_PKEY *key;
    char *why;
};

static enum status explain(struct pair *p, const char *file, enum status s, const char *text)
{
    snprintf(p->why, WHY_SIZE, "%.*s: %s", PATH_SHOWN, file, text);
    return s;
}

static enum status explain_errno(char *why, const char *file, int error)
{
    const char *step = error == ENOENT ? "write the path of the file as it is, or use tls auto"
                                       : "poplind must be able to read it when it starts";
    snprintf(why, WHY_SIZE, "%.*s: cannot be read: %s; %s", PATH_SHOWN, file,
             strerrordesc_np(error), step);
    return status_from_errno(error);
}

/* Reads to the end; 0 or an errno. */
static int fill(int file, struct tls_bundle *text)
{
    ssize_t n = 1;
    text->size = 0;
    while (n > 0 && text->size < PEM_FILE_MAX) {
        n = read(file, text->data + text->size, PEM_FILE_MAX - text->size);
        if (n < 0)
            return errno;
        text->size += (size_t)n;
    }
    return text->size < PEM_FILE_MAX ? 0 : EFBIG;
}

/* The whole file, malloc'd; to be wiped, for a key may be in it. */
static enum status read_file(const char *path, struct tls_bundle *text, char *why)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return explain_errno(why, path, errno);
    *text = (struct tls_bundle){(char *)malloc(PEM_FILE_MAX), 0};
    int error = text->data == NULL ? ENOMEM : fill(file, text);
    close(file);
    return error == 0 ? STATUS_OK : explain_errno(why, path, error);
}

static enum status parse_chain(struct pair *p, struct slice pem)
{
    const char *file = p->files->certificate;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    p->chain = sk_X509_new_null();
    if (bio == NULL || p->chain == NULL) {
        BIO_free(bio);
        return explain(p, file, STATUS_NO_MEMORY, "out of memory");
    }
    ERR_clear_error();
    X509 *x;
    while (sk_X509_num(p->chain) < CHAIN_MAX && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        if (sk_X509_push(p->chain, x) <= 0)
            X509_free(x);
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    BIO_free(bio);
    if (reason != 0 && reason != PEM_R_NO_START_LINE)
        return explain(p, file, STATUS_MALFORMED,
                       "a certificate in it is damaged; copy the file again, whole");
    if (sk_X509_num(p->chain) == 0)
        return explain(p, file, STATUS_MALFORMED,
                       "no certificate in it; it must be PEM text with a line "
                       "-----BEGIN CERTIFICATE-----");
    return STATUS_OK;
}

static enum status parse_key(struct pair *p, struct slice pem)
{
    const char *file = p->files->key;
    enum status s = tls_key_from_pem(pem, &p->key);
    if (s == STATUS_NOT_FOUND)
        return explain(p, file, STATUS_MALFORMED,
                       "no private key in it; it must be PEM text with a line "
                       "-----BEGIN PRIVATE KEY-----");
    if (s == STATUS_DENIED)
        return explain(p, file, STATUS_PERMANENT,
                       "the key is behind a passphrase; write it without one: openssl pkey "
                       "-in OLD -out NEW");
    if (s == STATUS_MALFORMED)
        return explain(p, file, s, "the private key is damaged; copy the file again, whole");
    return s == STATUS_OK ? s : explain(p, file, s, status_text(s));
}

/* The usual mistakes: the key of another certificate, or the intermediate first. */
static enum status check_fit(struct pair *p)
{
    for (int i = 0; i < sk_X509_num(p->chain); i++) {
        if (X509_check_private_key(sk_X509_value(p->chain, i), p->key) != 1)
            continue;
        if (i == 0)
            return STATUS_OK;
        return explain(p, p->files->certificate, STATUS_MALFORMED,
                       "the server's certificate is not the first; put it before the others");
    }
    snprintf(p->why, WHY_SIZE,
             "%.*s: the key does not fit the certificate in %.*s; give the key it was issued for",
             PATH_SHOWN, p->files->key, PATH_SHOWN, p->files->certificate);
    return STATUS_MALFORMED;
}

/* Keys and signatures that OpenSSL will not serve (RSA of 1024 bits, SHA-1) are found out now and
 * not when a front makes its context. */
static enum status check_strength(struct pair *p)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    bool strong = ctx != NULL && SSL_CTX_use_certificate(ctx, sk_X509_value(p->chain, 0)) == 1;
    for (int i = 1; strong && i < sk_X509_num(p->chain); i++)
        strong = SSL_CTX_add1_chain_cert(ctx, sk_X509_value(p->chain, i)) == 1;
    SSL_CTX_free(ctx);
    if (strong)
        return STATUS_OK;
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(p->why, WHY_SIZE,
             "%.*s: the certificate cannot be used: %s; have one issued for an ECDSA P-256 key or "
             "RSA of 2048 bits",
             PATH_SHOWN, p->files->certificate, reason != NULL ? reason : "out of memory");
    return STATUS_PERMANENT;
}

/* The first warning stays. */
static void warn(struct pair *p, const char *text)
{
    if (p->why[0] == 0)
        (void)explain(p, p->files->certificate, STATUS_OK, text);
}

static void check_dates(struct pair *p)
{
    const X509 *leaf = sk_X509_value(p->chain, 0);
    char text[100];
    int days = 0;
    int seconds = 0;
    if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
        warn(p, "the certificate is not valid yet, clients will refuse it; check the clock");
    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(leaf)) != 1)
        return;
    if (days < 0 || seconds < 0)
        snprintf(text, sizeof text,
                 "the certificate expired %d days ago, clients will refuse it; renew it", -days);
    else
        snprintf(text, sizeof text,
                 "the certificate expires in %d days; see that its renewal works", days);
    if (days < WARN_DAYS)
        warn(p, text);
}

static bool put_certificate(struct tls_bundle *b, enum tls_record_kind kind, X509 *x)
{
    unsigned char *der = NULL;
    int size = i2d_X509(x, &der);
    if (size <= 0)
        return false;
    bool put = tls_record_put(b, kind, slice_of(der, (size_t)size));
    OPENSSL_free(der);
    return put;
}

static enum status put_pair(struct tls_bundle *b, const struct pair *p)
{
    for (int i = 0; i < sk_X509_num(p->chain); i++)
        if (!put_certificate(b, i == 0 ? TLS_RECORD_LEAF : TLS_RECORD_CHAIN,
                             sk_X509_value(p->chain, i)))
            return STATUS_NO_MEMORY;
    return tls_key_put(b, p->key);
}

enum status tls_bundle_put_pem(struct tls_bundle *b, const struct tls_files *names,
                               const struct tls_pem *pem, char why[300])
{
    struct pair p = {.files = names, .why = why};
    enum status s = parse_chain(&p, pem->certificate);
    if (s == STATUS_OK)
        s = parse_key(&p, pem->key);
    if (s == STATUS_OK)
        s = check_fit(&p);
    if (s == STATUS_OK)
        s = check_strength(&p);
    if (s == STATUS_OK) {
        check_dates(&p);
        s = put_pair(b, &p);
        if (s != STATUS_OK)
            s = explain(&p, names->certificate, s, status_text(s));
    }
    sk_X509_pop_free(p.chain, X509_free);
    EVP_PKEY_free(p.key);
    ERR_clear_error();
    return s;
}

static bool is_open_to_all(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0;
}

static enum status load_pair(const struct tls_files *files, struct tls_bundle *b, char *why)
{
    struct tls_bundle certificate = {NULL, 0};
    struct tls_bundle key = {NULL, 0};
    enum status s = read_file(files->certificate, &certificate, why);
    if (s == STATUS_OK)
        s = read_file(files->key, &key, why);
    if (s == STATUS_OK) {
        struct tls_pem pem = {slice_of(certificate.data, certificate.size),
                              slice_of(key.data, key.size)};
        s = tls_bundle_put_pem(b, files, &pem, why);
    }
    if (s == STATUS_OK && why[0] == 0 && is_open_to_all(files->key))
        snprintf(why, WHY_SIZE, "%.*s: everybody on this host may read the key; chmod 600 it",
                 PATH_SHOWN, files->key);
    tls_bundle_free(&certificate);
    tls_bundle_free(&key);
    return s;
}

enum status tls_bundle_load(const struct tls_files *files, size_t count, struct slice ticket_keys,
                            struct tls_bundle *out, char why[300])
{
    *out = (struct tls_bundle){NULL, 0};
    why[0] = 0;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < count; i++)
        s = load_pair(&files[i], out, why);
    if (s == STATUS_OK && !tls_record_put(out, TLS_RECORD_TICKETS, ticket_keys)) {
        s = STATUS_NO_MEMORY;
        snprintf(why, WHY_SIZE, "TLS certificates: %s", status_text(s));
    }
    if (s != STATUS_OK)
        tls_bundle_free(out);
    return s;
}
