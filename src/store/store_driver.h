/* store_driver: what a kind of maildrop must offer to stand behind store.h.
 *
 * A driver's own store and drop structures start with struct store and struct store_drop. The
 * contract of every function is that of its namesake in store.h; store.c checks the arguments
 * that can be checked without knowing the driver. */
#ifndef POPLIN_STORE_STORE_DRIVER_H
#define POPLIN_STORE_STORE_DRIVER_H

#include "store/store.h"

struct store_driver {
    const char *name;
    enum status (*create)(const struct store_options *options, struct store **out);
    void (*destroy)(struct store *s);
    enum status (*open)(struct store *s, const struct store_request *request,
                        struct store_drop **out);
    enum status (*blob)(struct store_drop *d, uint32_t i, size_t inline_limit, bool nowait,
                        struct store_blob *out);
    void (*lied)(struct store_drop *d, uint32_t i);
    void (*remove)(struct store_drop *d, const uint64_t *marks, struct store_removed *out);
    bool (*is_dirty)(const struct store_drop *d);
    void (*close)(struct store_drop *d);
};

struct store {
    const struct store_driver *driver; /* set by store_new */
};

struct store_drop {
    struct store *store;           /* set by store_open */
    struct store_listing *listing; /* one reference, the driver's */
};

static inline bool store_marked(const uint64_t *marks, uint32_t i)
{
    return (marks[i / 64] >> (i % 64)) & 1;
}

extern const struct store_driver store_memory_driver;
extern const struct store_driver store_maildir_driver;

#endif
