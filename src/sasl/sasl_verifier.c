#include "sasl/sasl_verifier.h"

#include "codec/base64.h"
#include "sasl/sasl_client_mechanism.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

static const struct {
    const char *name, *digest;
    uint8_t size;
} digests[SASL_DIGEST_COUNT] = {
    [SASL_SHA_1] = {"SCRAM-SHA-1", "SHA1", 20},
    [SASL_SHA_256] = {"SCRAM-SHA-256", "SHA256", 32},
    [SASL_SHA_512] = {"SCRAM-SHA-512", "SHA512", 64},
};

const char *sasl_digest_name(enum sasl_digest d)
{
    return digests[d].name;
}

size_t sasl_digest_size(enum sasl_digest d)
{
    return digests[d].size;
}

static const EVP_MD *md_of(enum sasl_digest d)
{
    return d == SASL_SHA_1 ? EVP_sha1() : d == SASL_SHA_256 ? EVP_sha256() : EVP_sha512();
}

/* Up to the next comma, which is taken too. False: the text ended before. */
static bool take_field(struct slice *rest, struct slice *field)
{
    if (!rest->data)
        return false;
    *field = slice_take(*rest, slice_find(*rest, ','));
    *rest = field->size < rest->size ? slice_skip(*rest, field->size + 1) : (struct slice){0};
    return true;
}

static bool decode(struct slice text, unsigned char *out, size_t room, size_t *size)
{
    struct buf b = buf_over(out, room);
    bool ok = base64_decode(&b, text) == STATUS_OK;
    *size = b.size;
    return ok;
}

enum status sasl_verifier_parse(enum sasl_digest d, struct slice text, struct sasl_verifier *out)
{
    struct slice rounds, salt, stored, server, rest = text;
    uint64_t n;
    size_t salt_size, stored_size, server_size, size = sasl_digest_size(d);
    *out = (struct sasl_verifier){.digest = d, .key_size = (uint8_t)size};
    if (!take_field(&rest, &rounds) || !take_field(&rest, &salt) || !take_field(&rest, &stored) ||
        !take_field(&rest, &server) || rest.data)
        return STATUS_MALFORMED;
    if (!slice_parse_u64(rounds, &n) || n < SASL_ROUNDS_LEAST || n > SASL_ROUNDS_MOST)
        return STATUS_MALFORMED;
    if (!decode(salt, out->salt, sizeof out->salt, &salt_size) || salt_size == 0 ||
        !decode(stored, out->stored_key, sizeof out->stored_key, &stored_size) ||
        !decode(server, out->server_key, sizeof out->server_key, &server_size) ||
        stored_size != size || server_size != size)
        return STATUS_MALFORMED;
    out->rounds = (uint32_t)n;
    out->salt_size = (uint8_t)salt_size;
    return STATUS_OK;
}

bool sasl_verifier_print(const struct sasl_verifier *v, struct buf *out)
{
    bool ok = buf_put_u64(out, v->rounds) && buf_put_char(out, ',') &&
              base64_encode(out, slice_of(v->salt, v->salt_size));
    ok = ok && buf_put_char(out, ',') && base64_encode(out, slice_of(v->stored_key, v->key_size));
    return ok && buf_put_char(out, ',') && base64_encode(out, slice_of(v->server_key, v->key_size));
}

static bool mac(const EVP_MD *md, struct slice key, struct slice text, unsigned char *out)
{
    unsigned size;
    return HMAC(md, key.data, (int)key.size, (const unsigned char *)text.data, text.size, out,
                &size) != NULL;
}

/* StoredKey and ServerKey of a SaltedPassword [RFC 5802 3]. */
static bool take_keys(struct sasl_verifier *v, struct slice salted)
{
    const EVP_MD *md = md_of(v->digest);
    unsigned char client_key[SASL_KEY_MAX];
    bool ok = mac(md, salted, SLICE("Client Key"), client_key) &&
              EVP_Digest(client_key, v->key_size, v->stored_key, NULL, md, NULL) == 1 &&
              mac(md, salted, SLICE("Server Key"), v->server_key);
    OPENSSL_cleanse(client_key, sizeof client_key);
    return ok;
}

enum status sasl_verifier_make(enum sasl_digest d, struct slice password, struct slice salt,
                               uint32_t rounds, struct sasl_verifier *out)
{
    char memory[LIMIT_PASSWORD];
    unsigned char salted[SASL_KEY_MAX];
    struct buf prepared = buf_over(memory, sizeof memory);
    enum status s = sasl_client_prepare(password, &prepared);
    *out = (struct sasl_verifier){.digest = d, .key_size = (uint8_t)sasl_digest_size(d)};
    if (s == STATUS_OK && (salt.size == 0 || salt.size > SASL_SALT_MAX || rounds < 1))
        s = STATUS_TOO_LARGE;
    if (s == STATUS_OK) {
        out->rounds = rounds;
        out->salt_size = (uint8_t)salt.size;
        memcpy(out->salt, salt.data, salt.size);
        bool ok = PKCS5_PBKDF2_HMAC(memory, (int)prepared.size, out->salt, (int)salt.size,
                                    (int)rounds, md_of(d), (int)out->key_size, salted) == 1;
        if (!ok || !take_keys(out, slice_of(salted, out->key_size)))
            s = STATUS_NO_MEMORY;
    }
    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(memory, sizeof memory);
    return s;
}

void sasl_verifier_decoy(enum sasl_digest d, struct slice key, struct slice user, uint32_t rounds,
                         struct sasl_verifier *out)
{
    enum { SALT = 16 };
    unsigned char octets[SASL_KEY_MAX];
    *out = (struct sasl_verifier){
        .digest = d, .rounds = rounds, .salt_size = SALT, .key_size = (uint8_t)sasl_digest_size(d)};
    /* Where the salt cannot be made, it is 0: nobody comes in by that. */
    if (mac(EVP_sha512(), key, user, octets)) {
        memcpy(out->salt, octets, SALT);
        memcpy(out->stored_key, octets + SALT, SASL_KEY_MAX - SALT);
        mac(EVP_sha512(), key, slice_of(octets, sizeof octets), out->server_key);
    }
}

void sasl_verifier_wipe(struct sasl_verifier *v)
{
    OPENSSL_cleanse(v, sizeof *v);
}
