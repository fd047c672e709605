#include "ipc/ipc_pack.h"

#include <sys/socket.h>

enum { ADDRESS_OCTETS = 28 };

void ipc_put_address(struct buf *b, const struct sockaddr_storage *address)
{
    union {
        struct sockaddr_in6 v6;
        char octets[ADDRESS_OCTETS];
    } u = {.octets = {0}};
    _Static_assert(sizeof u == ADDRESS_OCTETS, "the table's size of an address");
    memcpy(u.octets, address,
           address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof u.v6);
    buf_put(b, slice_of(u.octets, sizeof u.octets));
}

static bool take(struct ipc_reader *r, void *to, size_t size)
{
    if (r->bad || r->left.size < size) {
        r->bad = true;
        memset(to, 0, size);
        return false;
    }
    memcpy(to, r->left.data, size);
    r->left = slice_skip(r->left, size);
    return true;
}

uint8_t ipc_get_u8(struct ipc_reader *r)
{
    uint8_t v;
    take(r, &v, sizeof v);
    return v;
}

uint32_t ipc_get_u32(struct ipc_reader *r)
{
    uint32_t v;
    take(r, &v, sizeof v);
    return v;
}

uint64_t ipc_get_u64(struct ipc_reader *r)
{
    uint64_t v;
    take(r, &v, sizeof v);
    return v;
}

struct slice ipc_get_str(struct ipc_reader *r)
{
    uint32_t size = ipc_get_u32(r);
    if (r->bad || size > r->left.size) {
        r->bad = true;
        return SLICE("");
    }
    struct slice s = slice_take(r->left, size);
    r->left = slice_skip(r->left, size);
    return s;
}

struct sockaddr_storage ipc_get_address(struct ipc_reader *r)
{
    struct sockaddr_storage a = {0};
    char octets[ADDRESS_OCTETS];
    take(r, octets, sizeof octets);
    memcpy(&a, octets, sizeof octets);
    if (a.ss_family != AF_INET && a.ss_family != AF_INET6)
        r->bad = true;
    return a;
}

struct slice ipc_get_rest(struct ipc_reader *r)
{
    struct slice s = r->left;
    r->left = slice_skip(s, s.size);
    return s;
}

bool ipc_is_whole(const struct ipc_reader *r)
{
    return !r->bad && r->left.size == 0;
}
