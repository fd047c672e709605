#include "sasl/sasl_mechanism.h"

/* LOGIN was never more than a draft; its two prompts are what every client waits for. */

static enum sasl_step ask(struct buf *challenge, const char *prompt)
{
    return buf_put_str(challenge, prompt) ? SASL_CHALLENGE : SASL_BROKEN;
}

enum { ASKED_NOTHING, ASKED_USER, ASKED_PASSWORD, DONE };

enum sasl_step sasl_login_start(struct sasl_exchange *x, struct buf *challenge)
{
    x->step = ASKED_USER;
    return ask(challenge, "Username:");
}

enum sasl_step sasl_login_feed(struct sasl_exchange *x, struct slice message, struct buf *challenge)
{
    switch (x->step) {
    case ASKED_NOTHING: /* an initial response is the user name */
    case ASKED_USER:
        sasl_keep_user(x, message);
        x->step = ASKED_PASSWORD;
        return ask(challenge, "Password:");
    case ASKED_PASSWORD:
        sasl_keep_password(x, message);
        x->step = DONE;
        return SASL_CHECK;
    default:
        return SASL_BROKEN;
    }
}
