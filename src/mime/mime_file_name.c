#include "mime/mime_file_name.h"

#include "mime/mime_file_name_type.h"

#include <assert.h>

enum {
    ENDING_MAX = 32,  /* what is longer behind a dot is no ending */
    BLANKS_MAX = 2,   /* in a row: more of them hide what follows */
    RESERVED_MAX = 8, /* letters of the longest reserved name */
};

/* ---- characters ---- */

struct character {
    uint32_t code;
    size_t size; /* octets */
    bool is_valid;
};

static bool is_code(uint32_t code, size_t size)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= smallest[size] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

/* The first of a text that is not empty; an octet that is not UTF-8 is one that is not valid. */
static struct character first_of(struct slice s)
{
    unsigned char c = (unsigned char)s.data[0];
    size_t size = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (size == 1)
        return (struct character){c, 1, true};
    if (c < 0xc2 || c > 0xf4 || s.size < size)
        return (struct character){0, 1, false};
    uint32_t code = c & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        unsigned char next = (unsigned char)s.data[i];
        if ((next & 0xc0) != 0x80)
            return (struct character){0, 1, false};
        code = code << 6 | (next & 0x3fu);
    }
    bool is_valid = is_code(code, size);
    return (struct character){code, is_valid ? size : 1, is_valid};
}

static struct character last_of(struct slice s)
{
    for (size_t n = 1; n <= 4 && n <= s.size; n++) {
        struct character c = first_of(slice_skip(s, s.size - n));
        if (c.is_valid && c.size == n)
            return c;
    }
    return (struct character){0, 1, false};
}

/* Controls, format and direction characters [Unicode: Cc, Cf, Zl, Zp], fillers, and what is no
 * character. */
static bool is_unseen(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
        {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x3164, 0x3164},   {0xffa0, 0xffa0},
        {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
        {0x890, 0x891},     {0x8e2, 0x8e2},     {0x180e, 0x180e},   {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},
        {0xfff0, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return (code & 0xfffe) == 0xfffe;
}

static bool is_blank(uint32_t code)
{
    return (code >= '\t' && code <= '\r') || code == ' ' || code == 0xa0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200a) || code == 0x202f || code == 0x205f || code == 0x3000;
}

static bool is_refused(struct character c)
{
    return !c.is_valid || (c.code < 0x80 && c.code != 0 && strchr("<>:\"|?*/\\", (int)c.code));
}

/* ---- parts ---- */

static struct slice last_part(struct slice path)
{
    while (path.size > 0 && strchr("/\\", path.data[path.size - 1]) && path.data[path.size - 1])
        path.size--;
    for (size_t n = path.size; n > 0; n--) {
        if (path.data[n - 1] == '/' || path.data[n - 1] == '\\')
            return slice_skip(path, n);
    }
    return path;
}

static struct slice trimmed(struct slice s)
{
    while (s.size > 0) {
        struct character c = first_of(s);
        if (!c.is_valid ||
            !(is_unseen(c.code) || is_blank(c.code) || c.code == '.' || c.code == '-'))
            break;
        s = slice_skip(s, c.size);
    }
    while (s.size > 0) {
        struct character c = last_of(s);
        if (!c.is_valid || !(is_unseen(c.code) || is_blank(c.code) || c.code == '.'))
            break;
        s.size -= c.size;
    }
    return s;
}

/* Where the ending begins, with its dot; s.size: there is none. */
static size_t find_ending(struct slice s)
{
    size_t dot = s.size;
    while (dot > 0 && s.data[dot - 1] != '.')
        dot--;
    if (dot < 2 || s.size - dot + 1 > ENDING_MAX)
        return s.size;
    struct slice stem = slice_take(s, dot - 1);
    return slice_ends(stem, SLICE(".tar")) && stem.size > 4 ? stem.size - 4 : dot - 1;
}

/* Characters that a name may have, as long as they fit in `limit` octets. False: not all did. */
static bool put_clean(struct slice s, size_t limit, struct buf *out)
{
    size_t start = out->size;
    size_t blanks = 0; /* right before */
    while (s.size > 0) {
        struct character c = first_of(s);
        struct slice text = slice_take(s, c.size);
        s = slice_skip(s, c.size);
        bool blank = c.is_valid && is_blank(c.code);
        if ((blank && blanks >= (c.code < ' ' ? 1 : BLANKS_MAX)) ||
            (c.is_valid && !blank && is_unseen(c.code)))
            continue;
        if (blank && c.code < ' ')
            text = SLICE(" ");
        else if (is_refused(c))
            text = SLICE("_");
        if (text.size > limit - (out->size - start))
            return false;
        buf_put(out, text);
        blanks = blank ? blanks + 1 : 0;
    }
    return true;
}

static void put_cut(struct slice s, size_t limit, struct buf *out)
{
    char memory[4 * ENDING_MAX];
    struct buf ending = buf_over(memory, sizeof memory);
    size_t start = out->size, dot = find_ending(s);
    (void)put_clean(slice_skip(s, dot), sizeof memory, &ending);
    (void)put_clean(slice_take(s, dot), limit - ending.size, out);
    if (ending.size == 0)
        out->size = start + trimmed(slice_skip(buf_slice(out), start)).size;
    buf_put(out, buf_slice(&ending));
}

/* ---- reserved names ---- */

static bool is_numbered(struct slice stem, struct slice name)
{
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6",
                                         "7", "8", "9", "¹", "²", "³"};
    if (stem.size <= name.size || !slice_equal_nocase(slice_take(stem, name.size), name))
        return false;
    for (size_t i = 0; i < sizeof digits / sizeof *digits; i++) {
        if (slice_equal(slice_skip(stem, name.size), slice_str(digits[i])))
            return true;
    }
    return false;
}

/* Of devices, with any ending. */
static bool is_reserved(struct slice name)
{
    static const char *const devices[] = {"CON",    "PRN",     "AUX",   "NUL",
                                          "CONIN$", "CONOUT$", "CLOCK$"};
    struct slice stem = slice_take(name, slice_find(name, '.'));
    while (stem.size > 0 && stem.data[stem.size - 1] == ' ')
        stem.size--;
    if (stem.size > RESERVED_MAX)
        return false;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        if (slice_equal_nocase(stem, slice_str(devices[i])))
            return true;
    }
    return is_numbered(stem, SLICE("COM")) || is_numbered(stem, SLICE("LPT"));
}

static void put_part_name(struct slice type, struct slice path, struct buf *out)
{
    buf_put_str(out, "part");
    for (size_t i = 0; i < path.size && i < MIME_FILE_NAME / 2; i++) {
        char c = path.data[i];
        if (i == 0)
            buf_put_char(out, '-');
        buf_put_char(out, (c >= '0' && c <= '9') || c == '.' ? c : '_');
    }
    buf_put_str(out, mime_file_name_ending(type));
}

static void put_name(struct slice name, size_t limit, struct buf *out)
{
    size_t start = out->size;
    if (put_clean(name, limit, out))
        return;
    out->size = start;
    put_cut(name, limit, out);
}

bool mime_file_name_clean(struct slice decoded, struct slice type, struct slice path,
                          struct buf *out)
{
    assert(buf_room(out) >= MIME_FILE_NAME);
    size_t start = out->size;
    struct slice name = trimmed(last_part(decoded));
    put_name(name, MIME_FILE_NAME, out);
    if (is_reserved(slice_skip(buf_slice(out), start))) {
        out->size = start;
        buf_put_char(out, '_');
        put_name(name, MIME_FILE_NAME - 1, out);
    }
    if (out->size == start)
        put_part_name(type, path, out);
    return !slice_equal(slice_skip(buf_slice(out), start), decoded);
}
