#include "codec/encoded_word_scan.h"

/* A charset's name and language; what is longer is text. */
enum { CHARSET_MAX = 64 };
/* How far behind a `?=` that may be text the true one is looked for. */
enum { LOOK_AHEAD = 96 };

static size_t find_mark(struct slice s, size_t from)
{
    const char *found =
        from < s.size ? (const char *)memchr(s.data + from, '?', s.size - from) : NULL;
    return found == NULL ? s.size : (size_t)(found - s.data);
}

/* The first `?=` at an offset or behind; s.size: none. */
static size_t find_end(struct slice s, size_t from)
{
    size_t at = find_mark(s, from);
    while (at < s.size && (at + 1 == s.size || s.data[at + 1] != '='))
        at = find_mark(s, at + 1);
    return at;
}

/* The first `=?`, likewise. Question marks are rarer in mail than equal signs. */
static size_t find_begin(struct slice s, size_t from)
{
    size_t at = find_mark(s, from + 1);
    while (at < s.size && s.data[at - 1] != '=')
        at = find_mark(s, at + 1);
    return at < s.size ? at - 1 : s.size;
}

static size_t find_closing(struct encoded_word_scan *scan, size_t from)
{
    if (scan->closing < from)
        scan->closing = find_end(scan->value, from);
    return scan->closing;
}

/* Reads `=?charset?B?` at an offset; false: it is something else. */
static bool read_opening(struct slice value, size_t at, struct encoded_word *word)
{
    struct slice rest = slice_skip(value, at + 2);
    size_t size = 0;
    while (size < rest.size && size <= CHARSET_MAX && rest.data[size] > ' ' &&
           rest.data[size] < 0x7f && rest.data[size] != '?' && rest.data[size] != '=')
        size++;
    if (size + 3 > rest.size || rest.data[size] != '?' || rest.data[size + 2] != '?')
        return false;
    char encoding = (char)(rest.data[size + 1] | 0x20);
    word->begin = at;
    word->charset = slice_take(rest, size);
    word->is_base64 = encoding == 'b';
    word->text = slice_skip(rest, size + 3);
    return encoding == 'b' || encoding == 'q';
}

static bool has_opening(struct slice value, size_t from, size_t to)
{
    struct encoded_word other;
    for (size_t at = from; (at = find_begin(slice_take(value, to), at)) < to; at += 2)
        if (read_opening(value, at, &other))
            return true;
    return false;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* A `?` that should have been escaped, before an escape, looks like the end of a Q word. It is not
 * when what follows leads to another end without a blank or another word. */
static size_t true_closing(struct slice value, size_t closing)
{
    while (value.size - closing >= 6 && is_hex(value.data[closing + 2]) &&
           is_hex(value.data[closing + 3])) {
        size_t at = closing + 4;
        size_t limit = value.size - 1 - at < LOOK_AHEAD ? value.size - 1 : at + LOOK_AHEAD;
        while (at < limit && value.data[at] > ' ' && value.data[at] < 0x7f &&
               memcmp(value.data + at, "=?", 2) != 0 && memcmp(value.data + at, "?=", 2) != 0)
            at++;
        if (at >= limit || memcmp(value.data + at, "?=", 2) != 0)
            break;
        closing = at;
    }
    return closing;
}

static bool read_word(struct encoded_word_scan *scan, size_t at, struct encoded_word *word)
{
    if (!read_opening(scan->value, at, word))
        return false;
    size_t text = (size_t)(word->text.data - scan->value.data);
    size_t closing = find_closing(scan, text);
    if (closing == scan->value.size || has_opening(scan->value, text, closing)) {
        scan->is_broken = true;
        return false;
    }
    if (!word->is_base64)
        closing = true_closing(scan->value, closing);
    word->text = slice_take(word->text, closing - text);
    word->end = closing + 2;
    return true;
}

bool encoded_word_scan_next(struct encoded_word_scan *scan, struct encoded_word *word)
{
    struct slice value = scan->value;
    struct encoded_word next;
    for (size_t at = scan->at; (at = find_begin(value, at)) < value.size; at++) {
        if (!read_word(scan, at, word))
            continue;
        /* Some mail has one `=` for the end of a word and the begin of the next. */
        bool is_shared = word->end < value.size && value.data[word->end] == '?' &&
                         read_opening(value, word->end - 1, &next);
        word->end -= is_shared;
        scan->at = word->end;
        return true;
    }
    scan->at = value.size;
    return false;
}
