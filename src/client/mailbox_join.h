/* mailbox_join: a message that was sent in pieces [RFC 2046 5.2.2], joined when all of them are in
 * the mailbox. */
#ifndef POPLIN_CLIENT_MAILBOX_JOIN_H
#define POPLIN_CLIENT_MAILBOX_JOIN_H

#include "client/mailbox.h"
#include "mime/mime_message.h"

/* The whole message that `piece`, the message of that number, is a piece of; malloc'd, the
 * caller's. Pieces are looked for among what came from the same sender, the newest SEARCHED of it.
 * NOT_FOUND: it is no piece, or others are missing. */
enum { MAILBOX_JOIN_SEARCHED = 4000 };
enum status mailbox_join(struct mailbox *box, int64_t id, const struct mime_message *piece,
                         char **octets, size_t *size);

#endif
