#include "auth/auth_cache.h"

#include <sodium.h>
#include <stdlib.h>

enum { PLACES = 8 };

struct place {
    struct auth_mac mac;
    uint64_t ends; /* 0: free */
};

struct auth_cache {
    uint64_t ttl;
    size_t sets;
    struct place *places;
    unsigned char key[crypto_generichash_KEYBYTES];
};

enum status auth_cache_new(size_t entries, uint64_t ttl, struct auth_cache **out)
{
    struct auth_cache *c = malloc(sizeof *c);
    if (!c)
        return STATUS_NO_MEMORY;
    c->ttl = ttl;
    c->sets = (entries + PLACES - 1) / PLACES;
    c->places = calloc(c->sets, PLACES * sizeof *c->places);
    if (!c->places) {
        free(c);
        return STATUS_NO_MEMORY;
    }
    randombytes_buf(c->key, sizeof c->key);
    *out = c;
    return STATUS_OK;
}

void auth_cache_free(struct auth_cache *c)
{
    if (!c)
        return;
    free(c->places);
    explicit_bzero(c, sizeof *c);
    free(c);
}

/* Each part behind its length: no two rows of parts give the same octets. */
static void add(crypto_generichash_state *state, struct slice part)
{
    uint64_t size = part.size;
    crypto_generichash_update(state, (const unsigned char *)&size, sizeof size);
    crypto_generichash_update(state, (const unsigned char *)part.data, part.size);
}

struct auth_mac auth_cache_mac(const struct auth_cache *c, struct slice user, struct slice secret,
                               struct slice password)
{
    crypto_generichash_state state;
    struct auth_mac mac;
    crypto_generichash_init(&state, c->key, sizeof c->key, sizeof mac.octets);
    add(&state, user);
    add(&state, secret);
    add(&state, password);
    crypto_generichash_final(&state, mac.octets, sizeof mac.octets);
    explicit_bzero(&state, sizeof state);
    return mac;
}

static struct place *set_of(const struct auth_cache *c, const struct auth_mac *mac)
{
    uint64_t hash;
    memcpy(&hash, mac->octets, sizeof hash);
    return &c->places[hash % c->sets * PLACES];
}

bool auth_cache_has(const struct auth_cache *c, uint64_t now, const struct auth_mac *mac)
{
    const struct place *set = set_of(c, mac);
    for (size_t i = 0; i < PLACES; i++)
        if (set[i].ends > now && sodium_memcmp(&set[i].mac, mac, sizeof *mac) == 0)
            return true;
    return false;
}

void auth_cache_put(struct auth_cache *c, uint64_t now, const struct auth_mac *mac)
{
    struct place *set = set_of(c, mac), *victim = set;
    for (size_t i = 0; i < PLACES; i++) {
        if (set[i].ends && sodium_memcmp(&set[i].mac, mac, sizeof *mac) == 0) {
            victim = &set[i];
            break;
        }
        if (set[i].ends < victim->ends)
            victim = &set[i];
    }
    victim->mac = *mac;
    victim->ends = now + c->ttl;
}

void auth_cache_clear(struct auth_cache *c)
{
    explicit_bzero(c->places, c->sets * PLACES * sizeof *c->places);
}
