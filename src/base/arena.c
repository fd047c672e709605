#include "base/arena.h"

#include <assert.h>

void *arena_take(struct arena *a, size_t octets, size_t alignment)
{
    assert(alignment && (alignment & (alignment - 1)) == 0);
    size_t start = (a->size + alignment - 1) & ~(alignment - 1);
    if (start > a->capacity || octets > a->capacity - start)
        return NULL;
    a->size = start + octets;
    return a->data + start;
}

void *arena_grow(struct arena *a, void *old, size_t old_octets, size_t octets, size_t alignment)
{
    char *place = old;
    if (place && place + old_octets == a->data + a->size) {
        size_t start = (size_t)(place - a->data);
        if (octets > a->capacity - start)
            return NULL;
        a->size = start + octets;
        return old;
    }
    void *fresh = arena_take(a, octets, alignment);
    if (fresh && old_octets)
        memcpy(fresh, old, old_octets < octets ? old_octets : octets);
    return fresh;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    char *place = arena_take(a, s.size, 1);
    if (place && s.size)
        memcpy(place, s.data, s.size);
    return (struct slice){place, place ? s.size : 0};
}
