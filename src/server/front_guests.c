#include "server/front_guests.h"

#include <stdlib.h>

enum { BUCKETS = 4096 };

struct guest_source {
    struct net_prefix prefix;
    uint32_t count;
    struct guest *oldest, *newest;
    struct guest_source *next_in_bucket;
    struct guest_source *previous, *next; /* of the same count */
};

struct guests {
    uint32_t all, per_source, count;
    uint32_t busiest;               /* no source has more */
    struct guest_source **by_count; /* from 0 to per_source + 1 */
    struct guest_source *buckets[BUCKETS];
};

enum status guests_new(uint32_t all, uint32_t per_source, struct guests **out)
{
    struct guests *g = calloc(1, sizeof *g);
    if (!g)
        return STATUS_NO_MEMORY;
    g->all = all > 0 ? all : 1; /* a share may be rounded down to nothing */
    g->per_source = per_source < g->all ? per_source : g->all;
    g->per_source = g->per_source > 0 ? g->per_source : 1;
    g->by_count = calloc((size_t)g->per_source + 2, sizeof *g->by_count);
    if (!g->by_count) {
        free(g);
        return STATUS_NO_MEMORY;
    }
    *out = g;
    return STATUS_OK;
}

void guests_free(struct guests *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (g->buckets[i]) {
            struct guest_source *s = g->buckets[i];
            g->buckets[i] = s->next_in_bucket;
            free(s);
        }
    }
    free(g->by_count);
    free(g);
}

static struct guest_source **bucket_of(struct guests *g, struct net_prefix p)
{
    uint64_t h = (p.high + p.is_v6) * 0x9e3779b97f4a7c15u;
    return &g->buckets[h >> 52];
}

static struct guest_source *find(struct guests *g, struct net_prefix p)
{
    struct guest_source *s = *bucket_of(g, p);
    while (s && !net_prefix_equal(s->prefix, p))
        s = s->next_in_bucket;
    return s;
}

static void unlist(struct guests *g, struct guest_source *s)
{
    if (s->previous)
        s->previous->next = s->next;
    else
        g->by_count[s->count] = s->next;
    if (s->next)
        s->next->previous = s->previous;
}

/* Moves a source among those of its new count. */
static void recount(struct guests *g, struct guest_source *s, uint32_t count)
{
    unlist(g, s);
    s->count = count;
    s->previous = NULL;
    s->next = g->by_count[count];
    if (s->next)
        s->next->previous = s;
    g->by_count[count] = s;
    if (count > g->busiest)
        g->busiest = count;
    while (g->busiest > 0 && !g->by_count[g->busiest])
        g->busiest--;
}

static struct guest_source *found(struct guests *g, struct net_prefix p)
{
    struct guest_source *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->prefix = p;
    s->next_in_bucket = *bucket_of(g, p);
    *bucket_of(g, p) = s;
    s->next = g->by_count[0];
    if (s->next)
        s->next->previous = s;
    g->by_count[0] = s;
    return s;
}

static void forget(struct guests *g, struct guest_source *s)
{
    struct guest_source **at = bucket_of(g, s->prefix);
    while (*at != s)
        at = &(*at)->next_in_bucket;
    *at = s->next_in_bucket;
    unlist(g, s);
    free(s);
}

struct guest *guests_oldest_of_busiest(const struct guests *g)
{
    return g->busiest > 0 ? g->by_count[g->busiest]->oldest : NULL;
}

enum status guests_enter(struct guests *g, struct guest *guest, struct net_prefix from,
                         struct guest **evicted)
{
    struct guest_source *s = find(g, from);
    if (!s)
        s = found(g, from);
    if (!s)
        return STATUS_NO_MEMORY;
    *evicted = NULL;
    if (s->count >= g->per_source)
        *evicted = s->oldest;
    else if (g->count >= g->all)
        *evicted = guests_oldest_of_busiest(g);
    guest->source = s;
    guest->newer = NULL;
    guest->older = s->newest;
    if (s->newest)
        s->newest->newer = guest;
    else
        s->oldest = guest;
    s->newest = guest;
    g->count++;
    recount(g, s, s->count + 1);
    return STATUS_OK;
}

void guests_leave(struct guests *g, struct guest *guest)
{
    struct guest_source *s = guest->source;
    if (!s)
        return;
    if (guest->older)
        guest->older->newer = guest->newer;
    else
        s->oldest = guest->newer;
    if (guest->newer)
        guest->newer->older = guest->older;
    else
        s->newest = guest->older;
    guest->source = NULL;
    g->count--;
    recount(g, s, s->count - 1);
    if (s->count == 0)
        forget(g, s);
}

uint32_t guests_count(const struct guests *g)
{
    return g->count;
}
