/* mime_machine: what the files of mime_parser share. The machine goes from line to line: a header
 * line is read octet by octet up to its colon, a body is skipped up to the next line that begins
 * with "--", and such a line is held until it ends and then looked up among the open boundaries.
 */
#ifndef POPLIN_MIME_MACHINE_H
#define POPLIN_MIME_MACHINE_H

#include "mime/mime_field.h"
#include "mime/mime_parser.h"
#include "mime/mime_scan.h"

enum {
    MIME_BOUNDARY_MAX = 1000, /* octets; a longer one is not usable */
    MIME_NAME_MAX = 28,       /* of the fields that are looked at */
    MIME_BUCKETS = 128,
    MIME_SHORT = 250, /* octets of a type or a charset */
};

enum mime_mode { MIME_IN_HEADER, MIME_IN_BODY };

/* Where in a header line the machine is. */
enum mime_line {
    MIME_LINE_START,
    MIME_LINE_CR, /* a CR at the start: perhaps the blank line */
    MIME_LINE_NAME,
    MIME_LINE_BLANKS, /* between name and colon */
    MIME_LINE_VALUE,  /* of a field that is looked at */
    MIME_LINE_SKIP,   /* of one that is not */
    MIME_LINE_NO_FIELD,
};

/* The fields that shape a part: the first of each is kept. */
enum mime_kept { MIME_KEPT_TYPE, MIME_KEPT_ENCODING, MIME_KEPT_DISPOSITION, MIME_KEPT_COUNT };

struct mime_kept_field {
    uint64_t offset; /* of its name in the message */
    size_t at, size; /* its value in `text` */
    bool is_there;
};

/* An open multipart. Those of one bucket are chained, the innermost first. */
struct mime_open {
    uint32_t part;
    uint32_t hash;
    uint32_t below;      /* the next in the bucket, MIME_NONE */
    uint32_t last_child; /* MIME_NONE: no part yet */
    uint32_t told;       /* defects of the scan that were told already, a bit each */
    bool is_met;         /* its boundary occurred */
};

/* A header that is being read. */
struct mime_header {
    uint64_t begin;
    uint64_t line_at;  /* where the line began that is read */
    uint64_t no_field; /* the first line since the last field that is none; MIME_SCAN_NONE */
    uint64_t blank;    /* behind the first blank line, when nothing else was there; 0: none */
    uint32_t parent;
    bool has_lines, has_odd_name, has_mbox_line;
    enum mime_line line;
    uint8_t name_size;
    char name[MIME_NAME_MAX];
    uint32_t kept; /* the field that grows; MIME_KEPT_COUNT: none */
    struct mime_kept_field fields[MIME_KEPT_COUNT];
    bool has_declared; /* the boundary of its Content-Type was read */
    size_t declared_size;
    char declared[MIME_BOUNDARY_MAX];
};

struct mime_parser_inner {
    struct mime_scan scan;
    enum mime_mode mode;
    bool is_opaque;        /* a limit was passed: lines are no boundaries any more */
    bool is_guess;         /* the open part is a multipart that did not say its boundary */
    bool in_held;          /* a line that may be a boundary is being taken */
    bool held_over;        /* it is longer than any boundary */
    uint8_t held_line_end; /* of the line before it */
    uint64_t held_at;
    uint32_t part;    /* open; MIME_NONE: before the first */
    uint32_t told;    /* bits of the defects of the scan that the open part has */
    uint64_t bare_lf; /* the first of the message, and its part */
    uint32_t bare_lf_part;
    struct mime_header header;
    char *text; /* values of kept fields */
    size_t text_size, text_capacity;
    struct mime_open *open;
    uint32_t open_count, open_capacity;
    uint32_t buckets[MIME_BUCKETS];
    struct mime_value value;
    uint64_t work; /* steps that are not the scan's: the tests hold it against the octets */
    size_t held_size;
    char held[MIME_BOUNDARY_MAX + 8];
};

/* mime_header.c */
void mime_header_start(struct mime_parser *p, uint64_t begin, uint32_t parent);
/* Takes from the front of data, up to the end of a line at the most; returns the octets. */
size_t mime_header_feed(struct mime_parser *p, struct slice data);
/* A line at line_at that is no field. */
void mime_header_no_field(struct mime_parser *p);
/* A boundary at `at` stands where the header's blank line should be. */
void mime_header_cut(struct mime_parser *p, uint64_t at);
/* The header ends at `at` because the part does. One that nothing was seen of is no part unless
 * is_part says so, except that a message always has one. */
void mime_header_finish(struct mime_parser *p, uint64_t at, bool is_part);
struct slice mime_header_kept(const struct mime_parser *p, enum mime_kept k);

/* mime_part.c: what the fields say. */
/* The header is over; the part's body begins at `body`. */
void mime_part_begin(struct mime_parser *p, uint64_t body);
/* Is that the boundary that the unfinished header declares? */
bool mime_part_declares(struct mime_parser *p, struct slice boundary);

/* mime_boundary.c: the open multiparts. */
/* A whole line that begins with '-', without its end and blanks before it; it began at held_at.
 * False: it is no boundary. */
bool mime_boundary_line(struct mime_parser *p, struct slice line);
bool mime_boundary_is_open(struct mime_parser *p, struct slice boundary);
/* False: no memory. */
bool mime_boundary_push(struct mime_parser *p, uint32_t part);
/* Ends all that is open within the part `keep` (MIME_NONE: all). */
void mime_boundary_close(struct mime_parser *p, uint32_t keep, uint64_t end);

/* mime_parser.c */
/* Room for one more part; false: no memory. */
bool mime_parts_reserve(struct mime_parser *p);
/* What the scan noted becomes defects of the open part. */
void mime_scan_tell(struct mime_parser *p);

static inline bool mime_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

#endif
