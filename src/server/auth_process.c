/* auth: runs as the unprivileged user; parses SASL messages that front passes on, and the users
 * file's text that the master read. Has memory, threads that hash, and its channels: no files, no
 * network, no programs. It alone tells store whom a session is for. */
#include "config/config.h"
#include "ipc/ipc_pack.h"
#include "log/log.h"
#include "server/auth_login.h"
#include "server/roles.h"

#include <stdlib.h>
#include <unistd.h>

static void front_gone(struct peer *p)
{
    struct auth_process *a = auth_process_of(p->child);
    if (session_map_each_of(&a->logins, p->channel.peer_index, auth_login_end, a) != STATUS_OK)
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
        auth_login_give_up(auth_process_of(p->child), l);
}

static void store_gone(struct peer *p)
{
    struct auth_process *a = auth_process_of(p->child);
    for (uint32_t front = 0; front < AUTH_FRONTS_MAX; front++) {
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
            auth_login_give_up(a, l);
        }
        l = next;
    }
}

static void add_peer(struct auth_process *a, const struct ipc_message *m)
{
    enum ipc_role role;
    uint32_t index;
    if (!peer_parse(m, &role, &index) ||
        index >= (role == IPC_FRONT ? AUTH_FRONTS_MAX : AUTH_STORES_MAX)) {
        close(m->descriptor);
        return;
    }
    struct peer *p = role == IPC_FRONT ? &a->fronts[index] : &a->stores[index];
    if (peer_open(p, &a->child, m->descriptor, role, index) != STATUS_OK)
        return;
    p->message = role == IPC_FRONT ? auth_login_message : store_message;
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
    struct auth_process *a = auth_process_of(child);
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
    struct auth_process *a = auth_process_of(child);
    for (size_t i = 0; i < AUTH_FRONTS_MAX; i++)
        peer_init(&a->fronts[i]);
    for (size_t i = 0; i < AUTH_STORES_MAX; i++)
        peer_init(&a->stores[i]);
    if (child->fronts > AUTH_FRONTS_MAX || child->stores > AUTH_STORES_MAX)
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
    struct auth_process *a = auth_process_of(child);
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
    a->timer.fire = auth_login_timer_fired;
    a->patience.fire = auth_login_patience_over;
    a->decisions =
        (struct event_source){auth_descriptor(a->auth), EVENT_READ, auth_login_decisions_ready};
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
