/* account_terminal: asking a person for a password, on the terminal itself, whatever standard input
 * and output are. */
#ifndef POPLIN_CLIENT_ACCOUNT_TERMINAL_H
#define POPLIN_CLIENT_ACCOUNT_TERMINAL_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Without echo; a signal meanwhile takes effect after the echo is back. `user` and `host` are for
 * the prompt; NULL: not known. UNSUPPORTED: no terminal. CLOSED: nothing was typed. TOO_LARGE. */
enum status account_terminal_ask(const char *user, const char *host, char *out, size_t size,
                                 char why[200]);

/* Asks a yes-or-no question; anything but y or yes is no, and so is a missing terminal. The
 * question is printable. */
bool account_terminal_confirm(const char *question);

#endif
