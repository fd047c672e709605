/* auth: who may log in.
 *
 * An auth object joins a user database (drivers: static, passwd-file), a pool of threads that
 * hash, a cache of proved passwords, the delays of failed logins and the limits on sessions. It
 * does no network I/O: an outer loop gives it the time, watches one descriptor, and takes
 * decisions. One thread calls these functions.
 *
 * A check is asked with auth_check and ends in exactly one decision, which auth_next gives when it
 * is due (delays are served in timers, they hold no thread). */
#ifndef POPLIN_AUTH_AUTH_H
#define POPLIN_AUTH_AUTH_H

#include "base/limits.h"
#include "base/slice.h"
#include "base/status.h"
#include "sasl/sasl_verifier.h"

#include <netinet/in.h>

struct auth_options {
    unsigned hash_threads; /* 0: one for each core */
    size_t cache_entries;  /* proved passwords; 0: 65536 */
    uint64_t cache_ttl;    /* ms; 0: 10 minutes */
    uint64_t fail_delay;   /* ms, the first failed login's; grows to 15 s; 0: none */
    uint32_t sessions, per_address, per_user; /* limits on sessions; 0: none */
};

/* What is known of a user who may log in. Slices live until the next call. */
struct auth_user {
    struct slice name;
    struct slice home; /* empty: none */
    uint32_t uid, gid; /* UINT32_MAX: not given */
};

struct auth_decision {
    uint64_t id;           /* the caller's, from auth_check */
    enum status status;    /* OK, DENIED, LIMIT, TEMPORARY, PERMANENT */
    const char *reason;    /* for the log, never NULL: DENIED "password", "no-user", "locked",
                              "empty-password", "bad-name"; LIMIT "sessions", "per-address",
                              "per-user"; else "database", "users-changed", "memory", "ok" */
    struct auth_user user; /* when OK */
    bool cached;           /* proved from the cache */
};

struct auth;

/* Starts the threads: to be called before a process confines itself. */
enum status auth_new(const struct auth_options *options, struct auth **out);
void auth_free(struct auth *a);
void auth_set_options(struct auth *a, const struct auth_options *options); /* limits and delays */

/* Reads users anew from a passwd-file's text; the old ones stay when it is MALFORMED, and `why`
 * (line number and cause, no secrets) is filled. Lines: user:{SCHEME}secret[:uid:gid::home::k=v…].
 * A change of the text empties the cache. */
enum status auth_set_users(struct auth *a, struct slice text, char why[200]);
/* The database cannot be read: logins are answered TEMPORARY until users are set. */
void auth_set_unavailable(struct auth *a);

/* Readable when auth_next may have something new. */
int auth_descriptor(const struct auth *a);
/* When auth_next is to be called at the latest, ms of the same clock; UINT64_MAX: never. */
uint64_t auth_due(const struct auth *a);

/* Asks for a decision. On an OK decision one session of `user` and `remote` is counted until
 * auth_session_end. `id` is the caller's and unique among those under way and the sessions counted
 * (else EXISTS). Returns LIMIT at once when too many checks wait to be hashed. Whatever is returned
 * but OK, no decision will follow. A password that is proved without hashing (from the cache, or
 * stored in the plain) is decided at once: auth_next right after it gives the decision, and neither
 * makes a system call. */
enum status auth_check(struct auth *a, uint64_t now, uint64_t id, struct slice user,
                       struct slice password, const struct sockaddr_storage *remote);
/* What SCRAM proves a user against. For a user that there is not, that is locked, or whose secret
 * can be no verifier (a hash of another kind, or of another digest) it is a decoy, always the same
 * for one name, and what comes of it is DENIED whatever the client proves. It costs the same for
 * both. TEMPORARY, PERMANENT: of the database. */
struct auth_verifier {
    struct sasl_verifier verifier;
    uint64_t secret; /* what was stored when it was given */
    bool is_decoy;
    const char *reason; /* why it is a decoy */
    char nonce[33];     /* for the challenge, NUL-ended */
};
enum status auth_verifier(struct auth *a, struct slice user, enum sasl_digest digest,
                          struct auth_verifier *out);

/* The mechanism has proved the user, or not: from here on as auth_check, with its delays and
 * limits. `proof`: OK, DENIED. */
enum status auth_proved(struct auth *a, uint64_t now, uint64_t id, struct slice user,
                        const struct auth_verifier *v, enum status proof,
                        const struct sockaddr_storage *remote);

/* Nobody waits for it any more: no decision will be given and nothing is counted. */
void auth_cancel(struct auth *a, uint64_t id);
/* True and a decision, or false when none is due. */
bool auth_next(struct auth *a, uint64_t now, struct auth_decision *out);

/* The session that began with decision `id` is over. Unknown ids are ignored. */
void auth_session_end(struct auth *a, uint64_t id);

/* Counts a session that is alive already: after the auth process was started anew, its caller tells
 * it who is in. Never refused; an id that is counted is left alone. */
void auth_session_hold(struct auth *a, uint64_t id, struct slice user,
                       const struct sockaddr_storage *remote);

/* Sessions counted. */
uint32_t auth_sessions(const struct auth *a);
/* Passwords hashed in the pool since the start. */
uint64_t auth_hashes(const struct auth *a);

#endif
