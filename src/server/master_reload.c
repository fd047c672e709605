#include "server/master.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What changes while the service runs: the configuration, certificates, users, the log. */

void master_open_log(struct master *m, const struct config *config)
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

void master_refresh_tls(struct master *m)
{
    if (!master_load_tls(m, master_config(m)))
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

void master_refresh_users(struct master *m)
{
    bool there = master_load_users(m, master_config(m));
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

void master_reload(struct master *m)
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
    (void)!net_notify_reloading(&m->notify);
    if (!errors ||
        config_parse(m->options->config_path, &config_source_files, &config, errors) != STATUS_OK) {
        if (errors)
            log_errors(errors);
        log_text(LOG_LEVEL_ERROR, "reload", "the configuration has errors; the old one goes on");
    } else if (is_same_config(config, master_config(m))) {
        config_unref(config);
        master_refresh_tls(m);
        master_refresh_users(m);
        log_text(LOG_LEVEL_INFO, "reload", "configuration unchanged");
    } else if (!may_start_another(m)) {
        config_unref(config);
        log_text(
            LOG_LEVEL_ERROR, "reload",
            "sessions of two earlier configurations still live; reload again when one is over");
    } else if ((master_open_log(m, config), master_start_generation(m, config, why)) == STATUS_OK) {
        log_text(LOG_LEVEL_INFO, "reload", "configuration changed, starting its processes");
        free(errors);
        return; /* ready is told when they are */
    } else {
        log_text(LOG_LEVEL_ERROR, "reload",
                 "the new configuration cannot be used: %s; the old one "
                 "goes on",
                 why);
        master_open_log(m, master_config(m));
        master_load_tls(m, master_config(m));
        (void)!master_listen(m, master_config(m), m->generations[0]->fronts, why);
        master_listen_prune(m);
    }
    free(errors);
    (void)!net_notify_ready(&m->notify);
}
