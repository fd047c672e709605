/* wire: stored lines into the form they have on the wire, and the measure of it.
 *
 * Mail lies in files with LF or CRLF or both. On the wire every line ends in CRLF (a bare LF
 * becomes CRLF, CRLF stays, a lone CR is data), data that does not end in CRLF gets one (an empty
 * message too, so an empty file is 2 octets), and a dot at a line start is doubled (RFC 1939 3).
 * "Wire octets" are counted with CRLF, without doubled dots and without the terminating line
 * (RFC 1939 11): what STAT and LIST say.
 *
 * The inner loops look at 64 octets at a time; wire_*_scalar are their twins, one octet at
 * a time, against which the tests hold them. */
#ifndef POPLIN_CODEC_WIRE_H
#define POPLIN_CODEC_WIRE_H

#include "base/slice.h"

/* What stored bytes need to become wire form; 0: send them as they are, then ".\r\n". */
enum {
    WIRE_NEEDS_CRLF = 1, /* some line ends in a bare LF */
    WIRE_NEEDS_DOTS = 2, /* some line starts with a dot */
    WIRE_NEEDS_END = 4,  /* the last octets are not CRLF (once bare LFs are widened) */
};

/* Measures stored bytes fed in pieces; any split gives the same. */
struct wire_measure {
    uint64_t octets; /* wire octets so far, the missing end not counted before wire_measure_end */
    unsigned needs;  /* WIRE_NEEDS_… so far */
    bool after_cr;   /* the last octet was CR */
    bool line_start; /* the next octet starts a line */
};

void wire_measure_init(struct wire_measure *m);
void wire_measure_feed(struct wire_measure *m, struct slice stored);
void wire_measure_feed_scalar(struct wire_measure *m, struct slice stored);
/* Adds the missing end, if any. After it octets and needs are final. */
void wire_measure_end(struct wire_measure *m);

/* Writes the framed form of stored bytes fed in pieces: CRLF ends and doubled dots. */
struct wire_stuffer {
    uint64_t octets; /* wire octets written so far, doubled dots and terminator not counted */
    bool after_cr;
    bool line_start;
};

/* Octets of output that one octet of input can need at the most. */
enum { WIRE_EXPANSION = 3 };
/* Octets that wire_stuff_end can write: CRLF, dot, CRLF. */
enum { WIRE_END_MAX = 5 };

void wire_stuffer_init(struct wire_stuffer *w);

/* Takes octets from the front of *stored and writes their framed form into out; stops when *stored
 * is empty or fewer than WIRE_EXPANSION octets are left in out. Returns the octets written. */
size_t wire_stuff(struct wire_stuffer *w, struct slice *stored, char *out, size_t room);
size_t wire_stuff_scalar(struct wire_stuffer *w, struct slice *stored, char *out, size_t room);

/* The missing CRLF, if any, and the terminating line; room is at least WIRE_END_MAX. */
size_t wire_stuff_end(struct wire_stuffer *w, char *out);

#endif
