/* mailbox_read: a message as a reader wants it: its text, and what is attached. */
#ifndef POPLIN_CLIENT_MAILBOX_READ_H
#define POPLIN_CLIENT_MAILBOX_READ_H

#include "mime/mime_message.h"

/* A leaf, or a message within, that is there to be saved rather than read: with a file name, called
 * an attachment, or of a type that is no text. Pictures that a page of HTML shows count too. */
bool mailbox_is_attachment(struct mime_message *m, uint32_t part);

/* The text of a part in UTF-8 with LF: plain text with its flowed lines joined, HTML as text. At
 * most `limit` octets, cut at a character. The slice is the arena's; what does not fit there is
 * left out. */
struct slice mailbox_part_text(struct mime_message *m, uint32_t part, size_t limit);

/* HTML in UTF-8 as text; octets of a charset in UTF-8. The same limits. */
struct slice mailbox_html_text(struct arena *arena, struct slice html, size_t limit);
struct slice mailbox_text_of(struct arena *arena, struct slice text, enum charset charset,
                             size_t limit);

/* The octets of a mapped message, or empty. */
struct mailbox_bytes {
    struct slice bytes;
    struct arena arena; /* for what is read out of them */
    void *memory;
};
enum { MAILBOX_ARENA = 256 * 1024 * 1024 };
/* Maps the file and closes nothing. Another program that cuts the file meanwhile is not expected:
 * mail in a Maildir is never written to. IO, NO_MEMORY. */
enum status mailbox_bytes_map(int file, struct mailbox_bytes *out);
void mailbox_bytes_unmap(struct mailbox_bytes *b);

#endif
