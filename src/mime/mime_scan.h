/* mime_scan: the one look at every octet. Blocks of 64 become masks in which line ends, NULs and
 * lines that begin with "--" are found by shifts; what is odd in a line is noted in passing, so
 * that no second look is needed. Every x86-64 has SSE2; AVX2 is asked for at run time; the scalar
 * twin serves other processors and holds the others to account in the tests. */
#ifndef POPLIN_MIME_SCAN_H
#define POPLIN_MIME_SCAN_H

#include "base/slice.h"

enum { MIME_SCAN_LINE_MAX = 998 }; /* octets of a line without its end [RFC 5322 2.1.1] */

#define MIME_SCAN_NONE UINT64_MAX

/* Offsets are those of the message; NONE: not met. The caller sets them back when a new part
 * begins. */
struct mime_scan {
    uint64_t offset;    /* octets looked at */
    uint64_t line;      /* where the current line began */
    uint64_t nul;       /* the first of its kind … */
    uint64_t bare_cr;   /* a CR that no LF follows */
    uint64_t bare_lf;   /* an LF that follows no CR */
    uint64_t long_line; /* begin of a line of more than MIME_SCAN_LINE_MAX octets */
    uint64_t high;      /* an octet above 127: only lines looked at by mime_scan_line */
    bool has_crlf;
    bool after_cr;
    uint8_t line_end; /* octets of the end of the line before: 0, 1 or 2 */
};

void mime_scan_init(struct mime_scan *s);

/* Takes what is left of a line, its LF included, or all of it. Returns the octets taken. */
size_t mime_scan_line(struct mime_scan *s, struct slice data);

/* Takes all octets before a line that begins with "--" (or with a '-' that is the last octet or
 * the last of a block), or all of them. */
size_t mime_scan_body(struct mime_scan *s, struct slice data);

/* Takes all octets. */
void mime_scan_rest(struct mime_scan *s, struct slice data);

/* The message is over: a CR or a long line at its end is told. */
void mime_scan_end(struct mime_scan *s);

/* The twins, for the tests. */
enum mime_scan_stop { MIME_SCAN_LF, MIME_SCAN_DASHES, MIME_SCAN_NOTHING };
size_t mime_scan_scalar(struct mime_scan *s, struct slice data, enum mime_scan_stop stop);
#if defined(__x86_64__)
size_t mime_scan_sse2(struct mime_scan *s, struct slice data, enum mime_scan_stop stop);
#endif

#endif
