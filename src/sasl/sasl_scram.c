#include "sasl/sasl_scram.h"

#include "codec/base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { STEP_FIRST, STEP_LOOK_UP, STEP_FINAL, STEP_OVER, NONCE_LEAST = 16, NONCE_MOST = 512 };

void sasl_scram_init(struct sasl_scram *x, enum sasl_digest digest, bool is_plus,
                     const struct sasl_bindings *bindings)
{
    *x = (struct sasl_scram){.digest = digest, .is_plus = is_plus, .bindings = *bindings};
}

static bool is_bindable(const struct sasl_scram *x)
{
    return x->bindings.exporter.size > 0 || x->bindings.end_point.size > 0;
}

/* Up to the next comma, which is taken too; false: there is no comma. */
static bool take_field(struct slice *rest, struct slice *field)
{
    size_t size = slice_find(*rest, ',');
    if (size == rest->size)
        return false;
    *field = slice_take(*rest, size);
    *rest = slice_skip(*rest, size + 1);
    return true;
}

/* gs2-cbind-flag [RFC 5802 7]. A client that could bind (`y`) and was not offered to, though we
 * offer it, was lied to. */
static bool take_flag(struct sasl_scram *x, struct slice flag)
{
    if (slice_equal(flag, SLICE("n")))
        return !x->is_plus;
    if (slice_equal(flag, SLICE("y")))
        return !x->is_plus && !is_bindable(x);
    if (slice_equal(flag, SLICE("p=tls-exporter")))
        x->binding = x->bindings.exporter;
    else if (slice_equal(flag, SLICE("p=tls-server-end-point")))
        x->binding = x->bindings.end_point;
    return x->is_plus && x->binding.size > 0;
}

/* saslname [RFC 5802 5.1]: =2C is a comma, =3D an equals sign, no other `=`. */
static bool take_name(struct slice text, char *out, size_t room, size_t *size)
{
    struct buf b = buf_over(out, room);
    for (; text.size > 0; text = slice_skip(text, 1)) {
        char c = text.data[0];
        if (c == '\0')
            return false;
        if (c == '=') {
            if (slice_starts(text, SLICE("=2C")))
                c = ',';
            else if (!slice_starts(text, SLICE("=3D")))
                return false;
            text = slice_skip(text, 2);
        }
        buf_put_char(&b, c);
    }
    *size = b.size;
    return b.size > 0 && !b.overflow;
}

static bool is_nonce(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] < '!' || s.data[i] > '~' || s.data[i] == ',')
            return false;
    return s.size >= NONCE_LEAST && s.size <= NONCE_MOST;
}

/* client-first-message-bare: n, r, then extensions that need not be understood. */
static bool take_bare(struct sasl_scram *x, struct slice bare, struct slice *nonce)
{
    struct slice name, rest = bare;
    if (!take_field(&rest, &name) || !slice_starts(name, SLICE("n=")) ||
        !take_name(slice_skip(name, 2), x->user, sizeof x->user, &x->user_size))
        return false;
    *nonce = slice_take(rest, slice_find(rest, ','));
    if (!slice_starts(*nonce, SLICE("r=")))
        return false;
    *nonce = slice_skip(*nonce, 2);
    return is_nonce(*nonce);
}

static bool take_header(struct sasl_scram *x, struct slice *rest)
{
    struct slice flag, authzid;
    if (!take_field(rest, &flag) || !take_flag(x, flag) || !take_field(rest, &authzid))
        return false;
    if (authzid.size == 0)
        return true;
    return slice_starts(authzid, SLICE("a=")) &&
           take_name(slice_skip(authzid, 2), x->authzid, sizeof x->authzid, &x->authzid_size);
}

enum status sasl_scram_first(struct sasl_scram *x, struct slice message)
{
    struct slice nonce, rest = message;
    if (x->step != STEP_FIRST || message.size > SASL_SCRAM_TEXT / 2)
        return STATUS_MALFORMED;
    x->step = STEP_OVER;
    if (!take_header(x, &rest))
        return STATUS_MALFORMED;
    x->header_size = message.size - rest.size;
    x->bare_size = rest.size;
    if (!take_bare(x, rest, &nonce))
        return STATUS_MALFORMED;
    memcpy(x->text, message.data, message.size);
    x->text_size = message.size;
    x->nonce_at = (size_t)(nonce.data - message.data);
    x->nonce_size = nonce.size;
    x->step = STEP_LOOK_UP;
    return STATUS_OK;
}

struct slice sasl_scram_user(const struct sasl_scram *x)
{
    return slice_of(x->user, x->user_size);
}

struct slice sasl_scram_authzid(const struct sasl_scram *x)
{
    return slice_of(x->authzid, x->authzid_size);
}

enum status sasl_scram_challenge(struct sasl_scram *x, const struct sasl_verifier *v,
                                 struct slice nonce, struct buf *out)
{
    if (x->step != STEP_LOOK_UP || v->digest != x->digest || !is_nonce(nonce))
        return STATUS_MALFORMED;
    x->step = STEP_OVER;
    x->verifier = *v;
    struct buf text = {x->text, x->text_size, sizeof x->text, false};
    struct slice client_nonce = slice_of(x->text + x->nonce_at, x->nonce_size);
    buf_put_char(&text, ',');
    size_t first = text.size;
    buf_put_str(&text, "r=");
    x->nonce_at = text.size;
    buf_put(&text, client_nonce);
    buf_put(&text, nonce);
    x->nonce_size = text.size - x->nonce_at;
    buf_put_str(&text, ",s=");
    base64_encode(&text, slice_of(v->salt, v->salt_size));
    buf_put_str(&text, ",i=");
    buf_put_u64(&text, v->rounds);
    x->text_size = text.size;
    if (text.overflow || !buf_put(out, slice_of(x->text + first, text.size - first)))
        return STATUS_TOO_LARGE;
    x->step = STEP_FINAL;
    return STATUS_OK;
}

/* c=: the gs2 header as it came, and the binding's octets. */
static bool is_bound(const struct sasl_scram *x, struct slice field)
{
    char memory[SASL_SCRAM_TEXT];
    struct buf decoded = buf_over(memory, sizeof memory);
    struct slice rest;
    if (!slice_starts(field, SLICE("c=")) ||
        base64_decode(&decoded, slice_skip(field, 2)) != STATUS_OK)
        return false;
    rest = buf_slice(&decoded);
    if (!slice_starts(rest, slice_of(x->text, x->header_size)))
        return false;
    return slice_equal(slice_skip(rest, x->header_size), x->binding);
}

/* client-final-without-proof, and the proof, which is the last field. */
static bool split_final(const struct sasl_scram *x, struct slice message, struct slice *bare,
                        unsigned char proof[SASL_KEY_MAX])
{
    struct slice binding, nonce, rest = message;
    struct buf decoded = buf_over(proof, SASL_KEY_MAX);
    if (!take_field(&rest, &binding) || !is_bound(x, binding) || !take_field(&rest, &nonce) ||
        !slice_starts(nonce, SLICE("r=")) ||
        !slice_equal(slice_skip(nonce, 2), slice_of(x->text + x->nonce_at, x->nonce_size)))
        return false;
    for (struct slice extension; take_field(&rest, &extension);)
        if (slice_starts(extension, SLICE("m=")) || slice_starts(extension, SLICE("p=")))
            return false;
    *bare = slice_take(message, message.size - rest.size - 1);
    return slice_starts(rest, SLICE("p=")) &&
           base64_decode(&decoded, slice_skip(rest, 2)) == STATUS_OK &&
           decoded.size == x->verifier.key_size;
}

static const EVP_MD *md_of(const struct sasl_scram *x)
{
    return x->digest == SASL_SHA_1     ? EVP_sha1()
           : x->digest == SASL_SHA_256 ? EVP_sha256()
                                       : EVP_sha512();
}

/* AuthMessage is what both said before, then the client's final message without its proof. */
static bool sign(const struct sasl_scram *x, const unsigned char *key, struct slice auth_message,
                 unsigned char out[SASL_KEY_MAX])
{
    unsigned size;
    return HMAC(md_of(x), key, x->verifier.key_size, (const unsigned char *)auth_message.data,
                auth_message.size, out, &size) != NULL;
}

/* ClientKey = ClientProof XOR ClientSignature, and its digest must be the StoredKey [RFC 5802 3].
 */
static bool is_proved(const struct sasl_scram *x, struct slice auth_message,
                      unsigned char proof[SASL_KEY_MAX])
{
    unsigned char octets[SASL_KEY_MAX];
    bool ok = sign(x, x->verifier.stored_key, auth_message, octets);
    for (size_t i = 0; i < x->verifier.key_size; i++)
        proof[i] ^= octets[i];
    ok = ok && EVP_Digest(proof, x->verifier.key_size, octets, NULL, md_of(x), NULL) == 1 &&
         CRYPTO_memcmp(octets, x->verifier.stored_key, x->verifier.key_size) == 0;
    OPENSSL_cleanse(octets, sizeof octets);
    return ok;
}

enum status sasl_scram_final(struct sasl_scram *x, struct slice message, struct buf *out)
{
    char memory[2 * SASL_SCRAM_TEXT];
    unsigned char proof[SASL_KEY_MAX], signature[SASL_KEY_MAX];
    struct buf all = buf_over(memory, sizeof memory);
    struct slice bare;
    if (x->step != STEP_FINAL)
        return STATUS_MALFORMED;
    x->step = STEP_OVER;
    if (message.size > SASL_SCRAM_TEXT || !split_final(x, message, &bare, proof))
        return STATUS_MALFORMED;
    buf_put(&all, slice_of(x->text + x->header_size, x->text_size - x->header_size));
    buf_put_char(&all, ',');
    buf_put(&all, bare);
    if (all.overflow)
        return STATUS_MALFORMED;
    bool ok = is_proved(x, buf_slice(&all), proof);
    OPENSSL_cleanse(proof, sizeof proof);
    if (!ok)
        return STATUS_DENIED;
    if (!sign(x, x->verifier.server_key, buf_slice(&all), signature))
        return STATUS_NO_MEMORY;
    buf_put_str(out, "v=");
    return base64_encode(out, slice_of(signature, x->verifier.key_size)) ? STATUS_OK
                                                                         : STATUS_TOO_LARGE;
}

void sasl_scram_wipe(struct sasl_scram *x)
{
    OPENSSL_cleanse(x, sizeof *x);
}
