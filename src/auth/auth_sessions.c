#include "auth/auth_sessions.h"

static bool is_full(const struct auth_table *t, uint64_t key, uint32_t limit)
{
    const struct auth_entry *e = auth_table_find(t, key);
    return limit && e && e->a >= limit;
}

const char *auth_sessions_full(const struct auth_sessions *s,
                               const struct auth_sessions_limits *limits, uint64_t address,
                               uint64_t user)
{
    if (limits->sessions && s->sessions.count >= limits->sessions)
        return "sessions";
    if (is_full(&s->per_address, address, limits->per_address))
        return "per-address";
    if (is_full(&s->per_user, user, limits->per_user))
        return "per-user";
    return NULL;
}

static void less(struct auth_table *t, uint64_t key)
{
    struct auth_entry *e = auth_table_find(t, key);
    if (e && --e->a == 0)
        auth_table_remove(t, e);
}

static bool more(struct auth_table *t, uint64_t key)
{
    struct auth_entry *e = auth_table_add(t, key);
    if (e)
        e->a++;
    return e;
}

enum status auth_sessions_begin(struct auth_sessions *s, uint64_t id, uint64_t address,
                                uint64_t user)
{
    if (auth_table_find(&s->sessions, id))
        return STATUS_EXISTS;
    struct auth_entry *e = auth_table_add(&s->sessions, id);
    if (!e)
        return STATUS_NO_MEMORY;
    e->a = address;
    e->b = user;
    bool is_counted = more(&s->per_address, address);
    if (is_counted && more(&s->per_user, user))
        return STATUS_OK;
    if (is_counted)
        less(&s->per_address, address);
    auth_table_remove(&s->sessions, e);
    return STATUS_NO_MEMORY;
}

void auth_sessions_end(struct auth_sessions *s, uint64_t id)
{
    struct auth_entry *e = auth_table_find(&s->sessions, id);
    if (!e)
        return;
    less(&s->per_address, e->a);
    less(&s->per_user, e->b);
    auth_table_remove(&s->sessions, e);
}

void auth_sessions_wipe(struct auth_sessions *s)
{
    auth_table_wipe(&s->sessions);
    auth_table_wipe(&s->per_address);
    auth_table_wipe(&s->per_user);
}
