/* sasl: the server's side of SASL mechanisms [RFC 4422], pure: messages in, challenges out.
 *
 * One exchange is a machine in the caller's memory. It is fed the client's messages (decoded from
 * base64) and says whether another challenge is to be sent, whether it has credentials to be
 * proved, or whether the exchange is broken. Mechanisms that prove the secret themselves (SCRAM)
 * fit the same machine later: they would ask for a stored verifier instead of a check. */
#ifndef POPLIN_SASL_SASL_H
#define POPLIN_SASL_SASL_H

#include "base/buf.h"
#include "base/limits.h"

enum sasl_step {
    SASL_CHALLENGE, /* out holds the next challenge, perhaps empty */
    SASL_CHECK,     /* user and password are to be checked */
    SASL_BROKEN,    /* the message does not fit the mechanism: the login failed */
};

struct sasl_mechanism;
struct sasl_exchange {
    const struct sasl_mechanism *mechanism;
    unsigned step;
    bool spoilt;                   /* can never be right: checked with an empty password */
    char authzid[LIMIT_USER_NAME]; /* PLAIN: whom to act for; not the user's: spoilt */
    char user[LIMIT_USER_NAME];
    char password[LIMIT_PASSWORD];
    uint16_t authzid_size, user_size, password_size;
};

/* "PLAIN" [RFC 4616], "LOGIN", and "USER" — USER and PASS of POP3 told as one message
 * `user NUL password`. NULL: not offered. Any letter case. */
const struct sasl_mechanism *sasl_find(struct slice name);
const char *sasl_name(const struct sasl_mechanism *m);
/* The mechanisms that AUTH offers, "PLAIN LOGIN". */
const char *sasl_offered(void);

void sasl_init(struct sasl_exchange *x, const struct sasl_mechanism *m);
/* The first message is the initial response; has_message is false when the client sent none. */
enum sasl_step sasl_feed(struct sasl_exchange *x, struct slice message, bool has_message,
                         struct buf *challenge);
struct slice sasl_user(const struct sasl_exchange *x);
struct slice sasl_password(const struct sasl_exchange *x);
/* Wipes secrets. */
void sasl_wipe(struct sasl_exchange *x);

#endif
