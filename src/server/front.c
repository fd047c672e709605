/* front: runs as the unprivileged user; parses hostile bytes (TLS, POP3 lines). Can read and write
 * its accepted sockets, its channels to auth, store and master, and descriptors of messages that
 * store sends. Cannot open a path, make a socket, start a program or signal a process. */
#include "server/front.h"

#include "log/log.h"
#include "server/roles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DESCRIPTORS_KEPT = 256, /* for listeners, channels, and messages under way */
    ACCEPT_BURST = 64,
    PAUSE = 100,      /* ms without accepting when descriptors are exhausted */
    DRAIN_LOOK = 100, /* ms between looks for sessions that became idle */
};

static struct front *front_of(struct child *c)
{
    return (struct front *)c; /* the first field */
}

/* A front's share of a limit on all; a client's connections spread over the fronts by chance, so
 * small limits get some room for uneven luck. */
static uint32_t share(uint32_t limit, uint32_t fronts)
{
    uint32_t even = (limit + fronts - 1) / fronts;
    uint32_t luck = 0;
    while (luck * luck < limit)
        luck++;
    return fronts == 1 ? limit : even + luck < limit ? even + luck : limit;
}

static uint32_t descriptor_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) < 0)
        return 1024;
    return r.rlim_cur > 1u << 20 ? 1u << 20 : (uint32_t)r.rlim_cur;
}

/* The strongest first; each SCRAM with its binding form in front, which only TLS can have. */
static void list_mechanisms(struct front *f, uint32_t bits)
{
    static const char *const names[CONFIG_MECHANISM_COUNT] = {
        [CONFIG_MECHANISM_SCRAM_SHA_512] = "SCRAM-SHA-512-PLUS SCRAM-SHA-512",
        [CONFIG_MECHANISM_SCRAM_SHA_256] = "SCRAM-SHA-256-PLUS SCRAM-SHA-256",
        [CONFIG_MECHANISM_SCRAM_SHA_1] = "SCRAM-SHA-1-PLUS SCRAM-SHA-1",
        [CONFIG_MECHANISM_PLAIN] = "PLAIN",
        [CONFIG_MECHANISM_LOGIN] = "LOGIN",
    };
    struct buf b = buf_over(f->mechanisms, sizeof f->mechanisms - 1);
    for (int i = 0; i < CONFIG_MECHANISM_COUNT; i++)
        if (bits & 1u << i)
            buf_printf(&b, "%s%s", b.size ? " " : "", names[i]);
    f->mechanisms[b.size] = '\0';
}

static void describe(struct front *f)
{
    const struct config *config = f->child.config;
    snprintf(f->greeting, sizeof f->greeting, "%.150s POP3 ready", config->hostname);
    list_mechanisms(f, config->mechanisms);
    f->options = (struct pop3_server_options){
        .greeting = f->greeting,
        .implementation = "Poplin-" POPLIN_VERSION,
        .mechanisms = f->mechanisms,
        .expire_days = config->expire_days,
        .login_delay = config->login_delay,
        .bad_before_login = (uint8_t)config->limits.bad_commands_before_login,
        .bad_after_login = (uint8_t)config->limits.bad_commands_after_login,
    };
}

/* A front that is started anew does not give the numbers of its predecessor, whose sessions may
 * still be ending. Numbers have 56 bits, the lowest 20 are the descriptor's. */
static enum status begin_serial(struct front *f)
{
    if (getrandom(&f->serial, sizeof f->serial, 0) != (ssize_t)sizeof f->serial)
        return STATUS_IO;
    f->serial &= (UINT64_C(1) << 35) - 1;
    return STATUS_OK;
}

static enum status configure(struct child *child)
{
    struct front *f = front_of(child);
    const struct config *config = child->config;
    uint32_t fronts = child->fronts ? child->fronts : 1;
    if (child->stores > FRONT_STORES_MAX)
        return STATUS_TOO_LARGE;
    f->input = malloc(FRONT_READ);
    f->chunk = malloc(FRONT_CHUNK);
    f->out = buf_over(malloc(FRONT_OUT), FRONT_OUT);
    if (!f->input || !f->chunk || !f->out.data)
        return STATUS_NO_MEMORY;
    if (begin_serial(f) != STATUS_OK)
        return STATUS_IO;
    tls_global_init();
    uint32_t descriptors = descriptor_limit();
    f->connection_limit =
        descriptors > 2 * DESCRIPTORS_KEPT ? descriptors - DESCRIPTORS_KEPT : descriptors / 2;
    describe(f);
    peer_init(&f->auth);
    for (size_t i = 0; i < FRONT_STORES_MAX; i++)
        peer_init(&f->stores[i]);
    return guests_new(share(config->limits.unauthenticated, fronts),
                      share(config->limits.unauthenticated_per_address, fronts), &f->guests);
}

static bool make_room(struct front *f)
{
    struct guest *oldest = guests_oldest_of_busiest(f->guests);
    if (!oldest)
        return false;
    connection_end((struct connection *)((char *)oldest - offsetof(struct connection, guest)),
                   "evicted", true);
    return true;
}

bool front_resize_table(struct front *f, size_t wanted)
{
    size_t size = f->connections_size ? f->connections_size : 256;
    while (size <= wanted)
        size *= 2;
    struct connection **grown = realloc(f->connections, size * sizeof(struct connection *));
    if (!grown)
        return false;
    memset(grown + f->connections_size, 0,
           (size - f->connections_size) * sizeof(struct connection *));
    f->connections = grown;
    f->connections_size = size;
    return true;
}

static void watch_listeners(struct front *f, uint32_t interest)
{
    for (struct front_listener *l = f->listeners; l; l = l->next) {
        l->source.interest = interest;
        if (interest)
            (void)!event_add(f->child.loop, &l->source);
        else
            event_remove(f->child.loop, &l->source);
    }
}

static void pause_over(struct event_timer *timer, uint64_t now)
{
    struct front *f = (struct front *)((char *)timer - offsetof(struct front, pause_timer));
    (void)now;
    if (!f->draining)
        watch_listeners(f, EVENT_READ | EVENT_EXCLUSIVE);
}

/* Descriptors are exhausted: who has not logged in makes room, else new ones wait a moment. */
static bool recover(struct front *f, int error)
{
    if (error == EINTR || error == ECONNABORTED)
        return true;
    if (error != EMFILE && error != ENFILE && error != ENOMEM && error != ENOBUFS)
        return false;
    if (make_room(f))
        return true;
    log_text(LOG_LEVEL_ERROR, "accept", "no descriptors or memory for new connections");
    watch_listeners(f, 0);
    event_set_timer(f->child.loop, &f->pause_timer, event_now(f->child.loop) + PAUSE);
    return false;
}

static void accept_ready(struct event_source *source, uint32_t events)
{
    struct front_listener *l =
        (struct front_listener *)((char *)source - offsetof(struct front_listener, source));
    struct front *f = l->front;
    int burst = event_ready_count(f->child.loop) > 4 ? ACCEPT_BURST : 1;
    (void)events;
    while (burst-- > 0) {
        struct sockaddr_storage remote = {0};
        socklen_t size = sizeof remote;
        int socket = accept4(source->descriptor, (struct sockaddr *)&remote, &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0 && recover(f, errno))
            continue;
        if (socket < 0)
            return;
        if (f->connection_count >= f->connection_limit && !make_room(f)) {
            close(socket);
            continue;
        }
        net_unmap(&remote);
        connection_accept(f, l, socket, &remote);
    }
}

static bool auth_message(struct peer *p, const struct ipc_message *m)
{
    return login_auth_message(front_of(p->child), m);
}

static void auth_gone(struct peer *p)
{
    login_auth_gone(front_of(p->child));
}

static void patience_over(struct event_timer *timer, uint64_t now)
{
    (void)now;
    login_auth_back((struct front *)((char *)timer - offsetof(struct front, patience)));
}

static bool store_message(struct peer *p, const struct ipc_message *m)
{
    return session_store_message(front_of(p->child), p->channel.peer_index, m);
}

static void store_gone(struct peer *p)
{
    session_store_gone(front_of(p->child), p->channel.peer_index);
}

static void add_peer(struct front *f, const struct ipc_message *m)
{
    enum ipc_role role;
    uint32_t index;
    if (!peer_parse(m, &role, &index) || (role == IPC_STORE && index >= FRONT_STORES_MAX)) {
        close(m->descriptor);
        return;
    }
    struct peer *p = role == IPC_AUTH ? &f->auth : &f->stores[index];
    if (peer_open(p, &f->child, m->descriptor, role, index) != STATUS_OK)
        return;
    p->message = role == IPC_AUTH ? auth_message : store_message;
    p->gone = role == IPC_AUTH ? auth_gone : store_gone;
    if (role == IPC_AUTH) {
        login_tell_held(f);
        login_auth_back(f);
    }
}

static void add_listener(struct front *f, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    uint32_t index = ipc_get_u32(&r);
    struct front_listener *l = calloc(1, sizeof *l);
    if (!l || index >= f->child.config->listener_count) {
        free(l);
        close(m->descriptor);
        return;
    }
    l->front = f;
    l->config = &f->child.config->listeners[index];
    l->source = (struct event_source){m->descriptor, EVENT_READ | EVENT_EXCLUSIVE, accept_ready};
    l->next = f->listeners;
    f->listeners = l;
}

static void take_tls(struct front *f, const struct ipc_message *m)
{
    char *text = NULL, why[300];
    size_t size = 0;
    struct tls_context *fresh = NULL;
    if (child_read(m->descriptor, &text, &size) != STATUS_OK)
        return;
    if (tls_context_new(slice_of(text, size), &fresh, why) == STATUS_OK) {
        if (f->tls)
            tls_context_unref(f->tls);
        f->tls = fresh;
    } else {
        log_text(LOG_LEVEL_ERROR, "tls", "%s", why);
    }
    explicit_bzero(text, size);
    free(text);
}

static void look_for_idle(struct event_timer *timer, uint64_t now)
{
    struct front *f = (struct front *)((char *)timer - offsetof(struct front, drain_timer));
    for (size_t i = 0; i < f->connections_size && f->connection_count > 0; i++) {
        struct connection *c = f->connections[i];
        if (!c || c->stage == STAGE_UPDATE)
            continue;
        if (connection_is_idle(c, 0))
            connection_shut_idle(c);
        else if (now >= f->drain_deadline || c->stage == STAGE_HANDSHAKE)
            connection_end(c, "shutdown", c->stage == STAGE_BODY);
    }
    if (f->connection_count == 0)
        child_stop(&f->child);
    else
        event_set_timer(f->child.loop, timer, now + DRAIN_LOOK);
}

static void drain(struct front *f, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    uint64_t ms = ipc_get_u64(&r), now = event_now(f->child.loop);
    if (!f->draining) {
        event_clear_timer(f->child.loop, &f->pause_timer);
        watch_listeners(f, 0);
        for (struct front_listener *l = f->listeners; l; l = l->next)
            close(l->source.descriptor);
    }
    f->draining = true;
    if (f->connection_count == 0) {
        child_stop(&f->child);
    } else if (ms > 0) {
        f->closing_idle = true;
        f->drain_deadline = now + ms;
        look_for_idle(&f->drain_timer, now);
    }
}

static void message(struct child *child, const struct ipc_message *m)
{
    struct front *f = front_of(child);
    if (m->type == IPC_LISTENER)
        add_listener(f, m);
    else if (m->type == IPC_TLS)
        take_tls(f, m);
    else if (m->type == IPC_PEER)
        add_peer(f, m);
    else if (m->type == IPC_DRAIN)
        drain(f, m);
}

static enum status prepare(struct child *child, struct sandbox_paths *paths)
{
    (void)paths;
    front_of(child)->pause_timer.fire = pause_over;
    front_of(child)->drain_timer.fire = look_for_idle;
    front_of(child)->patience.fire = patience_over;
    return STATUS_OK;
}

static enum status begin(struct child *child)
{
    watch_listeners(front_of(child), EVENT_READ | EVENT_EXCLUSIVE);
    return STATUS_OK;
}

static const struct child_role role = {
    .name = "front",
    .role = IPC_FRONT,
    .sandbox = SANDBOX_FRONT,
    .configure = configure,
    .message = message,
    .prepare = prepare,
    .begin = begin,
};

int front_main(void)
{
    struct front *f = calloc(1, sizeof *f);
    if (!f)
        return 71;
    f->child.role = &role;
    return child_run(&f->child);
}
