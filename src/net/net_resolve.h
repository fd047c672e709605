/* net_resolve: the addresses of a host, without blocking the loop. Literal addresses and the names
 * of this machine [RFC 6761] are known at once; other names are asked of the system's resolver by a
 * thread of its own, which is left to itself when nobody wants its answer any more. */
#ifndef POPLIN_NET_NET_RESOLVE_H
#define POPLIN_NET_NET_RESOLVE_H

#include "event/event.h"

#include <netinet/in.h>

enum {
    NET_ADDRESSES = 16, /* of one host; more are left out */
    NET_LOOKUPS = 32,   /* at once in one process, the abandoned ones too */
    NET_NAME = 256,     /* octets of a host's name with its NUL */
};

/* In the order in which they are to be tried: IPv6 and IPv4 in turn, IPv6 first [RFC 8305 4]. */
struct net_addresses {
    struct sockaddr_storage rows[NET_ADDRESSES];
    size_t count;
};

/* False: the host must be looked up. */
bool net_resolve_literal(const char *host, uint16_t port, struct net_addresses *out);

struct net_resolve;
struct net_resolve_options {
    const char *host; /* shorter than NET_NAME */
    uint16_t port;
    void *context;
    /* Not OK: NOT_FOUND (no such host), TEMPORARY; `why` is a fragment for people. */
    void (*done)(void *context, enum status status, const struct net_addresses *addresses,
                 const char *why);
};

/* LIMIT: too many lookups at once. NO_MEMORY. `done` is called later, once, from the loop. */
enum status net_resolve_start(struct event_loop *loop, const struct net_resolve_options *options,
                              struct net_resolve **out);
/* `done` will not be called. Not after `done`, nor in it. */
void net_resolve_cancel(struct net_resolve *r);

#endif
