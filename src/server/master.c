/* master: runs as it was started (root, where there are other users to be had); parses the
 * configuration, the users file's octets not at all, certificates and keys. Reads those files,
 * holds the listening sockets, starts and signals the other processes. */
#include "server/master.h"

#include "net/net_activation.h"
#include "net/net_address.h"
#include "net/net_notify.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
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

static struct net_notify notify;

static const struct config *current(const struct master *m)
{
    return m->generations[0] ? m->generations[0]->config : NULL;
}

/* ---- who runs as whom ---- */

static bool find_user(const char *name, uid_t *uid, gid_t *gid)
{
    struct passwd *pw = getpwnam(name);
    if (!pw)
        return false;
    *uid = pw->pw_uid;
    *gid = pw->pw_gid;
    return true;
}

static enum status find_front_user(struct generation *g, char why[300])
{
    if (find_user(g->config->user, &g->user, &g->group))
        return STATUS_OK;
    if (strcmp(g->config->user, "poplin") != 0 || !find_user("nobody", &g->user, &g->group)) {
        snprintf(why, 300, "user %.100s does not exist: create it, or name another with `user`",
                 g->config->user);
        return STATUS_PERMANENT;
    }
    log_text(LOG_LEVEL_WARNING, "user",
             "user poplin does not exist, running as nobody; `adduser --system poplin` makes it");
    return STATUS_OK;
}

static enum status find_mail_user(struct generation *g, char why[300])
{
    const struct config *c = g->config;
    char root[LIMIT_PATH];
    struct stat st;
    if (strcmp(c->store_driver, "memory") == 0) {
        g->mail_user = g->user;
        g->mail_group = g->group;
        return STATUS_OK;
    }
    config_store_root(c->store_path, root);
    if (stat(root, &st) < 0 || !S_ISDIR(st.st_mode)) {
        snprintf(why, 300,
                 "the maildrops' folder %.150s cannot be used: %s; create it, owned by "
                 "the user your MTA delivers as",
                 root, errno ? strerror(errno) : "not a folder");
        return STATUS_PERMANENT;
    }
    struct passwd *owner = getpwuid(st.st_uid);
    g->mail_user = st.st_uid;
    g->mail_group = owner ? owner->pw_gid : st.st_gid;
    if (geteuid() != 0)
        return STATUS_OK;
    if (c->mail_user && !find_user(c->mail_user, &g->mail_user, &g->mail_group)) {
        snprintf(why, 300, "mail-user %.100s does not exist", c->mail_user);
        return STATUS_PERMANENT;
    }
    if (g->mail_user == 0 || g->mail_group == 0) {
        snprintf(why, 300,
                 "mail in %.150s would be read as root: name the user your MTA "
                 "delivers as with `mail-user`",
                 root);
        return STATUS_PERMANENT;
    }
    return STATUS_OK;
}

static enum status find_users(struct generation *g, char why[300])
{
    g->user = g->mail_user = geteuid();
    g->group = g->mail_group = getegid();
    enum status s = geteuid() == 0 ? find_front_user(g, why) : STATUS_OK;
    if (s == STATUS_OK)
        s = find_mail_user(g, why);
    if (geteuid() != 0) {
        g->mail_user = geteuid();
        g->mail_group = getegid();
    }
    return s;
}

/* ---- the log ---- */

static void open_log(struct master *m, const struct config *config)
{
    enum log_format format =
        config->log_format == CONFIG_LOG_JSON ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT;
    if (m->syslog > 0)
        close(m->syslog);
    m->syslog = -1;
    m->log_target = log_target_of(STDERR_FILENO);
    if (config->log_target == CONFIG_LOG_SYSLOG) {
        m->syslog = log_connect_syslog();
        if (m->syslog >= 0)
            m->log_target = LOG_TARGET_SYSLOG;
    }
    log_open(m->syslog >= 0 ? m->syslog : STDERR_FILENO, m->log_target, format);
    log_set_process("master");
    if (config->log_target == CONFIG_LOG_SYSLOG && m->syslog < 0)
        log_text(LOG_LEVEL_WARNING, "log", "no syslog here (%s): logging to standard error",
                 strerror(errno));
}

/* ---- generations ---- */

static uint32_t cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > MASTER_STORES_MAX ? MASTER_STORES_MAX : (uint32_t)n;
}

static void add_child(struct generation *g, enum ipc_role role, uint32_t index)
{
    struct master_child *c = &g->children[g->child_count++];
    c->generation = g;
    c->role = role;
    c->index = index;
    c->channel.socket = -1;
}

static void generation_free(struct generation *g)
{
    if (!g)
        return;
    generation_close(g);
    config_unref(g->config);
    free(g);
}

/* Takes over the reference to the configuration. */
static struct generation *generation_new(struct master *m, const struct config *config)
{
    struct generation *g = calloc(1, sizeof *g);
    if (!g) {
        config_unref(config);
        return NULL;
    }
    g->master = m;
    g->config = config;
    g->fronts = config->fronts ? config->fronts : cores();
    g->stores = config->stores ? config->stores : cores();
    if (g->fronts > MASTER_FRONTS_MAX)
        g->fronts = MASTER_FRONTS_MAX;
    if (g->stores > MASTER_STORES_MAX)
        g->stores = MASTER_STORES_MAX;
    add_child(g, IPC_AUTH, 0);
    for (uint32_t i = 0; i < g->stores; i++)
        add_child(g, IPC_STORE, i);
    for (uint32_t i = 0; i < g->fronts; i++)
        add_child(g, IPC_FRONT, i);
    return g;
}

static void forget_generation(struct master *m, struct generation *g)
{
    size_t at = 0;
    while (at < MASTER_GENERATIONS_MAX && m->generations[at] != g)
        at++;
    for (; at + 1 < MASTER_GENERATIONS_MAX; at++)
        m->generations[at] = m->generations[at + 1];
    m->generations[MASTER_GENERATIONS_MAX - 1] = NULL;
    generation_free(g);
}

static void push_generation(struct master *m, struct generation *g)
{
    for (size_t i = MASTER_GENERATIONS_MAX - 1; i > 0; i--)
        m->generations[i] = m->generations[i - 1];
    m->generations[0] = g;
}

/* Everything a generation needs, then its processes. On failure nothing of it is left. */
static enum status start_generation(struct master *m, const struct config *config, char why[300])
{
    struct generation *g = generation_new(m, config);
    why[0] = '\0';
    if (!g)
        return STATUS_NO_MEMORY;
    enum status s = find_users(g, why);
    if (s == STATUS_OK)
        s = master_listen(m, config, g->fronts, why);
    if (s == STATUS_OK && !master_load_tls(m, config)) {
        snprintf(why, 300, "the certificates cannot be used");
        s = STATUS_PERMANENT;
    }
    if (s != STATUS_OK) {
        generation_free(g);
        return s;
    }
    master_load_users(m, config);
    push_generation(m, g);
    s = generation_start(g);
    if (s != STATUS_OK) {
        generation_signal(g, SIGKILL);
        forget_generation(m, g);
    }
    return s;
}

static void retire(struct generation *g)
{
    g->retiring = true;
    generation_drain(g, IPC_FRONT, 0);
    if (generation_running(g, IPC_FRONT) == 0)
        master_generation_shrank(g);
}

void master_generation_ready(struct generation *g)
{
    struct master *m = g->master;
    g->serving = true;
    for (size_t i = 1; i < MASTER_GENERATIONS_MAX; i++) {
        if (m->generations[i] && !m->generations[i]->retiring)
            retire(m->generations[i]);
    }
    master_listen_prune(m);
    struct log_line l;
    log_begin(&l, LOG_LEVEL_INFO, "ready");
    log_u64(&l, "fronts", g->fronts);
    log_u64(&l, "stores", g->stores);
    log_str(&l, "version", POPLIN_VERSION);
    log_end(&l);
    (void)!net_notify_ready(&notify);
}

static void end_now(struct master *m, int exit_code)
{
    m->exit_code = exit_code;
    event_stop(m->loop);
}

void master_generation_failed(struct generation *g)
{
    struct master *m = g->master;
    int exit_code = m->exit_code;
    generation_signal(g, SIGKILL);
    forget_generation(m, g);
    if (!current(m)) {
        log_text(LOG_LEVEL_ERROR, "start", "a process could not start; the lines above say why");
        end_now(m, exit_code);
        return;
    }
    char why[300];
    master_load_tls(m, current(m)); /* what restarted children of the old one are given */
    master_load_users(m, current(m));
    (void)!master_listen(m, current(m), m->generations[0]->fronts, why);
    master_listen_prune(m);
    log_text(LOG_LEVEL_ERROR, "reload",
             "failed to start with the new configuration; the old one "
             "goes on");
    (void)!net_notify_ready(&notify);
}

void master_generation_shrank(struct generation *g)
{
    struct master *m = g->master;
    if (generation_running(g, IPC_FRONT) == 0) {
        generation_drain(g, IPC_AUTH, 1);
        generation_drain(g, IPC_STORE, 1);
    }
    if (generation_running(g, IPC_FRONT | IPC_AUTH | IPC_STORE) > 0)
        return;
    forget_generation(m, g);
    if (m->ending && !current(m))
        event_stop(m->loop);
}

/* ---- signals ---- */

static void log_errors(const struct config_errors *errors)
{
    char *text = config_errors_print(errors);
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        log_text(LOG_LEVEL_ERROR, "config", "%s", line);
        line = end ? end + 1 : NULL;
    }
    free(text);
}

static bool is_same_config(const struct config *a, const struct config *b)
{
    char *ta = config_print(a, false), *tb = config_print(b, false);
    bool same = ta && tb && strcmp(ta, tb) == 0;
    free(ta);
    free(tb);
    return same;
}

static void refresh_tls(struct master *m)
{
    if (!master_load_tls(m, current(m)))
        return;
    for (size_t n = 0; n < MASTER_GENERATIONS_MAX && m->generations[n]; n++) {
        struct generation *g = m->generations[n];
        for (uint32_t i = 0; i < g->child_count; i++) {
            if (g->children[i].role == IPC_FRONT && g->children[i].pid > 0)
                (void)!master_child_send(&g->children[i], IPC_TLS, m->tls_memory);
        }
    }
    log_text(LOG_LEVEL_INFO, "tls", "certificates read again");
}

static void refresh_users(struct master *m)
{
    bool there = master_load_users(m, current(m));
    /* Who is still connected to an earlier generation may log in there too. */
    for (size_t n = 0; n < MASTER_GENERATIONS_MAX && m->generations[n]; n++) {
        struct generation *g = m->generations[n];
        for (uint32_t i = 0; i < g->child_count; i++) {
            struct master_child *c = &g->children[i];
            if (c->role == IPC_AUTH && c->pid > 0)
                (void)!master_child_send(c, there ? IPC_USERS : IPC_NO_USERS,
                                         there ? m->users_memory : -1);
        }
    }
    if (there)
        log_text(LOG_LEVEL_INFO, "users", "users file read again");
}

static bool may_start_another(const struct master *m)
{
    return !m->generations[MASTER_GENERATIONS_MAX - 1];
}

static void reload(struct master *m)
{
    struct config *config = NULL;
    struct config_errors *errors;
    char why[300];
    if (!m->generations[0]->serving) { /* still starting: once it is ready */
        m->reload_wanted = true;
        return;
    }
    m->reload_wanted = false;
    errors = calloc(1, sizeof *errors);
    (void)!net_notify_reloading(&notify);
    if (!errors ||
        config_parse(m->options->config_path, &config_source_files, &config, errors) != STATUS_OK) {
        if (errors)
            log_errors(errors);
        log_text(LOG_LEVEL_ERROR, "reload", "the configuration has errors; the old one goes on");
    } else if (is_same_config(config, current(m))) {
        config_unref(config);
        refresh_tls(m);
        refresh_users(m);
        log_text(LOG_LEVEL_INFO, "reload", "configuration unchanged");
    } else if (!may_start_another(m)) {
        config_unref(config);
        log_text(
            LOG_LEVEL_ERROR, "reload",
            "sessions of two earlier configurations still live; reload again when one is over");
    } else if ((open_log(m, config), start_generation(m, config, why)) == STATUS_OK) {
        log_text(LOG_LEVEL_INFO, "reload", "configuration changed, starting its processes");
        free(errors);
        return; /* ready is told when they are */
    } else {
        log_text(LOG_LEVEL_ERROR, "reload",
                 "the new configuration cannot be used: %s; the old one "
                 "goes on",
                 why);
        open_log(m, current(m));
        master_load_tls(m, current(m));
        (void)!master_listen(m, current(m), m->generations[0]->fronts, why);
        master_listen_prune(m);
    }
    free(errors);
    (void)!net_notify_ready(&notify);
}

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
    uint64_t drain = current(m) ? current(m)->limits.drain : 0;
    if (m->ending) { /* told twice: at once */
        kill_all(&m->kill_timer, event_now(m->loop));
        return;
    }
    m->ending = true;
    m->exit_code = EX_OK;
    log_text(LOG_LEVEL_INFO, "ending", "draining for at most %llu ms", (unsigned long long)drain);
    (void)!net_notify_stopping(&notify);
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
            reload(m);
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
        reload(m);
    if (m->generations[0] && m->generations[0]->serving) {
        if (master_tls_changed(m, current(m)))
            refresh_tls(m);
        if (master_users_changed(m, current(m)))
            refresh_users(m);
    }
    if (notify.watchdog_ms)
        (void)!net_notify_alive(&notify);
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
    open_log(&master, config);
    if (taken != STATUS_OK && taken != STATUS_NOT_FOUND) {
        log_text(LOG_LEVEL_ERROR, "activation", "%s", why);
        return EX_CONFIG;
    }
    (void)!net_notify_open(&notify);
    if (sandbox_begin() != STATUS_OK || set_up(&master) != STATUS_OK)
        return EX_OSERR;
    take_activated(&master, &activation);
    enum status s = start_generation(&master, config, why);
    if (s != STATUS_OK) {
        log_text(LOG_LEVEL_ERROR, "start", "%s", why[0] ? why : status_text(s));
        return s == STATUS_PERMANENT ? EX_CONFIG : s == STATUS_IN_USE ? EX_UNAVAILABLE : EX_OSERR;
    }
    event_set_timer(master.loop, &master.look, event_now(master.loop) + LOOK);
    s = event_run(master.loop);
    log_text(LOG_LEVEL_INFO, "ended", "exit %d", master.exit_code);
    return s == STATUS_OK ? master.exit_code : EX_OSERR;
}
