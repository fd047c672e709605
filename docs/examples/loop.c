/* loop: the client's machine in somebody else's event loop, here poll(2): USER, PASS, then STAT and
 * UIDL in one flight, then the header of every message, all asked for at once where the server
 * takes pipelined commands. In clear, so for loopback only; TLS would stand between socket and
 * machine.
 *
 *     PASSWORD=… loop PORT USER */
#define _POSIX_C_SOURCE 200809L

#include <poplin/pop3.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_FLIGHT = 64, PATIENCE_MS = 30000 };

struct session {
    struct poplin_pop3_client *machine;
    const char *user, *password;
    uint32_t count, asked, got;
    bool has_failed;
};

static struct poplin_slice slice(const char *text)
{
    struct poplin_slice s = {text, strlen(text)};
    return s;
}

static void ask(struct session *s, enum poplin_pop3_verb verb, const char *arguments)
{
    if (poplin_pop3_client_command(s->machine, verb, slice(arguments)) != POPLIN_OK)
        s->has_failed = true;
}

/* As many as the server takes. LIMIT and AGAIN: the rest when some are answered and sent. */
static void ask_for_headers(struct session *s)
{
    bool one_by_one = !(poplin_pop3_client_capabilities(s->machine) & POPLIN_POP3_HAS_PIPELINING);
    while (s->asked < s->count && !(one_by_one && poplin_pop3_client_in_flight(s->machine) > 0)) {
        if (poplin_pop3_client_top(s->machine, s->asked + 1, 0) != POPLIN_OK)
            return;
        s->asked++;
    }
}

/* A command is answered to its end. */
static void next(struct session *s, const struct poplin_pop3_client_event *e)
{
    switch (e->verb) {
    case POPLIN_POP3_USER:
        ask(s, POPLIN_POP3_PASS, s->password);
        break;
    case POPLIN_POP3_PASS:
        ask(s, POPLIN_POP3_CAPA, "");
        break;
    case POPLIN_POP3_CAPA:
        ask(s, POPLIN_POP3_STAT, "");
        break;
    case POPLIN_POP3_STAT:
        s->count = e->messages;
        poplin_pop3_client_set_row_limit(s->machine, s->count);
        ask(s, POPLIN_POP3_UIDL, "");
        break;
    case POPLIN_POP3_UIDL:
    case POPLIN_POP3_TOP:
        s->got += e->verb == POPLIN_POP3_TOP;
        ask_for_headers(s);
        if (s->got == s->count)
            ask(s, POPLIN_POP3_QUIT, "");
        break;
    default:
        break;
    }
}

static void put(struct poplin_slice s)
{
    fwrite(s.data, 1, s.size, stdout);
}

static void handle(struct session *s, const struct poplin_pop3_client_event *e)
{
    switch (e->type) {
    case POPLIN_POP3_CLIENT_GREETING:
        ask(s, POPLIN_POP3_USER, s->user);
        break;
    case POPLIN_POP3_CLIENT_REPLY:
        s->has_failed = s->has_failed || e->answer == POPLIN_POP3_ANSWER_ERR;
        if (!e->lines_follow && !s->has_failed)
            next(s, e);
        break;
    case POPLIN_POP3_CLIENT_ROW:
        if (e->verb == POPLIN_POP3_UIDL && e->fault == POPLIN_POP3_FAULT_NONE) {
            printf("%u ", (unsigned)e->row_number);
            put(e->uid);
            puts("");
        }
        break;
    case POPLIN_POP3_CLIENT_DATA:
        put(e->data);
        break;
    case POPLIN_POP3_CLIENT_END:
        next(s, e);
        break;
    default:
        s->has_failed = true; /* a protocol error, or what nobody asked for */
    }
}

static void feed(struct session *s, const char *data, size_t size)
{
    struct poplin_slice input = {data, size};
    while (!s->has_failed && !poplin_pop3_client_is_ended(s->machine)) {
        const struct poplin_pop3_client_event *e = poplin_pop3_client_feed(s->machine, &input);
        if (e->type == POPLIN_POP3_CLIENT_WANT_INPUT)
            return;
        handle(s, e);
    }
}

/* One turn: waits, writes what can be written, reads what is there. */
static bool turn(struct session *s, int server)
{
    char memory[4096];
    struct poplin_slice out = poplin_pop3_client_output(s->machine);
    struct pollfd p = {server, (short)(out.size > 0 ? POLLIN | POLLOUT : POLLIN), 0};
    ssize_t n;
    if (poll(&p, 1, PATIENCE_MS) != 1)
        return false;
    if (p.revents & POLLOUT) {
        n = send(server, out.data, out.size, MSG_NOSIGNAL);
        if (n > 0)
            poplin_pop3_client_sent(s->machine, (size_t)n);
    }
    if (!(p.revents & (POLLIN | POLLHUP)))
        return true;
    n = recv(server, memory, sizeof memory, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    feed(s, memory, (size_t)n);
    return true;
}

static int connect_to(const char *port)
{
    struct sockaddr_in address;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s >= 0 && connect(s, (struct sockaddr *)&address, sizeof address) != 0)
        return -1;
    fcntl(s, F_SETFL, O_NONBLOCK);
    return s;
}

int main(int argc, char **argv)
{
    struct session s;
    memset(&s, 0, sizeof s);
    if (argc != 3)
        return 64;
    int server = connect_to(argv[1]);
    s.user = argv[2];
    s.password = getenv("PASSWORD");
    s.machine = poplin_pop3_client_new(IN_FLIGHT);
    if (server < 0 || s.machine == NULL || s.password == NULL)
        return 69;
    while (!s.has_failed && !poplin_pop3_client_is_ended(s.machine) && turn(&s, server))
        continue;
    bool ok = !s.has_failed && poplin_pop3_client_is_ended(s.machine);
    poplin_pop3_client_free(s.machine);
    close(server);
    return ok ? 0 : 1;
}
