/* lib_quiet: no SIGPIPE from within the library. OpenSSL writes with write(); a program that uses
 * us need not know, and its own treatment of the signal stays as it is. */
#ifndef POPLIN_LIB_LIB_QUIET_H
#define POPLIN_LIB_LIB_QUIET_H

#include <signal.h>
#include <stdbool.h>

struct lib_quiet {
    sigset_t before; /* the thread's mask */
    bool was_pending;
};

void lib_quiet_begin(struct lib_quiet *q);
void lib_quiet_end(const struct lib_quiet *q);

#endif
