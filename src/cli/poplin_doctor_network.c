#include "cli/poplin_doctor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_MOST = 10000 };

struct outcome {
    unsigned addresses;
    bool connected;
    int error; /* of the last attempt */
    long took; /* ms */
    char address[INET6_ADDRSTRLEN];
};

static long milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int finish_connecting(int fd, int limit)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0, n;
    socklen_t size = sizeof error;
    do
        n = poll(&p, 1, limit);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return ETIMEDOUT;
    return n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ? errno : error;
}

static void try_address(const struct addrinfo *a, int limit, struct outcome *out)
{
    long start = milliseconds();
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    out->error = fd < 0 ? errno : 0;
    if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0)
        out->error = errno == EINPROGRESS ? finish_connecting(fd, limit) : errno;
    out->connected = out->error == 0;
    out->took = milliseconds() - start;
    if (fd >= 0)
        close(fd);
    if (getnameinfo(a->ai_addr, a->ai_addrlen, out->address, sizeof out->address, NULL, 0,
                    NI_NUMERICHOST) != 0)
        out->address[0] = '\0';
}

static void try_family(const struct addrinfo *list, int family, int limit, struct outcome *out)
{
    *out = (struct outcome){0};
    for (; list; list = list->ai_next) {
        if (list->ai_family != family)
            continue;
        out->addresses++;
        if (!out->connected && out->addresses <= 3)
            try_address(list, limit, out);
    }
}

static void say_family(struct doctor *d, const char *what, const struct outcome *o,
                       bool other_works)
{
    bool no_route = o->error == ENETUNREACH || o->error == EAFNOSUPPORT ||
                    o->error == EADDRNOTAVAIL || o->error == EHOSTUNREACH;
    if (o->addresses == 0)
        doctor_say(d, DOCTOR_OK, what, NULL, "the server has no such address");
    else if (o->connected)
        doctor_say(d, DOCTOR_OK, what, NULL, "%s answers in %ld ms", o->address, o->took);
    else if (no_route && other_works)
        doctor_say(d, DOCTOR_OK, what, NULL, "%s: this machine has no way there", o->address);
    else
        doctor_say(d, other_works ? DOCTOR_WARN : DOCTOR_BAD, what,
                   o->error == ECONNREFUSED
                       ? "nothing listens there: check host and port, and that POP3 is switched on"
                       : "check the network, the port, and firewalls in between",
                   "%s: %s", o->address, strerror(o->error));
}

static bool connect_all(struct doctor *d, const struct addrinfo *list)
{
    uint64_t timeout = d->account->timeout;
    int limit = timeout > 0 && timeout < CONNECT_MOST ? (int)timeout : CONNECT_MOST;
    struct outcome six, four;
    try_family(list, AF_INET6, limit, &six);
    try_family(list, AF_INET, limit, &four);
    doctor_say(d, DOCTOR_OK, "dns", NULL, "%s has %u IPv6 and %u IPv4 addresses", d->account->host,
               six.addresses, four.addresses);
    say_family(d, "ipv6", &six, four.connected);
    say_family(d, "ipv4", &four, six.connected);
    return six.connected || four.connected;
}

bool doctor_network(struct doctor *d)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list;
    char port[8];
    if (d->account->proxy) {
        doctor_say(d, DOCTOR_OK, "proxy", NULL,
                   "%s looks up and connects; it is tried by the session", d->account->proxy);
        return true;
    }
    snprintf(port, sizeof port, "%u", d->account->port);
    int error = getaddrinfo(d->account->host, port, &hints, &list);
    if (error != 0) {
        doctor_say(d, DOCTOR_BAD, "dns",
                   error == EAI_AGAIN ? "the resolver does not answer: check the network"
                                      : "check the spelling of the server's name",
                   "%s: %s", d->account->host, gai_strerror(error));
        return false;
    }
    bool reachable = connect_all(d, list);
    freeaddrinfo(list);
    return reachable;
}
