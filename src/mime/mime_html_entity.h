/* mime_html_entity: character references of HTML: `&amp;`, `&nbsp`, `&#8364;`, `&#x1f600;`. */
#ifndef POPLIN_MIME_HTML_ENTITY_H
#define POPLIN_MIME_HTML_ENTITY_H

#include "base/buf.h"

struct mime_html_entity {
    uint16_t at; /* in mime_html_entity_names */
    uint8_t size;
    bool is_legacy; /* may stand without its semicolon */
    uint32_t first, second;
};

/* Sorted by name; generated. */
extern const char mime_html_entity_names[];
extern const struct mime_html_entity mime_html_entities[];
extern const size_t mime_html_entity_count;

enum {
    MIME_HTML_ENTITY = 40, /* octets of a reference at most, `&` and `;` counted */
    MIME_HTML_POINT = 4,   /* octets of one character in UTF-8 */
};

/* What a reference stands for, in UTF-8 at `out` (2 * MIME_HTML_POINT octets); *used: how many
 * octets of it are the reference; the octets behind are text. `reference` begins with `&` and goes
 * on as far as letters, digits and `#` do, with its `;` where there is one. Returns the octets
 * written; 0: it is none, and all of it is text. In an attribute a name without semicolon in front
 * of more letters is none. */
size_t mime_html_entity_decode(struct slice reference, bool in_attribute, size_t *used, char *out);

/* Appends the text of an attribute; what does not fit is cut at a character. */
void mime_html_entity_text(struct slice value, struct buf *out);

/* A character in UTF-8; what is none becomes U+FFFD. */
size_t mime_html_point(uint32_t point, char *out);

#endif
