/* The open multiparts stand on a stack and, by the hash of their boundaries, in chains whose first
 * is the innermost: a line is looked up twice (as a delimiter and as a closing one), however deep
 * the nesting is. */
#include "mime/mime_machine.h"

static uint32_t hash_of(struct slice s)
{
    uint64_t h = s.size * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t word;
    for (; s.size >= sizeof word; s = slice_skip(s, sizeof word)) {
        memcpy(&word, s.data, sizeof word);
        h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    for (size_t i = 0; i < s.size; i++)
        h = (h ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
    return (uint32_t)(h ^ h >> 29);
}

bool mime_boundary_push(struct mime_parser *p, uint32_t part)
{
    struct mime_parser_inner *m = p->inner;
    if (m->open_count == m->open_capacity) {
        uint32_t capacity = m->open_capacity ? m->open_capacity * 2 : 8;
        void *place = arena_grow(p->arena, m->open, m->open_capacity * sizeof *m->open,
                                 capacity * sizeof *m->open, _Alignof(struct mime_open));
        if (!place)
            return false;
        m->open = place;
        m->open_capacity = capacity;
    }
    uint32_t hash = hash_of(p->parts[part].boundary);
    uint32_t *bucket = &m->buckets[hash % MIME_BUCKETS];
    m->open[m->open_count] =
        (struct mime_open){.part = part, .hash = hash, .below = *bucket, .last_child = MIME_NONE};
    *bucket = m->open_count++;
    return true;
}

static void pop(struct mime_parser *p)
{
    struct mime_parser_inner *m = p->inner;
    const struct mime_open *top = &m->open[--m->open_count];
    m->buckets[top->hash % MIME_BUCKETS] = top->below;
}

/* The innermost with that boundary; MIME_NONE. */
static uint32_t find(struct mime_parser *p, struct slice boundary)
{
    struct mime_parser_inner *m = p->inner;
    uint32_t hash = hash_of(boundary);
    uint32_t i = m->buckets[hash % MIME_BUCKETS];
    while (i != MIME_NONE && (m->open[i].hash != hash ||
                              !slice_equal(p->parts[m->open[i].part].boundary, boundary))) {
        i = m->open[i].below;
        m->work++;
    }
    m->work += boundary.size;
    return i;
}

bool mime_boundary_is_open(struct mime_parser *p, struct slice boundary)
{
    return find(p, boundary) != MIME_NONE;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The open part ends, and its parent is the open one. Returns where: not before its body begins,
 * whatever the line end is that a boundary takes from a header that it follows. */
static uint64_t close_part(struct mime_parser *p, uint64_t end)
{
    struct mime_parser_inner *m = p->inner;
    struct mime_part *part = &p->parts[m->part];
    m->work++;
    part->end = later(part->body, end);
    if (part->epilogue > part->end) /* the line end between them is the next boundary's */
        part->epilogue = part->end;
    m->is_guess = false;
    if (m->open_count > 0 && m->open[m->open_count - 1].part == m->part) {
        bool is_met = m->open[m->open_count - 1].is_met;
        mime_parser_add_defect(p, is_met ? MIME_DEFECT_NOT_CLOSED : MIME_DEFECT_BOUNDARY_MISSING,
                               m->part, part->end);
        pop(p);
    }
    m->part = part->parent;
    return part->end;
}

void mime_boundary_close(struct mime_parser *p, uint32_t keep, uint64_t end)
{
    mime_scan_tell(p);
    while (p->inner->part != keep)
        end = close_part(p, end);
}

static void begin_child(struct mime_parser *p, struct mime_open *o)
{
    uint32_t parent = o->part;
    p->inner->told = o->told;
    mime_header_start(p, p->inner->scan.offset, parent);
}

static void close_multipart(struct mime_parser *p, struct mime_open *o)
{
    struct mime_parser_inner *m = p->inner;
    p->parts[o->part].is_closed = true;
    p->parts[o->part].epilogue = m->scan.offset;
    m->told = o->told;
    m->mode = MIME_IN_BODY;
    pop(p);
}

/* Another part, when it may be: else lines are no boundaries any more. */
static bool may_begin(struct mime_parser *p)
{
    bool is_limit = p->count >= p->limits.parts;
    if (!is_limit && mime_parts_reserve(p))
        return true;
    mime_parser_add_defect(p, is_limit ? MIME_DEFECT_LIMIT_PARTS : MIME_DEFECT_LIMIT_MEMORY,
                           p->inner->part, p->inner->held_at);
    p->inner->is_opaque = true;
    return false;
}

static bool boundary(struct mime_parser *p, uint32_t index, bool is_closing)
{
    struct mime_parser_inner *m = p->inner;
    mime_header_cut(p, m->held_at);
    /* A delimiter that stands twice is one; between it and a closing one there is an empty part. */
    mime_header_finish(p, m->held_at, is_closing);
    if (!is_closing && !may_begin(p)) {
        m->mode = MIME_IN_BODY;
        return true;
    }
    struct mime_open *o = &m->open[index];
    struct mime_part *part = &p->parts[o->part];
    uint64_t end = later(m->held_at - m->held_line_end, part->body);
    if (m->part == o->part)
        mime_scan_tell(p);
    if (m->part == o->part)
        o->told = m->told;
    mime_boundary_close(p, o->part, end);
    if (!o->is_met)
        part->preamble_end = end;
    o->is_met = true;
    if (is_closing)
        close_multipart(p, o);
    else
        begin_child(p, o);
    return true;
}

bool mime_boundary_line(struct mime_parser *p, struct slice line)
{
    if (p->inner->is_opaque || line.size < 3 || line.data[1] != '-' ||
        line.size > MIME_BOUNDARY_MAX + 4)
        return false;
    struct slice text = slice_skip(line, 2);
    uint32_t delimiter = find(p, text);
    uint32_t closing =
        slice_ends(text, SLICE("--")) ? find(p, slice_take(text, text.size - 2)) : MIME_NONE;
    if (delimiter == MIME_NONE && closing == MIME_NONE)
        return false;
    bool is_closing = delimiter == MIME_NONE || (closing != MIME_NONE && closing > delimiter);
    return boundary(p, is_closing ? closing : delimiter, is_closing);
}
