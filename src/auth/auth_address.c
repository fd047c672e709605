#include "auth/auth_address.h"

void auth_address_prefix(const struct sockaddr_storage *address,
                         unsigned char prefix[AUTH_ADDRESS_PREFIX])
{
    memset(prefix, 0, AUTH_ADDRESS_PREFIX);
    if (address && address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        prefix[0] = 4;
        memcpy(prefix + 1, &in->sin_addr, 4);
    } else if (address && address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        bool is_mapped = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
        prefix[0] = is_mapped ? 4 : 6;
        memcpy(prefix + 1, in6->sin6_addr.s6_addr + (is_mapped ? 12 : 0), is_mapped ? 4 : 8);
    }
}
