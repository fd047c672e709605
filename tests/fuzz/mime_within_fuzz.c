/* What lies within a text: files in uuencode and yEnc, an invitation, flowed lines, a piece of a
 * message. Nothing comes out of thin air, and flowed text is the same for every split. */
#include "mime/mime_calendar.h"
#include "mime/mime_flowed.h"
#include "mime/mime_inline.h"
#include "mime/mime_partial.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT = 4096, WRITTEN = TEXT * MIME_FLOWED_ROOM };
static _Alignas(16) char memory[1 << 20];
static char whole[WRITTEN + MIME_FLOWED_ROOM], split[WRITTEN + MIME_FLOWED_ROOM];

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void files(struct slice text)
{
    const char *end = text.data + text.size;
    struct mime_inline found;
    char out[1024];
    while (mime_inline_next(&text, &found)) {
        struct transfer t;
        struct slice rest = found.block;
        must(rest.size > 0 && rest.data + rest.size <= end);
        must(text.data + text.size == end && text.data >= rest.data + rest.size);
        transfer_init(&t, found.encoding);
        while (rest.size > 0)
            must(transfer_feed(&t, &rest, out, sizeof out) <= sizeof out);
        must(transfer_end(&t, out) <= sizeof out);
    }
}

static size_t flow(struct slice text, size_t step, char *out)
{
    struct mime_flowed f;
    size_t size = 0;
    mime_flowed_init(&f, text.size % 2 == 0);
    while (text.size > 0) {
        size_t n = step < text.size ? step : text.size;
        struct slice piece = slice_take(text, n);
        size += mime_flowed_feed(&f, &piece, out + size, WRITTEN + MIME_FLOWED_ROOM - size);
        must(piece.size < n);
        text = slice_skip(text, n - piece.size);
    }
    return size + mime_flowed_end(&f, out + size, WRITTEN + MIME_FLOWED_ROOM - size);
}

static void flowed(struct slice text)
{
    text.size = text.size < TEXT ? text.size : TEXT;
    size_t size = flow(text, TEXT, whole);
    must(flow(text, 1 + text.size % 7, split) == size && memcmp(whole, split, size) == 0);
}

static void calendar(struct slice text)
{
    char line[2 * MIME_CALENDAR_TEXT + 100];
    struct buf out = buf_over(line, sizeof line);
    if (mime_calendar_line(text, &out) && charset_is_utf8(text))
        must(charset_is_utf8(buf_slice(&out)) && !memchr(line, '\n', out.size));
}

static void partial(struct slice bytes)
{
    struct arena arena = arena_over(memory, sizeof memory);
    struct mime_limits limits = mime_limits_default();
    struct mime_message m;
    struct mime_partial p;
    if (mime_message_open(&m, bytes, &arena, &limits) != STATUS_OK || !mime_partial_read(&m, &p))
        return;
    must(p.number >= 1 && p.number <= MIME_PARTIAL_MAX && p.id.size > 0);
    struct buf out = buf_over(whole, sizeof whole);
    (void)!mime_partial_join(&m, 1, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    files(text);
    flowed(text);
    calendar(text);
    partial(text);
    return 0;
}
