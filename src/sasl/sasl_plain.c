#include "sasl/sasl_mechanism.h"

/* RFC 4616 2: a server that has heard nothing sends an empty challenge [RFC 5034 4]. */
enum sasl_step sasl_plain_start(struct sasl_exchange *x, struct buf *challenge)
{
    (void)challenge;
    x->step = 1;
    return SASL_CHALLENGE;
}

/* [authzid] NUL authcid NUL passwd: two NULs, no more, no fewer (A19). The RFC wants UTF-8; other
 * octets pass here all the same, for many a password was set in another charset, and what a user
 * name may hold is decided by one grammar for every way in. */
enum sasl_step sasl_plain_feed(struct sasl_exchange *x, struct slice message, struct buf *challenge)
{
    (void)challenge;
    if (x->step > 1)
        return SASL_BROKEN;
    x->step = 2;
    size_t first = slice_find(message, '\0');
    if (first == message.size)
        return SASL_BROKEN;
    struct slice authzid = slice_take(message, first);
    message = slice_skip(message, first + 1);
    size_t second = slice_find(message, '\0');
    if (second == message.size)
        return SASL_BROKEN;
    struct slice user = slice_take(message, second);
    struct slice password = slice_skip(message, second + 1);
    if (slice_find(password, '\0') != password.size)
        return SASL_BROKEN;
    sasl_keep_authzid(x, authzid);
    sasl_keep_user(x, user);
    sasl_keep_password(x, password);
    /* Nobody acts for another here. */
    if (authzid.size > 0 && !slice_equal(authzid, user))
        sasl_spoil(x);
    return SASL_CHECK;
}
