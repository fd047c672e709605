/* SCRAM in the machine of sasl.h: first message, challenge, final message, proof, and the client's
 * empty answer to that, for POP3 says success in a line of its own [RFC 5034 4]. */
#include "sasl/sasl_mechanism.h"

enum { STEP_START, STEP_FIRST, STEP_LOOK_UP, STEP_FINAL, STEP_LAST, STEP_OVER };

/* The server waits for the client's first message: an empty challenge. */
enum sasl_step sasl_scram_start(struct sasl_exchange *x, struct buf *challenge)
{
    (void)challenge;
    x->step = STEP_FIRST;
    return SASL_CHALLENGE;
}

/* Nobody acts for another here: such a login fails like a wrong password. */
static enum sasl_step take_first(struct sasl_exchange *x, struct slice message)
{
    if (sasl_scram_first(&x->scram, message) != STATUS_OK)
        return SASL_BROKEN;
    struct slice authzid = sasl_scram_authzid(&x->scram);
    sasl_keep_user(x, sasl_scram_user(&x->scram));
    if (authzid.size > 0 && !slice_equal(authzid, sasl_scram_user(&x->scram)))
        sasl_spoil(x);
    x->step = STEP_LOOK_UP;
    return SASL_LOOK_UP;
}

enum sasl_step sasl_verifier(struct sasl_exchange *x, const struct sasl_verifier *v,
                             struct slice nonce, struct buf *challenge)
{
    if (x->step != STEP_LOOK_UP ||
        sasl_scram_challenge(&x->scram, v, nonce, challenge) != STATUS_OK)
        return SASL_BROKEN;
    x->step = STEP_FINAL;
    return SASL_CHALLENGE;
}

static enum sasl_step take_final(struct sasl_exchange *x, struct slice message,
                                 struct buf *challenge)
{
    enum status s = sasl_scram_final(&x->scram, message, challenge);
    x->step = STEP_OVER;
    if (s == STATUS_DENIED || (s == STATUS_OK && x->spoilt)) {
        buf_clear(challenge);
        return SASL_REFUTED;
    }
    if (s != STATUS_OK)
        return SASL_BROKEN;
    x->step = STEP_LAST;
    return SASL_CHALLENGE;
}

enum sasl_step sasl_scram_feed(struct sasl_exchange *x, struct slice message, struct buf *challenge)
{
    switch (x->step) {
    case STEP_START:
    case STEP_FIRST:
        return take_first(x, message);
    case STEP_FINAL:
        return take_final(x, message, challenge);
    case STEP_LAST:
        x->step = STEP_OVER;
        return message.size == 0 ? SASL_PROVED : SASL_BROKEN;
    default:
        return SASL_BROKEN;
    }
}
