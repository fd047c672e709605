/* base64: RFC 4648 4, strict, as SASL needs it (RFC 5034 4). Mail's lenient reading is elsewhere.
 */
#ifndef POPLIN_CODEC_BASE64_H
#define POPLIN_CODEC_BASE64_H

#include "base/buf.h"
#include "base/status.h"

/* Octets that encoding n octets gives. */
#define BASE64_ENCODED(n) (((n) + 2) / 3 * 4)

/* Appends the encoding of data with padding; false: no room. */
bool base64_encode(struct buf *out, struct slice data);

/* Appends the octets that text stands for. MALFORMED: a foreign octet, wrong padding, a length that
 * is no multiple of 4, bits set behind the end. TOO_LARGE: no room in out. `out` may share memory
 * with text when it starts at the same place or before. */
enum status base64_decode(struct buf *out, struct slice text);

#endif
