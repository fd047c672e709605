/* mailbox_summary: what the index keeps of a message: of its header what a list shows, of its body
 * what can be searched for. Pure but for the octets that are read. */
#ifndef POPLIN_CLIENT_MAILBOX_SUMMARY_H
#define POPLIN_CLIENT_MAILBOX_SUMMARY_H

#include "base/arena.h"
#include "base/status.h"

enum {
    SUMMARY_HEAD = 256 * 1024, /* octets of a header that are looked at */
    SUMMARY_TEXT = 256 * 1024, /* of a body's text that can be found */
    SUMMARY_FIELD = 4096,      /* of UTF-8 kept of a field */
};

/* All in UTF-8, not escaped: who prints does. Slices are the arena's. */
struct mailbox_summary {
    bool has_date;
    int64_t date;
    bool has_attachment;              /* by the header: a guess from its type; by the text: known */
    struct slice author;              /* a name, else an address */
    struct slice senders, recipients; /* NAME <ADDRESS>, … */
    struct slice subject, message_id, references;
};

/* `head` are the first octets of a message, all of its header if it is not too large. */
enum status mailbox_summary_read(struct slice head, struct arena *arena,
                                 struct mailbox_summary *out);

struct mailbox_text {
    struct slice text;  /* of the best part */
    struct slice names; /* of the attachments, a line each */
    bool has_attachment;
};
enum status mailbox_text_read(struct slice message, struct arena *arena, struct mailbox_text *out);

/* Where the header of a message ends; 0: not within these octets. */
size_t mailbox_header_end(struct slice head);

#endif
