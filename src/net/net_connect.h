/* net_connect: a connection to a named host: addresses looked up without blocking the loop, IPv6
 * and IPv4 tried side by side [RFC 8305], or through a SOCKS5 proxy [RFC 1928, 1929] that does the
 * looking up. One attempt is an object in the loop; it ends in exactly one call of `done`. */
#ifndef POPLIN_NET_NET_CONNECT_H
#define POPLIN_NET_NET_CONNECT_H

#include "event/event.h"

#include <netinet/in.h>

struct net_connect;

struct net_connect_options {
    const char *host; /* name or address, without brackets */
    uint16_t port;
    const char *proxy; /* host:port or user:password@host:port, IPv6 in brackets; NULL: none */
    uint64_t timeout;  /* ms, of all of it */
    void *context;
    /* OK: `socket` (connected, non-blocking, TCP_NODELAY) is the callee's and `remote` its address,
     * AF_UNSPEC behind a proxy: wherever that leads, it is not this machine. Otherwise socket is -1
     * and `why` says what was tried, what went wrong, what to do: NOT_FOUND (no such host),
     * TIMEOUT, TEMPORARY (refused, unreachable), DENIED (the proxy's login), CLOSED, MALFORMED (the
     * proxy). */
    void (*done)(void *context, enum status status, int socket,
                 const struct sockaddr_storage *remote, const char *why);
};

/* Takes copies of the texts. MALFORMED: blanks or control characters in a name, no port, a proxy
 * that is none. LIMIT: too many lookups at once. NO_MEMORY. Never calls `done` itself. Needs room
 * for two timers in the loop (event_reserve). */
enum status net_connect_start(struct event_loop *loop, const struct net_connect_options *options,
                              struct net_connect **out);
/* Gives up; `done` is not called. After `done` the object is gone by itself. */
void net_connect_cancel(struct net_connect *c);

#endif
