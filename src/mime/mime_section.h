/* mime_section: what stands between the semicolons of a Content-Type, and how RFC 2231's sections
 * of one name become one parameter. Behind mime_field.h. */
#ifndef POPLIN_MIME_SECTION_H
#define POPLIN_MIME_SECTION_H

#include "mime/mime_field.h"

enum {
    MIME_SECTIONS_MAX = 512,        /* of all parameters of a field together */
    MIME_SECTION_WHOLE = UINT32_MAX /* not numbered */
};

/* name*number*=value */
struct mime_section {
    struct slice name;  /* without `*` and number, as written */
    struct slice value; /* quotes and escapes gone */
    uint32_t number;    /* MIME_SECTION_WHOLE: none */
    uint32_t group;     /* of one name: in the order in which the names came */
    uint32_t order;     /* in which the sections came */
    bool is_extended;   /* the last `*` is there */
};

struct mime_sections {
    struct mime_section *list;
    uint32_t count, capacity;
};

/* Takes `filename*0*` apart. */
void mime_section_name(struct slice written, struct mime_section *out);

/* Puts them in out->parameters. Reorders them. */
void mime_sections_join(struct mime_sections *s, struct arena *arena, struct mime_value *out);

#endif
