/* auth_hash: what a user file holds instead of a password, and whether a password fits it.
 *
 * A secret is `{SCHEME}text`, or bare text that begins with `$`, which tells its scheme itself.
 * Everything here may be called from any thread. */
#ifndef POPLIN_AUTH_AUTH_HASH_H
#define POPLIN_AUTH_AUTH_HASH_H

#include "base/limits.h"
#include "base/slice.h"
#include "base/status.h"
#include "sasl/sasl_verifier.h"

enum { AUTH_HASH_MAX = 383 }; /* octets of a secret's text; crypt's own limit */

enum auth_hash_kind {
    AUTH_HASH_LOCKED, /* `*` or `!` in front: no password fits */
    AUTH_HASH_PLAIN,  /* the password itself: compared at once */
    AUTH_HASH_CRYPT,  /* by libcrypt: costs milliseconds */
    AUTH_HASH_ARGON2, /* by libsodium: costs milliseconds and megabytes */
    AUTH_HASH_SCRAM,  /* a SCRAM verifier: costs a millisecond and more, by its rounds */
};

struct auth_hash {
    enum auth_hash_kind kind;
    struct slice text;       /* without {SCHEME}; the secret's memory */
    enum sasl_digest digest; /* SCRAM's */
};

/* MALFORMED, and *why says in words without the secret what is wrong with it. */
enum status auth_hash_parse(struct slice secret, struct auth_hash *out, const char **why);

/* OK: the password fits; DENIED: it does not; NO_MEMORY: it could not be tried. The time depends on
 * the hash and the password's length alone. */
enum status auth_hash_verify(const struct auth_hash *hash, struct slice password);

/* A fresh secret `{SCHEME}text` for a password, NUL-ended. UNSUPPORTED: no such scheme (see
 * auth_hash_schemes), MALFORMED: an empty password, one with a NUL, or one that the scheme cannot
 * hold. */
enum { AUTH_HASH_SECRET_MAX = AUTH_HASH_MAX + 32 };
enum status auth_hash_make(const char *scheme, struct slice password,
                           char secret[AUTH_HASH_SECRET_MAX]);

/* The schemes that auth_hash_make knows, by number from 0, the default first; NULL: no more. */
const char *auth_hash_scheme(size_t number);
bool auth_hash_can_make(const char *scheme); /* in any letter case */

#endif
