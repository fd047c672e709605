#include "lib/lib_quiet.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

static sigset_t only_pipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

void lib_quiet_begin(struct lib_quiet *q)
{
    sigset_t pending, pipe = only_pipe();
    q->was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &q->before);
}

/* SIGPIPE of a write comes to the thread that wrote: what is pending now and was not is ours. */
void lib_quiet_end(const struct lib_quiet *q)
{
    struct timespec none = {0};
    sigset_t pipe = only_pipe();
    if (!q->was_pending)
        (void)sigtimedwait(&pipe, NULL, &none);
    pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}
