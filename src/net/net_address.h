/* net_address: peers' addresses: printed, packed for another process, and as the prefix by which
 * limits count (an IPv4 address, the /64 of an IPv6 one). An IPv4 address mapped into IPv6 counts
 * as IPv4 everywhere. */
#ifndef POPLIN_NET_NET_ADDRESS_H
#define POPLIN_NET_NET_ADDRESS_H

#include "base/slice.h"

#include <netinet/in.h>

enum { NET_ADDRESS_TEXT = 64 }; /* octets of the longest text, "[v6%scope]:port", with its NUL */

struct net_prefix {
    uint64_t high; /* the first 64 bits of the address; for IPv4 the address itself */
    bool is_v6;
};

struct net_prefix net_prefix_of(const struct sockaddr_storage *address);
bool net_prefix_equal(struct net_prefix a, struct net_prefix b);

/* ::ffff:192.0.2.1 becomes 192.0.2.1; anything else stays. */
void net_unmap(struct sockaddr_storage *address);

/* Without the port: "192.0.2.1", "2001:db8::1". */
void net_print_host(const struct sockaddr_storage *address, char text[NET_ADDRESS_TEXT]);
/* With it: "192.0.2.1:995", "[2001:db8::1]:995". */
void net_print(const struct sockaddr_storage *address, char text[NET_ADDRESS_TEXT]);
uint16_t net_port(const struct sockaddr_storage *address);
bool net_is_loopback(const struct sockaddr_storage *address);
socklen_t net_address_size(const struct sockaddr_storage *address);

#endif
