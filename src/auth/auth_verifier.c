#include "auth/auth_state.h"
#include "config/config.h"

enum { NONCE = 24 }; /* octets of chance: a nonce of 32 letters */

/* The salt of a user whose password is stored as it is, and of a user that there is not: the same
 * for one name as long as the process lives. */
static void salt_of(const struct auth *a, struct slice user, enum sasl_digest d,
                    struct sasl_verifier *out)
{
    sasl_verifier_decoy(d, slice_of(a->key, sizeof a->key), user, SASL_ROUNDS_LEAST, out);
}

/* Nobody's: its salt and what it costs are those of a user of this database. */
static void make_decoy(const struct auth *a, struct slice user, enum sasl_digest d,
                       struct auth_verifier *out)
{
    struct auth_record record;
    struct sasl_verifier made, stored;
    uint64_t seed = auth_keyed(a, user);
    salt_of(a, user, d, &out->verifier);
    out->is_decoy = true;
    if (!a->driver || !a->driver->class->decoy(a->driver, seed, &record))
        return;
    if (record.hash.kind == AUTH_HASH_SCRAM && record.hash.digest == d &&
        sasl_verifier_parse(d, record.hash.text, &stored) == STATUS_OK)
        out->verifier.rounds = stored.rounds;
    else if (record.hash.kind == AUTH_HASH_PLAIN)
        (void)!sasl_verifier_make(d, record.hash.text,
                                  slice_of(out->verifier.salt, out->verifier.salt_size),
                                  SASL_ROUNDS_LEAST, &made);
}

/* False: the secret can be none. */
static bool make_real(const struct auth *a, const struct auth_record *record, struct slice user,
                      enum sasl_digest d, struct sasl_verifier *out)
{
    struct sasl_verifier salt;
    if (record->hash.kind == AUTH_HASH_SCRAM)
        return record->hash.digest == d &&
               sasl_verifier_parse(d, record->hash.text, out) == STATUS_OK;
    if (record->hash.kind != AUTH_HASH_PLAIN)
        return false;
    salt_of(a, user, d, &salt);
    return sasl_verifier_make(d, record->hash.text, slice_of(salt.salt, salt.salt_size),
                              SASL_ROUNDS_LEAST, out) == STATUS_OK;
}

static const char *refusal(const struct auth *a, struct slice user, enum sasl_digest d,
                           struct auth_verifier *out, enum status *database)
{
    struct auth_record record;
    if (!config_user_is_safe(user))
        return "bad-name";
    *database = a->driver->class->find(a->driver, user, &record);
    if (*database == STATUS_NOT_FOUND) {
        *database = STATUS_OK;
        return "no-user";
    }
    if (*database != STATUS_OK)
        return "database";
    out->secret = auth_keyed(a, record.secret);
    if (record.hash.kind == AUTH_HASH_LOCKED)
        return "locked";
    return make_real(a, &record, user, d, &out->verifier) ? NULL : "no-verifier";
}

enum status auth_verifier(struct auth *a, struct slice user, enum sasl_digest digest,
                          struct auth_verifier *out)
{
    unsigned char chance[NONCE];
    enum status database = a->database;
    *out = (struct auth_verifier){.reason = NULL};
    if (database != STATUS_OK)
        return database;
    out->reason = refusal(a, user, digest, out, &database);
    if (database != STATUS_OK)
        return database == STATUS_PERMANENT ? STATUS_PERMANENT : STATUS_TEMPORARY;
    if (out->reason)
        make_decoy(a, user, digest, out);
    randombytes_buf(chance, sizeof chance);
    sodium_bin2base64(out->nonce, sizeof out->nonce, chance, sizeof chance,
                      sodium_base64_VARIANT_ORIGINAL);
    return STATUS_OK;
}
