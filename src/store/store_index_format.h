/* store_index_format: the index file as it lies on the disk (poplin-maildir(7)).
 *
 * All numbers little-endian, packed without holes: a header, then for each message, in the order of
 * the listing, a row and its text: the name, a NUL, the UIDL unless that is the name up to its
 * colon. A reader needs nothing that comes later, so it goes through the file once, in pieces that
 * stay in the processor's cache. */
#ifndef POPLIN_STORE_STORE_INDEX_FORMAT_H
#define POPLIN_STORE_STORE_INDEX_FORMAT_H

#include "store/store_checksum.h"
#include "store/store_maildir.h"

enum { INDEX_VERSION = 2, INDEX_SETTLED = 1, INDEX_KEPT = 2 };

#define INDEX_MAGIC "poplin\n" /* with its NUL eight octets */

struct index_header {
    char magic[8];
    uint64_t checksum; /* of the whole file, with 0 in this place */
    uint32_t version;
    uint32_t flags;
    uint32_t count; /* of messages */
    uint32_t text;  /* octets of all texts */
    struct maildir_stamps stamps;
};

struct index_row {
    uint64_t octets;
    uint64_t stored;
    uint8_t folder;
    uint8_t needs;
    uint8_t name_size;
    uint8_t uidl_size; /* 0: the UIDL is the base name */
    uint8_t suspect;
    uint8_t base_size; /* of the name before its colon */
    uint8_t zero[2];
};

_Static_assert(sizeof(struct index_header) == 32 + MAILDIR_WATCHED * 32, "no holes");
_Static_assert(sizeof(struct index_header) % STORE_CHECKSUM_BLOCK == 0, "fed to it by itself");
_Static_assert(sizeof(struct index_row) == 24, "no holes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the file is written as it lies in memory");

#endif
