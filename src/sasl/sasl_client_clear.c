/* PLAIN, LOGIN, EXTERNAL: nothing is computed. */
#include "sasl/sasl_client_mechanism.h"

/* RFC 4616 2. A first challenge should be empty; what is in it is passed over, for there are
 * servers that greet in it. */
enum status sasl_client_plain(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    const struct sasl_credentials *c = x->credentials;
    (void)challenge;
    if (x->step++ > 0)
        return STATUS_MALFORMED;
    buf_put(out, c->authzid);
    buf_put_char(out, 0);
    buf_put(out, c->user);
    buf_put_char(out, 0);
    buf_put(out, c->password);
    return STATUS_OK;
}

/* Two questions; their words differ from server to server and are never a reason to answer in
 * another order. */
enum status sasl_client_login(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    (void)challenge;
    if (x->step > 1)
        return STATUS_MALFORMED;
    buf_put(out, x->step++ == 0 ? x->credentials->user : x->credentials->password);
    return STATUS_OK;
}

/* RFC 4422 A: whom to act for, or nothing: whoever the certificate names. */
enum status sasl_client_external(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    (void)challenge;
    if (x->step++ > 0)
        return STATUS_MALFORMED;
    buf_put(out, x->credentials->authzid);
    return STATUS_OK;
}
