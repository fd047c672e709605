/* fetch: one run of the collector over one or several accounts, side by side in one loop:
 * connect → list → plan → identify → fetch in groups → delete → QUIT.
 *
 * The order that makes it exact (C20, C21): the file name of a message is in the state before the
 * file exists; the group's files are durable before the state says delivered; the state says
 * to-delete before DELE is sent; and deleted only after QUIT was answered +OK. A run killed
 * anywhere leaves what the next one can tell apart: fetching with a file, fetching without. */
#ifndef POPLIN_CLIENT_FETCH_H
#define POPLIN_CLIENT_FETCH_H

#include "client/account.h"
#include "client/failure.h"
#include "client/plan.h"
#include "client/state.h"
#include "event/event.h"

enum { FETCH_GROUP = 512, FETCH_GROUP_OCTETS = 8 * 1024 * 1024 };

struct fetch_options {
    bool dry_run;
    bool check_only; /* list and plan, fetch nothing: `poplin check` */
    uint64_t limit, max_size;
    int64_t since;        /* seconds since 1970: those with an earlier Date stay there; 0: all */
    const uint32_t *only; /* message numbers; NULL: all */
    size_t only_count;
};

struct fetch_result {
    struct failure failure; /* kind NONE: all went well */
    uint64_t listed, fetched, fetched_octets, deleted;
    uint64_t skipped, refused; /* by size or limit; by the server's -ERR */
    uint64_t undated;          /* fetched, though `since` was asked for: TOP told no Date */
    uint64_t new_messages;     /* PLAN_FETCH of the plan */
    uint64_t unsure;           /* stored, with another size than announced: not deleted (A52) */
};

struct fetch_progress {
    const struct account *account;
    uint64_t done, count, octets, octets_all;
};

struct fetch_observer {
    void *context;
    void (*progress)(void *context, const struct fetch_progress *p); /* NULL: not wanted */
    void (*planned)(void *context, const struct account *a, const struct plan *plan);
    void (*fetched)(void *context, const struct account *a, uint32_t number, struct slice uidl,
                    uint64_t octets, struct slice file);
    void (*deleted)(void *context, const struct account *a, uint32_t number);
    void (*trace)(void *context, const struct account *a, bool from_server, struct slice line);
};

struct fetch;

/* Secrets are asked for here, before anything is connected. OK: the run ends with one call of done;
 * otherwise `why` says what could not begin. */
enum status fetch_start(struct event_loop *loop, struct state *state, const struct account *account,
                        const struct fetch_options *options, const struct fetch_observer *observer,
                        void (*done)(void *context, struct fetch *f, const struct fetch_result *r),
                        void *context, struct fetch **out, struct failure *why);
/* Cleanly after the message in flight; what was whole is committed. */
void fetch_stop(struct fetch *f);
void fetch_free(struct fetch *f);

#endif
