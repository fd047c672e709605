#include "server/peer.h"

#include "ipc/ipc_pack.h"

#include <unistd.h>

void peer_init(struct peer *p)
{
    *p = (struct peer){.channel = {.socket = -1}};
}

static void end(struct peer *p)
{
    event_remove(p->child->loop, &p->source);
    ipc_channel_close(&p->channel);
    p->gone(p);
}

static void end_as_faulty(struct peer *p)
{
    child_report_fault(p->child, p->channel.peer, p->channel.peer_index);
    end(p);
}

static void ready(struct event_source *source, uint32_t events)
{
    struct peer *p = (struct peer *)((char *)source - offsetof(struct peer, source));
    struct ipc_message m;
    if (events & EVENT_WRITE) {
        enum status s = ipc_flush(&p->channel);
        if (s == STATUS_OK)
            event_set_interest(p->child->loop, source, EVENT_READ);
    }
    if (!(events & (EVENT_READ | EVENT_HANGUP)))
        return;
    enum status s = ipc_receive(&p->channel, p->child->memory, IPC_PAYLOAD_MAX, &m);
    if (s == STATUS_OK && !p->message(p, &m))
        s = STATUS_MALFORMED;
    if (s == STATUS_CLOSED)
        end(p);
    else if (s == STATUS_MALFORMED)
        end_as_faulty(p);
}

enum status peer_open(struct peer *p, struct child *child, int socket, enum ipc_role role,
                      uint32_t index)
{
    if (peer_is_open(p))
        end(p);
    p->child = child;
    ipc_channel_init(&p->channel, socket, child->role->role, role, index);
    p->source = (struct event_source){socket, EVENT_READ, ready};
    enum status s = event_add(child->loop, &p->source);
    if (s != STATUS_OK)
        ipc_channel_close(&p->channel);
    return s;
}

bool peer_is_open(const struct peer *p)
{
    return ipc_channel_is_open(&p->channel);
}

enum status peer_send(struct peer *p, enum ipc_type type, struct slice payload)
{
    return peer_send_with(p, type, payload, slice_of(NULL, 0), -1);
}

enum status peer_send_with(struct peer *p, enum ipc_type type, struct slice payload,
                           struct slice tail, int descriptor)
{
    if (!peer_is_open(p))
        return STATUS_CLOSED;
    enum status s = ipc_send(&p->channel, type, payload, tail, descriptor);
    if (s == STATUS_OK && ipc_wants_write(&p->channel))
        event_set_interest(p->child->loop, &p->source, EVENT_READ | EVENT_WRITE);
    return s;
}

bool peer_parse(const struct ipc_message *m, enum ipc_role *role, uint32_t *index)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    *role = (enum ipc_role)ipc_get_u8(&r);
    *index = ipc_get_u32(&r);
    return ipc_is_whole(&r);
}
