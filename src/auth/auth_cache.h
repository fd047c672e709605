/* auth_cache: passwords that were proved a short while ago, so that they need not be hashed again.
 *
 * Kept is only a MAC (keyed BLAKE2b-256) of user, stored secret and password, under a key that is
 * born with the cache and dies with it. The stored secret in it means that a changed password is
 * never proved by what was proved before. Bounded: eight places for each slot, the one that would
 * end first goes. */
#ifndef POPLIN_AUTH_AUTH_CACHE_H
#define POPLIN_AUTH_AUTH_CACHE_H

#include "base/slice.h"
#include "base/status.h"

enum { AUTH_MAC_SIZE = 32 };
struct auth_mac {
    unsigned char octets[AUTH_MAC_SIZE];
};

struct auth_cache;

enum status auth_cache_new(size_t entries, uint64_t ttl, struct auth_cache **out);
void auth_cache_free(struct auth_cache *c);
struct auth_mac auth_cache_mac(const struct auth_cache *c, struct slice user, struct slice secret,
                               struct slice password);
bool auth_cache_has(const struct auth_cache *c, uint64_t now, const struct auth_mac *mac);
void auth_cache_put(struct auth_cache *c, uint64_t now, const struct auth_mac *mac);
void auth_cache_clear(struct auth_cache *c);

#endif
