#include "store/store_index.h"
#include "store/store_index_format.h"

#include "store/store_uidl.h"

#include <stdlib.h>

void store_index_sign(char *file, size_t size)
{
    struct index_header *header = (struct index_header *)file;
    struct store_checksum sum;
    if (size < sizeof *header)
        return;
    memset(file + offsetof(struct index_header, checksum), 0, sizeof header->checksum);
    store_checksum_init(&sum);
    store_checksum_feed(&sum, slice_of(file, size));
    header->checksum = store_checksum_end(&sum);
}

static bool uidl_is_base(const struct maildir_message *m, const struct store_row *row)
{
    return slice_equal(maildir_message_base(m), store_uidl_get(row));
}

static size_t uidl_text(const struct maildir_message *m, const struct store_row *row)
{
    return uidl_is_base(m, row) ? 0 : row->uidl_size;
}

static size_t text_size(const struct maildir_snapshot *s)
{
    const struct store_row *rows = store_listing_rows(s->listing);
    size_t size = 0;
    for (uint32_t i = 0; i < maildir_snapshot_count(s); i++)
        size += s->messages[i].name_size + 1u + uidl_text(&s->messages[i], &rows[i]);
    return size;
}

size_t store_index_size(const struct maildir_snapshot *s)
{
    return sizeof(struct index_header) + maildir_snapshot_count(s) * sizeof(struct index_row) +
           text_size(s);
}

static char *encode_row(char *at, const struct maildir_message *m, const struct store_row *listed)
{
    struct index_row row = {
        .octets = listed->octets,
        .stored = m->stored,
        .folder = m->folder,
        .needs = listed->needs,
        .name_size = m->name_size,
        .uidl_size = (uint8_t)uidl_text(m, listed),
        .suspect = atomic_load(&m->suspect),
        .base_size = m->base_size,
    };
    memcpy(at, &row, sizeof row);
    at += sizeof row;
    memcpy(at, m->name, m->name_size + 1u);
    at += m->name_size + 1u;
    memcpy(at, listed->uidl, row.uidl_size);
    return at + row.uidl_size;
}

char *store_index_encode(const struct maildir_snapshot *s, size_t *size)
{
    uint32_t count = maildir_snapshot_count(s);
    size_t text = text_size(s);
    if (text > UINT32_MAX)
        return NULL;
    struct index_header header = {
        .version = INDEX_VERSION,
        .flags = (s->settled ? INDEX_SETTLED : 0u) | (s->kept ? INDEX_KEPT : 0u),
        .count = count,
        .text = (uint32_t)text,
        .stamps = s->stamps,
    };
    memcpy(header.magic, INDEX_MAGIC, sizeof header.magic);
    *size = sizeof header + count * sizeof(struct index_row) + text;
    char *file = malloc(*size);
    if (!file)
        return NULL;
    memcpy(file, &header, sizeof header);
    char *at = file + sizeof header;
    for (uint32_t i = 0; i < count; i++)
        at = encode_row(at, &s->messages[i], &store_listing_rows(s->listing)[i]);
    store_index_sign(file, *size);
    return file;
}
