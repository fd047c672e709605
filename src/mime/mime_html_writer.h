/* mime_html_writer: words, lines and paragraphs out of what an HTML reader meets. Blanks and line
 * ends are held back until a character comes that is seen, so nothing ends in blanks and nothing
 * begins with blank lines. */
#ifndef POPLIN_MIME_HTML_WRITER_H
#define POPLIN_MIME_HTML_WRITER_H

#include "base/slice.h"

enum {
    HTML_WRITER_OUT = 8192,
    HTML_WRITER_ROOM =
        2048, /* what one octet may write: all that was held back, and an image's text */
    HTML_WRITER_LINES = 20, /* line ends in a row at most */
};

struct mime_html_writer {
    char out[HTML_WRITER_OUT];
    size_t size, sent;    /* octets in out; those that the caller has */
    uint16_t quotes;      /* `> ` in front of each line */
    uint16_t line_quotes; /* of the line that was written last */
    uint16_t indent;      /* blanks behind them */
    uint8_t lines;        /* line ends held back */
    uint8_t blanks;
    bool has_text;     /* something was seen */
    bool is_separated; /* ` | ` before the next character of this line */
    char marker[16];   /* stands at the begin of the next line, in the indent */
    uint8_t marker_size;
    uint64_t seen; /* characters that were seen */
    uint32_t line; /* line ends written */
};

/* Room for one call of any of the functions below. */
static inline bool mime_html_writer_has_room(const struct mime_html_writer *w)
{
    return w->size + HTML_WRITER_ROOM <= HTML_WRITER_OUT;
}

/* What follows begins behind at least that many line ends. */
void mime_html_writer_break(struct mime_html_writer *w, uint8_t lines);
/* One line end more, at most `limit` in a row. */
void mime_html_writer_line(struct mime_html_writer *w, uint8_t limit);
void mime_html_writer_blank(struct mime_html_writer *w, bool is_kept);
/* The octets of one character. */
void mime_html_writer_put(struct mime_html_writer *w, struct slice character);
/* Behind the last character that was seen: what is held back stays so. */
void mime_html_writer_attach(struct mime_html_writer *w, struct slice text);
void mime_html_writer_mark(struct mime_html_writer *w, struct slice marker);
/* Moves what is ready to the caller. */
size_t mime_html_writer_take(struct mime_html_writer *w, char *out, size_t room);

#endif
