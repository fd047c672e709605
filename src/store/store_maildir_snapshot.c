#include "store/store_maildir.h"

#include "store/store_room.h"
#include "store/store_uidl.h"
#include "store/store_uidlist.h"

#include <assert.h>
#include <stdlib.h>

enum { TRIES = 3 };

struct maildir_snapshot *maildir_snapshot_new_unlisted(uint32_t count)
{
    struct maildir_snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->references, 1);
    s->count = count;
    s->messages = store_room_new(count * sizeof *s->messages);
    if (s->messages)
        return s;
    free(s);
    return NULL;
}

struct maildir_snapshot *maildir_snapshot_new(uint32_t count)
{
    struct maildir_snapshot *s = maildir_snapshot_new_unlisted(count);
    if (!s)
        return NULL;
    s->listing = store_listing_new(count);
    if (s->listing)
        return s;
    maildir_snapshot_unref(s);
    return NULL;
}

struct maildir_snapshot *maildir_snapshot_ref(struct maildir_snapshot *s)
{
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    return s;
}

void maildir_snapshot_unref(struct maildir_snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
        return;
    store_listing_unref(s->listing);
    store_room_free(s->messages, s->count * sizeof *s->messages);
    store_room_free(s->file, s->file_size);
    store_arena_wipe(&s->arena);
    free(s);
}

uint32_t maildir_snapshot_count(const struct maildir_snapshot *s)
{
    return s->count;
}

size_t maildir_snapshot_footprint(const struct maildir_snapshot *s)
{
    return sizeof *s + store_listing_footprint(s->listing) +
           maildir_snapshot_count(s) * sizeof *s->messages + s->file_size + s->arena.octets;
}

bool maildir_snapshot_is_current(const struct maildir_snapshot *s, const struct maildir_stamps *now)
{
    return s->settled && !atomic_load(&s->suspect) && memcmp(&s->stamps, now, sizeof *now) == 0;
}

/* --- sizes that are known already --- */

/* The known messages by their names' order, which is the scan's; with kept UIDLs the listing's
 * order is another. */
struct known {
    const struct maildir_snapshot *snapshot;
    struct maildir_found *sorted; /* rank: the message's place in the snapshot */
    size_t count;
};

static int compare_known(const void *left, const void *right)
{
    struct maildir_found a = *(const struct maildir_found *)left;
    struct maildir_found b = *(const struct maildir_found *)right;
    a.rank = b.rank = 0;
    return maildir_found_compare(&a, &b);
}

static enum status known_init(struct known *k, const struct maildir_snapshot *snapshot)
{
    *k = (struct known){.snapshot = snapshot};
    size_t count = snapshot ? maildir_snapshot_count(snapshot) : 0;
    if (count == 0)
        return STATUS_OK;
    k->sorted = calloc(count, sizeof *k->sorted);
    if (!k->sorted)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct maildir_message *m = &snapshot->messages[i];
        struct maildir_found *f = &k->sorted[k->count++];
        maildir_found_parse(f, m->name, m->name_size);
        f->folder = m->folder;
        f->rank = i;
    }
    if (snapshot->kept)
        qsort(k->sorted, k->count, sizeof *k->sorted, compare_known);
    return STATUS_OK;
}

static int compare_bases(const struct maildir_found *left, const struct maildir_found *right)
{
    struct maildir_found a = *left;
    struct maildir_found b = *right;
    a.rank = b.rank = 0;
    a.folder = b.folder = 0;
    a.name_size = a.base_size;
    b.name_size = b.base_size;
    return maildir_found_compare(&a, &b);
}

/* A size goes with the base name; where that stands for two files it goes with none. */
static bool is_twin(const struct maildir_found *f, size_t i, size_t count)
{
    struct slice base = maildir_found_base(&f[i]);
    return (i > 0 && slice_equal(maildir_found_base(&f[i - 1]), base)) ||
           (i + 1 < count && slice_equal(maildir_found_base(&f[i + 1]), base));
}

static enum status adopt(struct maildir_scan *scan, const struct maildir_snapshot *snapshot,
                         struct maildir_found *f, size_t i, bool kept)
{
    const struct store_row *row = &store_listing_rows(snapshot->listing)[i];
    if (!atomic_load(&snapshot->messages[i].suspect)) {
        f->stored = snapshot->messages[i].stored;
        f->octets = row->octets;
        f->needs = row->needs;
        f->state = FOUND_KNOWN;
    }
    if (!kept || !snapshot->kept)
        return STATUS_OK;
    /* Announced once, it stays, whatever a list says of it later (S17). */
    struct slice uidl = store_uidl_get(row);
    char *copy = store_arena_put(&scan->arena, uidl);
    if (!copy)
        return STATUS_NO_MEMORY;
    f->kept = slice_of(copy, uidl.size);
    f->is_sure = true;
    return STATUS_OK;
}

/* Both are in the order of their names: one walk over both. */
static enum status adopt_known(struct maildir_scan *scan, const struct known *k, bool kept)
{
    size_t at = 0;
    for (size_t i = 0; i < scan->count; i++) {
        struct maildir_found *f = &scan->found[i];
        while (at < k->count && compare_bases(&k->sorted[at], f) < 0)
            at++;
        if (at == k->count)
            return STATUS_OK;
        if (compare_bases(&k->sorted[at], f) != 0 || is_twin(scan->found, i, scan->count) ||
            is_twin(k->sorted, at, k->count))
            continue;
        enum status s = adopt(scan, k->snapshot, f, (size_t)k->sorted[at].rank, kept);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* --- what was found into rows --- */

static bool is_listed(const struct maildir_found *f)
{
    return f->state == FOUND_KNOWN;
}

static void fill_message(struct maildir_message *m, struct store_row *row,
                         const struct maildir_found *f)
{
    m->name = f->name;
    m->stored = f->stored;
    m->name_size = f->name_size;
    m->base_size = f->base_size;
    m->folder = f->folder;
    atomic_init(&m->suspect, false);
    row->octets = f->octets;
    row->needs = f->needs;
}

static enum status fill(struct maildir_snapshot *s, const struct maildir_scan *scan)
{
    uint32_t count = maildir_snapshot_count(s);
    struct store_row *rows = store_listing_fill(s->listing);
    struct store_uidl_wish *wishes = calloc(count ? count : 1, sizeof *wishes);
    if (!wishes)
        return STATUS_NO_MEMORY;
    uint32_t n = 0;
    for (size_t i = 0; i < scan->count; i++) {
        const struct maildir_found *f = &scan->found[i];
        if (!is_listed(f))
            continue;
        fill_message(&s->messages[n], &rows[n], f);
        wishes[n] = (struct store_uidl_wish){
            .name = maildir_found_base(f), .kept = f->kept, .is_foreign = f->is_foreign};
        n++;
    }
    assert(n == count);
    enum status status = store_uidl_assign(wishes, rows, count);
    free(wishes);
    return status;
}

static enum status make_snapshot(struct maildir_scan *scan, bool kept,
                                 struct maildir_snapshot **out)
{
    uint32_t count = 0;
    for (size_t i = 0; i < scan->count; i++)
        count += is_listed(&scan->found[i]);
    struct maildir_snapshot *s = maildir_snapshot_new(count);
    if (!s)
        return STATUS_NO_MEMORY;
    enum status status = fill(s, scan);
    if (status != STATUS_OK) {
        maildir_snapshot_unref(s);
        return status;
    }
    store_listing_finish(s->listing);
    s->stamps = scan->stamps;
    s->settled = scan->settled;
    s->kept = kept;
    s->arena = scan->arena;
    scan->arena = (struct store_arena){0};
    *out = s;
    return STATUS_OK;
}

/* What a counting thread found in a header is malloc'd: into the arena with it. */
static enum status settle_headers(struct maildir_scan *scan, const bool *unknown)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < scan->count; i++) {
        struct maildir_found *f = &scan->found[i];
        if (!unknown[i] || f->kept.size == 0)
            continue;
        char *copy = store_arena_put(&scan->arena, f->kept);
        if (!copy)
            status = STATUS_NO_MEMORY;
        free((char *)f->kept.data);
        f->kept = slice_of(copy, copy ? f->kept.size : 0);
        f->is_foreign = f->kept.size > 0;
    }
    return status;
}

static bool *headers_wanted(const struct maildir_scan *scan)
{
    bool *wanted = calloc(scan->count ? scan->count : 1, sizeof *wanted);
    for (size_t i = 0; wanted && i < scan->count; i++)
        wanted[i] = scan->found[i].state == FOUND_UNKNOWN && scan->found[i].kept.size == 0;
    return wanted;
}

static enum status count_scan(struct maildir_store *store, struct maildir_scan *scan, int directory,
                              const char *path)
{
    if (!store->uidl_keep)
        return maildir_counter_run(store->counter, scan, directory, path, false);
    bool *wanted = headers_wanted(scan);
    if (!wanted)
        return STATUS_NO_MEMORY;
    enum status s = maildir_counter_run(store->counter, scan, directory, path, true);
    enum status settled = settle_headers(scan, wanted);
    free(wanted);
    return s != STATUS_OK ? s : settled;
}

static uint64_t stored_octets(const struct maildir_scan *scan)
{
    uint64_t octets = 0;
    for (size_t i = 0; i < scan->count; i++)
        octets += scan->found[i].stored;
    return octets;
}

/* Some file was no longer there when it was to be counted: it may have moved. */
static bool has_gone(const struct maildir_scan *scan)
{
    for (size_t i = 0; i < scan->count; i++)
        if (scan->found[i].state == FOUND_GONE)
            return true;
    return false;
}

static enum status build_once(struct maildir_store *store, int directory, const char *path,
                              const struct maildir_snapshot *known, struct maildir_scan *scan,
                              uint64_t *counted)
{
    struct known k;
    enum status s = maildir_scan_read(scan, store->uidl_keep, directory, path, &store->observer);
    if (s == STATUS_OK)
        s = known_init(&k, known);
    if (s != STATUS_OK)
        return s;
    s = adopt_known(scan, &k, store->uidl_keep);
    free(k.sorted);
    if (s == STATUS_OK && store->uidl_keep)
        s = store_uidlist_apply(scan, &store->observer, directory, path);
    uint64_t adopted = stored_octets(scan);
    if (s == STATUS_OK)
        s = count_scan(store, scan, directory, path);
    *counted += stored_octets(scan) - adopted;
    if (s == STATUS_OK && store->uidl_keep)
        maildir_scan_sort(scan);
    return s;
}

/* A file that moved between the reading of the folder and its counting must not be missing in the
 * listing: what is there is counted, then the folders are read again, with those sizes known. */
enum status maildir_snapshot_build(struct maildir_store *store, int directory, const char *path,
                                   const struct maildir_snapshot *known,
                                   struct maildir_snapshot **out, uint64_t *counted)
{
    struct maildir_snapshot *made = NULL;
    enum status s = STATUS_OK;
    *counted = 0;
    bool gone = true;
    for (int i = 0; i < TRIES && gone && s == STATUS_OK; i++) {
        struct maildir_scan scan = {0};
        struct maildir_snapshot *next = NULL;
        s = build_once(store, directory, path, made ? made : known, &scan, counted);
        if (s == STATUS_OK) {
            gone = has_gone(&scan);
            scan.settled = scan.settled && !gone;
            s = make_snapshot(&scan, store->uidl_keep, &next);
        }
        maildir_scan_wipe(&scan);
        maildir_snapshot_unref(made);
        made = next;
    }
    *out = made;
    return s;
}
