#include "store/store_room.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { LARGE = 1024 * 1024, PAGE = 4096 };

void *store_room(size_t size)
{
    void *room = calloc(1, size ? size : 1);
    if (!room || size < LARGE)
        return room;
    uintptr_t from = ((uintptr_t)room + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    uintptr_t to = ((uintptr_t)room + size) & ~(uintptr_t)(PAGE - 1);
    /* Both are wishes: a kernel that does not grant them faults page by page. */
    (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
    (void)madvise((void *)from, to - from, MADV_POPULATE_WRITE);
    return room;
}
