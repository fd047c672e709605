/* master: starts, watches and restarts the others; holds the listening sockets and reads the files
 * that root alone may read (keys, users). Parses nothing from the network.
 *
 * A generation is one configuration and the processes that serve it. A reload with a changed
 * configuration starts a new generation beside the old one; when all of it is ready the old one
 * stops listening and ends with its last session. When it does not get ready the old one goes on
 * as if nothing had been. Certificates and users are handed to a running generation in place. */
#ifndef POPLIN_SERVER_MASTER_H
#define POPLIN_SERVER_MASTER_H

#include "config/config.h"
#include "event/event.h"
#include "ipc/ipc.h"
#include "log/log.h"
#include "net/net_notify.h"
#include "tls/tls.h"

#include <sys/stat.h>

enum {
    MASTER_FRONTS_MAX = 64,
    MASTER_STORES_MAX = 32,
    MASTER_CHILDREN_MAX = MASTER_FRONTS_MAX + MASTER_STORES_MAX + 1,
    MASTER_GENERATIONS_MAX = 3,
};

struct master_options {
    const char *config_path;
    const char *program; /* to execute for a child */
};

/* Serves until told to end; returns the exit code. */
int master_run(const struct master_options *options);

/* ---- within master's own files ---- */

struct generation;

struct master_child {
    struct generation *generation;
    enum ipc_role role;
    uint32_t index;
    pid_t pid; /* 0: not running */
    bool ready;
    uint64_t started;
    uint32_t failures; /* in a row, for the back-off */
    struct event_timer restart;
    struct ipc_channel channel;
    struct event_source source;
};

struct generation {
    struct master *master;
    const struct config *config;
    uint32_t fronts, stores;
    uid_t user, mail_user;
    gid_t group, mail_group;
    bool serving;  /* all were ready once */
    bool retiring; /* listens no more */
    struct master_child children[MASTER_CHILDREN_MAX];
    uint32_t child_count;
};

/* One listening address: as many sockets as there are fronts. */
struct master_listener {
    struct sockaddr_storage address; /* as configured */
    struct sockaddr_storage bound;
    int sockets[MASTER_FRONTS_MAX];
    uint32_t socket_count;
    bool used; /* by the newest generation */
};

/* A file whose change is noticed. */
struct master_watch {
    struct stat stamp;
    bool exists;
};

struct master {
    const struct master_options *options;
    struct event_loop *loop;
    struct generation *generations[MASTER_GENERATIONS_MAX]; /* newest first */
    struct master_listener listeners[CONFIG_LISTENERS_MAX];
    uint32_t listener_count;
    struct event_source signals;
    struct net_notify notify;
    struct event_timer look, kill_timer;
    bool ending;
    bool reload_wanted; /* SIGHUP came while a generation was starting */
    int exit_code;
    enum log_target log_target;
    int syslog;
    unsigned char ticket_key[TLS_TICKET_KEY_SIZE];
    int tls_memory, users_memory; /* sealed memfds, or -1 */
    struct master_watch users_watch, tls_watch[2 * CONFIG_CERTIFICATES_MAX];
    char *memory; /* of a receive */
};

/* master_child.c */
/* Starts every child of a generation and connects them. */
enum status generation_start(struct generation *g);
void generation_signal(struct generation *g, int signal);
/* Asks its children of one role to end: DRAIN with `ms`. */
void generation_drain(struct generation *g, enum ipc_role role, uint64_t ms);
/* Before it is freed: the loop must know nothing of it any more. */
void generation_close(struct generation *g);
uint32_t generation_running(const struct generation *g, unsigned roles);
/* A child has ended. Starts its successor, after a pause if it fails often. */
void master_child_ended(struct master *m, pid_t pid, int wait_status);
enum status master_child_send(struct master_child *c, enum ipc_type type, int descriptor);

/* master_user.c */
/* Fills in whom a generation's processes run as; `why` says what is missing and what to do. */
enum status generation_find_users(struct generation *g, char why[300]);

/* master_reload.c */
/* SIGHUP: nothing changed: certificates and users are read again; else a new generation starts. */
void master_reload(struct master *m);
void master_refresh_tls(struct master *m);
void master_refresh_users(struct master *m);
void master_open_log(struct master *m, const struct config *config);

/* master_generation.c */
/* The newest generation's configuration; NULL: there is none. */
const struct config *master_config(const struct master *m);
/* Everything a generation needs, then its processes; takes over the reference. On failure nothing
 * of it is left, and `why` is filled. */
enum status master_start_generation(struct master *m, const struct config *config, char why[300]);
/* Told by master_child.c. */
void master_generation_ready(struct generation *g);
void master_generation_failed(struct generation *g);
void master_generation_shrank(struct generation *g);

/* master_file.c */
/* Reads certificates into m->tls_memory; false and a log line: the old ones stay. */
bool master_load_tls(struct master *m, const struct config *config);
bool master_load_users(struct master *m, const struct config *config);
/* What changed since the last load. */
bool master_tls_changed(struct master *m, const struct config *config);
bool master_users_changed(struct master *m, const struct config *config);
/* A sealed memfd of the text, or -1. */
int master_memory_of(const char *name, const void *text, size_t size);

/* master_listen.c */
/* Opens what the configuration names and is not open yet, or takes it from the service manager.
 * On failure `why` is filled and what was open before stays as it was. */
enum status master_listen(struct master *m, const struct config *config, uint32_t fronts,
                          char why[300]);
/* Closes what the newest generation does not use. */
void master_listen_prune(struct master *m);
/* The sockets of config's listener i. */
const struct master_listener *master_listener_of(const struct master *m,
                                                 const struct config *config, size_t i);

#endif
