/* transfer_steps: one transfer encoding each, for transfer.c; and the narrower of the wide twins by
 * their own names, so that tests reach them on every processor. */
#ifndef POPLIN_CODEC_TRANSFER_STEPS_H
#define POPLIN_CODEC_TRANSFER_STEPS_H

#include "codec/transfer.h"

/* Takes one octet and writes what it makes certain, fewer than TRANSFER_ROOM octets. */
typedef size_t transfer_step(struct transfer *t, char c, char *out);

/* Takes as many octets as go fast and writes no more than it takes; where it stops, one step goes
 * on. */
typedef size_t transfer_wide(struct transfer *t, struct slice *encoded, char *out, size_t room);

/* Writes what was held back at the end, fewer than TRANSFER_ROOM octets. */
typedef size_t transfer_last(struct transfer *t, char *out);

transfer_step transfer_base64_step, transfer_quoted_step, transfer_q_step, transfer_uuencode_step,
    transfer_yenc_step;
transfer_wide transfer_base64_wide, transfer_quoted_wide;
transfer_last transfer_base64_last, transfer_quoted_last, transfer_q_last, transfer_uuencode_last,
    transfer_yenc_last;

/* Whole quanta and line ends of base64, when no quantum is begun: by blocks of 32, of 16, and by
 * single quanta with a table. */
transfer_wide transfer_base64_blocks, transfer_base64_quanta;
#if defined(__x86_64__)
transfer_wide transfer_base64_ssse3;
bool transfer_base64_has_ssse3(void);
#endif

/* Remembers a defect met at the octet `taken`. */
void transfer_note(struct transfer *t, unsigned defect);

/* A line gathered in `held` octet by octet, without its end and cut to the room there is. */
void transfer_line_put(struct transfer *t, char c);
struct slice transfer_line(const struct transfer *t);

static inline int transfer_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

#endif
