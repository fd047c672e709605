/* child: what every process but the master begins with, in this order: no core dumps; the
 * configuration from the master and the unprivileged user it names; whatever else the master sends
 * (listening sockets, certificates, users, channels); START; confinement; READY; the loop.
 *
 * A role gives its handlers in a struct child_role and its state begins with a struct child. */
#ifndef POPLIN_SERVER_CHILD_H
#define POPLIN_SERVER_CHILD_H

#include "config/config.h"
#include "event/event.h"
#include "ipc/ipc.h"
#include "sandbox/sandbox.h"

enum {
    CHILD_MASTER_SOCKET = 3, /* the descriptor a child finds its channel to the master on */
    CHILD_SYSLOG_SOCKET = 4, /* and /dev/log, when the log goes there */
    CHILD_SPARES = 4,        /* descriptors kept free for what the master sends */
    CHILD_TEXT_MAX = 64 * 1024 * 1024, /* octets of a configuration, users file or bundle */
};

struct child;

struct child_role {
    const char *name;
    enum ipc_role role;
    enum sandbox_role sandbox;
    /* Once the configuration is there. */
    enum status (*configure)(struct child *c);
    /* LISTENER, TLS, USERS, NO-USERS, PEER, DRAIN; the message's descriptor is the role's, and is
     * there. */
    void (*message)(struct child *c, const struct ipc_message *m);
    /* START came: what must be opened before confinement. Directories it may write are added to
     * `paths`. */
    enum status (*prepare)(struct child *c, struct sandbox_paths *paths);
    /* Confined: threads may be started. */
    enum status (*begin)(struct child *c);
};

struct child {
    const struct child_role *role;
    uint32_t index, fronts, stores;
    const struct config *config;
    struct event_loop *loop;
    struct ipc_channel master;
    struct event_source master_source;
    bool serving; /* START was obeyed */
    int spares[CHILD_SPARES];
    uint32_t spare_count;
    char *memory; /* of the running receive, for all channels */
};

/* The whole life of a child; returns the process' exit code. `c` is zeroed but for `role`. */
int child_run(struct child *c);

/* The whole content of a descriptor that the master sent, malloc'd and NUL-ended; closes it. */
enum status child_read(int descriptor, char **text, size_t *size);

/* Ends the loop: the child exits with 0. */
void child_stop(struct child *c);
/* Tells the master that a peer broke the table. */
void child_report_fault(struct child *c, enum ipc_role role, uint32_t index);

#endif
