#include "base/width.h"

#include "base/width_table.h"

static size_t sequence_size(unsigned char c)
{
    return c < 0x80             ? 1
           : (c & 0xe0) == 0xc0 ? 2
           : (c & 0xf0) == 0xe0 ? 3
           : (c & 0xf8) == 0xf0 ? 4
                                : 0;
}

/* The code point of a whole sequence; UINT32_MAX: it is none. */
static uint32_t read_point(struct slice s, size_t n)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t p = (unsigned char)s.data[0];
    if (n == 0 || n > s.size)
        return UINT32_MAX;
    p = n == 1 ? p : p & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        unsigned char d = (unsigned char)s.data[i];
        if ((d & 0xc0) != 0x80)
            return UINT32_MAX;
        p = p << 6 | (d & 0x3fu);
    }
    if (p < least[n] || p > 0x10ffff || (p >= 0xd800 && p <= 0xdfff))
        return UINT32_MAX;
    return p;
}

size_t width_next_point(struct slice *text, uint32_t *point)
{
    size_t n = sequence_size((unsigned char)text->data[0]);
    *point = read_point(*text, n);
    if (*point == UINT32_MAX)
        n = 1;
    *text = slice_skip(*text, n);
    return n;
}

static bool is_in(const struct width_range *ranges, size_t count, uint32_t point)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (point > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && point >= ranges[low].first;
}

unsigned width_of_point(uint32_t point)
{
    if (point < 0x300)
        return 1;
    if (point >= 0x4e00 && point <= 0x9fff) /* most of what is wide */
        return 2;
    if (is_in(width_two, sizeof width_two / sizeof *width_two, point))
        return 2;
    return !is_in(width_none, sizeof width_none / sizeof *width_none, point);
}

bool width_is_visible(uint32_t p)
{
    if (p < 0x20 || (p >= 0x7f && p < 0xa0) || p == UINT32_MAX)
        return false;
    if ((p >= 0x200b && p <= 0x200f && p != 0x200d) || (p >= 0x2028 && p <= 0x202e))
        return false;
    if (p >= 0x2060 && p <= 0x206f)
        return false;
    return p != 0xfeff && p != 0xad && p != 0x61c && (p < 0xe0000 || p > 0xe0fff);
}

/* Octets of text that fit into so many columns; *used are the columns they take. Runs of printable
 * ASCII are most of all text. */
static size_t put_fitting(struct buf *out, struct slice text, size_t columns, size_t *used)
{
    struct slice rest = text;
    while (rest.size > 0) {
        struct slice before = rest;
        uint32_t point;
        size_t n = width_next_point(&rest, &point);
        bool visible = width_is_visible(point);
        unsigned w = visible ? width_of_point(point) : 1;
        if (*used + w > columns)
            return text.size - before.size;
        *used += w;
        buf_put(out, visible ? slice_take(before, n) : SLICE("\xef\xbf\xbd"));
    }
    return text.size;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f;
}

static bool fits_plain(struct slice text, size_t columns)
{
    size_t n = 0;
    if (text.size > columns)
        return false;
    while (n < text.size && is_plain((unsigned char)text.data[n]))
        n++;
    return n == text.size;
}

size_t width_put_cell(struct buf *out, struct slice text, size_t columns, bool padded)
{
    size_t begin = out->size, used = 0;
    if (fits_plain(text, columns)) {
        buf_put(out, text);
        used = text.size;
    } else if (put_fitting(out, text, columns, &used) < text.size && columns > 0) {
        out->size = begin;
        used = 0;
        (void)put_fitting(out, text, columns - 1, &used);
        buf_put(out, SLICE("\xe2\x80\xa6"));
        used++;
    }
    for (; padded && used < columns; used++)
        buf_put_char(out, ' ');
    return used;
}
