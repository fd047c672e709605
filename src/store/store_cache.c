#include "store/store_cache.h"

#include <pthread.h>
#include <stdlib.h>

/* Memfds that listings between sessions may keep. */
enum { BUCKETS_FIRST = 256, MEMFDS_KEPT = 256 };

struct cache_entry {
    struct cache_entry *chain; /* of its bucket */
    struct cache_entry *newer;
    struct cache_entry *older;
    struct maildir_snapshot *snapshot;
    size_t octets;
    uint64_t hash;
    char path[];
};

struct store_cache {
    pthread_mutex_t lock;
    struct cache_entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    struct cache_entry *newest;
    struct cache_entry *oldest;
    size_t octets;
    size_t limit;
};

struct store_cache *store_cache_new(size_t octets)
{
    struct store_cache *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->buckets = calloc(BUCKETS_FIRST, sizeof(struct cache_entry *));
    if (!c->buckets) {
        free(c);
        return NULL;
    }
    c->bucket_count = BUCKETS_FIRST;
    c->limit = octets;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

/* Paths are built by the operator's configuration: no seed against chosen ones is needed, and a
 * full chain costs time, not truth. */
static uint64_t hash_path(const char *path)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * 0x100000001b3u;
    return h ^ (h >> 32);
}

static struct cache_entry **bucket(struct store_cache *c, uint64_t hash)
{
    return &c->buckets[hash & (c->bucket_count - 1)];
}

static struct cache_entry *find(struct store_cache *c, const char *path, uint64_t hash)
{
    struct cache_entry *e = *bucket(c, hash);
    while (e && (e->hash != hash || strcmp(e->path, path) != 0))
        e = e->chain;
    return e;
}

static void push_newest(struct store_cache *c, struct cache_entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    if (c->newest)
        c->newest->newer = e;
    else
        c->oldest = e;
    c->newest = e;
}

static void leave_queue(struct store_cache *c, struct cache_entry *e)
{
    if (e->newer)
        e->newer->older = e->older;
    else
        c->newest = e->older;
    if (e->older)
        e->older->newer = e->newer;
    else
        c->oldest = e->newer;
}

static void evict(struct store_cache *c, struct cache_entry *e)
{
    struct cache_entry **at = bucket(c, e->hash);
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    leave_queue(c, e);
    c->octets -= e->octets;
    c->count--;
    maildir_snapshot_unref(e->snapshot);
    free(e);
}

void store_cache_free(struct store_cache *c)
{
    if (!c)
        return;
    while (c->oldest)
        evict(c, c->oldest);
    pthread_mutex_destroy(&c->lock);
    free(c->buckets);
    free(c);
}

struct maildir_snapshot *store_cache_get(struct store_cache *c, const char *path)
{
    uint64_t hash = hash_path(path);
    struct maildir_snapshot *s = NULL;
    pthread_mutex_lock(&c->lock);
    struct cache_entry *e = find(c, path, hash);
    if (e) {
        leave_queue(c, e);
        push_newest(c, e);
        s = maildir_snapshot_ref(e->snapshot);
    }
    pthread_mutex_unlock(&c->lock);
    return s;
}

/* Two references, the cache's and the caller's: under the lock nobody can get a third. */
void store_cache_release(struct store_cache *c, const char *path, struct maildir_snapshot *s)
{
    if (s && store_listing_memfd_count() > MEMFDS_KEPT) {
        pthread_mutex_lock(&c->lock);
        struct cache_entry *e = find(c, path, hash_path(path));
        if (e && e->snapshot == s && atomic_load(&s->references) == 2)
            store_listing_memfd_close(s->listing);
        pthread_mutex_unlock(&c->lock);
    }
    maildir_snapshot_unref(s);
}

/* Chains stay short while the drops grow in number; without memory they grow longer instead. */
static void widen(struct store_cache *c)
{
    if (c->count < c->bucket_count)
        return;
    size_t wider = c->bucket_count * 4;
    struct cache_entry **buckets = calloc(wider, sizeof(struct cache_entry *));
    if (!buckets)
        return;
    free(c->buckets);
    c->buckets = buckets;
    c->bucket_count = wider;
    for (struct cache_entry *e = c->newest; e; e = e->older) {
        struct cache_entry **at = bucket(c, e->hash);
        e->chain = *at;
        *at = e;
    }
}

static void insert(struct store_cache *c, struct cache_entry *e)
{
    struct cache_entry *before = find(c, e->path, e->hash);
    if (before)
        evict(c, before);
    if (e->octets > c->limit) {
        maildir_snapshot_unref(e->snapshot);
        free(e);
        return;
    }
    widen(c);
    struct cache_entry **at = bucket(c, e->hash);
    e->chain = *at;
    *at = e;
    push_newest(c, e);
    c->count++;
    c->octets += e->octets;
    while (c->octets > c->limit)
        evict(c, c->oldest);
}

void store_cache_put(struct store_cache *c, const char *path, struct maildir_snapshot *s)
{
    size_t size = strlen(path) + 1;
    struct cache_entry *e = malloc(sizeof *e + size);
    if (!e)
        return;
    *e = (struct cache_entry){
        .snapshot = maildir_snapshot_ref(s),
        .octets = sizeof *e + size + maildir_snapshot_footprint(s),
        .hash = hash_path(path),
    };
    memcpy(e->path, path, size);
    pthread_mutex_lock(&c->lock);
    insert(c, e);
    pthread_mutex_unlock(&c->lock);
}
