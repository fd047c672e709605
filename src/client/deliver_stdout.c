/* Standard output gets an mboxrd stream, whether one message comes or many: who reads it can part
 * them. A message is held back until it is whole. */
#include "client/deliver_driver.h"
#include "client/deliver_mboxrd.h"
#include "client/deliver_spool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct stdout_target {
    struct delivery delivery;
    int spool;
    struct mboxrd mboxrd;
    char quoted[16 * 1024];
};

static struct stdout_target *target_of(struct delivery *d)
{
    return (struct stdout_target *)d;
}

static enum status open_target(const struct account *a, struct delivery **out,
                               char why[DELIVER_WHY])
{
    struct stdout_target *t = calloc(1, sizeof *t);
    if (!t)
        return STATUS_NO_MEMORY;
    t->spool = -1;
    *out = &t->delivery;
    return STATUS_OK;
}

static enum status begin(struct delivery *d, const struct deliver_message *m)
{
    struct stdout_target *t = target_of(d);
    char line[MBOXRD_FROM_LINE];
    t->spool = deliver_spool_open();
    if (t->spool >= 0 && deliver_write_all(t->spool, mboxrd_start(&t->mboxrd, time(NULL), line)))
        return STATUS_OK;
    enum status status = deliver_failed(d, "make a temporary file");
    d->driver->abort(d);
    return status;
}

static enum status put(struct delivery *d, struct slice octets)
{
    struct stdout_target *t = target_of(d);
    while (octets.size) {
        struct buf out = buf_over(t->quoted, sizeof t->quoted);
        mboxrd_quote(&t->mboxrd, &octets, &out);
        if (!deliver_write_all(t->spool, buf_slice(&out)))
            return deliver_failed(d, "write to a temporary file");
    }
    return STATUS_OK;
}

/* A reader that went away is an error to tell and not a signal to die of. */
static bool write_out(struct slice octets)
{
    sigset_t pipe_signal, before, pending;
    const struct timespec now = {0};
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    bool written = deliver_write_all(STDOUT_FILENO, octets);
    int error = errno;
    if (!written && error == EPIPE && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&pipe_signal, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}

static enum status copy_out(struct stdout_target *t)
{
    struct deliver_spool_reader r;
    struct slice piece;
    deliver_spool_start(&r, t->spool);
    for (;;) {
        if (!deliver_spool_next(&r, &piece))
            return deliver_failed(&t->delivery, "read a temporary file");
        if (piece.size == 0)
            break;
        if (!write_out(piece))
            return deliver_failed(&t->delivery, "write to standard output");
    }
    if (fsync(STDOUT_FILENO) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
        return deliver_failed(&t->delivery, "sync standard output");
    return STATUS_OK;
}

static void abort_message(struct delivery *d)
{
    struct stdout_target *t = target_of(d);
    if (t->spool >= 0)
        close(t->spool);
    t->spool = -1;
}

static enum status finish(struct delivery *d)
{
    struct stdout_target *t = target_of(d);
    char memory[MBOXRD_END];
    struct buf out = buf_over(memory, sizeof memory);
    mboxrd_end(&t->mboxrd, &out);
    if (!deliver_write_all(t->spool, buf_slice(&out)))
        return deliver_failed(d, "write to a temporary file");
    enum status status = copy_out(t);
    if (status == STATUS_OK)
        abort_message(d);
    return status;
}

static void close_target(struct delivery *d)
{
    free(d);
}

const struct deliver_driver deliver_stdout = {
    .line_end = DELIVER_LF,
    .open = open_target,
    .close = close_target,
    .begin = begin,
    .put = put,
    .finish = finish,
    .abort = abort_message,
};
