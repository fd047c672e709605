#include "tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509.h>

bool tls_exporter(const struct tls_connection *t, unsigned char out[32])
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

/* RFC 5929 4.1: the hash of the signature, MD5 and SHA-1 widened to SHA-256; what has none of its
 * own (EdDSA) cannot be bound. */
static const EVP_MD *md_of(const X509 *certificate)
{
    int md;
    if (X509_get_signature_info((X509 *)certificate, &md, NULL, NULL, NULL) != 1)
        return NULL;
    if (md == NID_md5 || md == NID_sha1)
        md = NID_sha256;
    return md == NID_undef ? NULL : EVP_get_digestbynid(md);
}

size_t tls_end_point(const struct tls_connection *t, unsigned char out[64])
{
    const X509 *certificate =
        SSL_is_server(t->ssl) ? SSL_get_certificate(t->ssl) : SSL_get0_peer_certificate(t->ssl);
    const EVP_MD *md = certificate ? md_of(certificate) : NULL;
    unsigned size = 0;
    bool ok = md && X509_digest(certificate, md, out, &size) == 1;
    ERR_clear_error();
    return ok ? size : 0;
}
