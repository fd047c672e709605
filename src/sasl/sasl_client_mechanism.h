/* sasl_client_mechanism: what a mechanism is made of; seen by src/sasl only. */
#ifndef POPLIN_SASL_SASL_CLIENT_MECHANISM_H
#define POPLIN_SASL_SASL_CLIENT_MECHANISM_H

#include "sasl/sasl_client.h"

#include <openssl/evp.h>

enum { SASL_CLIENT_BROKEN = 99 }; /* the step after a failure */

struct sasl_client_mechanism {
    const char *name;
    bool is_clear;
    bool speaks_first; /* step 0 needs no challenge */
    bool must_prove;
    bool binds;       /* -PLUS */
    bool wants_token; /* else a password, but for EXTERNAL */
    const char *digest;
    /* The response to a challenge at x->step, which it moves on. */
    enum status (*respond)(struct sasl_client *x, struct slice challenge, struct buf *out);
};

enum status sasl_client_plain(struct sasl_client *x, struct slice challenge, struct buf *out);
enum status sasl_client_login(struct sasl_client *x, struct slice challenge, struct buf *out);
enum status sasl_client_external(struct sasl_client *x, struct slice challenge, struct buf *out);
enum status sasl_client_cram_md5(struct sasl_client *x, struct slice challenge, struct buf *out);
enum status sasl_client_scram(struct sasl_client *x, struct slice challenge, struct buf *out);
enum status sasl_client_oauthbearer(struct sasl_client *x, struct slice challenge, struct buf *out);
enum status sasl_client_xoauth2(struct sasl_client *x, struct slice challenge, struct buf *out);

/* Keeps foreign text in x->error, made printable; what was there is gone. */
void sasl_client_say(struct sasl_client *x, const char *what, struct slice foreign);
/* A saslname [RFC 5802 5.1]: `,` and `=` are written =2C and =3D. */
void sasl_client_put_name(struct buf *out, struct slice name);
/* RFC 4013, as sasl_client.h says. MALFORMED: prohibited. TOO_LARGE. */
enum status sasl_client_prepare(struct slice text, struct buf *out);
void sasl_client_put_hex(struct buf *out, struct slice octets);

#endif
