/* auth_wait: checks, and where each of them is: with a thread that hashes, waiting for its answer's
 * time (a heap by time), or ready to be told (a queue). Each is in exactly one of these places. */
#ifndef POPLIN_AUTH_AUTH_WAIT_H
#define POPLIN_AUTH_AUTH_WAIT_H

#include "auth/auth_cache.h"
#include "base/limits.h"

enum { AUTH_WAIT_MAX = 16384 }; /* answers held back at a time */

struct auth_waiting {
    struct auth_waiting *next; /* in the queue */
    uint64_t asked;            /* when it began, ms */
    uint64_t due;              /* in the heap */
    uint64_t id, address, user_key, pair;
    enum status status;
    const char *reason;
    bool is_cancelled, is_cached, is_decoy;
    bool has_mac;        /* a password was there, and can be remembered as proved */
    struct auth_mac mac; /* of user, stored secret and password: proves for what this was asked */
    uint64_t secret;     /* keyed hash of the stored secret that was proved against */
    uint16_t user_size;
    char user[LIMIT_USER_NAME];
};

struct auth_wait {
    struct auth_waiting *first, **last; /* ready */
    struct auth_waiting **heap;
    size_t count, capacity;
};

void auth_wait_init(struct auth_wait *w);
void auth_wait_wipe(struct auth_wait *w); /* frees all that are held */
void auth_wait_ready(struct auth_wait *w, struct auth_waiting *c);
/* Holds the answer back until c->due. When AUTH_WAIT_MAX are held (or memory ends) the one that is
 * due first is ready at once. */
void auth_wait_until_due(struct auth_wait *w, struct auth_waiting *c);
/* The next that is ready at `now`, the caller's; NULL: none. */
struct auth_waiting *auth_wait_next(struct auth_wait *w, uint64_t now);
uint64_t auth_wait_due(const struct auth_wait *w); /* 0: now; UINT64_MAX: nothing is held */

#endif
