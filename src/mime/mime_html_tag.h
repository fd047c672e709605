/* mime_html_tag: what the elements of HTML mean for text. */
#ifndef POPLIN_MIME_HTML_TAG_H
#define POPLIN_MIME_HTML_TAG_H

#include "base/slice.h"

enum mime_html_tag {
    HTML_OTHER = 0, /* inline and without a meaning for text */
    HTML_A,
    HTML_BLOCK, /* div and its like: lines of their own */
    HTML_BLOCKQUOTE,
    HTML_BR,
    HTML_CELL,
    HTML_H1,
    HTML_H2,
    HTML_H3,
    HTML_H4,
    HTML_H5,
    HTML_H6,
    HTML_HIDDEN, /* template, svg and its like: nothing of it is text */
    HTML_HR,
    HTML_IMG,
    HTML_LI,
    HTML_LINE, /* dd, dt, option: a line of its own whose end need not be said */
    HTML_OL,
    HTML_P,
    HTML_PARAGRAPH, /* a blank line before and after */
    HTML_PRE,
    HTML_QUOTE,
    HTML_RAW, /* script, style, title: nothing in it is a tag but its own end */
    HTML_ROW,
    HTML_SPAN, /* inline, and may be hidden */
    HTML_TABLE,
    HTML_UL,
    HTML_VOID, /* has no end and no text */
    HTML_TAGS,
};

enum { MIME_HTML_NAME = 12 }; /* octets of a name that is known */

/* `name` is in lower case. */
enum mime_html_tag mime_html_tag_find(struct slice name);
bool mime_html_tag_is_block(enum mime_html_tag tag);
/* Has neither content nor end. */
bool mime_html_tag_is_void(enum mime_html_tag tag);

enum mime_html_size { HTML_SIZE_NONE, HTML_SIZE_ZERO, HTML_SIZE_SOME };

struct mime_html_style {
    bool is_hidden;                /* display:none and everything else that comes to that */
    enum mime_html_size font_size; /* zero is inherited until somebody says otherwise */
    bool is_pre;                   /* white-space: pre, pre-wrap, pre-line */
};

/* Reads a style attribute. */
struct mime_html_style mime_html_style_read(struct slice style);
/* A width or height of an attribute that shows nothing: "0", "1", "0px". */
bool mime_html_size_is_nothing(struct slice value);

#endif
