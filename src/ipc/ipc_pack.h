/* ipc_pack: the fields of a message's payload, one after the other, in host order (both ends are
 * one machine). A writer is a buf; a reader remembers in `bad` that something was missing or left
 * over, so that one check at the end is enough. */
#ifndef POPLIN_IPC_IPC_PACK_H
#define POPLIN_IPC_IPC_PACK_H

#include "base/buf.h"

#include <netinet/in.h>

static inline void ipc_put_u8(struct buf *b, uint8_t v)
{
    buf_put(b, slice_of(&v, sizeof v));
}

static inline void ipc_put_u32(struct buf *b, uint32_t v)
{
    buf_put(b, slice_of(&v, sizeof v));
}

static inline void ipc_put_u64(struct buf *b, uint64_t v)
{
    buf_put(b, slice_of(&v, sizeof v));
}

static inline void ipc_put_str(struct buf *b, struct slice s)
{
    ipc_put_u32(b, (uint32_t)s.size);
    buf_put(b, s);
}

/* Family, port and 16 octets of address; the scope of a link-local one. */
void ipc_put_address(struct buf *b, const struct sockaddr_storage *address);

struct ipc_reader {
    struct slice left;
    bool bad;
};

static inline struct ipc_reader ipc_reader_of(struct slice payload)
{
    return (struct ipc_reader){payload, false};
}

uint8_t ipc_get_u8(struct ipc_reader *r);
uint32_t ipc_get_u32(struct ipc_reader *r);
uint64_t ipc_get_u64(struct ipc_reader *r);
struct slice ipc_get_str(struct ipc_reader *r); /* borrowed from the payload */
struct sockaddr_storage ipc_get_address(struct ipc_reader *r);
/* Everything that is left. */
struct slice ipc_get_rest(struct ipc_reader *r);
/* All was there and nothing is left over. */
bool ipc_is_whole(const struct ipc_reader *r);

#endif
