/* auth_table: a map from 64-bit keys to two numbers, open-addressed, growing. Keys that strangers
 * choose are hashed under a secret key before they come here. */
#ifndef POPLIN_AUTH_AUTH_TABLE_H
#define POPLIN_AUTH_AUTH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth_entry {
    uint64_t key, a, b;
    bool used;
};

struct auth_table {
    struct auth_entry *entries;
    size_t count, slots;
};

/* NULL: not there. The pointer lives until the next add or remove. */
struct auth_entry *auth_table_find(const struct auth_table *t, uint64_t key);
/* The entry of key, zeroed when it is new; NULL: no memory. */
struct auth_entry *auth_table_add(struct auth_table *t, uint64_t key);
void auth_table_remove(struct auth_table *t, struct auth_entry *e);
void auth_table_wipe(struct auth_table *t);

#endif
