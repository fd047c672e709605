/* mime_address_reader: a list of addresses while it is read. mime_address's own. */
#ifndef POPLIN_MIME_ADDRESS_READER_H
#define POPLIN_MIME_ADDRESS_READER_H

#include "mime/mime_address.h"
#include "mime/mime_address_scan.h"

enum {
    ADDRESS_WIDEST = 3,         /* octets of UTF-8 that come of one octet */
    ADDRESS_DECODER_ROOM = 256, /* so that a decoder's smallest step always fits */
};

/* What was read of one address. Its words lie in the reader's phrase from `name` on. */
struct mailbox {
    size_t name;               /* where its name begins in the phrase */
    size_t words;              /* of its phrase */
    size_t word_from, word_to; /* the last word, in the text */
    size_t word_phrase;        /* the last word, in the phrase */
    bool is_plain;             /* every word is ASCII without quotes */
    bool is_word_plain;        /* the last is */
    bool is_word_dot;          /* the last is a dot alone */
    struct slice comment;      /* empty: none */
    bool comment_follows;      /* the comment stands behind the address */
    struct slice bare;         /* an address without angles */
    size_t bare_from, bare_to; /* where it lies in the phrase */
    struct slice angle;        /* what was in angles */
    size_t angle_phrase;       /* the phrase's size when the angles were met */
    bool has_angle, has_bare;
};

struct address_reader {
    struct address_scan scan;
    struct mailbox m;
    struct buf phrase;  /* words as they stand, without quotes; never larger than the text */
    struct buf scratch; /* of the same size */
    struct slice group;
    bool in_group;
    size_t last_comma, last_semicolon; /* of the text */
    /* Addresses that stay whatever comes. Those behind them may turn out to be parts of a name,
     * whose words begin at kept_phrase. */
    uint32_t kept;
    size_t kept_phrase;
    uint32_t commas; /* within that name */
    struct arena *arena;
    enum charset *hint;
    struct mime_address_list *out;
    uint32_t capacity; /* of the list */
};

/* Text in UTF-8 of octets with encoded words, in the arena, without blanks around it. */
struct slice address_decoded(struct address_reader *r, struct slice raw);
/* Of the phrase's octets from `from` to `to`. */
struct slice address_phrase(struct address_reader *r, size_t from, size_t to);
/* Adds what was read of the mailbox to the list, if it is anything. */
void address_finish(struct address_reader *r);

#endif
