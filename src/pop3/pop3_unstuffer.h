/* pop3_unstuffer: a message taken off the wire (RFC 1939 3): the inverse of codec's wire_stuffer.
 *
 * Octets behind the first line of RETR or TOP go in, in pieces of any size; slices of the message
 * come out, without the doubled dots and without the terminating line, until the end. Line ends are
 * left as they came. Nothing is copied and nothing is stored: a slice lies in the input or in
 * constant memory, and a line may be of any length.
 *
 * Where a message ends (C02, A51): at a line that is a dot alone. Servers mix line ends, and a
 * message may carry bare LFs of its own that a careless server neither widens nor stuffs behind.
 * Ending early loses mail and lets a message speak as the server, so:
 *   - once the server has used CRLF, in any line of the session, a dot ended by a bare LF is data;
 *   - once it has used CRLF in this message, a dot that follows a bare LF is data.
 * A server of LFs only ends by dot LF, and one that sends an LF message between CRLF replies ends
 * by dot CRLF.
 *
 * A line that starts with one dot which is neither doubled nor the end is kept whole and counted as
 * a defect (C03). */
#ifndef POPLIN_POP3_UNSTUFFER_H
#define POPLIN_POP3_UNSTUFFER_H

#include "base/slice.h"

struct pop3_unstuffer {
    uint64_t octets;   /* of the message so far, as it came, doubled dots not counted */
    uint64_t bare_lf;  /* line ends among them that lack CR: octets + bare_lf is LIST's measure */
    uint64_t defects;  /* lines that start with a dot that should have been doubled */
    bool server_crlf;  /* the server has used CRLF in this session */
    bool message_crlf; /* … in this message */
    bool after_bare;   /* the last line ended in a bare LF */
    bool after_cr;     /* the last octet was CR */
    uint8_t place;     /* the machine's own enum */
};

enum pop3_unstuffed {
    POP3_UNSTUFFED_WANT_INPUT, /* the input is used up */
    POP3_UNSTUFFED_DATA,       /* *data is the next of the message; call again */
    POP3_UNSTUFFED_END, /* the terminating line is taken; what is left in *input is not ours */
};

/* Starts a message. server_crlf: a line before it ended in CRLF. */
void pop3_unstuffer_init(struct pop3_unstuffer *u, bool server_crlf);

/* Takes octets from the front of *input. *data lives as long as the input does; behind the end it
 * must not be called again. */
enum pop3_unstuffed pop3_unstuffer_next(struct pop3_unstuffer *u, struct slice *input,
                                        struct slice *data);

#endif
