/* mime_flowed: text/plain; format=flowed [RFC 3676] into paragraphs of one line each, in pieces.
 *
 * Lines that end in a blank go on in the next of the same depth of quotation; the blank is dropped
 * with delsp=yes. Stuffed blanks are taken out, `-- ` stays a line of its own. Text is UTF-8 with
 * LF line ends, in and out; quoted paragraphs begin with `>` for each depth and a blank. */
#ifndef POPLIN_MIME_FLOWED_H
#define POPLIN_MIME_FLOWED_H

#include "base/buf.h"

enum {
    MIME_FLOWED_DEPTH = 100, /* of quotation that is written; deeper is as deep */
    MIME_FLOWED_ROOM = 128,  /* what one octet may write */
};

struct mime_flowed {
    bool is_delsp;
    bool is_open;   /* the line before goes on in the next */
    bool has_blank; /* one is held back: it may end the line */
    uint8_t state;
    uint8_t matched; /* octets of `-- ` */
    uint32_t depth, last_depth;
};

void mime_flowed_init(struct mime_flowed *f, bool is_delsp);
/* Takes octets from the front of *text; stops when it is empty or fewer than MIME_FLOWED_ROOM
 * octets are left. Returns the octets written. */
size_t mime_flowed_feed(struct mime_flowed *f, struct slice *text, char *out, size_t room);
/* The end of a last line without one; room is at least MIME_FLOWED_ROOM. */
size_t mime_flowed_end(struct mime_flowed *f, char *out, size_t room);

#endif
