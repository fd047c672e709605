/* status: the one result type of every floor.
 *
 * A function that can fail returns a status and the compiler insists that it is looked at. One
 * table (status.c) says for each what a POP3 client hears, what a program exits with and how loud
 * the log is. Libraries return statuses and never log.
 *
 * Three kinds of fault stay apart: what a peer did wrong is data (an event, a defect), what the
 * environment refuses is a status, what we did wrong is an assert.
 */
#ifndef POPLIN_BASE_STATUS_H
#define POPLIN_BASE_STATUS_H

enum [[nodiscard]] status {
    STATUS_OK = 0,
    STATUS_AGAIN,       /* would block, or more input is wanted: call again later */
    STATUS_CLOSED,      /* the other side is gone */
    STATUS_TIMEOUT,     /* a deadline passed */
    STATUS_MALFORMED,   /* bytes that do not fit their grammar */
    STATUS_TOO_LARGE,   /* past a limit on size */
    STATUS_NO_MEMORY,   /* allocation or descriptor table exhausted */
    STATUS_NOT_FOUND,   /* no such thing */
    STATUS_EXISTS,      /* there already */
    STATUS_IN_USE,      /* locked by another [RFC 2449 8.1.2] */
    STATUS_DENIED,      /* wrong credentials [RFC 3206 AUTH] */
    STATUS_LIMIT,       /* a limit on number or rate was reached */
    STATUS_TEMPORARY,   /* cannot be done now, may work later [RFC 3206 SYS/TEMP] */
    STATUS_PERMANENT,   /* cannot be done until somebody mends it [RFC 3206 SYS/PERM] */
    STATUS_IO,          /* the system refused to read or write; errno has told why */
    STATUS_CORRUPT,     /* stored data that contradicts itself */
    STATUS_UNSUPPORTED, /* not offered here */
    STATUS_COUNT
};

/* The word for logs: "in-use", "denied" … Never NULL. */
const char *status_name(enum status s);

/* What happened, as a sentence fragment without a full stop. Never NULL. */
const char *status_text(enum status s);

/* The response code in brackets that a POP3 client hears, "" where there is none: "IN-USE",
 * "AUTH", "SYS/TEMP", "SYS/PERM". */
const char *status_response_code(enum status s);

/* The exit code of a program that ends because of it (sysexits.h). */
int status_exit_code(enum status s);

/* The status that fits an errno of a file operation: ENOENT is NOT_FOUND, ENOSPC TEMPORARY … */
enum status status_from_errno(int error);

#endif
