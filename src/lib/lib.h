/* lib: what libpoplin's own files share: the public types and those of the floors below, which have
 * the same numbers (lib.c insists) and never the same names. */
#ifndef POPLIN_LIB_LIB_H
#define POPLIN_LIB_LIB_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"
#include "poplin/api.h"

static inline struct slice lib_in(struct poplin_slice s)
{
    return (struct slice){s.data, s.size};
}

static inline struct poplin_slice lib_out(struct slice s)
{
    return (struct poplin_slice){s.data, s.size};
}

static inline enum poplin_status lib_status(enum status s)
{
    return (enum poplin_status)s;
}

/* So many octets of an output were sent: they are wiped, for some are passwords. */
void lib_sent(struct buf *out, size_t octets);

#endif
