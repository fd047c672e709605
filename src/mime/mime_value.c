/* The value of Content-Type and Content-Disposition, read as mail means it. Where a quote, a
 * blank or a parenthesis could end something, what follows decides; each octet is looked ahead at
 * once only, so that the cost stays linear. */
#include "mime/mime_section.h"

struct reader {
    struct slice rest;
    struct arena *arena;
    struct mime_value *out;
    bool is_open_end; /* no quote closes any more: not looked for again, to stay linear */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_token(char c)
{
    return is_space(c) || c == ';' || c == ',' || c == '=' || c == '(';
}

static bool is_parameter_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '*' ||
           c == '-' || c == '_';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static size_t spaces(struct slice s)
{
    size_t n = 0;
    while (n < s.size && is_space(s.data[n]))
        n++;
    return n;
}

/* The octets of a comment that opens at the front; all of it when it does not close. */
static size_t comment(struct slice s)
{
    size_t depth = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] == '\\')
            i++;
        else if (s.data[i] == '(')
            depth++;
        else if (s.data[i] == ')' && --depth == 0)
            return i + 1;
    }
    return s.size;
}

static void skip_blanks(struct reader *r)
{
    for (;;) {
        r->rest = slice_skip(r->rest, spaces(r->rest));
        if (r->rest.size == 0 || r->rest.data[0] != '(')
            return;
        r->rest = slice_skip(r->rest, comment(r->rest));
    }
}

/* Does `name=` stand at the front? */
static bool begins_parameter(struct slice s)
{
    size_t n = 0;
    while (n < s.size && is_parameter_name(s.data[n]))
        n++;
    size_t equals = n + spaces(slice_skip(s, n));
    return n > 0 && equals < s.size && s.data[equals] == '=';
}

/* Is a quote that stands before `after` the closing one? One within a name is not [as in
 * filename="the "new" one.txt"]. */
static bool closes(struct slice after, bool *is_broken)
{
    struct slice s = slice_skip(after, spaces(after));
    if (s.size == 0 || s.data[0] == ';' || s.data[0] == '(' || s.data[0] == ',')
        return true;
    *is_broken = true;
    return begins_parameter(s);
}

/* Line ends of folding are no part of a value, nor is a backslash that escapes: in quotes each
 * does [RFC 5322 3.2.4], one of a path too. */
static struct slice unescaped(struct reader *r, struct slice s, bool is_quoted)
{
    char *place = arena_take(r->arena, s.size, 1);
    size_t n = 0;
    if (!place) {
        r->out->is_limited = true;
        return (struct slice){"", 0};
    }
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        if (c == '\r' || c == '\n')
            continue;
        if (is_quoted && c == '\\' && i + 1 < s.size)
            c = s.data[++i];
        place[n++] = c;
    }
    return (struct slice){place, n};
}

static struct slice cleaned(struct reader *r, struct slice s, bool is_quoted)
{
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] == '\r' || s.data[i] == '\n' || (is_quoted && s.data[i] == '\\'))
            return unescaped(r, s, is_quoted);
    }
    return s;
}

/* A quote that never closes reaches to the next semicolon: the parameters behind it count. */
static struct slice unclosed(struct reader *r, struct slice text)
{
    r->is_open_end = true;
    r->out->is_broken = true;
    size_t n = slice_find(text, ';');
    r->rest = slice_skip(text, n);
    while (n > 0 && is_space(text.data[n - 1]))
        n--;
    return cleaned(r, slice_take(text, n), true);
}

static struct slice quoted(struct reader *r)
{
    struct slice text = slice_skip(r->rest, 1);
    for (size_t i = 0; i < text.size && !r->is_open_end; i++) {
        if (text.data[i] == '\\' && i + 1 < text.size &&
            (text.data[i + 1] == '\\' || text.data[i + 1] == '"'))
            i++;
        else if (text.data[i] == '"' && closes(slice_skip(text, i + 1), &r->out->is_broken)) {
            r->rest = slice_skip(text, i + 1);
            return cleaned(r, slice_take(text, i), true);
        }
    }
    return unclosed(r, text);
}

/* A comment of one level at the front, behind which the value is over; 0: none. */
static size_t last_comment(struct slice s)
{
    size_t n = 1;
    while (n < s.size && s.data[n] != ')' && s.data[n] != '(')
        n++;
    if (n >= s.size || s.data[n] != ')')
        return 0;
    struct slice after = slice_skip(s, n + 1);
    size_t blanks = spaces(after);
    return blanks == after.size || after.data[blanks] == ';' ? n + 1 + blanks : 0;
}

/* Up to the semicolon; blanks within belong to it as long as no other parameter follows them. */
static struct slice unquoted(struct reader *r)
{
    struct slice s = r->rest;
    size_t end = 0; /* behind the last octet that is no blank */
    size_t i = 0;
    while (i < s.size && s.data[i] != ';') {
        if (!is_space(s.data[i])) {
            end = ++i;
            continue;
        }
        i += spaces(slice_skip(s, i));
        struct slice after = slice_skip(s, i);
        if (after.size && after.data[0] == '(') {
            i += last_comment(after);
        } else if (begins_parameter(after)) {
            r->out->is_broken = true;
            break;
        } else if (after.size && after.data[0] != ';') {
            r->out->is_broken = true;
        }
    }
    r->rest = slice_skip(s, i);
    if (end > 0 && s.data[end - 1] == '"') {
        r->out->is_broken = true;
        end--;
    }
    return cleaned(r, slice_take(s, end), false);
}

static void add(struct reader *r, struct mime_sections *all, struct mime_section one)
{
    if (all->count == all->capacity) {
        uint32_t capacity = all->capacity ? all->capacity * 2 : 8;
        void *place = all->count == MIME_SECTIONS_MAX
                          ? NULL
                          : arena_grow(r->arena, all->list, all->capacity * sizeof one,
                                       capacity * sizeof one, _Alignof(struct mime_section));
        if (!place) {
            r->out->is_limited = true;
            return;
        }
        all->list = place;
        all->capacity = capacity;
    }
    all->list[all->count++] = one;
}

/* Up to the next semicolon nothing can be made of it. */
static void skip_broken(struct reader *r)
{
    r->out->is_broken = true;
    r->rest = slice_skip(r->rest, slice_find(r->rest, ';'));
}

static void read_parameter(struct reader *r, struct mime_sections *all)
{
    size_t n = 0;
    while (n < r->rest.size && !ends_token(r->rest.data[n]) && r->rest.data[n] != '"')
        n++;
    struct slice written = slice_take(r->rest, n);
    r->rest = slice_skip(r->rest, n);
    skip_blanks(r);
    if (r->rest.size == 0 || r->rest.data[0] != '=' || n == 0) {
        skip_broken(r);
        return;
    }
    r->rest = slice_skip(r->rest, 1);
    skip_blanks(r);
    struct mime_section one;
    mime_section_name(written, &one);
    bool is_quoted = r->rest.size && r->rest.data[0] == '"';
    one.value = is_quoted ? quoted(r) : unquoted(r);
    add(r, all, one);
}

static void read_parameters(struct reader *r)
{
    struct mime_sections all = {0};
    for (;;) {
        skip_blanks(r);
        while (r->rest.size && (r->rest.data[0] == ';' || r->rest.data[0] == ',')) {
            r->out->is_broken |= r->rest.data[0] == ',';
            r->rest = slice_skip(r->rest, 1);
            skip_blanks(r);
        }
        if (r->rest.size == 0)
            break;
        read_parameter(r, &all);
    }
    mime_sections_join(&all, r->arena, r->out);
}

/* The octets of the token without blanks around its slash and without quotes, in lower case. */
static struct slice lowered(struct reader *r, struct slice s)
{
    char *place = arena_take(r->arena, s.size, 1);
    size_t n = 0;
    if (!place)
        return (struct slice){"", 0};
    for (size_t i = 0; i < s.size; i++) {
        r->out->is_broken |= s.data[i] == '"';
        if (!is_space(s.data[i]) && s.data[i] != '"')
            place[n++] = lower(s.data[i]);
    }
    return (struct slice){place, n};
}

static size_t token_size(struct slice s)
{
    size_t n = 0;
    while (n < s.size && !ends_token(s.data[n]) && s.data[n] != '/')
        n++;
    return n;
}

static void read_token(struct reader *r)
{
    skip_blanks(r);
    struct slice start = r->rest;
    size_t n = token_size(start);
    struct slice after = slice_skip(start, n + spaces(slice_skip(start, n)));
    if (after.size && after.data[0] == '/') {
        after = slice_skip(after, 1);
        after = slice_skip(after, spaces(after));
        after = slice_skip(after, token_size(after));
        n = (size_t)(after.data - start.data);
    } else if (after.size && after.data[0] == '=') {
        r->out->is_broken = true; /* the token was left out: parameters only */
        return;
    }
    r->out->token = lowered(r, slice_take(start, n));
    r->rest = slice_skip(start, n);
    skip_blanks(r);
    if (r->rest.size && r->rest.data[0] != ';' && r->rest.data[0] != ',') {
        r->out->is_broken = true;
        if (!begins_parameter(r->rest))
            skip_broken(r);
    }
}

void mime_value_parse(struct slice value, struct arena *arena, struct mime_value *out)
{
    out->token = (struct slice){"", 0};
    out->count = 0;
    out->is_broken = out->is_limited = false;
    struct reader r = {value, arena, out, false};
    read_token(&r);
    read_parameters(&r);
    if (out->token.size == 0)
        out->is_broken = true;
}

const struct mime_parameter *mime_value_find(const struct mime_value *v, struct slice name)
{
    for (uint32_t i = 0; i < v->count; i++) {
        if (slice_equal_nocase(v->parameters[i].name, name))
            return &v->parameters[i];
    }
    return NULL;
}
