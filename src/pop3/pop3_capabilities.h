/* pop3_capabilities: what a server says it can do, as a client keeps it (RFC 2449 5, 6;
 * what our own server says is pop3_capability).
 *
 * A list may lie (C04), and it changes: it is forgotten when TLS starts and asked for again after
 * login. Unknown rows are counted, not kept. Memory is bounded whatever a server sends. */
#ifndef POPLIN_POP3_CAPABILITIES_H
#define POPLIN_POP3_CAPABILITIES_H

#include "base/slice.h"

/* Bits of pop3_capabilities.has. */
enum {
    POP3_HAS_TOP = 1 << 0,
    POP3_HAS_USER = 1 << 1,
    POP3_HAS_SASL = 1 << 2,
    POP3_HAS_RESP_CODES = 1 << 3,
    POP3_HAS_AUTH_RESP_CODE = 1 << 4,
    POP3_HAS_LOGIN_DELAY = 1 << 5,
    POP3_HAS_PIPELINING = 1 << 6,
    POP3_HAS_EXPIRE = 1 << 7,
    POP3_HAS_UIDL = 1 << 8,
    POP3_HAS_STLS = 1 << 9,
    POP3_HAS_UTF8 = 1 << 10,
    POP3_HAS_UTF8_USER = 1 << 11, /* UTF8 USER: user names and passwords in UTF-8 too */
    POP3_HAS_LANG = 1 << 12,
    POP3_HAS_IMPLEMENTATION = 1 << 13,
};

/* Octets of mechanism names that are kept; those that do not fit are left out whole. */
enum { POP3_MECHANISMS_MAX = 256 };

struct pop3_capabilities {
    bool is_known;        /* a whole list came; false: nothing here says that a thing is missing */
    unsigned has;         /* POP3_HAS_… */
    uint32_t login_delay; /* seconds; 0 where the server gave no number */
    uint32_t expire_days; /* UINT32_MAX: NEVER, or no number given */
    uint32_t unknown;     /* rows we have no use for */
    uint16_t mechanisms_size;
    char mechanisms[POP3_MECHANISMS_MAX]; /* SASL names in capitals, a blank behind each */
};

/* Forgets everything. */
void pop3_capabilities_init(struct pop3_capabilities *c);

/* Takes a row of CAPA, in any letter case. */
void pop3_capabilities_add(struct pop3_capabilities *c, struct slice row);

/* Takes one name: a row of a bare AUTH. */
void pop3_capabilities_add_mechanism(struct pop3_capabilities *c, struct slice name);

bool pop3_capabilities_has_mechanism(const struct pop3_capabilities *c, struct slice name);

#endif
