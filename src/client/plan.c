#include "client/plan.h"

#include "client/plan_numbers.h"
#include "client/plan_uidls.h"

#include <stdlib.h>

struct making {
    const struct plan_options *options;
    struct plan *plan;
    struct plan_numbers seen;
    struct plan_numbers only;
    uint64_t matched; /* rows that should be listed, and are */
    uint64_t unknown; /* messages with a UIDL that the state does not have */
};

static bool octets_known(uint64_t octets)
{
    return octets != 0 && octets != UINT64_MAX;
}

/* A server that gives an old UIDL to a new message: to go by it would lose the new one. */
static bool another_message(const struct plan_message *m, const struct state_row *row)
{
    return octets_known(m->octets) && octets_known(row->octets) && m->octets != row->octets;
}

/* A person asked for it (`poplin delete --server`), which `keep` and a doubtful size do not
 * overrule: who asked has seen the message. */
static bool is_wished(const struct plan_options *o, const struct state_row *row)
{
    return row->stage == STATE_TO_DELETE && row->deleted > 0 && !o->never_delete;
}

/* A message whose time of fetching is not known has no age: it stays until `keep none`. One that
 * never had a file here was fetched by another program (state_import): where it lies, and whether
 * it does, is not known, so it stays. One of another size than announced stays too (A52). */
bool plan_is_due(const struct plan_options *o, const struct state_row *row)
{
    bool is_elsewhere = row->file.size == 0 && !row->has_digest;
    if (is_wished(o, row))
        return true;
    if (!o->deletes || o->never_delete || row->unsure || is_elsewhere)
        return false;
    if (o->keep_age == 0)
        return true;
    return row->fetched > 0 && o->now > row->fetched && o->now - row->fetched >= o->keep_age;
}

static enum plan_action action_of_delivered(const struct plan_options *o,
                                            const struct plan_message *m,
                                            const struct state_row *row)
{
    if (another_message(m, row))
        return PLAN_IDENTIFY;
    return plan_is_due(o, row) ? PLAN_DELETE : PLAN_NOTHING;
}

static enum plan_action action_of_known(const struct making *k, const struct plan_message *m,
                                        const struct state_row *row)
{
    switch (row->stage) {
    case STATE_NEW:
    case STATE_FETCHING:
        return PLAN_FETCH;
    case STATE_DELIVERED:
    case STATE_TO_DELETE:
        return action_of_delivered(k->options, m, row);
    case STATE_DELETED:
        /* Either the deletion was undone, or the UIDL now means another message: it must not be
         * deleted before it was looked at. */
        return PLAN_IDENTIFY;
    case STATE_FAILED:
        return row->retry_after > k->options->now && !k->options->only ? PLAN_SKIP_LATER
                                                                       : PLAN_FETCH;
    }
    return PLAN_IDENTIFY;
}

static void decide(struct making *k, struct plan_step *step,
                   bool (*known)(void *context, struct slice uidl, struct state_row *row),
                   void *context)
{
    struct state_row row = {0};
    if (step->message.uidl.size == 0) {
        step->action = PLAN_IDENTIFY;
    } else if (known(context, step->message.uidl, &row)) {
        step->state_id = row.id;
        step->action = action_of_known(k, &step->message, &row);
        k->matched += row.stage == STATE_DELIVERED || row.stage == STATE_TO_DELETE;
    } else {
        step->action = PLAN_FETCH;
        k->unknown++;
    }
}

/* A number that is listed again says nothing new, unless its UIDL differs: then neither of the two
 * can be trusted. */
static void contradict(struct plan *p, const struct plan_message *m)
{
    p->refused_numbers++;
    for (size_t i = p->count; i-- > 0;) {
        if (p->steps[i].message.number != m->number)
            continue;
        if (!slice_equal(p->steps[i].message.uidl, m->uidl))
            p->steps[i].message.uidl = (struct slice){0};
        return;
    }
}

static void take_rows(struct making *k, const struct plan_message *messages, size_t count)
{
    /* Each search for the earlier row walks the list: past this many the listing is nonsense, and
     * its repeated rows are passed over. */
    unsigned contradictions = 1000;
    for (size_t i = 0; i < count; i++) {
        uint32_t number = messages[i].number;
        if (number == 0 || number > LIMIT_MESSAGES)
            k->plan->refused_numbers++;
        else if (plan_numbers_add(&k->seen, number))
            k->plan->steps[k->plan->count++].message = messages[i];
        else if (contradictions && contradictions--)
            contradict(k->plan, &messages[i]);
        else
            k->plan->refused_numbers++;
    }
}

/* --- what depends on all of them --- */

/* Most of what was there is gone, and others came: rather renumbered than exchanged. To look at
 * headers first costs little where that is wrong, and spares a second download where it is right.
 */
static void mind_changed_uidls(struct making *k)
{
    uint64_t known = k->options->known_count;
    uint64_t missing = known > k->matched ? known - k->matched : 0;
    if (k->unknown == 0 || missing <= k->matched)
        return;
    k->plan->uidls_changed = true;
    for (size_t i = 0; i < k->plan->count; i++) {
        if (k->plan->steps[i].action == PLAN_FETCH && k->plan->steps[i].state_id == 0)
            k->plan->steps[i].action = PLAN_IDENTIFY;
    }
}

static void apply_limits(const struct making *k, struct plan_step *step, uint64_t fetches)
{
    const struct plan_options *o = k->options;
    if (o->only) {
        if (!plan_numbers_has(&k->only, step->message.number))
            step->action = PLAN_NOTHING;
        return;
    }
    if (step->action != PLAN_FETCH)
        return;
    if (o->max_size && step->message.octets != UINT64_MAX && step->message.octets > o->max_size)
        step->action = PLAN_SKIP_SIZE;
    else if (o->limit && fetches >= o->limit)
        step->action = PLAN_SKIP_LIMIT;
}

static void count_step(struct plan *p, const struct plan_step *step)
{
    switch (step->action) {
    case PLAN_FETCH:
        p->fetch_count++;
        if (step->message.octets < UINT64_MAX - p->fetch_octets)
            p->fetch_octets += step->message.octets;
        break;
    case PLAN_DELETE:
        p->delete_count++;
        break;
    case PLAN_SKIP_SIZE:
    case PLAN_SKIP_LATER:
    case PLAN_SKIP_LIMIT:
    case PLAN_SKIP_OLD:
        p->skipped_count++;
        break;
    case PLAN_NOTHING:
    case PLAN_IDENTIFY:
        break;
    }
}

static enum status mark_duplicates(struct plan *p)
{
    struct plan_uidls u;
    enum status status = plan_uidls_sort(p->steps, p->count, &u);
    for (size_t i = 1; i < u.count; i++) {
        if (!plan_uidls_same(&u, i))
            continue;
        p->steps[u.list[i].step].action = PLAN_IDENTIFY;
        p->steps[u.list[i].step].state_id = 0;
        p->duplicate_uidls++;
    }
    plan_uidls_wipe(&u);
    return status;
}

static enum status make(struct making *k, const struct plan_message *messages, size_t count,
                        bool (*known)(void *context, struct slice uidl, struct state_row *row),
                        void *context)
{
    struct plan *p = k->plan;
    take_rows(k, messages, count);
    for (size_t i = 0; i < p->count; i++)
        decide(k, &p->steps[i], known, context);
    enum status status = mark_duplicates(p);
    if (status != STATUS_OK)
        return status;
    mind_changed_uidls(k);
    for (size_t i = 0; i < p->count; i++) {
        apply_limits(k, &p->steps[i], p->fetch_count);
        count_step(p, &p->steps[i]);
    }
    return STATUS_OK;
}

static enum status make_room(struct making *k, size_t count)
{
    k->plan->steps = calloc(count ? count : 1, sizeof *k->plan->steps);
    if (!k->plan->steps || !plan_numbers_init(&k->seen) || !plan_numbers_init(&k->only))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; k->options->only && i < k->options->only_count; i++) {
        if (k->options->only[i] <= LIMIT_MESSAGES)
            plan_numbers_add(&k->only, k->options->only[i]);
    }
    return STATUS_OK;
}

enum status plan_make(const struct plan_message *messages, size_t count,
                      const struct plan_options *options,
                      bool (*known)(void *context, struct slice uidl, struct state_row *row),
                      void *context, struct plan *out)
{
    struct making k = {.options = options, .plan = out};
    *out = (struct plan){0};
    if (count > LIMIT_MESSAGES)
        return STATUS_TOO_LARGE;
    enum status status = make_room(&k, count);
    if (status == STATUS_OK)
        status = make(&k, messages, count, known, context);
    plan_numbers_wipe(&k.seen);
    plan_numbers_wipe(&k.only);
    if (status != STATUS_OK)
        plan_wipe(out);
    return status;
}

void plan_wipe(struct plan *p)
{
    free(p->steps);
    *p = (struct plan){0};
}

const char *plan_action_name(enum plan_action a)
{
    static const char *const names[] = {
        [PLAN_NOTHING] = "keep",          [PLAN_FETCH] = "fetch",
        [PLAN_IDENTIFY] = "identify",     [PLAN_DELETE] = "delete",
        [PLAN_SKIP_SIZE] = "skip-size",   [PLAN_SKIP_LATER] = "skip-later",
        [PLAN_SKIP_LIMIT] = "skip-limit", [PLAN_SKIP_OLD] = "skip-old",
    };
    return names[a];
}
