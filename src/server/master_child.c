#include "server/master.h"

#include "ipc/ipc_pack.h"
#include "server/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LIVED_WELL = 10000, /* ms after which a death is not counted as one of a row */
    FIRST_PAUSE = 50,
    LONGEST_PAUSE = 5000,
};

static const char *role_name(enum ipc_role role)
{
    return role == IPC_FRONT ? "front" : role == IPC_AUTH ? "auth" : "store";
}

enum status master_child_send(struct master_child *c, enum ipc_type type, int descriptor)
{
    return ipc_send(&c->channel, type, slice_of(NULL, 0), slice_of(NULL, 0), descriptor);
}

static void log_child(const struct master_child *c, enum log_level level, const char *event,
                      const char *what)
{
    struct log_line l;
    log_begin(&l, level, event);
    log_str(&l, "role", role_name(c->role));
    log_u64(&l, "index", c->index);
    log_u64(&l, "child", (uint64_t)c->pid);
    log_str(&l, "what", what);
    log_end(&l);
}

static struct master_child *find_child(struct generation *g, enum ipc_role role, uint32_t index)
{
    for (uint32_t i = 0; i < g->child_count; i++) {
        if (g->children[i].role == role && g->children[i].index == index)
            return &g->children[i];
    }
    return NULL;
}

/* The channel between the two is closed; the one that is started anew gets another. Only front
 * talks with strangers: its word ends nobody but itself. */
static void kill_faulty(struct master_child *reporter, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    enum ipc_role role = (enum ipc_role)ipc_get_u8(&r);
    struct master_child *accused = find_child(reporter->generation, role, ipc_get_u32(&r));
    struct master_child *c = reporter->role == IPC_FRONT ? reporter : accused;
    if (!c || c->pid <= 0)
        return;
    log_child(c, LOG_LEVEL_ERROR, "child-fault",
              c == reporter ? "says that another broke the contract" : "broke the contract");
    kill(c->pid, SIGKILL);
}

static void became_ready(struct master_child *c)
{
    struct generation *g = c->generation;
    c->ready = true;
    for (uint32_t i = 0; i < g->child_count; i++) {
        if (!g->children[i].ready)
            return;
    }
    if (!g->serving)
        master_generation_ready(g);
}

static void obey(struct master_child *c, const struct ipc_message *m)
{
    if (m->type == IPC_READY) {
        if (slice_starts(m->payload, SLICE("landlock=0")))
            log_child(c, LOG_LEVEL_WARNING, "sandbox",
                      "the kernel has no Landlock; seccomp and users still confine");
        became_ready(c);
    } else if (m->type == IPC_FAULT) {
        kill_faulty(c, m);
    } else if (m->type == IPC_NOTICE) {
        struct log_line l;
        log_begin(&l, LOG_LEVEL_INFO, "notice");
        log_quoted(&l, "text", m->payload);
        log_end(&l);
    }
}

static void close_channel(struct master_child *c)
{
    if (!ipc_channel_is_open(&c->channel))
        return;
    event_remove(c->generation->master->loop, &c->source);
    ipc_channel_close(&c->channel);
}

static void child_ready(struct event_source *source, uint32_t events)
{
    struct master_child *c =
        (struct master_child *)((char *)source - offsetof(struct master_child, source));
    struct master *m = c->generation->master;
    struct ipc_message message;
    if (events & EVENT_WRITE)
        (void)!ipc_flush(&c->channel);
    enum status s = ipc_receive(&c->channel, m->memory, IPC_PAYLOAD_MAX, &message);
    if (s == STATUS_OK)
        obey(c, &message);
    if (s == STATUS_MALFORMED && c->pid > 0)
        kill(c->pid, SIGKILL);
    if (s == STATUS_MALFORMED || s == STATUS_CLOSED)
        close_channel(c); /* SIGCHLD tells the rest */
    else
        event_set_interest(m->loop, source,
                           ipc_wants_write(&c->channel) ? EVENT_READ | EVENT_WRITE : EVENT_READ);
}

/* Between fork and exec: only what is safe there. */
static void become(const struct master *m, const struct master_child *c, int socket)
{
    char index[12];
    char *arguments[] = {(char *)(uintptr_t) "poplind", (char *)(uintptr_t) "--child",
                         (char *)(uintptr_t)role_name(c->role), index, NULL};
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    sigset_t none;
    snprintf(index, sizeof index, "%u", c->index);
    /* The service manager and terminals signal the whole group; only the master decides. */
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        sigaction(ignored[i], &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int high_socket = fcntl(socket, F_DUPFD_CLOEXEC, 16);
    int high_syslog = m->syslog >= 0 ? fcntl(m->syslog, F_DUPFD_CLOEXEC, 16) : -1;
    dup2(high_socket, CHILD_MASTER_SOCKET);
    if (high_syslog >= 0)
        dup2(high_syslog, CHILD_SYSLOG_SOCKET);
    execv(m->options->program, arguments);
    _exit(71);
}

static enum status spawn(struct master_child *c)
{
    struct master *m = c->generation->master;
    int ends[2];
    if (ipc_pair(ends) != STATUS_OK)
        return STATUS_NO_MEMORY;
    pid_t pid = fork();
    if (pid == 0)
        become(m, c, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return STATUS_NO_MEMORY;
    }
    c->pid = pid;
    c->ready = false;
    c->started = event_now(m->loop);
    ipc_channel_init(&c->channel, ends[0], IPC_MASTER, c->role, c->index);
    c->source = (struct event_source){ends[0], EVENT_READ, child_ready};
    return event_add(m->loop, &c->source);
}

static enum status send_config(struct master_child *c)
{
    struct generation *g = c->generation;
    char memory[24];
    struct buf b = buf_over(memory, sizeof memory);
    char *text = config_print(g->config, false);
    if (!text)
        return STATUS_NO_MEMORY;
    int fd = master_memory_of("poplin-config", text, strlen(text));
    free(text);
    if (fd < 0)
        return STATUS_NO_MEMORY;
    bool is_store = c->role == IPC_STORE;
    ipc_put_u32(&b, c->index);
    ipc_put_u32(&b, is_store ? g->mail_user : g->user);
    ipc_put_u32(&b, is_store ? g->mail_group : g->group);
    ipc_put_u32(&b, (uint32_t)g->master->log_target);
    ipc_put_u32(&b, g->fronts);
    ipc_put_u32(&b, g->stores);
    enum status s = ipc_send(&c->channel, IPC_CONFIG, buf_slice(&b), slice_of(NULL, 0), fd);
    close(fd);
    return s;
}

static enum status send_listener(struct master_child *c, uint32_t listener, int socket)
{
    char memory[4];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u32(&b, listener);
    return ipc_send(&c->channel, IPC_LISTENER, buf_slice(&b), slice_of(NULL, 0), socket);
}

/* Every socket has a front, and every front a socket of each listener. */
static enum status send_listeners(struct master_child *c)
{
    struct generation *g = c->generation;
    enum status s = STATUS_OK;
    for (uint32_t i = 0; i < g->config->listener_count && s == STATUS_OK; i++) {
        const struct master_listener *l = master_listener_of(g->master, g->config, i);
        if (l->socket_count < g->fronts)
            s = send_listener(c, i, l->sockets[c->index % l->socket_count]);
        else
            for (uint32_t k = c->index; k < l->socket_count && s == STATUS_OK; k += g->fronts)
                s = send_listener(c, i, l->sockets[k]);
    }
    return s;
}

static enum status send_files(struct master_child *c)
{
    struct master *m = c->generation->master;
    enum status s = STATUS_OK;
    if (c->role == IPC_FRONT) {
        s = send_listeners(c);
        if (s == STATUS_OK && m->tls_memory >= 0)
            s = master_child_send(c, IPC_TLS, m->tls_memory);
    } else if (c->role == IPC_AUTH && m->users_memory >= 0) {
        s = master_child_send(c, IPC_USERS, m->users_memory);
    }
    return s;
}

static enum status send_peer(struct master_child *to, const struct master_child *peer, int socket)
{
    char memory[5];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u8(&b, (uint8_t)peer->role);
    ipc_put_u32(&b, peer->index);
    return ipc_send(&to->channel, IPC_PEER, buf_slice(&b), slice_of(NULL, 0), socket);
}

static bool are_neighbours(const struct master_child *a, const struct master_child *b)
{
    return a->role != b->role && a->pid > 0 && b->pid > 0;
}

static enum status connect_two(struct master_child *a, struct master_child *b)
{
    int ends[2];
    if (ipc_pair(ends) != STATUS_OK)
        return STATUS_NO_MEMORY;
    enum status s = send_peer(a, b, ends[0]);
    if (s == STATUS_OK)
        s = send_peer(b, a, ends[1]);
    close(ends[0]);
    close(ends[1]);
    return s;
}

enum status generation_start(struct generation *g)
{
    enum status s = STATUS_OK;
    for (uint32_t i = 0; i < g->child_count && s == STATUS_OK; i++) {
        s = spawn(&g->children[i]);
        if (s == STATUS_OK)
            s = send_config(&g->children[i]);
        if (s == STATUS_OK)
            s = send_files(&g->children[i]);
    }
    for (uint32_t i = 0; i < g->child_count; i++) {
        for (uint32_t k = 0; k < i && s == STATUS_OK; k++) {
            if (are_neighbours(&g->children[i], &g->children[k]))
                s = connect_two(&g->children[i], &g->children[k]);
        }
    }
    for (uint32_t i = 0; i < g->child_count && s == STATUS_OK; i++)
        s = master_child_send(&g->children[i], IPC_START, -1);
    return s;
}

static void restart(struct event_timer *timer, uint64_t now)
{
    struct master_child *c =
        (struct master_child *)((char *)timer - offsetof(struct master_child, restart));
    struct generation *g = c->generation;
    enum status s = spawn(c);
    if (s == STATUS_OK)
        s = send_config(c);
    if (s == STATUS_OK)
        s = send_files(c);
    for (uint32_t i = 0; i < g->child_count && s == STATUS_OK; i++) {
        if (are_neighbours(c, &g->children[i]))
            s = connect_two(c, &g->children[i]);
    }
    if (s == STATUS_OK)
        s = master_child_send(c, IPC_START, -1);
    if (s != STATUS_OK && c->pid > 0)
        kill(c->pid, SIGKILL); /* it would wait for ever for what could not be sent */
    else if (s != STATUS_OK)
        event_set_timer(g->master->loop, timer, now + LONGEST_PAUSE);
}

static void log_death(const struct master_child *c, int wait_status)
{
    char what[60];
    if (WIFSIGNALED(wait_status))
        snprintf(what, sizeof what, "signal %d", WTERMSIG(wait_status));
    else
        snprintf(what, sizeof what, "exit %d", WEXITSTATUS(wait_status));
    log_child(c, LOG_LEVEL_ERROR, "child-died", what);
}

static uint64_t pause_before_restart(struct master_child *c)
{
    uint64_t lived = event_now(c->generation->master->loop) - c->started;
    if (lived >= LIVED_WELL)
        c->failures = 0;
    uint64_t pause =
        c->failures == 0 ? 1 : (uint64_t)FIRST_PAUSE << (c->failures < 8 ? c->failures : 8);
    c->failures++;
    return pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
}

static void ended(struct master_child *c, int wait_status)
{
    struct generation *g = c->generation;
    struct master *m = g->master;
    bool wanted = m->ending ||
                  (g->retiring && (c->role == IPC_FRONT || generation_running(g, IPC_FRONT) == 0));
    bool clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    if (!wanted || !clean)
        log_death(c, wait_status);
    close_channel(c);
    c->pid = 0;
    c->ready = false;
    if (!g->serving && !m->ending) {
        m->exit_code = WIFEXITED(wait_status) && !clean ? WEXITSTATUS(wait_status) : 71;
        master_generation_failed(g);
    } else if (wanted) {
        master_generation_shrank(g);
    } else {
        c->restart.fire = restart;
        event_set_timer(m->loop, &c->restart, event_now(m->loop) + pause_before_restart(c));
    }
}

void master_child_ended(struct master *m, pid_t pid, int wait_status)
{
    for (size_t n = 0; n < MASTER_GENERATIONS_MAX; n++) {
        struct generation *g = m->generations[n];
        for (uint32_t i = 0; g && i < g->child_count; i++) {
            if (g->children[i].pid == pid) {
                ended(&g->children[i], wait_status);
                return;
            }
        }
    }
}

void generation_signal(struct generation *g, int signal)
{
    for (uint32_t i = 0; i < g->child_count; i++) {
        event_clear_timer(g->master->loop, &g->children[i].restart);
        if (g->children[i].pid > 0)
            kill(g->children[i].pid, signal);
    }
}

void generation_drain(struct generation *g, enum ipc_role role, uint64_t ms)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, ms);
    for (uint32_t i = 0; i < g->child_count; i++) {
        struct master_child *c = &g->children[i];
        if (c->role != role)
            continue;
        event_clear_timer(g->master->loop, &c->restart);
        if (c->pid > 0)
            (void)!ipc_send(&c->channel, IPC_DRAIN, buf_slice(&b), slice_of(NULL, 0), -1);
    }
}

void generation_close(struct generation *g)
{
    for (uint32_t i = 0; i < g->child_count; i++) {
        event_clear_timer(g->master->loop, &g->children[i].restart);
        close_channel(&g->children[i]);
    }
}

uint32_t generation_running(const struct generation *g, unsigned roles)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->child_count; i++)
        n += (g->children[i].role & roles) && g->children[i].pid > 0;
    return n;
}
