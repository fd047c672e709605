/* poplin/api.h: what the public headers of libpoplin share.
 *
 * Every name starts with poplin_ or POPLIN_. Structs that the library fills begin with `size`, the
 * octets of them that this library knows: later releases only add fields at the end. Structs that
 * the caller fills begin with `size` too, to be set to sizeof of the struct. */
#ifndef POPLIN_API_H
#define POPLIN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define POPLIN_API __attribute__((visibility("default")))
#else
#define POPLIN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Octets that belong to somebody else; they need not end in NUL. */
struct poplin_slice {
    const char *data; /* may be NULL only where size is 0 */
    size_t size;
};

/* What a call came to. The numbers never change; later releases may add some. */
enum poplin_status {
    POPLIN_OK = 0,
    POPLIN_AGAIN = 1,     /* not now: send what is due, or feed more, and call again */
    POPLIN_CLOSED = 2,    /* the session is over */
    POPLIN_TIMEOUT = 3,   /* a time limit passed */
    POPLIN_MALFORMED = 4, /* octets that do not fit their grammar */
    POPLIN_TOO_LARGE = 5, /* past a limit on size */
    POPLIN_NO_MEMORY = 6,
    POPLIN_NOT_FOUND = 7, /* no such message */
    POPLIN_EXISTS = 8,
    POPLIN_IN_USE = 9,      /* another session has the maildrop [IN-USE] */
    POPLIN_DENIED = 10,     /* wrong credentials [AUTH] */
    POPLIN_LIMIT = 11,      /* a limit on number or rate was reached */
    POPLIN_TEMPORARY = 12,  /* may work later [SYS/TEMP] */
    POPLIN_PERMANENT = 13,  /* will not work until somebody mends it [SYS/PERM] */
    POPLIN_IO = 14,         /* the system refused to read or write */
    POPLIN_CORRUPT = 15,    /* stored data that contradicts itself */
    POPLIN_UNSUPPORTED = 16 /* not offered here */
};

/* What it means, as a sentence fragment. Never NULL. */
POPLIN_API const char *poplin_status_text(enum poplin_status status);

/* The release of the library that runs, "0.1.0". */
POPLIN_API const char *poplin_version(void);

#ifdef __cplusplus
}
#endif

#endif
