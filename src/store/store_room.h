/* store_room: memory for arrays that may be large. */
#ifndef POPLIN_STORE_STORE_ROOM_H
#define POPLIN_STORE_STORE_ROOM_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed; NULL when there is none. A large one is brought in at once, in pages as large as the
 * kernel has, which costs a fraction of one fault for each small page. */
void *store_room_new(size_t size);

/* `size` as it was asked for; NULL is allowed. */
void store_room_free(void *room, size_t size);

/* Worth a mapping of its own. */
bool store_room_is_large(size_t size);

/* The same for a large one that may never be needed: its pages come when they are touched. */
void *store_room_reserve(size_t size);

#endif
