/* net_notify: telling the service manager how the service is (the sd_notify protocol: datagrams
 * of NAME=value lines to the socket that NOTIFY_SOCKET names).
 *
 * Only the process that the manager started speaks. Without a manager every function succeeds
 * and says nothing. */
#ifndef POPLIN_NET_NET_NOTIFY_H
#define POPLIN_NET_NET_NOTIFY_H

#include "base/slice.h"
#include "base/status.h"

struct net_notify {
    int descriptor;       /* -1: nobody to tell */
    uint64_t watchdog_ms; /* the manager wants net_notify_alive at least this often; 0: never */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the environment, so
 * that no child speaks too. MALFORMED: not an absolute path or an abstract name (@…), IO: cannot
 * be connected; in both cases `n` is silent and may be used. */
enum status net_notify_open(struct net_notify *n);
void net_notify_close(struct net_notify *n);

/* Listening, or again after a reload. */
enum status net_notify_ready(const struct net_notify *n);
/* Reading the configuration again; the time is taken now. net_notify_ready ends it. */
enum status net_notify_reloading(const struct net_notify *n);
/* Going down. */
enum status net_notify_stopping(const struct net_notify *n);
/* For the watchdog. */
enum status net_notify_alive(const struct net_notify *n);
/* One line for a person; controls in it become '?', past 200 octets it is cut. */
enum status net_notify_status(const struct net_notify *n, struct slice text);

#endif
