#include "mime/mime_inline.h"

static struct slice without_cr(struct slice line)
{
    while (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* The next line without its end. */
static bool take_line(struct slice *text, struct slice *line)
{
    if (text->size == 0)
        return false;
    size_t n = slice_find(*text, '\n');
    *line = without_cr(slice_take(*text, n));
    *text = slice_skip(*text, n < text->size ? n + 1 : n);
    return true;
}

static struct slice trim(struct slice s)
{
    while (s.size > 0 && s.data[0] == ' ')
        s = slice_skip(s, 1);
    while (s.size > 0 && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
        s.size--;
    return s;
}

/* `begin MODE NAME`, the mode of three or four octal digits. */
static bool is_uu_begin(struct slice line, struct slice *name)
{
    if (!slice_starts(line, SLICE("begin ")))
        return false;
    struct slice rest = trim(slice_skip(line, 6));
    size_t digits = 0;
    while (digits < rest.size && rest.data[digits] >= '0' && rest.data[digits] <= '7')
        digits++;
    if (digits < 3 || digits > 4 || digits == rest.size || rest.data[digits] != ' ')
        return false;
    *name = trim(slice_skip(rest, digits));
    return name->size > 0;
}

/* A line of data: its first octet says how many octets it stands for. Blanks at its end may have
 * been lost, and one octet more (a checksum) may be there. */
static bool is_uu_data(struct slice line)
{
    if (line.size == 0)
        return false;
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] < ' ' || line.data[i] > '`')
            return false;
    }
    size_t octets = ((unsigned char)line.data[0] - 32U) & 63U;
    size_t wanted = (octets + 2) / 3 * 4;
    return line.size - 1 <= wanted + 1 && (octets == 0 || line.size > 1);
}

static bool is_end(struct slice line)
{
    return slice_equal(trim(line), SLICE("end"));
}

/* The text behind the last line of data, and whether `end` was there. Blank lines that somebody put
 * between are data of no octets. */
static struct slice uu_end(struct slice text, bool *is_closed)
{
    struct slice last = text;
    struct slice line;
    *is_closed = false;
    while (take_line(&text, &line)) {
        if (is_end(line)) {
            *is_closed = true;
            return text;
        }
        if (!is_uu_data(line) && trim(line).size > 0)
            break;
        if (line.size > 0)
            last = text;
    }
    return last;
}

static struct slice yenc_end(struct slice text, bool *is_closed)
{
    struct slice line;
    *is_closed = false;
    while (take_line(&text, &line)) {
        if (slice_starts(line, SLICE("=yend"))) {
            *is_closed = true;
            break;
        }
    }
    return text;
}

/* name= is the last of the line, and all that follows is the name. */
static struct slice yenc_name(struct slice line)
{
    static const char key[] = " name=";
    const char *at = memmem(line.data, line.size, key, sizeof key - 1);
    if (!at)
        return (struct slice){"", 0};
    return trim(slice_skip(line, (size_t)(at - line.data) + sizeof key - 1));
}

static bool is_yenc_begin(struct slice line)
{
    static const char key[] = " line=";
    return slice_starts(line, SLICE("=ybegin ")) &&
           memmem(line.data, line.size, key, sizeof key - 1) != NULL;
}

static bool is_followed_by_data(struct slice text)
{
    struct slice line;
    return take_line(&text, &line) && (is_uu_data(line) || is_end(line));
}

bool mime_inline_next(struct slice *text, struct mime_inline *out)
{
    struct slice line;
    struct slice begin = *text;
    for (; take_line(text, &line); begin = *text) {
        if (is_uu_begin(line, &out->name) && is_followed_by_data(*text)) {
            out->encoding = TRANSFER_UUENCODE;
            *text = uu_end(*text, &out->is_closed);
        } else if (is_yenc_begin(line)) {
            out->encoding = TRANSFER_YENC;
            out->name = yenc_name(line);
            *text = yenc_end(*text, &out->is_closed);
        } else {
            continue;
        }
        out->block = slice_take(begin, begin.size - text->size);
        return true;
    }
    return false;
}
