#include "mime/mime_address_scan.h"

void address_put_inside(const struct address_scan *s, struct slice inside, struct buf *out)
{
    size_t at = (size_t)(inside.data - s->text.data), end = at + inside.size;
    while (at < end) {
        char c = s->text.data[at];
        size_t n = address_unit(s, at); /* may reach out of what is inside: `"=?a?q?" ?=` */
        n = n < end - at ? n : end - at;
        if (c == '\\' && at + 1 < end) {
            buf_put_char(out, s->text.data[at + 1]);
            at += 2;
            continue;
        }
        if (c != '\r' && c != '\n')
            buf_put(out, slice_of(s->text.data + at, n));
        at += n;
    }
}

/* ---- local@domain ---- */

/* [RFC 5322 4.4] obs-route: @one,@two:local@domain */
static struct slice without_route(struct slice address)
{
    size_t colon = slice_find(address, ':');
    if (address.size == 0 || address.data[0] != '@' || colon == address.size)
        return address;
    return slice_skip(address, colon + 1);
}

static bool starts_nocase(struct slice s, struct slice prefix)
{
    return s.size > prefix.size && slice_equal_nocase(slice_take(s, prefix.size), prefix);
}

static bool is_within(struct slice s, char open, char close)
{
    return s.size > 2 && s.data[0] == open && s.data[s.size - 1] == close;
}

/* [user]@[192.0.2.1] is within no brackets. */
static bool has_literal(struct slice s)
{
    for (size_t i = 0; i + 1 < s.size; i++) {
        if (s.data[i] == '@' && s.data[i + 1] == '[')
            return true;
    }
    return false;
}

static struct slice without_wrapping(struct slice address)
{
    if (is_within(address, '\'', '\'') || (is_within(address, '[', ']') && !has_literal(address)))
        address = slice_of(address.data + 1, address.size - 2);
    if (address.size > 1 && address.data[address.size - 1] == ']' &&
        slice_find(address, '[') == address.size)
        address.size--;
    if (starts_nocase(address, SLICE("mailto:")))
        address = slice_skip(address, 7);
    else if (starts_nocase(address, SLICE("smtp:")))
        address = slice_skip(address, 5);
    return without_route(address);
}

static bool is_dot_atom(struct slice s)
{
    bool after_dot = true;
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= ' ' || c == 0x7f || strchr("()<>[]:;@\\,\"", c) || (c == '.' && after_dot))
            return false;
        after_dot = c == '.';
    }
    return !after_dot;
}

/* Quotes stay only where the local part is no address without them. */
static void put_quoted(struct slice inside, struct buf *out)
{
    if (is_dot_atom(inside)) {
        buf_put(out, inside);
        return;
    }
    buf_put_char(out, '"');
    for (size_t i = 0; i < inside.size; i++) {
        char c = inside.data[i];
        if (!address_is_blank(c) || c == ' ' || c == '\t')
            buf_put_char(out, c);
    }
    buf_put_char(out, '"');
}

static void put_without_blanks(struct address_scan *part, struct buf *out)
{
    struct slice inside;
    while (part->at < part->text.size) {
        char c = part->text.data[part->at];
        if (c == '"' && !part->literal_quotes && address_take_quoted(part, &inside)) {
            put_quoted(inside, out);
        } else if (c == '(' && !part->literal_comments && address_take_comment(part, &inside)) {
            continue;
        } else {
            size_t n = address_unit(part, part->at);
            if (!address_is_blank(c) && c != '"')
                buf_put(out, slice_of(part->text.data + part->at, n));
            part->at += n;
        }
    }
}

void address_put_clean(const struct address_scan *s, struct slice piece, struct buf *out)
{
    size_t start = out->size;
    struct address_scan part = {.text = piece, .is_wide = s->is_wide};
    put_without_blanks(&part, out);
    struct slice whole = slice_skip(buf_slice(out), start);
    struct slice clean = without_wrapping(whole);
    if (clean.size < whole.size)
        memmove(out->data + start, clean.data, clean.size);
    out->size = start + clean.size;
}
