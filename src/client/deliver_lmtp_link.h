/* deliver_lmtp_link: a connection to an LMTP server [RFC 2033]: lines out, replies in, each within
 * a time. Replies are judged by their three digits; their text is only ever shown, cleaned. */
#ifndef POPLIN_CLIENT_DELIVER_LMTP_LINK_H
#define POPLIN_CLIENT_DELIVER_LMTP_LINK_H

#include "base/buf.h"
#include "base/status.h"

enum { LMTP_LINE_MOST = 2048, LMTP_LINES_MOST = 128, LMTP_TEXT = 400 };

struct lmtp_reply {
    unsigned code;
    char text[LMTP_TEXT + 1]; /* of its last line, printable */
};

struct lmtp_link {
    int socket;       /* -1: closed */
    uint64_t timeout; /* ms, of each step */
    struct buf in;
    char memory[LMTP_LINE_MOST];
};

/* HOST:PORT, [ADDRESS]:PORT, or a path of a socket. MALFORMED: neither; otherwise `why` tells. */
enum status lmtp_link_open(struct lmtp_link *l, const char *where, uint64_t timeout,
                           char why[LMTP_TEXT + 1]);
void lmtp_link_close(struct lmtp_link *l);
/* Any failure closes the link: what the other side understood is not known any more. */
enum status lmtp_link_send(struct lmtp_link *l, struct slice octets);
/* MALFORMED: not a reply. `line` sees each line behind its code; NULL: nobody looks. */
enum status lmtp_link_reply(struct lmtp_link *l, struct lmtp_reply *out,
                            void (*line)(void *context, struct slice text), void *context);

#endif
