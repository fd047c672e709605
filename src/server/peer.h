/* peer: a channel to another of our processes, served by the loop. A message against the table, a
 * broken channel and an end all lead to `gone`, once. */
#ifndef POPLIN_SERVER_PEER_H
#define POPLIN_SERVER_PEER_H

#include "server/child.h"

struct peer {
    struct ipc_channel channel;
    struct event_source source;
    struct child *child;
    /* False: the payload is against the contract; the channel ends and the master is told. The
     * message's descriptor is the handler's, whatever it returns. */
    bool (*message)(struct peer *p, const struct ipc_message *m);
    void (*gone)(struct peer *p);
};

/* Before the first open of a peer that may be asked whether it is open. */
void peer_init(struct peer *p);
/* Opens over the socket (the peer's from now on); an open one is ended first. */
enum status peer_open(struct peer *p, struct child *child, int socket, enum ipc_role role,
                      uint32_t index);
bool peer_is_open(const struct peer *p);

/* As ipc_send; a failure is also told by `gone`, later, from the loop. */
enum status peer_send(struct peer *p, enum ipc_type type, struct slice payload);
enum status peer_send_with(struct peer *p, enum ipc_type type, struct slice payload,
                           struct slice tail, int descriptor);

/* PEER's payload: role and index. */
bool peer_parse(const struct ipc_message *m, enum ipc_role *role, uint32_t *index);

#endif
