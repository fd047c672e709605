/* pop3_capability: what CAPA announces [RFC 2449 5, 6], computed from the verb table, the options
 * and where the session stands, so that it is always what the machine really does (S18, S23). */
#ifndef POPLIN_POP3_CAPABILITY_H
#define POPLIN_POP3_CAPABILITY_H

#include "pop3/pop3_server.h"

/* STLS would be accepted now. */
bool pop3_capability_has_stls(const struct pop3_server *s);

/* Passwords may come over this connection as it is. */
bool pop3_capability_has_cleartext(const struct pop3_server *s);

/* The mechanism would show a password to who listens in; unknown ones are taken to do so. */
bool pop3_mechanism_is_cleartext(struct slice name);

/* Whether a mechanism (any letter case) is among the options' mechanisms, usable now or not. */
bool pop3_mechanism_is_offered(const struct pop3_server_options *options, struct slice name);

/* Takes the next mechanism that can be used now from the front of *names (the options' list, what
 * is left of it); false: there is none. */
bool pop3_mechanism_next(const struct pop3_server *s, struct slice *names, struct slice *name);

/* Lines that CAPA looks at, offered or not. */
uint32_t pop3_capability_count(void);

/* Appends the line of that index with its CRLF, or nothing when it is not offered. */
void pop3_capability_put(const struct pop3_server *s, struct buf *out, uint32_t index);

#endif
