#include "store/store_maildir.h"

#include "store/store_cache.h"
#include "store/store_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { CACHE_OCTETS = 64 * 1024 * 1024, HELPERS_MOST = 64 };

void maildir_notice(const struct store_observer *o, const char *what, const char *path,
                    struct slice name, const char *cause)
{
    if (o->notice)
        o->notice(o->context, what, path, name, cause);
}

static struct maildir_store *maildir_store(struct store *s)
{
    return (struct maildir_store *)s;
}

static struct maildir_drop *maildir_drop(struct store_drop *d)
{
    return (struct maildir_drop *)d;
}

/* --- the store --- */

static void maildir_destroy(struct store *base)
{
    struct maildir_store *s = maildir_store(base);
    maildir_counter_free(s->counter);
    store_cache_free(s->cache);
    int root = atomic_load(&s->root_descriptor);
    if (root >= 0)
        close(root);
    if (s->index_descriptor >= 0)
        close(s->index_descriptor);
    free(s->root);
    free(s);
}

static unsigned helpers(const struct store_options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned wanted = options->counting_threads ? options->counting_threads
                      : cores > 0               ? (unsigned)cores
                                                : 1;
    return wanted < HELPERS_MOST ? wanted : HELPERS_MOST;
}

static enum status fill_store(struct maildir_store *s, const struct store_options *options)
{
    s->root = strdup(options->root);
    s->counter = maildir_counter_new(helpers(options), &s->observer);
    s->cache = store_cache_new(options->cache_octets ? options->cache_octets : CACHE_OCTETS);
    if (!s->root || !s->counter || !s->cache)
        return STATUS_NO_MEMORY;
    s->root_size = strlen(s->root);
    while (s->root_size > 1 && s->root[s->root_size - 1] == '/')
        s->root[--s->root_size] = '\0';
    if (!options->index_directory)
        return STATUS_OK;
    s->index_descriptor = open(options->index_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->index_descriptor >= 0 ? STATUS_OK : status_from_errno(errno);
}

static enum status maildir_create(const struct store_options *options, struct store **out)
{
    if (!options->root || options->root[0] != '/')
        return STATUS_PERMANENT;
    struct maildir_store *s = calloc(1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    atomic_init(&s->root_descriptor, -1);
    atomic_init(&s->index_failed, false);
    s->index_descriptor = -1;
    s->observer = options->observer;
    s->uidl_keep = options->uidl_keep;
    enum status status = fill_store(s, options);
    if (status == STATUS_OK)
        *out = &s->base;
    else
        maildir_destroy(&s->base);
    return status;
}

/* --- a drop --- */

static void drop_free(struct maildir_store *s, struct maildir_drop *d)
{
    if (d->fresh)
        maildir_scan_wipe(d->fresh);
    free(d->fresh);
    store_cache_release(s->cache, d->path, d->snapshot);
    if (d->lock_file >= 0)
        close(d->lock_file);
    if (d->directory >= 0)
        close(d->directory); /* and with it the lock */
    free(d);
}

static struct maildir_drop *drop_new(const char *path)
{
    size_t size = strlen(path) + 1;
    struct maildir_drop *d = calloc(1, sizeof *d + size);
    if (!d)
        return NULL;
    memcpy(d->path, path, size);
    d->directory = -1;
    d->lock_file = -1;
    return d;
}

static struct maildir_snapshot *index_read(struct maildir_store *s, const struct maildir_drop *d)
{
    struct store_index_place place;
    const char *cause = NULL;
    if (!store_index_locate(&place, s->index_descriptor, d->directory, d->path))
        return NULL;
    struct maildir_snapshot *snapshot = store_index_read(&place, &cause);
    if (cause)
        maildir_notice(&s->observer, "index not believed", d->path, slice_str(place.name), cause);
    /* With the setting UIDLs come from elsewhere: what was made without says nothing of them. */
    if (snapshot && snapshot->kept != s->uidl_keep) {
        maildir_snapshot_unref(snapshot);
        return NULL;
    }
    return snapshot;
}

/* Worth writing: as much was counted as writing costs, or a later process would have to read the
 * folders that this one had to read though they are settled. What is kept of another server is
 * written at once: it must not be looked up a second time. */
static bool is_worth_writing(const struct maildir_store *s, const struct maildir_snapshot *made,
                             uint64_t counted, bool was_cold)
{
    return counted >= store_index_size(made) || (was_cold && made->settled) ||
           (s->uidl_keep && counted > 0);
}

/* Reads the folders; `known`, if any, has the sizes. */
static enum status list_anew(struct maildir_store *s, struct maildir_drop *d,
                             const struct maildir_snapshot *known, bool was_cold)
{
    uint64_t counted = 0;
    enum status status =
        maildir_snapshot_build(s, d->directory, d->path, known, &d->snapshot, &counted);
    if (status != STATUS_OK)
        return status;
    bool was_suspect = known && atomic_load(&known->suspect);
    d->dirty = was_suspect || is_worth_writing(s, d->snapshot, counted, was_cold);
    store_cache_put(s->cache, d->path, d->snapshot);
    return STATUS_OK;
}

static enum status list_cold(struct maildir_store *s, struct maildir_drop *d,
                             const struct maildir_stamps *now)
{
    struct maildir_snapshot *known = index_read(s, d);
    if (known && maildir_snapshot_is_current(known, now)) {
        d->snapshot = known;
        store_cache_put(s->cache, d->path, known);
        return STATUS_OK;
    }
    enum status status = list_anew(s, d, known, true);
    maildir_snapshot_unref(known);
    return status;
}

static enum status list(struct maildir_store *s, struct maildir_drop *d, bool nowait,
                        struct maildir_snapshot *cached)
{
    struct maildir_stamps now;
    enum status status = maildir_stamps_take(d->directory, s->uidl_keep, &now);
    if (status != STATUS_OK)
        return status;
    if (cached && maildir_snapshot_is_current(cached, &now)) {
        d->snapshot = maildir_snapshot_ref(cached);
        return STATUS_OK;
    }
    if (nowait)
        return STATUS_AGAIN;
    return cached ? list_anew(s, d, cached, false) : list_cold(s, d, &now);
}

/* A missing drop below a root that is there is one that nothing was delivered to yet. */
static enum status list_missing(struct maildir_drop *d)
{
    d->snapshot = maildir_snapshot_new(0);
    if (!d->snapshot)
        return STATUS_NO_MEMORY;
    store_listing_finish(d->snapshot->listing);
    return STATUS_OK;
}

static enum status drop_open(struct maildir_store *s, const struct store_request *request,
                             struct maildir_drop *d, struct maildir_snapshot *cached)
{
    enum status status = maildir_folder_open(s, request, &d->directory);
    if (status == STATUS_NOT_FOUND)
        return list_missing(d);
    if (status == STATUS_OK && !request->shared)
        status = maildir_lock(d->directory, &d->lock_file);
    if (status == STATUS_OK)
        status = list(s, d, request->nowait, cached);
    return status;
}

/* What may be said of a drop that does not open: only that it is not now, or never. */
static enum status as_open_failure(enum status s)
{
    return s == STATUS_IO || s == STATUS_NOT_FOUND ? STATUS_TEMPORARY : s;
}

static enum status maildir_open(struct store *base, const struct store_request *request,
                                struct store_drop **out)
{
    struct maildir_store *s = maildir_store(base);
    struct maildir_snapshot *cached = store_cache_get(s->cache, request->path);
    if (!cached && request->nowait)
        return STATUS_AGAIN;
    struct maildir_drop *d = drop_new(request->path);
    enum status status = d ? drop_open(s, request, d, cached) : STATUS_NO_MEMORY;
    maildir_snapshot_unref(cached);
    if (status == STATUS_OK) {
        d->base.listing = d->snapshot->listing;
        *out = &d->base;
    } else if (d) {
        drop_free(s, d);
    }
    return as_open_failure(status);
}

static bool maildir_is_dirty(const struct store_drop *base)
{
    return ((const struct maildir_drop *)base)->dirty;
}

/* Without an index everything works but slower: a disk that is full or read-only is told once. */
static void index_write(struct maildir_store *s, const struct maildir_drop *d)
{
    struct store_index_place place;
    if (!store_index_locate(&place, s->index_descriptor, d->directory, d->path))
        return;
    enum status status = store_index_write(&place, d->snapshot);
    if (status == STATUS_OK)
        atomic_store(&s->index_failed, false);
    else if (!atomic_exchange(&s->index_failed, true))
        maildir_notice(&s->observer, "cannot write the index", d->path, slice_str(place.name),
                       status_text(status));
}

static void maildir_close(struct store_drop *base)
{
    struct maildir_store *s = maildir_store(base->store);
    struct maildir_drop *d = maildir_drop(base);
    if (d->dirty && d->directory >= 0)
        index_write(s, d);
    drop_free(s, d);
}

const struct store_driver store_maildir_driver = {
    .name = "maildir",
    .create = maildir_create,
    .destroy = maildir_destroy,
    .open = maildir_open,
    .blob = maildir_blob,
    .lied = maildir_lied,
    .remove = maildir_remove,
    .is_dirty = maildir_is_dirty,
    .close = maildir_close,
};
