/* store_room: memory for arrays that may be large. */
#ifndef POPLIN_STORE_STORE_ROOM_H
#define POPLIN_STORE_STORE_ROOM_H

#include <stddef.h>

/* Zeroed like calloc's, to be freed with free; NULL when there is none. A large one is brought in
 * at once, which costs a fraction of one fault a page. */
void *store_room(size_t size);

#endif
