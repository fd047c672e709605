#include "store/store_maildir.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Readings of the folders for messages that are not where they were. A message is gone for certain
 * when two of them in a row do not have it. */
enum { ROUNDS = 4 };

struct removal {
    struct maildir_drop *drop;
    const struct store_observer *observer;
    int folders[MAILDIR_FOLDERS];
    uint32_t unlinked[MAILDIR_FOLDERS]; /* not durable yet */
    uint64_t *missing;                  /* not where they were looked for */
    uint64_t *absent;                   /* of these: not in the last reading either */
    uint32_t missing_count;
    struct store_removed *out;
};

static void set_bit(uint64_t *bits, uint32_t i, bool on)
{
    uint64_t bit = (uint64_t)1 << (i % 64);
    bits[i / 64] = on ? bits[i / 64] | bit : bits[i / 64] & ~bit;
}

static void cannot_remove(struct removal *r, uint32_t i, const char *cause)
{
    const struct maildir_message *m = &r->drop->snapshot->messages[i];
    maildir_notice(r->observer, "cannot remove", r->drop->path, slice_of(m->name, m->name_size),
                   cause);
    r->out->failed++;
}

/* True: done with it, one way or the other. False: it is not there. */
static bool unlink_at(struct removal *r, uint32_t i, struct maildir_place at)
{
    if (r->folders[at.folder] < 0)
        return false;
    if (unlinkat(r->folders[at.folder], at.name, 0) == 0) {
        r->unlinked[at.folder]++;
        return true;
    }
    if (errno == ENOENT)
        return false;
    cannot_remove(r, i, status_text(status_from_errno(errno)));
    return true;
}

static bool settle_missing(struct removal *r, uint32_t i)
{
    const struct maildir_message *m = &r->drop->snapshot->messages[i];
    const struct maildir_found *f = maildir_fresh_find(r->drop, m);
    if (f && maildir_is_twin(r->drop, m)) {
        cannot_remove(r, i, "not to be told from another of its name");
        return true;
    }
    if (f) {
        set_bit(r->absent, i, false);
        return unlink_at(r, i, (struct maildir_place){f->name, f->folder});
    }
    if (!r->drop->fresh->whole)
        return false;
    if (store_marked(r->absent, i)) {
        r->out->removed++; /* somebody else did it */
        return true;
    }
    set_bit(r->absent, i, true);
    return false;
}

/* All that are missing are looked for in one reading: thousands that another program took away
 * or renamed cost no more than one. */
static void look_again(struct removal *r, uint32_t count)
{
    for (int round = 0; round < ROUNDS && r->missing_count > 0; round++) {
        if (maildir_refresh(r->drop) != STATUS_OK)
            return;
        for (uint32_t i = 0; i < count; i++) {
            if (!store_marked(r->missing, i) || !settle_missing(r, i))
                continue;
            set_bit(r->missing, i, false);
            r->missing_count--;
        }
    }
}

static void remove_marked(struct removal *r, const uint64_t *marks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!store_marked(marks, i) ||
            unlink_at(r, i, maildir_first_place(r->drop, &r->drop->snapshot->messages[i])))
            continue;
        set_bit(r->missing, i, true);
        r->missing_count++;
    }
    look_again(r, count);
    for (uint32_t i = 0; r->missing_count > 0 && i < count; i++)
        if (store_marked(r->missing, i))
            cannot_remove(r, i, "not found for certain");
}

/* What was unlinked is removed once the folder says so on the disk. */
static void make_durable(struct removal *r, int folder)
{
    if (r->unlinked[folder] == 0)
        return;
    if (fsync(r->folders[folder]) == 0) {
        r->out->removed += r->unlinked[folder];
        return;
    }
    r->out->failed += r->unlinked[folder];
    maildir_notice(r->observer, "removal may not last", r->drop->path,
                   slice_str(maildir_watched[folder]), status_text(status_from_errno(errno)));
}

/* Both folders, and memory for what may turn out to be missing. */
static bool prepare(struct removal *r, uint32_t count)
{
    size_t words = count / 64 + 1;
    r->missing = calloc(2 * words, sizeof *r->missing);
    r->absent = r->missing ? r->missing + words : NULL;
    bool entered = r->missing != NULL;
    for (int i = 0; entered && i < MAILDIR_FOLDERS; i++) {
        enum status s = maildir_folder_enter(r->drop->directory, i, &r->folders[i]);
        entered = s == STATUS_OK || s == STATUS_NOT_FOUND;
    }
    return entered;
}

void maildir_remove(struct store_drop *base, const uint64_t *marks, struct store_removed *out)
{
    struct maildir_drop *d = (struct maildir_drop *)base;
    struct removal r = {.drop = d,
                        .observer = &((struct maildir_store *)base->store)->observer,
                        .folders = {-1, -1},
                        .out = out};
    uint32_t count = maildir_snapshot_count(d->snapshot);
    if (count > 0 && prepare(&r, count)) {
        remove_marked(&r, marks, count);
    } else {
        for (uint32_t i = 0; i < count; i++)
            if (store_marked(marks, i))
                cannot_remove(&r, i, "the folders cannot be opened");
    }
    for (int i = 0; i < MAILDIR_FOLDERS; i++) {
        make_durable(&r, i);
        if (r.folders[i] >= 0)
            close(r.folders[i]);
    }
    free(r.missing);
}
