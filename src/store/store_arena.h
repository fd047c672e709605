/* store_arena: strings that live as long as one listing: names, UIDLs. Pointers stay where they
 * are; everything goes at once. */
#ifndef POPLIN_STORE_STORE_ARENA_H
#define POPLIN_STORE_STORE_ARENA_H

#include "base/slice.h"

struct store_arena {
    struct store_arena_chunk *newest; /* zero: an empty arena */
    size_t octets;                    /* allocated in all */
};

void store_arena_wipe(struct store_arena *a);

/* A copy with a NUL behind it; NULL when memory is out. */
char *store_arena_put(struct store_arena *a, struct slice s);

/* `size` octets to be filled by the caller, aligned for any type; NULL when memory is out. */
void *store_arena_take(struct store_arena *a, size_t size);

#endif
