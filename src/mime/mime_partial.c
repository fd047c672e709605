#include "mime/mime_partial.h"

static bool read_number(const struct mime_value *v, struct slice name, uint32_t *out)
{
    uint64_t n;
    const struct mime_parameter *p = mime_value_find(v, name);
    if (!p || !slice_parse_u64(p->value, &n) || n == 0 || n > MIME_PARTIAL_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

bool mime_partial_read(const struct mime_message *m, struct mime_partial *out)
{
    struct mime_field field;
    struct mime_value value;
    *out = (struct mime_partial){{"", 0}, 0, 0};
    if (!mime_field_find(mime_message_header(m, 0), SLICE("content-type"), &field))
        return false;
    mime_value_parse(field.value, m->arena, &value);
    const struct mime_parameter *id = mime_value_find(&value, SLICE("id"));
    if (!slice_equal(value.token, SLICE("message/partial")) || !id || id->value.size == 0 ||
        !read_number(&value, SLICE("number"), &out->number))
        return false;
    (void)read_number(&value, SLICE("total"), &out->total);
    out->id = arena_copy(m->arena, id->value);
    return out->id.data != NULL;
}

/* Fields that the enclosed message has for itself. */
static bool is_of_within(struct slice name)
{
    static const char *const names[] = {"subject", "message-id", "encrypted", "mime-version"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (slice_equal_nocase(name, slice_str(names[i])))
            return true;
    }
    return name.size >= 8 && slice_equal_nocase(slice_take(name, 8), SLICE("content-"));
}

/* The fields of one of the two headers; each goes up to where the next one begins. */
static void put_fields(struct buf *out, struct slice header, bool of_within)
{
    struct slice rest = header;
    struct mime_field field;
    while (mime_field_next(&rest, &field)) {
        if (is_of_within(field.name) != of_within)
            continue;
        buf_put(out, field.name);
        buf_put_str(out, ": ");
        buf_put(out, field.value);
        buf_put_str(out, "\r\n");
    }
}

/* Where the header that a piece's body begins with ends: behind its blank line. */
static size_t header_size(struct slice body)
{
    size_t at = 0;
    while (at < body.size) {
        struct slice rest = slice_skip(body, at);
        size_t n = slice_find(rest, '\n');
        bool is_blank = n == 0 || (n == 1 && rest.data[0] == '\r');
        at += n < rest.size ? n + 1 : n;
        if (is_blank)
            break;
    }
    return at;
}

static void put_first(const struct mime_message *m, struct buf *out)
{
    struct slice body = mime_message_body(m, 0);
    size_t n = header_size(body);
    put_fields(out, mime_message_header(m, 0), false);
    put_fields(out, slice_take(body, n), true);
    buf_put_str(out, "\r\n");
    buf_put(out, slice_skip(body, n));
}

struct order {
    const struct mime_message *pieces[MIME_PARTIAL_MAX];
    uint32_t total;
    struct slice id;
};

static bool place(struct order *o, const struct mime_message *m)
{
    struct mime_partial p;
    if (!mime_partial_read(m, &p))
        return false;
    if (o->id.size == 0)
        o->id = p.id;
    if (!slice_equal(o->id, p.id) || (o->total > 0 && p.total > 0 && o->total != p.total))
        return false;
    if (p.total > 0)
        o->total = p.total;
    o->pieces[p.number - 1] = m;
    return true;
}

enum status mime_partial_join(const struct mime_message *pieces, size_t count, struct buf *out)
{
    struct order o = {.total = 0, .id = {"", 0}};
    for (size_t i = 0; i < count; i++) {
        if (!place(&o, &pieces[i]))
            return STATUS_NOT_FOUND;
    }
    for (uint32_t i = 0; i < o.total; i++) {
        if (!o.pieces[i])
            return STATUS_NOT_FOUND;
    }
    if (o.total == 0)
        return STATUS_NOT_FOUND;
    put_first(o.pieces[0], out);
    for (uint32_t i = 1; i < o.total; i++)
        buf_put(out, mime_message_body(o.pieces[i], 0));
    return out->overflow ? STATUS_TOO_LARGE : STATUS_OK;
}
