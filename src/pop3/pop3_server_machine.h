/* pop3_server_machine: what the files of the server's machine share. Only they include it.
 *
 *   pop3_server.c           starting, the loop, ending
 *   pop3_server_line.c      octets into lines, within the caller's line memory
 *   pop3_server_command.c   lines into handlers: the verb table at work, bad commands
 *   pop3_server_login.c     USER, PASS, AUTH, STLS, UTF8 and their answers
 *   pop3_server_maildrop.c  STAT, LIST, UIDL, RETR, TOP, DELE, RSET, QUIT and their answers
 *   pop3_server_reply.c     first lines, and the lines of multi-line replies */
#ifndef POPLIN_POP3_SERVER_MACHINE_H
#define POPLIN_POP3_SERVER_MACHINE_H

#include "pop3/pop3_command.h"
#include "pop3/pop3_server.h"
#include "pop3/pop3_text.h"

/* What the shell owes. */
enum {
    POP3_WAITS_FOR_NOTHING,
    POP3_WAITS_FOR_LINE,      /* GROW: _set_line or _no_line */
    POP3_WAITS_FOR_LOGIN,     /* PASS, AUTH, AUTH_DATA; the event's slices lie in the line memory */
    POP3_WAITS_FOR_TLS,       /* _tls_started */
    POP3_WAITS_FOR_BODY,      /* RETR: _body or _body_refused */
    POP3_WAITS_FOR_TOP,       /* the same, for TOP */
    POP3_WAITS_FOR_BODY_DONE, /* _body_done */
    POP3_WAITS_FOR_UPDATE,    /* _updated */
};

/* The multi-line reply under way; s->row is the next of its lines. */
enum {
    POP3_LINES_NONE,
    POP3_LINES_LIST,
    POP3_LINES_UIDL,
    POP3_LINES_CAPA,
    POP3_LINES_MECHANISMS,
    POP3_LINES_LANGUAGES,
};

/* Why the rest of a line is thrown away. */
enum {
    POP3_SKIPPING_NOTHING,
    POP3_SKIPPING_TOO_LONG,
    POP3_SKIPPING_NO_MEMORY,
};

/* How taking a line from the input went. */
enum pop3_taken {
    POP3_TAKEN_PART,     /* the input is used up, the line goes on */
    POP3_TAKEN_LINE,     /* s->line holds a line without its end */
    POP3_TAKEN_OUTGROWN, /* the line memory is full and an AUTH line goes on */
    POP3_TAKEN_SKIPPED,  /* a line was thrown away to its end; s->skipping says why */
    POP3_TAKEN_ENDLESS,  /* a line being thrown away never ends */
};

typedef void pop3_server_handler(struct pop3_server *s, const struct pop3_command_line *line,
                                 struct buf *out, struct pop3_server_event *event);

/* pop3_server.c */
void pop3_server_end(struct pop3_server *s, enum pop3_end end);

/* pop3_server_line.c */
enum pop3_taken pop3_server_take_line(struct pop3_server *s, struct slice *input);
/* Wipes the line: what it held may have been a password. */
void pop3_server_forget_line(struct pop3_server *s);

/* pop3_server_command.c */
void pop3_server_handle_line(struct pop3_server *s, struct buf *out,
                             struct pop3_server_event *event);
/* A line that is no command: -ERR, and the session's end when there were too many (S35). */
void pop3_server_bad(struct pop3_server *s, struct buf *out, enum pop3_text text);

/* pop3_server_login.c */
pop3_server_handler pop3_server_user, pop3_server_pass, pop3_server_auth, pop3_server_stls,
    pop3_server_utf8;
void pop3_server_sasl_line(struct pop3_server *s, struct buf *out, struct pop3_server_event *event);
/* Ends an AUTH dialogue with -ERR and tells the shell. */
void pop3_server_cancel_auth(struct pop3_server *s, struct buf *out, enum pop3_text text,
                             struct pop3_server_event *event);

/* pop3_server_maildrop.c */
pop3_server_handler pop3_server_stat, pop3_server_list, pop3_server_uidl, pop3_server_retr,
    pop3_server_top, pop3_server_dele, pop3_server_rset, pop3_server_quit;

/* pop3_server_reply.c: one line each, at most LIMIT_REPLY_LINE octets. A code is a response code
 * without its brackets, "" for none. */
void pop3_server_ok(const struct pop3_server *s, struct buf *out, enum pop3_text text);
void pop3_server_ok_numbers(const struct pop3_server *s, struct buf *out, enum pop3_text text,
                            uint64_t first, uint64_t second);
void pop3_server_error(const struct pop3_server *s, struct buf *out, enum pop3_text text);
void pop3_server_error_code(const struct pop3_server *s, struct buf *out, const char *code,
                            enum pop3_text text);
void pop3_server_error_numbers(const struct pop3_server *s, struct buf *out, const char *code,
                               enum pop3_text text, const uint64_t numbers[2]);
/* Begins a multi-line reply; its first line is written already. */
void pop3_server_begin_lines(struct pop3_server *s, uint8_t lines);
/* Appends lines as far as out has room; true: the reply is whole. */
bool pop3_server_put_lines(struct pop3_server *s, struct buf *out);
/* "number size" and "number unique-id" of a message from 0, with the CRLF; there must be room. */
enum { POP3_LIST_ROW_MAX = 48, POP3_UIDL_ROW_MAX = 24 + LIMIT_UIDL };
void pop3_server_put_list_row(const struct pop3_server *s, struct buf *out, uint32_t i);
void pop3_server_put_uidl_row(const struct pop3_server *s, struct buf *out, uint32_t i);

#endif
