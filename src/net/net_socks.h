/* net_socks: a client of SOCKS5 [RFC 1928], with user and password [RFC 1929] or without; pure.
 * The proxy is told the name and does the looking up. What is behind the proxy may speak right
 * away, so never more octets may be read from the socket than are wanted. */
#ifndef POPLIN_NET_NET_SOCKS_H
#define POPLIN_NET_NET_SOCKS_H

#include "base/buf.h"
#include "base/status.h"

enum { NET_SOCKS_TEXT = 600 }; /* octets that a message to the proxy is at most */

struct net_socks {
    struct slice user, password; /* empty: none */
    const char *host;
    uint16_t port;
    unsigned step;
    size_t wants;    /* octets of the proxy's next message */
    const char *why; /* after a failure */
};

/* The slices and host are the caller's. MALFORMED: longer than 255 octets. */
enum status net_socks_init(struct net_socks *s, const char *host, uint16_t port, struct slice user,
                           struct slice password);
/* The first message. */
void net_socks_greet(struct net_socks *s, struct buf *out);
/* Exactly s->wants octets from the proxy. AGAIN: `out` (perhaps nothing) is to be sent and s->wants
 * octets read. OK: what follows belongs to the host. DENIED, TEMPORARY, MALFORMED: over. */
enum status net_socks_feed(struct net_socks *s, struct slice octets, struct buf *out);

#endif
