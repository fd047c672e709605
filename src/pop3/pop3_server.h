/* pop3_server: the server's side of one POP3 session (RFC 1939, 2449, 2595, 5034, 6856).
 *
 * Pure: octets that a client sent go in, events come out, the shell answers them, reply octets
 * come out. No I/O, no clock, no allocation; the memory is the caller's. Any split of the input
 * gives the same events and the same output.
 *
 * The shell's loop: feed what was read; handle the event; send `out`; repeat until the event is
 * WANT_INPUT. While an event waits for its answer (marked "answer:" below) feed takes nothing, so
 * pipelined commands stay in the shell's hands and in the kernel's (S33, S34). */
#ifndef POPLIN_POP3_SERVER_H
#define POPLIN_POP3_SERVER_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/status.h"

/* The shortest `out` that every call can work with, octets. */
enum { POP3_SERVER_OUT_MIN = 2 * LIMIT_REPLY_LINE };
/* The smallest line memory, and the one that takes SASL lines too (with their CRLF). */
enum {
    POP3_SERVER_LINE_MIN = LIMIT_COMMAND_LINE + 2,
    POP3_SERVER_LINE_MAX = LIMIT_SASL_LINE + 16,
};

enum pop3_phase {
    POP3_AUTHORIZATION, /* until the maildrop is open */
    POP3_TRANSACTION,
    POP3_UPDATE, /* QUIT was said in TRANSACTION */
    POP3_ENDED,  /* nothing is read any more; what is in out may still be sent */
};

/* Why a session ended; the log's words are in pop3_end_name. */
enum pop3_end {
    POP3_END_NONE,
    POP3_END_QUIT,           /* QUIT before login */
    POP3_END_UPDATED,        /* QUIT after login and every deletion done */
    POP3_END_NOT_REMOVED,    /* QUIT after login and some deletions failed */
    POP3_END_BAD_COMMANDS,   /* S35 */
    POP3_END_STLS_INJECTION, /* S24: octets behind STLS */
    POP3_END_SHUTDOWN,       /* pop3_server_shutdown */
};
const char *pop3_end_name(enum pop3_end end);

/* The maildrop as a session sees it: fixed at login (S03). i counts from 0. */
struct pop3_listing {
    const void *context;
    uint32_t count;                                        /* messages */
    uint64_t octets;                                       /* of all of them */
    uint64_t (*size)(const void *context, uint32_t i);     /* wire octets */
    struct slice (*uidl)(const void *context, uint32_t i); /* 1 to 70 octets of 0x21–0x7E */
};

/* How a listener and its configuration want the session to be; outlives the session. */
struct pop3_server_options {
    const char *greeting;       /* behind "+OK ", at most 200 printable octets */
    const char *implementation; /* CAPA IMPLEMENTATION after login; NULL: left out */
    const char *mechanisms;     /* SASL mechanisms in order, "PLAIN LOGIN"; "" for none */
    int32_t expire_days;        /* CAPA EXPIRE: -1 is NEVER */
    int32_t login_delay;        /* CAPA LOGIN-DELAY in seconds; -1: left out */
    uint8_t bad_before_login;   /* bad commands in a row that end the session (S35); 0: 3 */
    uint8_t bad_after_login;    /* the same after login; 0: 20 */
};

enum pop3_server_event_type {
    POP3_SERVER_WANT_INPUT,  /* everything fed was taken */
    POP3_SERVER_FLUSH,       /* out is too full for the next reply: send it, feed again */
    POP3_SERVER_GROW,        /* an AUTH line outgrew the line memory. answer: pop3_server_set_line
                                with POP3_SERVER_LINE_MAX octets, or _no_line */
    POP3_SERVER_PASS,        /* user and data (the password). answer: _opened or _refused */
    POP3_SERVER_AUTH,        /* mechanism (upper case) and, if has_initial, data.
                                answer: _challenge, _opened or _refused */
    POP3_SERVER_AUTH_DATA,   /* data: the decoded response. answer: as for AUTH */
    POP3_SERVER_AUTH_CANCEL, /* "*" or broken base64; the -ERR is written. No answer */
    POP3_SERVER_CLEARTEXT,   /* credentials refused for want of TLS (S23); user, if any, for the
                                log; the -ERR is written. No answer */
    POP3_SERVER_STLS,        /* the +OK is written. answer: send out, shake hands, _tls_started */
    POP3_SERVER_RETR,        /* message. answer: _body or _body_refused */
    POP3_SERVER_TOP,         /* message, lines. answer: as for RETR */
    POP3_SERVER_UPDATE,      /* QUIT: remove the marked ones. answer: _updated */
    POP3_SERVER_CLOSE,       /* send out, then close; s->end says why. No answer */
};

struct pop3_server_event {
    enum pop3_server_event_type type;
    uint32_t message;       /* RETR, TOP: index from 0 */
    uint64_t lines;         /* TOP: body lines, UINT64_MAX when the number did not fit */
    struct slice user;      /* PASS, CLEARTEXT; valid until the next call; empty, which no account's
                               name is, where the name was longer than LIMIT_USER_NAME */
    struct slice mechanism; /* AUTH; likewise */
    struct slice data;      /* PASS, AUTH, AUTH_DATA; likewise, wiped by the next call */
    bool has_initial;       /* AUTH: an initial response came, perhaps empty ("=") */
};

/* The fields are for the machine's own files and the tests; a shell reads phase, end, tls, utf8,
 * marked_count and leaves the rest alone. */
struct pop3_server {
    const struct pop3_server_options *options;
    struct pop3_listing listing;
    char *line; /* line memory: the caller's */
    uint32_t line_capacity;
    uint32_t line_size;
    uint64_t *marks; /* a bit for each message: deleted */
    uint32_t marked_count;
    uint64_t marked_octets;
    uint32_t row; /* the next row of a multi-line reply under way */
    uint16_t user_size;
    uint8_t phase;          /* enum pop3_phase */
    uint8_t waiting;        /* what answer is waited for: the machine's own enum */
    uint8_t reply;          /* which multi-line reply is under way: the machine's own enum */
    uint8_t end;            /* enum pop3_end */
    uint8_t bad;            /* bad commands in a row */
    uint8_t language;       /* of pop3_text.h */
    bool tls;               /* the octets come through TLS */
    bool stls_offered;      /* STLS may be used (not when tls) */
    bool cleartext_allowed; /* credentials may come without TLS */
    bool has_user, utf8, in_sasl;
    uint8_t skipping; /* why the line is thrown away: the machine's own enum */
    uint32_t skipped; /* octets thrown away so far */
    char user[LIMIT_USER_NAME];
};

/* Starts a session over the caller's line memory (at least POP3_SERVER_LINE_MIN octets) and writes
 * the greeting. `tls`: implicit TLS is up already. */
void pop3_server_init(struct pop3_server *s, const struct pop3_server_options *options, char *line,
                      size_t line_capacity, struct buf *out, bool tls, bool stls_offered,
                      bool cleartext_allowed);

/* Takes octets from the front of *input, appends replies to out (at least POP3_SERVER_OUT_MIN
 * octets of room at the first call), and says in *event what the shell must do next. */
void pop3_server_feed(struct pop3_server *s, struct slice *input, struct buf *out,
                      struct pop3_server_event *event);

/* Larger line memory (the content is copied) or smaller (only while no line is begun). While PASS,
 * AUTH or AUTH_DATA wait for their answer it may be either: their data is wiped then. */
void pop3_server_set_line(struct pop3_server *s, char *line, size_t capacity);
/* There is no memory for it: the line is skipped and answered with -ERR. */
void pop3_server_no_line(struct pop3_server *s);
/* No octet of a line is held, so that the line memory may be changed. */
bool pop3_server_line_is_empty(const struct pop3_server *s);

/* "+ " and the challenge in base64; at most LIMIT_SASL_DATA octets, and out must have room. */
void pop3_server_challenge(struct pop3_server *s, struct buf *out, struct slice challenge);

/* The maildrop is locked and listed (S01): +OK. `marks` is zeroed memory of at least
 * pop3_server_marks_size(count) octets; both it and the listing live until the session's end. */
void pop3_server_opened(struct pop3_server *s, struct buf *out, const struct pop3_listing *listing,
                        uint64_t *marks);
size_t pop3_server_marks_size(uint32_t count);

/* -ERR with the status' response code (S22). Still in AUTHORIZATION. */
void pop3_server_refused(struct pop3_server *s, struct buf *out, enum status why);

/* TLS is up: all that was learnt before is forgotten (S24). */
void pop3_server_tls_started(struct pop3_server *s);

/* The first line of RETR or TOP; the shell then sends the framed body and the terminator and says
 * _body_done. `octets` are the message's own, wire form (RETR names them, TOP does not). */
void pop3_server_body(struct pop3_server *s, struct buf *out, uint64_t octets);
void pop3_server_body_done(struct pop3_server *s);
/* The message cannot be had: -ERR, not counted as a bad command (S45). NOT_FOUND: it vanished. */
void pop3_server_body_refused(struct pop3_server *s, struct buf *out, enum status why);

/* UPDATE is over: +OK, or -ERR [SYS/TEMP] with both counts (S06). The next feed says CLOSE. */
void pop3_server_updated(struct pop3_server *s, struct buf *out, uint32_t removed, uint32_t failed);

/* True while no reply is owed: between commands. */
bool pop3_server_is_idle(const struct pop3_server *s);

/* Ends an idle session with -ERR [SYS/TEMP] and a text (S09); the next feed says CLOSE. */
void pop3_server_shutdown(struct pop3_server *s, struct buf *out);

bool pop3_server_is_marked(const struct pop3_server *s, uint32_t i);

#endif
