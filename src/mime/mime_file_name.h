/* mime_file_name: a name under which an attachment can be saved, out of what mail says. */
#ifndef POPLIN_MIME_FILE_NAME_H
#define POPLIN_MIME_FILE_NAME_H

#include "base/buf.h"

enum { MIME_FILE_NAME = 200 }; /* octets of UTF-8 at most, so that " (99)" still fits */

/* Appends a clean name: the last part of a path (of `/` and of `\`), no control, format or
 * direction characters, no leading dot or dash, no trailing dots and blanks, no more than two
 * blanks in a row, no octets that a file system refuses, not a reserved name (CON, NUL, COM1 …,
 * `.`, `..`), cut within MIME_FILE_NAME octets at a character with its ending kept. When nothing is
 * left: "part-PATH" with the ending that fits the type ("part-1.2.png"). True: it was changed.
 * `out` has room for MIME_FILE_NAME octets. */
bool mime_file_name_clean(struct slice decoded, struct slice type, struct slice path,
                          struct buf *out);

#endif
