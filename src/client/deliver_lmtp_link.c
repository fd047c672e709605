#include "client/deliver_lmtp_link.h"

#include "base/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HOST_MOST = 256 };

static uint64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum status wait_for(int socket, short events, uint64_t due)
{
    struct pollfd p = {.fd = socket, .events = events};
    for (;;) {
        uint64_t now = clock_ms();
        if (now >= due)
            return STATUS_TIMEOUT;
        int n = poll(&p, 1, due - now > INT32_MAX ? INT32_MAX : (int)(due - now));
        if (n > 0)
            return STATUS_OK;
        if (n < 0 && errno != EINTR)
            return STATUS_IO;
    }
}

/* --- connecting --- */

static enum status connect_to(struct lmtp_link *l, const struct sockaddr *address, socklen_t size,
                              uint64_t due)
{
    int error = 0;
    socklen_t error_size = sizeof error;
    l->socket = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->socket < 0)
        return STATUS_IO;
    if (connect(l->socket, address, size) == 0)
        return STATUS_OK;
    if (errno != EINPROGRESS)
        return STATUS_IO;
    enum status status = wait_for(l->socket, POLLOUT, due);
    if (status != STATUS_OK)
        return status;
    if (getsockopt(l->socket, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0)
        return STATUS_IO;
    errno = error;
    return error ? STATUS_IO : STATUS_OK;
}

static enum status connect_path(struct lmtp_link *l, const char *path, uint64_t due)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return STATUS_MALFORMED;
    }
    memcpy(address.sun_path, path, size);
    return connect_to(l, (const struct sockaddr *)&address, sizeof address, due);
}

static bool split(const char *where, char host[HOST_MOST], const char **port)
{
    const char *colon = strrchr(where, ':');
    struct slice name = slice_of(where, colon ? (size_t)(colon - where) : 0);
    uint64_t number;
    if (name.size > 2 && name.data[0] == '[' && name.data[name.size - 1] == ']')
        name = slice_of(name.data + 1, name.size - 2);
    if (name.size == 0 || name.size >= HOST_MOST ||
        !slice_parse_u64(slice_str(colon + 1), &number) || number == 0 || number > 65535)
        return false;
    memcpy(host, name.data, name.size);
    host[name.size] = '\0';
    *port = colon + 1;
    return true;
}

static enum status connect_host(struct lmtp_link *l, const char *where, uint64_t due)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    char host[HOST_MOST];
    const char *port;
    if (!split(where, host, &port)) {
        errno = EINVAL;
        return STATUS_MALFORMED;
    }
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        errno = EHOSTUNREACH;
        return STATUS_TEMPORARY;
    }
    enum status status = STATUS_IO;
    for (const struct addrinfo *a = found; a && status != STATUS_OK; a = a->ai_next) {
        lmtp_link_close(l);
        status = connect_to(l, a->ai_addr, a->ai_addrlen, due);
    }
    freeaddrinfo(found);
    return status;
}

enum status lmtp_link_open(struct lmtp_link *l, const char *where, uint64_t timeout,
                           char why[LMTP_TEXT + 1])
{
    uint64_t due = clock_ms() + timeout;
    l->socket = -1;
    l->timeout = timeout;
    l->in = buf_over(l->memory, sizeof l->memory);
    enum status status =
        strchr(where, '/') ? connect_path(l, where, due) : connect_host(l, where, due);
    if (status == STATUS_OK)
        return STATUS_OK;
    if (status == STATUS_TIMEOUT)
        snprintf(why, LMTP_TEXT + 1, "no connection in time");
    else
        snprintf(why, LMTP_TEXT + 1, "%m");
    lmtp_link_close(l);
    return status;
}

void lmtp_link_close(struct lmtp_link *l)
{
    if (l->socket >= 0)
        close(l->socket);
    l->socket = -1;
    buf_clear(&l->in);
}

/* --- talking --- */

static enum status ended(struct lmtp_link *l, enum status status)
{
    if (status != STATUS_OK)
        lmtp_link_close(l);
    return status;
}

enum status lmtp_link_send(struct lmtp_link *l, struct slice octets)
{
    enum status status = l->socket < 0 ? STATUS_CLOSED : STATUS_OK;
    while (octets.size && status == STATUS_OK) {
        ssize_t n = send(l->socket, octets.data, octets.size, MSG_NOSIGNAL);
        if (n >= 0)
            octets = slice_skip(octets, (size_t)n);
        else if (errno == EAGAIN)
            status = wait_for(l->socket, POLLOUT, clock_ms() + l->timeout);
        else if (errno != EINTR)
            status = STATUS_CLOSED;
    }
    return ended(l, status);
}

static enum status fill(struct lmtp_link *l, uint64_t due)
{
    if (buf_room(&l->in) == 0)
        return STATUS_MALFORMED; /* a line without end */
    ssize_t n = recv(l->socket, l->in.data + l->in.size, buf_room(&l->in), 0);
    if (n > 0)
        l->in.size += (size_t)n;
    else if (n == 0)
        return STATUS_CLOSED;
    else if (errno == EAGAIN)
        return wait_for(l->socket, POLLIN, due);
    else if (errno != EINTR)
        return STATUS_CLOSED;
    return STATUS_OK;
}

static enum status next_line(struct lmtp_link *l, size_t *size, uint64_t due)
{
    enum status status = l->socket < 0 ? STATUS_CLOSED : STATUS_OK;
    while (status == STATUS_OK) {
        *size = slice_find(buf_slice(&l->in), '\n');
        if (*size < l->in.size)
            return STATUS_OK;
        status = fill(l, due);
    }
    return status;
}

static bool is_digit(char c, char least, char most)
{
    return c >= least && c <= most;
}

/* 3DIGIT, then a blank, `-`, or the end; the same code in every line [RFC 5321 4.2]. */
static bool parse(struct slice line, struct lmtp_reply *out, bool *more, struct slice *text)
{
    if (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    if (line.size < 3 || !is_digit(line.data[0], '2', '5') || !is_digit(line.data[1], '0', '9') ||
        !is_digit(line.data[2], '0', '9') ||
        (line.size > 3 && line.data[3] != ' ' && line.data[3] != '-'))
        return false;
    unsigned code = (unsigned)(line.data[0] - '0') * 100 + (unsigned)(line.data[1] - '0') * 10 +
                    (unsigned)(line.data[2] - '0');
    if (out->code && out->code != code)
        return false;
    out->code = code;
    *more = line.size > 3 && line.data[3] == '-';
    *text = slice_skip(line, line.size > 3 ? 4 : 3);
    return true;
}

static void keep_text(struct lmtp_reply *out, struct slice text)
{
    struct buf b = buf_over(out->text, LMTP_TEXT);
    /* Each octet may become four. */
    escape_plain(&b, text, LMTP_TEXT / 4 - 1);
    out->text[b.size] = '\0';
}

enum status lmtp_link_reply(struct lmtp_link *l, struct lmtp_reply *out,
                            void (*line)(void *context, struct slice text), void *context)
{
    uint64_t due = clock_ms() + l->timeout;
    struct slice text;
    bool more = true;
    *out = (struct lmtp_reply){0};
    for (unsigned lines = 0; more; lines++) {
        size_t size;
        enum status status = next_line(l, &size, due);
        if (status != STATUS_OK)
            return ended(l, status);
        if (lines == LMTP_LINES_MOST ||
            !parse(slice_take(buf_slice(&l->in), size), out, &more, &text))
            return ended(l, STATUS_MALFORMED);
        if (line)
            line(context, text);
        keep_text(out, text);
        buf_consume(&l->in, size + 1);
    }
    return STATUS_OK;
}
