/* SCRAM [RFC 5802, 7677] with tls-exporter binding [RFC 9266]. x->text holds the bare first message
 * until the server has answered it, then the signature that the server must show. */
#include "codec/base64.h"
#include "sasl/sasl_client_mechanism.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

enum {
    /* Fewer rounds than RFC 5802 5.1 allows let whoever plays the server try passwords cheaply at
     * leisure; more keep the loop busy for longer than anybody has a use for. */
    ROUNDS_LEAST = 4096,
    ROUNDS_MOST = 1000000,
    FIRST_MOST = 1024, /* octets of a server's message */
    SALT_MOST = 512,
    HEADER_MOST = 900, /* octets of the gs2 header with the binding */
};

struct server_first {
    struct slice nonce;
    char salt[SALT_MOST];
    size_t salt_size;
    unsigned rounds;
};

struct digest {
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned size;
};

static const EVP_MD *md_of(const struct sasl_client *x)
{
    switch (x->mechanism->digest[3]) {
    case '5':
        return EVP_sha512();
    case '2':
        return EVP_sha256();
    default:
        return EVP_sha1();
    }
}

static struct digest mac(const EVP_MD *md, const struct digest *key, struct slice text)
{
    struct digest d = {.size = 0};
    if (!HMAC(md, key->octets, (int)key->size, (const unsigned char *)text.data, text.size,
              d.octets, &d.size))
        d.size = 0;
    return d;
}

/* RFC 5802 6: `y` tells the server that we could have bound and missed its offer, so that it
 * notices when somebody on the way took the offer out. */
static void put_header(const struct sasl_client *x, struct buf *out)
{
    const struct sasl_credentials *c = x->credentials;
    if (x->mechanism->binds)
        buf_put_str(out, "p=tls-exporter,");
    else
        buf_put_str(out, c->binding.size > 0 && !c->offers_plus ? "y," : "n,");
    if (c->authzid.size > 0)
        buf_put_str(out, "a=");
    sasl_client_put_name(out, c->authzid);
    buf_put_char(out, ',');
}

static enum status speak_first(struct sasl_client *x, struct buf *out)
{
    char memory[2 * LIMIT_USER_NAME];
    struct buf user = buf_over(memory, sizeof memory);
    struct buf bare = buf_over(x->text, sizeof x->text);
    enum status s = sasl_client_prepare(x->credentials->user, &user);
    if (s != STATUS_OK) {
        sasl_client_say(x, "the user's name has characters that SCRAM forbids", SLICE(""));
        return s;
    }
    buf_put_str(&bare, "n=");
    sasl_client_put_name(&bare, buf_slice(&user));
    buf_put_str(&bare, ",r=");
    base64_encode(&bare, x->credentials->nonce);
    x->text_size = bare.size;
    x->step = 1;
    put_header(x, out);
    buf_put(out, buf_slice(&bare));
    return bare.overflow || x->credentials->nonce.size == 0 ? STATUS_TOO_LARGE : STATUS_OK;
}

/* `k=value` up to a comma. */
static bool take_field(struct slice *rest, char key, struct slice *value)
{
    if (rest->size < 2 || rest->data[0] != key || rest->data[1] != '=')
        return false;
    *value = slice_skip(*rest, 2);
    *value = slice_take(*value, slice_find(*value, ','));
    *rest = slice_skip(*rest, value->size + 2);
    if (rest->size > 0)
        *rest = slice_skip(*rest, 1);
    return true;
}

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] <= ' ' || s.data[i] >= 0x7f)
            return false;
    return true;
}

/* The server's nonce begins with ours and has something of its own. */
static bool extends_ours(const struct sasl_client *x, struct slice nonce)
{
    struct slice bare = slice_of(x->text, x->text_size);
    size_t own = BASE64_ENCODED(x->credentials->nonce.size);
    return nonce.size > own && is_printable(nonce) &&
           slice_starts(nonce, slice_skip(bare, bare.size - own));
}

static bool take_rounds(struct sasl_client *x, struct slice text, unsigned *rounds)
{
    uint64_t n;
    if (!slice_parse_u64(text, &n) || text.data[0] == '0')
        return false;
    if (n < ROUNDS_LEAST || n > ROUNDS_MOST) {
        sasl_client_say(x,
                        n < ROUNDS_LEAST ? "too few rounds to guard a password: "
                                         : "more rounds than anybody has a use for: ",
                        text);
        return false;
    }
    *rounds = (unsigned)n;
    return true;
}

/* RFC 5802 7: r, s, i, then extensions that need not be understood; `m=` must be. What stands
 * behind the rounds is within the signature all the same. */
static bool parse_first(struct sasl_client *x, struct slice message, struct server_first *f)
{
    struct slice salt, rounds, rest = message;
    struct buf decoded = buf_over(f->salt, sizeof f->salt);
    if (!take_field(&rest, 'r', &f->nonce) || !extends_ours(x, f->nonce) ||
        !take_field(&rest, 's', &salt) || !take_field(&rest, 'i', &rounds))
        return false;
    if (salt.size == 0 || base64_decode(&decoded, salt) != STATUS_OK)
        return false;
    f->salt_size = decoded.size;
    return take_rounds(x, rounds, &f->rounds);
}

/* client-final-without-proof. */
static void put_final(const struct sasl_client *x, struct slice nonce, struct buf *out)
{
    char memory[HEADER_MOST];
    struct buf header = buf_over(memory, sizeof memory);
    put_header(x, &header);
    if (x->mechanism->binds)
        buf_put(&header, x->credentials->binding);
    out->overflow = out->overflow || header.overflow;
    buf_put_str(out, "c=");
    base64_encode(out, buf_slice(&header));
    buf_put_str(out, ",r=");
    buf_put(out, nonce);
}

static enum status salted(struct sasl_client *x, const struct server_first *f, struct digest *out)
{
    char memory[LIMIT_PASSWORD];
    struct buf password = buf_over(memory, sizeof memory);
    enum status s = sasl_client_prepare(x->credentials->password, &password);
    out->size = (unsigned)EVP_MD_get_size(md_of(x));
    if (s == STATUS_MALFORMED)
        sasl_client_say(x, "the password has characters that SCRAM forbids", SLICE(""));
    if (s == STATUS_OK &&
        PKCS5_PBKDF2_HMAC(memory, (int)password.size, (const unsigned char *)f->salt,
                          (int)f->salt_size, (int)f->rounds, md_of(x), (int)out->size,
                          out->octets) != 1)
        s = STATUS_NO_MEMORY;
    OPENSSL_cleanse(memory, sizeof memory);
    return s;
}

/* ClientProof appended, ServerSignature kept [RFC 5802 3]. */
static enum status prove(struct sasl_client *x, const struct digest *salted_password,
                         struct slice conversation, struct buf *out)
{
    const EVP_MD *md = md_of(x);
    struct digest key = mac(md, salted_password, SLICE("Client Key")), stored = {.size = 0};
    bool ok = EVP_Digest(key.octets, key.size, stored.octets, &stored.size, md, NULL) == 1;
    struct digest signature = mac(md, &stored, conversation);
    for (unsigned i = 0; i < key.size; i++)
        key.octets[i] ^= signature.octets[i];
    buf_put_str(out, ",p=");
    base64_encode(out, slice_of(key.octets, key.size));
    struct digest server = mac(md, salted_password, SLICE("Server Key"));
    signature = mac(md, &server, conversation);
    ok = ok && key.size > 0 && signature.size > 0;
    memcpy(x->text, signature.octets, signature.size);
    x->text_size = signature.size;
    OPENSSL_cleanse(&key, sizeof key);
    OPENSSL_cleanse(&stored, sizeof stored);
    OPENSSL_cleanse(&server, sizeof server);
    return ok ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status answer_first(struct sasl_client *x, struct slice message, struct buf *out)
{
    char memory[SASL_CLIENT_TEXT + 2 * FIRST_MOST + 2 * HEADER_MOST];
    struct buf conversation = buf_over(memory, sizeof memory);
    struct server_first f;
    struct digest password;
    if (message.size > FIRST_MOST)
        return STATUS_TOO_LARGE;
    if (!parse_first(x, message, &f))
        return STATUS_MALFORMED;
    enum status s = salted(x, &f, &password);
    if (s != STATUS_OK)
        return s;
    put_final(x, f.nonce, out);
    buf_put(&conversation, slice_of(x->text, x->text_size));
    buf_put_char(&conversation, ',');
    buf_put(&conversation, message);
    buf_put_char(&conversation, ',');
    put_final(x, f.nonce, &conversation);
    s = conversation.overflow ? STATUS_TOO_LARGE
                              : prove(x, &password, buf_slice(&conversation), out);
    OPENSSL_cleanse(&password, sizeof password);
    x->step = 2;
    return s;
}

static enum status check_last(struct sasl_client *x, struct slice message)
{
    char memory[EVP_MAX_MD_SIZE];
    struct buf shown = buf_over(memory, sizeof memory);
    struct slice value, rest = message;
    x->step = 3;
    if (!take_field(&rest, 'v', &value) || base64_decode(&shown, value) != STATUS_OK ||
        shown.size != x->text_size || CRYPTO_memcmp(memory, x->text, shown.size) != 0) {
        sasl_client_say(x, "the server does not know the password: it may be another's", SLICE(""));
        return STATUS_MALFORMED;
    }
    x->is_proved = true;
    return STATUS_OK;
}

enum status sasl_client_scram(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    struct slice value, rest = challenge;
    if (x->step > 0 && take_field(&rest, 'e', &value)) {
        sasl_client_say(x, "", value);
        return STATUS_DENIED;
    }
    switch (x->step) {
    case 0:
        return speak_first(x, out);
    case 1:
        return answer_first(x, challenge, out);
    case 2:
        return check_last(x, challenge);
    default:
        return STATUS_MALFORMED;
    }
}
