/* poplin/pop3.h: POP3 without input and output, for those who have an event loop of their own: the
 * client's machine, the server's machine, and the framing of messages (RFC 1939, 2449, 2595, 5034,
 * 6856).
 *
 * A machine is fed the octets that came from the peer and says what they mean, one event at a time;
 * what is to be sent gathers in its output. Any split of the input gives the same events. Memory is
 * bounded whatever the peer sends. No I/O, no clock, no threads: a handle is used by one thread at
 * a time, different handles by any.
 *
 * The loop of either side: send the output; read; feed until WANT_INPUT, handling each event. The
 * limits on time are the caller's. */
#ifndef POPLIN_POP3_H
#define POPLIN_POP3_H

#include <poplin/api.h>

#ifdef __cplusplus
extern "C" {
#endif

enum poplin_pop3_verb {
    POPLIN_POP3_NONE = 0,
    POPLIN_POP3_USER = 1,
    POPLIN_POP3_PASS = 2,
    POPLIN_POP3_AUTH = 3,
    POPLIN_POP3_STLS = 4,
    POPLIN_POP3_UTF8 = 5,
    POPLIN_POP3_STAT = 6,
    POPLIN_POP3_LIST = 7,
    POPLIN_POP3_UIDL = 8,
    POPLIN_POP3_RETR = 9,
    POPLIN_POP3_TOP = 10,
    POPLIN_POP3_DELE = 11,
    POPLIN_POP3_RSET = 12,
    POPLIN_POP3_NOOP = 13,
    POPLIN_POP3_CAPA = 14,
    POPLIN_POP3_LANG = 15,
    POPLIN_POP3_QUIT = 16
};

/* ---- the client ---- */

struct poplin_pop3_client;

enum poplin_pop3_client_event_type {
    POPLIN_POP3_CLIENT_WANT_INPUT = 0,    /* everything fed was taken */
    POPLIN_POP3_CLIENT_GREETING = 1,      /* answer, code, text; with ERR the session is over */
    POPLIN_POP3_CLIENT_REPLY = 2,         /* answer, code, text; lines_follow: ROWs or DATA, then
                                             END, come next. STAT: messages, octets and fault. LIST n
                                             and UIDL n: row_… and fault */
    POPLIN_POP3_CLIENT_ROW = 3,           /* line; LIST and UIDL: row_… and fault */
    POPLIN_POP3_CLIENT_DATA = 4,          /* RETR, TOP: data, the next octets of the message,
                                             unstuffed, line ends as they came */
    POPLIN_POP3_CLIENT_END = 5,           /* rows, or octets, wire_octets and defects */
    POPLIN_POP3_CLIENT_CONTINUE = 6,      /* AUTH: data, the decoded challenge. Answer it by
                                             poplin_pop3_client_response or _cancel */
    POPLIN_POP3_CLIENT_STLS_READY = 7,    /* shake hands now, then poplin_pop3_client_tls_started */
    POPLIN_POP3_CLIENT_PROTOCOL_ERROR = 8 /* error_text: nothing that comes later could be
                                             understood; close. Every later feed says it again */
};

enum poplin_pop3_answer {
    POPLIN_POP3_ANSWER_OK = 0,
    POPLIN_POP3_ANSWER_ERR = 1,
    POPLIN_POP3_ANSWER_CONTINUE = 2
};

/* Why a row or a STAT is useless, or worth less. */
enum poplin_pop3_fault {
    POPLIN_POP3_FAULT_NONE = 0,
    POPLIN_POP3_FAULT_NUMBER = 1, /* no message number where one is due */
    POPLIN_POP3_FAULT_ZERO = 2,   /* message 0 */
    POPLIN_POP3_FAULT_RANGE = 3,  /* a number out of range */
    POPLIN_POP3_FAULT_TWICE = 4,  /* a number that was there before */
    POPLIN_POP3_FAULT_OTHER = 5,  /* about another message than was asked for */
    POPLIN_POP3_FAULT_SIZE = 6,   /* the size is missing; the number is good */
    POPLIN_POP3_FAULT_UID = 7,    /* the unique-id is missing; the number is good */
    POPLIN_POP3_FAULT_CUT = 8     /* the line was too long to be kept */
};

/* Slices are valid until the next call with the same handle. */
struct poplin_pop3_client_event {
    size_t size; /* of this struct, as the library knows it */
    enum poplin_pop3_client_event_type type;
    enum poplin_pop3_verb verb; /* the command that this answers */
    uint32_t number;            /* the message that it named; 0: none */
    enum poplin_pop3_answer answer;
    enum poplin_status refusal; /* what the response code of an ERR says: IN_USE, DENIED, … */
    struct poplin_slice code;   /* the response code without its brackets, or nothing */
    struct poplin_slice text;   /* the free text of the answer: any octets */
    bool lines_follow;
    enum poplin_pop3_fault fault;
    uint32_t messages;        /* STAT */
    uint32_t row_number;      /* LIST, UIDL: from 1; 0 where it makes no sense */
    uint64_t row_octets;      /* LIST */
    struct poplin_slice uid;  /* UIDL */
    struct poplin_slice line; /* ROW: without its line end */
    struct poplin_slice data; /* DATA, CONTINUE */
    uint64_t octets;          /* STAT: of all messages; END: of the message as it came */
    uint64_t wire_octets;     /* END: with CRLF at every line end, as LIST counts */
    uint64_t rows;            /* END: of a listing */
    uint64_t defects;         /* END: lines whose first dot should have been doubled */
    const char *error_text;   /* PROTOCOL_ERROR; else "" */
};

/* A session of which in_flight commands (1 to 4096) can wait for their answer. NULL: no memory. The
 * first thing fed is the greeting. */
POPLIN_API struct poplin_pop3_client *poplin_pop3_client_new(unsigned in_flight);
POPLIN_API void poplin_pop3_client_free(struct poplin_pop3_client *client);

/* Queues a command. `arguments` is all that stands behind the verb and its blank.
 *   AGAIN      no greeting yet; behind STLS, AUTH or QUIT, which nothing may follow before their
 *              answer; or too much output waits: send it first
 *   LIMIT      as many commands in flight as there may be
 *   MALFORMED  CR, LF or NUL in the arguments, or too few or too many of them
 *   TOO_LARGE  the line is longer than servers must take
 *   CLOSED     the session is over
 * Whether a server takes pipelined commands is in its capabilities. */
POPLIN_API enum poplin_status poplin_pop3_client_command(struct poplin_pop3_client *client,
                                                         enum poplin_pop3_verb verb,
                                                         struct poplin_slice arguments);
/* LIST, UIDL, RETR or DELE of a message, from 1. */
POPLIN_API enum poplin_status poplin_pop3_client_message(struct poplin_pop3_client *client,
                                                         enum poplin_pop3_verb verb,
                                                         uint32_t number);
POPLIN_API enum poplin_status poplin_pop3_client_top(struct poplin_pop3_client *client,
                                                     uint32_t number, uint64_t lines);
/* AUTH; `initial`, unless NULL, is the initial response, encoded here. */
POPLIN_API enum poplin_status poplin_pop3_client_auth(struct poplin_pop3_client *client,
                                                      struct poplin_slice mechanism,
                                                      const struct poplin_slice *initial);
/* The answer to CONTINUE, encoded here; or giving up: the server then says -ERR. */
POPLIN_API enum poplin_status poplin_pop3_client_response(struct poplin_pop3_client *client,
                                                          struct poplin_slice data);
POPLIN_API enum poplin_status poplin_pop3_client_cancel(struct poplin_pop3_client *client);

/* What is to be sent; and so many octets of it were. Secrets are wiped once they are sent. */
POPLIN_API struct poplin_slice poplin_pop3_client_output(const struct poplin_pop3_client *client);
POPLIN_API void poplin_pop3_client_sent(struct poplin_pop3_client *client, size_t octets);

/* Takes octets from the front of *input and says what they mean; the event is the handle's. Call
 * again until WANT_INPUT. */
POPLIN_API const struct poplin_pop3_client_event *
poplin_pop3_client_feed(struct poplin_pop3_client *client, struct poplin_slice *input);

/* After STLS_READY and the handshake: all that was learnt before is forgotten. */
POPLIN_API void poplin_pop3_client_tls_started(struct poplin_pop3_client *client);

/* Rows that one LIST or UIDL may have, else it is a protocol error: set it to what STAT said. */
POPLIN_API void poplin_pop3_client_set_row_limit(struct poplin_pop3_client *client, uint32_t rows);

/* What the last CAPA said. */
enum {
    POPLIN_POP3_HAS_TOP = 1,
    POPLIN_POP3_HAS_USER = 2,
    POPLIN_POP3_HAS_SASL = 4,
    POPLIN_POP3_HAS_RESP_CODES = 8,
    POPLIN_POP3_HAS_AUTH_RESP_CODE = 16,
    POPLIN_POP3_HAS_LOGIN_DELAY = 32,
    POPLIN_POP3_HAS_PIPELINING = 64,
    POPLIN_POP3_HAS_EXPIRE = 128,
    POPLIN_POP3_HAS_UIDL = 256,
    POPLIN_POP3_HAS_STLS = 512,
    POPLIN_POP3_HAS_UTF8 = 1024,
    POPLIN_POP3_HAS_UTF8_USER = 2048,
    POPLIN_POP3_HAS_LANG = 4096,
    POPLIN_POP3_HAS_IMPLEMENTATION = 8192,
    POPLIN_POP3_HAS_LIST = 1 << 30 /* there was a CAPA list: what is not set is not offered */
};
POPLIN_API uint32_t poplin_pop3_client_capabilities(const struct poplin_pop3_client *client);
/* Whether it named a SASL mechanism, in any letter case. */
POPLIN_API bool poplin_pop3_client_has_mechanism(const struct poplin_pop3_client *client,
                                                 const char *mechanism);

/* Commands that wait for their answer. */
POPLIN_API unsigned poplin_pop3_client_in_flight(const struct poplin_pop3_client *client);
/* No answer is owed and none begun: a connection that ends now cuts nothing off. */
POPLIN_API bool poplin_pop3_client_is_idle(const struct poplin_pop3_client *client);
/* QUIT was answered, or the greeting was a refusal. */
POPLIN_API bool poplin_pop3_client_is_ended(const struct poplin_pop3_client *client);

POPLIN_API const char *poplin_pop3_fault_text(enum poplin_pop3_fault fault);

/* ---- the server ---- */

struct poplin_pop3_server;

/* Texts and the context are the caller's and outlive the session. Zero is a good value for all but
 * size and greeting. */
struct poplin_pop3_server_options {
    size_t size;                /* sizeof(struct poplin_pop3_server_options) */
    const char *greeting;       /* behind "+OK ", at most 200 printable octets */
    const char *implementation; /* told by CAPA after login; NULL: nothing */
    const char *mechanisms;     /* SASL mechanisms: "PLAIN LOGIN"; NULL: none */
    bool tls;                   /* implicit TLS is up */
    bool stls;                  /* STLS may be used */
    bool cleartext;             /* passwords may come without TLS */
    uint32_t expire_days;       /* told by CAPA; 0: NEVER */
    uint32_t login_delay;       /* seconds, told by CAPA; 0: nothing */
};

/* The maildrop as the session sees it until its end. Index i counts from 0. */
struct poplin_pop3_listing {
    size_t size; /* sizeof(struct poplin_pop3_listing) */
    void *context;
    uint32_t count;                                       /* messages */
    uint64_t octets;                                      /* of all, as poplin_pop3_wire_octets */
    uint64_t (*octets_of)(void *context, uint32_t index); /* of one */
    struct poplin_slice (*uid_of)(void *context, uint32_t index); /* 1 to 70 of 0x21 to 0x7E */
};

enum poplin_pop3_server_event_type {
    POPLIN_POP3_SERVER_WANT_INPUT = 0, /* everything fed was taken */
    POPLIN_POP3_SERVER_FLUSH = 1,      /* too much output waits: send it, feed again */
    POPLIN_POP3_SERVER_PASS = 2,       /* user and data (the password). Answer: _opened, _refused */
    POPLIN_POP3_SERVER_AUTH = 3,       /* mechanism in capitals and, if has_initial, data.
                                          Answer: _challenge, _opened or _refused */
    POPLIN_POP3_SERVER_AUTH_DATA = 4,  /* data: the decoded response. Answer: as for AUTH */
    POPLIN_POP3_SERVER_AUTH_CANCEL = 5, /* the client gave up. No answer */
    POPLIN_POP3_SERVER_CLEARTEXT = 6,   /* a password refused for want of TLS. No answer */
    POPLIN_POP3_SERVER_STLS = 7,        /* send the output, shake hands. Answer: _tls_started */
    POPLIN_POP3_SERVER_RETR = 8,        /* index. Answer: _body or _body_refused */
    POPLIN_POP3_SERVER_TOP = 9,         /* index and lines. Answer: as for RETR */
    POPLIN_POP3_SERVER_UPDATE = 10,     /* QUIT: remove what is marked. Answer: _updated */
    POPLIN_POP3_SERVER_CLOSE = 11       /* send the output, then close. No answer */
};

/* Slices are valid until the next call with the same handle, and wiped by it. */
struct poplin_pop3_server_event {
    size_t size; /* of this struct, as the library knows it */
    enum poplin_pop3_server_event_type type;
    uint32_t index; /* RETR, TOP: of the message, from 0 */
    uint64_t lines; /* TOP: of the body; UINT64_MAX where the number was larger */
    struct poplin_slice user;
    struct poplin_slice mechanism;
    struct poplin_slice data;
    bool has_initial;
};

/* Writes the greeting. NULL: no memory, or options without size or greeting. */
POPLIN_API struct poplin_pop3_server *
poplin_pop3_server_new(const struct poplin_pop3_server_options *options);
POPLIN_API void poplin_pop3_server_free(struct poplin_pop3_server *server);

/* Takes octets from the front of *input and says what to do next; the event is the handle's. While
 * an answer is due (see above) it takes nothing and says WANT_INPUT. */
POPLIN_API const struct poplin_pop3_server_event *
poplin_pop3_server_feed(struct poplin_pop3_server *server, struct poplin_slice *input);

POPLIN_API struct poplin_slice poplin_pop3_server_output(const struct poplin_pop3_server *server);
POPLIN_API void poplin_pop3_server_sent(struct poplin_pop3_server *server, size_t octets);

/* The answers. A call that no event asked for says CLOSED and does nothing; AGAIN: no room, send
 * the output first. */

/* The maildrop is open: copied, but for what it points to. NO_MEMORY: refuse it instead. */
POPLIN_API enum poplin_status poplin_pop3_server_opened(struct poplin_pop3_server *server,
                                                        const struct poplin_pop3_listing *listing);
/* -ERR with the response code of `why`. */
POPLIN_API enum poplin_status poplin_pop3_server_refused(struct poplin_pop3_server *server,
                                                         enum poplin_status why);
POPLIN_API enum poplin_status poplin_pop3_server_challenge(struct poplin_pop3_server *server,
                                                           struct poplin_slice challenge);
POPLIN_API enum poplin_status poplin_pop3_server_tls_started(struct poplin_pop3_server *server);

/* The message follows: its wire octets; then data in pieces, as it is stored, with LF or CRLF: it
 * is brought into wire form here. `data` takes from the front of *stored what there is room for
 * (AGAIN while some is left), `end` closes it. For TOP give what poplin_pop3_top leaves of the
 * message. */
POPLIN_API enum poplin_status poplin_pop3_server_body(struct poplin_pop3_server *server,
                                                      uint64_t wire_octets);
POPLIN_API enum poplin_status poplin_pop3_server_body_data(struct poplin_pop3_server *server,
                                                           struct poplin_slice *stored);
POPLIN_API enum poplin_status poplin_pop3_server_body_end(struct poplin_pop3_server *server);
/* The message cannot be had. */
POPLIN_API enum poplin_status poplin_pop3_server_body_refused(struct poplin_pop3_server *server,
                                                              enum poplin_status why);
/* So many of the marked messages are gone for good, so many could not be removed. */
POPLIN_API enum poplin_status poplin_pop3_server_updated(struct poplin_pop3_server *server,
                                                         uint32_t removed, uint32_t failed);

POPLIN_API bool poplin_pop3_server_is_marked(const struct poplin_pop3_server *server,
                                             uint32_t index);
/* Between commands: no reply is owed. */
POPLIN_API bool poplin_pop3_server_is_idle(const struct poplin_pop3_server *server);
/* Ends an idle session with -ERR [SYS/TEMP]; the next feed says CLOSE. CLOSED: not idle. */
POPLIN_API enum poplin_status poplin_pop3_server_shut_down(struct poplin_pop3_server *server);

/* ---- framing ---- */

/* Octets of a stored message in wire form: CRLF at every line end, one at its end, doubled dots and
 * the last line not counted. What STAT, LIST and poplin_pop3_server_body say. */
POPLIN_API uint64_t poplin_pop3_wire_octets(struct poplin_slice stored);
/* The front of a stored message: its header, the blank line and so many lines of its body. */
POPLIN_API struct poplin_slice poplin_pop3_top(struct poplin_slice stored, uint64_t lines);

/* From stored form to the wire. Memory is the caller's; the fields are the library's. */
struct poplin_pop3_stuffer {
    uint64_t reserved[8];
};
POPLIN_API void poplin_pop3_stuffer_init(struct poplin_pop3_stuffer *stuffer);
/* Takes from the front of *stored, writes to out, stops when *stored is empty or fewer than 3
 * octets of room are left; gives the octets written. */
POPLIN_API size_t poplin_pop3_stuff(struct poplin_pop3_stuffer *stuffer,
                                    struct poplin_slice *stored, char *out, size_t room);
/* The last line end, if it lacks, and the terminating line; at most 5 octets. */
POPLIN_API size_t poplin_pop3_stuff_end(struct poplin_pop3_stuffer *stuffer, char *out);

/* From the wire: messages behind a first line, any split. */
struct poplin_pop3_unstuffer {
    uint64_t reserved[8];
};
enum poplin_pop3_unstuffed {
    POPLIN_POP3_UNSTUFFED_WANT_INPUT = 0,
    POPLIN_POP3_UNSTUFFED_DATA = 1, /* *data is the next of the message; call again */
    POPLIN_POP3_UNSTUFFED_END = 2   /* what is left in *input belongs to the next reply */
};
/* server_crlf: the server has ended a line in CRLF before. */
POPLIN_API void poplin_pop3_unstuffer_init(struct poplin_pop3_unstuffer *unstuffer,
                                           bool server_crlf);
POPLIN_API enum poplin_pop3_unstuffed poplin_pop3_unstuff(struct poplin_pop3_unstuffer *unstuffer,
                                                          struct poplin_slice *input,
                                                          struct poplin_slice *data);

#ifdef __cplusplus
}
#endif

#endif
