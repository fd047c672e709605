/* Addresses are tried in turn, a new one every 250 ms or as soon as one fails; the first that
 * connects wins and the others are closed [RFC 8305 5]. Nothing is reported from within start: the
 * first attempt waits for the loop's next turn. */
#include "net/net_connect.h"

#include "base/escape.h"
#include "net/net_address.h"
#include "net/net_resolve.h"
#include "net/net_socks.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STAGGER = 250, WHY_SIZE = 1200, PROXY_SIZE = 1024, SOCKS_INPUT = 300 };

struct attempt {
    struct event_source source; /* first: the loop gives it back */
    struct net_connect *owner;
    int error;     /* 0: none yet */
    bool is_begun; /* source.descriptor < 0: over */
};

struct net_connect {
    struct event_loop *loop;
    struct event_timer deadline, stagger;
    struct net_resolve *resolve; /* NULL: not running */
    struct net_addresses addresses;
    struct attempt attempts[NET_ADDRESSES];
    size_t next; /* the attempt that was not begun yet */
    uint64_t timeout;
    void *context;
    void (*done)(void *context, enum status status, int socket,
                 const struct sockaddr_storage *remote, const char *why);
    uint16_t port;
    uint16_t proxy_port;
    bool has_proxy;
    char host[NET_NAME];
    char proxy[PROXY_SIZE]; /* as given, cut in pieces by NULs */
    const char *proxy_host;
    struct net_socks socks;
    struct attempt *tunnel; /* the attempt that speaks with the proxy */
    unsigned char input[SOCKS_INPUT];
    size_t input_size;
};

static struct net_connect *of_deadline(struct event_timer *t)
{
    return (struct net_connect *)((char *)t - offsetof(struct net_connect, deadline));
}

static struct net_connect *of_stagger(struct event_timer *t)
{
    return (struct net_connect *)((char *)t - offsetof(struct net_connect, stagger));
}

static void drop_attempt(struct attempt *a)
{
    if (!a->is_begun || a->source.descriptor < 0)
        return;
    event_remove(a->owner->loop, &a->source);
    close(a->source.descriptor);
    a->source.descriptor = -1;
}

static void stop(struct net_connect *c)
{
    event_clear_timer(c->loop, &c->deadline);
    event_clear_timer(c->loop, &c->stagger);
    if (c->resolve)
        net_resolve_cancel(c->resolve);
    c->resolve = NULL;
    for (size_t i = 0; i < c->addresses.count; i++)
        drop_attempt(&c->attempts[i]);
}

static void discard(struct net_connect *c)
{
    explicit_bzero(c->proxy, sizeof c->proxy);
    free(c);
}

void net_connect_cancel(struct net_connect *c)
{
    stop(c);
    discard(c);
}

static void put_host(struct buf *out, const char *host, uint16_t port)
{
    bool is_v6 = strchr(host, ':') != NULL;
    buf_put_str(out, is_v6 ? "[" : "");
    escape_plain(out, slice_str(host), NET_NAME);
    buf_printf(out, is_v6 ? "]:%u" : ":%u", port);
}

static void put_target(const struct net_connect *c, struct buf *out)
{
    put_host(out, c->host, c->port);
    if (c->has_proxy) {
        buf_put_str(out, " by the proxy ");
        put_host(out, c->proxy_host, c->proxy_port);
    }
}

/* The one address is what was asked for: it stands in front already. */
static bool is_said(const struct net_connect *c, const char *address)
{
    char memory[NET_NAME + 16];
    struct buf target = buf_over(memory, sizeof memory);
    put_target(c, &target);
    return c->next == 1 && slice_equal(buf_slice(&target), slice_str(address));
}

static void put_attempts(const struct net_connect *c, struct buf *out)
{
    for (size_t i = 0; i < c->next; i++) {
        char text[NET_ADDRESS_TEXT];
        const struct attempt *a = &c->attempts[i];
        net_print(&c->addresses.rows[i], text);
        buf_put_str(out, i > 0 ? "; " : " ");
        if (!is_said(c, text))
            buf_printf(out, "%s: ", text);
        buf_put_str(out, a->error != 0 ? strerrordesc_np(a->error) : "no answer");
    }
}

static void end(struct net_connect *c, enum status s, const char *reason, const char *advice)
{
    char text[WHY_SIZE];
    struct buf why = buf_over(text, sizeof text - 1);
    put_target(c, &why);
    buf_put_str(&why, ": ");
    buf_put_str(&why, reason);
    if (c->next > 0 && !c->tunnel) {
        buf_put_str(&why, ":");
        put_attempts(c, &why);
    }
    buf_put_str(&why, advice);
    text[why.size] = 0;
    stop(c);
    c->done(c->context, s, -1, NULL, text);
    discard(c);
}

/* An address whose far end is known only to the proxy is no address: whoever asks whether it is
 * this machine's must hear no. */
static void succeed(struct net_connect *c, struct attempt *a)
{
    struct sockaddr_storage remote = {.ss_family = AF_UNSPEC};
    int socket = a->source.descriptor;
    if (!c->has_proxy)
        remote = c->addresses.rows[a - c->attempts];
    event_remove(c->loop, &a->source);
    a->source.descriptor = -1;
    stop(c);
    c->done(c->context, STATUS_OK, socket, &remote, "");
    discard(c);
}

static bool all_failed(const struct net_connect *c)
{
    for (size_t i = 0; i < c->addresses.count; i++)
        if (!c->attempts[i].is_begun || c->attempts[i].source.descriptor >= 0)
            return false;
    return true;
}

static void begin_next(struct net_connect *c);

static void fail_attempt(struct attempt *a, int error)
{
    struct net_connect *c = a->owner;
    a->error = error;
    drop_attempt(a);
    if (all_failed(c)) {
        bool none_there = error == ENETUNREACH || error == EHOSTUNREACH;
        end(c, STATUS_TEMPORARY, "cannot connect",
            none_there ? ": check the network" : ": check the server's name and port");
        return;
    }
    event_clear_timer(c->loop, &c->stagger);
    begin_next(c);
}

static bool send_all(int socket, const struct buf *b)
{
    return b->size == 0 || send(socket, b->data, b->size, MSG_NOSIGNAL) == (ssize_t)b->size;
}

static void end_tunnel(struct net_connect *c, int error)
{
    end(c, error == 0 ? STATUS_CLOSED : STATUS_TEMPORARY,
        error == 0 ? "the proxy closed the connection" : strerrordesc_np(error), "");
}

static void feed_tunnel(struct net_connect *c)
{
    char memory[NET_SOCKS_TEXT];
    struct buf out = buf_over(memory, sizeof memory);
    enum status s = net_socks_feed(&c->socks, slice_of(c->input, c->input_size), &out);
    c->input_size = 0;
    bool sent = send_all(c->tunnel->source.descriptor, &out);
    explicit_bzero(memory, sizeof memory);
    if (s == STATUS_OK)
        succeed(c, c->tunnel);
    else if (s != STATUS_AGAIN)
        end(c, s, c->socks.why, "");
    else if (!sent)
        end_tunnel(c, EPIPE);
}

static void read_tunnel(struct event_source *source, uint32_t events)
{
    struct net_connect *c = ((struct attempt *)source)->owner;
    (void)events;
    ssize_t n =
        recv(source->descriptor, c->input + c->input_size, c->socks.wants - c->input_size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_tunnel(c, n < 0 ? errno : 0);
        return;
    }
    c->input_size += (size_t)n;
    if (c->input_size == c->socks.wants)
        feed_tunnel(c);
}

static void begin_tunnel(struct attempt *a)
{
    struct net_connect *c = a->owner;
    char memory[NET_SOCKS_TEXT];
    struct buf out = buf_over(memory, sizeof memory);
    event_clear_timer(c->loop, &c->stagger);
    for (size_t i = 0; i < c->addresses.count; i++)
        if (&c->attempts[i] != a)
            drop_attempt(&c->attempts[i]);
    c->tunnel = a;
    a->source.ready = read_tunnel;
    event_set_interest(c->loop, &a->source, EVENT_READ);
    net_socks_greet(&c->socks, &out);
    if (!send_all(a->source.descriptor, &out))
        end_tunnel(c, EPIPE);
}

/* A port of this machine that nobody listens at may be given to the very socket that connects to
 * it, which then hears itself. */
static bool is_own_echo(int socket)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_size = sizeof here, there_size = sizeof there;
    return getsockname(socket, (struct sockaddr *)&here, &here_size) == 0 &&
           getpeername(socket, (struct sockaddr *)&there, &there_size) == 0 &&
           here_size == there_size && memcmp(&here, &there, here_size) == 0;
}

static void connected(struct event_source *source, uint32_t events)
{
    struct attempt *a = (struct attempt *)source;
    int error = 0, on = 1;
    socklen_t size = sizeof error;
    (void)events;
    if (getsockopt(source->descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error == 0 && is_own_echo(source->descriptor))
        error = ECONNREFUSED;
    if (error != 0) {
        fail_attempt(a, error);
        return;
    }
    (void)setsockopt(source->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(source->descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (a->owner->has_proxy)
        begin_tunnel(a);
    else
        succeed(a->owner, a);
}

/* 0, or an errno. */
static int begin_attempt(struct attempt *a, const struct sockaddr_storage *to)
{
    int s = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    a->is_begun = true;
    a->source = (struct event_source){s, EVENT_WRITE, connected};
    if (s < 0)
        return errno;
    int error = 0;
    if (connect(s, (const struct sockaddr *)to, net_address_size(to)) != 0 && errno != EINPROGRESS)
        error = errno;
    else if (event_add(a->owner->loop, &a->source) != STATUS_OK)
        error = ENOMEM;
    if (error != 0) {
        close(s);
        a->source.descriptor = -1;
    }
    return error;
}

static void begin_next(struct net_connect *c)
{
    while (c->next < c->addresses.count) {
        struct attempt *a = &c->attempts[c->next];
        a->owner = c;
        a->error = begin_attempt(a, &c->addresses.rows[c->next++]);
        if (a->error != 0)
            continue;
        if (c->next < c->addresses.count)
            event_set_timer(c->loop, &c->stagger, event_now(c->loop) + STAGGER);
        return;
    }
    if (all_failed(c))
        end(c, STATUS_TEMPORARY, "cannot connect", ": check the network");
}

static void go_on(struct event_timer *timer, uint64_t now)
{
    (void)now;
    begin_next(of_stagger(timer));
}

static void give_up(struct event_timer *timer, uint64_t now)
{
    struct net_connect *c = of_deadline(timer);
    char reason[100];
    struct buf text = buf_over(reason, sizeof reason - 1);
    (void)now;
    buf_printf(&text, "%s after %llu.%llu s",
               c->resolve  ? "no answer from the name servers"
               : c->tunnel ? "no answer from the proxy"
                           : "no connection",
               (unsigned long long)(c->timeout / 1000),
               (unsigned long long)(c->timeout % 1000 / 100));
    reason[text.size] = 0;
    end(c, STATUS_TIMEOUT, reason, ": check the network, or allow more time");
}

static void resolved(void *context, enum status s, const struct net_addresses *addresses,
                     const char *why)
{
    struct net_connect *c = (struct net_connect *)context;
    c->resolve = NULL;
    if (s != STATUS_OK) {
        const char *which = c->has_proxy ? ": check the proxy's name" : ": check the server's name";
        end(c, s, why, s == STATUS_NOT_FOUND ? which : ": check the network and the name servers");
        return;
    }
    c->addresses = *addresses;
    begin_next(c);
}

static bool take_name(char out[NET_NAME], const char *host)
{
    size_t size = strlen(host);
    if (size == 0 || size >= NET_NAME)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f)
            return false;
    memcpy(out, host, size + 1);
    return true;
}

/* user:password@host:port, user and password only where needed, an IPv6 address in brackets. */
static bool take_proxy(struct net_connect *c, const char *text)
{
    struct slice user = {NULL, 0}, password = {NULL, 0}, port;
    uint64_t number;
    if (strlen(text) >= sizeof c->proxy)
        return false;
    memcpy(c->proxy, text, strlen(text) + 1);
    char *host = c->proxy, *at = strrchr(host, '@');
    if (at) {
        struct slice login = slice_of(host, (size_t)(at - host));
        user = slice_take(login, slice_find(login, ':'));
        if (user.size < login.size)
            password = slice_skip(login, user.size + 1);
        host = at + 1;
    }
    char *colon = strrchr(host, ':');
    if (!colon)
        return false;
    port = slice_str(colon + 1);
    if (!slice_parse_u64(port, &number) || number == 0 || number > 65535)
        return false;
    *colon = 0;
    if (host[0] == '[' && colon[-1] == ']') {
        colon[-1] = 0;
        host++;
    }
    char name[NET_NAME];
    c->has_proxy = true;
    c->proxy_host = host;
    c->proxy_port = (uint16_t)number;
    return take_name(name, host) &&
           net_socks_init(&c->socks, c->host, c->port, user, password) == STATUS_OK;
}

static enum status find_addresses(struct net_connect *c)
{
    const char *host = c->has_proxy ? c->proxy_host : c->host;
    uint16_t port = c->has_proxy ? c->proxy_port : c->port;
    if (net_resolve_literal(host, port, &c->addresses)) {
        event_set_timer(c->loop, &c->stagger, event_now(c->loop));
        return STATUS_OK;
    }
    c->addresses.count = 0;
    return net_resolve_start(
        c->loop,
        &(struct net_resolve_options){.host = host, .port = port, .context = c, .done = resolved},
        &c->resolve);
}

enum status net_connect_start(struct event_loop *loop, const struct net_connect_options *options,
                              struct net_connect **out)
{
    *out = NULL;
    struct net_connect *c = calloc(1, sizeof *c);
    if (!c)
        return STATUS_NO_MEMORY;
    c->loop = loop;
    c->port = options->port;
    c->timeout = options->timeout;
    c->context = options->context;
    c->done = options->done;
    c->deadline.fire = give_up;
    c->stagger.fire = go_on;
    enum status s = STATUS_MALFORMED;
    if (take_name(c->host, options->host) && c->port != 0 &&
        (!options->proxy || take_proxy(c, options->proxy)))
        s = find_addresses(c);
    if (s != STATUS_OK) {
        discard(c);
        return s;
    }
    event_set_timer(loop, &c->deadline, event_now(loop) + c->timeout);
    *out = c;
    return STATUS_OK;
}
