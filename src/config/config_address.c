#include "config/config_directive.h"

#include <arpa/inet.h>
#include <assert.h>

static struct config_listener listener4(struct in_addr address, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
    struct config_listener l = {.address_size = sizeof in};
    memcpy(&l.address, &in, sizeof in);
    return l;
}

static struct config_listener listener6(struct in6_addr address, uint16_t port)
{
    struct sockaddr_in6 in = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address};
    struct config_listener l = {.address_size = sizeof in};
    memcpy(&l.address, &in, sizeof in);
    return l;
}

static size_t everywhere(uint16_t port, struct config_listener out[2])
{
    out[0] = listener6(in6addr_any, port);
    out[1] = listener4((struct in_addr){htonl(INADDR_ANY)}, port);
    return 2;
}

static bool parse_port(struct slice text, uint16_t *port)
{
    uint64_t number;
    if (!slice_parse_u64(text, &number) || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* Splits "[v6]:port", "v4:port" or a bare address; false when the port is no port. */
static bool split_port(struct slice text, struct slice *host, uint16_t *port)
{
    size_t end = slice_find(text, ']');
    bool bracketed = text.size > 0 && text.data[0] == '[' && end < text.size;
    size_t colon = slice_find(text, ':');
    if (bracketed) {
        *host = slice_skip(slice_take(text, end), 1);
        text = slice_skip(text, end + 1);
        if (text.size == 0)
            return true;
        return text.data[0] == ':' && parse_port(slice_skip(text, 1), port);
    }
    *host = text;
    if (colon == text.size || slice_find(slice_skip(text, colon + 1), ':') + colon + 1 < text.size)
        return true;
    *host = slice_take(text, colon);
    return parse_port(slice_skip(text, colon + 1), port);
}

size_t config_address_parse(struct config_reader *r, const struct config_word *at, bool given,
                            uint16_t port, struct config_listener out[2])
{
    struct slice host;
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (!given || parse_port(at->text, &port))
        return everywhere(port, out);
    bool is_split = split_port(at->text, &host, &port);
    if (is_split && host.size < sizeof text && memchr(host.data, '\0', host.size) == NULL) {
        memcpy(text, host.data, host.size);
        text[host.size] = '\0';
        if (inet_pton(AF_INET6, text, &v6) == 1) {
            out[0] = listener6(v6, port);
            return 1;
        }
        if (inet_pton(AF_INET, text, &v4) == 1) {
            out[0] = listener4(v4, port);
            return 1;
        }
    }
    config_fault(r, at, "\"%s\" is no address; write 192.0.2.1:110, [2001:db8::1]:110 or a port",
                 config_show(at->text).text);
    return 0;
}

bool config_address_is_loopback(const struct config_listener *l)
{
    if (l->address.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&l->address;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&l->address;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

bool config_address_equal(const struct config_listener *a, const struct config_listener *b)
{
    return a->address_size == b->address_size &&
           memcmp(&a->address, &b->address, a->address_size) == 0;
}

void config_address_print(const struct config_listener *l, char text[CONFIG_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN];
    const struct sockaddr_in *in = (const struct sockaddr_in *)&l->address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&l->address;
    bool is_v4 = l->address.ss_family == AF_INET;
    const void *address = is_v4 ? (const void *)&in->sin_addr : (const void *)&in6->sin6_addr;
    const char *shown = inet_ntop(l->address.ss_family, address, host, sizeof host);
    assert(shown != NULL);
    int n = snprintf(text, CONFIG_ADDRESS_TEXT, is_v4 ? "%s:%u" : "[%s]:%u", shown,
                     (unsigned)ntohs(is_v4 ? in->sin_port : in6->sin6_port));
    assert(n > 0 && n < CONFIG_ADDRESS_TEXT);
    (void)n;
}
