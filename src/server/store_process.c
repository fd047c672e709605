/* store: runs as the mail user; reads what the operator's MTA wrote (file names, octets that it
 * only counts, an index that it never trusts) and never an octet that a POP3 client wrote. Can
 * read and write beneath the maildrops' root and its index directory; has threads and its
 * channels; no network, no programs. */
#include "server/roles.h"
#include "server/store_session.h"

#include "log/log.h"

#include <stdlib.h>
#include <unistd.h>

enum { POOL_THREADS = 4 };

static struct store_process *process_of(struct child *c)
{
    return (struct store_process *)c; /* the first field */
}

static bool auth_message(struct peer *p, const struct ipc_message *m)
{
    return m->type == IPC_OPEN && store_session_open(process_of(p->child), m->payload);
}

static void auth_gone(struct peer *p)
{
    (void)p; /* sessions live on; the master gives us its successor */
}

static bool front_message(struct peer *p, const struct ipc_message *m)
{
    return store_session_request(process_of(p->child), p->channel.peer_index, m);
}

static void front_gone(struct peer *p)
{
    store_session_front_gone(process_of(p->child), p->channel.peer_index);
}

static void add_peer(struct store_process *s, const struct ipc_message *m)
{
    enum ipc_role role;
    uint32_t index;
    if (!peer_parse(m, &role, &index) || index >= STORE_FRONTS_MAX) {
        close(m->descriptor);
        return;
    }
    struct peer *p = role == IPC_AUTH ? &s->auth : &s->fronts[index];
    if (peer_open(p, &s->child, m->descriptor, role, index) != STATUS_OK)
        return;
    p->message = role == IPC_AUTH ? auth_message : front_message;
    p->gone = role == IPC_AUTH ? auth_gone : front_gone;
}

static void message(struct child *child, const struct ipc_message *m)
{
    struct store_process *s = process_of(child);
    if (m->type == IPC_PEER) {
        add_peer(s, m);
    } else if (m->type == IPC_DRAIN) {
        s->draining = true;
        if (s->sessions.count == 0)
            child_stop(child);
    }
}

static enum status configure(struct child *child)
{
    struct store_process *s = process_of(child);
    if (child->fronts > STORE_FRONTS_MAX)
        return STATUS_TOO_LARGE;
    peer_init(&s->auth);
    for (size_t i = 0; i < STORE_FRONTS_MAX; i++)
        peer_init(&s->fronts[i]);
    s->holders = holders_new();
    if (!s->holders)
        return STATUS_NO_MEMORY;
    config_store_root(child->config->store_path ? child->config->store_path : "/", s->root);
    return session_map_init(&s->sessions);
}

static enum status prepare(struct child *child, struct sandbox_paths *paths)
{
    struct store_process *s = process_of(child);
    const struct config *c = child->config;
    size_t n = 0;
    if (strcmp(c->store_driver, "memory") != 0)
        s->writable[n++] = s->root;
    if (c->index_directory)
        s->writable[n++] = c->index_directory;
    *paths = (struct sandbox_paths){s->writable, n};
    return STATUS_OK;
}

static void notice(void *context, const char *what, const char *path, struct slice name,
                   const char *cause)
{
    struct log_line l;
    (void)context;
    log_begin(&l, LOG_LEVEL_WARNING, "store-notice");
    log_str(&l, "what", what);
    if (cause)
        log_str(&l, "cause", cause);
    log_quoted(&l, "path", slice_str(path));
    log_quoted(&l, "name", name);
    log_end(&l);
}

static enum status begin_pool(struct store_process *s, struct store_pool **pool,
                              struct event_source *source,
                              void (*ready)(struct event_source *, uint32_t))
{
    enum status status = store_pool_new(POOL_THREADS, pool);
    if (status != STATUS_OK)
        return status;
    *source = (struct event_source){store_pool_descriptor(*pool), EVENT_READ, ready};
    return event_add(s->child.loop, source);
}

static void opening_ready(struct event_source *source, uint32_t events)
{
    struct store_process *s =
        (struct store_process *)((char *)source - offsetof(struct store_process, opening_source));
    (void)events;
    store_pool_finish(s->opening);
}

static void serving_ready(struct event_source *source, uint32_t events)
{
    struct store_process *s =
        (struct store_process *)((char *)source - offsetof(struct store_process, serving_source));
    (void)events;
    store_pool_finish(s->serving);
}

static enum status begin(struct child *child)
{
    struct store_process *s = process_of(child);
    const struct config *c = child->config;
    struct store_options options = {
        .driver = c->store_driver,
        .root = s->root,
        .index_directory = c->index_directory,
        .uidl_keep = c->uidl_keep,
        .cache_octets = c->cache_octets,
        .observer = {s, notice},
    };
    enum status status = store_new(&options, &s->store);
    if (status == STATUS_OK)
        status = begin_pool(s, &s->opening, &s->opening_source, opening_ready);
    if (status == STATUS_OK)
        status = begin_pool(s, &s->serving, &s->serving_source, serving_ready);
    return status;
}

static const struct child_role role = {
    .name = "store",
    .role = IPC_STORE,
    .sandbox = SANDBOX_STORE,
    .configure = configure,
    .message = message,
    .prepare = prepare,
    .begin = begin,
};

int store_main(void)
{
    struct store_process *s = calloc(1, sizeof *s);
    if (!s)
        return 71;
    s->child.role = &role;
    return child_run(&s->child);
}
