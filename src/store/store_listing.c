#include "store/store_listing.h"

#include "store/store_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(sizeof(struct store_row) == 80, "rows cross process borders as they are");

struct store_listing {
    atomic_uint references;
    atomic_int descriptor; /* the memfd, -1 while nobody asked for it */
    uint32_t count;
    uint64_t octets;
    struct store_row rows[];
};

/* Descriptors are the process's, so is their number. */
static atomic_uint open_memfds;

struct store_listing *store_listing_new(uint32_t count)
{
    struct store_listing *l = store_room(sizeof *l + (size_t)count * sizeof(struct store_row));
    if (!l)
        return NULL;
    atomic_init(&l->references, 1);
    atomic_init(&l->descriptor, -1);
    l->count = count;
    return l;
}

struct store_row *store_listing_fill(struct store_listing *l)
{
    return l->rows;
}

void store_listing_finish(struct store_listing *l)
{
    l->octets = 0;
    for (uint32_t i = 0; i < l->count; i++)
        l->octets += l->rows[i].octets;
}

struct store_listing *store_listing_ref(struct store_listing *l)
{
    atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
    return l;
}

void store_listing_unref(struct store_listing *l)
{
    if (!l || atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) != 1)
        return;
    store_listing_memfd_close(l);
    free(l);
}

unsigned store_listing_memfd_count(void)
{
    return atomic_load(&open_memfds);
}

void store_listing_memfd_close(struct store_listing *l)
{
    int descriptor = atomic_exchange(&l->descriptor, -1);
    if (descriptor < 0)
        return;
    close(descriptor);
    atomic_fetch_sub(&open_memfds, 1);
}

size_t store_listing_footprint(const struct store_listing *l)
{
    return sizeof *l + 2 * (size_t)l->count * sizeof(struct store_row);
}

uint32_t store_listing_count(const struct store_listing *l)
{
    return l->count;
}

uint64_t store_listing_octets(const struct store_listing *l)
{
    return l->octets;
}

const struct store_row *store_listing_rows(const struct store_listing *l)
{
    return l->rows;
}

static bool write_whole(int descriptor, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(descriptor, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

/* The seals forbid the receiver to change what it shares with us, and us to shrink what it may
 * have mapped. */
static int make_memfd(const struct store_listing *l)
{
    int fd = memfd_create("listing", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (write_whole(fd, (const char *)l->rows, (size_t)l->count * sizeof(struct store_row)) &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

enum status store_listing_memfd(struct store_listing *l, int *descriptor)
{
    int fd = atomic_load(&l->descriptor);
    if (fd < 0) {
        int made = make_memfd(l);
        if (made < 0)
            return status_from_errno(errno);
        if (atomic_compare_exchange_strong(&l->descriptor, &fd, made)) {
            fd = made;
            atomic_fetch_add(&open_memfds, 1);
        } else {
            close(made); /* another thread was faster: its descriptor is in fd */
        }
    }
    *descriptor = fd;
    return STATUS_OK;
}
