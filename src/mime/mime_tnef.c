#include "mime/mime_tnef.h"
#include "mime/mime_tnef_read.h"

#include <stdio.h>

/* Attributes [MS-OXTNEF 2.1.3.1], without their types. */
enum {
    ATTRIBUTE_BODY = 0x800c,
    ATTRIBUTE_DATA = 0x800f,
    ATTRIBUTE_TITLE = 0x8010,
    ATTRIBUTE_RENDER = 0x9002, /* begins an attachment */
    ATTRIBUTE_PROPERTIES = 0x9003,
    ATTRIBUTE_ATTACHMENT = 0x9005, /* properties of one */
    ATTRIBUTE_CODEPAGE = 0x9007,
};

struct attribute {
    uint32_t id;
    bool is_of_attachment, is_whole;
    struct slice data;
};

bool mime_tnef_take(struct slice *from, size_t size, struct slice *out)
{
    if (from->size < size)
        return false;
    *out = slice_take(*from, size);
    *from = slice_skip(*from, size);
    return true;
}

static bool take_number(struct slice *from, size_t octets, uint32_t *out)
{
    struct slice s;
    if (!mime_tnef_take(from, octets, &s))
        return false;
    *out = 0;
    for (size_t i = 0; i < octets; i++)
        *out |= (uint32_t)(unsigned char)s.data[i] << (8 * i);
    return true;
}

bool mime_tnef_take_u16(struct slice *from, uint32_t *out)
{
    return take_number(from, 2, out);
}

bool mime_tnef_take_u32(struct slice *from, uint32_t *out)
{
    return take_number(from, 4, out);
}

/* Each octet becomes three of UTF-8 at most. */
struct slice mime_tnef_text(struct arena *arena, struct slice text, enum charset charset)
{
    struct charset_decoder d;
    size_t room = text.size * 3 + 2 * (size_t)CHARSET_ROOM;
    char *out = text.size <= arena->capacity / 4 ? arena_take(arena, room, 1) : NULL;
    if (!out)
        return (struct slice){"", 0};
    charset_init(&d, charset);
    size_t n = charset_feed(&d, &text, out, room - CHARSET_ROOM);
    n += charset_end(&d, out + n);
    struct slice whole = slice_of(out, n);
    arena->size -= room - n;
    return slice_take(whole, slice_find(whole, '\0'));
}

/* What is left of an attribute that ends too early is used; its checksum cannot be. */
static bool take_attribute(struct slice *from, struct attribute *out)
{
    uint32_t size, checksum, sum = 0;
    struct slice level;
    if (!mime_tnef_take(from, 1, &level) || !mime_tnef_take_u32(from, &out->id) ||
        !mime_tnef_take_u32(from, &size))
        return false;
    out->id &= 0xffff;
    out->is_of_attachment = level.data[0] == 2;
    out->is_whole = size <= from->size;
    if (!mime_tnef_take(from, out->is_whole ? size : from->size, &out->data))
        return false;
    for (size_t i = 0; i < out->data.size; i++)
        sum += (unsigned char)out->data.data[i];
    out->is_whole = mime_tnef_take_u16(from, &checksum) && checksum == (sum & 0xffff) &&
                    (level.data[0] == 1 || level.data[0] == 2) && out->is_whole;
    return true;
}

static void read_codepage(struct mime_tnef *t, struct slice data)
{
    uint32_t page;
    char name[32];
    if (!mime_tnef_take_u32(&data, &page))
        return;
    int n = snprintf(name, sizeof name, page == 65001 ? "utf-8" : "cp%u", (unsigned)page);
    enum charset c = charset_find(slice_of(name, (size_t)n));
    if (c == CHARSET_UNKNOWN) {
        n = snprintf(name, sizeof name, "windows-%u", (unsigned)page);
        c = charset_find(slice_of(name, (size_t)n));
    }
    if (c != CHARSET_UNKNOWN)
        t->charset = c;
}

static void begin_attachment(struct mime_tnef *t, struct arena *arena)
{
    if (!t->attachments)
        t->attachments =
            ARENA_NEW(arena, struct mime_tnef_attachment, (size_t)MIME_TNEF_ATTACHMENTS);
    if (!t->attachments || t->count == MIME_TNEF_ATTACHMENTS) {
        t->is_limited = true;
        return;
    }
    struct slice none = {"", 0};
    t->attachments[t->count++] = (struct mime_tnef_attachment){none, none, none, none, false};
}

static void use_of_attachment(struct mime_tnef *t, struct arena *arena, const struct attribute *a)
{
    if (a->id == ATTRIBUTE_RENDER || t->count == 0)
        begin_attachment(t, arena);
    if (t->count == 0 || t->is_limited)
        return;
    struct mime_tnef_attachment *last = &t->attachments[t->count - 1];
    if (a->id == ATTRIBUTE_DATA)
        last->data = a->data;
    else if (a->id == ATTRIBUTE_TITLE && last->name.size == 0)
        last->name = mime_tnef_text(arena, a->data, t->charset);
    else if (a->id == ATTRIBUTE_ATTACHMENT && !mime_tnef_properties(t, arena, a->data, last))
        t->is_broken = true;
}

static void use_of_message(struct mime_tnef *t, struct arena *arena, const struct attribute *a)
{
    if (a->id == ATTRIBUTE_CODEPAGE)
        read_codepage(t, a->data);
    else if (a->id == ATTRIBUTE_BODY)
        t->text = slice_take(a->data, slice_find(a->data, '\0'));
    else if (a->id == ATTRIBUTE_PROPERTIES && !mime_tnef_properties(t, arena, a->data, NULL))
        t->is_broken = true;
}

bool mime_tnef_open(struct slice octets, struct arena *arena, struct mime_tnef *out)
{
    uint32_t signature, key;
    struct attribute a;
    struct slice none = {"", 0};
    *out = (struct mime_tnef){.text = none, .html = none, .rtf = none, .unicode_text = none};
    out->charset = charset_find(SLICE("windows-1252"));
    if (!mime_tnef_take_u32(&octets, &signature) || signature != 0x223e9f78)
        return false;
    if (!mime_tnef_take_u16(&octets, &key))
        out->is_broken = true;
    while (octets.size > 0) {
        if (!take_attribute(&octets, &a)) {
            out->is_broken = true;
            break;
        }
        out->is_broken |= !a.is_whole;
        if (a.is_of_attachment)
            use_of_attachment(out, arena, &a);
        else
            use_of_message(out, arena, &a);
    }
    return true;
}
