/* ipc: datagrams between Poplin's own processes over SOCK_SEQPACKET sockets.
 *
 * Every message is a row of one table (ipc_table.c): its name, who may send it to whom, how large
 * it is, and whether a descriptor goes with it. ipc_receive checks each against the table and the
 * channel's ends; what does not fit is MALFORMED, and the receiver ends that channel and tells the
 * master (FAULT). Payloads are written and read with ipc_pack.h, field by field.
 *
 * The life of a session `s` (a number that front gives, bound to the socket it arrived on):
 *
 *   front → auth   BEGIN, RESPONSE…      auth → front  CHALLENGE…, or REFUSED
 *                                        auth → store  OPEN
 *                                        store → front OPENED, or REFUSED
 *   front → store  GET, LIED, MARK…, REMOVE        store → front  BLOB, REMOVED, YIELD
 *   front → store  CLOSE                 front → auth  ENDED
 *
 * CANCEL: front's client went away while its login was under way; an OPENED that crosses it is
 * answered with CLOSE. HELD: front tells a new auth process which sessions live. */
#ifndef POPLIN_IPC_IPC_H
#define POPLIN_IPC_IPC_H

#include "base/slice.h"
#include "base/status.h"

enum ipc_role {
    IPC_MASTER = 1,
    IPC_FRONT = 2,
    IPC_AUTH = 4,
    IPC_STORE = 8,
};

enum ipc_type {
    /* master to its children */
    IPC_CONFIG,   /* u32 index, u32 uid, u32 gid, u32 log target, u32 fronts, u32 stores;
                     fd: the configuration's text */
    IPC_LISTENER, /* u32 index of config's listener; fd: a listening socket */
    IPC_TLS,      /* fd: a bundle (tls.h) */
    IPC_USERS,    /* fd: the users file's text */
    IPC_NO_USERS, /* the users file cannot be read */
    IPC_PEER,     /* u8 role, u32 index; fd: a channel to that process */
    IPC_START,    /* all is there: confine yourself, serve */
    IPC_DRAIN,    /* u64 ms: take no new connections, end idle sessions, and all of them after that
                     time; 0: sessions live on, the process ends after the last one */
    IPC_PROBE,    /* try what you must not be able to do (tests) */
    /* children to master */
    IPC_READY,  /* text: what confinement took hold */
    IPC_FAULT,  /* u8 role, u32 index of a process that broke the table */
    IPC_NOTICE, /* text for the service manager's status line or a test */
    /* front to auth */
    IPC_BEGIN,    /* u64 session, address remote, u8 tls, str tls-exporter,
                     str tls-server-end-point, str mechanism, u8 has_initial, str data */
    IPC_RESPONSE, /* u64 session, str data */
    IPC_CANCEL,   /* u64 session */
    IPC_ENDED,    /* u64 session */
    IPC_HELD,     /* u64 session, address remote, str user */
    /* auth to front */
    IPC_CHALLENGE, /* u64 session, str data */
    IPC_REFUSED,   /* u64 session, u8 status, str user; from store too */
    /* auth to store */
    IPC_OPEN, /* u32 front, u64 session, str user, str path */
    /* store to front */
    IPC_OPENED,  /* u64 session, u32 count, u64 octets, str user; then the rows, or fd: them, or
                    neither: LISTING follows */
    IPC_LISTING, /* u64 session; fd: the rows; without: they cannot be had */
    IPC_BLOB,    /* u64 session, u32 index, u8 status, u64 octets, u64 offset, u64 size, u8 needs;
                    then the stored octets, or fd: a file */
    IPC_REMOVED, /* u64 session, u32 removed, u32 failed */
    IPC_YIELD,   /* u64 session, u64 ms: end it if it has been idle so long (S02 takeover) */
    /* front to store */
    IPC_GET,    /* u64 session, u32 index */
    IPC_LIED,   /* u64 session, u32 index */
    IPC_MARK,   /* u64 session, u32 first word; then the words of the deletion marks */
    IPC_REMOVE, /* u64 session */
    IPC_CLOSE,  /* u64 session */
    IPC_TYPE_COUNT
};

enum ipc_descriptor { IPC_FD_NONE, IPC_FD_ONE, IPC_FD_MAYBE };

struct ipc_rule {
    const char *name;
    unsigned from, to;           /* roles, joined by | */
    uint32_t size_min, size_max; /* octets of payload */
    enum ipc_descriptor descriptor;
};
extern const struct ipc_rule ipc_rules[IPC_TYPE_COUNT];

enum {
    IPC_INLINE_MAX = 32 * 1024, /* mail or rows inside a datagram, octets */
    IPC_PAYLOAD_MAX = IPC_INLINE_MAX + 8192,
};

struct ipc_message {
    enum ipc_type type;
    struct slice payload; /* in the caller's memory, valid until the next receive into it */
    int descriptor;       /* the receiver's to close; or -1 */
    bool lost_descriptor; /* one was sent and this process has no room for it (EMFILE) */
};

struct ipc_queued;

/* One end of a channel. The socket belongs to it. */
struct ipc_channel {
    int socket; /* -1: closed */
    enum ipc_role self, peer;
    uint32_t peer_index;
    struct ipc_queued *first, *last; /* what the kernel did not take yet */
    size_t queued;                   /* messages in it */
};

/* Two connected ends, close-on-exec, non-blocking. */
enum status ipc_pair(int ends[2]);

void ipc_channel_init(struct ipc_channel *c, int socket, enum ipc_role self, enum ipc_role peer,
                      uint32_t peer_index);
void ipc_channel_close(struct ipc_channel *c);
bool ipc_channel_is_open(const struct ipc_channel *c);

/* Sends, or queues when the kernel is full (then ipc_wants_write). `tail` is sent behind the
 * payload without a copy where possible. `descriptor` is borrowed (-1: none). A message against the
 * table is a fault of ours. CLOSED: the other end is gone; the message is lost. NO_MEMORY: neither
 * sent nor queued. */
enum status ipc_send(struct ipc_channel *c, enum ipc_type type, struct slice payload,
                     struct slice tail, int descriptor);
bool ipc_wants_write(const struct ipc_channel *c);
/* Sends of the queue what the kernel takes. */
enum status ipc_flush(struct ipc_channel *c);

/* The next message into memory (at least IPC_PAYLOAD_MAX + 4 octets). AGAIN: none there; CLOSED;
 * MALFORMED: against the table. */
enum status ipc_receive(struct ipc_channel *c, void *memory, size_t size, struct ipc_message *out);

#endif
