/* account_command: the first line that a command prints, within a time. */
#ifndef POPLIN_CLIENT_ACCOUNT_COMMAND_H
#define POPLIN_CLIENT_ACCOUNT_COMMAND_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Up to the first line end (LF or CRLF), which is taken and left out, or the end of input: at most
 * size - 1 octets and a NUL. Octet by octet: what stands behind the line stays for the next reader,
 * and no copy stays in a buffer. TIMEOUT, TOO_LARGE, MALFORMED (a NUL in it), CLOSED (nothing
 * came), IO. `timeout` in ms for all of it, 0: none. */
enum status account_line_read(int fd, uint64_t timeout, char *out, size_t size);

/* Runs /bin/sh -c `command`, with this process's standard input and error: programs that keep
 * passwords may have to ask. `what` is for the message, which never shows what was printed.
 * PERMANENT: it failed or printed nothing; TIMEOUT: it was ended; TOO_LARGE. */
enum status account_command_run(const char *what, const char *command, uint64_t timeout, char *out,
                                size_t size, char why[200]);

#endif
