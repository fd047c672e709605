/* Octets of a winmail.dat: everything that comes out lies within what went in, or in the arena. */
#include "mime/mime_tnef.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(16) char memory[1 << 20];
static volatile unsigned sink;

static void touch(struct slice s)
{
    if (s.size > 0 && !s.data)
        abort();
    for (size_t i = 0; i < s.size; i++)
        sink += (unsigned char)s.data[i];
}

static void must_be_utf8(struct slice s)
{
    touch(s);
    if (!charset_is_utf8(s))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mime_tnef t;
    struct arena arena = arena_over(memory, size % 3 == 0 ? 4096 : sizeof memory);
    if (!mime_tnef_open(slice_of(data, size), &arena, &t))
        return 0;
    touch(t.text);
    touch(t.html);
    touch(t.rtf);
    must_be_utf8(t.unicode_text);
    for (uint32_t i = 0; i < t.count; i++) {
        must_be_utf8(t.attachments[i].name);
        must_be_utf8(t.attachments[i].type);
        must_be_utf8(t.attachments[i].content_id);
        touch(t.attachments[i].data);
    }
    return 0;
}
