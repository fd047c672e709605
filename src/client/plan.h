/* plan: what a run will do, from what the server lists and what the state knows. Pure: no I/O, no
 * clock. The numbers of a listing are checked here: zero, twice, out of range, missing (C06). */
#ifndef POPLIN_CLIENT_PLAN_H
#define POPLIN_CLIENT_PLAN_H

#include "client/state.h"

/* A message as the server lists it. */
struct plan_message {
    uint32_t number;
    uint64_t octets;   /* UINT64_MAX: LIST did not say */
    struct slice uidl; /* empty: UIDL did not say; borrowed */
};

enum plan_action {
    PLAN_NOTHING, /* known and kept */
    PLAN_FETCH,
    PLAN_IDENTIFY,   /* no UIDL, or the server's UIDLs changed: TOP first, then decide */
    PLAN_DELETE,     /* delivered, and `keep` says so */
    PLAN_SKIP_SIZE,  /* larger than --max-size */
    PLAN_SKIP_LATER, /* failed, its pause is not over */
    PLAN_SKIP_LIMIT, /* behind --limit */
    PLAN_SKIP_OLD,   /* before --since, by a Date that is known */
};

struct plan_options {
    uint64_t limit;    /* messages; 0: none */
    uint64_t max_size; /* octets; 0: none */
    int64_t now;
    bool deletes;         /* keep is none or an age */
    int64_t keep_age;     /* seconds after fetching; 0: at once */
    bool never_delete;    /* recent: mode */
    uint64_t known_count; /* state_count_kept: what the server should still list */
    const uint32_t *only; /* numbers asked for; NULL: all. They are fetched whatever their size,
                             number and pause; all others are PLAN_NOTHING */
    size_t only_count;
};

struct plan_step {
    struct plan_message message;
    enum plan_action action;
    int64_t state_id; /* of its row; 0: none */
};

struct plan {
    struct plan_step *steps; /* in the server's order */
    size_t count;
    uint64_t fetch_count, fetch_octets, delete_count, skipped_count;
    uint64_t duplicate_uidls; /* told apart by identification */
    uint64_t refused_numbers; /* rows left out: number 0, too large, or listed before */
    bool uidls_changed; /* most of what should be listed is not, and unknown UIDLs are: renumbered;
                           all unknown ones are PLAN_IDENTIFY */
};

/* `known` finds the state's row of a UIDL; false: none. The limit counts PLAN_FETCH only: who
 * identifies messages counts those that turn out to be new, and looks at their size. PLAN_SKIP_OLD
 * is never planned here, a Date is known after identification only. TOO_LARGE: more than
 * LIMIT_MESSAGES rows; NO_MEMORY. */
enum status plan_make(const struct plan_message *messages, size_t count,
                      const struct plan_options *options,
                      bool (*known)(void *context, struct slice uidl, struct state_row *row),
                      void *context, struct plan *out);
void plan_wipe(struct plan *p);
/* Whether `keep`, or a person's wish, lets a delivered message go from the server now. */
bool plan_is_due(const struct plan_options *options, const struct state_row *row);
const char *plan_action_name(enum plan_action a);

#endif
