#include "client/fetch_run.h"

#include <stdarg.h>
#include <stdio.h>

/* Accounts run side by side: every text names its account, and its server where that had a part. */

static bool is_here(enum failure_kind kind)
{
    return kind == FAILURE_LOCAL || kind == FAILURE_CONFIG || kind == FAILURE_STOPPED;
}

void fetch_fail(struct fetch *f, enum failure_kind kind, const char *format, ...)
{
    struct failure why = {.kind = kind};
    va_list args;
    va_start(args, format);
    vsnprintf(why.text, sizeof why.text, format, args);
    va_end(args);
    if (is_here(kind))
        failure_set(&f->result.failure, kind, "%s: %s", f->account->name, why.text);
    else
        failure_set(&f->result.failure, kind, "%s: %s: %s", f->account->name, f->account->host,
                    why.text);
    if (f->receiving)
        deliver_abort(f->delivery);
    f->receiving = false;
    if (f->dialogue)
        dialogue_abort(f->dialogue, &why);
}

void fetch_state_failed(struct fetch *f)
{
    state_rollback(f->state);
    fetch_fail(f, FAILURE_LOCAL,
               "the state database: %s; mail that was fetched is safe, the next "
               "run completes this one",
               state_error(f->state));
}
