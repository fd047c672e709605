/* auth_state: what an auth object is made of; for auth.c and auth_verifier.c only. */
#ifndef POPLIN_AUTH_AUTH_STATE_H
#define POPLIN_AUTH_AUTH_STATE_H

#include "auth/auth_cache.h"
#include "auth/auth_delay.h"
#include "auth/auth_driver.h"
#include "auth/auth_pool.h"
#include "auth/auth_sessions.h"
#include "auth/auth_wait.h"

#include <sodium.h>

struct auth {
    struct auth_driver *driver; /* NULL: none was ever set */
    enum status database;       /* OK, or how logins are answered instead of a look into it */
    unsigned char text_digest[32];
    struct auth_pool *pool;
    struct auth_cache *cache;
    struct auth_delay *delay;
    struct auth_wait wait;
    struct auth_table checks; /* id: a = its struct auth_waiting */
    struct auth_sessions sessions;
    struct auth_sessions_limits limits;
    uint64_t fail_delay;
    unsigned char key[crypto_shorthash_KEYBYTES];
};

/* A hash that nobody outside can foresee. */
uint64_t auth_keyed(const struct auth *a, struct slice s);

#endif
