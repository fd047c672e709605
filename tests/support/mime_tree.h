/* mime_tree: a message's structure as one line of text, bodies in braces, for tests that compare:
 * "multipart/mixed{preamble|(text/plain{one}text/html{two})epilogue}". */
#ifndef POPLIN_TESTS_MIME_TREE_H
#define POPLIN_TESTS_MIME_TREE_H

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "mime/mime_parser.h"

enum { MIME_TREE_MAX = 1 << 16, MIME_TREE_ARENA = 1 << 17 };

static inline void mime_tree_put(struct buf *b, struct slice message, uint64_t from, uint64_t to)
{
    assert(from <= to && to <= message.size);
    buf_put(b, slice_of(message.data + from, (size_t)(to - from)));
}

static inline void mime_tree_open(struct buf *b, const struct mime_part *part, struct slice message)
{
    buf_put(b, part->type);
    buf_put_str(b, "{");
    if (part->kind == MIME_LEAF)
        mime_tree_put(b, message, part->body, part->end);
    if (part->kind == MIME_MULTIPART && part->preamble_end)
        mime_tree_put(b, message, part->body, part->preamble_end);
    else if (part->kind == MIME_MULTIPART)
        mime_tree_put(b, message, part->body, part->end);
    if (part->kind != MIME_LEAF)
        buf_put_str(b, "|(");
}

static inline void mime_tree_close(struct buf *b, const struct mime_part *part,
                                   struct slice message)
{
    if (part->kind != MIME_LEAF)
        buf_put_str(b, ")");
    if (part->kind == MIME_MULTIPART && part->epilogue)
        mime_tree_put(b, message, part->epilogue, part->end);
    buf_put_str(b, "}");
}

/* Parts stand before their children: those that are open are the ancestors of the next. */
static inline void mime_tree_print(const struct mime_parser *p, struct slice message,
                                   char out[MIME_TREE_MAX])
{
    struct buf b = buf_over(out, MIME_TREE_MAX - 1);
    uint32_t open = MIME_NONE;
    for (uint32_t i = 0; i < p->count; i++) {
        for (; open != p->parts[i].parent; open = p->parts[open].parent)
            mime_tree_close(&b, &p->parts[open], message);
        mime_tree_open(&b, &p->parts[i], message);
        open = i;
    }
    for (; open != MIME_NONE; open = p->parts[open].parent)
        mime_tree_close(&b, &p->parts[open], message);
    out[b.size] = '\0';
}

/* Parses in pieces of `piece` octets; the arena's memory is the caller's to free. */
static inline void *mime_tree_parse(struct mime_parser *p, struct arena *arena,
                                    struct slice message, size_t piece)
{
    void *memory = malloc(MIME_TREE_ARENA);
    assert(memory);
    *arena = arena_over(memory, MIME_TREE_ARENA);
    struct mime_limits limits = mime_limits_default();
    enum status s = mime_parser_init(p, arena, &limits);
    assert(s == STATUS_OK);
    (void)s;
    while (message.size > 0) {
        size_t n = piece < message.size ? piece : message.size;
        char *copy = malloc(n);
        assert(copy);
        memcpy(copy, message.data, n);
        mime_parser_feed(p, slice_of(copy, n));
        free(copy);
        message = slice_skip(message, n);
    }
    mime_parser_end(p);
    return memory;
}

static inline void mime_tree_of(struct slice message, char out[MIME_TREE_MAX])
{
    struct mime_parser p;
    struct arena arena;
    void *memory = mime_tree_parse(&p, &arena, message, SIZE_MAX);
    mime_tree_print(&p, message, out);
    free(memory);
}

#endif
