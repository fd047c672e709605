#include "mime/mime_html_writer.h"

#include <assert.h>

enum { BLANKS_MAX = 80, QUOTES_MAX = 10, INDENT_MAX = 40 };

static_assert(HTML_WRITER_LINES * (2 * QUOTES_MAX + 1) + 2 * QUOTES_MAX + INDENT_MAX + 16 +
                      BLANKS_MAX + 3 + 512 + 64 <=
                  HTML_WRITER_ROOM,
              "what is held back fits");

static void raw(struct mime_html_writer *w, const char *data, size_t size)
{
    assert(size <= HTML_WRITER_OUT - w->size);
    if (size)
        memcpy(w->out + w->size, data, size);
    w->size += size;
}

static void fill(struct mime_html_writer *w, char c, size_t count)
{
    assert(count <= HTML_WRITER_OUT - w->size);
    memset(w->out + w->size, c, count);
    w->size += count;
}

/* In a cell that is still empty its own begin is break enough. */
void mime_html_writer_break(struct mime_html_writer *w, uint8_t lines)
{
    w->blanks = 0;
    if (w->is_separated)
        return;
    if (w->lines < lines)
        w->lines = lines;
}

void mime_html_writer_line(struct mime_html_writer *w, uint8_t limit)
{
    w->blanks = 0;
    w->is_separated = false;
    if (w->lines < limit && w->lines < HTML_WRITER_LINES)
        w->lines++;
}

void mime_html_writer_blank(struct mime_html_writer *w, bool is_kept)
{
    if (is_kept && w->blanks < BLANKS_MAX) {
        w->blanks++;
    } else if (!is_kept && w->blanks == 0) {
        w->blanks = (uint8_t)(w->has_text && w->lines == 0);
    }
}

static void put_prefix(struct mime_html_writer *w)
{
    size_t indent = w->indent < INDENT_MAX ? w->indent : INDENT_MAX;
    for (size_t i = 0; i < w->quotes && i < QUOTES_MAX; i++)
        raw(w, "> ", 2);
    fill(w, ' ', indent > w->marker_size ? indent - w->marker_size : 0);
    raw(w, w->marker, w->marker_size);
    w->marker_size = 0;
}

/* A blank line is quoted as deep as both lines around it, without the blank at its end. */
static void put_lines(struct mime_html_writer *w)
{
    size_t quotes = w->quotes < w->line_quotes ? w->quotes : w->line_quotes;
    for (size_t line = 0; w->has_text && line < w->lines; line++) {
        for (size_t i = 0; line > 0 && i < quotes && i < QUOTES_MAX; i++)
            raw(w, "> ", i + 1 < quotes && i + 1 < QUOTES_MAX ? 2 : 1);
        raw(w, "\n", 1);
    }
    w->line += w->has_text ? w->lines : 0;
    put_prefix(w);
    w->line_quotes = w->quotes;
    w->lines = 0;
    w->has_text = true;
}

static void put_held(struct mime_html_writer *w)
{
    if (w->lines > 0 || !w->has_text)
        put_lines(w);
    if (w->is_separated)
        raw(w, " | ", 3);
    else
        fill(w, ' ', w->blanks);
    w->is_separated = false;
    w->blanks = 0;
}

void mime_html_writer_put(struct mime_html_writer *w, struct slice character)
{
    put_held(w);
    raw(w, character.data, character.size);
    w->seen++;
}

void mime_html_writer_attach(struct mime_html_writer *w, struct slice text)
{
    raw(w, text.data, text.size);
}

void mime_html_writer_mark(struct mime_html_writer *w, struct slice marker)
{
    size_t size = marker.size < sizeof w->marker ? marker.size : sizeof w->marker;
    if (size)
        memcpy(w->marker, marker.data, size);
    w->marker_size = (uint8_t)size;
}

size_t mime_html_writer_take(struct mime_html_writer *w, char *out, size_t room)
{
    size_t n = w->size - w->sent < room ? w->size - w->sent : room;
    memcpy(out, w->out + w->sent, n);
    w->sent += n;
    if (w->sent == w->size)
        w->sent = w->size = 0;
    return n;
}
