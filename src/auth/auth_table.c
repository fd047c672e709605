#include "auth/auth_table.h"

#include <stdlib.h>

static size_t home_of(const struct auth_table *t, uint64_t key)
{
    return (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & (t->slots - 1);
}

static struct auth_entry *slot_for(const struct auth_table *t, uint64_t key)
{
    size_t i = home_of(t, key);
    while (t->entries[i].used && t->entries[i].key != key)
        i = (i + 1) & (t->slots - 1);
    return &t->entries[i];
}

struct auth_entry *auth_table_find(const struct auth_table *t, uint64_t key)
{
    struct auth_entry *e = t->slots ? slot_for(t, key) : NULL;
    return e && e->used ? e : NULL;
}

static bool grow(struct auth_table *t)
{
    struct auth_table larger = {.count = t->count, .slots = t->slots ? t->slots * 2 : 64};
    larger.entries = calloc(larger.slots, sizeof *larger.entries);
    if (!larger.entries)
        return false;
    for (size_t i = 0; i < t->slots; i++)
        if (t->entries[i].used)
            *slot_for(&larger, t->entries[i].key) = t->entries[i];
    free(t->entries);
    *t = larger;
    return true;
}

struct auth_entry *auth_table_add(struct auth_table *t, uint64_t key)
{
    struct auth_entry *e = auth_table_find(t, key);
    if (e)
        return e;
    if (t->count * 2 >= t->slots && !grow(t))
        return NULL;
    e = slot_for(t, key);
    *e = (struct auth_entry){.key = key, .used = true};
    t->count++;
    return e;
}

/* Those behind the hole that could no longer be reached move into it. */
void auth_table_remove(struct auth_table *t, struct auth_entry *e)
{
    size_t mask = t->slots - 1, hole = (size_t)(e - t->entries);
    for (size_t i = (hole + 1) & mask; t->entries[i].used; i = (i + 1) & mask) {
        size_t home = home_of(t, t->entries[i].key);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            t->entries[hole] = t->entries[i];
            hole = i;
        }
    }
    t->entries[hole].used = false;
    t->count--;
}

void auth_table_wipe(struct auth_table *t)
{
    free(t->entries);
    *t = (struct auth_table){0};
}
