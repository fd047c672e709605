/* plan_numbers: a set of message numbers, a bit each, up to LIMIT_MESSAGES (2 MiB, of which only
 * touched pages are ever real). */
#ifndef POPLIN_CLIENT_PLAN_NUMBERS_H
#define POPLIN_CLIENT_PLAN_NUMBERS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct plan_numbers {
    uint64_t *bits;
};

static inline bool plan_numbers_init(struct plan_numbers *n)
{
    n->bits = calloc(LIMIT_MESSAGES / 64 + 1, sizeof *n->bits);
    return n->bits != NULL;
}

static inline void plan_numbers_wipe(struct plan_numbers *n)
{
    free(n->bits);
    n->bits = NULL;
}

/* number is at most LIMIT_MESSAGES. */
static inline bool plan_numbers_has(const struct plan_numbers *n, uint32_t number)
{
    return n->bits[number / 64] >> (number % 64) & 1;
}

/* False: it was in it. */
static inline bool plan_numbers_add(struct plan_numbers *n, uint32_t number)
{
    if (plan_numbers_has(n, number))
        return false;
    n->bits[number / 64] |= UINT64_C(1) << (number % 64);
    return true;
}

#endif
