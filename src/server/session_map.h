/* session_map: finds what auth and store keep for a session by the front it belongs to and its
 * number. Entries are fields of their owners. */
#ifndef POPLIN_SERVER_SESSION_MAP_H
#define POPLIN_SERVER_SESSION_MAP_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct session_entry {
    struct session_entry *next;
    uint32_t front;
    uint64_t session;
};

struct session_map {
    struct session_entry **buckets;
    size_t bucket_count, count;
};

enum status session_map_init(struct session_map *m);
void session_map_wipe(struct session_map *m); /* the entries are their owners' */
/* The map grows as it can; adding never fails. The key must not be there. */
void session_map_add(struct session_map *m, struct session_entry *e);
struct session_entry *session_map_find(const struct session_map *m, uint32_t front,
                                       uint64_t session);
void session_map_remove(struct session_map *m, struct session_entry *e);
/* Calls visit for every entry of a front; visit may remove and free any entries. */
enum status session_map_each_of(struct session_map *m, uint32_t front,
                                void (*visit)(struct session_entry *e, void *context),
                                void *context);

#endif
