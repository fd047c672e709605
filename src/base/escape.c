#include "base/escape.h"

#include <stdio.h>

/* Length of the valid UTF-8 sequence at the start of s and its code point, or 0. */
static size_t utf8_next(struct slice s, uint32_t *point)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)s.data[0];
    size_t n = c < 0x80             ? 1
               : (c & 0xe0) == 0xc0 ? 2
               : (c & 0xf0) == 0xe0 ? 3
               : (c & 0xf8) == 0xf0 ? 4
                                    : 0;
    if (n == 0 || n > s.size)
        return 0;
    uint32_t p = n == 1 ? c : c & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        unsigned char d = (unsigned char)s.data[i];
        if ((d & 0xc0) != 0x80)
            return 0;
        p = p << 6 | (d & 0x3fu);
    }
    if (p < least[n] || p > 0x10ffff || (p >= 0xd800 && p <= 0xdfff))
        return 0;
    *point = p;
    return n;
}

static bool is_visible(uint32_t p)
{
    if (p < 0x20 || (p >= 0x7f && p < 0xa0))
        return false;
    if (p >= 0x200b && p <= 0x200f)
        return false;
    if (p >= 0x2028 && p <= 0x202e)
        return false;
    if (p >= 0x2060 && p <= 0x206f)
        return false;
    return p != 0xfeff && p != 0xad && p != 0x61c && (p < 0xe0000 || p > 0xe0fff);
}

enum escape_style { ESCAPE_LOGFMT, ESCAPE_JSON, ESCAPE_PLAIN, ESCAPE_TEXT };

static bool is_nothing(uint32_t p)
{
    return p == 0xad || p == 0x61c || p == 0xfeff || (p >= 0x200b && p <= 0x200f) ||
           (p >= 0x2060 && p <= 0x2064);
}

/* Hidden characters of a text of lines; false: it is to be escaped like any other. */
static bool put_of_text(struct buf *out, struct slice octets, uint32_t point, bool *ok)
{
    bool stays = point == '\n' || point == '\t' || point == 0x200c || point == 0x200d ||
                 (point >= 0xe0100 && point <= 0xe01ef);
    *ok = !stays || buf_put(out, octets);
    return stays || is_nothing(point);
}

static bool put_hidden(struct buf *out, struct slice octets, uint32_t point,
                       enum escape_style style)
{
    bool ok = true;
    if (style == ESCAPE_TEXT && put_of_text(out, octets, point, &ok))
        return ok;
    if (point == '\n' || point == '\r' || point == '\t') {
        char letter = point == '\n' ? 'n' : point == '\r' ? 'r' : 't';
        return buf_put_char(out, '\\') && buf_put_char(out, letter);
    }
    if (style == ESCAPE_JSON && point == UINT32_MAX)
        return buf_put(out, SLICE("\\ufffd"));
    if (style == ESCAPE_JSON && point > 0xffff)
        return buf_put(out, octets);
    if (style == ESCAPE_JSON)
        return buf_printf(out, "\\u%04x", (unsigned)point);
    for (size_t i = 0; i < octets.size && ok; i++)
        ok = buf_printf(out, "\\x%02x", (unsigned char)octets.data[i]);
    return ok;
}

/* Octets that every style leaves as they are. */
static size_t plain_run(struct slice s)
{
    size_t n = 0;
    while (n < s.size && s.data[n] >= ' ' && s.data[n] < 0x7f && s.data[n] != '"' &&
           s.data[n] != '\\')
        n++;
    return n;
}

static bool escape(struct buf *out, struct slice s, size_t limit, enum escape_style style)
{
    bool cut = s.size > limit;
    bool quoted = style == ESCAPE_LOGFMT || style == ESCAPE_JSON;
    bool ok = !quoted || buf_put_char(out, '"');
    if (cut)
        s.size = limit;
    while (s.size > 0 && ok) {
        size_t run = plain_run(s);
        ok = buf_put(out, slice_take(s, run));
        s = slice_skip(s, run);
        if (s.size == 0 || !ok)
            break;
        uint32_t point = UINT32_MAX;
        size_t n = utf8_next(s, &point);
        struct slice octets = slice_take(s, n > 0 ? n : 1);
        if (n > 0 && is_visible(point)) {
            if (quoted && (point == '"' || point == '\\'))
                ok = buf_put_char(out, '\\');
            ok = ok && buf_put(out, octets);
        } else {
            ok = put_hidden(out, octets, point, style);
        }
        s = slice_skip(s, octets.size);
    }
    if (cut)
        ok = ok && buf_put_str(out, "\xe2\x80\xa6");
    return ok && (!quoted || buf_put_char(out, '"'));
}

bool escape_logfmt(struct buf *out, struct slice s, size_t limit)
{
    return escape(out, s, limit, ESCAPE_LOGFMT);
}

bool escape_json(struct buf *out, struct slice s, size_t limit)
{
    return escape(out, s, limit, ESCAPE_JSON);
}

bool escape_plain(struct buf *out, struct slice s, size_t limit)
{
    return escape(out, s, limit, ESCAPE_PLAIN);
}

bool escape_text(struct buf *out, struct slice s, size_t limit)
{
    return escape(out, s, limit, ESCAPE_TEXT);
}
