/* charset_names: the names that mail has for charsets, in lower case and without their marks. */
#ifndef POPLIN_CODEC_CHARSET_NAMES_H
#define POPLIN_CODEC_CHARSET_NAMES_H

#include "codec/charset.h"

/* The longest alias. */
enum { CHARSET_ALIAS_MAX = 39 };

struct charset_alias {
    const char *name; /* letters and digits only */
    uint8_t charset;  /* enum charset */
};

/* Sorted by name. */
extern const struct charset_alias charset_aliases[];
extern const size_t charset_alias_count;

struct charset_code_page {
    uint16_t number;
    uint8_t charset; /* enum charset */
};

/* Sorted by number. */
extern const struct charset_code_page charset_code_pages[];
extern const size_t charset_code_page_count;

#endif
