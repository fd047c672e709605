#include "server/session_map.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 1024 };

enum status session_map_init(struct session_map *m)
{
    m->buckets = calloc(FIRST_BUCKETS, sizeof(struct session_entry *));
    m->bucket_count = FIRST_BUCKETS;
    m->count = 0;
    return m->buckets ? STATUS_OK : STATUS_NO_MEMORY;
}

void session_map_wipe(struct session_map *m)
{
    free(m->buckets);
    m->buckets = NULL;
}

static struct session_entry **bucket(const struct session_map *m, uint32_t front, uint64_t session)
{
    uint64_t h = (session ^ (uint64_t)front << 56) * 0x9e3779b97f4a7c15u;
    return &m->buckets[(h >> 32) & (m->bucket_count - 1)];
}

static void put(struct session_map *m, struct session_entry *e)
{
    struct session_entry **at = bucket(m, e->front, e->session);
    e->next = *at;
    *at = e;
}

/* Twice the buckets; without memory the chains just get longer. */
static void grow(struct session_map *m)
{
    struct session_map wider = {.bucket_count = m->bucket_count * 2};
    wider.buckets = calloc(wider.bucket_count, sizeof(struct session_entry *));
    if (!wider.buckets)
        return;
    for (size_t i = 0; i < m->bucket_count; i++) {
        for (struct session_entry *e = m->buckets[i], *next; e; e = next) {
            next = e->next;
            put(&wider, e);
        }
    }
    free(m->buckets);
    m->buckets = wider.buckets;
    m->bucket_count = wider.bucket_count;
}

void session_map_add(struct session_map *m, struct session_entry *e)
{
    if (m->count >= m->bucket_count)
        grow(m);
    put(m, e);
    m->count++;
}

struct session_entry *session_map_find(const struct session_map *m, uint32_t front,
                                       uint64_t session)
{
    struct session_entry *e = *bucket(m, front, session);
    while (e && (e->front != front || e->session != session))
        e = e->next;
    return e;
}

void session_map_remove(struct session_map *m, struct session_entry *e)
{
    struct session_entry **at = bucket(m, e->front, e->session);
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    m->count--;
}

enum status session_map_each_of(struct session_map *m, uint32_t front,
                                void (*visit)(struct session_entry *e, void *context),
                                void *context)
{
    uint64_t *sessions = malloc((m->count + 1) * sizeof *sessions);
    size_t n = 0;
    if (!sessions)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < m->bucket_count; i++) {
        for (struct session_entry *e = m->buckets[i]; e; e = e->next) {
            if (e->front == front)
                sessions[n++] = e->session;
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct session_entry *e = session_map_find(m, front, sessions[i]);
        if (e)
            visit(e, context);
    }
    free(sessions);
    return STATUS_OK;
}
