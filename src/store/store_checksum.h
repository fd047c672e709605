/* store_checksum: 64 bits that tell whether octets are what was written (poplin-maildir(7) says
 * how they come about).
 *
 * Damage within a word of eight octets (every flipped bit) is always seen, any
 * other with all but 2^-64. It guards against accidents; whoever may write the file may forge it,
 * which is why nothing of safety rests on it. */
#ifndef POPLIN_STORE_STORE_CHECKSUM_H
#define POPLIN_STORE_STORE_CHECKSUM_H

#include "base/slice.h"

enum { STORE_CHECKSUM_BLOCK = 32 };

struct store_checksum {
    uint64_t lanes[4];
    uint64_t length;
};

void store_checksum_init(struct store_checksum *c);

/* Octets in order; in whole blocks, but for the last ones. */
void store_checksum_feed(struct store_checksum *c, struct slice octets);

/* The sum of all that was fed; feeding ends with it. */
uint64_t store_checksum_end(const struct store_checksum *c);

#endif
