/* poplin_tui_progress: what a run of `poplin fetch --json` says, as a line for the foot of the
 * screen. */
#ifndef POPLIN_CLI_POPLIN_TUI_PROGRESS_H
#define POPLIN_CLI_POPLIN_TUI_PROGRESS_H

#include "base/buf.h"

struct tui_progress {
    char line[4096]; /* so far */
    size_t size;
    bool is_long; /* the rest of the line is left out */
    uint64_t fetched;
    uint64_t done, count, octets, octets_all; /* of the account that spoke last */
    char account[80];
    char error[400]; /* the last; empty: none */
};

void tui_progress_begin(struct tui_progress *p);
/* Takes what was read, in any pieces. */
void tui_progress_feed(struct tui_progress *p, struct slice octets);
/* "work: 12 of 40, 3.1M of 9.0M" */
void tui_progress_put(const struct tui_progress *p, struct buf *out);
/* "3 fetched", and what went wrong. `code`: the exit code, or -1 when a signal ended it. */
void tui_progress_put_end(const struct tui_progress *p, int code, struct buf *out);

#endif
