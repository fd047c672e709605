/* Part numbers, both ways. */
#include "base/buf.h"
#include "mime/mime_parser.h"

/* The number that a part adds to its parent's path; 0: none. */
static uint32_t number_of(const struct mime_parser *p, uint32_t index)
{
    const struct mime_part *part = &p->parts[index];
    return part->parent == MIME_NONE && part->kind != MIME_LEAF ? 0 : part->number;
}

/* The last number first, since the way is known from the leaf only. */
static bool put_front(char *out, size_t *at, uint32_t number, bool has_dot)
{
    if (has_dot) {
        if (*at == 0)
            return false;
        out[--*at] = '.';
    }
    do {
        if (*at == 0)
            return false;
        out[--*at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return true;
}

size_t mime_part_path(const struct mime_parser *p, uint32_t part, char *out, size_t room)
{
    size_t at = room;
    for (uint32_t i = part; i != MIME_NONE; i = p->parts[i].parent) {
        uint32_t number = number_of(p, i);
        if (number && !put_front(out, &at, number, at < room))
            return 0;
    }
    memmove(out, out + at, room - at);
    return room - at;
}

/* Takes "12." from the front; 0: that is no number. */
static uint32_t take_number(struct slice *path)
{
    size_t n = slice_find(*path, '.');
    uint64_t number;
    if (!slice_parse_u64(slice_take(*path, n), &number) || number > UINT32_MAX ||
        n + 1 == path->size)
        return 0;
    *path = slice_skip(*path, n < path->size ? n + 1 : n);
    return (uint32_t)number;
}

/* Steps down from *part (MIME_NONE: from outside the message). */
static void step(const struct mime_parser *p, uint32_t *part, uint32_t number)
{
    uint32_t child = *part == MIME_NONE ? 0 : p->parts[*part].children ? *part + 1 : MIME_NONE;
    while (child != MIME_NONE && p->parts[child].number != number)
        child = p->parts[child].next;
    *part = child;
}

uint32_t mime_part_find(const struct mime_parser *p, struct slice path)
{
    uint32_t part = p->parts[0].kind == MIME_LEAF ? MIME_NONE : 0;
    while (path.size > 0) {
        uint32_t number = take_number(&path);
        step(p, &part, number);
        if (part == MIME_NONE)
            return MIME_NONE;
    }
    return part;
}
