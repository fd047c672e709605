/* auth_sessions: who is in, counted in all, for each address and for each user. Addresses and users
 * are keyed hashes of theirs. */
#ifndef POPLIN_AUTH_AUTH_SESSIONS_H
#define POPLIN_AUTH_AUTH_SESSIONS_H

#include "auth/auth_table.h"
#include "base/status.h"

struct auth_sessions {
    struct auth_table sessions;              /* id: address, user */
    struct auth_table per_address, per_user; /* how many */
};

struct auth_sessions_limits {
    uint32_t sessions, per_address, per_user; /* 0: none */
};

/* NULL, or the limit that one more would pass: "sessions", "per-address", "per-user". */
const char *auth_sessions_full(const struct auth_sessions *s,
                               const struct auth_sessions_limits *limits, uint64_t address,
                               uint64_t user);
/* EXISTS: the id is counted already; NO_MEMORY: it is not counted. */
enum status auth_sessions_begin(struct auth_sessions *s, uint64_t id, uint64_t address,
                                uint64_t user);
void auth_sessions_end(struct auth_sessions *s, uint64_t id); /* unknown ids are ignored */
void auth_sessions_wipe(struct auth_sessions *s);

#endif
