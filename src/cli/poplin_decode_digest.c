#include "cli/poplin_decode.h"

#include <openssl/evp.h>

struct digests {
    EVP_MD_CTX *plain, *lf;
    bool after_cr; /* a CR that may be a line's end was held back from lf */
};

static bool begin(struct digests *d)
{
    *d = (struct digests){EVP_MD_CTX_new(), EVP_MD_CTX_new(), false};
    return d->plain && d->lf && EVP_DigestInit_ex(d->plain, EVP_sha256(), NULL) == 1 &&
           EVP_DigestInit_ex(d->lf, EVP_sha256(), NULL) == 1;
}

/* A CR in front of LF is left out, every other goes in once it is known to be another. `out` has
 * room for one octet more than s. */
static size_t put_lf(struct digests *d, struct slice s, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (d->after_cr && s.data[i] != '\n')
            out[size++] = '\r';
        d->after_cr = s.data[i] == '\r';
        if (!d->after_cr)
            out[size++] = s.data[i];
    }
    return size;
}

static bool finish(EVP_MD_CTX *ctx, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_DigestFinal_ex(ctx, digest, &size) != 1)
        return false;
    struct buf b = buf_over(out, 65);
    for (unsigned i = 0; i < 32; i++)
        buf_printf(&b, "%02x", digest[i]);
    out[64] = '\0';
    return true;
}

bool decode_digest(struct mime_message *m, uint32_t part, struct decode_digests *out)
{
    static char octets[64 * 1024], lf[sizeof octets + 1];
    struct digests d;
    struct mime_body body;
    bool ok = begin(&d);
    *out = (struct decode_digests){0};
    mime_body_open(m, part, &body);
    for (size_t n; ok && (n = mime_body_read(&body, octets, sizeof octets)) > 0; out->octets += n)
        ok = EVP_DigestUpdate(d.plain, octets, n) == 1 &&
             EVP_DigestUpdate(d.lf, lf, put_lf(&d, slice_of(octets, n), lf)) == 1;
    if (ok && d.after_cr)
        ok = EVP_DigestUpdate(d.lf, "\r", 1) == 1;
    ok = ok && finish(d.plain, out->sha256) && finish(d.lf, out->sha256_lf);
    mime_body_tell(m, part, &body);
    EVP_MD_CTX_free(d.plain);
    EVP_MD_CTX_free(d.lf);
    return ok;
}
