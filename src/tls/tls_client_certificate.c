/* Names in certificates are the server's, or a liar's: they pass the escaper before anybody reads
 * them. */
#include "tls/tls_client_certificate.h"

#include "base/escape.h"
#include "tls/tls_client.h"
#include "tls/tls_context.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

enum { NAMES_SHOWN = 3 };

void tls_server_seen_free(struct tls_server_seen *seen)
{
    if (seen == NULL)
        return;
    X509_free(seen->certificate);
    free(seen);
}

void tls_fingerprint_of(const X509 *x, unsigned char out[32])
{
    unsigned size = 32;
    if (X509_digest(x, EVP_sha256(), out, &size) != 1)
        memset(out, 0, 32);
}

static void put_fingerprint(struct buf *out, const X509 *x)
{
    unsigned char digest[32];
    tls_fingerprint_of(x, digest);
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

void tls_say_problem(struct tls_server_seen *seen, const X509_STORE_CTX *chain)
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

void tls_say_not_pinned(struct tls_server_seen *seen)
{
    struct buf out = buf_over(seen->problem, sizeof seen->problem - 1);
    buf_put_str(&out, "the certificate is not the pinned one: ask the server's operator whether it "
                      "was renewed; if so: ");
    put_fingerprint(&out, seen->certificate);
    seen->problem[out.size] = 0;
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

static bool seconds_of(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm = {0};
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *out = timegm(&tm);
    return true;
}

bool tls_client_validity(const struct tls_connection *t, int64_t *from, int64_t *until)
{
    const X509 *x = t->seen->certificate;
    return x != NULL && seconds_of(X509_get0_notBefore(x), from) &&
           seconds_of(X509_get0_notAfter(x), until);
}
