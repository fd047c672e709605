#include "client/fetch_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Headers that are known already, and the names under which the state knows a message. */

static size_t bucket_of(const unsigned char hash[STATE_HASH])
{
    return ((size_t)hash[0] << 8 | hash[1]) % KNOWN_BUCKETS;
}

static bool is_here(const struct state_row *row)
{
    return row->stage == STATE_DELIVERED || row->stage == STATE_TO_DELETE ||
           row->stage == STATE_DELETED;
}

static bool is_size(uint64_t octets)
{
    return octets != 0 && octets != UINT64_MAX;
}

static struct known_header *find_among(struct fetch *f, const unsigned char hash[STATE_HASH],
                                       const uint64_t sizes[FETCH_SIZES], bool is_here)
{
    struct known_header *any = NULL;
    for (struct known_header *k = f->known ? f->known[bucket_of(hash)] : NULL; k; k = k->next) {
        if (k->used || k->is_here != is_here || memcmp(k->hash, hash, STATE_HASH) != 0)
            continue;
        for (size_t i = 0; i < FETCH_SIZES; i++) {
            if (is_size(sizes[i]) && k->octets == sizes[i])
                return k;
        }
        if (!is_size(k->octets) || !is_size(sizes[0]))
            any = k;
    }
    return any;
}

struct known_header *fetch_find_same(struct fetch *f, const unsigned char hash[STATE_HASH],
                                     const unsigned char digest[STATE_HASH])
{
    struct known_header *k = f->known ? f->known[bucket_of(hash)] : NULL;
    while (k &&
           (k->used || !k->is_here || !k->has_digest || memcmp(k->digest, digest, STATE_HASH) != 0))
        k = k->next;
    return k;
}

struct known_header *fetch_find_known(struct fetch *f, const unsigned char hash[STATE_HASH],
                                      const uint64_t sizes[FETCH_SIZES])
{
    struct known_header *k = find_among(f, hash, sizes, true);
    return k ? k : find_among(f, hash, sizes, false);
}

bool fetch_knows_header(const struct fetch *f, const unsigned char hash[STATE_HASH])
{
    const struct known_header *k = f->known[bucket_of(hash)];
    while (k && (k->used || memcmp(k->hash, hash, STATE_HASH) != 0))
        k = k->next;
    return k != NULL;
}

static struct known_header *add_known(struct fetch *f, const unsigned char hash[STATE_HASH])
{
    struct known_header *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    memcpy(k->hash, hash, STATE_HASH);
    k->next = f->known[bucket_of(hash)];
    f->known[bucket_of(hash)] = k;
    f->known_count++;
    return k;
}

struct loading {
    struct fetch *f;
    bool failed;
};

static bool add_row(void *context, const struct state_row *row)
{
    struct loading *l = context;
    if (!row->has_header_hash)
        return true;
    struct known_header *k = add_known(l->f, row->header_hash);
    if (k) {
        k->state_id = row->id;
        k->octets = row->octets;
        k->has_digest = row->has_digest;
        memcpy(k->digest, row->digest, STATE_HASH);
        k->is_here = is_here(row);
    }
    l->failed = !k;
    return !l->failed;
}

/* A reader that moves it meanwhile makes it be seen twice. */
static bool is_known_file(const struct fetch *f, const unsigned char hash[STATE_HASH],
                          struct slice file)
{
    const struct known_header *k = f->known[bucket_of(hash)];
    while (k && !slice_equal(slice_str(k->file), file))
        k = k->next;
    return k != NULL;
}

static bool add_file(void *context, struct slice file, const unsigned char hash[STATE_HASH],
                     uint64_t octets, bool read)
{
    struct loading *l = context;
    if (file.size > STATE_FILE_NAME || is_known_file(l->f, hash, file))
        return true;
    struct known_header *k = add_known(l->f, hash);
    if (k) {
        memcpy(k->file, file.data, file.size);
        k->octets = octets;
        k->is_here = true;
        k->read = read;
    }
    l->failed = !k;
    return !l->failed;
}

bool fetch_load_known(struct fetch *f)
{
    struct loading l = {f, false};
    if (f->known)
        return true;
    f->known = calloc(KNOWN_BUCKETS, sizeof(struct known_header *));
    if (!f->known)
        return false;
    if (state_each(f->state, f->account->name, add_row, &l) != STATUS_OK || l.failed)
        return false;
    if (!f->is_unmatched)
        return true;
    enum status s = deliver_scan(f->delivery, add_file, &l);
    return (s == STATUS_OK || s == STATUS_UNSUPPORTED) && !l.failed;
}

bool fetch_row(struct fetch *f, const struct plan_step *step, struct state_row *row)
{
    return step->state_id != 0 &&
           state_get(f->state, f->account->name, step->state_id, row) == STATUS_OK;
}

/* "h:" and the hash, and a number where other messages have the same header. */
static struct slice hash_name(struct fetch *f, const struct plan_step *s,
                              const unsigned char hash[STATE_HASH], char memory[FETCH_UIDL_TEXT])
{
    struct state_row row;
    for (unsigned n = 0;; n++) {
        struct buf b = buf_over(memory, FETCH_UIDL_TEXT);
        buf_put_str(&b, "h:");
        for (size_t i = 0; i < STATE_HASH; i++)
            buf_printf(&b, "%02x", hash[i]);
        if (n > 0)
            buf_printf(&b, ":%u", n);
        if (state_find(f->state, f->account->name, buf_slice(&b), &row) != STATUS_OK ||
            row.id == s->state_id)
            return buf_slice(&b);
    }
}

struct slice fetch_uidl(struct fetch *f, size_t step, const char *file,
                        char memory[FETCH_UIDL_TEXT])
{
    const struct plan_step *s = &f->plan.steps[step];
    struct state_row row;
    bool is_taken = s->message.uidl.size > 0 &&
                    state_find(f->state, f->account->name, s->message.uidl, &row) == STATUS_OK &&
                    row.id != s->state_id;
    if (s->message.uidl.size > 0 && !is_taken)
        return s->message.uidl;
    if (f->hashes && f->hashes[step].is_known)
        return hash_name(f, s, f->hashes[step].hash, memory);
    int n = snprintf(memory, FETCH_UIDL_TEXT, "n:%s", file);
    return slice_of(memory, (size_t)n);
}

/* ---- a message that was found to be known ---- */

static enum plan_action action_of_taken(const struct fetch *f, const struct state_row *row)
{
    if (!is_here(row))
        return row->stage == STATE_FAILED && row->retry_after > f->now ? PLAN_SKIP_LATER
                                                                       : PLAN_FETCH;
    return plan_is_due(&f->plan_options, row) ? PLAN_DELETE : PLAN_NOTHING;
}

/* A52: the size that LIST tells now may be wrong, and another one is told the next time: then only
 * its octets tell that it is the same. */
static void note_octets(const struct step_hash *h, struct state_row *row)
{
    if (!h->was_fetched)
        return;
    row->unsure = row->unsure && h->is_unsure;
    if (!h->is_unsure || row->has_digest)
        return;
    row->has_digest = true;
    memcpy(row->digest, h->digest, STATE_HASH);
}

/* Its row gets the UIDL by which the server names the message now. */
static bool take_row(struct fetch *f, size_t step, const struct known_header *k)
{
    struct plan_step *s = &f->plan.steps[step];
    char memory[FETCH_UIDL_TEXT];
    struct state_row row;
    s->state_id = k->state_id;
    struct slice uidl = fetch_uidl(f, step, "", memory);
    if (!fetch_row(f, s, &row))
        return false;
    row.uidl = uidl;
    row.seen = f->now;
    if (s->message.octets != UINT64_MAX)
        row.octets = s->message.octets;
    note_octets(&f->hashes[step], &row);
    s->action = action_of_taken(f, &row);
    if (row.stage == STATE_DELETED)
        row.stage = STATE_DELIVERED;
    return state_put(f->state, f->account->name, &row) == STATUS_OK;
}

/* A file of the Maildir, from before the state was lost. */
static bool take_file(struct fetch *f, size_t step, const struct known_header *k)
{
    char memory[FETCH_UIDL_TEXT];
    struct plan_step *s = &f->plan.steps[step];
    struct state_row row = {
        .uidl = fetch_uidl(f, step, k->file, memory),
        .stage = STATE_DELIVERED,
        .octets = s->message.octets == UINT64_MAX ? k->octets : s->message.octets,
        .has_header_hash = true,
        .seen = f->now,
        .fetched = f->now,
        .file = slice_str(k->file),
        .read = k->read,
    };
    memcpy(row.header_hash, k->hash, STATE_HASH);
    if (state_put(f->state, f->account->name, &row) != STATUS_OK)
        return false;
    s->state_id = row.id;
    s->action = plan_is_due(&f->plan_options, &row) ? PLAN_DELETE : PLAN_NOTHING;
    return true;
}

bool fetch_take_known(struct fetch *f, size_t step)
{
    const struct known_header *k = f->hashes[step].match;
    return k->state_id != 0 ? take_row(f, step, k) : take_file(f, step, k);
}
