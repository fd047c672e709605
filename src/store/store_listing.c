#include "store/store_listing.h"

#include "store/store_room.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 1024 /* rows */ };

_Static_assert(sizeof(struct store_row) == 80, "rows cross process borders as they are");

struct store_listing {
    atomic_uint references;
    atomic_int descriptor; /* the memfd, -1 while there is none */
    uint32_t count;
    uint64_t octets;
    struct store_row *rows; /* a store_room, or as large a mapping */
    bool is_lazy;
    atomic_bool is_filled; /* the rows are there */
    pthread_mutex_t filling;
    struct store_listing_source source;
};

/* Descriptors are the process's, so is their number. */
static atomic_uint open_memfds;

static size_t rows_size(const struct store_listing *l)
{
    return (size_t)l->count * sizeof(struct store_row);
}

static struct store_listing *listing_new(uint32_t count, bool lazy)
{
    struct store_listing *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    atomic_init(&l->references, 1);
    atomic_init(&l->descriptor, -1);
    atomic_init(&l->is_filled, !lazy);
    pthread_mutex_init(&l->filling, NULL);
    l->count = count;
    l->is_lazy = lazy;
    l->rows = lazy ? store_room_reserve(rows_size(l)) : store_room_new(rows_size(l));
    if (l->rows)
        return l;
    free(l);
    return NULL;
}

struct store_listing *store_listing_new(uint32_t count)
{
    return listing_new(count, false);
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

/* A small one is made at once: laziness costs more than it saves. */
struct store_listing *store_listing_new_lazy(uint32_t count, uint64_t octets,
                                             struct store_listing_source source)
{
    bool lazy = store_room_is_large(count * sizeof(struct store_row));
    struct store_listing *l = listing_new(count, lazy);
    if (!l)
        return NULL;
    l->octets = octets;
    l->source = source;
    if (!lazy)
        source.fill(source.context, l->rows, 0, count);
    return l;
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
    store_room_free(l->rows, rows_size(l));
    pthread_mutex_destroy(&l->filling);
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
    return sizeof *l + (l->is_lazy ? 1 : 2) * rows_size(l);
}

uint32_t store_listing_count(const struct store_listing *l)
{
    return l->count;
}

uint64_t store_listing_octets(const struct store_listing *l)
{
    return l->octets;
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

static bool write_rows(const struct store_listing *l, int descriptor)
{
    return write_whole(descriptor, (const char *)l->rows, rows_size(l));
}

/* Piece by piece, each of which stays in the processor's cache. */
static bool write_source(const struct store_listing *l, int descriptor)
{
    struct store_row *rows = malloc(PIECE * sizeof *rows);
    bool done = rows != NULL;
    for (uint32_t first = 0; done && first < l->count; first += PIECE) {
        uint32_t count = l->count - first < PIECE ? l->count - first : PIECE;
        memset(rows, 0, count * sizeof *rows);
        l->source.fill(l->source.context, rows, first, count);
        done = write_whole(descriptor, (const char *)rows, count * sizeof *rows);
    }
    free(rows);
    return done;
}

/* The seals forbid the receiver to change what it shares with us, and us to shrink what it may
 * have mapped. */
static int make_memfd(const struct store_listing *l,
                      bool (*write_to)(const struct store_listing *l, int descriptor))
{
    int fd = memfd_create("listing", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (write_to(l, fd) &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Takes over the descriptor; which one it is now, where another thread was faster. */
static int keep_memfd(struct store_listing *l, int made)
{
    int fd = -1;
    if (atomic_compare_exchange_strong(&l->descriptor, &fd, made)) {
        atomic_fetch_add(&open_memfds, 1);
        return made;
    }
    close(made);
    return fd;
}

/* In the place of the room that was kept free for them. */
static bool map_rows(struct store_listing *l, int descriptor)
{
    void *rows = mmap(NULL, rows_size(l), PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (rows == MAP_FAILED)
        return false;
    store_room_free(l->rows, rows_size(l));
    l->rows = rows;
    return true;
}

/* In the memfd that the next one will ask for, which spares a copy; where there can be none, in
 * memory. */
static void fill_rows(struct store_listing *l)
{
    pthread_mutex_lock(&l->filling);
    if (!atomic_load(&l->is_filled)) {
        int fd = make_memfd(l, write_source);
        if (fd < 0 || !map_rows(l, fd))
            l->source.fill(l->source.context, l->rows, 0, l->count);
        if (fd >= 0)
            keep_memfd(l, fd);
        atomic_store(&l->is_filled, true);
    }
    pthread_mutex_unlock(&l->filling);
}

const struct store_row *store_listing_rows(struct store_listing *l)
{
    if (!atomic_load_explicit(&l->is_filled, memory_order_acquire))
        fill_rows(l);
    return l->rows;
}

bool store_listing_is_ready(const struct store_listing *l)
{
    return atomic_load(&l->is_filled);
}

enum status store_listing_memfd(struct store_listing *l, int *descriptor)
{
    (void)store_listing_rows(l);
    int fd = atomic_load(&l->descriptor);
    if (fd < 0) {
        int made = make_memfd(l, write_rows);
        if (made < 0)
            return status_from_errno(errno);
        fd = keep_memfd(l, made);
    }
    *descriptor = fd;
    return STATUS_OK;
}
