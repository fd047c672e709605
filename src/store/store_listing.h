/* store_listing: how a driver makes the array of rows that store.h hands out.
 *
 * new, fill the rows, finish, or new_lazy; from then on nothing in it changes and any thread may
 * hold a reference. */
#ifndef POPLIN_STORE_STORE_LISTING_H
#define POPLIN_STORE_STORE_LISTING_H

#include "store/store.h"

/* `count` zeroed rows and one reference; NULL when memory is out. */
struct store_listing *store_listing_new(uint32_t count);

/* The rows to fill, before store_listing_finish only. */
struct store_row *store_listing_fill(struct store_listing *l);

/* Adds up the octets; nothing changes after it. */
void store_listing_finish(struct store_listing *l);

/* Rows that are made when somebody first looks at them: many a session asks for their number and
 * octets only. */
struct store_listing_source {
    /* Writes `count` zeroed rows from the first-th on; asked in order, from 0 on. May not fail. */
    void (*fill)(void *context, struct store_row *rows, uint32_t first, uint32_t count);
    void *context; /* lives as long as the listing */
};

/* New and finished in one. */
struct store_listing *store_listing_new_lazy(uint32_t count, uint64_t octets,
                                             struct store_listing_source source);

struct store_listing *store_listing_ref(struct store_listing *l);
void store_listing_unref(struct store_listing *l); /* NULL is allowed */

/* Memfds that listings of this process keep open. */
unsigned store_listing_memfd_count(void);

/* Closes the memfd, if there is one; the next who asks gets a new one. Only while nobody else can
 * be using the descriptor. */
void store_listing_memfd_close(struct store_listing *l);

/* Octets of memory it holds, its memfd included. */
size_t store_listing_footprint(const struct store_listing *l);

#endif
