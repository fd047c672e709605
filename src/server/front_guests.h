/* front_guests: connections that have not logged in yet, counted by where they come from (an IPv4
 * address, a /64). When there is no room for one more, the oldest guest of the busiest source has
 * to go, so that a flood from one place pushes out itself. Limits are one front's share, and one
 * guest at the least. */
#ifndef POPLIN_SERVER_FRONT_GUESTS_H
#define POPLIN_SERVER_FRONT_GUESTS_H

#include "base/status.h"
#include "net/net_address.h"

struct guest_source;

/* A field of its connection. */
struct guest {
    struct guest *older, *newer; /* of the same source */
    struct guest_source *source; /* NULL: not counted */
};

struct guests;

enum status guests_new(uint32_t all, uint32_t per_source, struct guests **out);
void guests_free(struct guests *g);

/* Counts a guest. *evicted is the one that must be closed in its favour, or NULL; it is counted
 * until guests_leave. NO_MEMORY: not counted. */
enum status guests_enter(struct guests *g, struct guest *guest, struct net_prefix from,
                         struct guest **evicted);
void guests_leave(struct guests *g, struct guest *guest);

/* The one that would have to go now; NULL when there is none. */
struct guest *guests_oldest_of_busiest(const struct guests *g);

uint32_t guests_count(const struct guests *g);

#endif
