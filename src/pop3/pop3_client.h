/* pop3_client: the client's side of one POP3 session (RFC 1939, 2449, 2595, 5034).
 *
 * Pure: the caller queues commands, whose octets are appended to its `out`; octets that the server
 * sent go in, events come out. No I/O, no clock, no allocation; the memory is the caller's and
 * bounded whatever the server sends. Any split of the input gives the same events, but for where
 * DATA is cut.
 *
 * The caller's loop: queue what may be queued; send `out`; feed what was read until WANT_INPUT,
 * handling each event. Replies come in the order of the commands, and each event says which
 * command it belongs to. Limits on time, octets and rounds of a dialogue are the caller's.
 *
 * The server is hostile until proved otherwise. What cannot be understood any more, so that no
 * later reply could be told from mail, is a PROTOCOL_ERROR: the session is over, close it. What is
 * merely wrong is told with the event (fault, quirks, defects) and the session goes on. */
#ifndef POPLIN_POP3_CLIENT_H
#define POPLIN_POP3_CLIENT_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/status.h"
#include "pop3/pop3_capabilities.h"
#include "pop3/pop3_command.h"
#include "pop3/pop3_reply.h"
#include "pop3/pop3_unstuffer.h"

enum {
    POP3_CLIENT_LINE_MIN = 1024,                 /* line memory that takes all but AUTH dialogues */
    POP3_CLIENT_LINE_MAX = LIMIT_SASL_LINE + 16, /* … that takes those too */
    POP3_CLIENT_LINE_CUT = 1024 * 1024, /* octets of a line past its memory that end the session */
    POP3_CLIENT_ROWS = 1000,            /* rows of CAPA, AUTH or LANG that end it */
    POP3_CLIENT_STRAYS = 16,            /* empty lines where a reply is due that end it */
    POP3_CLIENT_INITIAL_LINE = 255,     /* octets of an AUTH line with its CRLF [RFC 5034 4] */
};

/* A reply that the server owes. */
struct pop3_awaited {
    uint32_t number; /* the message that the command names; 0: none */
    uint16_t octets; /* of the command with its CRLF */
    uint8_t verb;    /* enum pop3_verb */
    bool has_argument;
};

enum pop3_client_event_type {
    POP3_CLIENT_WANT_INPUT,     /* everything fed was taken */
    POP3_CLIENT_GREETING,       /* reply; with -ERR the session is over */
    POP3_CLIENT_REPLY,          /* reply; lines_follow: ROWs or DATA, then END, come next.
                                   STAT: stat and fault. LIST n, UIDL n: row and fault */
    POP3_CLIENT_ROW,            /* line; LIST and UIDL: row and fault; ranges and doubles are not
                                   looked for (pop3_row_set) */
    POP3_CLIENT_DATA,           /* RETR, TOP: data, the next octets of the message, unstuffed, line
                                   ends as they came */
    POP3_CLIENT_END,            /* the terminating line; rows, or octets, wire_octets and defects */
    POP3_CLIENT_CONTINUE,       /* AUTH: is_base64 and data, the decoded challenge, or reply.text
                                   as it came. answer: pop3_client_response or _cancel */
    POP3_CLIENT_STLS_READY,     /* reply: shake hands now, then pop3_client_tls_started. Octets in
                                   the caller's hands behind it are an attack: feed finds them */
    POP3_CLIENT_PROTOCOL_ERROR, /* error; reply where there was one. Every later feed says it again
                                 */
};

enum pop3_client_error {
    POP3_CLIENT_NO_ERROR,
    POP3_CLIENT_NOT_A_REPLY,    /* a first line with neither + nor - */
    POP3_CLIENT_UNASKED,        /* a reply that no command is waiting for; it may say why */
    POP3_CLIENT_LINE_TOO_LONG,  /* a line without an end, or a challenge past the line memory */
    POP3_CLIENT_TOO_MANY_ROWS,  /* more than row_limit, or POP3_CLIENT_ROWS */
    POP3_CLIENT_STLS_INJECTION, /* octets behind the answer to STLS (C12) */
};
/* As a sentence fragment. Never NULL. */
const char *pop3_client_error_text(enum pop3_client_error error);

struct pop3_client_event {
    enum pop3_client_event_type type;
    enum pop3_client_error error;
    enum pop3_verb verb;     /* the command that this answers; POP3_VERB_COUNT: none */
    bool has_argument;       /* it had one */
    uint32_t number;         /* the message it named; 0: none */
    struct pop3_reply reply; /* like every slice here: valid until the next call */
    bool lines_follow;
    enum pop3_fault fault;
    struct pop3_stat stat;
    struct pop3_row row;
    struct slice line;    /* ROW: without its line end and doubled dot */
    struct slice data;    /* DATA, CONTINUE */
    bool is_base64;       /* CONTINUE */
    uint64_t rows;        /* END: of a listing */
    uint64_t octets;      /* END: of the message as it came */
    uint64_t wire_octets; /* END: with CRLF at every line end, as LIST counts */
    uint64_t defects;     /* END: lines whose first dot was not doubled (C03) */
};

/* The caller may read awaited_count, unanswered_octets and capabilities, and set row_limit; the
 * rest is the machine's. */
struct pop3_client {
    char *line; /* line memory: the caller's */
    uint32_t line_capacity;
    uint32_t line_size;
    uint64_t line_cut;            /* octets of the line that did not fit */
    struct pop3_awaited *awaited; /* a ring: the caller's */
    uint16_t awaited_capacity;
    uint16_t awaited_first;
    uint16_t awaited_count;     /* replies owed */
    uint32_t unanswered_octets; /* of the commands behind them (C14) */
    uint32_t row_limit;         /* rows of one LIST or UIDL; at first LIMIT_MESSAGES */
    uint64_t rows;
    struct pop3_awaited current; /* the command whose answer is being read */
    struct pop3_unstuffer body;
    struct pop3_capabilities capabilities; /* as the last CAPA said; AUTH's bare list joins in */
    uint8_t state;                         /* the machine's own enum */
    uint8_t error;                         /* enum pop3_client_error */
    uint8_t strays;
    char last_octet;  /* of the line being read */
    bool line_taken;  /* the line memory is free from the next call on */
    bool server_crlf; /* the server has ended a line in CRLF */
    bool our_turn;    /* a challenge waits for its response */
};

/* Starts a session over line memory of POP3_CLIENT_LINE_MIN octets or more and a ring of one
 * awaited reply or more: so many commands can be in flight. The first thing fed is the greeting. */
void pop3_client_init(struct pop3_client *c, char *line, size_t line_capacity,
                      struct pop3_awaited *awaited, uint16_t awaited_capacity);

/* Queues a command and appends its line to out, or does neither:
 *   MALFORMED  CR, LF or NUL in the arguments (A54), or arguments missing or too many
 *   TOO_LARGE  longer than LIMIT_COMMAND_LINE
 *   AGAIN      no greeting yet; or behind STLS, AUTH or QUIT, which nothing may be pipelined after;
 *              or no room in out: send it first
 *   LIMIT      as many replies owed as the ring holds
 *   CLOSED     the session is over
 * `arguments` are all that stands behind the verb and its blank; "" for none. PASS takes blanks as
 * they are. Not for AUTH with a mechanism. */
enum status pop3_client_command(struct pop3_client *c, struct buf *out, enum pop3_verb verb,
                                struct slice arguments);

/* APOP [RFC 1939 7], whose answer is told as that of PASS. MALFORMED: a user name with a blank. */
enum status pop3_client_apop(struct pop3_client *c, struct buf *out, struct slice user,
                             struct slice digest);

/* LIST, UIDL, RETR or DELE of a message, from 1. */
enum status pop3_client_message(struct pop3_client *c, struct buf *out, enum pop3_verb verb,
                                uint32_t number);
enum status pop3_client_top(struct pop3_client *c, struct buf *out, uint32_t number,
                            uint64_t lines);

/* AUTH with a mechanism; *initial, unless NULL, is the initial response, encoded here. TOO_LARGE
 * also where it does not fit POP3_CLIENT_INITIAL_LINE: call without and send it as the response to
 * the empty challenge. */
enum status pop3_client_auth(struct pop3_client *c, struct buf *out, struct slice mechanism,
                             const struct slice *initial);

/* Answers a challenge; data is encoded here and may be empty. AGAIN: no room; CLOSED: no challenge
 * waits. */
enum status pop3_client_response(struct pop3_client *c, struct buf *out, struct slice data);
/* "*": the server then says -ERR. */
enum status pop3_client_cancel(struct pop3_client *c, struct buf *out);

/* Takes octets from the front of *input and says in *event what they mean. Call again until
 * WANT_INPUT. */
void pop3_client_feed(struct pop3_client *c, struct slice *input, struct pop3_client_event *event);

/* TLS is up: all that was learnt before is forgotten (C04, A45). Only after STLS_READY. */
void pop3_client_tls_started(struct pop3_client *c);

/* No reply is owed and none begun: a connection that ends now cuts nothing off (C09). */
bool pop3_client_is_idle(const struct pop3_client *c);
/* The QUIT was answered, or the greeting was -ERR: nothing more can be said. */
bool pop3_client_is_ended(const struct pop3_client *c);

#endif
