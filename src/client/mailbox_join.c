#include "client/mailbox_join.h"

#include "client/mailbox_read.h"
#include "mime/mime_partial.h"

#include <stdlib.h>
#include <unistd.h>

struct join {
    char *senders; /* who sent the piece that is asked for */
    size_t senders_size;
    struct mime_partial wanted;
    int64_t ids[MAILBOX_JOIN_SEARCHED]; /* a ring: the newest stay */
    size_t seen;
    struct mailbox_bytes *octets; /* of the pieces that were found */
    struct mime_message *pieces;
    size_t count;
};

static bool remember(void *context, const struct mailbox_entry *e)
{
    struct join *j = context;
    if (e->is_here && slice_equal(e->senders, slice_of(j->senders, j->senders_size)))
        j->ids[j->seen++ % MAILBOX_JOIN_SEARCHED] = e->id;
    return true;
}

/* Keeps the message when it is a piece of the wanted one that was not met yet. */
static bool keep(struct join *j, int file)
{
    struct mime_limits limits = mime_limits_default();
    struct mailbox_bytes *b = &j->octets[j->count];
    struct mime_message *m = &j->pieces[j->count];
    struct mime_partial p;
    if (mailbox_bytes_map(file, b) != STATUS_OK)
        return false;
    if (mime_message_open(m, b->bytes, &b->arena, &limits) == STATUS_OK &&
        mime_partial_read(m, &p) && slice_equal(p.id, j->wanted.id)) {
        j->count++;
        return true;
    }
    mailbox_bytes_unmap(b);
    return false;
}

static void look_at_all(struct join *j, struct mailbox *box)
{
    size_t known = j->seen < MAILBOX_JOIN_SEARCHED ? j->seen : MAILBOX_JOIN_SEARCHED;
    for (size_t i = 0; i < known && j->count < MIME_PARTIAL_MAX; i++) {
        int file;
        if (mailbox_open_file(box, j->ids[i], &file) != STATUS_OK)
            continue;
        (void)keep(j, file);
        close(file);
    }
}

static enum status put_together(const struct join *j, char **octets, size_t *size)
{
    size_t room = 0;
    for (size_t i = 0; i < j->count; i++)
        room += j->octets[i].bytes.size;
    /* Fields may lose blanks and gain a CR. */
    room = room * 2 + 4096;
    char *memory = malloc(room);
    if (!memory)
        return STATUS_NO_MEMORY;
    struct buf whole = buf_over(memory, room);
    enum status s = mime_partial_join(j->pieces, j->count, &whole);
    if (s != STATUS_OK) {
        free(memory);
        return s;
    }
    *octets = memory;
    *size = whole.size;
    return STATUS_OK;
}

static enum status find_pieces(struct join *j, struct mailbox *box, int64_t id)
{
    struct mailbox_entry e;
    struct mailbox_query *query = malloc(sizeof *query);
    enum status s = query ? mailbox_get(box, id, &e) : STATUS_NO_MEMORY;
    if (s == STATUS_OK && !(j->senders = malloc(e.senders.size + 1)))
        s = STATUS_NO_MEMORY;
    if (s == STATUS_OK) {
        j->senders_size = e.senders.size;
        memcpy(j->senders, e.senders.data ? e.senders.data : "", e.senders.size);
        mailbox_query_init(query);
        s = mailbox_each(box, query, remember, j);
    }
    free(query);
    if (s == STATUS_OK)
        look_at_all(j, box);
    return s;
}

enum status mailbox_join(struct mailbox *box, int64_t id, const struct mime_message *piece,
                         char **octets, size_t *size)
{
    struct mime_partial wanted;
    if (!mime_partial_read(piece, &wanted))
        return STATUS_NOT_FOUND;
    struct join *j = calloc(1, sizeof *j);
    if (!j)
        return STATUS_NO_MEMORY;
    j->wanted = wanted;
    j->octets = calloc(MIME_PARTIAL_MAX, sizeof *j->octets);
    j->pieces = calloc(MIME_PARTIAL_MAX, sizeof *j->pieces);
    enum status s = j->octets && j->pieces ? find_pieces(j, box, id) : STATUS_NO_MEMORY;
    if (s == STATUS_OK)
        s = put_together(j, octets, size);
    for (size_t i = 0; i < j->count; i++)
        mailbox_bytes_unmap(&j->octets[i]);
    free(j->octets);
    free(j->pieces);
    free(j->senders);
    free(j);
    return s;
}
