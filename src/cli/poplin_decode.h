/* poplin_decode: a message from a file, as one JSON object or as text to read. */
#ifndef POPLIN_CLI_POPLIN_DECODE_H
#define POPLIN_CLI_POPLIN_DECODE_H

#include "client/mailbox_within.h"

#include <stdio.h>

struct decode_digests {
    char sha256[65], sha256_lf[65]; /* hexadecimal; of the octets, and of them with CRLF as LF */
    uint64_t octets;
};

/* Reads a leaf to its end; what is broken in it becomes a defect. False: no memory for digests. */
bool decode_digest(struct mime_message *m, uint32_t part, struct decode_digests *out);

/* The files within a leaf: of a winmail.dat, or in a text (uuencode, yEnc). What is broken becomes
 * a defect. */
size_t decode_files(struct mime_message *m, uint32_t part, const struct mailbox_file **out);

/* Everything that is known of the message, in one line. */
void decode_print_json(struct mime_message *m);
/* The fields a person looks at, the best text, the parts, the defects. Octets of the mail that are
 * not to be printed are escaped. */
void decode_print_text(struct mime_message *m);

#endif
