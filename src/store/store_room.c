#include "store/store_room.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Below LARGE the heap is as fast; HUGE_PAGE is what common machines have, and nothing depends on
 * its being right. */
enum { LARGE = 1024 * 1024, HUGE_PAGE = 2 * 1024 * 1024 };

bool store_room_is_large(size_t size)
{
    return size >= LARGE;
}

/* Addresses that start where a huge page may; what is before and behind is given back. */
void *store_room_reserve(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t whole = (size + page - 1) & ~(page - 1);
    char *wide =
        mmap(NULL, whole + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (wide == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)wide & (HUGE_PAGE - 1);
    if (before)
        munmap(wide, before);
    if (before < HUGE_PAGE)
        munmap(wide + before + whole, HUGE_PAGE - before);
    return wide + before;
}

/* Both are wishes: a kernel that does not grant them faults page by page. */
static void bring_in(void *room, size_t size)
{
    (void)madvise(room, size, MADV_HUGEPAGE);
    (void)madvise(room, size, MADV_POPULATE_WRITE);
}

void *store_room_new(size_t size)
{
    if (!store_room_is_large(size))
        return calloc(1, size ? size : 1);
    void *room = store_room_reserve(size);
    if (room)
        bring_in(room, size);
    return room;
}

void store_room_free(void *room, size_t size)
{
    if (!store_room_is_large(size))
        free(room);
    else if (room)
        munmap(room, size);
}
