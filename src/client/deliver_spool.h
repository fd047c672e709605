/* deliver_spool: a message in a file without a name, for targets that must not see a part of one.
 * It lies in TMPDIR, /var/tmp or /tmp, mode 0600, and is gone with its descriptor. */
#ifndef POPLIN_CLIENT_DELIVER_SPOOL_H
#define POPLIN_CLIENT_DELIVER_SPOOL_H

#include "base/slice.h"

/* -1 with errno. Open for reading and writing, closed on exec. */
int deliver_spool_open(void);

/* Reads a spool from its start, piece by piece. */
struct deliver_spool_reader {
    int file;
    uint64_t at;
    char memory[16 * 1024];
};

void deliver_spool_start(struct deliver_spool_reader *r, int file);
/* False with errno. An empty piece: the end. */
bool deliver_spool_next(struct deliver_spool_reader *r, struct slice *out);

#endif
