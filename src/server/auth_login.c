#include "server/auth_login.h"

#include "config/config.h"
#include "ipc/ipc_pack.h"
#include "log/log.h"
#include "net/net_address.h"

#include <stdlib.h>

static uint64_t id_of(const struct login *l)
{
    return (uint64_t)l->entry.front << AUTH_FRONT_SHIFT | l->entry.session;
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
    if (l->verifier)
        explicit_bzero(l->verifier, sizeof *l->verifier);
    free(l->verifier);
    l->verifier = NULL;
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
        event_set_timer(a->child.loop, &a->patience,
                        event_now(a->child.loop) + AUTH_STORE_PATIENCE);
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
void auth_login_give_up(struct auth_process *a, struct login *l)
{
    auth_session_end(a->auth, id_of(l));
    refuse(a, l, STATUS_TEMPORARY);
}

void auth_login_patience_over(struct event_timer *timer, uint64_t now)
{
    struct auth_process *a =
        (struct auth_process *)((char *)timer - offsetof(struct auth_process, patience));
    (void)now;
    while (a->waiting)
        auth_login_give_up(a, a->waiting);
}

static void decide(struct auth_process *a, const struct auth_decision *d)
{
    struct login *l = find(a, (uint32_t)(d->id >> AUTH_FRONT_SHIFT),
                           d->id & ((UINT64_C(1) << AUTH_FRONT_SHIFT) - 1));
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

void auth_login_decisions_ready(struct event_source *source, uint32_t events)
{
    (void)events;
    take_decisions(
        (struct auth_process *)((char *)source - offsetof(struct auth_process, decisions)));
}

void auth_login_timer_fired(struct event_timer *timer, uint64_t now)
{
    (void)now;
    take_decisions((struct auth_process *)((char *)timer - offsetof(struct auth_process, timer)));
}

/* A decision will follow, or cannot. */
static void asked(struct auth_process *a, struct login *l, enum status s)
{
    if (s != STATUS_OK) {
        log_fail(l, "busy");
        refuse(a, l, s);
        return;
    }
    l->checking = true;
    take_decisions(a);
}

static void check(struct auth_process *a, struct login *l)
{
    asked(a, l,
          auth_check(a->auth, event_now(a->child.loop), id_of(l), sasl_user(l->exchange),
                     sasl_password(l->exchange), &l->remote));
}

static void proved(struct auth_process *a, struct login *l, enum status proof)
{
    asked(a, l,
          auth_proved(a->auth, event_now(a->child.loop), id_of(l), sasl_user(l->exchange),
                      l->verifier, proof, &l->remote));
}

static void challenge(struct auth_process *a, struct login *l, struct slice data)
{
    struct buf b = buf_over(a->child.memory, IPC_PAYLOAD_MAX); /* the request was read already */
    ipc_put_u64(&b, l->entry.session);
    ipc_put_str(&b, data);
    (void)!peer_send(&a->fronts[l->entry.front], IPC_CHALLENGE, buf_slice(&b));
}

/* SASL_LOOK_UP: the login was refused, and is gone. */
static enum sasl_step look_up(struct auth_process *a, struct login *l, struct buf *out)
{
    enum status s = STATUS_NO_MEMORY;
    l->verifier = calloc(1, sizeof *l->verifier);
    if (l->verifier)
        s = auth_verifier(a->auth, sasl_user(l->exchange), sasl_digest(l->exchange), l->verifier);
    if (s != STATUS_OK) {
        asked(a, l, s);
        return SASL_LOOK_UP;
    }
    return sasl_verifier(l->exchange, &l->verifier->verifier, slice_str(l->verifier->nonce), out);
}

static void step(struct auth_process *a, struct login *l, struct slice data, bool has_data)
{
    char memory[2048];
    struct buf out = buf_over(memory, sizeof memory);
    enum sasl_step next = sasl_feed(l->exchange, data, has_data, &out);
    if (next == SASL_LOOK_UP)
        next = look_up(a, l, &out);
    switch (next) {
    case SASL_LOOK_UP: /* refused */
        break;
    case SASL_PROVED:
        proved(a, l, STATUS_OK);
        break;
    case SASL_REFUTED:
        proved(a, l, STATUS_DENIED);
        break;
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
    l->store = AUTH_NO_STORE;
    session_map_add(&a->logins, &l->entry);
    return l;
}

/* The bindings live as long as the login. False: more octets than any binding has. */
static bool keep_bindings(struct login *l, struct slice exporter, struct slice end_point)
{
    struct buf b = buf_over(l->binding_octets, sizeof l->binding_octets);
    if (!buf_put(&b, exporter) || !buf_put(&b, end_point))
        return false;
    l->bindings.exporter = slice_of(b.data, exporter.size);
    l->bindings.end_point = slice_of(b.data + exporter.size, end_point.size);
    return true;
}

static bool on_begin(struct auth_process *a, uint32_t front, struct ipc_reader *r, uint64_t session)
{
    struct sockaddr_storage remote = ipc_get_address(r);
    bool tls = ipc_get_u8(r);
    struct slice exporter = ipc_get_str(r), end_point = ipc_get_str(r);
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
    if (!keep_bindings(l, exporter, end_point)) {
        forget(a, l);
        return false;
    }
    l->exchange = mechanism ? calloc(1, sizeof *l->exchange) : NULL;
    if (!l->exchange) {
        refuse(a, l, mechanism ? STATUS_NO_MEMORY : STATUS_UNSUPPORTED);
        return true;
    }
    sasl_init(l->exchange, mechanism, &l->bindings);
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

bool auth_login_message(struct peer *p, const struct ipc_message *m)
{
    struct auth_process *a = auth_process_of(p->child);
    uint32_t front = p->channel.peer_index;
    struct ipc_reader r = ipc_reader_of(m->payload);
    uint64_t session = ipc_get_u64(&r);
    bool ok = session >> AUTH_FRONT_SHIFT == 0;
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

void auth_login_end(struct session_entry *e, void *context)
{
    struct auth_process *a = context;
    struct login *l = (struct login *)e;
    auth_cancel(a->auth, id_of(l));
    auth_session_end(a->auth, id_of(l));
    forget(a, l);
}
