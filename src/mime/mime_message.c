#include "mime/mime_message.h"

#include "codec/encoded_word.h"
#include "mime/mime_file_name.h"

/* Other controls stay: who shows them shows that they are there. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice s)
{
    while (s.size > 0 && is_blank(s.data[0]))
        s = slice_skip(s, 1);
    while (s.size > 0 && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

/* Of the neighbours' charsets only those say anything of unlabelled octets that are not UTF-8,
 * which needs no telling. */
static enum charset first_label(const struct mime_parser *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        enum charset c =
            p->parts[i].charset.size > 0 ? charset_find(p->parts[i].charset) : CHARSET_UNKNOWN;
        if (c != CHARSET_UNKNOWN && c != CHARSET_US_ASCII && c != CHARSET_UTF_8)
            return c;
    }
    return CHARSET_UNKNOWN;
}

enum status mime_message_open(struct mime_message *m, struct slice bytes, struct arena *arena,
                              const struct mime_limits *limits)
{
    *m = (struct mime_message){.bytes = bytes, .arena = arena};
    enum status s = mime_parser_init(&m->parser, arena, limits);
    if (s != STATUS_OK)
        return s;
    mime_parser_feed(&m->parser, bytes);
    mime_parser_end(&m->parser);
    m->hint = first_label(&m->parser);
    return STATUS_OK;
}

static struct slice between(const struct mime_message *m, uint64_t from, uint64_t to)
{
    return to > from ? slice_of(m->bytes.data + from, (size_t)(to - from)) : (struct slice){"", 0};
}

struct slice mime_message_header(const struct mime_message *m, uint32_t part)
{
    const struct mime_part *p = &m->parser.parts[part];
    return between(m, p->header, p->body);
}

struct slice mime_message_body(const struct mime_message *m, uint32_t part)
{
    const struct mime_part *p = &m->parser.parts[part];
    return between(m, p->body, p->end);
}

/* What a decoder of header text used goes on to be the hint, as long as there is none. */
static void learn(struct mime_message *m, enum charset used)
{
    if (m->hint == CHARSET_UNKNOWN && used != CHARSET_UTF_8 && used != CHARSET_US_ASCII)
        m->hint = used;
}

static void tell_words(struct mime_message *m, uint32_t part, unsigned bits, size_t offset)
{
    uint64_t at = m->parser.parts[part].header + offset;
    if (bits & (ENCODED_WORD_BROKEN | ENCODED_WORD_PADDING | ENCODED_WORD_BLANKS))
        mime_parser_add_defect(&m->parser, MIME_DEFECT_ENCODED_WORD, part, at);
    if (bits & (ENCODED_WORD_CHARSET | ENCODED_WORD_RAW))
        mime_parser_add_defect(&m->parser, MIME_DEFECT_CHARSET_GUESSED, part, at);
    if (bits & ENCODED_WORD_INVALID)
        mime_parser_add_defect(&m->parser, MIME_DEFECT_CHARSET_INVALID, part, at);
}

/* Room of the arena for text that grows from `octets`; what was not used is given back. */
static struct buf begin_text(struct arena *a, size_t octets)
{
    size_t room = a->capacity - a->size;
    size_t wanted = octets < SIZE_MAX / 8 ? octets * 4 + 64 : room;
    if (wanted > room)
        wanted = room;
    char *place = arena_take(a, wanted, 1);
    return buf_over(place, place ? wanted : 0);
}

static struct slice end_text(struct arena *a, const struct buf *b)
{
    a->size -= b->capacity - b->size;
    return b->data ? buf_slice(b) : (struct slice){"", 0};
}

bool mime_message_text(struct mime_message *m, uint32_t part, struct slice name, struct slice *out)
{
    struct mime_field field;
    if (!mime_field_find(mime_message_header(m, part), name, &field))
        return false;
    enum charset hint = m->hint;
    struct buf b = begin_text(m->arena, field.value.size);
    unsigned bits = encoded_word_decode(field.value, &hint, &b);
    *out = trim(end_text(m->arena, &b));
    learn(m, hint);
    tell_words(m, part, bits, field.offset);
    if (b.overflow)
        mime_parser_add_defect(&m->parser, MIME_DEFECT_LIMIT_MEMORY, part, field.offset);
    return true;
}

/* Both lists as one; when the arena is full the first stays alone. */
static void append(struct arena *a, struct mime_address_list *to, struct mime_address_list more)
{
    to->is_broken |= more.is_broken;
    to->is_limited |= more.is_limited;
    if (more.count == 0)
        return;
    if (to->count == 0) {
        to->list = more.list;
        to->count = more.count;
        return;
    }
    struct mime_address *both = ARENA_NEW(a, struct mime_address, to->count + more.count);
    if (!both) {
        to->is_limited = true;
        return;
    }
    memcpy(both, to->list, sizeof *both * to->count);
    memcpy(both + to->count, more.list, sizeof *both * more.count);
    to->list = both;
    to->count += more.count;
}

enum { FIELDS_MAX = 100 }; /* of one name: each costs a copy of the list so far */

static bool is_repeated(struct slice header, const struct mime_field *last, struct slice name)
{
    struct mime_field field;
    while (mime_field_next(&header, &field) && field.name.data < last->name.data) {
        if (slice_equal_nocase(field.name, name) && slice_equal(field.value, last->value))
            return true;
    }
    return false;
}

/* The line end behind a value begins no field. */
static struct slice behind(struct slice header, const struct mime_field *field)
{
    return slice_skip(header, (size_t)(field->value.data + field->value.size - header.data));
}

void mime_message_addresses(struct mime_message *m, uint32_t part, struct slice name,
                            struct mime_address_list *out)
{
    struct slice header = mime_message_header(m, part);
    uint64_t base = m->parser.parts[part].header;
    struct mime_field field;
    size_t fields = 0;
    *out = (struct mime_address_list){0};
    while (fields < FIELDS_MAX && mime_field_find(header, name, &field)) {
        struct mime_address_list list = {0};
        enum charset hint = m->hint;
        header = behind(header, &field);
        if (fields++ > 0 && is_repeated(mime_message_header(m, part), &field, name))
            continue;
        mime_address_parse(field.value, &hint, m->arena, &list);
        learn(m, hint);
        append(m->arena, out, list);
        if (list.is_broken) {
            struct slice whole = mime_message_header(m, part);
            uint64_t at = base + (uint64_t)(field.name.data - whole.data);
            mime_parser_add_defect(&m->parser, MIME_DEFECT_ADDRESS, part, at);
        }
    }
}

bool mime_message_date(struct mime_message *m, struct mime_date *out)
{
    struct mime_field field;
    if (!mime_field_find(mime_message_header(m, 0), SLICE("date"), &field))
        return false;
    bool is_read = mime_date_parse(field.value, out);
    if (!is_read || out->is_broken)
        mime_parser_add_defect(&m->parser, MIME_DEFECT_DATE, 0,
                               m->parser.parts[0].header + field.offset);
    return is_read;
}

/* Without the line ends that folding put in. */
static struct slice unfold(struct arena *a, struct slice s)
{
    char *text = arena_take(a, s.size, 1);
    size_t size = 0;
    for (size_t i = 0; text && i < s.size; i++) {
        if (s.data[i] != '\r' && s.data[i] != '\n')
            text[size++] = s.data[i];
    }
    return slice_of(text ? text : "", size);
}

bool mime_message_id(struct mime_message *m, uint32_t part, struct slice name, struct slice *out)
{
    struct mime_field field;
    if (!mime_field_find(mime_message_header(m, part), name, &field))
        return false;
    struct slice value = trim(field.value);
    size_t open = slice_find(value, '<');
    if (open < value.size) {
        value = slice_skip(value, open + 1);
        value = slice_take(value, slice_find(value, '>'));
    }
    *out = unfold(m->arena, trim(value));
    return out->size > 0;
}

/* The text of a parameter of a field, and what is wrong with it. */
static bool parameter_text(struct mime_message *m, uint32_t part, struct slice field_name,
                           struct slice name, struct slice *out)
{
    struct mime_field field;
    struct mime_value value;
    char text[4096];
    struct buf b = buf_over(text, sizeof text);
    if (!mime_field_find(mime_message_header(m, part), field_name, &field))
        return false;
    size_t mark = m->arena->size;
    mime_value_parse(field.value, m->arena, &value);
    const struct mime_parameter *p = mime_value_find(&value, name);
    enum charset hint = m->hint;
    unsigned bits = p ? mime_parameter_text(p, &hint, &b) : 0;
    m->arena->size = mark;
    *out = arena_copy(m->arena, trim(buf_slice(&b)));
    tell_words(m, part, bits & ~(unsigned)ENCODED_WORD_BLANKS, field.offset);
    return out->size > 0;
}

static void tell_unfit_name(struct mime_message *m, uint32_t part, struct slice name)
{
    char memory[MIME_FILE_NAME];
    struct buf clean = buf_over(memory, sizeof memory);
    const struct mime_part *p = &m->parser.parts[part];
    if (mime_file_name_clean(name, p->type, SLICE("1"), &clean))
        mime_parser_add_defect(&m->parser, MIME_DEFECT_FILE_NAME, part, p->header);
}

bool mime_message_file_name(struct mime_message *m, uint32_t part, struct slice *out)
{
    bool has_name = parameter_text(m, part, SLICE("content-disposition"), SLICE("filename"), out) ||
                    parameter_text(m, part, SLICE("content-type"), SLICE("name"), out);
    if (has_name)
        tell_unfit_name(m, part, *out);
    return has_name;
}

struct slice mime_message_disposition(struct mime_message *m, uint32_t part)
{
    struct mime_field field;
    struct mime_value value;
    if (!mime_field_find(mime_message_header(m, part), SLICE("content-disposition"), &field))
        return (struct slice){"", 0};
    mime_value_parse(field.value, m->arena, &value);
    return value.token;
}
