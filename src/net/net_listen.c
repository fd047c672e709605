#include "net/net_listen.h"

#include "net/net_address.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static const char *next_step(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "; another server has the port: stop it, or choose another port";
    case EACCES:
        return "; ports below 1024 need root, CAP_NET_BIND_SERVICE or socket activation";
    case EADDRNOTAVAIL:
        return "; this host has no such address";
    default:
        return "";
    }
}

static bool prepare(int fd, const struct sockaddr_storage *address)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        return false;
    if (address->ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
        return false;
    return bind(fd, (const struct sockaddr *)address, net_address_size(address)) == 0 &&
           listen(fd, BACKLOG) == 0;
}

enum status net_listen(struct sockaddr_storage *address, int *out, char why[200])
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && prepare(fd, address)) {
        socklen_t size = sizeof *address;
        getsockname(fd, (struct sockaddr *)address, &size);
        *out = fd;
        return STATUS_OK;
    }
    int error = errno;
    char text[NET_ADDRESS_TEXT];
    net_print(address, text);
    snprintf(why, 200, "cannot listen on %s: %s%s", text, strerror(error), next_step(error));
    if (fd >= 0)
        close(fd);
    return error == EADDRINUSE ? STATUS_IN_USE : STATUS_PERMANENT;
}
