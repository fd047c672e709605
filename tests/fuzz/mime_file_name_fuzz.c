/* The first octet says how much of the rest is the type; what comes out is a name that can be
 * saved, and stays as it is when it is cleaned again. */
#include "codec/charset.h"
#include "mime/mime_file_name.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct slice name)
{
    assert(name.size > 0 && name.size <= MIME_FILE_NAME);
    assert(charset_is_utf8(name));
    assert(name.data[0] != '.' && name.data[0] != '-' && name.data[0] != ' ');
    assert(name.data[name.size - 1] != '.' && name.data[name.size - 1] != ' ');
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        assert(c >= ' ' && c != 0x7f && !strchr("/\\<>:\"|?*", c));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char first[MIME_FILE_NAME], second[MIME_FILE_NAME];
    if (size == 0)
        return 0;
    size_t n = data[0] < size ? data[0] : size - 1;
    struct slice type = slice_of(data + 1, n), said = slice_of(data + 1 + n, size - 1 - n);
    struct buf name = buf_over(first, sizeof first), again = buf_over(second, sizeof second);
    (void)mime_file_name_clean(said, type, SLICE("1.2"), &name);
    assert(!name.overflow);
    check(buf_slice(&name));
    bool changed = mime_file_name_clean(buf_slice(&name), type, SLICE("1.2"), &again);
    assert(!changed && slice_equal(buf_slice(&name), buf_slice(&again)));
    return 0;
}
