#include "store/store_arena.h"

#include <stdalign.h>
#include <stdlib.h>

struct store_arena_chunk {
    struct store_arena_chunk *older;
    size_t used;
    size_t size;
    alignas(max_align_t) char data[];
};

/* Most drops have a dozen messages: the first chunk is small, later ones double. */
enum { CHUNK_FIRST = 1024 - sizeof(struct store_arena_chunk), CHUNK_LARGEST = 1024 * 1024 };

void store_arena_wipe(struct store_arena *a)
{
    while (a->newest) {
        struct store_arena_chunk *c = a->newest;
        a->newest = c->older;
        free(c);
    }
    a->octets = 0;
}

static struct store_arena_chunk *grow(struct store_arena *a, size_t needed)
{
    size_t size = a->newest ? a->newest->size * 2 : CHUNK_FIRST;
    if (size > CHUNK_LARGEST)
        size = CHUNK_LARGEST;
    if (size < needed)
        size = needed;
    struct store_arena_chunk *c = malloc(sizeof *c + size);
    if (!c)
        return NULL;
    *c = (struct store_arena_chunk){.older = a->newest, .size = size};
    a->newest = c;
    a->octets += sizeof *c + size;
    return c;
}

static char *take(struct store_arena *a, size_t size, size_t alignment)
{
    struct store_arena_chunk *c = a->newest;
    size_t at = c ? (c->used + alignment - 1) & ~(alignment - 1) : 0;
    if (!c || at > c->size || c->size - at < size) {
        c = grow(a, size);
        if (!c)
            return NULL;
        at = 0;
    }
    c->used = at + size;
    return c->data + at;
}

char *store_arena_put(struct store_arena *a, struct slice s)
{
    char *copy = take(a, s.size + 1, 1);
    if (!copy)
        return NULL;
    if (s.size)
        memcpy(copy, s.data, s.size);
    copy[s.size] = '\0';
    return copy;
}

void *store_arena_take(struct store_arena *a, size_t size)
{
    return take(a, size, alignof(max_align_t));
}
