/* net_activation: listening sockets that a service manager opened before it started us
 * (LISTEN_FDS: descriptors 3 and up; LISTEN_PID: whom they are for; LISTEN_FDNAMES). */
#ifndef POPLIN_NET_NET_ACTIVATION_H
#define POPLIN_NET_NET_ACTIVATION_H

#include "base/status.h"

#include <stddef.h>

enum { NET_ACTIVATION_MAX = 64, NET_ACTIVATION_NAME = 32 };

struct net_activation_socket {
    int descriptor;                 /* the caller's to close */
    char name[NET_ACTIVATION_NAME]; /* FileDescriptorName= of the unit, cut; "" where none */
};
struct net_activation {
    struct net_activation_socket sockets[NET_ACTIVATION_MAX];
    size_t count;
};

/* Takes over what was handed to this process; once, before anything else opens descriptors. Each
 * is a listening stream socket of IPv4 or IPv6, and close-on-exec and non-blocking afterwards. The
 * variables are gone afterwards, whatever was found, so that no child takes them again.
 * NOT_FOUND: nothing was handed over (count 0). MALFORMED, LIMIT, UNSUPPORTED: `why` says which
 * variable or descriptor is wrong, and the program should not start. */
enum status net_activation_take(struct net_activation *a, char why[200]);

#endif
