#include "sasl/sasl_mechanism.h"

/* USER and PASS have no challenge: a message is all there is. */
enum sasl_step sasl_user_start(struct sasl_exchange *x, struct buf *challenge)
{
    (void)x;
    (void)challenge;
    return SASL_BROKEN;
}

/* user NUL password; the password may hold any octet, NUL too (S20). */
enum sasl_step sasl_user_feed(struct sasl_exchange *x, struct slice message, struct buf *challenge)
{
    (void)challenge;
    size_t nul = slice_find(message, '\0');
    if (x->step != 0 || nul == message.size)
        return SASL_BROKEN;
    x->step = 1;
    sasl_keep_user(x, slice_take(message, nul));
    sasl_keep_password(x, slice_skip(message, nul + 1));
    return SASL_CHECK;
}
