/* arena: memory that the caller gave, handed out from front to back and given back all at once.
 *
 * Nothing is freed singly and nothing is ever taken from elsewhere: what does not fit is refused,
 * so the arena's capacity is the limit on what a message can cost. A caller who wants a large limit
 * and little memory maps the capacity without reserving it. */
#ifndef POPLIN_BASE_ARENA_H
#define POPLIN_BASE_ARENA_H

#include "base/slice.h"

struct arena {
    char *data; /* aligned for every type */
    size_t size, capacity;
};

static inline struct arena arena_over(void *memory, size_t capacity)
{
    return (struct arena){(char *)memory, 0, capacity};
}

/* Memory of that many octets, aligned to `alignment` (a power of two), not cleared. NULL: it does
 * not fit. */
void *arena_take(struct arena *a, size_t octets, size_t alignment);

/* Makes `old`, which was taken with old_octets, larger: in place when it was the last to be taken,
 * else copied. NULL: it does not fit, and `old` stays. */
void *arena_grow(struct arena *a, void *old, size_t old_octets, size_t octets, size_t alignment);

/* A copy that lives as long as the arena; data NULL: it does not fit. An empty slice is copied to a
 * slice that is not NULL. */
struct slice arena_copy(struct arena *a, struct slice s);

#define ARENA_NEW(arena, type, count)                                                              \
    ((type *)arena_take((arena), sizeof(type) * (count), _Alignof(type)))

#endif
