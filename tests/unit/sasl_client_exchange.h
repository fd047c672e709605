/* sasl_client_exchange: one exchange of the client under test, and what it said last. */
#ifndef POPLIN_TESTS_SASL_CLIENT_EXCHANGE_H
#define POPLIN_TESTS_SASL_CLIENT_EXCHANGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sasl/sasl_client.h"

#include <stdio.h>

struct exchange {
    struct sasl_client x;
    struct buf out;
    char memory[4096];
};

static inline void begin(struct exchange *e, const char *name, const struct sasl_credentials *c)
{
    const struct sasl_client_mechanism *m = sasl_client_find(slice_str(name));
    assert_non_null(m);
    e->out = buf_over(e->memory, sizeof e->memory);
    sasl_client_init(&e->x, m, c);
}

static inline enum status feed(struct exchange *e, struct slice challenge)
{
    buf_clear(&e->out);
    return sasl_client_feed(&e->x, challenge, &e->out);
}

static inline enum status feed_text(struct exchange *e, const char *challenge)
{
    return feed(e, slice_str(challenge));
}

static inline void assert_said(const struct exchange *e, struct slice expected)
{
    if (!slice_equal(buf_slice(&e->out), expected))
        fail_msg("%.*s", SLICE_ARGS(buf_slice(&e->out)));
}

static inline void assert_first(struct exchange *e, const char *expected)
{
    buf_clear(&e->out);
    assert_true(sasl_client_initial(&e->x, &e->out));
    assert_said(e, slice_str(expected));
}

#endif
