#include "mime/mime_field.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_name(char c)
{
    return c > ' ' && c < 0x7f && c != ':';
}

/* A line with its end. */
static struct slice line_of(struct slice s)
{
    const char *lf = s.size ? memchr(s.data, '\n', s.size) : NULL;
    return slice_take(s, lf ? (size_t)(lf - s.data) + 1 : s.size);
}

/* A first line with those that are folded to it. */
static struct slice folded(struct slice s)
{
    size_t n = line_of(s).size;
    while (n < s.size && is_blank(s.data[n]))
        n += line_of(slice_skip(s, n)).size;
    return slice_take(s, n);
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

static struct slice trimmed(struct slice s)
{
    while (s.size && is_space(s.data[0]))
        s = slice_skip(s, 1);
    while (s.size && is_space(s.data[s.size - 1]))
        s.size--;
    return s;
}

/* False: it begins no field. */
static bool split(struct slice lines, struct mime_field *out)
{
    size_t name = 0;
    while (name < lines.size && is_name(lines.data[name]))
        name++;
    size_t colon = name;
    while (colon < lines.size && is_space(lines.data[colon]))
        colon++;
    if (name == 0 || colon == lines.size || lines.data[colon] != ':')
        return false;
    out->name = slice_take(lines, name);
    out->value = trimmed(slice_skip(lines, colon + 1));
    return true;
}

static bool next(struct slice *header, struct mime_field *out)
{
    while (header->size) {
        struct slice lines = folded(*header);
        *header = slice_skip(*header, lines.size);
        if (split(lines, out))
            return true;
    }
    return false;
}

bool mime_field_next(struct slice *header, struct mime_field *out)
{
    const char *start = header->data;
    if (!next(header, out))
        return false;
    out->offset = (size_t)(out->name.data - start);
    return true;
}

/* Can the line in front begin the field? Case is a letter's bit 0x20, and that bit of other octets
 * makes a line one to look at at the most. */
static bool may_be(struct slice header, struct slice name)
{
    size_t last = name.size - 1;
    return header.size > name.size && ((header.data[0] ^ name.data[0]) & ~0x20) == 0 &&
           ((header.data[last] ^ name.data[last]) & ~0x20) == 0;
}

/* The name's line has no colon: no grammar allows that, but some readers take it for a field. */
static bool is_colon_folded(struct slice lines)
{
    return slice_find(lines, '\n') < slice_find(lines, ':');
}

bool mime_field_find(struct slice header, struct slice name, struct mime_field *out)
{
    const char *start = header.data;
    bool is_found = false;
    while (header.size > 0 && name.size > 0) {
        struct mime_field field;
        bool is_candidate = may_be(header, name);
        struct slice lines = is_candidate ? folded(header) : line_of(header);
        header = slice_skip(header, lines.size);
        if (!is_candidate || !split(lines, &field) || !slice_equal_nocase(field.name, name))
            continue;
        bool is_certain = !is_colon_folded(lines);
        if (is_found && !is_certain)
            continue;
        field.offset = (size_t)(field.name.data - start);
        *out = field;
        is_found = true;
        if (is_certain)
            break;
    }
    return is_found;
}
