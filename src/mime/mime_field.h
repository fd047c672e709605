/* mime_field: the fields of a header [RFC 5322 2.2, 3.6.8], with obsolete forms and broken ones,
 * and the parameters of those that have some [RFC 2045 5.1, RFC 2231]. */
#ifndef POPLIN_MIME_FIELD_H
#define POPLIN_MIME_FIELD_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/charset.h"

struct mime_field {
    struct slice name;  /* without blanks before the colon */
    struct slice value; /* folded, as it stands, without the last line end and blanks around it */
    size_t offset;      /* of the name in the header that was handed in */
};

/* Takes the next field from the front of *header; false: there is none. Lines that are no field
 * are skipped. */
bool mime_field_next(struct slice *header, struct mime_field *out);
/* The first of that name, in any case. One whose colon stands on a line of its own is found only
 * where there is no other: programs disagree whether that is a field, and mail that deceives knows
 * it. */
bool mime_field_find(struct slice header, struct slice name, struct mime_field *out);

/* A parameter: its sections of RFC 2231 joined in the order of their numbers, quotes and escapes
 * gone, percent escapes decoded. */
struct mime_parameter {
    struct slice name;    /* lower case, without `*` and section */
    struct slice value;   /* octets, of charset */
    struct slice charset; /* of RFC 2231; empty: none was said */
    bool is_extended;     /* RFC 2231; when false the value may hold encoded words */
};

enum { MIME_PARAMETERS_MAX = 128 };

struct mime_value {
    struct slice token; /* "text/plain", "attachment": lower case; empty: broken */
    struct mime_parameter parameters[MIME_PARAMETERS_MAX];
    uint32_t count;
    bool is_broken;  /* read as mail means it, not as the grammar says */
    bool is_limited; /* there were more parameters than that */
};

/* Parses the value of Content-Type or Content-Disposition. Memory for what is joined is the
 * arena's; when it is full, parameters are left out and is_limited is set. Unquoted values with
 * blanks, missing semicolons, comments, sections in any order or missing, a section 0 with and
 * without `*`. */
void mime_value_parse(struct slice value, struct arena *arena, struct mime_value *out);
const struct mime_parameter *mime_value_find(const struct mime_value *v, struct slice name);

/* The text of a parameter in UTF-8: RFC 2231's charset, else encoded words within it, else raw
 * octets (hint as in encoded_word_decode). Returns encoded_word's bits. */
unsigned mime_parameter_text(const struct mime_parameter *p, enum charset *hint, struct buf *out);

#endif
