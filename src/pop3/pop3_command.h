/* pop3_command: the verbs of POP3, one row each, and the grammar of a command line.
 *
 * The table is the single source for what a verb may do: the server's dispatch, the client's
 * reply reader, CAPA, the manual, the fuzz dictionary and the exhaustive tests all read it.
 *
 * Grammar [RFC 1939 3, RFC 2449 4]: a verb of three or four letters in any letter case, then
 * arguments, each behind one or more blanks; trailing blanks are ignored, a leading one is an
 * error (S10). PASS is different: whatever stands behind its first blank, blanks included, is the
 * password (S20). */
#ifndef POPLIN_POP3_COMMAND_H
#define POPLIN_POP3_COMMAND_H

#include "base/slice.h"

enum pop3_verb {
    POP3_VERB_USER,
    POP3_VERB_PASS,
    POP3_VERB_AUTH,
    POP3_VERB_STLS,
    POP3_VERB_UTF8,
    POP3_VERB_STAT,
    POP3_VERB_LIST,
    POP3_VERB_UIDL,
    POP3_VERB_RETR,
    POP3_VERB_TOP,
    POP3_VERB_DELE,
    POP3_VERB_RSET,
    POP3_VERB_NOOP,
    POP3_VERB_CAPA,
    POP3_VERB_LANG,
    POP3_VERB_QUIT,
    POP3_VERB_COUNT
};

/* Bits of pop3_command.states: 1 << enum pop3_phase. */
enum {
    POP3_STATE_AUTHORIZATION = 1,
    POP3_STATE_TRANSACTION = 2,
};

/* The most arguments that any verb takes. */
enum { POP3_ARGUMENTS_MAX = 2 };

struct pop3_command {
    const char *name; /* in capitals */
    enum pop3_verb verb;
    uint8_t states;        /* POP3_STATE_… in which it is allowed */
    uint8_t min_arguments; /* PASS: the rest of the line counts as one */
    uint8_t max_arguments;
    bool multiline_bare;    /* a +OK without arguments has lines behind it */
    bool multiline_with;    /* a +OK to the verb with arguments has */
    const char *arguments;  /* for people: "message lines", "[message]", "" */
    const char *capability; /* the CAPA tag of its own; NULL: none (PASS goes with USER) */
    const char *rfc;        /* where it is described: "RFC 1939 5" */
};

/* The row of a verb. */
const struct pop3_command *pop3_command_row(enum pop3_verb verb);

/* The row for a name in any letter case, and only for the whole name; NULL: no such verb. */
const struct pop3_command *pop3_command_find(struct slice name);

/* Whether a +OK to the verb with so many arguments is followed by lines and a lone dot. */
bool pop3_command_is_multiline(const struct pop3_command *command, unsigned argument_count);

enum pop3_syntax {
    POP3_SYNTAX_OK,
    POP3_SYNTAX_UNKNOWN,   /* no such verb; an empty line and a leading blank too */
    POP3_SYNTAX_ARGUMENTS, /* too few or too many arguments (S12) */
    POP3_SYNTAX_OCTETS,    /* NUL or CR (S32), or a control octet outside PASS */
};

/* A command line taken apart; the slices point into the line. */
struct pop3_command_line {
    const struct pop3_command *command; /* NULL while the syntax is UNKNOWN or OCTETS */
    struct slice arguments[POP3_ARGUMENTS_MAX];
    unsigned argument_count; /* how many there are; never more than POP3_ARGUMENTS_MAX + 1 */
};

/* Takes a line apart (without its CRLF or LF). */
enum pop3_syntax pop3_command_parse(struct slice line, struct pop3_command_line *parsed);

#endif
