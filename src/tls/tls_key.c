#include "tls/tls_key.h"

#include "tls/tls_record.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/* Notes that a passphrase was wanted and gives none: nobody is there to type it. */
static int refuse_passphrase(char *to, int size, int writing, void *asked)
{
    (void)to;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

enum status tls_key_from_pem(struct slice pem, EVP_PKEY **key)
{
    static const char label[] = "PRIVATE KEY-----";
    bool asked = false;
    *key = NULL;
    if (memmem(pem.data, pem.size, label, sizeof label - 1) == NULL)
        return STATUS_NOT_FOUND;
    if (pem.size > INT_MAX)
        return STATUS_TOO_LARGE;
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    if (bio == NULL)
        return STATUS_NO_MEMORY;
    ERR_clear_error();
    *key = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &asked);
    BIO_free(bio);
    if (*key != NULL)
        return STATUS_OK;
    return asked ? STATUS_DENIED : STATUS_MALFORMED;
}

enum status tls_key_put(struct tls_bundle *b, EVP_PKEY *key)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    if (info == NULL)
        return STATUS_NO_MEMORY;
    unsigned char *der = NULL;
    int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    if (size <= 0)
        return STATUS_NO_MEMORY;
    bool put = tls_record_put(b, TLS_RECORD_KEY, slice_of(der, (size_t)size));
    OPENSSL_clear_free(der, (size_t)size);
    return put ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status tls_key_install(SSL_CTX *ctx, X509 *leaf, STACK_OF(X509) * chain, struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.data;
    if (der.size > LONG_MAX)
        return STATUS_TOO_LARGE;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)der.size);
    if (key == NULL)
        return STATUS_MALFORMED;
    int done = SSL_CTX_use_cert_and_key(ctx, leaf, key, chain, 1);
    EVP_PKEY_free(key);
    return done == 1 ? STATUS_OK : STATUS_MALFORMED;
}
