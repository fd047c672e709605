/* mime_parser: the structure of a message [RFC 5322, 2045, 2046] in one pass.
 *
 * Bytes go in, whole or in pieces (any split gives the same result); an array of parts with offsets
 * into the message comes out, parents before children, in the order in which they stand. Nothing is
 * decoded and nothing is copied but types and boundaries. No recursion; all memory is the caller's
 * arena. The cost is linear in the octets whatever they are: lines are compared against all open
 * boundaries at once.
 *
 * Past a limit (and when the arena is full) what follows is the body of the part that was open, as
 * it stands, and a defect says so: nothing is lost. */
#ifndef POPLIN_MIME_PARSER_H
#define POPLIN_MIME_PARSER_H

#include "base/arena.h"
#include "base/status.h"

enum { MIME_NONE = UINT32_MAX };

enum mime_kind {
    MIME_LEAF,
    MIME_MULTIPART, /* its children are the parts between its boundaries; none when its boundary
                       never occurs: its body is then all that there is to read */
    MIME_MESSAGE,   /* message/rfc822, message/global: its one child is the message within. When it
                       is encoded as a whole (base64 …) it is a LEAF */
};

enum mime_encoding {
    MIME_ENCODING_7BIT, /* also when none is said */
    MIME_ENCODING_8BIT,
    MIME_ENCODING_BINARY,
    MIME_ENCODING_BASE64,
    MIME_ENCODING_QUOTED_PRINTABLE,
    MIME_ENCODING_UUENCODE, /* x-uuencode, x-uue, uuencode */
    MIME_ENCODING_YENC,
    MIME_ENCODING_UNKNOWN, /* read as binary */
};

struct mime_part {
    uint64_t header; /* offset of the first octet of the part's header; its fields end at `body` */
    uint64_t body;   /* of the body, behind the blank line; where that is missing, of the first line
                        that is no field and that no field follows */
    uint64_t end; /* behind the body's last octet: a line end before a boundary is not the body's */
    uint64_t preamble_end,
        epilogue;    /* MULTIPART: of the preamble's end and the epilogue's begin; 0: none */
    uint32_t parent; /* MIME_NONE: the message itself, index 0 */
    uint32_t next;   /* the next of the same parent; MIME_NONE */
    uint32_t children;
    uint32_t number;       /* among the parts of its parent, from 1 */
    uint16_t depth;        /* 0: the message itself */
    uint8_t kind;          /* enum mime_kind */
    uint8_t encoding;      /* enum mime_encoding */
    struct slice type;     /* "text/plain", lower case, never empty: what is missing or broken is by
                              default text/plain, in a digest message/rfc822 */
    struct slice charset;  /* as declared, lower case, without quotes; empty: none */
    struct slice boundary; /* of a MULTIPART */
    bool has_type;         /* a Content-Type was there */
    bool is_closed;        /* MULTIPART: its closing boundary was met */
    bool is_flowed, is_delsp; /* format=flowed; delsp=yes [RFC 3676] */
    bool is_attachment;       /* Content-Disposition says attachment, or there is a file name */
};

/* Every deviation has a code. mime_defect_text gives words. BARE_LF, BARE_CR, NUL and LONG_LINE are
 * told of headers and bodies alike: the scan for boundaries sees them in the same look
 * (mime_scan.h). */
enum mime_defect_code {
    MIME_DEFECT_NO_HEADER_END = 1, /* no blank line behind the header: text or a boundary follows */
    MIME_DEFECT_BARE_LF, /* lines that end in LF where others end in CRLF: once a message */
    MIME_DEFECT_BARE_CR,
    MIME_DEFECT_NUL,
    MIME_DEFECT_LONG_LINE,        /* over 998 octets */
    MIME_DEFECT_FIELD_NAME,       /* blanks before a colon; lines between fields that are none */
    MIME_DEFECT_FIELD_TWICE,      /* Content-Type and its like, more than once: the first counts */
    MIME_DEFECT_CONTENT_TYPE,     /* a value that is no type */
    MIME_DEFECT_PARAMETER,        /* broken parameters: read as mail means them */
    MIME_DEFECT_ENCODING,         /* unknown, or base64 and its like on a multipart */
    MIME_DEFECT_NO_BOUNDARY,      /* multipart without a usable boundary */
    MIME_DEFECT_BOUNDARY_MISSING, /* declared, and never met */
    MIME_DEFECT_NOT_CLOSED,       /* no closing boundary */
    MIME_DEFECT_BOUNDARY_REUSED,  /* of an outer one by an inner one */
    MIME_DEFECT_HEADER_8BIT,
    MIME_DEFECT_LIMIT_DEPTH,
    MIME_DEFECT_LIMIT_PARTS,
    MIME_DEFECT_LIMIT_HEADER,
    MIME_DEFECT_LIMIT_PARAMETERS,
    MIME_DEFECT_LIMIT_MEMORY,
    MIME_DEFECT_LIMIT_DEFECTS, /* the last that was recorded: there were more */
    /* What decoding finds, added by who decodes: */
    MIME_DEFECT_TRANSFER, /* octets foreign to the transfer encoding */
    MIME_DEFECT_TRANSFER_CUT,
    MIME_DEFECT_CHARSET_UNKNOWN,
    MIME_DEFECT_CHARSET_GUESSED,
    MIME_DEFECT_CHARSET_INVALID, /* octets that the charset does not have */
    MIME_DEFECT_ENCODED_WORD,
    MIME_DEFECT_ADDRESS,
    MIME_DEFECT_DATE,
    MIME_DEFECT_FILE_NAME, /* was not fit to be one */
    MIME_DEFECT_TNEF,
    MIME_DEFECT_COUNT
};
const char *mime_defect_name(enum mime_defect_code c); /* "no-header-end": for JSON. Never NULL. */
const char *mime_defect_text(enum mime_defect_code c); /* a sentence fragment. Never NULL. */

struct mime_defect {
    enum mime_defect_code code;
    uint32_t part;   /* index */
    uint64_t offset; /* in the message; once a code, part and kind of thing, not once an octet */
};

struct mime_limits {
    uint32_t depth;      /* 100 */
    uint32_t parts;      /* 10,000 */
    uint32_t header;     /* octets of one part's header, 1 MiB */
    uint32_t parameters; /* of one field, 128 */
    uint32_t defects;    /* 1,000 */
};
struct mime_limits mime_limits_default(void);

struct mime_parser {
    struct arena *arena;
    struct mime_limits limits;
    struct mime_part *parts;
    uint32_t count, part_capacity;
    struct mime_defect *defects;
    uint32_t defect_count, defect_capacity;
    uint64_t offset;                 /* octets taken */
    struct mime_parser_inner *inner; /* the machine's own, in the arena */
};

/* The arena stays the caller's and must outlive the parts. NO_MEMORY: it cannot hold even a
 * message without parts (64 KiB are enough for that). */
enum status mime_parser_init(struct mime_parser *p, struct arena *arena,
                             const struct mime_limits *limits);
void mime_parser_feed(struct mime_parser *p, struct slice data);
/* After it parts and defects are final and count is at least 1. */
void mime_parser_end(struct mime_parser *p);

/* Adds a defect that decoding found. */
void mime_parser_add_defect(struct mime_parser *p, enum mime_defect_code code, uint32_t part,
                            uint64_t offset);

/* "1.2.3": each number is a part's place in its parent; the message within a message/rfc822 is its
 * part 1, so that what lies in part 2, a message that is a multipart, is "2.1.1" … (IMAP leaves out
 * that multipart's number [RFC 3501 6.4.5], so that it has none). The message itself is "1" when it
 * is a leaf, else "". Returns the octets; 0 also when room is too small. */
size_t mime_part_path(const struct mime_parser *p, uint32_t part, char *out, size_t room);
/* The part of a path; MIME_NONE. */
uint32_t mime_part_find(const struct mime_parser *p, struct slice path);

#endif
