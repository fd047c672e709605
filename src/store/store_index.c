#include "store/store_index.h"

#include "store/store_uidl.h"

#include <stdio.h>
#include <stdlib.h>

/* All numbers little-endian, packed without holes:
 *
 *   header  magic[8], checksum u64 (of everything behind it), version u32, flags u32, count u32,
 *           text u32 (octets of all texts), stamps of the watched folders and files
 *           (device u64, inode u64, modified i64, changed i64 each)
 *   rows    count times: octets u64, stored u64, folder u8, needs u8, name u8, uidl u8 (octets of
 *           each text; uidl 0: it is the name up to its colon), suspect u8, base
 *           u8 (octets of the name before its colon), 2 zeros
 *   text    of each row its name, NUL, its uidl */
enum { VERSION = 1, FLAG_SETTLED = 1, FLAG_KEPT = 2 };

struct file_header {
    char magic[8];
    uint64_t checksum;
    uint32_t version;
    uint32_t flags;
    uint32_t count;
    uint32_t text;
    struct maildir_stamps stamps;
};

struct file_row {
    uint64_t octets;
    uint64_t stored;
    uint8_t folder;
    uint8_t needs;
    uint8_t name_size;
    uint8_t uidl_size;
    uint8_t suspect;
    uint8_t base_size;
    uint8_t zero[2];
};

_Static_assert(sizeof(struct file_header) == 32 + MAILDIR_WATCHED * 32, "no holes");
_Static_assert(sizeof(struct file_row) == 24, "no holes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the file is written as it lies in memory");

static const char magic[8] = {'p', 'o', 'p', 'l', 'i', 'n', '\n', '\0'};
enum { CHECKED_FROM = 16 };

/* --- checksum --- */

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static uint64_t mix(uint64_t lane, uint64_t word)
{
    return rotate((lane ^ word) * 0x9e3779b97f4a7c15u, 29);
}

static uint64_t word_at(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* Four lanes of eight octets at a time, several octets a cycle. Each step is a bijection of its
 * lane and so is each step of joining them: damage within one word (every flipped bit) is always
 * seen, any other with all but 2^-64. It guards against accidents; whoever may write the file may
 * forge it, which is why nothing of safety rests on it. */
static uint64_t checksum(const char *data, size_t size)
{
    uint64_t lane[4] = {0x243f6a8885a308d3u, 0x13198a2e03707344u, 0xa4093822299f31d0u,
                        0x082efa98ec4e6c89u};
    uint64_t length = size;
    for (; size >= 32; data += 32, size -= 32)
        for (size_t i = 0; i < 4; i++)
            lane[i] = mix(lane[i], word_at(data + 8 * i));
    char rest[32] = {0};
    memcpy(rest, data, size);
    uint64_t sum = length;
    for (size_t i = 0; i < 4; i++) {
        lane[i] = mix(lane[i], word_at(rest + 8 * i));
        sum = mix(sum, lane[i]);
        sum ^= sum >> 32;
    }
    return sum;
}

void store_index_sign(char *file, size_t size)
{
    if (size < CHECKED_FROM)
        return;
    uint64_t sum = checksum(file + CHECKED_FROM, size - CHECKED_FROM);
    memcpy(file + offsetof(struct file_header, checksum), &sum, sizeof sum);
}

/* --- writing --- */

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
    return sizeof(struct file_header) + maildir_snapshot_count(s) * sizeof(struct file_row) +
           text_size(s);
}

static void encode_rows(const struct maildir_snapshot *s, uint32_t count, char *rows_at,
                        char *text_at)
{
    const struct store_row *rows = store_listing_rows(s->listing);
    for (uint32_t i = 0; i < count; i++) {
        const struct maildir_message *m = &s->messages[i];
        struct file_row row = {
            .octets = rows[i].octets,
            .stored = m->stored,
            .folder = m->folder,
            .needs = rows[i].needs,
            .name_size = m->name_size,
            .uidl_size = (uint8_t)uidl_text(m, &rows[i]),
            .suspect = atomic_load(&m->suspect),
            .base_size = m->base_size,
        };
        memcpy(rows_at, &row, sizeof row);
        rows_at += sizeof row;
        memcpy(text_at, m->name, m->name_size + 1u);
        text_at += m->name_size + 1u;
        memcpy(text_at, rows[i].uidl, row.uidl_size);
        text_at += row.uidl_size;
    }
}

char *store_index_encode(const struct maildir_snapshot *s, size_t *size)
{
    uint32_t count = maildir_snapshot_count(s);
    size_t rows = count * sizeof(struct file_row);
    size_t text = text_size(s);
    if (text > UINT32_MAX)
        return NULL;
    struct file_header header = {
        .version = VERSION,
        .flags = (s->settled ? FLAG_SETTLED : 0u) | (s->kept ? FLAG_KEPT : 0u),
        .count = count,
        .text = (uint32_t)text,
        .stamps = s->stamps,
    };
    memcpy(header.magic, magic, sizeof magic);
    *size = sizeof header + rows + text;
    char *file = malloc(*size);
    if (!file)
        return NULL;
    memcpy(file, &header, sizeof header);
    encode_rows(s, count, file + sizeof header, file + sizeof header + rows);
    store_index_sign(file, *size);
    return file;
}

/* --- reading --- */

static const char *check_header(struct slice file, struct file_header *h)
{
    if (file.size < sizeof *h)
        return "too short";
    memcpy(h, file.data, sizeof *h);
    if (memcmp(h->magic, magic, sizeof magic) != 0)
        return "not an index";
    if (h->version != VERSION)
        return "another version";
    if (h->count > LIMIT_MESSAGES ||
        file.size != sizeof *h + h->count * sizeof(struct file_row) + h->text)
        return "wrong size";
    if (checksum(file.data + CHECKED_FROM, file.size - CHECKED_FROM) != h->checksum)
        return "damaged";
    return NULL;
}

/* Names go into paths: whatever the checksum says, none may lead anywhere else. That there is no
 * slash is checked for all of them at once. */
static bool name_is_sound(const char *name, const struct file_row *row)
{
    return row->base_size > 0 && row->base_size <= row->name_size && name[0] != '.' &&
           name[row->name_size] == '\0';
}

static bool decode_row(struct maildir_snapshot *s, uint32_t i, const struct file_row *row,
                       const char *text)
{
    struct maildir_message *m = &s->messages[i];
    struct store_row *out = &store_listing_fill(s->listing)[i];
    if (row->folder >= MAILDIR_FOLDERS || !name_is_sound(text, row))
        return false;
    m->name = text;
    m->stored = row->stored;
    m->name_size = row->name_size;
    m->base_size = row->base_size;
    m->folder = row->folder;
    atomic_init(&m->suspect, row->suspect != 0);
    if (row->suspect)
        atomic_store(&s->suspect, true);
    out->octets = row->octets;
    out->needs = row->needs;
    struct slice uidl = row->uidl_size ? slice_of(text + row->name_size + 1, row->uidl_size)
                                       : maildir_message_base(m);
    if (!store_uidl_is_valid(uidl))
        return false;
    store_uidl_set(out, uidl);
    return true;
}

static bool decode_rows(struct maildir_snapshot *s, const struct file_header *h, const char *rows,
                        const char *text)
{
    const char *end = text + h->text;
    for (uint32_t i = 0; i < h->count; i++) {
        struct file_row row;
        memcpy(&row, rows + i * sizeof row, sizeof row);
        size_t size = row.name_size + 1u + row.uidl_size;
        if ((size_t)(end - text) < size || !decode_row(s, i, &row, text))
            return false;
        text += size;
    }
    return text == end;
}

static enum status decode_into(struct maildir_snapshot *s, const struct file_header *h, char *file)
{
    const char *rows = file + sizeof *h;
    const char *text = rows + h->count * sizeof(struct file_row);
    if (h->text && memchr(text, '/', h->text))
        return STATUS_CORRUPT;
    if (!decode_rows(s, h, rows, text))
        return STATUS_CORRUPT;
    s->stamps = h->stamps;
    s->settled = (h->flags & FLAG_SETTLED) != 0;
    s->kept = (h->flags & FLAG_KEPT) != 0;
    store_listing_finish(s->listing);
    return STATUS_OK;
}

struct maildir_snapshot *store_index_decode(char *file, size_t size, const char **cause)
{
    struct file_header h;
    *cause = check_header(slice_of(file, size), &h);
    struct maildir_snapshot *s = *cause ? NULL : maildir_snapshot_new(h.count);
    if (!s) {
        *cause = *cause ? *cause : "no memory";
        free(file);
        return NULL;
    }
    s->file = file;
    if (decode_into(s, &h, file) == STATUS_OK)
        return s;
    *cause = "contradicts itself";
    maildir_snapshot_unref(s);
    return NULL;
}
