/* header_hash: SHA-256 of a message's header, by which it is known again when UIDLs are missing,
 * change, or the state is lost (C06). Hashed are the lines before the first empty one, each with
 * CRLF, whatever their line ends are here, so that RETR, TOP n 0 and a stored file agree. */
#ifndef POPLIN_CLIENT_HEADER_HASH_H
#define POPLIN_CLIENT_HEADER_HASH_H

#include "base/status.h"
#include "client/deliver_lines.h"
#include "client/state.h"

struct header_hash {
    struct evp_md_ctx_st *sha;
    struct deliver_lines lines;
    bool in_line; /* octets of the running line were seen */
    bool whole;   /* the empty line was seen: the rest is not looked at */
    bool broken;  /* the digest failed */
};

enum status header_hash_init(struct header_hash *h);
void header_hash_restart(struct header_hash *h);
/* Octets as they came, unstuffed, in any split. */
void header_hash_feed(struct header_hash *h, struct slice octets);
/* False: the digest failed, which happens when memory is out. restart before the next. */
bool header_hash_end(struct header_hash *h, unsigned char out[STATE_HASH]);
void header_hash_wipe(struct header_hash *h);

#endif
