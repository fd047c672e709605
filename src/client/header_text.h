/* header_text: fields of a stored message's header as a person reads them, for lists: unfolded,
 * encoded words [RFC 2047] and raw octets turned into UTF-8. Lenient: what cannot be read stays as
 * it is. Control characters may come out of an encoded word: who prints escapes. */
#ifndef POPLIN_CLIENT_HEADER_TEXT_H
#define POPLIN_CLIENT_HEADER_TEXT_H

#include "base/buf.h"

enum { HEADER_TEXT = 1000 }; /* octets of a value that are looked at */

/* The value of the first field of that name in a message's first octets, without line ends and
 * blanks around it, cut at HEADER_TEXT or at the room. False: there is none. */
bool header_field(struct slice head, struct slice name, struct buf *out);

/* Appends the value in UTF-8; cut where out is full. */
void header_decode(struct slice value, struct buf *out);

/* Of a From that was not decoded yet: the name of the person, else the address; a part of it. */
struct slice header_author(struct slice value);

/* Seconds since 1970 of a Date [RFC 5322 3.3, old years and zones too]; false: none. */
bool header_date(struct slice value, int64_t *seconds);

#endif
