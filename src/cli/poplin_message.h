/* poplin_message: one message on its way to a person, for `read`, and to a program, for `read
 * --json` and `export`. */
#ifndef POPLIN_CLI_POPLIN_MESSAGE_H
#define POPLIN_CLI_POPLIN_MESSAGE_H

#include "client/mailbox.h"
#include "client/mailbox_read.h"
#include "client/mailbox_save.h"
#include "client/mailbox_within.h"

#include <stdio.h>

/* Opened, mapped and parsed. */
struct poplin_message {
    int64_t id;
    int file;
    struct mailbox_bytes octets;
    struct mime_message mime;
    char *joined; /* the whole message, where this is a piece and all are here; else NULL */
    struct mailbox_within **within; /* of each part, where somebody has looked; else NULL */
};

/* A piece of a message (message/partial) is read as the whole when all its pieces are here. The
 * mailbox tells what failed. */
enum status poplin_message_open(struct poplin_message *m, struct mailbox *box, int64_t id);
void poplin_message_close(struct poplin_message *m);

/* The header fields that are read, the best text, and what is attached. */
void poplin_message_print(struct poplin_message *m, FILE *out, size_t width);
/* All fields of the header, decoded, a line each. */
void poplin_message_print_headers(struct poplin_message *m, FILE *out);
/* The text that is read first; where that is blank, what a winmail.dat has. *part: whose it is,
 * MIME_NONE: no part's. */
struct slice poplin_message_text(struct poplin_message *m, uint32_t *part);
/* The first invitation as one line. False: there is none. */
bool poplin_message_put_calendar(struct poplin_message *m, struct buf *out);
/* A part's text as it can be read on a terminal. */
void poplin_message_print_text(struct poplin_message *m, uint32_t part, FILE *out, size_t width);
/* Its octets, decoded, as they are. False: they cannot be written. */
bool poplin_message_write_part(struct poplin_message *m, uint32_t part, FILE *out);
/* A text part in UTF-8, as it is. */
bool poplin_message_write_text(struct poplin_message *m, uint32_t part, FILE *out);

/* --- what is attached (poplin_message_files.c) --- */

/* What lies within a part. The message keeps it. */
const struct mailbox_within *poplin_message_within(struct poplin_message *m, uint32_t part);

/* A part, or a file within one: "2", "2/1". */
struct poplin_attached {
    uint32_t part, number; /* 0: the part itself */
};
#define POPLIN_ATTACHED_FIRST ((struct poplin_attached){MIME_NONE, 0})
enum { POPLIN_PATH = 300 };

/* From POPLIN_ATTACHED_FIRST on, one after the other; false: that was the last. */
bool poplin_attached_next(struct poplin_message *m, struct poplin_attached *at);
/* False: there is no such part or file. */
bool poplin_attached_find(struct poplin_message *m, struct slice text, struct poplin_attached *out);
/* NULL: it is a part. */
const struct mailbox_file *poplin_attached_file(struct poplin_message *m,
                                                struct poplin_attached at);
/* A winmail.dat of which everything is listed as files of their own. */
bool poplin_attached_is_opened(struct poplin_message *m, struct poplin_attached at);
size_t poplin_attached_path(struct poplin_message *m, struct poplin_attached at, char *out,
                            size_t room);
/* As it was sent, not cleaned; empty: none. */
struct slice poplin_attached_name(struct poplin_message *m, struct poplin_attached at);
struct slice poplin_attached_type(struct poplin_message *m, struct poplin_attached at);
/* See mailbox_save. */
enum status poplin_attached_save(struct poplin_message *m, struct poplin_attached at, int folder,
                                 char name[MAILBOX_SAVE_NAME]);
/* A line of the list: number, size, name, type. */
void poplin_attached_print(struct poplin_message *m, struct poplin_attached at, FILE *out);
/* The list, where there is anything; without the part whose text is shown (or MIME_NONE). */
void poplin_message_print_attachments(struct poplin_message *m, uint32_t shown, FILE *out);

/* One object on a line. `read` and `flagged` are the entry's. */
void poplin_message_json(struct poplin_message *m, const struct mailbox_entry *e, FILE *out);

#endif
