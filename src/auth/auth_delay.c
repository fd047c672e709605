#include "auth/auth_delay.h"

#include <stdlib.h>

enum {
    SETS = 8192,
    PLACES = 8,
    LEVEL_MAX = 20,
    LONGEST = 15000,      /* ms; well below the time that a client has to log in */
    DECAY = 60000,        /* ms after which one failure is forgotten */
    TRUSTED_FAILURES = 3, /* more of them in a row: the password was changed, or guessed at */
};
static const uint64_t trust = 30ull * 24 * 3600 * 1000; /* ms */

/* Times are stored one higher: 0 is never. */
struct pair {
    uint64_t key, failed, proved;
    uint32_t level;
};

struct auth_delay {
    struct pair pairs[SETS][PLACES];
};

enum status auth_delay_new(struct auth_delay **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? STATUS_OK : STATUS_NO_MEMORY;
}

void auth_delay_free(struct auth_delay *d)
{
    free(d);
}

static bool goes_before(const struct pair *a, const struct pair *b)
{
    if (!a->proved != !b->proved)
        return !a->proved;
    return a->proved ? a->proved < b->proved : a->failed < b->failed;
}

static struct pair *pair_of(struct auth_delay *d, uint64_t key)
{
    struct pair *set = d->pairs[key % SETS], *victim = set;
    for (size_t i = 0; i < PLACES; i++) {
        if (set[i].key == key && (set[i].failed || set[i].proved))
            return &set[i];
        if (goes_before(&set[i], victim))
            victim = &set[i];
    }
    *victim = (struct pair){.key = key};
    return victim;
}

static uint32_t level_at(const struct pair *p, uint64_t now)
{
    uint64_t forgotten = p->failed ? (now + 1 - p->failed) / DECAY : 0;
    return forgotten < p->level ? p->level - (uint32_t)forgotten : 0;
}

uint64_t auth_delay_failed(struct auth_delay *d, uint64_t pair, uint64_t now, uint64_t first)
{
    struct pair *p = pair_of(d, pair);
    uint32_t level = level_at(p, now);
    p->level = level < LEVEL_MAX ? level + 1 : LEVEL_MAX;
    p->failed = now + 1;
    uint64_t delay = first << level;
    uint64_t longest = first > LONGEST ? first : LONGEST;
    return delay < longest ? delay : longest;
}

void auth_delay_proved(struct auth_delay *d, uint64_t pair, uint64_t now)
{
    struct pair *p = pair_of(d, pair);
    p->proved = now + 1;
    p->failed = 0;
    p->level = 0;
}

bool auth_delay_is_trusted(const struct auth_delay *d, uint64_t pair, uint64_t now)
{
    const struct pair *set = d->pairs[pair % SETS];
    for (size_t i = 0; i < PLACES; i++)
        if (set[i].key == pair && set[i].proved)
            return now + 1 - set[i].proved < trust && level_at(&set[i], now) <= TRUSTED_FAILURES;
    return false;
}
