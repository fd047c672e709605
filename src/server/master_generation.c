#include "server/master.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Generations: beginning, becoming the one that serves, failing, retiring, ending. */

const struct config *master_config(const struct master *m)
{
    return m->generations[0] ? m->generations[0]->config : NULL;
}

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
enum status master_start_generation(struct master *m, const struct config *config, char why[300])
{
    struct generation *g = generation_new(m, config);
    why[0] = '\0';
    if (!g)
        return STATUS_NO_MEMORY;
    enum status s = generation_find_users(g, why);
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
    (void)!net_notify_ready(&m->notify);
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
    if (!master_config(m)) {
        log_text(LOG_LEVEL_ERROR, "start", "a process could not start; the lines above say why");
        end_now(m, exit_code);
        return;
    }
    char why[300];
    master_load_tls(m, master_config(m)); /* what restarted children of the old one are given */
    master_load_users(m, master_config(m));
    (void)!master_listen(m, master_config(m), m->generations[0]->fronts, why);
    master_listen_prune(m);
    log_text(LOG_LEVEL_ERROR, "reload",
             "failed to start with the new configuration; the old one "
             "goes on");
    (void)!net_notify_ready(&m->notify);
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
    if (m->ending && !master_config(m))
        event_stop(m->loop);
}
