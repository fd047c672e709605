/* What a header's fields say about its part. */
#include "mime/mime_machine.h"

/* What is read of a field outlives the memory that reading took. */
struct said {
    char type[MIME_SHORT], charset[MIME_SHORT], boundary[MIME_BOUNDARY_MAX];
    size_t type_size, charset_size, boundary_size;
    bool is_flowed, is_delsp, has_name;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static struct slice trimmed(struct slice s, const char *what)
{
    while (s.size && strchr(what, s.data[0]) && s.data[0])
        s = slice_skip(s, 1);
    while (s.size && strchr(what, s.data[s.size - 1]) && s.data[s.size - 1])
        s.size--;
    return s;
}

/* In lower case; what is too long is left out. */
static size_t put_lower(char *out, size_t room, struct slice s)
{
    if (s.size > room)
        return 0;
    for (size_t i = 0; i < s.size; i++)
        out[i] = lower(s.data[i]);
    return s.size;
}

/* type/subtype, neither of them empty, of octets that a token may have [RFC 2045 5.1]. */
static bool is_type(struct slice token)
{
    size_t slash = slice_find(token, '/');
    if (slash == 0 || slash + 1 >= token.size || token.size > MIME_SHORT)
        return false;
    for (size_t i = 0; i < token.size; i++) {
        char c = token.data[i];
        if (c >= 'a' && c <= 'z')
            continue;
        if (c <= ' ' || c == 0x7f || (i != slash && strchr("()<>@,;:\\\"/[]?=", c)))
            return false;
    }
    return true;
}

static struct slice parameter(const struct mime_value *v, struct slice name)
{
    const struct mime_parameter *found = mime_value_find(v, name);
    return found ? found->value : (struct slice){"", 0};
}

/* Parses a kept field into m->value; the arena is the caller's to set back. */
static const struct mime_value *parse(struct mime_parser *p, enum mime_kept k)
{
    struct mime_value *v = &p->inner->value;
    struct slice text = mime_header_kept(p, k);
    p->inner->work += text.size;
    mime_value_parse(text, p->arena, v);
    if (v->count > p->limits.parameters) {
        v->count = p->limits.parameters;
        v->is_limited = true;
    }
    return v;
}

static void put_boundary(struct said *s, const struct mime_value *v)
{
    struct slice b = parameter(v, SLICE("boundary"));
    while (b.size && mime_is_blank(b.data[b.size - 1]))
        b.size--;
    if (b.size > MIME_BOUNDARY_MAX)
        return;
    memcpy(s->boundary, b.data, b.size);
    s->boundary_size = b.size;
}

static void put_type(struct said *s, struct slice token)
{
    if (is_type(token))
        s->type_size = put_lower(s->type, sizeof s->type, token);
    else if (slice_equal(token, SLICE("multipart")) && s->boundary_size > 0)
        s->type_size = put_lower(s->type, sizeof s->type, SLICE("multipart/mixed"));
}

/* Only once the arena is set back: defects live in it too. */
static void tell_value(struct mime_parser *p, enum mime_kept k, bool is_broken, bool is_limited)
{
    uint64_t offset = p->inner->header.fields[k].offset;
    if (is_broken)
        mime_parser_add_defect(p, MIME_DEFECT_PARAMETER, p->inner->part, offset);
    if (is_limited)
        mime_parser_add_defect(p, MIME_DEFECT_LIMIT_PARAMETERS, p->inner->part, offset);
}

static void read_type(struct mime_parser *p, struct said *s)
{
    size_t mark = p->arena->size;
    const struct mime_value *v = parse(p, MIME_KEPT_TYPE);
    put_boundary(s, v);
    put_type(s, v->token);
    s->charset_size =
        put_lower(s->charset, sizeof s->charset, trimmed(parameter(v, SLICE("charset")), " \t\"'"));
    s->is_flowed = slice_equal_nocase(parameter(v, SLICE("format")), SLICE("flowed"));
    s->is_delsp = slice_equal_nocase(parameter(v, SLICE("delsp")), SLICE("yes"));
    s->has_name = parameter(v, SLICE("name")).size > 0;
    bool is_none = s->type_size == 0 || slice_find(v->token, '/') == v->token.size;
    p->arena->size = mark;
    if (is_none)
        mime_parser_add_defect(p, MIME_DEFECT_CONTENT_TYPE, p->inner->part,
                               p->inner->header.fields[MIME_KEPT_TYPE].offset);
    tell_value(p, MIME_KEPT_TYPE, v->is_broken, v->is_limited);
}

static bool says_attachment(struct mime_parser *p)
{
    if (!p->inner->header.fields[MIME_KEPT_DISPOSITION].is_there)
        return false;
    size_t mark = p->arena->size;
    const struct mime_value *v = parse(p, MIME_KEPT_DISPOSITION);
    bool is =
        slice_equal(v->token, SLICE("attachment")) || parameter(v, SLICE("filename")).size > 0;
    p->arena->size = mark;
    tell_value(p, MIME_KEPT_DISPOSITION, v->is_broken, v->is_limited);
    return is;
}

static const struct {
    struct slice name;
    enum mime_encoding encoding;
} encodings[] = {
    {{"7bit", 4}, MIME_ENCODING_7BIT},
    {{"7-bit", 5}, MIME_ENCODING_7BIT},
    {{"7bits", 5}, MIME_ENCODING_7BIT},
    {{"8bit", 4}, MIME_ENCODING_8BIT},
    {{"8-bit", 5}, MIME_ENCODING_8BIT},
    {{"8bits", 5}, MIME_ENCODING_8BIT},
    {{"binary", 6}, MIME_ENCODING_BINARY},
    {{"base64", 6}, MIME_ENCODING_BASE64},
    {{"base-64", 7}, MIME_ENCODING_BASE64},
    {{"quoted-printable", 16}, MIME_ENCODING_QUOTED_PRINTABLE},
    {{"x-uuencode", 10}, MIME_ENCODING_UUENCODE},
    {{"x-uue", 5}, MIME_ENCODING_UUENCODE},
    {{"uuencode", 8}, MIME_ENCODING_UUENCODE},
    {{"x-yencode", 9}, MIME_ENCODING_YENC},
    {{"x-yenc", 6}, MIME_ENCODING_YENC},
    {{"yenc", 4}, MIME_ENCODING_YENC},
};

static enum mime_encoding encoding_of(struct slice text)
{
    text = trimmed(text, " \t\r\n\"'");
    size_t n = 0;
    while (n < text.size && !strchr(" \t\r\n;(,\"'", text.data[n]))
        n++;
    text.size = n;
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        if (text.size == encodings[i].name.size && slice_equal_nocase(text, encodings[i].name))
            return encodings[i].encoding;
    }
    return n == 0 ? MIME_ENCODING_7BIT : MIME_ENCODING_UNKNOWN;
}

static bool is_coded(uint8_t encoding)
{
    return encoding >= MIME_ENCODING_BASE64 && encoding <= MIME_ENCODING_YENC;
}

static void read_encoding(struct mime_parser *p, struct mime_part *part)
{
    const struct mime_kept_field *f = &p->inner->header.fields[MIME_KEPT_ENCODING];
    if (f->is_there)
        part->encoding = (uint8_t)encoding_of(mime_header_kept(p, MIME_KEPT_ENCODING));
    bool is_multipart = slice_starts(part->type, SLICE("multipart/"));
    if (part->encoding == MIME_ENCODING_UNKNOWN || (is_multipart && is_coded(part->encoding)))
        mime_parser_add_defect(p, MIME_DEFECT_ENCODING, p->inner->part, f->offset);
    if (is_multipart) /* its parts are not encoded together, whatever is said */
        part->encoding = MIME_ENCODING_7BIT;
}

static const struct slice no_boundary = {"", 0};

/* A copy in the arena; `otherwise` where there is no room. */
static struct slice copy(struct mime_parser *p, const char *text, size_t size,
                         struct slice otherwise)
{
    if (size == 0)
        return otherwise;
    struct slice s = arena_copy(p->arena, slice_of(text, size));
    if (s.data)
        return s;
    mime_parser_add_defect(p, MIME_DEFECT_LIMIT_MEMORY, p->inner->part, p->inner->header.begin);
    return otherwise;
}

static struct slice default_type(const struct mime_parser *p, uint32_t parent)
{
    bool is_digest = parent != MIME_NONE && p->parts[parent].kind == MIME_MULTIPART &&
                     slice_equal(p->parts[parent].type, SLICE("multipart/digest"));
    return is_digest ? SLICE("message/rfc822") : SLICE("text/plain");
}

/* What it would be if no limit forbade it. Messages that are encoded as a whole are leaves. */
static enum mime_kind kind_of(const struct mime_part *part)
{
    if (slice_starts(part->type, SLICE("multipart/")))
        return MIME_MULTIPART;
    bool is_message = slice_equal(part->type, SLICE("message/rfc822")) ||
                      slice_equal(part->type, SLICE("message/global")) ||
                      slice_equal(part->type, SLICE("message/news"));
    return is_message && !is_coded(part->encoding) ? MIME_MESSAGE : MIME_LEAF;
}

/* May the part have children? */
static bool may_open(struct mime_parser *p, const struct mime_part *part)
{
    enum mime_defect_code code = part->depth >= p->limits.depth ? MIME_DEFECT_LIMIT_DEPTH
                                 : p->count >= p->limits.parts  ? MIME_DEFECT_LIMIT_PARTS
                                                                : MIME_DEFECT_LIMIT_MEMORY;
    if (code == MIME_DEFECT_LIMIT_MEMORY && mime_parts_reserve(p))
        return true;
    mime_parser_add_defect(p, code, p->inner->part, part->body);
    return false;
}

static void link_to_parent(struct mime_parser *p, uint32_t index)
{
    struct mime_parser_inner *m = p->inner;
    struct mime_part *part = &p->parts[index];
    if (part->parent == MIME_NONE)
        return;
    struct mime_part *parent = &p->parts[part->parent];
    part->depth = (uint16_t)(parent->depth + 1);
    part->number = ++parent->children;
    if (parent->kind != MIME_MULTIPART)
        return;
    struct mime_open *o = &m->open[m->open_count - 1];
    if (o->last_child != MIME_NONE)
        p->parts[o->last_child].next = index;
    o->last_child = index;
}

/* The fields become the part. */
static void describe(struct mime_parser *p, struct mime_part *part)
{
    struct said s = {.type_size = 0};
    part->has_type = p->inner->header.fields[MIME_KEPT_TYPE].is_there;
    if (part->has_type)
        read_type(p, &s);
    part->is_attachment = says_attachment(p) || s.has_name;
    part->is_flowed = s.is_flowed;
    part->is_delsp = s.is_delsp;
    part->type = copy(p, s.type, s.type_size, default_type(p, part->parent));
    part->charset = copy(p, s.charset, s.charset_size, (struct slice){"", 0});
    read_encoding(p, part);
    if (kind_of(part) == MIME_MULTIPART)
        part->boundary = copy(p, s.boundary, s.boundary_size, no_boundary);
}

/* Lines that are no fields and that no field follows are the body's, except that a message within
 * begins behind its blank line. */
static void place_body(struct mime_parser *p, struct mime_part *part, uint64_t body)
{
    struct mime_header *h = &p->inner->header;
    bool is_early = h->no_field != MIME_SCAN_NONE && kind_of(part) != MIME_MESSAGE;
    part->body = part->end = is_early ? h->no_field : body;
    if (h->no_field != MIME_SCAN_NONE)
        mime_parser_add_defect(p, MIME_DEFECT_NO_HEADER_END, p->inner->part, h->no_field);
    if (p->inner->scan.high < part->body)
        mime_parser_add_defect(p, MIME_DEFECT_HEADER_8BIT, p->inner->part, p->inner->scan.high);
    p->inner->scan.high = MIME_SCAN_NONE;
}

static void open_multipart(struct mime_parser *p, uint32_t index)
{
    struct mime_part *part = &p->parts[index];
    if (part->boundary.size == 0) {
        mime_parser_add_defect(p, MIME_DEFECT_NO_BOUNDARY, index, part->header);
        p->inner->is_guess = true;
        return;
    }
    if (mime_boundary_is_open(p, part->boundary))
        mime_parser_add_defect(p, MIME_DEFECT_BOUNDARY_REUSED, index, part->header);
    if (!mime_boundary_push(p, index)) {
        mime_parser_add_defect(p, MIME_DEFECT_LIMIT_MEMORY, index, part->body);
        part->kind = MIME_LEAF;
    }
}

void mime_part_begin(struct mime_parser *p, uint64_t body)
{
    struct mime_parser_inner *m = p->inner;
    uint32_t index = p->count++;
    struct mime_part *part = &p->parts[index];
    *part = (struct mime_part){
        .header = m->header.begin, .parent = m->header.parent, .next = MIME_NONE, .number = 1};
    m->part = index;
    m->told = 0;
    m->mode = MIME_IN_BODY;
    link_to_parent(p, index);
    describe(p, part);
    place_body(p, part, body);
    enum mime_kind kind = kind_of(part);
    bool is_open = kind != MIME_LEAF && !m->is_opaque && may_open(p, part);
    part = &p->parts[index]; /* making room may have moved it */
    part->kind = (uint8_t)(is_open ? kind : MIME_LEAF);
    if (part->kind == MIME_MULTIPART)
        open_multipart(p, index);
    if (part->kind == MIME_MESSAGE) {
        mime_scan_tell(p);
        mime_header_start(p, part->body, index);
    }
}

bool mime_part_declares(struct mime_parser *p, struct slice boundary)
{
    struct mime_header *h = &p->inner->header;
    if (!h->fields[MIME_KEPT_TYPE].is_there)
        return false;
    if (!h->has_declared) {
        struct said s = {.type_size = 0};
        size_t mark = p->arena->size;
        const struct mime_value *v = parse(p, MIME_KEPT_TYPE);
        put_boundary(&s, v);
        bool is_multipart = slice_starts(v->token, SLICE("multipart"));
        p->arena->size = mark;
        h->has_declared = true;
        h->declared_size = is_multipart ? s.boundary_size : 0;
        memcpy(h->declared, s.boundary, h->declared_size);
    }
    return h->declared_size > 0 && slice_equal(slice_of(h->declared, h->declared_size), boundary);
}
