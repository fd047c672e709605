/* plan_uidls: the UIDLs of a listing, sorted so that equal ones are neighbours, the first listed
 * first. */
#ifndef POPLIN_CLIENT_PLAN_UIDLS_H
#define POPLIN_CLIENT_PLAN_UIDLS_H

#include "client/plan.h"

struct plan_uidls {
    struct plan_uidl {
        uint64_t hash;
        uint32_t step;
    } * list;
    size_t count;
    const struct plan_step *steps;
};

/* Empty ones are left out. */
enum status plan_uidls_sort(const struct plan_step *steps, size_t count, struct plan_uidls *out);
/* True: the one at i (1 or more) is the same as the one before it. */
bool plan_uidls_same(const struct plan_uidls *u, size_t i);
void plan_uidls_wipe(struct plan_uidls *u);

#endif
