#include "mime/mime_address_scan.h"

enum { CHARSET_NAME_MAX = 64, LITERAL_MAX = 256 };

void address_scan_init(struct address_scan *s, struct slice text, enum charset hint)
{
    *s = (struct address_scan){.text = text};
    if (charset_is_ascii(text) || charset_is_utf8(text))
        return;
    enum charset c = charset_guess(text, hint);
    s->is_wide = c == CHARSET_GB18030 || c == CHARSET_BIG5 || c == CHARSET_SHIFT_JIS;
    s->is_broken = true;
}

/* ---- units ---- */

static char char_at(const struct address_scan *s, size_t at)
{
    return at < s->text.size ? s->text.data[at] : '\0';
}

static bool is_charset_octet(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.:+*'", c));
}

/* =?charset?B?text?= : the size of all of it, 0: it is none. The text ends at the first `?`, so
 * that looking for it never passes the next word's. */
static size_t word_size(struct slice s)
{
    size_t n = 2;
    if (s.size < 7 || s.data[0] != '=' || s.data[1] != '?')
        return 0;
    while (n < s.size && n < CHARSET_NAME_MAX && is_charset_octet(s.data[n]))
        n++;
    if (s.size - n < 5 || s.data[n] != '?' || s.data[n + 2] != '?' ||
        !memchr("bBqQ", s.data[n + 1], 4))
        return 0;
    n += 3;
    n += slice_find(slice_skip(s, n), '?');
    return n + 1 < s.size && s.data[n + 1] == '=' ? n + 2 : 0;
}

static size_t escape_size(struct slice s)
{
    size_t n = 1 + slice_find(slice_skip(s, 1), '\x1b');
    if (n == s.size)
        return 1;
    return n + 2 < s.size && s.data[n + 1] == '(' ? n + 3 : n;
}

bool address_is_word(const struct address_scan *s, size_t at)
{
    return word_size(slice_skip(s->text, at)) > 0;
}

size_t address_unit(const struct address_scan *s, size_t at)
{
    unsigned char c = (unsigned char)char_at(s, at);
    unsigned char next = (unsigned char)char_at(s, at + 1);
    if (c == '=' && next == '?') {
        size_t n = word_size(slice_skip(s->text, at));
        return n ? n : 1;
    }
    if (c == 0x1b && next == '$')
        return escape_size(slice_skip(s->text, at));
    return s->is_wide && c > 0x80 && next >= 0x40 ? 2 : 1;
}

bool address_is_blank(char c)
{
    return (c >= 0 && c <= ' ' && c != '\x1b') || c == 0x7f;
}

bool address_is_wide_separator(const struct address_scan *s, size_t at)
{
    struct slice rest = slice_skip(s->text, at);
    return slice_starts(rest, SLICE("\xef\xbc\x8c")) || slice_starts(rest, SLICE("\xef\xbc\x9b"));
}

/* ---- quoted strings and comments ---- */

/* A word with a quote in it does not reach out of the quoted string that it begins in. */
static size_t quoted_unit(const struct address_scan *s, size_t at)
{
    size_t n = address_unit(s, at);
    return s->text.data[at] == '=' && memchr(s->text.data + at, '"', n) ? 1 : n;
}

bool address_take_quoted(struct address_scan *s, struct slice *inside)
{
    size_t at = s->at + 1;
    while (!s->literal_quotes && at < s->text.size && s->text.data[at] != '"')
        at += s->text.data[at] == '\\' ? 2 : quoted_unit(s, at);
    if (s->literal_quotes || at >= s->text.size) {
        s->literal_quotes = s->is_broken = true;
        return false;
    }
    *inside = slice_of(s->text.data + s->at + 1, at - s->at - 1);
    s->at = at + 1;
    return true;
}

bool address_take_comment(struct address_scan *s, struct slice *inside)
{
    size_t at = s->at + 1, depth = 1;
    while (!s->literal_comments && at < s->text.size) {
        char c = s->text.data[at];
        depth += c == '(' ? 1 : 0;
        if (c == ')' && --depth == 0)
            break;
        at += c == '\\' ? 2 : address_unit(s, at);
    }
    if (s->literal_comments || at >= s->text.size) {
        s->literal_comments = s->is_broken = true;
        return false;
    }
    *inside = slice_of(s->text.data + s->at + 1, at - s->at - 1);
    s->at = at + 1;
    return true;
}

void address_skip_blanks(struct address_scan *s)
{
    struct slice comment;
    while (s->at < s->text.size) {
        if (address_is_blank(s->text.data[s->at]))
            s->at++;
        else if (s->text.data[s->at] != '(' || !address_take_comment(s, &comment))
            return;
    }
}

/* ---- atoms, domains, angles ---- */

static bool is_special(const struct address_scan *s, size_t at)
{
    char c = s->text.data[at];
    if (c == '(')
        return !s->literal_comments;
    return address_is_blank(c) || memchr("\"<>,;:@", c, 7);
}

void address_skip_atom(struct address_scan *s)
{
    while (s->at < s->text.size && !is_special(s, s->at)) {
        size_t n = s->text.data[s->at] == '\\' ? 2 : address_unit(s, s->at);
        s->at += n;
    }
    s->at = s->at < s->text.size ? s->at : s->text.size;
}

static void skip_label(struct address_scan *s)
{
    while (s->at < s->text.size && !is_special(s, s->at) && !address_is_wide_separator(s, s->at))
        s->at += address_unit(s, s->at);
}

void address_skip_domain(struct address_scan *s)
{
    size_t before = s->at;
    address_skip_blanks(s);
    if (char_at(s, s->at) == '[') {
        struct slice rest = slice_skip(s->text, s->at);
        rest.size = rest.size < LITERAL_MAX ? rest.size : LITERAL_MAX;
        size_t n = slice_find(rest, ']');
        s->at += n < rest.size ? n + 1 : 0;
    }
    size_t start = s->at;
    skip_label(s);
    if (start == s->at && start > before && char_at(s, start - 1) != ']') {
        s->at = before;
        return;
    }
    for (size_t end = s->at;; end = s->at) { /* obs-domain: dots with blanks before them */
        address_skip_blanks(s);
        char c = char_at(s, s->at);
        if (end == s->at || c != '.') {
            s->at = end;
            break;
        }
        s->at++;
        address_skip_blanks(s);
        skip_label(s);
    }
}

/* `a@b, c@d` within one pair of angles are two, and `<a@b <c@d>`; a comma before the `@` is the
 * address's. */
static bool ends_angle(const struct address_scan *s, size_t start, bool has_at)
{
    char c = s->text.data[s->at];
    bool is_route = s->text.data[start] == '@';
    return (c == ',' || c == ';' || c == '<') && has_at && !is_route;
}

static bool begins_quoted(const struct address_scan *s, size_t start)
{
    return s->text.data[s->at] == '"' && (s->at == start || s->text.data[s->at - 1] == '.');
}

/* Without a closing angle a blank behind the `@` ends the address. */
static struct slice cut_open_angle(struct address_scan *s, size_t start)
{
    size_t end = start;
    bool has_at = false;
    s->is_broken = true;
    while (end < s->at && !(has_at && address_is_blank(s->text.data[end])))
        has_at = s->text.data[end++] == '@' || has_at;
    s->at = end;
    return slice_of(s->text.data + start, end - start);
}

struct slice address_take_angle(struct address_scan *s)
{
    struct slice inside;
    size_t start = s->at;
    bool has_at = false;
    while (s->at < s->text.size && !ends_angle(s, start, has_at)) {
        char c = s->text.data[s->at];
        if (c == '>') {
            s->at++;
            return slice_of(s->text.data + start, s->at - 1 - start);
        }
        if (c == '<' || (start == s->at && address_is_blank(c))) {
            start = ++s->at;
            has_at = false;
            s->is_broken = s->is_broken || c == '<';
        } else if (!(begins_quoted(s, start) && address_take_quoted(s, &inside)) &&
                   !(c == '(' && address_take_comment(s, &inside))) {
            has_at = has_at || c == '@';
            s->at += address_unit(s, s->at);
        }
    }
    return cut_open_angle(s, start);
}
