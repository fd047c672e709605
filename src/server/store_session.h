/* store_session: one open drop for one session of a front, what is asked of it, and who waits for
 * its lock. One request of a session is served at a time; one that comes meanwhile is kept. What
 * the kernel can answer from memory is served in the loop, the rest by a pool of threads. */
#ifndef POPLIN_SERVER_STORE_SESSION_H
#define POPLIN_SERVER_STORE_SESSION_H

#include "server/peer.h"
#include "server/session_map.h"
#include "server/store_holder.h"
#include "server/store_pool.h"
#include "store/store.h"

enum { STORE_FRONTS_MAX = 256 };

struct store_process {
    struct child child;
    struct store *store;
    struct store_pool *opening; /* a drop's first counting may take long */
    struct store_pool *serving; /* and holds up nobody who has his drop open */
    struct event_source opening_source, serving_source;
    struct session_map sessions;
    struct holders *holders;
    size_t timers;
    bool draining;
    char root[LIMIT_PATH];
    const char *writable[2];
    struct peer auth;
    struct peer fronts[STORE_FRONTS_MAX];
};

/* Each takes a message's payload; false: against the contract. */
bool store_session_open(struct store_process *p, struct slice payload);
bool store_session_request(struct store_process *p, uint32_t front, const struct ipc_message *m);
/* A front is gone: its sessions end, nothing of theirs is deleted. */
void store_session_front_gone(struct store_process *p, uint32_t front);

#endif
