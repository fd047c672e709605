/* mime_address_scan: the pieces that an address list is made of. mime_address's own.
 *
 * Every function moves `at` forward only, so that reading a list costs its octets. */
#ifndef POPLIN_MIME_ADDRESS_SCAN_H
#define POPLIN_MIME_ADDRESS_SCAN_H

#include "base/buf.h"
#include "codec/charset.h"

struct address_scan {
    struct slice text;
    size_t at;
    bool is_wide;          /* raw octets of a charset whose second octets may be ASCII */
    bool literal_quotes;   /* a quote had no end: from there on they are text */
    bool literal_comments; /* the same for parentheses */
    bool is_broken;
};

void address_scan_init(struct address_scan *s, struct slice text, enum charset hint);

/* The octets at `at` that belong together and whose inside means nothing: an encoded word, a run in
 * an escape of ISO-2022, a character of two octets; else 1. */
size_t address_unit(const struct address_scan *s, size_t at);
bool address_is_word(const struct address_scan *s, size_t at);

bool address_is_blank(char c); /* and line ends and control characters */
/* A comma or semicolon of full width; its octets are 3. */
bool address_is_wide_separator(const struct address_scan *s, size_t at);

/* A quoted string or a comment (nested) at `at`: what is between its ends. False: it has no end and
 * nothing was taken. */
bool address_take_quoted(struct address_scan *s, struct slice *inside);
bool address_take_comment(struct address_scan *s, struct slice *inside);
void address_skip_blanks(struct address_scan *s); /* and comments */

/* Octets that stand for themselves, up to a blank or one of ()"<>,;:@ */
void address_skip_atom(struct address_scan *s);
/* What follows an `@`. */
void address_skip_domain(struct address_scan *s);
/* Behind `<`: what is in the angles, whatever ends it. */
struct slice address_take_angle(struct address_scan *s);

/* What is inside of a quoted string or a comment, without line ends and the backslashes of pairs.
 */
void address_put_inside(const struct address_scan *s, struct slice inside, struct buf *out);
/* local@domain out of a piece of the text: without blanks, comments, a route, `mailto:`, the
 * apostrophes and brackets around it. */
void address_put_clean(const struct address_scan *s, struct slice piece, struct buf *out);

#endif
