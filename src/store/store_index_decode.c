#include "store/store_index.h"
#include "store/store_index_format.h"

#include "store/store_room.h"
#include "store/store_uidl.h"

/* Small enough to stay in a core's own cache between its reading, its checksum and its decoding. */
enum { PIECE = 128 * 1024 };

_Static_assert(PIECE % STORE_CHECKSUM_BLOCK == 0, "pieces are whole blocks");

struct decoder {
    const struct store_index_source *file;
    struct index_header header;
    struct store_checksum sum;
    struct maildir_snapshot *snapshot;
    uint32_t done; /* messages */
    uint64_t octets;
};

static const char *check_header(const struct index_header *h, uint64_t size)
{
    if (memcmp(h->magic, INDEX_MAGIC, sizeof h->magic) != 0)
        return "not an index";
    if (h->version != INDEX_VERSION)
        return "another version";
    if (h->count > LIMIT_MESSAGES ||
        size != sizeof *h + h->count * sizeof(struct index_row) + (uint64_t)h->text)
        return "wrong size";
    return NULL;
}

static const char *start(struct decoder *d)
{
    if (d->file->size < sizeof d->header)
        return "too short";
    if (!d->file->read(d->file->context, (char *)&d->header, sizeof d->header))
        return "cannot be read whole";
    const char *cause = check_header(&d->header, d->file->size);
    if (cause)
        return cause;
    struct index_header summed = d->header;
    summed.checksum = 0;
    store_checksum_init(&d->sum);
    store_checksum_feed(&d->sum, slice_of(&summed, sizeof summed));
    struct maildir_snapshot *s = d->snapshot = maildir_snapshot_new_unlisted(d->header.count);
    if (!s)
        return "no memory";
    s->file_size = (size_t)(d->file->size - sizeof d->header);
    s->file = store_room_new(s->file_size);
    return s->file ? NULL : "no memory";
}

static struct slice row_uidl(const struct index_row *row, const char *text)
{
    return row->uidl_size ? slice_of(text + row->name_size + 1, row->uidl_size)
                          : slice_of(text, row->base_size);
}

static size_t text_size(const struct index_row *row)
{
    return row->name_size + 1u + row->uidl_size;
}

/* Names go into paths: whatever the checksum says, none may lead anywhere else. */
static bool is_sound(const struct index_row *row, const char *name)
{
    return row->folder < MAILDIR_FOLDERS && row->base_size > 0 &&
           row->base_size <= row->name_size && name[0] != '.' && name[row->name_size] == '\0' &&
           !memchr(name, '/', row->name_size) && store_uidl_is_valid(row_uidl(row, name));
}

static void fill_message(struct decoder *d, const struct index_row *row, const char *name)
{
    struct maildir_message *m = &d->snapshot->messages[d->done];
    m->name = name;
    m->stored = row->stored;
    m->name_size = row->name_size;
    m->base_size = row->base_size;
    m->folder = row->folder;
    atomic_init(&m->suspect, row->suspect != 0);
    if (row->suspect)
        atomic_store(&d->snapshot->suspect, true);
}

/* Decodes what is whole between *at and `end` and moves *at behind it. */
static bool decode_rows(struct decoder *d, const char **at, const char *end)
{
    struct index_row row;
    while ((size_t)(end - *at) >= sizeof row) {
        const char *text = *at + sizeof row;
        memcpy(&row, *at, sizeof row);
        if (d->done == d->header.count)
            return false;
        if ((size_t)(end - text) < text_size(&row))
            return true;
        if (!is_sound(&row, text))
            return false;
        fill_message(d, &row, text);
        d->octets += row.octets;
        d->done++;
        *at = text + text_size(&row);
    }
    return true;
}

/* Goes on to the end of the file even where a message is odd: the checksum says whether it was
 * written so. */
static const char *decode_file(struct decoder *d)
{
    bool sound = true;
    char *here = d->snapshot->file;
    const char *at = here;
    for (size_t left = d->snapshot->file_size; left > 0;) {
        size_t size = left < PIECE ? left : PIECE;
        if (!d->file->read(d->file->context, here, size))
            return "cannot be read whole";
        store_checksum_feed(&d->sum, slice_of(here, size));
        here += size;
        left -= size;
        sound = sound && decode_rows(d, &at, here);
    }
    if (store_checksum_end(&d->sum) != d->header.checksum)
        return "damaged";
    return sound && at == here && d->done == d->header.count ? NULL : "contradicts itself";
}

/* What was found sound above, into the listing. A message's name tells where its row is. */
static void fill_listing(void *context, struct store_row *rows, uint32_t first, uint32_t count)
{
    const struct maildir_snapshot *s = context;
    struct index_row row;
    for (uint32_t i = 0; i < count; i++) {
        const char *text = s->messages[first + i].name;
        memcpy(&row, text - sizeof row, sizeof row);
        rows[i].octets = row.octets;
        rows[i].needs = row.needs;
        store_uidl_set(&rows[i], row_uidl(&row, text));
    }
}

static const char *decode(struct decoder *d)
{
    const char *cause = start(d);
    if (!cause)
        cause = decode_file(d);
    if (cause)
        return cause;
    struct maildir_snapshot *s = d->snapshot;
    s->stamps = d->header.stamps;
    s->settled = (d->header.flags & INDEX_SETTLED) != 0;
    s->kept = (d->header.flags & INDEX_KEPT) != 0;
    struct store_listing_source source = {fill_listing, s};
    s->listing = store_listing_new_lazy(s->count, d->octets, source);
    return s->listing ? NULL : "no memory";
}

struct maildir_snapshot *store_index_decode(const struct store_index_source *file,
                                            const char **cause)
{
    struct decoder d = {.file = file};
    *cause = decode(&d);
    if (!*cause)
        return d.snapshot;
    maildir_snapshot_unref(d.snapshot);
    return NULL;
}

static bool take(void *context, char *to, size_t size)
{
    struct slice *left = context;
    if (left->size < size)
        return false;
    memcpy(to, left->data, size);
    *left = slice_skip(*left, size);
    return true;
}

struct maildir_snapshot *store_index_decode_octets(struct slice file, const char **cause)
{
    struct store_index_source source = {.context = &file, .size = file.size, .read = take};
    return store_index_decode(&source, cause);
}
