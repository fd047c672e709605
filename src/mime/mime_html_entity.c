#include "mime/mime_html_entity.h"

/* What the numbers of C1 mean in mail [HTML, numeric character reference end state]. */
static const uint16_t c1[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

size_t mime_html_point(uint32_t point, char *out)
{
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) || point == 0)
        point = 0xfffd;
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (char)((0xf00u >> n) | point);
    return n;
}

static bool is_digit(char c, bool hex)
{
    unsigned char lower = (unsigned char)c | 0x20;
    return (c >= '0' && c <= '9') || (hex && lower >= 'a' && lower <= 'f');
}

/* A number that no character has stays one that no character has, however long it is. */
static size_t decode_number(struct slice r, size_t *used, char *out)
{
    bool hex = r.size > 2 && (r.data[2] == 'x' || r.data[2] == 'X');
    size_t at = hex ? 3 : 2;
    size_t first = at;
    uint32_t point = 0;
    for (; at < r.size && is_digit(r.data[at], hex); at++) {
        unsigned c = (unsigned char)r.data[at];
        uint32_t digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        point = point > 0x10ffff ? point : point * (hex ? 16 : 10) + digit;
    }
    if (at == first)
        return 0;
    *used = at + (at < r.size && r.data[at] == ';');
    if (point >= 0x80 && point < 0xa0)
        point = c1[point - 0x80];
    else if (point < 0x20 || point == 0x7f)
        point = point == '\t' || point == '\n' || point == '\r' || point == '\f' ? ' ' : 0xfffd;
    return mime_html_point(point, out);
}

static const struct mime_html_entity *find(struct slice name)
{
    size_t low = 0;
    size_t high = mime_html_entity_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct mime_html_entity *e = &mime_html_entities[middle];
        size_t shared = name.size < e->size ? name.size : e->size;
        int order = memcmp(name.data, mime_html_entity_names + e->at, shared);
        if (order == 0 && name.size == e->size)
            return e;
        if (order < 0 || (order == 0 && name.size < e->size))
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static size_t put(const struct mime_html_entity *e, char *out)
{
    size_t n = mime_html_point(e->first, out);
    return e->second ? n + mime_html_point(e->second, out + n) : n;
}

/* The longest name of HTML 2 that it begins with; none of those has more than six letters. */
static size_t decode_legacy(struct slice r, bool in_attribute, size_t *used, char *out)
{
    size_t n = r.size - 1 < 6 ? r.size - 1 : 6;
    for (; n >= 2; n--) {
        const struct mime_html_entity *e = find(slice_take(slice_skip(r, 1), n));
        bool is_whole = n + 1 == r.size || r.data[n + 1] == ';';
        if (e && e->is_legacy && (is_whole || !in_attribute)) {
            *used = n + 1;
            return put(e, out);
        }
    }
    return 0;
}

size_t mime_html_entity_decode(struct slice reference, bool in_attribute, size_t *used, char *out)
{
    struct slice r = reference;
    if (r.size > 1 && r.data[1] == '#')
        return decode_number(r, used, out);
    if (r.size < 3)
        return 0;
    if (r.data[r.size - 1] == ';') {
        const struct mime_html_entity *e = find(slice_take(slice_skip(r, 1), r.size - 2));
        if (e) {
            *used = r.size;
            return put(e, out);
        }
    }
    return decode_legacy(r, in_attribute, used, out);
}

static size_t reference_size(struct slice s)
{
    size_t n = 1;
    while (n < s.size && n < MIME_HTML_ENTITY) {
        unsigned char c = (unsigned char)s.data[n];
        unsigned char lower = c | 0x20;
        if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'z') && c != '#')
            return n + (c == ';');
        n++;
    }
    return n;
}

void mime_html_entity_text(struct slice value, struct buf *out)
{
    while (value.size > 0) {
        char text[2 * MIME_HTML_POINT];
        size_t used = 1;
        size_t n = 0;
        if (value.data[0] == '&') {
            struct slice reference = slice_take(value, reference_size(value));
            bool is_assigned = reference.size < value.size && value.data[reference.size] == '=';
            n = is_assigned ? 0 : mime_html_entity_decode(reference, true, &used, text);
        }
        if (n == 0) {
            used = 1;
            while (used < value.size && ((unsigned char)value.data[used] & 0xc0) == 0x80)
                used++;
        }
        if (!buf_put(out, n ? slice_of(text, n) : slice_take(value, used)))
            return;
        value = slice_skip(value, used);
    }
}
