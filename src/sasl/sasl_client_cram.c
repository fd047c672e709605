/* CRAM-MD5 [RFC 2195] and APOP: digests of what the server said and the password. */
#include "sasl/sasl_client_mechanism.h"

#include <openssl/core_names.h>
#include <openssl/hmac.h>

enum { MD5_SIZE = 16 };

enum status sasl_client_cram_md5(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    const struct sasl_credentials *c = x->credentials;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (x->step++ > 0 || challenge.size == 0 || c->password.size > LIMIT_PASSWORD)
        return STATUS_MALFORMED;
    if (!HMAC(EVP_md5(), c->password.size > 0 ? c->password.data : "", (int)c->password.size,
              (const unsigned char *)challenge.data, challenge.size, digest, &size))
        return STATUS_UNSUPPORTED;
    buf_put(out, c->user);
    buf_put_char(out, ' ');
    sasl_client_put_hex(out, slice_of(digest, size));
    return STATUS_OK;
}

void sasl_apop(struct slice stamp, struct slice secret, char hex[33])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    struct buf out = buf_over(hex, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
        EVP_DigestUpdate(context, stamp.data, stamp.size) == 1 &&
        EVP_DigestUpdate(context, secret.data, secret.size) == 1 &&
        EVP_DigestFinal_ex(context, digest, NULL) == 1)
        sasl_client_put_hex(&out, slice_of(digest, MD5_SIZE));
    EVP_MD_CTX_free(context);
    hex[out.size] = 0;
}
