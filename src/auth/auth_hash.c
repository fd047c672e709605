#include "auth/auth_hash.h"

#include "base/buf.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>

/* What a scheme's text must begin with; "" where the text itself tells. */
static const struct {
    const char *name;
    enum auth_hash_kind kind;
    const char *begins, *or_begins;
} schemes[] = {
    {"PLAIN", AUTH_HASH_PLAIN, "", NULL},
    {"CLEARTEXT", AUTH_HASH_PLAIN, "", NULL},
    {"CRYPT", AUTH_HASH_CRYPT, "", NULL},
    {"YESCRYPT", AUTH_HASH_CRYPT, "$y$", NULL},
    {"SHA512-CRYPT", AUTH_HASH_CRYPT, "$6$", NULL},
    {"SHA256-CRYPT", AUTH_HASH_CRYPT, "$5$", NULL},
    {"BLF-CRYPT", AUTH_HASH_CRYPT, "$2", NULL},
    {"MD5-CRYPT", AUTH_HASH_CRYPT, "$1$", NULL},
    {"ARGON2ID", AUTH_HASH_ARGON2, "$argon2id$", NULL},
    {"ARGON2I", AUTH_HASH_ARGON2, "$argon2i$", NULL},
    {"ARGON2", AUTH_HASH_ARGON2, "$argon2id$", "$argon2i$"},
    {"SCRAM-SHA-1", AUTH_HASH_SCRAM, "", NULL},
    {"SCRAM-SHA-256", AUTH_HASH_SCRAM, "", NULL},
    {"SCRAM-SHA-512", AUTH_HASH_SCRAM, "", NULL},
};

static enum sasl_digest digest_of(struct slice scheme)
{
    enum sasl_digest d = SASL_SHA_1;
    while (d + 1 < SASL_DIGEST_COUNT && !slice_equal_nocase(scheme, slice_str(sasl_digest_name(d))))
        d++;
    return d;
}

static bool fits(struct slice text, const char *begins)
{
    return begins && slice_starts(text, slice_str(begins));
}

/* Cuts {SCHEME} off; false: there is one and it is unknown or not the text's. */
static bool take_scheme(struct slice secret, struct auth_hash *out, const char **why)
{
    size_t end = slice_find(secret, '}');
    struct slice name = slice_skip(slice_take(secret, end), 1);
    *why = "unknown scheme in braces";
    if (end == secret.size)
        return false;
    out->text = slice_skip(secret, end + 1);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!slice_equal_nocase(name, slice_str(schemes[i].name)))
            continue;
        out->kind = schemes[i].kind;
        out->digest = digest_of(name);
        *why = "the hash is not of the scheme in braces";
        return fits(out->text, schemes[i].begins) || fits(out->text, schemes[i].or_begins);
    }
    return false;
}

static bool copy_text(struct slice text, char *into, size_t size)
{
    if (text.size >= size || slice_find(text, '\0') != text.size)
        return false;
    memcpy(into, text.data, text.size);
    into[text.size] = '\0';
    return true;
}

/* libcrypt looks at the setting alone; that the hash is all there is seen by its length, which is
 * that of what stands behind the last `$`. */
static bool is_whole(struct slice text)
{
    static const struct {
        const char *prefix;
        size_t size;
    } shapes[] = {{"$y$", 43}, {"$gy$", 43}, {"$7$", 43}, {"$6$", 86},
                  {"$5$", 43}, {"$2", 53},   {"$1$", 22}};
    size_t last = text.size;
    while (last > 0 && text.data[last - 1] != '$')
        last--;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (fits(text, shapes[i].prefix))
            return text.size - last == shapes[i].size;
    return true;
}

static bool is_sound(const struct auth_hash *hash)
{
    char text[AUTH_HASH_MAX + 1];
    if (!copy_text(hash->text, text, sizeof text))
        return false;
    if (hash->kind == AUTH_HASH_CRYPT) {
        int salt = crypt_checksalt(text);
        return salt != CRYPT_SALT_INVALID && salt != CRYPT_SALT_METHOD_DISABLED &&
               is_whole(hash->text);
    }
    struct sasl_verifier verifier;
    if (hash->kind == AUTH_HASH_SCRAM)
        return sasl_verifier_parse(hash->digest, hash->text, &verifier) == STATUS_OK;
    if (hash->kind == AUTH_HASH_ARGON2)
        return hash->text.size < crypto_pwhash_STRBYTES &&
               crypto_pwhash_str_needs_rehash(text, crypto_pwhash_OPSLIMIT_MIN,
                                              crypto_pwhash_MEMLIMIT_MIN) >= 0;
    return true;
}

enum status auth_hash_parse(struct slice secret, struct auth_hash *out, const char **why)
{
    *out = (struct auth_hash){.kind = AUTH_HASH_CRYPT, .text = secret};
    if (secret.size > 0 && secret.data[0] == '{') {
        if (!take_scheme(secret, out, why))
            return STATUS_MALFORMED;
    } else if (fits(secret, "$argon2")) {
        out->kind = AUTH_HASH_ARGON2;
    } else if (!fits(secret, "$") && !fits(secret, "*") && !fits(secret, "!")) {
        *why = secret.size == 0 ? "no secret (* locks a user)"
                                : "no scheme: write {PLAIN} or another one before the secret";
        return STATUS_MALFORMED;
    }
    if (out->text.size == 0) {
        *why = "no secret behind the scheme";
        return STATUS_MALFORMED;
    }
    if (out->kind != AUTH_HASH_PLAIN && (out->text.data[0] == '*' || out->text.data[0] == '!'))
        out->kind = AUTH_HASH_LOCKED;
    *why = "the hash is damaged or of a kind that is not known here";
    return is_sound(out) ? STATUS_OK : STATUS_MALFORMED;
}

static void digest(struct slice s, unsigned char out[32])
{
    crypto_generichash_state state; /* ours, to be wiped */
    crypto_generichash_init(&state, NULL, 0, 32);
    crypto_generichash_update(&state, (const unsigned char *)s.data, s.size);
    crypto_generichash_final(&state, out, 32);
    explicit_bzero(&state, sizeof state);
}

/* Digests are compared, so that the time tells nothing of how much of the password is right. */
static enum status plain_verify(struct slice text, struct slice password)
{
    unsigned char a[32], b[32];
    digest(text, a);
    digest(password, b);
    bool same = sodium_memcmp(a, b, sizeof a) == 0;
    explicit_bzero(b, sizeof b);
    return same ? STATUS_OK : STATUS_DENIED;
}

/* The setting was looked at when it was read: without a hash, the phrase was longer than libcrypt
 * takes, or memory was wanting (of which libcrypt's errno does not always tell). */
static enum status crypt_compare(struct slice text, const char *setting, const char *phrase,
                                 struct crypt_data *data)
{
    const char *hash = crypt_rn(phrase, setting, data, (int)sizeof *data);
    if (!hash)
        return strlen(phrase) < CRYPT_MAX_PASSPHRASE_SIZE ? STATUS_NO_MEMORY : STATUS_DENIED;
    bool same = strlen(hash) == text.size && sodium_memcmp(hash, text.data, text.size) == 0;
    return same ? STATUS_OK : STATUS_DENIED;
}

/* libcrypt takes C strings: a password with a NUL would be proved by what stands before it. It is
 * hashed as if it were right, and is not. */
static enum status crypt_verify(struct slice text, struct slice password)
{
    char setting[AUTH_HASH_MAX + 1], phrase[LIMIT_PASSWORD + 1];
    if (password.size >= sizeof phrase || !copy_text(text, setting, sizeof setting))
        return STATUS_DENIED;
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data)
        return STATUS_NO_MEMORY;
    memcpy(phrase, password.data, password.size);
    phrase[password.size] = '\0';
    enum status status = crypt_compare(text, setting, phrase, data);
    if (status == STATUS_OK && slice_find(password, '\0') != password.size)
        status = STATUS_DENIED;
    explicit_bzero(phrase, sizeof phrase);
    explicit_bzero(data, sizeof *data);
    free(data);
    return status;
}

/* Whether the memory that an argon2 setting asks for (m=, in KiB) can be had now. */
static bool has_memory_for(struct slice text)
{
    uint64_t kib = 0;
    for (; text.size > 3 && !slice_starts(text, SLICE("$m=")); text = slice_skip(text, 1))
        ;
    text = slice_skip(text, text.size < 3 ? text.size : 3);
    if (!slice_parse_u64(slice_take(text, slice_find(text, ',')), &kib) || kib > UINT32_MAX)
        return true;
    size_t size = (size_t)kib * 1024;
    void *probe = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return probe != MAP_FAILED && munmap(probe, size) == 0;
}

/* libsodium gives one answer for a wrong password and for want of memory: memory is asked for once
 * more to tell them apart. */
static enum status argon2_verify(struct slice text, struct slice password)
{
    char setting[crypto_pwhash_STRBYTES] = {0};
    if (!copy_text(text, setting, sizeof setting))
        return STATUS_DENIED;
    if (crypto_pwhash_str_verify(setting, password.data, password.size) == 0)
        return STATUS_OK;
    return has_memory_for(text) ? STATUS_DENIED : STATUS_NO_MEMORY;
}

/* A password that SCRAM forbids was never made a verifier of. */
static enum status scram_verify(const struct auth_hash *hash, struct slice password)
{
    struct sasl_verifier stored, made;
    if (sasl_verifier_parse(hash->digest, hash->text, &stored) != STATUS_OK)
        return STATUS_DENIED;
    enum status status = sasl_verifier_make(
        hash->digest, password, slice_of(stored.salt, stored.salt_size), stored.rounds, &made);
    bool same = sodium_memcmp(made.stored_key, stored.stored_key, stored.key_size) == 0;
    sasl_verifier_wipe(&made);
    if (status == STATUS_NO_MEMORY)
        return status;
    return status == STATUS_OK && same ? STATUS_OK : STATUS_DENIED;
}

enum status auth_hash_verify(const struct auth_hash *hash, struct slice password)
{
    password.data = password.size ? password.data : "";
    switch (hash->kind) {
    case AUTH_HASH_PLAIN:
        return plain_verify(hash->text, password);
    case AUTH_HASH_CRYPT:
        return crypt_verify(hash->text, password);
    case AUTH_HASH_ARGON2:
        return argon2_verify(hash->text, password);
    case AUTH_HASH_SCRAM:
        return scram_verify(hash, password);
    case AUTH_HASH_LOCKED:
        break;
    }
    return STATUS_DENIED;
}

/* What auth_hash_make can make: the scheme it writes (yescrypt as CRYPT, which more readers know)
 * and libcrypt's prefix, none where it is not libcrypt's. */
static const struct {
    const char *name, *writes, *prefix;
    unsigned long count;
} makers[] = {
    {"YESCRYPT", "CRYPT", "$y$", 0},
    {"ARGON2ID", "ARGON2ID", NULL, 0},
    {"SHA512-CRYPT", "SHA512-CRYPT", "$6$", 0},
    {"SHA256-CRYPT", "SHA256-CRYPT", "$5$", 0},
    {"BLF-CRYPT", "BLF-CRYPT", "$2b$", 12},
    {"SCRAM-SHA-256", "SCRAM-SHA-256", NULL, 0},
    {"SCRAM-SHA-512", "SCRAM-SHA-512", NULL, 0},
    {"SCRAM-SHA-1", "SCRAM-SHA-1", NULL, 0},
    {"PLAIN", "PLAIN", "", 0},
};

const char *auth_hash_scheme(size_t number)
{
    return number < sizeof makers / sizeof *makers ? makers[number].name : NULL;
}

bool auth_hash_can_make(const char *scheme)
{
    for (size_t i = 0; auth_hash_scheme(i); i++)
        if (slice_equal_nocase(slice_str(scheme), slice_str(auth_hash_scheme(i))))
            return true;
    return false;
}

static enum status make_crypt(const char *prefix, unsigned long count, const char *phrase,
                              char text[AUTH_HASH_MAX + 1])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_MALFORMED;
    const char *hash = NULL;
    if (crypt_gensalt_rn(prefix, count, NULL, 0, setting, sizeof setting))
        hash = crypt_rn(phrase, setting, data, (int)sizeof *data);
    if (hash && strlen(hash) <= AUTH_HASH_MAX) {
        memcpy(text, hash, strlen(hash) + 1);
        status = STATUS_OK;
    }
    explicit_bzero(data, sizeof *data);
    free(data);
    return status;
}

/* The rounds of RFC 7677's example are few for today: a guess costs what the rounds cost. */
static enum status make_scram(enum sasl_digest d, struct slice password,
                              char text[AUTH_HASH_MAX + 1])
{
    enum { ROUNDS = 100000, SALT = 18 };
    char salt[SALT];
    struct sasl_verifier v;
    struct buf out = buf_over(text, AUTH_HASH_MAX);
    randombytes_buf(salt, sizeof salt);
    enum status status = sasl_verifier_make(d, password, slice_of(salt, sizeof salt), ROUNDS, &v);
    if (status == STATUS_OK && !sasl_verifier_print(&v, &out))
        status = STATUS_TOO_LARGE;
    text[out.size] = '\0';
    sasl_verifier_wipe(&v);
    return status;
}

static enum status make_text(size_t maker, struct slice password, char text[AUTH_HASH_MAX + 1])
{
    char phrase[LIMIT_PASSWORD + 1];
    if (!copy_text(password, phrase, sizeof phrase))
        return STATUS_MALFORMED;
    enum status status = STATUS_OK;
    struct slice name = slice_str(makers[maker].name);
    if (slice_starts(name, SLICE("SCRAM-")))
        status = make_scram(digest_of(name), password, text);
    else if (makers[maker].prefix && *makers[maker].prefix)
        status = make_crypt(makers[maker].prefix, makers[maker].count, phrase, text);
    else if (!makers[maker].prefix)
        status = crypto_pwhash_str(text, phrase, password.size, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                   crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0
                     ? STATUS_OK
                     : STATUS_NO_MEMORY;
    else if (strpbrk(phrase, ":\r\n") || password.size > AUTH_HASH_MAX)
        status = STATUS_MALFORMED; /* a user file could not hold it */
    else
        memcpy(text, phrase, password.size + 1);
    explicit_bzero(phrase, sizeof phrase);
    return status;
}

enum status auth_hash_make(const char *scheme, struct slice password,
                           char secret[AUTH_HASH_SECRET_MAX])
{
    char text[AUTH_HASH_MAX + 1];
    if (password.size == 0)
        return STATUS_MALFORMED;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        if (!slice_equal_nocase(slice_str(scheme), slice_str(makers[i].name)))
            continue;
        enum status status = make_text(i, password, text);
        struct buf b = buf_over(secret, AUTH_HASH_SECRET_MAX - 1);
        if (status == STATUS_OK && !buf_printf(&b, "{%s}%s", makers[i].writes, text))
            status = STATUS_MALFORMED;
        secret[b.size] = '\0';
        explicit_bzero(text, sizeof text);
        return status;
    }
    return STATUS_UNSUPPORTED;
}
