/* A hostile server against every mechanism. The first octet chooses the mechanism, the second
 * whether the client speaks first; each challenge stands behind its length in two octets. Whatever
 * comes, SCRAM is never proved: the fuzzer does not know the password. */
#include "sasl/sasl_client.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sasl_credentials credentials = {
    .user = SLICE("ann"),
    .password = SLICE("a password that is not to be guessed"),
    .token = SLICE("token"),
    .host = SLICE("pop.example.org"),
    .port = 995,
    .binding = SLICE("0123456789abcdef0123456789abcdef"),
    .nonce = SLICE("\x7f\x29\x28\xf9\xdd\xa5\x6d\xb1\x60\x38\xd4\x6f\xf6\xa9\x31\x75\xac\x0b"),
};

static void converse(struct sasl_client *x, struct slice rest, bool is_scram)
{
    static char memory[4096];
    enum status s = STATUS_OK;
    for (int i = 0; i < 8 && rest.size >= 2; i++) {
        struct buf out = buf_over(memory, sizeof memory);
        size_t n = (size_t)(uint8_t)rest.data[0] << 8 | (uint8_t)rest.data[1];
        rest = slice_skip(rest, 2);
        n = n < rest.size ? n : rest.size;
        enum status next = sasl_client_feed(x, slice_take(rest, n), &out);
        rest = slice_skip(rest, n);
        assert(s == STATUS_OK || next != STATUS_OK);
        assert(next == STATUS_OK || out.size == 0);
        assert(strnlen(x->error, sizeof x->error) < sizeof x->error);
        assert(!is_scram || sasl_client_done(x) == STATUS_DENIED);
        s = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"SCRAM-SHA-256-PLUS",
                                        "SCRAM-SHA-256",
                                        "SCRAM-SHA-1",
                                        "OAUTHBEARER",
                                        "XOAUTH2",
                                        "PLAIN",
                                        "LOGIN",
                                        "CRAM-MD5",
                                        "EXTERNAL"};
    static struct sasl_client x;
    char memory[1024];
    if (size < 2)
        return 0;
    size_t which = data[0] % (sizeof names / sizeof *names);
    struct buf out = buf_over(memory, sizeof memory);
    sasl_client_init(&x, sasl_client_find(slice_str(names[which])), &credentials);
    if (data[1] & 1)
        (void)sasl_client_initial(&x, &out);
    converse(&x, slice_of(data + 2, size - 2), which < 3);
    sasl_client_wipe(&x);
    return 0;
}
