/* sasl_client: the client's side of SASL mechanisms [RFC 4422], pure: challenges in, responses out.
 *
 * One exchange is a machine in the caller's memory. It gives an initial response where the
 * mechanism has one, then a response to each challenge, and at the end says whether the server
 * proved itself where the mechanism asks for that (SCRAM): success without proof is DENIED.
 *
 * Names and passwords go out as they were given. Only SCRAM prepares them [RFC 4013]: blanks beyond
 * ASCII become blanks, invisible marks fall away, what is prohibited is refused; nothing is
 * composed (NFKC), so text beyond ASCII should come composed, as keyboards give it. What is not
 * UTF-8 is left as it is. */
#ifndef POPLIN_SASL_SASL_CLIENT_H
#define POPLIN_SASL_SASL_CLIENT_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/status.h"

/* What a mechanism may use; slices are the caller's and outlive the exchange. */
struct sasl_credentials {
    struct slice user, password, authzid;
    struct slice token; /* OAuth access token */
    struct slice host;  /* OAUTHBEARER */
    uint16_t port;
    struct slice binding; /* tls-exporter data (RFC 9266); empty: no channel binding to be had */
    bool offers_plus; /* the server offers a SCRAM-…-PLUS (sasl_client_offers_plus): SCRAM without
                         it is then this side's own wish, and must not say that it was missed */
    struct slice nonce; /* 18 random octets, from the caller */
};

struct sasl_client_mechanism;

/* SCRAM-SHA-512-PLUS, SCRAM-SHA-512, SCRAM-SHA-256-PLUS, SCRAM-SHA-256, SCRAM-SHA-1-PLUS,
 * SCRAM-SHA-1, OAUTHBEARER, XOAUTH2, PLAIN, LOGIN, CRAM-MD5, EXTERNAL. NULL: not known. Any letter
 * case. */
const struct sasl_client_mechanism *sasl_client_find(struct slice name);
const char *sasl_client_name(const struct sasl_client_mechanism *m);
/* Sends the password, or a token, in clear: never without TLS off loopback. */
bool sasl_client_is_clear(const struct sasl_client_mechanism *m);

/* The best of those offered (names in capitals, blanks between) that the credentials fit:
 * a token: OAUTHBEARER, XOAUTH2; a password: SCRAM-SHA-512-PLUS … as listed above; neither:
 * EXTERNAL. Those that are clear only if clear_allowed. NULL: none. */
const struct sasl_client_mechanism *
sasl_client_choose(struct slice offered, const struct sasl_credentials *c, bool clear_allowed);

bool sasl_client_offers_plus(struct slice offered);

enum { SASL_CLIENT_TEXT = 2048, SASL_CLIENT_ERROR = 200 };

struct sasl_client {
    const struct sasl_client_mechanism *mechanism;
    const struct sasl_credentials *credentials;
    unsigned step;
    bool is_proved;              /* the server has shown that it knows the secret, or need not */
    char text[SASL_CLIENT_TEXT]; /* the mechanism's own */
    size_t text_size;
    char error[SASL_CLIENT_ERROR]; /* what the server said (an OAuth server's JSON, a SCRAM e=), or
                                      what is wrong; printable; "": nothing */
};

void sasl_client_init(struct sasl_client *x, const struct sasl_client_mechanism *m,
                      const struct sasl_credentials *c);
/* Appends the initial response; false: the mechanism has none (the server speaks first), or the
 * credentials do not fit it: then feed is MALFORMED. Where it is not sent with AUTH, it is not
 * asked for: feed answers the first challenge with it. */
bool sasl_client_initial(struct sasl_client *x, struct buf *out);
/* A decoded challenge in, the response (perhaps empty) appended. MALFORMED: the challenge does not
 * fit, or the server's proof is wrong: cancel, close. DENIED: the server says no within the
 * dialogue (SCRAM's e=): cancel. TOO_LARGE: the challenge, or no room. After a failure nothing but
 * failures follows. */
enum status sasl_client_feed(struct sasl_client *x, struct slice challenge, struct buf *out);
/* The server said +OK. DENIED: without the proof that the mechanism demands. */
enum status sasl_client_done(const struct sasl_client *x);
void sasl_client_wipe(struct sasl_client *x);

/* APOP's digest [RFC 1939 7]: MD5 of the stamp with its brackets and the secret, in hex. */
void sasl_apop(struct slice stamp, struct slice secret, char hex[33]);

#endif
