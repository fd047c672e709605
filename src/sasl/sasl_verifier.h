/* sasl_verifier: what a server keeps of a password for SCRAM [RFC 5802 3]: salt, rounds, StoredKey
 * and ServerKey. It proves who logs in without being the password. */
#ifndef POPLIN_SASL_SASL_VERIFIER_H
#define POPLIN_SASL_SASL_VERIFIER_H

#include "base/buf.h"
#include "base/status.h"

enum sasl_digest { SASL_SHA_1, SASL_SHA_256, SASL_SHA_512, SASL_DIGEST_COUNT };

enum {
    SASL_KEY_MAX = 64,
    SASL_SALT_MAX = 64,
    SASL_ROUNDS_LEAST = 4096,    /* RFC 5802 5.1, RFC 7677 4 */
    SASL_ROUNDS_MOST = 10000000, /* the hash is the client's work, but it must be a number */
};

struct sasl_verifier {
    enum sasl_digest digest;
    uint32_t rounds;
    uint8_t salt_size, key_size;
    unsigned char salt[SASL_SALT_MAX];
    unsigned char stored_key[SASL_KEY_MAX], server_key[SASL_KEY_MAX];
};

/* "SCRAM-SHA-256". */
const char *sasl_digest_name(enum sasl_digest d);
size_t sasl_digest_size(enum sasl_digest d);

/* Of `rounds,salt,StoredKey,ServerKey` with base64, as it stands behind {SCRAM-SHA-256} in user
 * files. MALFORMED. */
enum status sasl_verifier_parse(enum sasl_digest d, struct slice text, struct sasl_verifier *out);
/* The same way round. */
bool sasl_verifier_print(const struct sasl_verifier *v, struct buf *out);

/* From the password, prepared [RFC 4013]; costs the rounds' time. MALFORMED: a password that SCRAM
 * forbids; TOO_LARGE; NO_MEMORY. */
enum status sasl_verifier_make(enum sasl_digest d, struct slice password, struct slice salt,
                               uint32_t rounds, struct sasl_verifier *out);

/* Of nobody: always the same for one name and one key, so that whoever asks twice learns nothing;
 * no password fits. */
void sasl_verifier_decoy(enum sasl_digest d, struct slice key, struct slice user, uint32_t rounds,
                         struct sasl_verifier *out);

void sasl_verifier_wipe(struct sasl_verifier *v);

#endif
