/* poplin_tui_child: `poplin fetch --json` as a process of its own, whose output is read here. */
#ifndef POPLIN_CLI_POPLIN_TUI_CHILD_H
#define POPLIN_CLI_POPLIN_TUI_CHILD_H

#include "base/slice.h"
#include "base/status.h"

#include <sys/types.h>

struct tui_child {
    pid_t process; /* 0: none */
    int output;    /* never blocks; -1: none */
};

/* `account`: NULL for all. It has no terminal: what would ask for a password there says so. */
enum status tui_child_start(struct tui_child *c, const char *config, const char *account);
/* OK with octets; CLOSED: it ended, and *code is its exit code, -1 after a signal. NOT_FOUND:
 * nothing to read now. */
enum status tui_child_read(struct tui_child *c, char *out, size_t size, size_t *got, int *code);
/* Asks it to end after the message that is under way. */
void tui_child_stop(const struct tui_child *c);
/* Stops it and waits, but not for a server that is silent: its end is then its own, and nothing of
 * it is lost. */
void tui_child_end(struct tui_child *c);

#endif
