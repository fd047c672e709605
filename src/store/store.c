#include "store/store_driver.h"

#include "store/store_listing.h"

#include <assert.h>
#include <string.h>

static const struct store_driver *const drivers[] = {&store_memory_driver, &store_maildir_driver};

enum status store_new(const struct store_options *options, struct store **out)
{
    *out = NULL;
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        if (strcmp(drivers[i]->name, options->driver) != 0)
            continue;
        enum status s = drivers[i]->create(options, out);
        if (s == STATUS_OK)
            (*out)->driver = drivers[i];
        return s;
    }
    return STATUS_UNSUPPORTED;
}

void store_free(struct store *s)
{
    if (s)
        s->driver->destroy(s);
}

enum status store_open(struct store *s, const struct store_request *request,
                       struct store_drop **out)
{
    *out = NULL;
    enum status status = s->driver->open(s, request, out);
    if (status == STATUS_OK)
        (*out)->store = s;
    return status;
}

struct store_listing *store_drop_listing(const struct store_drop *d)
{
    return d->listing;
}

enum status store_drop_blob(struct store_drop *d, uint32_t i, size_t inline_limit, bool nowait,
                            struct store_blob *out)
{
    assert(i < store_listing_count(d->listing));
    *out = (struct store_blob){.descriptor = -1};
    return d->store->driver->blob(d, i, inline_limit, nowait, out);
}

void store_drop_lied(struct store_drop *d, uint32_t i)
{
    assert(i < store_listing_count(d->listing));
    d->store->driver->lied(d, i);
}

void store_drop_remove(struct store_drop *d, const uint64_t *marks, struct store_removed *out)
{
    *out = (struct store_removed){0};
    d->store->driver->remove(d, marks, out);
}

bool store_drop_is_dirty(const struct store_drop *d)
{
    return d->store->driver->is_dirty(d);
}

void store_drop_close(struct store_drop *d)
{
    if (d)
        d->store->driver->close(d);
}
