/* master: runs as it was started (root, where there are other users to be had); parses the
 * configuration, the users file's octets not at all, certificates and keys. Reads those files,
 * holds the listening sockets, starts and signals the other processes. */
#include "server/master.h"

#include "net/net_activation.h"
#include "net/net_notify.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    LOOK = 1000,        /* ms between looks at certificates and users */
    LAST_GRACE = 15000, /* ms after the drain time until everything is killed */
};

/* ---- signals ---- */

static void kill_all(struct event_timer *timer, uint64_t now)
{
    struct master *m = (struct master *)((char *)timer - offsetof(struct master, kill_timer));
    (void)now;
    for (size_t i = 0; i < MASTER_GENERATIONS_MAX && m->generations[i]; i++)
        generation_signal(m->generations[i], SIGKILL);
    event_stop(m->loop);
}

static void end(struct master *m)
{
    uint64_t drain = master_config(m) ? master_config(m)->limits.drain : 0;
    if (m->ending) { /* told twice: at once */
        kill_all(&m->kill_timer, event_now(m->loop));
        return;
    }
    m->ending = true;
    m->exit_code = EX_OK;
    log_text(LOG_LEVEL_INFO, "ending", "draining for at most %llu ms", (unsigned long long)drain);
    (void)!net_notify_stopping(&m->notify);
    event_clear_timer(m->loop, &m->look);
    event_set_timer(m->loop, &m->kill_timer, event_now(m->loop) + drain + LAST_GRACE);
    for (uint32_t i = 0; i < m->listener_count; i++)
        m->listeners[i].used = false;
    master_listen_prune(m);
    struct generation *all[MASTER_GENERATIONS_MAX];
    memcpy(all, m->generations, sizeof all);
    for (size_t i = 0; i < MASTER_GENERATIONS_MAX && all[i]; i++) {
        generation_drain(all[i], IPC_FRONT, drain > 0 ? drain : 1);
        master_generation_shrank(all[i]);
    }
}

static void probe(struct master *m)
{
    struct generation *g = m->generations[0];
    for (uint32_t i = 0; g && i < g->child_count; i++)
        (void)!master_child_send(&g->children[i], IPC_PROBE, -1);
}

static void collect_children(struct master *m)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        master_child_ended(m, pid, status);
}

static void signal_ready(struct event_source *source, uint32_t events)
{
    struct master *m = (struct master *)((char *)source - offsetof(struct master, signals));
    struct signalfd_siginfo info;
    (void)events;
    if (read(source->descriptor, &info, sizeof info) != sizeof info)
        return;
    switch (info.ssi_signo) {
    case SIGCHLD:
        collect_children(m);
        break;
    case SIGHUP:
        if (!m->ending)
            master_reload(m);
        break;
    case SIGUSR1:
        probe(m);
        break;
    default:
        end(m);
        break;
    }
}

static void look(struct event_timer *timer, uint64_t now)
{
    struct master *m = (struct master *)((char *)timer - offsetof(struct master, look));
    if (m->reload_wanted && m->generations[0] && m->generations[0]->serving && !m->ending)
        master_reload(m);
    if (m->generations[0] && m->generations[0]->serving) {
        if (master_tls_changed(m, master_config(m)))
            master_refresh_tls(m);
        if (master_users_changed(m, master_config(m)))
            master_refresh_users(m);
    }
    if (m->notify.watchdog_ms)
        (void)!net_notify_alive(&m->notify);
    event_set_timer(m->loop, timer, now + LOOK);
}

/* ---- start ---- */

static enum status watch_signals(struct master *m)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return STATUS_NO_MEMORY;
    m->signals = (struct event_source){fd, EVENT_READ, signal_ready};
    return event_add(m->loop, &m->signals);
}

/* Sockets that the service manager opened stand in for those the configuration names. */
static void take_activated(struct master *m, const struct net_activation *a)
{
    for (size_t i = 0; i < a->count && m->listener_count < CONFIG_LISTENERS_MAX; i++) {
        struct master_listener *l = &m->listeners[m->listener_count++];
        *l = (struct master_listener){0};
        socklen_t size = sizeof l->address;
        getsockname(a->sockets[i].descriptor, (struct sockaddr *)&l->address, &size);
        l->bound = l->address;
        l->sockets[0] = a->sockets[i].descriptor;
        l->socket_count = 1;
    }
}

static void raise_descriptor_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

static enum status set_up(struct master *m)
{
    m->tls_memory = m->users_memory = -1;
    m->memory = malloc(IPC_PAYLOAD_MAX);
    if (!m->memory || event_loop_new(&m->loop) != STATUS_OK ||
        event_reserve(m->loop, MASTER_GENERATIONS_MAX * MASTER_CHILDREN_MAX + 8) != STATUS_OK)
        return STATUS_NO_MEMORY;
    if (getrandom(m->ticket_key, sizeof m->ticket_key, 0) != sizeof m->ticket_key)
        return STATUS_NO_MEMORY;
    m->look.fire = look;
    m->kill_timer.fire = kill_all;
    return watch_signals(m);
}

static int read_config(const struct master_options *options, struct config **config)
{
    struct config_errors *errors = calloc(1, sizeof *errors);
    if (!errors)
        return EX_OSERR;
    enum status s = config_parse(options->config_path, &config_source_files, config, errors);
    if (s != STATUS_OK) {
        char *text = config_errors_print(errors);
        fprintf(stderr, "%s", text ? text : "poplind: out of memory\n");
        free(text);
    }
    free(errors);
    return s == STATUS_OK ? EX_OK : EX_CONFIG;
}

int master_run(const struct master_options *options)
{
    static struct master master;
    struct net_activation activation = {0};
    struct config *config = NULL;
    char why[300] = "";
    enum status taken = net_activation_take(&activation, why);
    int exit_code = read_config(options, &config);
    if (exit_code != EX_OK)
        return exit_code;
    master.options = options;
    raise_descriptor_limit();
    master_open_log(&master, config);
    if (taken != STATUS_OK && taken != STATUS_NOT_FOUND) {
        log_text(LOG_LEVEL_ERROR, "activation", "%s", why);
        return EX_CONFIG;
    }
    (void)!net_notify_open(&master.notify);
    if (sandbox_begin() != STATUS_OK || set_up(&master) != STATUS_OK)
        return EX_OSERR;
    take_activated(&master, &activation);
    enum status s = master_start_generation(&master, config, why);
    if (s != STATUS_OK) {
        log_text(LOG_LEVEL_ERROR, "start", "%s", why[0] ? why : status_text(s));
        return s == STATUS_PERMANENT ? EX_CONFIG : s == STATUS_IN_USE ? EX_UNAVAILABLE : EX_OSERR;
    }
    event_set_timer(master.loop, &master.look, event_now(master.loop) + LOOK);
    s = event_run(master.loop);
    log_text(LOG_LEVEL_INFO, "ended", "exit %d", master.exit_code);
    return s == STATUS_OK ? master.exit_code : EX_OSERR;
}
