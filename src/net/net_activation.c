#include "net/net_activation.h"

#include "base/slice.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_DESCRIPTOR = 3, WHY = 200 };

static bool option_of(int fd, int option, int *value)
{
    socklen_t size = sizeof *value;
    return getsockopt(fd, SOL_SOCKET, option, value, &size) == 0;
}

/* What keeps the descriptor from being served on, or NULL. */
static const char *fault_of(int fd)
{
    int type = 0, listening = 0, domain = 0;
    if (fcntl(fd, F_GETFD) < 0)
        return "is not open";
    if (!option_of(fd, SO_TYPE, &type))
        return "is not a socket";
    if (type != SOCK_STREAM)
        return "is not a stream socket";
    if (!option_of(fd, SO_DOMAIN, &domain) || (domain != AF_INET && domain != AF_INET6))
        return "is neither IPv4 nor IPv6";
    if (!option_of(fd, SO_ACCEPTCONN, &listening) || !listening)
        return "does not listen (Accept=yes in the socket unit?)";
    return NULL;
}

static bool make_ours(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* The part before the next colon; *rest goes on behind it. */
static void next_name(struct slice *rest, char name[NET_ACTIVATION_NAME])
{
    size_t end = slice_find(*rest, ':');
    snprintf(name, NET_ACTIVATION_NAME, "%.*s", (int)end, rest->size ? rest->data : "");
    *rest = slice_skip(*rest, end < rest->size ? end + 1 : end);
}

static enum status take_sockets(struct net_activation *a, size_t count, char why[WHY])
{
    const char *names = getenv("LISTEN_FDNAMES");
    struct slice rest = slice_str(names ? names : "");
    for (size_t i = 0; i < count; i++) {
        struct net_activation_socket *s = &a->sockets[i];
        s->descriptor = FIRST_DESCRIPTOR + (int)i;
        next_name(&rest, s->name);
        const char *fault = fault_of(s->descriptor);
        if (!fault && !make_ours(s->descriptor))
            fault = "cannot be made close-on-exec";
        if (fault) {
            snprintf(why, WHY, "LISTEN_FDS: descriptor %d %s", s->descriptor, fault);
            return STATUS_UNSUPPORTED;
        }
    }
    a->count = count;
    return STATUS_OK;
}

static enum status take(struct net_activation *a, char why[WHY])
{
    const char *pid_text = getenv("LISTEN_PID");
    const char *count_text = getenv("LISTEN_FDS");
    uint64_t pid, count;
    if (!pid_text || !count_text)
        return STATUS_NOT_FOUND;
    if (!slice_parse_u64(slice_str(pid_text), &pid)) {
        snprintf(why, WHY, "LISTEN_PID is not a number");
        return STATUS_MALFORMED;
    }
    if (pid != (uint64_t)getpid())
        return STATUS_NOT_FOUND;
    if (!slice_parse_u64(slice_str(count_text), &count)) {
        snprintf(why, WHY, "LISTEN_FDS is not a number");
        return STATUS_MALFORMED;
    }
    if (count > NET_ACTIVATION_MAX) {
        snprintf(why, WHY, "LISTEN_FDS: at most %d sockets", NET_ACTIVATION_MAX);
        return STATUS_LIMIT;
    }
    return count == 0 ? STATUS_NOT_FOUND : take_sockets(a, (size_t)count, why);
}

enum status net_activation_take(struct net_activation *a, char why[WHY])
{
    a->count = 0;
    why[0] = '\0';
    enum status s = take(a, why);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return s;
}
