#include "client/listing.h"

#include <stdlib.h>
#include <string.h>

struct listing_entry {
    uint64_t octets; /* UINT64_MAX: not said */
    uint32_t name;   /* offset in names plus 1; 0: none */
    uint32_t name_size;
};

void listing_init(struct listing *l)
{
    *l = (struct listing){0};
}

void listing_wipe(struct listing *l)
{
    free(l->entries);
    free(l->names);
    listing_init(l);
}

bool listing_has_room(uint32_t count)
{
    return count <= LISTING_MEMORY / sizeof(struct listing_entry);
}

void listing_stat(struct listing *l, const struct pop3_stat *stat)
{
    l->has_stat = true;
    l->count = stat->count;
    l->octets = stat->octets;
}

/* Twice what there is, or as much as the limit leaves; 0: not even what is needed. */
static size_t grown(size_t capacity, size_t needed, size_t least, size_t limit)
{
    size_t more = capacity ? capacity : least;
    while (more < needed)
        more *= 2;
    if (more > limit)
        more = limit;
    return more < needed ? 0 : more;
}

static enum status grow_entries(struct listing *l, uint32_t number)
{
    if (number > l->capacity) {
        size_t limit = (LISTING_MEMORY - l->names_capacity) / sizeof(struct listing_entry);
        size_t capacity = grown(l->capacity, number, 256, limit);
        if (capacity == 0)
            return STATUS_TOO_LARGE;
        struct listing_entry *e = realloc(l->entries, capacity * sizeof *e);
        if (!e)
            return STATUS_NO_MEMORY;
        l->entries = e;
        l->capacity = (uint32_t)capacity;
    }
    for (; l->size < number; l->size++)
        l->entries[l->size] = (struct listing_entry){UINT64_MAX, 0, 0};
    return STATUS_OK;
}

static enum status add_name(struct listing *l, struct listing_entry *e, struct slice name)
{
    size_t needed = l->names_size + name.size;
    if (needed > l->names_capacity) {
        size_t limit = LISTING_MEMORY - l->capacity * sizeof(struct listing_entry);
        size_t capacity = grown(l->names_capacity, needed, 16384, limit);
        if (capacity == 0)
            return STATUS_TOO_LARGE;
        char *names = realloc(l->names, capacity);
        if (!names)
            return STATUS_NO_MEMORY;
        l->names = names;
        l->names_capacity = capacity;
    }
    memcpy(l->names + l->names_size, name.data, name.size);
    e->name = (uint32_t)l->names_size + 1;
    e->name_size = (uint32_t)name.size;
    l->names_size = needed;
    return STATUS_OK;
}

enum status listing_add(struct listing *l, bool is_uidl, const struct pop3_row *row,
                        enum pop3_fault fault)
{
    bool useless = row->number == 0 || (l->has_stat && row->number > l->count) ||
                   (fault != POP3_FAULT_NONE && fault != POP3_FAULT_SIZE);
    if (useless) {
        l->faulty_rows++;
        return STATUS_OK;
    }
    enum status s = grow_entries(l, row->number);
    if (s != STATUS_OK)
        return s;
    struct listing_entry *e = &l->entries[row->number - 1];
    bool is_twice = is_uidl ? e->name != 0 : e->octets != UINT64_MAX;
    if (is_twice) {
        l->faulty_rows++;
        return STATUS_OK;
    }
    if (!is_uidl)
        e->octets = fault == POP3_FAULT_SIZE ? UINT64_MAX : row->size;
    else if (row->uid.size > 0)
        return add_name(l, e, row->uid);
    return STATUS_OK;
}

void listing_end(struct listing *l, uint64_t rows)
{
    l->empty += rows == 0;
}

bool listing_contradicts_itself(const struct listing *l)
{
    return l->has_stat && l->count > 0 && l->empty == 2;
}

enum status listing_messages(const struct listing *l, struct plan_message **out, size_t *count)
{
    /* STAT alone is a claim; it is believed as far as a listing of such a size would be. */
    size_t n = l->size;
    if (l->has_stat && l->count > n && listing_has_room(l->count))
        n = l->count;
    struct plan_message *m = calloc(n ? n : 1, sizeof *m);
    if (!m)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct listing_entry none = {UINT64_MAX, 0, 0};
        const struct listing_entry *e = i < l->size ? &l->entries[i] : &none;
        m[i].number = (uint32_t)i + 1;
        m[i].octets = e->octets;
        m[i].uidl = e->name ? slice_of(l->names + e->name - 1, e->name_size) : slice_of("", 0);
    }
    *out = m;
    *count = n;
    return STATUS_OK;
}
