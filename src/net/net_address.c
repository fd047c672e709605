#include "net/net_address.h"

#include <arpa/inet.h>
#include <stdio.h>

static const struct sockaddr_in *v4(const struct sockaddr_storage *a)
{
    return (const struct sockaddr_in *)a;
}

static const struct sockaddr_in6 *v6(const struct sockaddr_storage *a)
{
    return (const struct sockaddr_in6 *)a;
}

void net_unmap(struct sockaddr_storage *address)
{
    if (address->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6(address)->sin6_addr))
        return;
    struct sockaddr_in plain = {.sin_family = AF_INET, .sin_port = v6(address)->sin6_port};
    memcpy(&plain.sin_addr, v6(address)->sin6_addr.s6_addr + 12, 4);
    memset(address, 0, sizeof *address);
    memcpy(address, &plain, sizeof plain);
}

struct net_prefix net_prefix_of(const struct sockaddr_storage *address)
{
    struct sockaddr_storage plain = *address;
    net_unmap(&plain);
    if (plain.ss_family == AF_INET)
        return (struct net_prefix){ntohl(v4(&plain)->sin_addr.s_addr), false};
    uint64_t high = 0;
    for (int i = 0; i < 8; i++)
        high = high << 8 | v6(&plain)->sin6_addr.s6_addr[i];
    return (struct net_prefix){high, true};
}

bool net_prefix_equal(struct net_prefix a, struct net_prefix b)
{
    return a.high == b.high && a.is_v6 == b.is_v6;
}

void net_print_host(const struct sockaddr_storage *address, char text[NET_ADDRESS_TEXT])
{
    const void *from = address->ss_family == AF_INET ? (const void *)&v4(address)->sin_addr
                                                     : (const void *)&v6(address)->sin6_addr;
    if (!inet_ntop(address->ss_family, from, text, NET_ADDRESS_TEXT))
        snprintf(text, NET_ADDRESS_TEXT, "unknown");
}

void net_print(const struct sockaddr_storage *address, char text[NET_ADDRESS_TEXT])
{
    char host[NET_ADDRESS_TEXT];
    net_print_host(address, host);
    if (address->ss_family == AF_INET6)
        snprintf(text, NET_ADDRESS_TEXT, "[%.47s]:%u", host, net_port(address));
    else
        snprintf(text, NET_ADDRESS_TEXT, "%.47s:%u", host, net_port(address));
}

uint16_t net_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET ? v4(address)->sin_port : v6(address)->sin6_port);
}

bool net_is_loopback(const struct sockaddr_storage *address)
{
    struct sockaddr_storage plain = *address;
    net_unmap(&plain);
    if (plain.ss_family == AF_INET)
        return ntohl(v4(&plain)->sin_addr.s_addr) >> 24 == 127;
    return plain.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6(&plain)->sin6_addr);
}

socklen_t net_address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}
