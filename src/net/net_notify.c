#include "net/net_notify.h"

#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_TEXT_MAX = 200 };

/* False when the value names no socket. A leading '@' stands for the NUL of an abstract name. */
static bool parse_address(struct slice value, struct sockaddr_un *address, socklen_t *size)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (value.size < 2 || value.size >= sizeof address->sun_path)
        return false;
    if (value.data[0] != '/' && value.data[0] != '@')
        return false;
    memcpy(address->sun_path, value.data, value.size);
    if (value.data[0] == '@')
        address->sun_path[0] = '\0';
    /* An abstract name ends where the address does, a path with its NUL. */
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + value.size +
                        (value.data[0] == '/' ? 1 : 0));
    return true;
}

static uint64_t number_of(const char *name)
{
    uint64_t n;
    const char *value = getenv(name);
    return value && slice_parse_u64(slice_str(value), &n) ? n : 0;
}

/* The manager may have meant another process of the same environment. */
static uint64_t wanted_watchdog_ms(void)
{
    if (getenv("WATCHDOG_PID") && number_of("WATCHDOG_PID") != (uint64_t)getpid())
        return 0;
    uint64_t us = number_of("WATCHDOG_USEC");
    return us == 0 || us == UINT64_MAX ? 0 : (us + 999) / 1000;
}

static enum status connect_to(const char *value, int *descriptor)
{
    struct sockaddr_un address;
    socklen_t size;
    if (!parse_address(slice_str(value), &address, &size))
        return STATUS_MALFORMED;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return STATUS_IO;
    if (connect(fd, (const struct sockaddr *)&address, size) != 0) {
        close(fd);
        return STATUS_IO;
    }
    *descriptor = fd;
    return STATUS_OK;
}

enum status net_notify_open(struct net_notify *n)
{
    *n = (struct net_notify){-1, wanted_watchdog_ms()};
    const char *value = getenv("NOTIFY_SOCKET");
    enum status s = value ? connect_to(value, &n->descriptor) : STATUS_OK;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return s;
}

void net_notify_close(struct net_notify *n)
{
    if (n->descriptor >= 0)
        close(n->descriptor);
    n->descriptor = -1;
}

static enum status tell(const struct net_notify *n, struct slice lines)
{
    ssize_t sent;
    if (n->descriptor < 0)
        return STATUS_OK;
    do
        sent = send(n->descriptor, lines.data, lines.size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)lines.size ? STATUS_OK : STATUS_IO;
}

enum status net_notify_ready(const struct net_notify *n)
{
    return tell(n, SLICE("READY=1"));
}

enum status net_notify_reloading(const struct net_notify *n)
{
    struct timespec now;
    char memory[64];
    struct buf lines = buf_over(memory, sizeof memory);
    clock_gettime(CLOCK_MONOTONIC, &now);
    buf_put_str(&lines, "RELOADING=1\nMONOTONIC_USEC=");
    buf_put_u64(&lines, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    return tell(n, buf_slice(&lines));
}

enum status net_notify_stopping(const struct net_notify *n)
{
    return tell(n, SLICE("STOPPING=1"));
}

enum status net_notify_alive(const struct net_notify *n)
{
    return tell(n, SLICE("WATCHDOG=1"));
}

enum status net_notify_status(const struct net_notify *n, struct slice text)
{
    char memory[sizeof "STATUS=" + STATUS_TEXT_MAX];
    struct buf line = buf_over(memory, sizeof memory);
    buf_put_str(&line, "STATUS=");
    for (size_t i = 0; i < text.size && i < STATUS_TEXT_MAX; i++) {
        unsigned char c = (unsigned char)text.data[i];
        buf_put_char(&line, c < ' ' || c == 0x7f ? '?' : (char)c);
    }
    return tell(n, buf_slice(&line));
}
