/* The first octet chooses the mechanism, each message stands behind its length in two octets. */
#include "sasl/sasl.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void exchange(struct sasl_exchange *x, struct slice rest)
{
    char memory[1024];
    for (int i = 0; i < 8; i++) {
        struct buf challenge = buf_over(memory, sizeof memory);
        bool has_message = rest.size >= 2;
        size_t n = has_message ? (size_t)(uint8_t)rest.data[0] << 8 | (uint8_t)rest.data[1] : 0;
        rest = slice_skip(rest, has_message ? 2 : 0);
        n = n < rest.size ? n : rest.size;
        enum sasl_step step = sasl_feed(x, slice_take(rest, n), has_message, &challenge);
        rest = slice_skip(rest, n);
        if (step == SASL_CHECK) {
            assert(sasl_user(x).size <= LIMIT_USER_NAME);
            assert(sasl_password(x).size <= LIMIT_PASSWORD);
            assert(!x->spoilt || sasl_password(x).size == 0);
        }
        if (step == SASL_LOOK_UP) {
            struct sasl_verifier nobody;
            sasl_verifier_decoy(sasl_digest(x), SLICE("key"), sasl_user(x), 4096, &nobody);
            step = sasl_verifier(x, &nobody, SLICE("0123456789abcdef"), &challenge);
        }
        if (step != SASL_CHALLENGE)
            return;
    }
    assert(!"an exchange has an end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"PLAIN", "LOGIN", "USER", "SCRAM-SHA-1",
                                        "SCRAM-SHA-256-PLUS"};
    static struct sasl_exchange x;
    if (size == 0)
        return 0;
    sasl_init(&x, sasl_find(slice_str(names[data[0] % 5])), NULL);
    exchange(&x, slice_of(data + 1, size - 1));
    sasl_wipe(&x);
    return 0;
}
