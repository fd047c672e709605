/* sasl: the server's side of SASL mechanisms [RFC 4422], pure: messages in, challenges out.
 *
 * One exchange is a machine in the caller's memory. It is fed the client's messages (decoded from
 * base64) and says whether another challenge is to be sent, whether it has credentials to be
 * proved, or whether the exchange is broken. Mechanisms that prove the secret themselves (SCRAM)
 * ask for a stored verifier instead of a check. */
#ifndef POPLIN_SASL_SASL_H
#define POPLIN_SASL_SASL_H

#include "base/buf.h"
#include "base/limits.h"
#include "sasl/sasl_scram.h"

enum sasl_step {
    SASL_CHALLENGE, /* out holds the next challenge, perhaps empty */
    SASL_CHECK,     /* user and password are to be checked */
    SASL_LOOK_UP,   /* the user's verifier, of sasl_digest, is to be given by sasl_verifier */
    SASL_PROVED,    /* the user is who he says he is */
    SASL_REFUTED,   /* the user is not: as a wrong password */
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
    struct sasl_scram scram;
};

/* "PLAIN" [RFC 4616], "LOGIN", SCRAM-SHA-1, -256, -512 and each with -PLUS [RFC 5802, 7677], and
 * "USER" — USER and PASS of POP3 told as one message
 * `user NUL password`. NULL: not offered. Any letter case. */
const struct sasl_mechanism *sasl_find(struct slice name);
const char *sasl_name(const struct sasl_mechanism *m);

/* The connection's channel bindings, which SCRAM may use, are the caller's and outlive the
 * exchange; NULL: none. */
void sasl_init(struct sasl_exchange *x, const struct sasl_mechanism *m,
               const struct sasl_bindings *bindings);
/* The first message is the initial response; has_message is false when the client sent none. */
enum sasl_step sasl_feed(struct sasl_exchange *x, struct slice message, bool has_message,
                         struct buf *challenge);
/* After SASL_LOOK_UP: the verifier, and 16 printable octets of chance or more. SASL_CHALLENGE or
 * SASL_BROKEN. */
enum sasl_digest sasl_digest(const struct sasl_exchange *x);
enum sasl_step sasl_verifier(struct sasl_exchange *x, const struct sasl_verifier *v,
                             struct slice nonce, struct buf *challenge);
struct slice sasl_user(const struct sasl_exchange *x);
struct slice sasl_password(const struct sasl_exchange *x);
/* Wipes secrets. */
void sasl_wipe(struct sasl_exchange *x);

#endif
