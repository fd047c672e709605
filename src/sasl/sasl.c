#include "sasl/sasl.h"

#include "sasl/sasl_mechanism.h"

#include <assert.h>

static const struct sasl_mechanism mechanisms[] = {
    {"PLAIN", sasl_plain_start, sasl_plain_feed, 0, false},
    {"LOGIN", sasl_login_start, sasl_login_feed, 0, false},
    {"SCRAM-SHA-512-PLUS", sasl_scram_start, sasl_scram_feed, SASL_SHA_512, true},
    {"SCRAM-SHA-512", sasl_scram_start, sasl_scram_feed, SASL_SHA_512, false},
    {"SCRAM-SHA-256-PLUS", sasl_scram_start, sasl_scram_feed, SASL_SHA_256, true},
    {"SCRAM-SHA-256", sasl_scram_start, sasl_scram_feed, SASL_SHA_256, false},
    {"SCRAM-SHA-1-PLUS", sasl_scram_start, sasl_scram_feed, SASL_SHA_1, true},
    {"SCRAM-SHA-1", sasl_scram_start, sasl_scram_feed, SASL_SHA_1, false},
    {"USER", sasl_user_start, sasl_user_feed, 0, false},
};

const struct sasl_mechanism *sasl_find(struct slice name)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
        if (slice_equal_nocase(name, slice_str(mechanisms[i].name)))
            return &mechanisms[i];
    return NULL;
}

const char *sasl_name(const struct sasl_mechanism *m)
{
    return m->name;
}

void sasl_init(struct sasl_exchange *x, const struct sasl_mechanism *m,
               const struct sasl_bindings *bindings)
{
    static const struct sasl_bindings none;
    assert(m);
    x->mechanism = m;
    x->step = 0;
    x->spoilt = false;
    x->authzid_size = x->user_size = x->password_size = 0;
    sasl_scram_init(&x->scram, m->digest, m->is_plus, bindings ? bindings : &none);
}

enum sasl_step sasl_feed(struct sasl_exchange *x, struct slice message, bool has_message,
                         struct buf *challenge)
{
    if (!has_message)
        return x->step == 0 ? x->mechanism->start(x, challenge) : SASL_BROKEN;
    if (message.size > LIMIT_SASL_DATA)
        return SASL_BROKEN;
    return x->mechanism->feed(x, message, challenge);
}

static bool keep(char *into, size_t limit, uint16_t *size, struct slice s)
{
    size_t n = s.size < limit ? s.size : limit;
    if (n > 0)
        memcpy(into, s.data, n);
    *size = (uint16_t)n;
    return n == s.size;
}

void sasl_keep_authzid(struct sasl_exchange *x, struct slice authzid)
{
    if (!keep(x->authzid, sizeof x->authzid, &x->authzid_size, authzid))
        sasl_spoil(x);
}

void sasl_keep_user(struct sasl_exchange *x, struct slice user)
{
    if (!keep(x->user, sizeof x->user, &x->user_size, user))
        sasl_spoil(x);
}

void sasl_keep_password(struct sasl_exchange *x, struct slice password)
{
    if (!keep(x->password, sizeof x->password, &x->password_size, password))
        sasl_spoil(x);
    if (x->spoilt)
        sasl_spoil(x);
}

void sasl_spoil(struct sasl_exchange *x)
{
    x->spoilt = true;
    explicit_bzero(x->password, sizeof x->password);
    x->password_size = 0;
}

struct slice sasl_user(const struct sasl_exchange *x)
{
    return slice_of(x->user, x->user_size);
}

struct slice sasl_password(const struct sasl_exchange *x)
{
    return slice_of(x->password, x->password_size);
}

void sasl_wipe(struct sasl_exchange *x)
{
    explicit_bzero(x, sizeof *x);
}

enum sasl_digest sasl_digest(const struct sasl_exchange *x)
{
    return x->mechanism->digest;
}
