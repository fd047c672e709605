/* Any octets as a message: the parts lie within it and within one another, and pieces whose sizes
 * the input chooses give the same as the whole. */
#include "../support/mime_same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void check_part(const struct mime_parser *p, uint32_t i, size_t size)
{
    const struct mime_part *part = &p->parts[i];
    must(part->header <= part->body && part->body <= part->end && part->end <= size);
    must(part->preamble_end <= part->end && part->epilogue <= part->end);
    must(part->type.size > 0 && (part->kind != MIME_LEAF || part->children == 0));
    must(part->kind != MIME_MESSAGE || part->children == 1);
    must((part->parent == MIME_NONE) == (i == 0));
    if (i == 0)
        return;
    const struct mime_part *parent = &p->parts[part->parent];
    must(part->parent < i && part->depth == parent->depth + 1);
    must(part->header >= parent->body && part->end <= parent->end);
    must(part->next == MIME_NONE || (part->next > i && part->next < p->count));
    must(part->next == MIME_NONE || p->parts[part->next].header >= part->end);
}

static void check_path(const struct mime_parser *p, uint32_t i)
{
    char path[512];
    size_t n = mime_part_path(p, i, path, sizeof path);
    must(mime_part_find(p, slice_of(path, n)) == i);
}

static void check_defects(const struct mime_parser *p, size_t size)
{
    for (uint32_t i = 0; i < p->defect_count; i++) {
        must(p->defects[i].code > 0 && p->defects[i].code < MIME_DEFECT_COUNT);
        must(p->defects[i].part < p->count && p->defects[i].offset <= size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    struct mime_same whole;
    mime_same_begin(&whole, slice_of(data, size));
    for (uint32_t i = 0; i < whole.parser.count; i++) {
        check_part(&whole.parser, i, size);
        check_path(&whole.parser, i);
    }
    check_defects(&whole.parser, size);
    must(mime_same_in_pieces(&whole, 1));
    must(mime_same_in_pieces(&whole, 2 + (size ? data[size - 1] : 0u)));
    must(mime_same_cut(&whole, size ? data[0] % size : 0));
    mime_same_end(&whole);
    return 0;
}
