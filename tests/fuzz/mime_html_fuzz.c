/* The first octet chooses the pieces, the rest is HTML: any split gives the same text, and text
 * never grows beyond what prefixes and references account for. */
#include "mime/mime_html.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT = 1 << 20 };

static _Alignas(16) char memory[4 << 20];
static char whole[OUT], pieces[OUT];

static size_t take(size_t n, size_t more)
{
    if (more > OUT - 4096 - n)
        abort();
    return n + more;
}

static size_t read_text(struct slice html, size_t piece, size_t room, char *out)
{
    static struct mime_html h;
    struct arena arena = arena_over(memory, sizeof memory);
    mime_html_init(&h, &arena);
    size_t n = 0;
    while (html.size > 0) {
        struct slice part = slice_take(html, piece < html.size ? piece : html.size);
        html = slice_skip(html, part.size);
        while (part.size > 0)
            n = take(n, mime_html_feed(&h, &part, out + n, room));
    }
    for (size_t more; (more = mime_html_end(&h, out + n, room)) > 0;)
        n = take(n, more);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    struct slice html = slice_of(data + 1, size - 1);
    size_t n = read_text(html, SIZE_MAX, 4096, whole);
    size_t m = read_text(html, data[0] % 17 + 1U, data[0] % 5 + 1U, pieces);
    if (n != m || memcmp(whole, pieces, n) != 0)
        abort();
    return 0;
}
