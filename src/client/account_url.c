#include "client/account_directive.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What a URL was taken apart into; borrowed from it. */
struct url {
    bool implicit;
    bool bracketed;
    struct slice user, host;
    uint16_t port;
};

static bool tell(char why[200], const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool tell(char why[200], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, 200, format, args);
    va_end(args);
    return false;
}

static bool parse_port(struct slice text, uint16_t *port)
{
    uint64_t number;
    if (!slice_parse_u64(text, &number) || number == 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* Neither blanks, controls nor what means something in a URL: a name goes to the resolver, to TLS
 * and to messages (A54). Names beyond ASCII are written in their xn-- form. */
static bool is_host_name(struct slice s)
{
    if (s.size == 0 || s.size > 253 || s.data[0] == '.' || s.data[0] == '-')
        return false;
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && c != '-' && c != '_' && c != '.')
            return false;
        if (c == '.' && i > 0 && s.data[i - 1] == '.')
            return false;
    }
    return true;
}

static bool is_v6(struct slice s)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    if (s.size >= sizeof text || memchr(s.data, '\0', s.size) != NULL)
        return false;
    memcpy(text, s.data, s.size);
    text[s.size] = '\0';
    return inet_pton(AF_INET6, text, &ignored) == 1;
}

/* host[:port] or [v6][:port]; `port` stays when there is none. */
static bool split_host(struct slice text, struct url *u, bool *has_port)
{
    size_t end = slice_find(text, ']');
    u->bracketed = text.size > 0 && text.data[0] == '[' && end < text.size;
    size_t after = u->bracketed ? end + 1 : slice_find(text, ':');
    u->host = u->bracketed ? slice_skip(slice_take(text, end), 1) : slice_take(text, after);
    struct slice rest = slice_skip(text, after);
    *has_port = rest.size > 0;
    if (rest.size == 0)
        return true;
    return rest.data[0] == ':' && parse_port(slice_skip(rest, 1), &u->port);
}

static bool has_host(const struct url *u)
{
    return u->bracketed ? is_v6(u->host) : is_host_name(u->host);
}

bool account_is_host_port(struct slice text)
{
    struct url u = {.port = 0};
    bool has_port;
    return split_host(text, &u, &has_port) && has_port && has_host(&u);
}

/* A user in a URL stands as it is but for %XX; decoded into `out`. */
static bool decode(struct slice s, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.size && n + 1 < size; i++) {
        unsigned value = (unsigned char)s.data[i];
        if (value == '%') {
            char hex[3] = "";
            if (s.size - i < 3)
                return false;
            memcpy(hex, s.data + i + 1, 2);
            if (strspn(hex, "0123456789abcdefABCDEF") != 2)
                return false;
            value = (unsigned)strtoul(hex, NULL, 16);
            i += 2;
        }
        if (value < 0x20 || value == 0x7f)
            return false;
        out[n++] = (char)value;
    }
    out[n] = '\0';
    return n > 0;
}

static bool split_scheme(struct slice *text, struct url *u, char why[200])
{
    u->implicit = slice_starts(*text, SLICE("pop3s://"));
    if (!u->implicit && !slice_starts(*text, SLICE("pop3://")))
        return tell(why, "a server is written as pop3s://HOST[:PORT] or pop3://HOST[:PORT]");
    u->port = u->implicit ? 995 : 110;
    *text = slice_skip(*text, u->implicit ? 8 : 7);
    if (slice_ends(*text, SLICE("/")))
        text->size--;
    return true;
}

static bool split_user(struct slice *text, bool user_allowed, struct url *u, char why[200])
{
    size_t at = text->size;
    while (at > 0 && text->data[at - 1] != '@')
        at--;
    if (at == 0)
        return true;
    u->user = slice_take(*text, at - 1);
    *text = slice_skip(*text, at);
    if (!user_allowed)
        return tell(why, "the user has a line of its own: user NAME");
    if (slice_find(u->user, ':') < u->user.size)
        return tell(why, "a password in a URL can be seen by others; it is asked for, or comes "
                         "from a file");
    return true;
}

static bool split(struct slice text, bool user_allowed, struct url *u, char why[200])
{
    bool has_port;
    if (!split_scheme(&text, u, why) || !split_user(&text, user_allowed, u, why))
        return false;
    if (slice_find(text, '/') < text.size)
        return tell(why, "nothing comes after the server's name and port");
    if (!split_host(text, u, &has_port))
        return tell(why, "after the name comes :PORT, from 1 to 65535; IPv6 is written as "
                         "[2001:db8::1]:995");
    if (!has_host(u))
        return tell(why, "that is no server's name or address; IPv6 is written as [2001:db8::1]");
    return true;
}

/* RFC 6761: localhost never leaves the machine; where it does, the dialogue looks at the address it
 * got and sends no secret in clear. */
static bool is_loopback(struct slice host)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct in_addr v4;
    struct in6_addr v6;
    if (slice_equal_nocase(host, SLICE("localhost")))
        return true;
    if (host.size >= sizeof text)
        return false;
    memcpy(text, host.data, host.size);
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static enum status replace(char **slot, const char *text, size_t size)
{
    char *copy = strndup(text, size);
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    free(*slot);
    *slot = copy;
    return STATUS_OK;
}

enum status account_url_parse(struct slice url, bool user_allowed, struct account *out,
                              char why[200])
{
    struct url u = {.port = 0};
    char user[LIMIT_USER_NAME + 2] = "";
    if (!split(url, user_allowed, &u, why))
        return STATUS_MALFORMED;
    if (u.user.data != NULL &&
        (!decode(u.user, user, sizeof user) || strlen(user) > LIMIT_USER_NAME)) {
        tell(why, "the user before the @ is empty, too long or has a control character");
        return STATUS_MALFORMED;
    }
    out->port = u.port;
    out->tls = u.implicit            ? ACCOUNT_TLS_IMPLICIT
               : is_loopback(u.host) ? ACCOUNT_TLS_NONE
                                     : ACCOUNT_TLS_STLS;
    enum status s = replace(&out->host, u.host.data, u.host.size);
    if (s == STATUS_OK && user[0] != '\0')
        s = replace(&out->user, user, strlen(user));
    if (s != STATUS_OK)
        tell(why, "no memory");
    return s;
}

enum status account_from_url(const char *url, struct account *out, char why[200])
{
    account_defaults(out);
    why[0] = '\0';
    enum status s = account_url_parse(slice_str(url), true, out, why);
    if (s == STATUS_OK && (out->name = strdup(out->host)) == NULL) {
        tell(why, "no memory");
        s = STATUS_NO_MEMORY;
    }
    if (s != STATUS_OK)
        account_wipe(out);
    return s;
}

void account_url_print(const struct account *a, char *out, size_t size)
{
    bool implicit = a->tls == ACCOUNT_TLS_IMPLICIT;
    bool v6 = strchr(a->host, ':') != NULL;
    int n = snprintf(out, size, "%s://%s%s%s", implicit ? "pop3s" : "pop3", v6 ? "[" : "", a->host,
                     v6 ? "]" : "");
    if (n > 0 && (size_t)n < size && a->port != (implicit ? 995 : 110))
        (void)snprintf(out + n, size - (size_t)n, ":%u", a->port);
}
