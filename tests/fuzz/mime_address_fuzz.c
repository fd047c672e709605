/* The first octet chooses the arena's room and the hint. Whatever the value, what comes out is
 * UTF-8 within the arena, and no address holds a control character. */
#include "mime/mime_address.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct arena *a, struct slice s)
{
    assert(charset_is_utf8(s));
    bool inside = s.data >= a->data && s.data + s.size <= a->data + a->size;
    assert(s.size == 0 || inside);
}

static void check_address(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        assert((unsigned char)s.data[i] >= ' ' && s.data[i] != 0x7f);
}

static void check(const struct arena *a, const struct mime_address_list *l)
{
    assert(l->count <= 10000);
    for (uint32_t i = 0; i < l->count; i++) {
        const struct mime_address *one = &l->list[i];
        assert(one->name.size > 0 || one->address.size > 0);
        check_text(a, one->name);
        check_text(a, one->address);
        check_address(one->address);
        check_text(a, one->group);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t room = data[0] & 1 ? (size_t)1 << 20 : (size_t)data[0] * 16;
    void *memory = malloc(room + 1);
    struct arena arena = arena_over(memory, memory ? room : 0);
    enum charset hint = (enum charset)(data[0] >> 1 & 15);
    struct mime_address_list list;
    mime_address_parse(slice_of(data + 1, size - 1), &hint, &arena, &list);
    assert(arena.capacity == room && arena.size <= room);
    check(&arena, &list);
    free(memory);
    return 0;
}
