#include "net/net_socks.h"

#include <arpa/inet.h>

enum { VERSION = 5, AUTH_VERSION = 1, CONNECT = 1, LONGEST = 255 };
enum method { METHOD_NONE = 0, METHOD_PASSWORD = 2 };
enum kind { KIND_V4 = 1, KIND_NAME = 3, KIND_V6 = 4 };
enum step { STEP_METHOD, STEP_PASSWORD, STEP_REPLY, STEP_REST };

static const char *const replies[] = {
    "",
    "the proxy failed",
    "the proxy's rules forbid the connection",
    "the proxy finds the network unreachable",
    "the proxy finds the host unreachable, or does not know its name",
    "connection refused, says the proxy",
    "the proxy waited too long",
    "the proxy cannot connect",
    "the proxy does not know this kind of address",
};

static void put_octet(struct buf *out, unsigned n)
{
    buf_put_char(out, (char)(unsigned char)n);
}

static void put_text(struct buf *out, struct slice s)
{
    put_octet(out, (unsigned)s.size);
    buf_put(out, s);
}

enum status net_socks_init(struct net_socks *s, const char *host, uint16_t port, struct slice user,
                           struct slice password)
{
    if (strlen(host) > LONGEST || user.size > LONGEST || password.size > LONGEST)
        return STATUS_MALFORMED;
    *s = (struct net_socks){.user = user, .password = password, .host = host, .port = port};
    return STATUS_OK;
}

void net_socks_greet(struct net_socks *s, struct buf *out)
{
    put_octet(out, VERSION);
    put_octet(out, s->user.size > 0 ? 2 : 1);
    put_octet(out, METHOD_NONE);
    if (s->user.size > 0)
        put_octet(out, METHOD_PASSWORD);
    s->step = STEP_METHOD;
    s->wants = 2;
}

static enum status fail(struct net_socks *s, enum status status, const char *why)
{
    s->why = why;
    return status;
}

static void request(struct net_socks *s, struct buf *out)
{
    unsigned char address[16];
    put_octet(out, VERSION);
    put_octet(out, CONNECT);
    put_octet(out, 0);
    if (inet_pton(AF_INET, s->host, address) == 1) {
        put_octet(out, KIND_V4);
        buf_put(out, slice_of(address, 4));
    } else if (inet_pton(AF_INET6, s->host, address) == 1) {
        put_octet(out, KIND_V6);
        buf_put(out, slice_of(address, 16));
    } else {
        put_octet(out, KIND_NAME);
        put_text(out, slice_str(s->host));
    }
    put_octet(out, s->port >> 8);
    put_octet(out, s->port & 0xff);
    s->step = STEP_REPLY;
    s->wants = 5; /* up to the first octet of an address, which may be a length */
}

static enum status take_method(struct net_socks *s, const unsigned char *at, struct buf *out)
{
    if (at[0] != VERSION)
        return fail(s, STATUS_MALFORMED, "the proxy does not speak SOCKS5");
    if (at[1] == METHOD_NONE) {
        request(s, out);
        return STATUS_AGAIN;
    }
    if (at[1] != METHOD_PASSWORD || s->user.size == 0)
        return fail(s, STATUS_DENIED,
                    "the proxy wants a login: write the proxy as user:password@host:port");
    put_octet(out, AUTH_VERSION);
    put_text(out, s->user);
    put_text(out, s->password);
    s->step = STEP_PASSWORD;
    s->wants = 2;
    return STATUS_AGAIN;
}

static enum status take_login(struct net_socks *s, const unsigned char *at, struct buf *out)
{
    if (at[1] != 0)
        return fail(s, STATUS_DENIED, "the proxy refuses its user name or password");
    request(s, out);
    return STATUS_AGAIN;
}

static enum status take_reply(struct net_socks *s, const unsigned char *at)
{
    size_t known = sizeof replies / sizeof *replies;
    if (at[0] != VERSION)
        return fail(s, STATUS_MALFORMED, "the proxy does not speak SOCKS5");
    if (at[1] != 0)
        return fail(s, STATUS_TEMPORARY, at[1] < known ? replies[at[1]] : replies[1]);
    size_t left = at[3] == KIND_V4 ? 3 : at[3] == KIND_V6 ? 15 : at[3] == KIND_NAME ? at[4] : 0;
    if (left == 0 && at[3] != KIND_NAME)
        return fail(s, STATUS_MALFORMED, "the proxy's answer makes no sense");
    s->step = STEP_REST;
    s->wants = left + 2;
    return STATUS_AGAIN;
}

enum status net_socks_feed(struct net_socks *s, struct slice octets, struct buf *out)
{
    const unsigned char *at = (const unsigned char *)octets.data;
    if (octets.size != s->wants)
        return fail(s, STATUS_MALFORMED, "the proxy's answer makes no sense");
    switch ((enum step)s->step) {
    case STEP_METHOD:
        return take_method(s, at, out);
    case STEP_PASSWORD:
        return take_login(s, at, out);
    case STEP_REPLY:
        return take_reply(s, at);
    case STEP_REST:
        break;
    }
    return STATUS_OK;
}
