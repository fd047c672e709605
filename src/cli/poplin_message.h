/* poplin_message: one message on its way to a person, for `read`, and to a program, for `read
 * --json` and `export`. */
#ifndef POPLIN_CLI_POPLIN_MESSAGE_H
#define POPLIN_CLI_POPLIN_MESSAGE_H

#include "client/mailbox.h"
#include "client/mailbox_read.h"

#include <stdio.h>

/* Opened, mapped and parsed. */
struct poplin_message {
    int64_t id;
    int file;
    struct mailbox_bytes octets;
    struct mime_message mime;
    char *joined; /* the whole message, where this is a piece and all are here; else NULL */
};

/* A piece of a message (message/partial) is read as the whole when all its pieces are here. The
 * mailbox tells what failed. */
enum status poplin_message_open(struct poplin_message *m, struct mailbox *box, int64_t id);
void poplin_message_close(struct poplin_message *m);

/* The header fields that are read, the best text, and what is attached. */
void poplin_message_print(struct poplin_message *m, FILE *out, size_t width);
/* All fields of the header, decoded, a line each. */
void poplin_message_print_headers(struct poplin_message *m, FILE *out);
/* A line of the list of what is attached: number, size, name, type. */
void poplin_message_print_attachment(struct poplin_message *m, uint32_t part, FILE *out);
/* A part's text as it can be read on a terminal. */
void poplin_message_print_text(struct poplin_message *m, uint32_t part, FILE *out, size_t width);
/* Its octets, decoded, as they are. False: they cannot be written. */
bool poplin_message_write_part(struct poplin_message *m, uint32_t part, FILE *out);
/* A text part in UTF-8, as it is. */
bool poplin_message_write_text(struct poplin_message *m, uint32_t part, FILE *out);

/* One object on a line. `read` and `flagged` are the entry's. */
void poplin_message_json(struct poplin_message *m, const struct mailbox_entry *e, FILE *out);

#endif
