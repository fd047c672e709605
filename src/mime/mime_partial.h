/* mime_partial: a message that was sent in pieces [RFC 2046 5.2.2], joined again. */
#ifndef POPLIN_MIME_PARTIAL_H
#define POPLIN_MIME_PARTIAL_H

#include "mime/mime_message.h"

enum { MIME_PARTIAL_MAX = 1000 }; /* pieces of one message */

struct mime_partial {
    struct slice id; /* the same for all pieces */
    uint32_t number; /* from 1 */
    uint32_t total;  /* 0: this piece does not say */
};

/* Whether the message is a piece; the id is the arena's. */
bool mime_partial_read(const struct mime_message *m, struct mime_partial *out);

/* The whole message out of its pieces in any order: the fields of the first piece, but those of
 * what it encloses where they are of the message within (Content-…, Subject, Message-ID, Encrypted,
 * MIME-Version) [RFC 2046 5.2.2.1]; `out` has room for all pieces. NOT_FOUND: one is missing, or
 * they are not of one message; TOO_LARGE: no room. */
enum status mime_partial_join(const struct mime_message *pieces, size_t count, struct buf *out);

#endif
