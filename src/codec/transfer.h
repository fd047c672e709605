/* transfer: the transfer encodings of mail [RFC 2045 6], read as real mail has them, in pieces.
 *
 * Any split of the input gives the same octets. Nothing is ever refused: what does not fit the
 * encoding is skipped or kept as it is, whichever loses nothing a person would miss, and remembered
 * as a defect. The inner loops of base64 and of plain runs in quoted-printable look at many octets
 * at a time; transfer_feed_scalar is the twin against which tests hold them. */
#ifndef POPLIN_CODEC_TRANSFER_H
#define POPLIN_CODEC_TRANSFER_H

#include "base/slice.h"

enum transfer_encoding {
    TRANSFER_IDENTITY, /* 7bit, 8bit, binary */
    TRANSFER_BASE64,
    TRANSFER_QUOTED_PRINTABLE,
    TRANSFER_UUENCODE, /* begin MODE NAME … end; octets outside are left out */
    TRANSFER_YENC,     /* =ybegin … =yend */
    TRANSFER_Q,        /* of encoded words: `_` is a blank, no lines [RFC 2047 4.2] */
};

/* Bits of `defects`. */
enum {
    TRANSFER_FOREIGN_OCTET =
        1,                 /* not of the alphabet; skipped (base64) or kept (quoted-printable) */
    TRANSFER_PADDING = 2,  /* missing, too much, or in the middle: what follows is decoded too,
                            unless it begins with a foreign octet */
    TRANSFER_CUT = 4,      /* ended within a quantum, an escape, or before `end` */
    TRANSFER_CHECKSUM = 8, /* yEnc's size or crc32 is another */
};

struct transfer {
    enum transfer_encoding encoding;
    unsigned defects;
    uint64_t taken, first_defect; /* octets taken so far; where the first defect was */
    uint32_t bits;                /* an unfinished quantum or escape */
    uint8_t count, state;
    char held[96]; /* what may be an escape (quoted-printable); a line (uuencode, yEnc) */
    uint8_t held_size;
    uint32_t crc;
    uint64_t written, declared_size; /* of one file of yEnc; UINT64_MAX: none declared */
};

/* Room that a call needs at least to go on. */
enum { TRANSFER_ROOM = 128 };

void transfer_init(struct transfer *t, enum transfer_encoding encoding);

/* Takes octets from the front of *encoded and writes what they stand for; stops when *encoded is
 * empty or fewer than TRANSFER_ROOM octets are left. Returns the octets written.
 *
 * `out` may be where the encoded octets lie, or before, so that a buffer is decoded in place: what
 * was held back of one piece is written before what follows, so the pieces must lie behind one
 * another. Not so uuencode, whose short lines stand for more octets than they have. */
size_t transfer_feed(struct transfer *t, struct slice *encoded, char *out, size_t room);
size_t transfer_feed_scalar(struct transfer *t, struct slice *encoded, char *out, size_t room);

/* What was held back at the end; room is at least TRANSFER_ROOM. Afterwards `defects` is final. */
size_t transfer_end(struct transfer *t, char *out);

#endif
