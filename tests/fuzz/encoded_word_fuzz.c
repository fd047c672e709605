/* The first two octets choose the room and the hint, the rest is a header value. What comes out is
 * valid UTF-8 without NUL and line ends, and with less room it is the front of the same, cut at a
 * character. */
#include "codec/encoded_word.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

/* Octets of UTF-8 that one octet of a value can become at the most. */
enum { EXPANSION = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum charset hint = (enum charset)(data[1] % CHARSET_SINGLE);
    enum charset same_hint = hint;
    char *copy = (char *)malloc(size);
    char *memory = (char *)malloc(size * EXPANSION);
    char small[256];
    must(copy != NULL && memory != NULL);
    memcpy(copy, data, size);
    struct slice value = slice_of(copy + 2, size - 2);
    struct buf whole = buf_over(memory, size * EXPANSION);
    struct buf front = buf_over(small, data[0]);
    unsigned met = encoded_word_decode(value, &hint, &whole);
    must(!whole.overflow && charset_is_utf8(buf_slice(&whole)));
    must(memchr(memory, '\n', whole.size) == NULL && memchr(memory, '\r', whole.size) == NULL);
    must(memchr(memory, '\0', whole.size) == NULL);
    must(encoded_word_decode(value, &same_hint, &front) == met && hint == same_hint);
    must(front.overflow == (front.size < whole.size) && charset_is_utf8(buf_slice(&front)));
    must(memcmp(small, memory, front.size) == 0);
    free(copy);
    free(memory);
    return 0;
}
