#include "client/plan_uidls.h"

#include <stdlib.h>

/* Sorting needs no secret to stay fast: whoever makes hashes collide only makes it compare the
 * octets themselves. */
static uint64_t hash_of(struct slice s)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ s.size;
    for (size_t i = 0; i < s.size; i++)
        hash = (hash ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static int compare_octets(struct slice a, struct slice b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare(const void *left, const void *right, void *context)
{
    const struct plan_uidl *a = left, *b = right;
    const struct plan_step *steps = context;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    int order = compare_octets(steps[a->step].message.uidl, steps[b->step].message.uidl);
    return order ? order : (a->step > b->step) - (a->step < b->step);
}

enum status plan_uidls_sort(const struct plan_step *steps, size_t count, struct plan_uidls *out)
{
    *out = (struct plan_uidls){.steps = steps};
    out->list = malloc((count ? count : 1) * sizeof *out->list);
    if (!out->list)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct slice uidl = steps[i].message.uidl;
        if (uidl.size)
            out->list[out->count++] = (struct plan_uidl){hash_of(uidl), (uint32_t)i};
    }
    qsort_r(out->list, out->count, sizeof *out->list, compare, (void *)(uintptr_t)steps);
    return STATUS_OK;
}

bool plan_uidls_same(const struct plan_uidls *u, size_t i)
{
    return u->list[i].hash == u->list[i - 1].hash &&
           slice_equal(u->steps[u->list[i].step].message.uidl,
                       u->steps[u->list[i - 1].step].message.uidl);
}

void plan_uidls_wipe(struct plan_uidls *u)
{
    free(u->list);
    *u = (struct plan_uidls){0};
}
