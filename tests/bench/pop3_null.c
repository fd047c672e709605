/* pop3_null: a POP3 server that does no work, the yardstick's other end. One thread, epoll, canned
 * strings; RETR sends the file it was given with sendfile. What it takes, no server can undercut.
 *
 *     pop3_null PORT MESSAGES [FILE-IN-WIRE-FORM]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 20000, EVENTS_MAX = 256, INPUT_MAX = 2048 };

struct connection {
    char in[INPUT_MAX];
    size_t in_size;
    off_t file_sent; /* -1: no file under way */
    bool ends;
};

static struct connection *connections[CONNECTIONS_MAX];
static int poller;
static int file = -1;
static off_t file_size;
static char *listing; /* the reply to UIDL and LIST */
static char status[64];

static void say(int fd, const char *text)
{
    size_t size = strlen(text);
    if (send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size)
        connections[fd]->ends = true;
}

static void drop(int fd)
{
    free(connections[fd]);
    connections[fd] = NULL;
    close(fd);
}

/* Sends what the socket takes; true when the file is out and the last line with it. */
static bool send_file(int fd, struct connection *c)
{
    while (c->file_sent < file_size) {
        ssize_t sent = sendfile(fd, file, &c->file_sent, (size_t)(file_size - c->file_sent));
        if (sent < 0 && errno == EAGAIN)
            return false;
        if (sent <= 0) {
            c->ends = true;
            return true;
        }
    }
    c->file_sent = -1;
    say(fd, ".\r\n");
    return true;
}

static void watch(int fd, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(poller, operation, fd, &event);
}

static void begin_file(int fd, struct connection *c)
{
    c->file_sent = 0;
    send(fd, "+OK\r\n", 5, MSG_NOSIGNAL | MSG_MORE);
    if (!send_file(fd, c))
        watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
}

static void answer(int fd, struct connection *c, const char *line)
{
    if (strncmp(line, "RETR", 4) == 0 && file >= 0) {
        begin_file(fd, c);
    } else if (strncmp(line, "STAT", 4) == 0) {
        say(fd, status);
    } else if (strncmp(line, "UIDL", 4) == 0 || strncmp(line, "LIST", 4) == 0) {
        say(fd, listing);
    } else {
        say(fd, "+OK\r\n");
        c->ends = c->ends || strncmp(line, "QUIT", 4) == 0;
    }
}

static void take_lines(int fd, struct connection *c)
{
    char *end;
    while (c->file_sent < 0 && !c->ends && (end = memchr(c->in, '\n', c->in_size)) != NULL) {
        *end = '\0';
        answer(fd, c, c->in);
        c->in_size -= (size_t)(end + 1 - c->in);
        memmove(c->in, end + 1, c->in_size);
    }
}

static void receive(int fd, struct connection *c)
{
    ssize_t got = recv(fd, c->in + c->in_size, INPUT_MAX - c->in_size, 0);
    if (got <= 0) {
        c->ends = !(got < 0 && errno == EAGAIN);
        return;
    }
    c->in_size += (size_t)got;
    take_lines(fd, c);
}

static void serve(int fd, uint32_t events)
{
    struct connection *c = connections[fd];
    if ((events & EPOLLOUT) != 0 && c->file_sent >= 0) {
        if (!send_file(fd, c))
            return;
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
        take_lines(fd, c);
    } else {
        receive(fd, c);
    }
    if (c->ends)
        drop(fd);
}

static void accept_one(int listener)
{
    int on = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct connection *c = fd < CONNECTIONS_MAX ? calloc(1, sizeof *c) : NULL;
    if (c == NULL) {
        close(fd);
        return;
    }
    c->file_sent = -1;
    connections[fd] = c;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    say(fd, "+OK\r\n");
}

static int listen_on(uint16_t port)
{
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0) {
        perror("pop3_null: listen");
        exit(1);
    }
    return fd;
}

static void make_listing(unsigned messages)
{
    size_t size = 0;
    FILE *out = open_memstream(&listing, &size);
    fputs("+OK\r\n", out);
    for (unsigned i = 1; i <= messages; i++)
        fprintf(out, "%u 1700000000.M%06uP1.null\r\n", i, i);
    fputs(".\r\n", out);
    fclose(out);
    snprintf(status, sizeof status, "+OK %u %lld\r\n", messages,
             (long long)messages * (long long)(file < 0 ? 4000 : file_size));
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS_MAX];
    if (argc < 3) {
        fputs("usage: pop3_null PORT MESSAGES [FILE]\n", stderr);
        return 64;
    }
    if (argc > 3) {
        struct stat st;
        file = open(argv[3], O_RDONLY | O_CLOEXEC);
        if (file < 0 || fstat(file, &st) != 0) {
            perror(argv[3]);
            return 66;
        }
        file_size = st.st_size;
    }
    make_listing((unsigned)strtoul(argv[2], NULL, 10));
    int listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    poller = epoll_create1(EPOLL_CLOEXEC);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_one(listener);
            else
                serve(events[i].data.fd, events[i].events);
        }
    }
}
