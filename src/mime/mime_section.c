#include "mime/mime_section.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void mime_section_name(struct slice written, struct mime_section *out)
{
    *out = (struct mime_section){.name = written, .number = MIME_SECTION_WHOLE};
    struct slice *name = &out->name;
    if (name->size > 1 && name->data[name->size - 1] == '*') {
        out->is_extended = true;
        name->size--;
    }
    size_t digits = name->size;
    while (digits > 0 && is_digit(name->data[digits - 1]))
        digits--;
    uint64_t number;
    if (digits < 2 || name->data[digits - 1] != '*' ||
        !slice_parse_u64(slice_skip(*name, digits), &number))
        return;
    out->number = number < MIME_SECTION_WHOLE ? (uint32_t)number : MIME_SECTION_WHOLE - 1;
    name->size = digits - 1;
}

enum { SLOTS = 2 * MIME_PARAMETERS_MAX };

/* Names met so far, by hash: a slot holds the group's number and 1, 0 is empty. */
struct names {
    uint8_t slots[SLOTS];
    uint32_t count;
};

static uint32_t hash_of(struct slice name)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.size; i++)
        h = (h ^ ((unsigned char)name.data[i] | 0x20)) * 16777619u;
    return h ^ h >> 15;
}

/* The group of a name, a new one where it is new; MIME_PARAMETERS_MAX: there are too many. */
static uint32_t group_of(struct names *n, struct slice name, struct mime_value *out)
{
    uint32_t at = hash_of(name) % SLOTS;
    for (; n->slots[at]; at = (at + 1) % SLOTS) {
        if (slice_equal_nocase(out->parameters[n->slots[at] - 1].name, name))
            return n->slots[at] - 1u;
    }
    if (n->count == MIME_PARAMETERS_MAX)
        return MIME_PARAMETERS_MAX;
    out->parameters[n->count] = (struct mime_parameter){.name = name};
    n->slots[at] = (uint8_t)(n->count + 1);
    return n->count++;
}

/* Parameters of one name get one number. */
static void group(struct mime_sections *s, struct mime_value *out)
{
    struct names names = {.count = 0};
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        struct mime_section one = s->list[i];
        one.group = group_of(&names, one.name, out);
        one.order = i;
        if (one.group < MIME_PARAMETERS_MAX)
            s->list[kept++] = one;
        else
            out->is_limited = true;
    }
    s->count = kept;
    out->count = names.count;
}

/* Among those of one name: what is whole and extended, then what is numbered, then what is whole.
 */
static unsigned rank(const struct mime_section *a)
{
    if (a->number == MIME_SECTION_WHOLE)
        return a->is_extended ? 0 : 2;
    return 1;
}

static bool is_before(const struct mime_section *a, const struct mime_section *b)
{
    if (a->group != b->group)
        return a->group < b->group;
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    if (a->number != b->number)
        return a->number < b->number;
    return a->order < b->order;
}

/* Shell's sort: a few hundred at most, in order as a rule, and no memory. Each list of sections
 * stands in one field, so the gaps bound the cost for any order. */
static void sort(struct mime_sections *s)
{
    static const uint32_t gaps[] = {301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        for (uint32_t i = gaps[g]; i < s->count; i++) {
            struct mime_section one = s->list[i];
            uint32_t at = i;
            for (; at >= gaps[g] && is_before(&one, &s->list[at - gaps[g]]); at -= gaps[g])
                s->list[at] = s->list[at - gaps[g]];
            s->list[at] = one;
        }
    }
}

static int hex(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool has_percent(struct slice s)
{
    for (size_t i = 0; i + 2 < s.size; i++) {
        if (s.data[i] == '%' && hex(s.data[i + 1]) >= 0 && hex(s.data[i + 2]) >= 0)
            return true;
    }
    return false;
}

/* Appends; room for s.size octets is there. */
static void put_decoded(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        if (c == '%' && i + 2 < s.size && hex(s.data[i + 1]) >= 0 && hex(s.data[i + 2]) >= 0) {
            c = (char)(hex(s.data[i + 1]) * 16 + hex(s.data[i + 2]));
            i += 2;
        }
        buf_put_char(b, c);
    }
}

/* charset'language'text. False: it is not of that form. */
static bool take_charset(struct slice *value, struct slice *charset)
{
    size_t first = slice_find(*value, '\'');
    if (first == value->size)
        return false;
    struct slice after = slice_skip(*value, first + 1);
    size_t second = slice_find(after, '\'');
    if (second == after.size)
        return false;
    for (size_t i = 0; i < first; i++) {
        if (value->data[i] <= ' ' || value->data[i] == '%')
            return false;
    }
    *charset = slice_take(*value, first);
    *value = slice_skip(after, second + 1);
    return true;
}

/* The run of sections that make the value: one that is whole, or all numbered ones. */
static uint32_t run_size(const struct mime_section *first, const struct mime_section *end)
{
    uint32_t n = 1;
    if (first->number == MIME_SECTION_WHOLE)
        return n;
    while (first + n < end && first[n].group == first->group && rank(&first[n]) == 1)
        n++;
    return n;
}

/* Is it RFC 2231 at all? Mail also puts encoded words behind `name*=`. */
static bool is_extended(const struct mime_section *list, uint32_t n)
{
    struct slice value = list[0].value;
    struct slice charset;
    bool any = false;
    bool percent = false;
    for (uint32_t i = 0; i < n; i++) {
        any |= list[i].is_extended;
        percent |= list[i].is_extended && has_percent(list[i].value);
    }
    return any && (percent || take_charset(&value, &charset));
}

/* One section that needs no change stays where it is; others are joined in the arena. False: no
 * memory. */
static bool join(const struct mime_section *list, uint32_t n, struct arena *arena,
                 struct mime_parameter *out)
{
    out->is_extended = is_extended(list, n);
    out->value = list[0].value;
    if (n == 1 && !out->is_extended)
        return true;
    size_t size = 0;
    for (uint32_t i = 0; i < n; i++)
        size += list[i].value.size;
    char *place = arena_take(arena, size, 1);
    if (!place)
        return false;
    struct buf b = buf_over(place, size);
    for (uint32_t i = 0; i < n; i++) {
        struct slice value = list[i].value;
        if (i > 0 && list[i].number == list[i - 1].number)
            continue;
        bool has_charset = i == 0 && out->is_extended && take_charset(&value, &out->charset);
        if (out->is_extended && (list[i].is_extended || has_charset))
            put_decoded(&b, value);
        else
            buf_put(&b, value);
    }
    out->value = buf_slice(&b);
    return true;
}

/* In lower case; false: no memory. */
static bool lower_name(struct slice *name, struct arena *arena)
{
    size_t i = 0;
    while (i < name->size && !(name->data[i] >= 'A' && name->data[i] <= 'Z'))
        i++;
    if (i == name->size)
        return true;
    struct slice copy = arena_copy(arena, *name);
    if (!copy.data)
        return false;
    char *octets = (char *)(uintptr_t)copy.data;
    for (; i < copy.size; i++) {
        if (octets[i] >= 'A' && octets[i] <= 'Z')
            octets[i] = (char)(octets[i] + ('a' - 'A'));
    }
    *name = copy;
    return true;
}

void mime_sections_join(struct mime_sections *s, struct arena *arena, struct mime_value *out)
{
    group(s, out);
    sort(s);
    const struct mime_section *end = s->count ? s->list + s->count : s->list;
    uint32_t made = 0;
    for (const struct mime_section *one = s->list; one < end;) {
        uint32_t n = run_size(one, end);
        struct mime_parameter p = {.name = out->parameters[one->group].name};
        if (lower_name(&p.name, arena) && join(one, n, arena, &p))
            out->parameters[made++] = p;
        else
            out->is_limited = true;
        uint32_t of = one->group;
        for (one += n; one < end && one->group == of; one++) {
        }
    }
    out->count = made;
}
