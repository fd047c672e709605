/* mime_html: HTML as mail has it into text that a person can read, in pieces.
 *
 * Lists get markers, quotations `> `, headings `# `, the cells of a row ` | ` between them, images
 * their alternative text in brackets; links are numbered and their addresses stand at the end.
 * Hidden text (display:none, hidden, font-size:0, boxes without size, script, style, title) is left
 * out. Nothing is fetched. Lines are not broken: who prints knows how wide they may be.
 *
 * No tree is built: the state is of one size, the links are the caller's arena's. Linear in the
 * input, whatever it is; any split gives the same text. Input is UTF-8 whatever a <meta> says;
 * output is UTF-8, lines end in LF, the last one too. */
#ifndef POPLIN_MIME_HTML_H
#define POPLIN_MIME_HTML_H

#include "base/arena.h"
#include "mime/mime_html_entity.h"
#include "mime/mime_html_tag.h"
#include "mime/mime_html_writer.h"

enum {
    MIME_HTML_LINKS = 1000, /* more are text without a number */
    MIME_HTML_URL = 2048,   /* octets; longer ones are cut */
    MIME_HTML_DEPTH = 64,   /* lists, quotations and tables within one another */
};

/* What the reader of tags has of the tag it is in. */
struct mime_html_token {
    uint8_t state;
    bool is_end;
    uint8_t dashes;    /* of a comment, in a row; raw text: letters of its end that matched */
    uint8_t attribute; /* which one is read */
    uint8_t name_size; /* of the tag; over MIME_HTML_NAME: none that is known */
    uint8_t held_size; /* of the attribute's name, or of a reference */
    uint16_t href_size, alt_size, style_size, size_size;
    bool has_href, has_alt, has_style, is_hidden, is_tiny;
    char name[MIME_HTML_NAME];
    char raw[MIME_HTML_NAME]; /* the element whose end ends the raw text */
    uint8_t raw_size;
    char held[MIME_HTML_ENTITY];
    char href[MIME_HTML_URL], alt[512], style[1024], size[16];
};

/* A list, quotation, table or preformatted text that is open. */
struct mime_html_frame {
    uint8_t tag;
    bool has_cell; /* TABLE: the row has one already */
    uint32_t item; /* of a list: the number of the last; TABLE: the line in which the row begins */
    uint64_t seen; /* TABLE: characters seen when the row began */
};

/* A font size that was set, and what stood before. */
struct mime_html_font {
    uint8_t tag;
    bool was_zero;
    uint32_t open; /* elements of the tag that were open, this one counted */
};

struct mime_html {
    struct arena *arena;
    struct slice *links; /* MIME_HTML_LINKS; NULL: the arena is full, or none yet */
    uint32_t link_count, links_written;
    bool is_ended, has_links_left_out;
    struct slice link; /* the one that is open, in href; data NULL: none */
    char href[MIME_HTML_URL];
    char link_text[256]; /* what of it was seen */
    uint16_t link_text_size;
    uint64_t link_seen; /* characters seen when it began */
    uint32_t open[HTML_TAGS], framed[HTML_TAGS], hidden[HTML_TAGS];
    uint8_t hidden_by; /* the tag; HTML_TAGS: nothing is hidden */
    bool is_zero;      /* the font's size */
    uint8_t pre;       /* preformatted texts that are open */
    uint64_t pre_seen; /* characters seen when the last began */
    uint16_t frame_count, font_count;
    struct mime_html_frame frames[MIME_HTML_DEPTH];
    struct mime_html_font fonts[MIME_HTML_DEPTH];
    char character[MIME_HTML_POINT]; /* one that is not complete */
    uint8_t character_size, character_wanted;
    struct mime_html_token token;
    struct mime_html_writer writer;
};

void mime_html_init(struct mime_html *h, struct arena *arena);

/* Takes octets from the front of *html and writes text; stops when *html is empty or `out` is full.
 * Returns the octets written. */
size_t mime_html_feed(struct mime_html *h, struct slice *html, char *out, size_t room);
/* What is left, and the addresses of the links; again until it returns 0. */
size_t mime_html_end(struct mime_html *h, char *out, size_t room);

/* Between the reader of tags (mime_html_token.c) and what they mean (mime_html_element.c). */
void mime_html_token_take(struct mime_html *h, char c);
void mime_html_token_end(struct mime_html *h);
void mime_html_element_start(struct mime_html *h, enum mime_html_tag tag);
void mime_html_element_end(struct mime_html *h, enum mime_html_tag tag);
void mime_html_text(struct mime_html *h, struct slice octets);
/* The link that is open ends, and gets its number. */
void mime_html_link_end(struct mime_html *h);

#endif
