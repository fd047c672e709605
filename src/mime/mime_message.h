/* mime_message: one message, parsed, with all that a reader asks of it. Where the bytes lie in
 * memory (mapped, as a rule); decoding happens when it is asked for, and in pieces.
 *
 * All slices that come out live as long as the arena and the bytes. */
#ifndef POPLIN_MIME_MESSAGE_H
#define POPLIN_MIME_MESSAGE_H

#include "codec/charset.h"
#include "codec/transfer.h"
#include "mime/mime_address.h"
#include "mime/mime_date.h"
#include "mime/mime_field.h"
#include "mime/mime_parser.h"

struct mime_message {
    struct slice bytes;
    struct arena *arena;
    struct mime_parser parser; /* parts, defects */
    enum charset hint; /* of the neighbours: what unlabelled octets probably are; UNKNOWN: nothing
                          known yet */
    char *sample;      /* MIME_TEXT_SAMPLE octets and some, by which labels are judged; NULL: none
                          was needed yet */
};

/* NO_MEMORY: the arena is too small for even an empty message. */
enum status mime_message_open(struct mime_message *m, struct slice bytes, struct arena *arena,
                              const struct mime_limits *limits);

struct slice mime_message_header(const struct mime_message *m, uint32_t part);
struct slice mime_message_body(const struct mime_message *m, uint32_t part);

/* The text of an unstructured field of a part in UTF-8, false: there is none of that name. Records
 * defects. The slice is the arena's. */
bool mime_message_text(struct mime_message *m, uint32_t part, struct slice name, struct slice *out);
/* All fields of that name as one list, those that say the same once. count 0: none. */
void mime_message_addresses(struct mime_message *m, uint32_t part, struct slice name,
                            struct mime_address_list *out);
bool mime_message_date(struct mime_message *m, struct mime_date *out);
/* The first id in angle brackets, without them and unfolded; what stands there where there are
 * none. */
bool mime_message_id(struct mime_message *m, uint32_t part, struct slice name, struct slice *out);

/* The name that the sender gave, decoded and not cleaned: Content-Disposition's filename, else
 * Content-Type's name. False: none. */
bool mime_message_file_name(struct mime_message *m, uint32_t part, struct slice *out);
/* "attachment", "inline", lower case; empty: none was said. */
struct slice mime_message_disposition(struct mime_message *m, uint32_t part);

/* The decoded octets of a leaf, in pieces. */
struct mime_body {
    struct transfer transfer;
    struct slice rest;
    bool is_done;
};
void mime_body_open(const struct mime_message *m, uint32_t part, struct mime_body *b);
/* Returns the octets written, 0: that was all. room is at least 2 * TRANSFER_ROOM. */
size_t mime_body_read(struct mime_body *b, char *out, size_t room);
/* All of them at once: where they lie in the message when nothing encodes them, else in the arena.
 * False: the arena is too full. */
bool mime_body_whole(struct mime_message *m, uint32_t part, struct slice *out);
/* Records what was found broken, once the body was read to its end. */
void mime_body_tell(struct mime_message *m, uint32_t part, const struct mime_body *b);

/* The text of a text part in pieces: transfer encoding, charset (declared and true, else guessed
 * and told as a defect), CRLF and CR as LF. No NUL, but other control characters: who prints
 * escapes. Pieces end at characters. */
struct mime_text {
    struct mime_body body;
    struct charset_decoder charset;
    char chunk[4096], decoded[1024];
    struct slice rest, ready; /* of chunk; of decoded */
    bool after_cr, is_last;
};
enum { MIME_TEXT_SAMPLE = 64 * 1024 }; /* decoded octets by which a label is judged */

void mime_text_open(struct mime_message *m, uint32_t part, struct mime_text *t);
/* Returns the octets written, 0: that was all. room is at least CHARSET_ROOM. */
size_t mime_text_read(struct mime_text *t, char *out, size_t room);
/* Records what was found broken, once the text was read to its end. */
void mime_text_tell(struct mime_message *m, uint32_t part, const struct mime_text *t);

/* "multipart/mixed(text/plain,message/rfc822(text/html))"; cut with overflow set where it does not
 * fit. */
void mime_message_tree(const struct mime_message *m, struct buf *out);

/* The part that a person reads first: the best alternative for a terminal (text/plain, text/html
 * second), never an attachment unless there is nothing else; a multipart without parts when it has
 * an octet, for it may be read as text; MIME_NONE. */
uint32_t mime_message_best(const struct mime_message *m, bool want_html);

#endif
