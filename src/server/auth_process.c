/* auth: runs as the unprivileged user; parses SASL messages that front passes on, and the users
 * file's text that the master read. Has memory, threads that hash, and its channels: no files, no
 * network, no programs. It alone tells store whom a session is for. */
#include "auth/auth.h"

#include "config/config.h"
#include "ipc/ipc_pack.h"
#include "log/log.h"
#include "net/net_address.h"
#include "sasl/sasl.h"
#include "server/peer.h"
#include "server/roles.h"
#include "server/session_map.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    FRONTS_MAX = 256,
    STORES_MAX = 64,
    FRONT_SHIFT = 56,
    NO_STORE = UINT32_MAX,
    STORE_PATIENCE = 3000, /* ms that a proved login waits for a store that is being restarted */
};

/* A login under way (exchange is there), one that waits for its store (open_message is), or a
 * session that lives. */
struct login {
    struct session_entry entry;
    struct sockaddr_storage remote;
    bool tls, checking;
    struct sasl_exchange *exchange;
    uint32_t store; /* it was sent to, or waits for */
    char *open_message;
    size_t open_size;
    struct login *next_waiting;
};

struct auth_process {
    struct child child;
    struct auth *auth;
    struct event_source decisions;
    struct event_timer timer, patience;
    struct login *waiting; /* for a store */
    struct session_map logins;
    char *first_users; /* came before START: kept until there is an auth to read them */
    size_t first_users_size;
    struct peer fronts[FRONTS_MAX];
    struct peer stores[STORES_MAX];
};

static struct auth_process *process_of(struct child *c)
{
    return (struct auth_process *)c; /* the first field */
}

static uint64_t id_of(const struct login *l)
{
    return (uint64_t)l->entry.front << FRONT_SHIFT | l->entry.session;
}

static struct login *find(struct auth_process *a, uint32_t front, uint64_t session)
{
    return (struct login *)session_map_find(&a->logins, front, session);
}

static void wipe_exchange(struct login *l)
{
    if (l->exchange)
        sasl_wipe(l->exchange);
    free(l->exchange);
    l->exchange = NULL;
}

static void stop_waiting(struct auth_process *a, struct login *l)
{
    struct login **at = &a->waiting;
    while (*at && *at != l)
        at = &(*at)->next_waiting;
    if (*at)
        *at = l->next_waiting;
    free(l->open_message);
    l->open_message = NULL;
}

static void forget(struct auth_process *a, struct login *l)
{
    session_map_remove(&a->logins, &l->entry);
    stop_waiting(a, l);
    wipe_exchange(l);
    free(l);
}

static void send_refused(struct auth_process *a, uint32_t front, uint64_t session,
                         enum status status)
{
    char memory[16];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, session);
    ipc_put_u8(&b, (uint8_t)status);
    ipc_put_str(&b, SLICE(""));
    (void)!peer_send(&a->fronts[front], IPC_REFUSED, buf_slice(&b));
}

static void refuse(struct auth_process *a, struct login *l, enum status status)
{
    send_refused(a, l->entry.front, l->entry.session, status);
    forget(a, l);
}

static void log_fail(const struct login *l, const char *reason)
{
    struct log_line line;
    char host[NET_ADDRESS_TEXT];
    net_print_host(&l->remote, host);
    log_begin(&line, LOG_LEVEL_WARNING, "auth-fail");
    log_str(&line, "rip", host);
    log_str(&line, "reason", reason);
    log_str(&line, "tls", l->tls ? "yes" : "no");
    if (l->exchange) {
        log_str(&line, "method", sasl_name(l->exchange->mechanism));
        log_quoted(&line, "user", sasl_user(l->exchange));
    }
    log_end(&line);
}

/* The same drop is always the same store's, whose table of holders serves its waiters. */
static uint32_t store_for(const struct auth_process *a, const char *path)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (const char *p = path; *p; p++)
        h = (h ^ (unsigned char)*p) * 0x100000001b3u;
    return (uint32_t)((h >> 20) % (a->child.stores ? a->child.stores : 1));
}

/* Keeps the message for the store's successor. */
static enum status wait_for_store(struct auth_process *a, struct login *l, struct slice message)
{
    l->open_message = malloc(message.size);
    if (!l->open_message)
        return STATUS_TEMPORARY;
    memcpy(l->open_message, message.data, message.size);
    l->open_size = message.size;
    l->next_waiting = a->waiting;
    a->waiting = l;
    if (a->patience.place == 0)
        event_set_timer(a->child.loop, &a->patience, event_now(a->child.loop) + STORE_PATIENCE);
    return STATUS_OK;
}

static enum status open_drop(struct auth_process *a, struct login *l, const struct auth_user *user)
{
    char path[LIMIT_PATH], memory[LIMIT_PATH + 400];
    struct buf b = buf_over(memory, sizeof memory);
    enum status s = config_store_path(a->child.config->store_path, user->name, user->home, path);
    if (s != STATUS_OK)
        return STATUS_PERMANENT;
    ipc_put_u32(&b, l->entry.front);
    ipc_put_u64(&b, l->entry.session);
    ipc_put_str(&b, user->name);
    ipc_put_str(&b, slice_str(path));
    l->store = store_for(a, path);
    s = peer_send(&a->stores[l->store], IPC_OPEN, buf_slice(&b));
    return s == STATUS_CLOSED ? wait_for_store(a, l, buf_slice(&b)) : s;
}

/* The answer to front is REFUSED; the session that was counted is over. */
static void give_up_store(struct auth_process *a, struct login *l)
{
    auth_session_end(a->auth, id_of(l));
    refuse(a, l, STATUS_TEMPORARY);
}

static void patience_over(struct event_timer *timer, uint64_t now)
{
    struct auth_process *a =
        (struct auth_process *)((char *)timer - offsetof(struct auth_process, patience));
    (void)now;
    while (a->waiting)
        give_up_store(a, a->waiting);
}

static void decide(struct auth_process *a, const struct auth_decision *d)
{
    struct login *l =
        find(a, (uint32_t)(d->id >> FRONT_SHIFT), d->id & ((UINT64_C(1) << FRONT_SHIFT) - 1));
    if (!l)
        return;
    l->checking = false;
    if (d->status != STATUS_OK) {
        log_fail(l, d->reason);
        refuse(a, l, d->status);
        return;
    }
    enum status s = open_drop(a, l, &d->user);
    if (s == STATUS_OK) {
        wipe_exchange(l);
        return;
    }
    log_fail(l, s == STATUS_PERMANENT ? "no-path" : "store");
    auth_session_end(a->auth, d->id);
    refuse(a, l, s);
}

static void take_decisions(struct auth_process *a)
{
    struct auth_decision d;
    uint64_t now = event_now(a->child.loop);
    while (auth_next(a->auth, now, &d))
        decide(a, &d);
    uint64_t due = auth_due(a->auth);
    if (due == UINT64_MAX)
        event_clear_timer(a->child.loop, &a->timer);
    else
        event_set_timer(a->child.loop, &a->timer, due > now ? due : now + 1);
}

static void decisions_ready(struct event_source *source, uint32_t events)
{
    (void)events;
    take_decisions(
        (struct auth_process *)((char *)source - offsetof(struct auth_process, decisions)));
}

static void timer_fired(struct event_timer *timer, uint64_t now)
{
    (void)now;
    take_decisions((struct auth_process *)((char *)timer - offsetof(struct auth_process, timer)));
}

static void check(struct auth_process *a, struct login *l)
{
    enum status s = auth_check(a->auth, event_now(a->child.loop), id_of(l), sasl_user(l->exchange),
                               sasl_password(l->exchange), &l->remote);
    if (s != STATUS_OK) {
        log_fail(l, "busy");
        refuse(a, l, s);
        return;
    }
    l->checking = true;
    take_decisions(a);
}

static void challenge(struct auth_process *a, struct login *l, struct slice data)
{
    struct buf b = buf_over(a->child.memory, IPC_PAYLOAD_MAX); /* the request was read already */
    ipc_put_u64(&b, l->entry.session);
    ipc_put_str(&b, data);
    (void)!peer_send(&a->fronts[l->entry.front], IPC_CHALLENGE, buf_slice(&b));
}

static void step(struct auth_process *a, struct login *l, struct slice data, bool has_data)
{
    char memory[1024];
    struct buf out = buf_over(memory, sizeof memory);
    switch (sasl_feed(l->exchange, data, has_data, &out)) {
    case SASL_CHALLENGE:
        challenge(a, l, buf_slice(&out));
        break;
    case SASL_CHECK:
        check(a, l);
        break;
    case SASL_BROKEN:
        log_fail(l, "broken");
        refuse(a, l, STATUS_DENIED);
        break;
    }
}

static struct login *new_login(struct auth_process *a, uint32_t front, uint64_t session)
{
    struct login *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->entry.front = front;
    l->entry.session = session;
    l->store = NO_STORE;
    session_map_add(&a->logins, &l->entry);
    return l;
}

static bool on_begin(struct auth_process *a, uint32_t front, struct ipc_reader *r, uint64_t session)
{
    struct sockaddr_storage remote = ipc_get_address(r);
    bool tls = ipc_get_u8(r);
    const struct sasl_mechanism *mechanism = sasl_find(ipc_get_str(r));
    bool has_initial = ipc_get_u8(r);
    struct slice data = ipc_get_str(r);
    if (!ipc_is_whole(r) || find(a, front, session))
        return false;
    struct login *l = new_login(a, front, session);
    if (!l) {
        send_refused(a, front, session, STATUS_NO_MEMORY);
        return true;
    }
    l->remote = remote;
    l->tls = tls;
    l->exchange = mechanism ? calloc(1, sizeof *l->exchange) : NULL;
    if (!l->exchange) {
        refuse(a, l, mechanism ? STATUS_NO_MEMORY : STATUS_UNSUPPORTED);
        return true;
    }
    sasl_init(l->exchange, mechanism);
    step(a, l, data, has_initial);
    return true;
}

static bool on_response(struct auth_process *a, uint32_t front, struct ipc_reader *r,
                        uint64_t session)
{
    struct slice data = ipc_get_str(r);
    struct login *l = find(a, front, session);
    if (!ipc_is_whole(r))
        return false;
    if (!l)
        return true; /* refused meanwhile */
    if (!l->exchange || l->checking)
        return false;
    step(a, l, data, true);
    return true;
}

static bool on_held(struct auth_process *a, uint32_t front, struct ipc_reader *r, uint64_t session)
{
    struct sockaddr_storage remote = ipc_get_address(r);
    struct slice user = ipc_get_str(r);
    if (!ipc_is_whole(r) || find(a, front, session))
        return false;
    struct login *l = new_login(a, front, session);
    if (l)
        auth_session_hold(a->auth, id_of(l), user, &remote);
    return true;
}

static bool on_ended(struct auth_process *a, uint32_t front, struct ipc_reader *r, uint64_t session)
{
    struct login *l = find(a, front, session);
    if (!ipc_is_whole(r))
        return false;
    if (!l)
        return true;
    auth_cancel(a->auth, id_of(l));
    auth_session_end(a->auth, id_of(l));
    forget(a, l);
    return true;
}

static bool front_message(struct peer *p, const struct ipc_message *m)
{
    struct auth_process *a = process_of(p->child);
    uint32_t front = p->channel.peer_index;
    struct ipc_reader r = ipc_reader_of(m->payload);
    uint64_t session = ipc_get_u64(&r);
    bool ok = session >> FRONT_SHIFT == 0;
    if (m->type == IPC_BEGIN)
        ok = ok && on_begin(a, front, &r, session);
    else if (m->type == IPC_RESPONSE)
        ok = ok && on_response(a, front, &r, session);
    else if (m->type == IPC_HELD)
        ok = ok && on_held(a, front, &r, session);
    else
        ok = ok && on_ended(a, front, &r, session);
    explicit_bzero((void *)(uintptr_t)m->payload.data, m->payload.size);
    return ok;
}

static void end_login(struct session_entry *e, void *context)
{
    struct auth_process *a = context;
    struct login *l = (struct login *)e;
    auth_cancel(a->auth, id_of(l));
    auth_session_end(a->auth, id_of(l));
    forget(a, l);
}

static void front_gone(struct peer *p)
{
    struct auth_process *a = process_of(p->child);
    if (session_map_each_of(&a->logins, p->channel.peer_index, end_login, a) != STATUS_OK)
        child_stop(&a->child); /* no memory to tell them apart: the successor counts anew */
}

/* Store answers front, never auth. */
static bool store_message(struct peer *p, const struct ipc_message *m)
{
    (void)p;
    (void)m;
    return false;
}

/* Whoever was sent to it and has no answer hears REFUSED; front ignores it for those that live. */
static void refuse_lost(struct session_entry *e, void *context)
{
    struct peer *p = context;
    struct login *l = (struct login *)e;
    if (!l->exchange && !l->open_message && l->store == p->channel.peer_index)
        give_up_store(process_of(p->child), l);
}

static void store_gone(struct peer *p)
{
    struct auth_process *a = process_of(p->child);
    for (uint32_t front = 0; front < FRONTS_MAX; front++) {
        if (peer_is_open(&a->fronts[front]) &&
            session_map_each_of(&a->logins, front, refuse_lost, p) != STATUS_OK)
            child_stop(&a->child);
    }
}

/* A store is there again: those that waited for it are sent. */
static void send_waiting(struct auth_process *a, uint32_t store)
{
    struct login *l = a->waiting;
    a->waiting = NULL;
    while (l) {
        struct login *next = l->next_waiting;
        struct slice message = slice_of(l->open_message, l->open_size);
        if (l->store != store) {
            l->next_waiting = a->waiting;
            a->waiting = l;
        } else if (peer_send(&a->stores[store], IPC_OPEN, message) == STATUS_OK) {
            free(l->open_message);
            l->open_message = NULL;
        } else {
            give_up_store(a, l);
        }
        l = next;
    }
}

static void add_peer(struct auth_process *a, const struct ipc_message *m)
{
    enum ipc_role role;
    uint32_t index;
    if (!peer_parse(m, &role, &index) || index >= (role == IPC_FRONT ? FRONTS_MAX : STORES_MAX)) {
        close(m->descriptor);
        return;
    }
    struct peer *p = role == IPC_FRONT ? &a->fronts[index] : &a->stores[index];
    if (peer_open(p, &a->child, m->descriptor, role, index) != STATUS_OK)
        return;
    p->message = role == IPC_FRONT ? front_message : store_message;
    p->gone = role == IPC_FRONT ? front_gone : store_gone;
    if (role == IPC_STORE)
        send_waiting(a, index);
}

/* Wipes and frees the text. */
static void set_users(struct auth_process *a, char *text, size_t size)
{
    char why[200];
    if (auth_set_users(a->auth, slice_of(text, size), why) != STATUS_OK)
        log_text(LOG_LEVEL_ERROR, "users", "the users file is not used: %s", why);
    explicit_bzero(text, size);
    free(text);
}

static void take_users(struct auth_process *a, int descriptor)
{
    char *text = NULL;
    size_t size = 0;
    if (child_read(descriptor, &text, &size) != STATUS_OK) {
        log_text(LOG_LEVEL_ERROR, "users", "the users file could not be taken over");
    } else if (a->auth) {
        set_users(a, text, size);
    } else {
        free(a->first_users);
        a->first_users = text;
        a->first_users_size = size;
    }
}

static void message(struct child *child, const struct ipc_message *m)
{
    struct auth_process *a = process_of(child);
    if (m->type == IPC_PEER)
        add_peer(a, m);
    else if (m->type == IPC_USERS)
        take_users(a, m->descriptor);
    else if (m->type == IPC_NO_USERS && a->auth)
        auth_set_unavailable(a->auth);
    else if (m->type == IPC_DRAIN)
        child_stop(child);
}

static enum status configure(struct child *child)
{
    struct auth_process *a = process_of(child);
    for (size_t i = 0; i < FRONTS_MAX; i++)
        peer_init(&a->fronts[i]);
    for (size_t i = 0; i < STORES_MAX; i++)
        peer_init(&a->stores[i]);
    if (child->fronts > FRONTS_MAX || child->stores > STORES_MAX)
        return STATUS_TOO_LARGE;
    return session_map_init(&a->logins);
}

static enum status prepare(struct child *child, struct sandbox_paths *paths)
{
    (void)child;
    (void)paths;
    return STATUS_OK;
}

static enum status begin(struct child *child)
{
    struct auth_process *a = process_of(child);
    const struct config *c = child->config;
    struct auth_options options = {
        .fail_delay = c->limits.auth_fail_delay,
        .sessions = c->limits.sessions,
        .per_address = c->limits.per_address,
        .per_user = c->limits.per_user,
    };
    enum status s = auth_new(&options, &a->auth);
    if (s != STATUS_OK)
        return s;
    if (a->first_users)
        set_users(a, a->first_users, a->first_users_size);
    else
        auth_set_unavailable(a->auth);
    a->first_users = NULL;
    a->timer.fire = timer_fired;
    a->patience.fire = patience_over;
    a->decisions = (struct event_source){auth_descriptor(a->auth), EVENT_READ, decisions_ready};
    return event_add(child->loop, &a->decisions);
}

static const struct child_role role = {
    .name = "auth",
    .role = IPC_AUTH,
    .sandbox = SANDBOX_AUTH,
    .configure = configure,
    .message = message,
    .prepare = prepare,
    .begin = begin,
};

int auth_main(void)
{
    struct auth_process *a = calloc(1, sizeof *a);
    if (!a)
        return 71;
    a->child.role = &role;
    return child_run(&a->child);
}
