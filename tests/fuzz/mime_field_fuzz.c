/* Any octets as a header and as a value: fields lie within them, parameters within them or within
 * the arena, and what an arena of any size gives is bounded by it. */
#include "mime/mime_field.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA = 1 << 20 };

static void must(bool held)
{
    if (!held)
        abort();
}

static bool lies_in(struct slice s, const char *from, size_t size)
{
    return s.size == 0 || (s.data >= from && s.data + s.size <= from + size);
}

static void check_fields(struct slice header)
{
    struct slice rest = header;
    struct mime_field f;
    while (mime_field_next(&rest, &f)) {
        must(f.name.size > 0 && lies_in(f.name, header.data, header.size));
        must(lies_in(f.value, header.data, header.size));
        must(!memchr(f.name.data, ':', f.name.size) && !memchr(f.name.data, '\n', f.name.size));
        struct mime_field found;
        must(mime_field_find(header, f.name, &found) && found.offset < header.size);
        must(slice_equal_nocase(found.name, f.name));
    }
    must(rest.size == 0);
}

static void check_value(struct slice value, char *memory, size_t room)
{
    static struct mime_value v;
    struct arena arena = arena_over(memory, room);
    mime_value_parse(value, &arena, &v);
    must(arena.size <= room && v.count <= MIME_PARAMETERS_MAX);
    for (uint32_t i = 0; i < v.count; i++) {
        struct mime_parameter p = v.parameters[i];
        must(lies_in(p.name, value.data, value.size) || lies_in(p.name, memory, room));
        must(lies_in(p.value, value.data, value.size) || lies_in(p.value, memory, room));
        must(p.is_extended || p.charset.size == 0);
        must(p.value.size <= value.size);
        must(mime_value_find(&v, p.name) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 14)
        return 0;
    char *memory = malloc(ARENA);
    must(memory != NULL);
    struct slice text = slice_of(data + 1, size - 1);
    if (data[0] & 1)
        check_fields(text);
    check_value(text, memory, ARENA);
    check_value(text, memory, data[0] * 16u);
    free(memory);
    return 0;
}
