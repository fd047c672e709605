#include "mime/mime_address_reader.h"

#include <assert.h>

enum { NAME_COMMAS = 3 }; /* "Smith, John, Jr., MD" */

static void begin(struct address_reader *r)
{
    r->m = (struct mailbox){.name = r->phrase.size, .is_plain = true};
}

/* Nothing before this place will be a part of what follows. */
static void settle(struct address_reader *r)
{
    r->phrase.size = 0;
    r->kept = r->out->count;
    r->kept_phrase = 0;
    r->commas = 0;
    begin(r);
}

/* ---- words ---- */

static void put_word(struct address_reader *r, size_t from, bool is_plain, struct slice text)
{
    struct mailbox *m = &r->m;
    bool joins = m->words > 0 && m->word_to == from;
    size_t before = r->phrase.size;
    bool is_dot = slice_equal(text, SLICE("."));
    if (before > m->name && !joins)
        buf_put_char(&r->phrase, ' ');
    /* `"quoted"atom`: the atom is a word of its own. [RFC 5322 4.4] obs-local-part: a dot between
     * blanks makes one word of three. */
    bool is_dotted = m->words > 0 && is_plain && (m->is_word_dot || text.data[0] == '.');
    if (!is_dotted && (!joins || (!m->is_word_plain && is_plain))) {
        m->word_from = from;
        m->word_phrase = before;
        m->words++;
    }
    m->is_plain = m->is_plain && is_plain;
    m->is_word_plain = is_plain;
    m->is_word_dot = is_dot;
    address_put_inside(&r->scan, text, &r->phrase);
    m->word_to = r->scan.at;
}

static void take_atom(struct address_reader *r)
{
    struct address_scan *s = &r->scan;
    size_t from = s->at;
    bool is_word = address_is_word(s, from);
    if (is_word)
        s->at += address_unit(s, from);
    else
        address_skip_atom(s);
    s->at += s->at == from ? 1 : 0;
    struct slice text = slice_of(s->text.data + from, s->at - from);
    bool has_escape = memchr(text.data, '\x1b', text.size);
    put_word(r, from, !is_word && !has_escape && charset_is_ascii(text), text);
}

/* `"John" Smith" <j@d>, "Mary" <m@d>`: a quote at a word's end that would take in an address. */
static bool is_stray(const struct address_reader *r, size_t from, struct slice inside)
{
    return r->m.words > 0 && r->m.word_to == from && r->m.is_word_plain &&
           slice_find(inside, '@') < inside.size && slice_find(inside, '<') < inside.size;
}

static void take_quoted(struct address_reader *r)
{
    struct slice inside;
    size_t from = r->scan.at;
    if (address_take_quoted(&r->scan, &inside) && !is_stray(r, from, inside)) {
        put_word(r, from, false, inside);
        return;
    }
    r->scan.at = from + 1;
    r->scan.is_broken = true;
}

static void take_comment(struct address_reader *r)
{
    struct slice inside;
    struct mailbox *m = &r->m;
    if (!address_take_comment(&r->scan, &inside)) {
        take_atom(r);
        return;
    }
    if (inside.size > 0 && (m->comment.size == 0 || !m->comment_follows)) {
        m->comment = inside;
        m->comment_follows = m->has_angle || m->has_bare;
    }
}

/* ---- addresses ---- */

/* No comma: the mailbox ends before the phrase's word at `to`, which begins the next. */
static void split(struct address_reader *r, size_t to)
{
    struct mailbox next = r->m;
    size_t end = r->phrase.size;
    r->scan.is_broken = true;
    r->phrase.size = to;
    address_finish(r);
    if (r->m.has_angle) {
        r->kept = r->out->count;
        r->kept_phrase = to;
    }
    r->phrase.size = end;
    next.name = to;
    next.comment = SLICE("");
    next.has_angle = next.has_bare = false;
    r->m = next;
}

/* `Name <Nick> <a@b>`: the first angles are of the name. */
static bool is_nick(const struct address_reader *r)
{
    struct slice rest = slice_skip(r->scan.text, r->scan.at);
    size_t next = slice_find(rest, '<');
    return r->phrase.size > r->m.name && slice_find(r->m.angle, '@') == r->m.angle.size &&
           next < rest.size && slice_find(slice_take(rest, next), ',') == next;
}

static void take_angle(struct address_reader *r)
{
    struct mailbox *m = &r->m;
    if (m->has_angle)
        split(r, m->angle_phrase);
    size_t from = r->scan.at++;
    m->angle = address_take_angle(&r->scan);
    if (is_nick(r)) {
        put_word(r, from, false, slice_of(r->scan.text.data + from, r->scan.at - from));
        return;
    }
    bool has_at = slice_find(m->angle, '@') < m->angle.size;
    m->has_angle = true;
    m->angle_phrase = r->phrase.size;
    r->scan.is_broken = r->scan.is_broken || !has_at;
    if (has_at && r->out->count > r->kept) { /* what was taken for addresses is its name */
        r->out->count = r->kept;
        m->name = r->kept_phrase;
    }
}

/* `@` without a word before it: a route, or junk that is left out. */
static void take_route(struct address_reader *r)
{
    struct address_scan *s = &r->scan;
    s->at++;
    s->is_broken = true;
    address_skip_domain(s);
    if (s->at < s->text.size && s->text.data[s->at] == ':')
        s->at++;
}

/* Is the last word one that stands behind the address that was read already? */
static bool has_local(const struct mailbox *m)
{
    return m->words > 0 && (!m->has_angle || m->word_phrase >= m->angle_phrase) &&
           (!m->has_bare || m->word_phrase >= m->bare_to);
}

static void take_at(struct address_reader *r)
{
    struct address_scan *s = &r->scan;
    struct mailbox *m = &r->m;
    if (!has_local(m)) {
        take_route(r);
        return;
    }
    if (m->has_angle || m->has_bare)
        split(r, m->word_phrase);
    size_t from = s->at;
    while (s->at < s->text.size && s->text.data[s->at] == '@') {
        s->at++;
        address_skip_domain(s);
    }
    m->has_bare = true;
    m->bare = slice_of(s->text.data + m->word_from, s->at - m->word_from);
    m->bare_from = m->word_phrase;
    if (m->word_to < from)
        buf_put_char(&r->phrase, ' ');
    address_put_inside(s, slice_of(s->text.data + from, s->at - from), &r->phrase);
    m->bare_to = r->phrase.size;
    m->word_to = s->at;
}

/* ---- separators ---- */

static bool is_upper_or_foreign(const struct address_reader *r)
{
    struct slice s = slice_of(r->phrase.data + r->m.name, r->phrase.size - r->m.name);
    while (s.size > 0 && (s.data[0] == ' ' || s.data[0] == '\''))
        s = slice_skip(s, 1);
    unsigned char c = s.size > 0 ? (unsigned char)s.data[0] : 'a';
    return c > 0x7f || (c >= 'A' && c <= 'Z') || !r->m.is_plain;
}

/* `Doe, John <j@d>`: the words may be a name's first part. */
static bool may_be_name(const struct address_reader *r)
{
    const struct mailbox *m = &r->m;
    return !m->has_angle && !m->has_bare && m->words > 0 && r->commas < NAME_COMMAS &&
           is_upper_or_foreign(r);
}

/* Words in which an address was found after all: `=?utf-8?Q?Ann_=3Ca=40b=3E?=`. */
static bool is_whole(const struct mime_address *a)
{
    return slice_find(a->address, '@') < a->address.size;
}

static void take_comma(struct address_reader *r, size_t octets)
{
    r->scan.at += octets;
    bool may_continue = may_be_name(r);
    uint32_t before = r->out->count;
    address_finish(r);
    if (!may_continue || (r->out->count > before && is_whole(&r->out->list[before]))) {
        settle(r);
        return;
    }
    r->commas++;
    buf_put_char(&r->phrase, ',');
    if (r->scan.at < r->scan.text.size && address_is_blank(r->scan.text.data[r->scan.at]))
        buf_put_char(&r->phrase, ' ');
    begin(r);
}

static void take_semicolon(struct address_reader *r)
{
    r->scan.at++;
    address_finish(r);
    settle(r);
    r->scan.is_broken = r->scan.is_broken || !r->in_group;
    r->in_group = false;
    r->group = SLICE("");
}

/* `[mailto:a@b]` and its like; the colon is at hand. */
static bool is_scheme(const struct address_reader *r)
{
    struct slice word = slice_of(r->scan.text.data + r->m.word_from, r->m.word_to - r->m.word_from);
    if (r->m.words == 0 || r->m.word_to != r->scan.at)
        return false;
    if (word.size > 0 && word.data[0] == '[')
        word = slice_skip(word, 1);
    return slice_equal_nocase(word, SLICE("mailto")) || slice_equal_nocase(word, SLICE("smtp"));
}

/* A group has its semicolon, or is the last and has nothing in it but a list. */
static bool begins_group(struct address_reader *r)
{
    if (r->m.has_bare || r->m.has_angle || r->in_group || r->m.words == 0)
        return false;
    if (r->last_semicolon > r->scan.at || r->last_comma > r->scan.at)
        return true;
    struct address_scan ahead = r->scan;
    address_skip_blanks(&ahead);
    return ahead.at == ahead.text.size;
}

static void take_colon(struct address_reader *r)
{
    struct mailbox *m = &r->m;
    size_t from = r->scan.at;
    bool drops_scheme = is_scheme(r);
    r->scan.at++;
    if (drops_scheme) {
        r->phrase.size = m->word_phrase;
        m->words--;
        r->scan.is_broken = true;
    } else if (begins_group(r)) {
        r->in_group = true;
        r->group = address_phrase(r, m->name, r->phrase.size);
        settle(r);
    } else {
        r->scan.is_broken = true;
        put_word(r, from, false, slice_of(r->scan.text.data + from, 1));
    }
}

/* ---- the machine ---- */

static void step(struct address_reader *r)
{
    struct address_scan *s = &r->scan;
    char c = s->text.data[s->at];
    bool has_address = r->m.has_angle || r->m.has_bare;
    if (address_is_blank(c))
        s->at++;
    else if (c == '"')
        take_quoted(r);
    else if (c == '(')
        take_comment(r);
    else if (c == '<')
        take_angle(r);
    else if (c == '@')
        take_at(r);
    else if (c == ',')
        take_comma(r, 1);
    else if (c == ';')
        take_semicolon(r);
    else if (c == ':')
        take_colon(r);
    else if (has_address && address_is_wide_separator(s, s->at))
        take_comma(r, 3);
    else if (c == '>')
        s->is_broken = s->at++ < s->text.size;
    else
        take_atom(r);
}

/* Behind the last c, 0: there is none. */
static size_t last(struct slice text, char c)
{
    const char *at = text.data ? memrchr(text.data, c, text.size) : NULL;
    return at ? (size_t)(at - text.data) + 1 : 0;
}

static void parse(struct address_reader *r, struct slice text)
{
    address_scan_init(&r->scan, text, *r->hint);
    r->last_comma = last(text, ',');
    r->last_semicolon = last(text, ';');
    settle(r);
    while (r->scan.at < text.size && !r->out->is_limited)
        step(r);
    if (!r->out->is_limited)
        address_finish(r);
    r->out->is_broken = r->out->is_broken || r->scan.is_broken;
}

/* A value that is encoded words and nothing else is a list in them, as some mailers write it. */
static struct slice unwrapped(struct address_reader *r, struct slice value)
{
    struct address_scan s = {.text = value};
    for (; s.at < value.size; s.at += address_unit(&s, s.at)) {
        if (!address_is_word(&s, s.at) && !address_is_blank(value.data[s.at]))
            return value;
    }
    struct slice text = address_decoded(r, value);
    return slice_find(text, '@') < text.size ? text : value;
}

void mime_address_parse(struct slice value, enum charset *hint, struct arena *arena,
                        struct mime_address_list *out)
{
    struct address_reader r = {.arena = arena, .hint = hint, .out = out, .group = SLICE("")};
    size_t capacity = arena->capacity;
    *out = (struct mime_address_list){0};
    struct slice text = unwrapped(&r, value);
    if (out->is_limited || (capacity - arena->size) / 2 < text.size) {
        out->is_limited = true;
        return;
    }
    /* Words are gathered at the arena's far end, which is given back. */
    arena->capacity -= 2 * text.size;
    r.phrase = buf_over(arena->data + arena->capacity, text.size);
    r.scratch = buf_over(arena->data + arena->capacity + text.size, text.size);
    parse(&r, text);
    assert(!r.phrase.overflow && !r.scratch.overflow);
    arena->capacity = capacity;
}
