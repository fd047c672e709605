/* mime_inline: files within the text of a mail, as uuencode and yEnc put them there. */
#ifndef POPLIN_MIME_INLINE_H
#define POPLIN_MIME_INLINE_H

#include "codec/transfer.h"

struct mime_inline {
    enum transfer_encoding encoding; /* TRANSFER_UUENCODE or TRANSFER_YENC: decodes `block` */
    struct slice name;               /* as it stands, not cleaned; may be empty */
    struct slice block;              /* from the line that begins it to the one that ends it */
    bool is_closed;                  /* the line that ends it was there */
};

/* The next block of *text, which is moved behind it; false: there is none. What only looks like
 * the begin of one (no line of data follows) is none. Linear over all calls. */
bool mime_inline_next(struct slice *text, struct mime_inline *out);

#endif
