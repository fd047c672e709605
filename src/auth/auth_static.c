#include "auth/auth_driver.h"

#include <stdlib.h>

struct auth_static {
    struct auth_driver driver;
    const struct auth_static_user *users;
    size_t count;
};

static bool record_of(const struct auth_static_user *user, struct auth_record *out)
{
    const char *why;
    *out = (struct auth_record){
        .name = slice_str(user->name),
        .secret = slice_str(user->secret),
        .uid = UINT32_MAX,
        .gid = UINT32_MAX,
    };
    return auth_hash_parse(out->secret, &out->hash, &why) == STATUS_OK;
}

static enum status find(const struct auth_driver *d, struct slice user, struct auth_record *out)
{
    const struct auth_static *s = (const struct auth_static *)d;
    for (size_t i = 0; i < s->count; i++)
        if (slice_equal(user, slice_str(s->users[i].name)))
            return record_of(&s->users[i], out) ? STATUS_OK : STATUS_PERMANENT;
    return STATUS_NOT_FOUND;
}

static bool decoy(const struct auth_driver *d, uint64_t seed, struct auth_record *out)
{
    const struct auth_static *s = (const struct auth_static *)d;
    return s->count > 0 && record_of(&s->users[seed % s->count], out);
}

static void free_static(struct auth_driver *d)
{
    free(d);
}

static const struct auth_driver_class class = {"static", find, decoy, free_static};

enum status auth_static_new(const struct auth_static_user *users, size_t count,
                            struct auth_driver **out)
{
    struct auth_static *s = malloc(sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    *s = (struct auth_static){{&class}, users, count};
    *out = &s->driver;
    return STATUS_OK;
}
