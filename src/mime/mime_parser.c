#include "mime/mime_machine.h"

enum { FIRST_PARTS = 4, FIRST_DEFECTS = 8, FIRST_TEXT = 1024, DEPTH_MAX = UINT16_MAX - 1 };

struct mime_limits mime_limits_default(void)
{
    return (struct mime_limits){.depth = 100,
                                .parts = 10000,
                                .header = 1024 * 1024,
                                .parameters = MIME_PARAMETERS_MAX,
                                .defects = 1000};
}

static struct mime_limits usable(struct mime_limits l)
{
    l.depth = l.depth > DEPTH_MAX ? DEPTH_MAX : l.depth;
    l.parts = l.parts == 0 ? 1 : l.parts;
    l.defects = l.defects == 0 ? 1 : l.defects;
    l.parameters = l.parameters > MIME_PARAMETERS_MAX ? MIME_PARAMETERS_MAX : l.parameters;
    return l;
}

enum status mime_parser_init(struct mime_parser *p, struct arena *arena,
                             const struct mime_limits *limits)
{
    *p = (struct mime_parser){.arena = arena, .limits = usable(*limits)};
    struct mime_parser_inner *m = ARENA_NEW(arena, struct mime_parser_inner, 1);
    p->parts = ARENA_NEW(arena, struct mime_part, FIRST_PARTS);
    p->defects = ARENA_NEW(arena, struct mime_defect, FIRST_DEFECTS);
    char *text = arena_take(arena, FIRST_TEXT, 1);
    if (!m || !p->parts || !p->defects || !text)
        return STATUS_NO_MEMORY;
    p->inner = m;
    p->part_capacity = FIRST_PARTS;
    p->defect_capacity = FIRST_DEFECTS;
    mime_scan_init(&m->scan);
    m->is_opaque = m->is_guess = m->in_held = m->held_over = false;
    m->part = m->bare_lf_part = MIME_NONE;
    m->told = 0;
    m->bare_lf = MIME_SCAN_NONE;
    m->text = text;
    m->text_capacity = FIRST_TEXT;
    m->open = NULL;
    m->open_count = m->open_capacity = 0;
    m->held_size = 0;
    m->work = 0;
    memset(m->buckets, 0xff, sizeof m->buckets); /* MIME_NONE */
    mime_header_start(p, 0, MIME_NONE);
    return STATUS_OK;
}

/* Twice as many of `size` octets; NULL: no memory. */
static void *grown(struct mime_parser *p, void *list, uint32_t *capacity, size_t size)
{
    void *place = *capacity > UINT32_MAX / 2
                      ? NULL
                      : arena_grow(p->arena, list, *capacity * size, 2 * *capacity * size, 8);
    if (place)
        *capacity *= 2;
    return place;
}

bool mime_parts_reserve(struct mime_parser *p)
{
    if (p->count < p->part_capacity)
        return true;
    void *place = grown(p, p->parts, &p->part_capacity, sizeof *p->parts);
    if (place)
        p->parts = place;
    return place != NULL;
}

void mime_parser_add_defect(struct mime_parser *p, enum mime_defect_code code, uint32_t part,
                            uint64_t offset)
{
    if (p->defect_count == p->limits.defects)
        return;
    if (p->defect_count == p->defect_capacity) {
        void *place = grown(p, p->defects, &p->defect_capacity, sizeof *p->defects);
        if (!place) { /* the last that there is room for tells it */
            p->limits.defects = p->defect_count;
            p->defects[p->defect_count - 1].code = MIME_DEFECT_LIMIT_DEFECTS;
            return;
        }
        p->defects = place;
    }
    if (p->defect_count + 1 == p->limits.defects)
        code = MIME_DEFECT_LIMIT_DEFECTS;
    p->defects[p->defect_count++] = (struct mime_defect){code, part, offset};
}

static void tell(struct mime_parser *p, uint64_t *first, enum mime_defect_code code)
{
    struct mime_parser_inner *m = p->inner;
    uint32_t bit = UINT32_C(1) << code;
    if (*first != MIME_SCAN_NONE && !(m->told & bit))
        mime_parser_add_defect(p, code, m->part, *first);
    if (*first != MIME_SCAN_NONE)
        m->told |= bit;
    *first = MIME_SCAN_NONE;
}

void mime_scan_tell(struct mime_parser *p)
{
    struct mime_parser_inner *m = p->inner;
    struct mime_scan *s = &m->scan;
    tell(p, &s->nul, MIME_DEFECT_NUL);
    tell(p, &s->bare_cr, MIME_DEFECT_BARE_CR);
    tell(p, &s->long_line, MIME_DEFECT_LONG_LINE);
    if (s->bare_lf != MIME_SCAN_NONE && m->bare_lf == MIME_SCAN_NONE) {
        m->bare_lf = s->bare_lf;
        m->bare_lf_part = m->part;
    }
}

/* A multipart that did not say its boundary: the first line that looks like one is taken for it. */
static bool guess(struct mime_parser *p, struct slice line)
{
    struct mime_parser_inner *m = p->inner;
    if (!m->is_guess || line.size < 3 || line.data[1] != '-' || line.size > MIME_BOUNDARY_MAX)
        return false;
    bool has_letter = false;
    for (size_t i = 2; i < line.size; i++) {
        if (line.data[i] <= ' ')
            return false;
        has_letter |= line.data[i] != '-';
    }
    if (!has_letter)
        return false;
    m->is_guess = false;
    struct slice boundary = arena_copy(p->arena, slice_skip(line, 2));
    if (!boundary.data)
        return false;
    p->parts[m->part].boundary = boundary;
    return mime_boundary_push(p, m->part) && mime_boundary_line(p, line);
}

static struct slice without_end(struct slice line)
{
    while (line.size && (line.data[line.size - 1] == '\n' || line.data[line.size - 1] == '\r' ||
                         mime_is_blank(line.data[line.size - 1])))
        line.size--;
    return line;
}

/* A line that begins with '-' is whole. */
static void end_held(struct mime_parser *p, struct slice line)
{
    struct mime_parser_inner *m = p->inner;
    m->in_held = false;
    m->work += line.size;
    line = without_end(line);
    bool is_boundary = !m->held_over && mime_boundary_line(p, line);
    if (is_boundary)
        return;
    if (m->mode == MIME_IN_BODY) {
        guess(p, line);
        return;
    }
    if (!m->held_over && line.size > 2 && mime_part_declares(p, slice_skip(line, 2))) {
        mime_header_cut(p, m->held_at);
        mime_part_begin(p, m->held_at);
        if (mime_boundary_line(p, line))
            return;
    } else {
        m->header.line_at = m->held_at;
        mime_header_no_field(p);
        m->header.line = MIME_LINE_START;
    }
}

static void hold(struct mime_parser *p, struct slice piece)
{
    struct mime_parser_inner *m = p->inner;
    size_t room = sizeof m->held - m->held_size;
    size_t n = piece.size < room ? piece.size : room;
    memcpy(m->held + m->held_size, piece.data, n);
    m->held_size += n;
    m->held_over |= without_end(slice_skip(piece, n)).size > 0;
}

static size_t feed_held(struct mime_parser *p, struct slice data)
{
    struct mime_parser_inner *m = p->inner;
    size_t n = mime_scan_line(&m->scan, data);
    bool is_whole = data.data[n - 1] == '\n';
    if (is_whole && m->held_size == 0) {
        end_held(p, slice_take(data, n));
        return n;
    }
    hold(p, slice_take(data, n));
    if (is_whole)
        end_held(p, slice_of(m->held, m->held_size));
    return n;
}

static void begin_held(struct mime_parser *p)
{
    struct mime_parser_inner *m = p->inner;
    m->in_held = true;
    m->held_over = false;
    m->held_size = 0;
    m->held_at = m->scan.offset;
    m->held_line_end = m->scan.line_end;
}

static size_t feed_body(struct mime_parser *p, struct slice data)
{
    struct mime_parser_inner *m = p->inner;
    if (m->is_opaque || (m->open_count == 0 && !m->is_guess)) {
        mime_scan_rest(&m->scan, data);
        return data.size;
    }
    size_t n = mime_scan_body(&m->scan, data);
    if (n < data.size)
        begin_held(p);
    return n;
}

static size_t feed_header(struct mime_parser *p, struct slice data)
{
    struct mime_parser_inner *m = p->inner;
    if (m->header.line == MIME_LINE_START && data.data[0] == '-' && !m->is_opaque) {
        begin_held(p);
        return 0;
    }
    return mime_header_feed(p, data);
}

void mime_parser_feed(struct mime_parser *p, struct slice data)
{
    struct mime_parser_inner *m = p->inner;
    while (data.size > 0) {
        size_t n = m->in_held                  ? feed_held(p, data)
                   : m->mode == MIME_IN_HEADER ? feed_header(p, data)
                                               : feed_body(p, data);
        data = slice_skip(data, n);
    }
    p->offset = m->scan.offset;
}

void mime_parser_end(struct mime_parser *p)
{
    struct mime_parser_inner *m = p->inner;
    mime_scan_end(&m->scan);
    if (m->in_held)
        end_held(p, slice_of(m->held, m->held_size));
    mime_header_finish(p, m->scan.offset, false);
    mime_boundary_close(p, MIME_NONE, m->scan.offset);
    if (m->bare_lf != MIME_SCAN_NONE && m->scan.has_crlf)
        mime_parser_add_defect(p, MIME_DEFECT_BARE_LF, m->bare_lf_part, m->bare_lf);
}
