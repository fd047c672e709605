#include "server/store_holder.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

struct holder {
    struct holder *next_in_bucket;
    struct claim *owner;
    struct claim *last;
    uint64_t hash;
};

struct holders {
    struct holder *buckets[BUCKETS];
};

struct holders *holders_new(void)
{
    return calloc(1, sizeof(struct holders));
}

static uint64_t hash_of(const char *path)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (const char *p = path; *p; p++)
        h = (h ^ (unsigned char)*p) * 0x100000001b3u;
    return h;
}

static struct holder **bucket_of(struct holders *h, uint64_t hash)
{
    return &h->buckets[hash >> 52];
}

bool holders_claim(struct holders *h, struct claim *c, struct claim **owner)
{
    uint64_t hash = hash_of(c->path);
    struct holder **bucket = bucket_of(h, hash), *found = *bucket;
    c->next = NULL;
    *owner = NULL;
    while (found && (found->hash != hash || strcmp(found->owner->path, c->path) != 0))
        found = found->next_in_bucket;
    if (found) {
        *owner = found->owner;
        found->last->next = c;
        found->last = c;
        c->holder = found;
        return false;
    }
    struct holder *made = calloc(1, sizeof *made);
    if (!made)
        return false;
    *made = (struct holder){*bucket, c, c, hash};
    *bucket = made;
    c->holder = made;
    return true;
}

static void remove_holder(struct holders *h, struct holder *gone)
{
    struct holder **at = bucket_of(h, gone->hash);
    while (*at != gone)
        at = &(*at)->next_in_bucket;
    *at = gone->next_in_bucket;
    free(gone);
}

struct claim *holders_leave(struct holders *h, struct claim *c)
{
    struct holder *holder = c->holder;
    if (!holder)
        return NULL;
    c->holder = NULL;
    if (holder->owner == c) {
        holder->owner = c->next;
        if (!holder->owner)
            remove_holder(h, holder);
        return c->next;
    }
    struct claim *before = holder->owner;
    while (before->next != c)
        before = before->next;
    before->next = c->next;
    if (holder->last == c)
        holder->last = before;
    return NULL;
}
