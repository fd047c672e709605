/* sasl_mechanism: what one mechanism brings to the machine of sasl.h. One row a mechanism in
 * sasl.c; a mechanism keeps its place in the dialogue in sasl_exchange.step. */
#ifndef POPLIN_SASL_SASL_MECHANISM_H
#define POPLIN_SASL_SASL_MECHANISM_H

#include "sasl/sasl.h"

struct sasl_mechanism {
    const char *name;
    enum sasl_step (*start)(struct sasl_exchange *x, struct buf *challenge); /* no first message */
    enum sasl_step (*feed)(struct sasl_exchange *x, struct slice message, struct buf *challenge);
    enum sasl_digest digest; /* SCRAM's */
    bool is_plus;
};

enum sasl_step sasl_plain_start(struct sasl_exchange *x, struct buf *challenge);
enum sasl_step sasl_plain_feed(struct sasl_exchange *x, struct slice message,
                               struct buf *challenge);
enum sasl_step sasl_login_start(struct sasl_exchange *x, struct buf *challenge);
enum sasl_step sasl_login_feed(struct sasl_exchange *x, struct slice message,
                               struct buf *challenge);
enum sasl_step sasl_user_start(struct sasl_exchange *x, struct buf *challenge);
enum sasl_step sasl_user_feed(struct sasl_exchange *x, struct slice message, struct buf *challenge);
enum sasl_step sasl_scram_start(struct sasl_exchange *x, struct buf *challenge);
enum sasl_step sasl_scram_feed(struct sasl_exchange *x, struct slice message,
                               struct buf *challenge);

/* Each keeps a part of the credentials. One that is longer than any real one cannot be right: what
 * fits of it is kept for the log and the exchange is spoilt. */
void sasl_keep_authzid(struct sasl_exchange *x, struct slice authzid);
void sasl_keep_user(struct sasl_exchange *x, struct slice user);
void sasl_keep_password(struct sasl_exchange *x, struct slice password);

/* The credentials are well formed but can never be right. They are still handed on to be checked,
 * with an empty password, which no database accepts (S21): so the client waits as long and hears
 * the same as for any wrong password. */
void sasl_spoil(struct sasl_exchange *x);

#endif
