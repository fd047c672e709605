/* deliver_mboxrd: a message as it stands in an mbox of the mboxrd kind: a From_ line before it, `>`
 * before every line that is `From ` behind any number of `>`, an empty line after it. Turning it
 * back takes one `>` from each such line, so nothing is lost. */
#ifndef POPLIN_CLIENT_DELIVER_MBOXRD_H
#define POPLIN_CLIENT_DELIVER_MBOXRD_H

#include "base/buf.h"

#include <time.h>

enum { MBOXRD_FROM_LINE = 64, MBOXRD_END = 8 };

struct mboxrd {
    bool in_line;     /* behind the place where a `>` might belong */
    unsigned matched; /* octets of "From " at the line's start that wait to be written */
    bool line_end;    /* the last octet written ended a line */
};

/* The line before a message, with its time in UTC; its sender is not known and not invented. */
struct slice mboxrd_start(struct mboxrd *m, time_t now, char line[MBOXRD_FROM_LINE]);
/* Takes octets with LF from the front of *octets and writes them quoted into out; stops when
 * *octets is empty or out has little room (at least MBOXRD_END octets must be free). */
void mboxrd_quote(struct mboxrd *m, struct slice *octets, struct buf *out);
/* What waits, a missing line end, the empty line; at most MBOXRD_END octets. */
void mboxrd_end(struct mboxrd *m, struct buf *out);

#endif
