/* escape: the one way by which foreign bytes (from the network, from mail, from file names) reach
 * a log or a terminal. */
#ifndef POPLIN_BASE_ESCAPE_H
#define POPLIN_BASE_ESCAPE_H

#include "base/buf.h"

/* In double quotes for logfmt: printable ASCII and valid UTF-8 stay, `"` and `\` get a backslash,
 * everything else (controls, DEL, C1, bidirectional and zero-width controls, bytes that are not
 * UTF-8) becomes \n \r \t or \xHH per octet. At most `limit` octets of s are used; what is left
 * out is marked with "…". */
bool escape_logfmt(struct buf *out, struct slice s, size_t limit);

/* The same rules, as a JSON string with its quotes; octets that are not UTF-8 become U+FFFD. */
bool escape_json(struct buf *out, struct slice s, size_t limit);

/* Without quotes, for a terminal: what is not printable becomes \xHH. */
bool escape_plain(struct buf *out, struct slice s, size_t limit);

/* The same for the text of a mail, which has lines: LF and TAB stay, and so do the joiners that
 * Persian and emoji need; what shows nothing (soft hyphens, marks of width zero) is left out. */
bool escape_text(struct buf *out, struct slice s, size_t limit);

#endif
