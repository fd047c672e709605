/* mime_same: a message parsed as a whole, and the question whether pieces give the same. */
#ifndef POPLIN_TESTS_MIME_SAME_H
#define POPLIN_TESTS_MIME_SAME_H

#include "mime_tree.h"

struct mime_same {
    struct slice message;
    struct mime_parser parser;
    struct arena arena;
    void *memory;
};

static inline void mime_same_begin(struct mime_same *s, struct slice message)
{
    s->message = message;
    s->memory = mime_tree_parse(&s->parser, &s->arena, message, SIZE_MAX);
}

static inline void mime_same_end(struct mime_same *s)
{
    free(s->memory);
}

static inline bool mime_same_part(const struct mime_part *a, const struct mime_part *b)
{
    return a->header == b->header && a->body == b->body && a->end == b->end &&
           a->preamble_end == b->preamble_end && a->epilogue == b->epilogue &&
           a->parent == b->parent && a->next == b->next && a->children == b->children &&
           a->number == b->number && a->depth == b->depth && a->kind == b->kind &&
           a->encoding == b->encoding && slice_equal(a->type, b->type) &&
           slice_equal(a->charset, b->charset) && slice_equal(a->boundary, b->boundary) &&
           a->has_type == b->has_type && a->is_closed == b->is_closed &&
           a->is_flowed == b->is_flowed && a->is_delsp == b->is_delsp &&
           a->is_attachment == b->is_attachment;
}

static inline bool mime_same_parser(const struct mime_parser *a, const struct mime_parser *b)
{
    bool is = a->count == b->count && a->defect_count == b->defect_count && a->offset == b->offset;
    for (uint32_t i = 0; is && i < a->count; i++)
        is = mime_same_part(&a->parts[i], &b->parts[i]);
    for (uint32_t i = 0; is && i < a->defect_count; i++)
        is = a->defects[i].code == b->defects[i].code && a->defects[i].part == b->defects[i].part &&
             a->defects[i].offset == b->defects[i].offset;
    return is;
}

static inline bool mime_same_in_pieces(const struct mime_same *s, size_t piece)
{
    struct mime_parser p;
    struct arena arena;
    void *memory = mime_tree_parse(&p, &arena, s->message, piece);
    bool is = mime_same_parser(&s->parser, &p);
    free(memory);
    return is;
}

/* In two pieces, the first of `cut` octets. */
static inline bool mime_same_cut(const struct mime_same *s, size_t cut)
{
    void *memory = malloc(MIME_TREE_ARENA);
    assert(memory);
    struct arena arena = arena_over(memory, MIME_TREE_ARENA);
    struct mime_parser p;
    struct mime_limits limits = mime_limits_default();
    enum status status = mime_parser_init(&p, &arena, &limits);
    assert(status == STATUS_OK);
    (void)status;
    mime_parser_feed(&p, slice_take(s->message, cut));
    mime_parser_feed(&p, slice_skip(s->message, cut));
    mime_parser_end(&p);
    bool is = mime_same_parser(&s->parser, &p);
    free(memory);
    return is;
}

#endif
