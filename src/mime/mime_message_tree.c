/* Questions about the parts as a whole. */
#include "mime/mime_message.h"

static void close_down(struct buf *out, uint32_t from, uint32_t to)
{
    for (; from > to; from--)
        buf_put_char(out, ')');
}

/* The parts stand parents first: where the depth falls, as many brackets close. */
void mime_message_tree(const struct mime_message *m, struct buf *out)
{
    const struct mime_part *parts = m->parser.parts;
    uint32_t depth = 0;
    for (uint32_t i = 0; i < m->parser.count; i++) {
        if (i > 0 && parts[i].depth > depth) {
            buf_put_char(out, '(');
        } else if (i > 0) {
            close_down(out, depth, parts[i].depth);
            buf_put_char(out, ',');
        }
        depth = parts[i].depth;
        buf_put(out, parts[i].type);
        if (parts[i].kind != MIME_LEAF && parts[i].children == 0)
            buf_put_str(out, "()");
    }
    close_down(out, depth, 0);
}

static bool is_text(const struct mime_part *p)
{
    return p->kind == MIME_LEAF && slice_starts(p->type, SLICE("text/"));
}

/* How gladly a person reads it: a part without a single octet says nothing. */
static int worth(const struct mime_part *p, bool want_html)
{
    if (!is_text(p))
        return 0;
    if (p->end <= p->body)
        return 1;
    if (slice_equal(p->type, SLICE("text/html")))
        return want_html ? 5 : 3;
    return slice_equal(p->type, SLICE("text/plain")) ? 4 : 2;
}

static uint32_t first_text(const struct mime_message *m, bool attachments)
{
    for (uint32_t i = 0; i < m->parser.count; i++) {
        const struct mime_part *p = &m->parser.parts[i];
        if (is_text(p) && (attachments || !p->is_attachment))
            return i;
    }
    return MIME_NONE;
}

/* A multipart whose boundary never came: what is in it is text to everybody who looks. */
static uint32_t first_without_parts(const struct mime_message *m)
{
    for (uint32_t i = 0; i < m->parser.count; i++) {
        const struct mime_part *p = &m->parser.parts[i];
        if (p->kind == MIME_MULTIPART && p->children == 0 && p->end > p->body)
            return i;
    }
    return MIME_NONE;
}

/* The outermost multipart/alternative that it lies in, or itself. */
static uint32_t alternatives_of(const struct mime_message *m, uint32_t part)
{
    uint32_t found = part;
    for (uint32_t i = part; i != MIME_NONE; i = m->parser.parts[i].parent) {
        if (slice_equal(m->parser.parts[i].type, SLICE("multipart/alternative")))
            found = i;
    }
    return found;
}

uint32_t mime_message_best(const struct mime_message *m, bool want_html)
{
    const struct mime_part *parts = m->parser.parts;
    uint32_t first = first_text(m, false);
    if (first == MIME_NONE)
        first = first_without_parts(m);
    if (first == MIME_NONE)
        return first_text(m, true);
    uint32_t top = alternatives_of(m, first);
    uint32_t best = first;
    for (uint32_t i = first + 1; i < m->parser.count && parts[i].depth > parts[top].depth; i++) {
        if (!parts[i].is_attachment && worth(&parts[i], want_html) > worth(&parts[best], want_html))
            best = i;
    }
    return best;
}
