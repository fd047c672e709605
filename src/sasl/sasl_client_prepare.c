#include "sasl/sasl_client_mechanism.h"

struct range {
    uint32_t first, last;
};

/* RFC 4013 2.1: mapped to a blank. */
static const struct range blanks[] = {
    {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200b},
    {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* RFC 3454 B.1: mapped to nothing. */
static const struct range nothings[] = {
    {0xad, 0xad},     {0x34f, 0x34f},   {0x1806, 0x1806}, {0x180b, 0x180d},
    {0x200c, 0x200d}, {0x2060, 0x2060}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
};

/* RFC 4013 2.3: controls, private use, no characters, not for plain text, changers of display. */
static const struct range prohibited[] = {
    {0, 0x1f},          {0x7f, 0x9f},        {0x340, 0x341},     {0x6dd, 0x6dd},
    {0x70f, 0x70f},     {0x180e, 0x180e},    {0x200e, 0x200f},   {0x2028, 0x202e},
    {0x2061, 0x2063},   {0x206a, 0x206f},    {0x2ff0, 0x2ffb},   {0xe000, 0xf8ff},
    {0xfdd0, 0xfdef},   {0xfff9, 0xffff},    {0x1d173, 0x1d17a}, {0xe0001, 0xe0001},
    {0xe0020, 0xe007f}, {0xf0000, 0x10ffff},
};

static bool is_in(const struct range *rows, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++)
        if (point >= rows[i].first && point <= rows[i].last)
            return true;
    return false;
}

#define IS_IN(rows, point) is_in(rows, sizeof(rows) / sizeof *(rows), point)

/* Octets of the sequence at the start of s, which is not empty; 0: not UTF-8. */
static size_t next_point(struct slice s, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)s.data[0];
    size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (n == 0 || n > s.size)
        return 0;
    *point = n == 1 ? c : c & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        unsigned char more = (unsigned char)s.data[i];
        if ((more & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (more & 0x3fu);
    }
    bool half = *point >= 0xd800 && *point <= 0xdfff;
    return *point < least[n] || *point > 0x10ffff || half ? 0 : n;
}

static bool is_utf8(struct slice s)
{
    uint32_t point;
    for (size_t n; s.size > 0; s = slice_skip(s, n))
        if ((n = next_point(s, &point)) == 0)
            return false;
    return true;
}

enum status sasl_client_prepare(struct slice text, struct buf *out)
{
    uint32_t point = 0;
    if (!is_utf8(text))
        return buf_put(out, text) ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t n; text.size > 0; text = slice_skip(text, n)) {
        n = next_point(text, &point);
        if (IS_IN(nothings, point))
            continue;
        if (IS_IN(prohibited, point))
            return STATUS_MALFORMED;
        if (!buf_put(out, IS_IN(blanks, point) ? SLICE(" ") : slice_take(text, n)))
            return STATUS_TOO_LARGE;
    }
    return STATUS_OK;
}
