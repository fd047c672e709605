/* `tls auto`: what to use when no certificate is configured. */
#include "tls/tls_bundle.h"
#include "tls/tls_record.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    WHY_SIZE = 300,
    DAY = 24 * 3600,
    VALID_DAYS = 3650,
    RENEW_DAYS = 30,
    COMMON_NAME_MAX = 64, /* X.520 */
};

/* One plain component: a host's name must not lead anywhere else. */
static bool is_component(const char *name)
{
    return name[0] != 0 && name[0] != '.' && strchr(name, '/') == NULL;
}

static bool live_file(char *to, const char *directory, const char *hostname, const char *file)
{
    int n = snprintf(to, LIMIT_PATH, "%s/live/%s/%s", directory, hostname, file);
    return n > 0 && n < LIMIT_PATH && faccessat(AT_FDCWD, to, R_OK, AT_EACCESS) == 0;
}

bool tls_find_letsencrypt(const char *directory, const char *hostname, char *certificate, char *key)
{
    return is_component(hostname) && live_file(certificate, directory, hostname, "fullchain.pem") &&
           live_file(key, directory, hostname, "privkey.pem");
}

static bool add_dns_name(GENERAL_NAMES *names, const char *text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    if (name == NULL || value == NULL || ASN1_STRING_set(value, text, -1) != 1) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, GEN_DNS, value);
    if (sk_GENERAL_NAME_push(names, name) > 0)
        return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool set_alternative_names(X509 *x, const char *hostname)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    bool done = names != NULL && add_dns_name(names, hostname) &&
                (strcmp(hostname, "localhost") == 0 || add_dns_name(names, "localhost")) &&
                X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    return done;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool done = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return done;
}

static bool set_names(X509 *x, const char *hostname)
{
    X509_NAME *subject = X509_get_subject_name(x);
    const char *shown = strlen(hostname) <= COMMON_NAME_MAX ? hostname : "poplin";
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)shown,
                                      -1, -1, 0) == 1 &&
           X509_set_issuer_name(x, subject) == 1 && set_alternative_names(x, hostname);
}

/* A day back, for clocks that are wrong. */
static bool set_dates_and_serial(X509 *x)
{
    uint64_t serial = 0;
    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1 | 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(x), -DAY) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(x), VALID_DAYS, 0, NULL) != NULL;
}

static X509 *self_sign(const char *hostname, EVP_PKEY *key)
{
    X509 *x = X509_new();
    if (x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_dates_and_serial(x) &&
        set_names(x, hostname) && X509_set_pubkey(x, key) == 1 &&
        add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(x, NID_key_usage, "critical,digitalSignature") &&
        add_extension(x, NID_ext_key_usage, "serverAuth") && X509_sign(x, key, EVP_sha256()) > 0)
        return x;
    X509_free(x);
    return NULL;
}

/* Certificate and key as one PEM text, to be wiped. */
static bool generate(const char *hostname, struct tls_bundle *pem)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = key != NULL ? self_sign(hostname, key) : NULL;
    BIO *bio = BIO_new(BIO_s_secmem());
    char *data = NULL;
    bool done = x != NULL && bio != NULL && PEM_write_bio_X509(bio, x) == 1 &&
                PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    long size = done ? BIO_get_mem_data(bio, &data) : 0;
    *pem = (struct tls_bundle){done ? (char *)malloc((size_t)size) : NULL, (size_t)size};
    if (pem->data != NULL)
        memcpy(pem->data, data, pem->size);
    BIO_free(bio);
    X509_free(x);
    EVP_PKEY_free(key);
    return pem->data != NULL;
}

/* Written whole beside its place and moved there, so that no half file is ever found. */
static int keep(const char *path, struct slice pem)
{
    char beside[LIMIT_PATH];
    int n = snprintf(beside, sizeof beside, "%s.new", path);
    if (n < 0 || n >= (int)sizeof beside)
        return ENAMETOOLONG;
    if (unlink(beside) != 0 && errno != ENOENT)
        return errno;
    int file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return errno;
    ssize_t written = write(file, pem.data, pem.size);
    int error = written < 0 ? errno : (size_t)written < pem.size ? ENOSPC : 0;
    if (error == 0 && fsync(file) != 0)
        error = errno;
    if (close(file) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(beside, path) != 0)
        error = errno;
    if (error != 0)
        unlink(beside);
    return error;
}

/* Whether the kept certificate is for this host and good for a while yet. */
static bool is_still_good(const char *path, const char *hostname)
{
    BIO *bio = BIO_new_file(path, "r");
    X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    int days = 0;
    int seconds = 0;
    bool good = x != NULL && X509_check_host(x, hostname, 0, 0, NULL) == 1 &&
                ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) == 1 &&
                days >= RENEW_DAYS;
    X509_free(x);
    BIO_free(bio);
    ERR_clear_error();
    return good;
}

static bool load_kept(const char *path, const char *hostname, struct slice ticket_keys,
                      struct tls_bundle *out)
{
    char why[WHY_SIZE];
    const struct tls_files files = {path, path};
    return is_still_good(path, hostname) &&
           tls_bundle_load(&files, 1, ticket_keys, out, why) == STATUS_OK;
}

static enum status to_bundle(struct slice pem, struct slice ticket_keys, struct tls_bundle *out,
                             char *why)
{
    const struct tls_files names = {"generated certificate", "generated key"};
    enum status s = tls_bundle_put_pem(out, &names, &(struct tls_pem){pem, pem}, why);
    if (s == STATUS_OK && !tls_record_put(out, TLS_RECORD_TICKETS, ticket_keys))
        s = STATUS_NO_MEMORY;
    if (s != STATUS_OK)
        tls_bundle_free(out);
    return s;
}

static void keep_or_say(const char *path, struct slice pem, char *why)
{
    int error = keep(path, pem);
    if (error != 0)
        snprintf(why, WHY_SIZE,
                 "%.110s: the generated certificate cannot be kept: %s; it will be another one "
                 "after a restart",
                 path, strerrordesc_np(error));
}

enum status tls_bundle_generate(const char *hostname, const char *directory,
                                struct slice ticket_keys, struct tls_bundle *out, char why[300])
{
    char path[LIMIT_PATH] = "";
    struct tls_bundle pem = {NULL, 0};
    *out = (struct tls_bundle){NULL, 0};
    why[0] = 0;
    if (directory != NULL &&
        snprintf(path, sizeof path, "%s/self-signed.pem", directory) >= (int)sizeof path)
        return STATUS_TOO_LARGE;
    if (directory != NULL && load_kept(path, hostname, ticket_keys, out))
        return STATUS_OK;
    if (!generate(hostname, &pem)) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        snprintf(why, WHY_SIZE, "no certificate for %.110s could be made: %s", hostname,
                 reason != NULL ? reason : "out of memory");
        ERR_clear_error();
        return STATUS_NO_MEMORY;
    }
    struct slice text = slice_of(pem.data, pem.size);
    enum status s = to_bundle(text, ticket_keys, out, why);
    if (s == STATUS_OK && directory != NULL)
        keep_or_say(path, text, why);
    tls_bundle_free(&pem);
    return s;
}
