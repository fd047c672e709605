/* mailbox_within: what lies within a part and is no part of the structure: the files and the text
 * of a winmail.dat, files as uuencode or yEnc in a text, an invitation as one line. */
#ifndef POPLIN_CLIENT_MAILBOX_WITHIN_H
#define POPLIN_CLIENT_MAILBOX_WITHIN_H

#include "mime/mime_message.h"
#include "mime/mime_tnef.h"

enum { MAILBOX_WITHIN = 1000 }; /* files of one part at most */

struct mailbox_file {
    struct slice name; /* not cleaned; UTF-8 is not certain; empty: none */
    struct slice type; /* empty: none was said */
    uint64_t octets;
    enum transfer_encoding encoding; /* of `block` */
    struct slice block;
};

struct mailbox_within {
    struct mailbox_file *files;
    uint32_t count;
    bool is_tnef_type; /* the part says that it is a TNEF */
    bool is_tnef;      /* and so it is */
    bool is_damaged;   /* some of the TNEF may be missing from here */
    struct mime_tnef tnef;
};

/* Looks into a leaf; other parts have nothing within. All of it lives as long as the message's
 * arena, and takes memory each time. NO_MEMORY: what was found is there. */
enum status mailbox_within(struct mime_message *m, uint32_t part, struct mailbox_within *out);

/* The octets of a file, decoded, in pieces. False with errno. */
bool mailbox_file_write(const struct mailbox_file *f, int to);

/* The text of a TNEF in UTF-8 with LF, HTML as text; at most about `limit` octets. Empty: none. */
struct slice mailbox_tnef_text(struct arena *arena, const struct mime_tnef *t, size_t limit);

/* A text/calendar as one line. False: the part is none, or holds no event. */
bool mailbox_calendar_line(struct mime_message *m, uint32_t part, struct buf *out);

#endif
