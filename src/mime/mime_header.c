/* Header lines. What is no field does not end a header by itself: mail has such lines between
 * fields. Where no field follows them they begin the body, whose blank line is missing. */
#include "mime/mime_machine.h"

static const struct slice kept_names[MIME_KEPT_COUNT] = {
    [MIME_KEPT_TYPE] = {"content-type", 12},
    [MIME_KEPT_ENCODING] = {"content-transfer-encoding", 25},
    [MIME_KEPT_DISPOSITION] = {"content-disposition", 19},
};

void mime_header_start(struct mime_parser *p, uint64_t begin, uint32_t parent)
{
    struct mime_parser_inner *m = p->inner;
    struct mime_header *h = &m->header;
    h->begin = h->line_at = begin;
    h->no_field = MIME_SCAN_NONE;
    h->blank = 0;
    h->parent = parent;
    h->has_lines = h->has_odd_name = h->has_mbox_line = h->has_declared = false;
    h->line = MIME_LINE_START;
    h->name_size = 0;
    h->kept = MIME_KEPT_COUNT;
    memset(h->fields, 0, sizeof h->fields);
    m->text_size = 0;
    m->scan.high = MIME_SCAN_NONE;
    m->mode = MIME_IN_HEADER;
}

/* Appends to the field that grows. */
static void keep(struct mime_parser *p, struct slice piece)
{
    struct mime_parser_inner *m = p->inner;
    size_t wanted = m->text_size + piece.size;
    size_t capacity = m->text_capacity;
    while (capacity < wanted)
        capacity *= 2;
    if (capacity > m->text_capacity) {
        char *place = arena_grow(p->arena, m->text, m->text_capacity, capacity, 1);
        if (!place) {
            mime_parser_add_defect(p, MIME_DEFECT_LIMIT_MEMORY, p->count, m->header.line_at);
            m->header.kept = MIME_KEPT_COUNT;
            m->header.line = MIME_LINE_SKIP;
            return;
        }
        m->text = place;
        m->text_capacity = capacity;
    }
    memcpy(m->text + m->text_size, piece.data, piece.size);
    m->text_size = wanted;
    m->header.fields[m->header.kept].size += piece.size;
}

static void odd_name(struct mime_parser *p, uint64_t offset)
{
    if (!p->inner->header.has_odd_name)
        mime_parser_add_defect(p, MIME_DEFECT_FIELD_NAME, p->count, offset);
    p->inner->header.has_odd_name = true;
}

/* Is the field one of those that shape a part? */
static void choose(struct mime_parser *p, struct slice name)
{
    struct mime_header *h = &p->inner->header;
    for (unsigned k = 0; k < MIME_KEPT_COUNT; k++) {
        if (!slice_equal(name, kept_names[k]))
            continue;
        struct mime_kept_field *f = &h->fields[k];
        if (f->is_there) {
            mime_parser_add_defect(p, MIME_DEFECT_FIELD_TWICE, p->count, h->line_at);
            return;
        }
        *f = (struct mime_kept_field){h->line_at, p->inner->text_size, 0, true};
        h->kept = k;
        h->line = MIME_LINE_VALUE;
    }
}

static void begin_field(struct mime_parser *p)
{
    struct mime_header *h = &p->inner->header;
    if (h->line == MIME_LINE_BLANKS)
        odd_name(p, h->line_at);
    if (h->no_field != MIME_SCAN_NONE)
        odd_name(p, h->no_field);
    if (h->blank) /* blank lines before the header */
        h->begin = h->line_at;
    h->blank = 0;
    h->no_field = MIME_SCAN_NONE;
    h->has_lines = true;
    h->kept = MIME_KEPT_COUNT;
    h->line = MIME_LINE_SKIP;
    if (h->name_size > 0 && h->name[0] == 'c')
        choose(p, slice_of(h->name, h->name_size));
}

void mime_header_no_field(struct mime_parser *p)
{
    struct mime_header *h = &p->inner->header;
    if (h->blank) { /* the header was empty */
        mime_part_begin(p, h->blank);
        return;
    }
    if (h->no_field == MIME_SCAN_NONE)
        h->no_field = h->line_at;
    h->has_lines = true;
    h->kept = MIME_KEPT_COUNT;
    h->line = MIME_LINE_NO_FIELD;
}

/* The line that mbox files have before each message, and its quoted form. */
static bool is_mbox_line(const struct mime_header *h)
{
    struct slice name = slice_of(h->name, h->name_size);
    return !h->has_lines && !h->has_mbox_line && h->line == MIME_LINE_BLANKS &&
           (slice_equal(name, SLICE("from")) || slice_equal(name, SLICE(">from")));
}

static void end_name(struct mime_parser *p, char c)
{
    struct mime_header *h = &p->inner->header;
    if (c == ':' && h->name_size > 0) {
        begin_field(p);
    } else if (is_mbox_line(h)) {
        h->has_mbox_line = true;
        h->line = MIME_LINE_SKIP;
    } else {
        mime_header_no_field(p);
    }
}

/* What of a name stands at the front: most lines have all of it there. */
static size_t take_letters(struct mime_header *h, struct slice piece)
{
    size_t room = MIME_NAME_MAX - (size_t)h->name_size;
    size_t most = piece.size < room ? piece.size : room;
    char *out = h->name + h->name_size;
    size_t i = 0;
    for (; i < most; i++) {
        unsigned c = (unsigned char)piece.data[i];
        if (c - '!' > (unsigned)('~' - '!') || c == ':')
            break;
        out[i] = (char)(c - 'A' <= (unsigned)('Z' - 'A') ? c | 0x20 : c);
    }
    h->name_size = (uint8_t)(h->name_size + i);
    return i;
}

/* Returns the octets that were taken. */
static size_t take_name(struct mime_parser *p, struct slice piece)
{
    struct mime_header *h = &p->inner->header;
    for (size_t i = h->line == MIME_LINE_NAME ? take_letters(h, piece) : 0; i < piece.size; i++) {
        char c = piece.data[i];
        if (mime_is_blank(c)) {
            h->line = MIME_LINE_BLANKS;
        } else if (c > ' ' && c < 0x7f && c != ':' && h->line == MIME_LINE_NAME) {
            if (h->name_size < MIME_NAME_MAX)
                h->name[h->name_size++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        } else {
            end_name(p, c);
            return i + (c == ':');
        }
    }
    return piece.size;
}

/* The header's end, unless nothing was there yet: a message may have blank lines before it. */
static void blank_line(struct mime_parser *p)
{
    struct mime_parser_inner *m = p->inner;
    struct mime_header *h = &m->header;
    if (h->has_lines || h->has_mbox_line || h->parent != MIME_NONE)
        mime_part_begin(p, m->scan.offset);
    else if (h->blank == 0)
        h->blank = m->scan.offset;
}

/* The first octet of a line that is not blank. */
static void begin_line(struct mime_parser *p, char c)
{
    struct mime_header *h = &p->inner->header;
    if (!mime_is_blank(c)) {
        h->line = c == '\r' ? MIME_LINE_CR : MIME_LINE_NAME;
        h->name_size = 0;
    } else if (!h->has_lines && !h->has_mbox_line) {
        mime_header_no_field(p);
    } else {
        h->line = h->kept != MIME_KEPT_COUNT ? MIME_LINE_VALUE : MIME_LINE_SKIP;
    }
}

/* What is new of a line. Any step may end the header. */
static void take_piece(struct mime_parser *p, struct slice piece)
{
    struct mime_header *h = &p->inner->header;
    if (h->line == MIME_LINE_START && piece.data[0] != '\n') {
        begin_line(p, piece.data[0]);
        if (p->inner->mode != MIME_IN_HEADER)
            return;
        if (h->line == MIME_LINE_CR)
            piece = slice_skip(piece, 1);
    }
    if (piece.size > 0 && (h->line == MIME_LINE_START || h->line == MIME_LINE_CR)) {
        if (piece.data[0] == '\n')
            blank_line(p);
        else
            mime_header_no_field(p);
    } else if (h->line == MIME_LINE_NAME || h->line == MIME_LINE_BLANKS) {
        piece = slice_skip(piece, take_name(p, piece));
    }
    if (h->line == MIME_LINE_VALUE && p->inner->mode == MIME_IN_HEADER)
        keep(p, piece);
}

void mime_header_cut(struct mime_parser *p, uint64_t at)
{
    struct mime_header *h = &p->inner->header;
    if (p->inner->mode == MIME_IN_HEADER && at > h->begin && h->no_field == MIME_SCAN_NONE)
        h->no_field = at;
}

void mime_header_finish(struct mime_parser *p, uint64_t at, bool is_part)
{
    struct mime_parser_inner *m = p->inner;
    struct mime_header *h = &m->header;
    while (m->mode == MIME_IN_HEADER) {
        bool is_message = h->parent == MIME_NONE || p->parts[h->parent].kind == MIME_MESSAGE;
        if (at == h->begin && !is_message && !is_part)
            return;
        if (h->line == MIME_LINE_NAME || h->line == MIME_LINE_BLANKS || h->line == MIME_LINE_CR)
            end_name(p, '\n');
        if (m->mode == MIME_IN_HEADER)
            mime_part_begin(p, h->blank ? h->blank : at);
    }
}

struct slice mime_header_kept(const struct mime_parser *p, enum mime_kept k)
{
    const struct mime_kept_field *f = &p->inner->header.fields[k];
    return (struct slice){p->inner->text + f->at, f->size};
}

static size_t too_large(struct mime_parser *p)
{
    struct mime_parser_inner *m = p->inner;
    mime_parser_add_defect(p, MIME_DEFECT_LIMIT_HEADER, p->count, m->scan.offset);
    m->header.no_field = MIME_SCAN_NONE;
    mime_part_begin(p, m->header.blank ? m->header.blank : m->scan.offset);
    return 0;
}

size_t mime_header_feed(struct mime_parser *p, struct slice data)
{
    struct mime_parser_inner *m = p->inner;
    struct mime_header *h = &m->header;
    uint64_t taken = m->scan.offset - h->begin;
    if (taken >= p->limits.header)
        return too_large(p);
    if (data.size > p->limits.header - taken)
        data.size = (size_t)(p->limits.header - taken);
    h->line_at = m->scan.line;
    size_t n = mime_scan_line(&m->scan, data);
    m->work += n;
    take_piece(p, slice_take(data, n));
    if (m->mode == MIME_IN_HEADER && m->scan.offset == m->scan.line)
        h->line = MIME_LINE_START;
    return n;
}
