#include "auth/auth_wait.h"

#include <stdlib.h>

void auth_wait_init(struct auth_wait *w)
{
    *w = (struct auth_wait){0};
    w->last = &w->first;
}

void auth_wait_wipe(struct auth_wait *w)
{
    struct auth_waiting *c;
    while ((c = auth_wait_next(w, UINT64_MAX)))
        free(c);
    free(w->heap);
    auth_wait_init(w);
}

void auth_wait_ready(struct auth_wait *w, struct auth_waiting *c)
{
    c->next = NULL;
    *w->last = c;
    w->last = &c->next;
}

static void move_up(struct auth_wait *w, size_t i)
{
    struct auth_waiting *c = w->heap[i];
    for (; i > 0 && c->due < w->heap[(i - 1) / 2]->due; i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = c;
}

static void move_down(struct auth_wait *w, size_t i)
{
    struct auth_waiting *c = w->heap[i];
    for (size_t child; (child = 2 * i + 1) < w->count; i = child) {
        if (child + 1 < w->count && w->heap[child + 1]->due < w->heap[child]->due)
            child++;
        if (c->due <= w->heap[child]->due)
            break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = c;
}

static struct auth_waiting *take_first(struct auth_wait *w)
{
    struct auth_waiting *first = w->heap[0];
    w->heap[0] = w->heap[--w->count];
    if (w->count > 0)
        move_down(w, 0);
    return first;
}

static bool make_room(struct auth_wait *w)
{
    if (w->count < w->capacity)
        return true;
    size_t capacity = w->capacity ? w->capacity * 2 : 64;
    struct auth_waiting **heap = reallocarray(w->heap, capacity, sizeof *heap);
    if (!heap)
        return false;
    w->heap = heap;
    w->capacity = capacity;
    return true;
}

void auth_wait_until_due(struct auth_wait *w, struct auth_waiting *c)
{
    if (w->count >= AUTH_WAIT_MAX)
        auth_wait_ready(w, take_first(w));
    if (!make_room(w)) {
        auth_wait_ready(w, c);
        return;
    }
    w->heap[w->count++] = c;
    move_up(w, w->count - 1);
}

struct auth_waiting *auth_wait_next(struct auth_wait *w, uint64_t now)
{
    if (!w->first)
        return w->count > 0 && w->heap[0]->due <= now ? take_first(w) : NULL;
    struct auth_waiting *c = w->first;
    w->first = c->next;
    if (!w->first)
        w->last = &w->first;
    return c;
}

uint64_t auth_wait_due(const struct auth_wait *w)
{
    if (w->first)
        return 0;
    return w->count > 0 ? w->heap[0]->due : UINT64_MAX;
}
