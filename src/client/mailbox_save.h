/* mailbox_save: parts of a message as files: under clean names, never over a file that is there,
 * whole and synced or not at all. */
#ifndef POPLIN_CLIENT_MAILBOX_SAVE_H
#define POPLIN_CLIENT_MAILBOX_SAVE_H

#include "client/mailbox_within.h"
#include "mime/mime_file_name.h"

enum { MAILBOX_SAVE_NAME = MIME_FILE_NAME + 16 };

/* Writes the decoded octets of a part (of a message within: the message) into `folder`, an open
 * directory. `name` becomes the file's name, with " (2)" and so on where there is one. errno tells
 * on failure; nothing of it stays then. EXISTS: ten thousand of that name. */
enum status mailbox_save(struct mime_message *m, uint32_t part, int folder,
                         char name[MAILBOX_SAVE_NAME]);
/* The same of a file within a part; `path` names it where it has no name. */
enum status mailbox_save_file(const struct mailbox_file *f, struct slice path, int folder,
                              char name[MAILBOX_SAVE_NAME]);

#endif
