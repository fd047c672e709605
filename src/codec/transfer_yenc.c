/* yEnc: octets with 42 added, `=` before those that lines cannot hold; =ybegin, =ypart and =yend
 * say size and crc32. Files behind one another, such as the parts of one, are joined. */
#include "codec/transfer_steps.h"

enum { OUTSIDE, LINE_START, IN_LINE, ESCAPE_AT_START, ESCAPE, KEYWORD };

enum { ADDED = 42, ESCAPED = 64 };

/* The crc32 of IEEE 802.3, four bits at a time. */
static uint32_t crc_add(uint32_t crc, uint8_t octet)
{
    static const uint32_t halves[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = crc >> 4 ^ halves[(crc ^ octet) & 15];
    return crc >> 4 ^ halves[(crc ^ octet >> 4) & 15];
}

/* The value of ` key=` in base 10 or 16; false: it is not there. A file name is no place for keys:
 * it comes last. */
static bool find_value(struct slice line, const char *key, unsigned base, uint64_t *value)
{
    const char *name = (const char *)memmem(line.data, line.size, " name=", 6);
    if (name != NULL)
        line.size = (size_t)(name - line.data);
    size_t size = strlen(key);
    const char *at = (const char *)memmem(line.data, line.size, key, size);
    if (at == NULL)
        return false;
    line = slice_skip(line, (size_t)(at - line.data) + size);
    *value = 0;
    size_t i = 0;
    for (int digit; i < line.size && i < 18; i++) {
        digit = transfer_hex(line.data[i]);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        *value = *value * base + (unsigned)digit;
    }
    return i > 0;
}

static void begin(struct transfer *t, struct slice line)
{
    t->state = LINE_START;
    t->crc = UINT32_MAX;
    t->written = 0;
    if (!find_value(line, " size=", 10, &t->declared_size))
        t->declared_size = UINT64_MAX;
}

static void part(struct transfer *t, struct slice line)
{
    uint64_t first, last;
    t->state = LINE_START;
    t->count = 1;
    if (find_value(line, " begin=", 10, &first) && find_value(line, " end=", 10, &last) &&
        last >= first)
        t->declared_size = last - first + 1;
}

/* The crc32 of a part's end is the whole file's, pcrc32 is the part's. */
static void end(struct transfer *t, struct slice line)
{
    uint64_t crc, size;
    bool has_crc = find_value(line, " pcrc32=", 16, &crc) ||
                   (t->count == 0 && find_value(line, " crc32=", 16, &crc));
    bool has_size = find_value(line, " size=", 10, &size);
    if ((has_crc && crc != (uint32_t)~t->crc) || (has_size && size != t->written) ||
        (t->declared_size != UINT64_MAX && t->declared_size != t->written))
        transfer_note(t, TRANSFER_CHECKSUM);
    t->state = OUTSIDE;
    t->count = 0;
    t->bits = 1;
}

static void take_keyword(struct transfer *t)
{
    struct slice line = transfer_line(t);
    t->held_size = 0;
    if (slice_starts(line, SLICE("=ybegin "))) {
        begin(t, line);
    } else if (t->state == KEYWORD) {
        t->state = LINE_START;
        if (slice_starts(line, SLICE("=ypart ")))
            part(t, line);
        else if (slice_starts(line, SLICE("=yend")))
            end(t, line);
        else
            transfer_note(t, TRANSFER_FOREIGN_OCTET);
    }
}

static size_t put(struct transfer *t, unsigned octet, char *out)
{
    t->state = IN_LINE;
    out[0] = (char)(octet & 0xff);
    t->crc = crc_add(t->crc, octet & 0xff);
    t->written++;
    return 1;
}

size_t transfer_yenc_step(struct transfer *t, char c, char *out)
{
    bool is_escape = t->state == ESCAPE || t->state == ESCAPE_AT_START;
    if (t->state == OUTSIDE || t->state == KEYWORD) {
        if (c == '\n')
            take_keyword(t);
        else
            transfer_line_put(t, c);
    } else if (t->state == ESCAPE_AT_START && c == 'y') {
        t->state = KEYWORD;
        transfer_line_put(t, '=');
        transfer_line_put(t, 'y');
    } else if (c == '\r' || c == '\n') {
        if (is_escape)
            transfer_note(t, TRANSFER_FOREIGN_OCTET);
        t->state = c == '\n' ? LINE_START : IN_LINE;
    } else if (is_escape) {
        return put(t, (unsigned)(uint8_t)c - ESCAPED - ADDED, out);
    } else if (c == '=') {
        t->state = t->state == LINE_START ? ESCAPE_AT_START : ESCAPE;
    } else {
        return put(t, (unsigned)(uint8_t)c - ADDED, out);
    }
    return 0;
}

/* `bits`: an end was met. */
size_t transfer_yenc_last(struct transfer *t, char *out)
{
    take_keyword(t);
    if (t->state != OUTSIDE || t->bits == 0)
        transfer_note(t, TRANSFER_CUT);
    return 0;
}
