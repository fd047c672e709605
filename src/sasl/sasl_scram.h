/* sasl_scram: the server's side of SCRAM [RFC 5802, 7677] with channel binding [RFC 5929, 9266],
 * pure.
 *
 * The client's first message names the user; the caller finds that user's verifier, or a decoy for
 * a user that there is not, and gives it; the client's final message proves the password or does
 * not. Nothing here is told to the client about why. */
#ifndef POPLIN_SASL_SASL_SCRAM_H
#define POPLIN_SASL_SASL_SCRAM_H

#include "base/limits.h"
#include "sasl/sasl_verifier.h"

/* Channel bindings of the connection; empty: not to be had. The caller's memory, which outlives the
 * exchange. */
struct sasl_bindings {
    struct slice exporter;  /* tls-exporter, 32 octets */
    struct slice end_point; /* tls-server-end-point: the certificate's hash */
};

enum { SASL_SCRAM_TEXT = 2048, SASL_SCRAM_USER = LIMIT_USER_NAME };

struct sasl_scram {
    enum sasl_digest digest;
    bool is_plus; /* the mechanism's name ended in -PLUS */
    struct sasl_bindings bindings;
    unsigned step;
    struct slice binding;       /* the one that the client chose; empty: none */
    char text[SASL_SCRAM_TEXT]; /* gs2 header, client-first-bare, `,`, server-first */
    size_t header_size, bare_size, text_size;
    char user[SASL_SCRAM_USER], authzid[SASL_SCRAM_USER];
    size_t user_size, authzid_size;
    size_t nonce_at, nonce_size; /* both sides' nonce, within text */
    struct sasl_verifier verifier;
};

void sasl_scram_init(struct sasl_scram *x, enum sasl_digest digest, bool is_plus,
                     const struct sasl_bindings *bindings);

/* The client's first message. MALFORMED: broken, a binding that is not to be had, extensions that
 * must be understood, or a client that says that we do not offer -PLUS when we do: somebody on the
 * way took it out (downgrade). Afterwards user and authzid are known. */
enum status sasl_scram_first(struct sasl_scram *x, struct slice message);
struct slice sasl_scram_user(const struct sasl_scram *x);
struct slice sasl_scram_authzid(const struct sasl_scram *x);

/* The verifier of x's digest, which is copied; `nonce`: 16 random octets of text or more, printable
 * and without commas (base64). Appends the server's first message. MALFORMED: not such a verifier
 * or nonce; TOO_LARGE: no room. */
enum status sasl_scram_challenge(struct sasl_scram *x, const struct sasl_verifier *v,
                                 struct slice nonce, struct buf *out);

/* The client's final message. OK: proved, and the server's proof was appended, which the client
 * answers with nothing. DENIED: the proof is wrong. MALFORMED. */
enum status sasl_scram_final(struct sasl_scram *x, struct slice message, struct buf *out);

void sasl_scram_wipe(struct sasl_scram *x);

#endif
