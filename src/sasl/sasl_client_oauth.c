/* OAUTHBEARER [RFC 7628] and XOAUTH2. A challenge after the token is the reason of a refusal, in
 * JSON, and wants an answer before the server says -ERR. */
#include "sasl/sasl_client_mechanism.h"

static enum status take_refusal(struct sasl_client *x, struct slice challenge)
{
    if (x->step++ > 1)
        return STATUS_MALFORMED;
    x->is_proved = false;
    sasl_client_say(x, "", challenge);
    return STATUS_OK;
}

enum status sasl_client_oauthbearer(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    const struct sasl_credentials *c = x->credentials;
    if (x->step > 0) {
        buf_put_char(out, 1);
        return take_refusal(x, challenge);
    }
    x->step = 1;
    buf_put_str(out, "n,");
    if (c->authzid.size > 0 || c->user.size > 0)
        buf_put_str(out, "a=");
    sasl_client_put_name(out, c->authzid.size > 0 ? c->authzid : c->user);
    buf_put_str(out, ",\1");
    if (c->host.size > 0) {
        buf_put_str(out, "host=");
        buf_put(out, c->host);
        buf_put_char(out, 1);
    }
    if (c->port != 0)
        buf_printf(out, "port=%u\1", (unsigned)c->port);
    buf_put_str(out, "auth=Bearer ");
    buf_put(out, c->token);
    buf_put_str(out, "\1\1");
    return STATUS_OK;
}

enum status sasl_client_xoauth2(struct sasl_client *x, struct slice challenge, struct buf *out)
{
    const struct sasl_credentials *c = x->credentials;
    if (x->step > 0)
        return take_refusal(x, challenge);
    x->step = 1;
    buf_put_str(out, "user=");
    buf_put(out, c->user);
    buf_put_str(out, "\1auth=Bearer ");
    buf_put(out, c->token);
    buf_put_str(out, "\1\1");
    return STATUS_OK;
}
