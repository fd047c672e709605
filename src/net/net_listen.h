/* net_listen: listening sockets. */
#ifndef POPLIN_NET_NET_LISTEN_H
#define POPLIN_NET_NET_LISTEN_H

#include "base/status.h"

#include <netinet/in.h>

/* A non-blocking listening TCP socket with SO_REUSEADDR, SO_REUSEPORT, TCP_NODELAY (inherited by
 * what is accepted), IPv6 only where it is IPv6. A port of 0 becomes the one the kernel chose. On
 * failure `why` says what and what to do about it. */
enum status net_listen(struct sockaddr_storage *address, int *out, char why[200]);

#endif
