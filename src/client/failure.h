/* failure: how a run of the collector can go wrong, as a person and a script are told: a kind with
 * its word and exit code (sysexits.h), and a text that says what happened, where, and what to do
 * next. */
#ifndef POPLIN_CLIENT_FAILURE_H
#define POPLIN_CLIENT_FAILURE_H

#include "base/slice.h"
#include "pop3/pop3_reply.h"

enum failure_kind {
    FAILURE_NONE,
    FAILURE_UNREACHABLE, /* no address, no connection: 69 */
    FAILURE_TLS,         /* missing, refused, not to be trusted: 69 */
    FAILURE_UNSAFE,      /* would send a secret in clear: 78 */
    FAILURE_LOGIN,       /* the server refuses the credentials: 77 */
    FAILURE_BUSY,        /* [IN-USE], [LOGIN-DELAY], [SYS/TEMP]: 75 */
    FAILURE_REFUSED,     /* another -ERR: 65 */
    FAILURE_PROTOCOL,    /* what no POP3 server says: 76 */
    FAILURE_LOST,        /* the connection was cut: 75 */
    FAILURE_TIMEOUT,     /* 75 */
    FAILURE_LOCAL,       /* disk, database, target: 74 */
    FAILURE_CONFIG,      /* 78 */
    FAILURE_LOCKED,      /* another run has the account (C22): 75 */
    FAILURE_PARTIAL,     /* some messages were refused or damaged; the rest is here: 75 */
    FAILURE_STOPPED,     /* told to end: 75 */
    FAILURE_KIND_COUNT
};

enum { FAILURE_TEXT = 400 };

struct failure {
    enum failure_kind kind;
    char text[FAILURE_TEXT];
};

const char *failure_word(enum failure_kind kind);
int failure_exit_code(enum failure_kind kind);

/* Sets it if nothing is set yet: the first cause is what is told. */
void failure_set(struct failure *f, enum failure_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* From a refusal: the kind by its code; the server's text made printable. `is_login`: a refusal
 * without a code is one of the credentials. */
void failure_from_reply(struct failure *f, const struct pop3_reply *reply, bool is_login,
                        const char *doing);

/* Foreign text for a person (C11): UTF-8, else GB18030, control and direction characters escaped;
 * at most size - 1 octets and a NUL. */
void failure_printable(struct slice text, char *out, size_t size);

#endif
