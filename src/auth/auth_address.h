/* auth_address: the part of an address that stands for one source: an IPv4 address whole (also when
 * it is written as IPv6), of an IPv6 address the first 64 bits. */
#ifndef POPLIN_AUTH_AUTH_ADDRESS_H
#define POPLIN_AUTH_AUTH_ADDRESS_H

#include "base/slice.h"

#include <netinet/in.h>

enum { AUTH_ADDRESS_PREFIX = 9 };

/* Octets that are equal for addresses of the same source and for no others; every family but the
 * two is one source. */
void auth_address_prefix(const struct sockaddr_storage *address,
                         unsigned char prefix[AUTH_ADDRESS_PREFIX]);

#endif
