#include "store/store_memory.h"

#include "store/store_driver.h"
#include "store/store_listing.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct memory_message {
    struct memory_message *next;
    struct store_row row; /* of the octets that were delivered */
    size_t size;
    char *stored;
};

struct memory_box {
    struct memory_box *next;
    struct memory_message *first;
    bool locked;
    char path[];
};

struct memory_store {
    struct store base;
    pthread_mutex_t lock; /* guards the boxes and all in them */
    struct memory_box *boxes;
};

struct memory_drop {
    struct store_drop base;
    struct memory_box *box;
    bool locks;
};

static struct memory_store *memory_store(struct store *s)
{
    return (struct memory_store *)s;
}

static struct memory_drop *memory_drop(struct store_drop *d)
{
    return (struct memory_drop *)d;
}

static enum status memory_create(const struct store_options *options, struct store **out)
{
    (void)options;
    struct memory_store *s = calloc(1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    pthread_mutex_init(&s->lock, NULL);
    *out = &s->base;
    return STATUS_OK;
}

static void message_free(struct memory_message *m)
{
    free(m->stored);
    free(m);
}

static void box_free(struct memory_box *box)
{
    while (box->first) {
        struct memory_message *m = box->first;
        box->first = m->next;
        message_free(m);
    }
    free(box);
}

static void memory_destroy(struct store *base)
{
    struct memory_store *s = memory_store(base);
    while (s->boxes) {
        struct memory_box *box = s->boxes;
        s->boxes = box->next;
        box_free(box);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Boxes are made when they are first named and stay until the store goes. */
static struct memory_box *box_get(struct memory_store *s, const char *path)
{
    for (struct memory_box *b = s->boxes; b; b = b->next)
        if (strcmp(b->path, path) == 0)
            return b;
    size_t size = strlen(path) + 1;
    struct memory_box *b = calloc(1, sizeof *b + size);
    if (!b)
        return NULL;
    memcpy(b->path, path, size);
    b->next = s->boxes;
    s->boxes = b;
    return b;
}

static struct slice row_uidl(const struct store_row *row)
{
    return slice_of(row->uidl, row->uidl_size);
}

/* Where the pointer to the message stands; to NULL when there is none. */
static struct memory_message **box_find(struct memory_box *box, struct slice uidl)
{
    struct memory_message **at = &box->first;
    while (*at && !slice_equal(row_uidl(&(*at)->row), uidl))
        at = &(*at)->next;
    return at;
}

static struct store_listing *list_box(const struct memory_box *box)
{
    uint32_t count = 0;
    for (const struct memory_message *m = box->first; m; m = m->next)
        count++;
    struct store_listing *l = store_listing_new(count);
    if (!l)
        return NULL;
    struct store_row *row = store_listing_fill(l);
    for (const struct memory_message *m = box->first; m; m = m->next)
        *row++ = m->row;
    store_listing_finish(l);
    return l;
}

static enum status open_locked(struct memory_store *s, const struct store_request *request,
                               struct memory_drop *d)
{
    d->box = box_get(s, request->path);
    if (!d->box)
        return STATUS_NO_MEMORY;
    d->locks = !request->shared;
    if (d->locks && d->box->locked)
        return STATUS_IN_USE;
    d->base.listing = list_box(d->box);
    if (!d->base.listing)
        return STATUS_NO_MEMORY;
    if (d->locks)
        d->box->locked = true;
    return STATUS_OK;
}

static enum status memory_open(struct store *base, const struct store_request *request,
                               struct store_drop **out)
{
    struct memory_store *s = memory_store(base);
    struct memory_drop *d = calloc(1, sizeof *d);
    if (!d)
        return STATUS_NO_MEMORY;
    pthread_mutex_lock(&s->lock);
    enum status status = open_locked(s, request, d);
    pthread_mutex_unlock(&s->lock);
    if (status == STATUS_OK)
        *out = &d->base;
    else
        free(d);
    return status;
}

static enum status copy_out(const struct memory_message *m, const struct store_row *row,
                            struct store_blob *out)
{
    if (m->row.octets != row->octets)
        return STATUS_CORRUPT;
    char *data = malloc(m->size ? m->size : 1);
    if (!data)
        return STATUS_NO_MEMORY;
    if (m->size)
        memcpy(data, m->stored, m->size);
    out->data = data;
    out->size = m->size;
    out->octets = row->octets;
    out->needs = row->needs;
    return STATUS_OK;
}

static enum status memory_blob(struct store_drop *base, uint32_t i, size_t inline_limit,
                               bool nowait, struct store_blob *out)
{
    (void)inline_limit; /* there is no descriptor to give instead */
    (void)nowait;
    struct memory_store *s = memory_store(base->store);
    const struct store_row *row = &store_listing_rows(base->listing)[i];
    pthread_mutex_lock(&s->lock);
    struct memory_message *m = *box_find(memory_drop(base)->box, row_uidl(row));
    enum status status = m ? copy_out(m, row, out) : STATUS_NOT_FOUND;
    pthread_mutex_unlock(&s->lock);
    return status;
}

static void measure(struct memory_message *m)
{
    struct wire_measure w;
    wire_measure_init(&w);
    wire_measure_feed(&w, slice_of(m->stored, m->size));
    wire_measure_end(&w);
    m->row.octets = w.octets;
    m->row.needs = (uint8_t)w.needs;
}

static void memory_lied(struct store_drop *base, uint32_t i)
{
    struct memory_store *s = memory_store(base->store);
    const struct store_row *row = &store_listing_rows(base->listing)[i];
    pthread_mutex_lock(&s->lock);
    struct memory_message *m = *box_find(memory_drop(base)->box, row_uidl(row));
    if (m)
        measure(m);
    pthread_mutex_unlock(&s->lock);
}

static void memory_remove(struct store_drop *base, const uint64_t *marks, struct store_removed *out)
{
    struct memory_store *s = memory_store(base->store);
    const struct store_row *rows = store_listing_rows(base->listing);
    uint32_t count = store_listing_count(base->listing);
    pthread_mutex_lock(&s->lock);
    for (uint32_t i = 0; i < count; i++) {
        if (!store_marked(marks, i))
            continue;
        struct memory_message **at = box_find(memory_drop(base)->box, row_uidl(&rows[i]));
        struct memory_message *m = *at;
        if (m) {
            *at = m->next;
            message_free(m);
        }
        out->removed++;
    }
    pthread_mutex_unlock(&s->lock);
}

static bool memory_is_dirty(const struct store_drop *d)
{
    (void)d;
    return false;
}

static void memory_close(struct store_drop *base)
{
    struct memory_store *s = memory_store(base->store);
    struct memory_drop *d = memory_drop(base);
    pthread_mutex_lock(&s->lock);
    if (d->locks)
        d->box->locked = false;
    pthread_mutex_unlock(&s->lock);
    store_listing_unref(base->listing);
    free(d);
}

static bool set_stored(struct memory_message *m, struct slice stored)
{
    char *copy = malloc(stored.size ? stored.size : 1);
    if (!copy)
        return false;
    if (stored.size)
        memcpy(copy, stored.data, stored.size);
    free(m->stored);
    m->stored = copy;
    m->size = stored.size;
    measure(m);
    return true;
}

enum status store_memory_deliver(struct store *base, const char *path, struct slice uidl,
                                 struct slice stored)
{
    struct memory_store *s = memory_store(base);
    struct memory_message *m = calloc(1, sizeof *m);
    if (!m || !set_stored(m, stored)) {
        free(m);
        return STATUS_NO_MEMORY;
    }
    m->row.uidl_size = (uint8_t)uidl.size;
    memcpy(m->row.uidl, uidl.data, uidl.size);
    pthread_mutex_lock(&s->lock);
    struct memory_box *box = box_get(s, path);
    struct memory_message **at = box ? box_find(box, uidl) : NULL;
    enum status status = !box ? STATUS_NO_MEMORY : *at ? STATUS_EXISTS : STATUS_OK;
    if (status == STATUS_OK)
        *at = m;
    else
        message_free(m);
    pthread_mutex_unlock(&s->lock);
    return status;
}

bool store_memory_vanish(struct store *base, const char *path, struct slice uidl)
{
    struct memory_store *s = memory_store(base);
    pthread_mutex_lock(&s->lock);
    struct memory_box *box = box_get(s, path);
    struct memory_message **at = box ? box_find(box, uidl) : NULL;
    struct memory_message *m = at ? *at : NULL;
    if (m) {
        *at = m->next;
        message_free(m);
    }
    pthread_mutex_unlock(&s->lock);
    return m != NULL;
}

enum status store_memory_alter(struct store *base, const char *path, struct slice uidl,
                               struct slice stored)
{
    struct memory_store *s = memory_store(base);
    pthread_mutex_lock(&s->lock);
    struct memory_box *box = box_get(s, path);
    struct memory_message *m = box ? *box_find(box, uidl) : NULL;
    enum status status = STATUS_NOT_FOUND;
    if (m)
        status = set_stored(m, stored) ? STATUS_OK : STATUS_NO_MEMORY;
    pthread_mutex_unlock(&s->lock);
    return status;
}

const struct store_driver store_memory_driver = {
    .name = "memory",
    .create = memory_create,
    .destroy = memory_destroy,
    .open = memory_open,
    .blob = memory_blob,
    .lied = memory_lied,
    .remove = memory_remove,
    .is_dirty = memory_is_dirty,
    .close = memory_close,
};
