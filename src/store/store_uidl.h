/* store_uidl: unique-ids (S17, RFC 1939 7): 1 to 70 octets of 0x21–0x7E, unique in the drop, the
 * same for ever. */
#ifndef POPLIN_STORE_STORE_UIDL_H
#define POPLIN_STORE_STORE_UIDL_H

#include "store/store.h"

#include "base/limits.h"

/* Fits the grammar of a unique-id as it is. */
bool store_uidl_is_valid(struct slice s);

void store_uidl_set(struct store_row *row, struct slice uidl);
struct slice store_uidl_get(const struct store_row *row);

/* 64 hexadecimal digits that depend on the name and `ordinal` alone: for names that do not fit
 * (ordinal 0) and for the second, third … message of one name. False: no memory. */
bool store_uidl_hash(struct slice name, uint32_t ordinal, char out[64]);

/* One message of a listing that is to get its UIDL. */
struct store_uidl_wish {
    struct slice name; /* the base name: says the UIDL where nothing is kept */
    struct slice kept; /* what another server gave; size 0: nothing */
    bool is_foreign;   /* kept stands in the message itself: its sender may have written it */
};

/* Writes the UIDL of every row: what is kept, else the name, else a hash of it. Where two want the
 * same, what a server gave goes before a name, a name before what a sender may have written, and
 * the earlier row before the later one; the other gets the next that it has a right to.
 * NO_MEMORY: nothing is to be used. */
enum status store_uidl_assign(const struct store_uidl_wish *wishes, struct store_row *rows,
                              uint32_t count);

#endif
