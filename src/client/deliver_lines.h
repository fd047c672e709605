/* deliver_lines: line ends of any form into those that a target wants. CRLF and LF end a line; a
 * lone CR is data. Any split of the input gives the same. */
#ifndef POPLIN_CLIENT_DELIVER_LINES_H
#define POPLIN_CLIENT_DELIVER_LINES_H

#include "base/slice.h"

enum deliver_line_end { DELIVER_LF, DELIVER_CRLF };

struct deliver_lines {
    bool held_cr; /* the last octet was CR: data or the first half of a line end */
};

/* A line or a part of one. */
struct deliver_part {
    bool cr;           /* a CR that was held and is data comes first */
    struct slice text; /* without its line end */
    bool ends;         /* a line end follows */
};

/* Takes the next part from the front of *octets; false: there is none. */
bool deliver_lines_next(struct deliver_lines *l, struct slice *octets, struct deliver_part *out);

#endif
