#include "ipc/ipc.h"

#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room in the kernel for bursts; what it grants less is made up for by the queue. */
enum { SOCKET_BUFFER = 4 * 1024 * 1024, SOCKET_BUFFER_LEAST = 212992 };

struct ipc_queued {
    struct ipc_queued *next;
    uint32_t type;
    int descriptor;
    size_t size;
    char payload[];
};

static void widen(int socket)
{
    int size = SOCKET_BUFFER;
    if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0)
        return;
    size = SOCKET_BUFFER_LEAST;
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

enum status ipc_pair(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
        return STATUS_NO_MEMORY;
    widen(ends[0]);
    widen(ends[1]);
    return STATUS_OK;
}

void ipc_channel_init(struct ipc_channel *c, int socket, enum ipc_role self, enum ipc_role peer,
                      uint32_t peer_index)
{
    *c = (struct ipc_channel){
        .socket = socket, .self = self, .peer = peer, .peer_index = peer_index};
}

static void drop_first(struct ipc_channel *c)
{
    struct ipc_queued *q = c->first;
    c->first = q->next;
    if (!c->first)
        c->last = NULL;
    c->queued--;
    if (q->descriptor >= 0)
        close(q->descriptor);
    explicit_bzero(q->payload, q->size);
    free(q);
}

void ipc_channel_close(struct ipc_channel *c)
{
    if (c->socket >= 0)
        close(c->socket);
    c->socket = -1;
    while (c->first)
        drop_first(c);
}

bool ipc_channel_is_open(const struct ipc_channel *c)
{
    return c->socket >= 0;
}

static enum status send_now(struct ipc_channel *c, uint32_t type, struct slice payload,
                            struct slice tail, int descriptor)
{
    struct iovec parts[3] = {
        {&type, sizeof type},
        {(void *)(uintptr_t)payload.data, payload.size},
        {(void *)(uintptr_t)tail.data, tail.size},
    };
    union {
        struct cmsghdr header;
        char memory[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = tail.size ? 3 : 2};
    if (descriptor >= 0) {
        m.msg_control = &control;
        m.msg_controllen = sizeof control.memory;
        control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    }
    for (;;) {
        if (sendmsg(c->socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return STATUS_OK;
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS)
            return STATUS_AGAIN;
        return STATUS_CLOSED;
    }
}

static enum status enqueue(struct ipc_channel *c, enum ipc_type type, struct slice payload,
                           struct slice tail, int descriptor)
{
    struct ipc_queued *q = malloc(sizeof *q + payload.size + tail.size);
    if (!q)
        return STATUS_NO_MEMORY;
    q->next = NULL;
    q->type = type;
    q->size = payload.size + tail.size;
    q->descriptor = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    if (descriptor >= 0 && q->descriptor < 0) {
        free(q);
        return STATUS_NO_MEMORY;
    }
    struct buf b = buf_over(q->payload, q->size);
    buf_put(&b, payload);
    buf_put(&b, tail);
    if (c->last)
        c->last->next = q;
    else
        c->first = q;
    c->last = q;
    c->queued++;
    return STATUS_OK;
}

enum status ipc_send(struct ipc_channel *c, enum ipc_type type, struct slice payload,
                     struct slice tail, int descriptor)
{
    const struct ipc_rule *rule = &ipc_rules[type];
    assert((rule->from & c->self) && (rule->to & c->peer));
    assert(payload.size + tail.size >= rule->size_min &&
           payload.size + tail.size <= rule->size_max);
    if (c->socket < 0)
        return STATUS_CLOSED;
    if (c->first)
        return enqueue(c, type, payload, tail, descriptor);
    enum status s = send_now(c, type, payload, tail, descriptor);
    return s == STATUS_AGAIN ? enqueue(c, type, payload, tail, descriptor) : s;
}

bool ipc_wants_write(const struct ipc_channel *c)
{
    return c->first != NULL;
}

enum status ipc_flush(struct ipc_channel *c)
{
    while (c->first) {
        struct ipc_queued *q = c->first;
        enum status s =
            send_now(c, q->type, slice_of(q->payload, q->size), slice_of(NULL, 0), q->descriptor);
        if (s != STATUS_OK)
            return s;
        drop_first(c);
    }
    return STATUS_OK;
}

/* The descriptor that came along. There is room for one only (CMSG_LEN, for CMSG_SPACE has padding
 * where a second one would fit): the kernel closes the rest and says MSG_CTRUNC. */
static int descriptor_of(struct msghdr *m)
{
    int fd = -1;
    struct cmsghdr *h = CMSG_FIRSTHDR(m);
    if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
        h->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(h), sizeof fd);
    return fd;
}

/* A read of nothing is the end, or an empty datagram of an end that is still there. */
static enum status nothing_read(const struct ipc_channel *c)
{
    struct pollfd p = {.fd = c->socket, .events = POLLRDHUP};
    bool over = poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
    return over ? STATUS_CLOSED : STATUS_MALFORMED;
}

static bool fits(const struct ipc_channel *c, uint32_t type, size_t size, bool has_descriptor)
{
    if (type >= IPC_TYPE_COUNT)
        return false;
    const struct ipc_rule *rule = &ipc_rules[type];
    if (!(rule->from & c->peer) || !(rule->to & c->self))
        return false;
    if (size < rule->size_min || size > rule->size_max)
        return false;
    return rule->descriptor == IPC_FD_MAYBE || (rule->descriptor == IPC_FD_ONE) == has_descriptor;
}

enum status ipc_receive(struct ipc_channel *c, void *memory, size_t size, struct ipc_message *out)
{
    uint32_t type = 0;
    union {
        struct cmsghdr header;
        char memory[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec parts[2] = {{&type, sizeof type}, {memory, size}};
    struct msghdr m = {.msg_iov = parts,
                       .msg_iovlen = 2,
                       .msg_control = &control,
                       .msg_controllen = CMSG_LEN(sizeof(int))};
    ssize_t n;
    do
        n = recvmsg(c->socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? STATUS_AGAIN : STATUS_CLOSED;
    int fd = descriptor_of(&m);
    bool is_cut = m.msg_flags & MSG_CTRUNC;
    bool lost = fd < 0 && is_cut, more_came = fd >= 0 && is_cut;
    if ((size_t)n < sizeof type || (m.msg_flags & MSG_TRUNC) || more_came ||
        !fits(c, type, (size_t)n - sizeof type, fd >= 0 || lost)) {
        if (fd >= 0)
            close(fd);
        return n == 0 ? nothing_read(c) : STATUS_MALFORMED;
    }
    *out = (struct ipc_message){(enum ipc_type)type, slice_of(memory, (size_t)n - sizeof type), fd,
                                lost};
    return STATUS_OK;
}
