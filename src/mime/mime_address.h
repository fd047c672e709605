/* mime_address: lists of addresses [RFC 5322 3.4, 4.4] with groups, comments, routes, encoded words
 * and everything that mail has in their place. */
#ifndef POPLIN_MIME_ADDRESS_H
#define POPLIN_MIME_ADDRESS_H

#include "base/arena.h"
#include "codec/charset.h"

struct mime_address {
    struct slice name;    /* UTF-8, decoded, without quotes; from a comment where there is no
                             phrase; empty: none */
    struct slice address; /* local@domain as it stands, without blanks and comments; UTF-8; empty:
                             only a name could be read */
    struct slice group;   /* the group's name that it stands in; empty: none */
};

struct mime_address_list {
    struct mime_address *list;
    uint32_t count;
    bool is_broken;  /* read as mail means it */
    bool is_limited; /* over 10,000, or the arena is full: the rest is left out */
};

/* Groups are flattened; an empty group gives nothing. */
void mime_address_parse(struct slice value, enum charset *hint, struct arena *arena,
                        struct mime_address_list *out);

#endif
