#include "sasl/sasl_scram.h"

#include "codec/base64.h"
#include "sasl_client_exchange.h"

/* The examples of the RFCs, from the server's side. */
struct vector {
    enum sasl_digest digest;
    const char *salt, *first, *nonce, *challenge, *final, *proof;
};

static const struct vector vectors[] = {
    {SASL_SHA_1, "QSXCR+Q6sek8bf92", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {SASL_SHA_256, "W22ZaJ0SNY7soEsUEjb6gQ==", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static const struct sasl_bindings unbound;
static char memory[4096];

static struct slice octets_of(const char *base64)
{
    static char octets[256];
    struct buf b = buf_over(octets, sizeof octets);
    assert_int_equal(base64_decode(&b, slice_str(base64)), STATUS_OK);
    return buf_slice(&b);
}

static void make(enum sasl_digest d, const char *password, struct sasl_verifier *v)
{
    assert_int_equal(
        sasl_verifier_make(d, slice_str(password), octets_of("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096, v),
        STATUS_OK);
}

static void assert_out(const struct buf *out, const char *wanted)
{
    assert_int_equal(out->size, strlen(wanted));
    assert_memory_equal(out->data, wanted, out->size);
}

/* Up to and with the server's challenge. */
static void ask(struct sasl_scram *x, const struct vector *v, struct buf *out)
{
    struct sasl_verifier verifier;
    assert_int_equal(
        sasl_verifier_make(v->digest, SLICE("pencil"), octets_of(v->salt), 4096, &verifier),
        STATUS_OK);
    sasl_scram_init(x, v->digest, false, &unbound);
    assert_int_equal(sasl_scram_first(x, slice_str(v->first)), STATUS_OK);
    assert_true(slice_equal(sasl_scram_user(x), SLICE("user")));
    assert_int_equal(sasl_scram_authzid(x).size, 0);
    *out = buf_over(memory, sizeof memory);
    assert_int_equal(sasl_scram_challenge(x, &verifier, slice_str(v->nonce), out), STATUS_OK);
}

static void rfc5802_and_rfc7677_examples(void **state)
{
    struct sasl_scram x;
    struct buf out;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        ask(&x, &vectors[i], &out);
        assert_out(&out, vectors[i].challenge);
        buf_clear(&out);
        assert_int_equal(sasl_scram_final(&x, slice_str(vectors[i].final), &out), STATUS_OK);
        assert_out(&out, vectors[i].proof);
        /* A replay. */
        assert_int_equal(sasl_scram_final(&x, slice_str(vectors[i].final), &out), STATUS_MALFORMED);
    }
}

static void every_cut_and_every_changed_octet_of_the_final_message_is_refused(void **state)
{
    struct sasl_scram x;
    struct buf out;
    const char *final = vectors[1].final;
    char text[256];
    for (size_t at = 0; at < strlen(final); at++) {
        ask(&x, &vectors[1], &out);
        buf_clear(&out);
        assert_int_not_equal(sasl_scram_final(&x, slice_of(final, at), &out), STATUS_OK);
        ask(&x, &vectors[1], &out);
        buf_clear(&out);
        memcpy(text, final, strlen(final));
        text[at] ^= 1;
        assert_int_not_equal(sasl_scram_final(&x, slice_of(text, strlen(final)), &out), STATUS_OK);
        assert_int_equal(out.size, 0);
    }
}

static void every_cut_of_the_first_message_is_refused_or_is_another_user_or_nonce(void **state)
{
    const char *first = vectors[1].first;
    for (size_t size = 0; size < strlen(first) - 4; size++) {
        struct sasl_scram x;
        sasl_scram_init(&x, SASL_SHA_256, false, &unbound);
        assert_int_equal(sasl_scram_first(&x, slice_of(first, size)), STATUS_MALFORMED);
    }
}

static void broken_first_messages_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=,r=rOprNGfwEbeRWgbNEkqO",
        "n,,n=us=er,r=rOprNGfwEbeRWgbNEkqO",
        "n,,n=us=2cer,r=rOprNGfwEbeRWgbNEkqO",
        "n,,r=rOprNGfwEbeRWgbNEkqO",
        "n,,m=x,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "n,user,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "n,a=,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "n,,n=user,r=short",
        "n,,n=user,r=rOprNGfwEbeRWg NEkqO",
        "n,,n=user,r=rOprNGfwEbeRWg\x80NEkqO",
        "x,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "p=tls-unique,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sasl_scram x;
        sasl_scram_init(&x, SASL_SHA_256, false, &unbound);
        assert_int_equal(sasl_scram_first(&x, slice_str(bad[i])), STATUS_MALFORMED);
    }
}

static void names_are_unescaped_and_extensions_stepped_over(void **state)
{
    struct sasl_scram x;
    sasl_scram_init(&x, SASL_SHA_256, false, &unbound);
    assert_int_equal(
        sasl_scram_first(&x, SLICE("n,a=b=3Dc,n=a=2Cb=3D,r=rOprNGfwEbeRWgbNEkqO,ext=1")),
        STATUS_OK);
    assert_true(slice_equal(sasl_scram_user(&x), SLICE("a,b=")));
    assert_true(slice_equal(sasl_scram_authzid(&x), SLICE("b=c")));
}

static void a_client_that_misses_the_offer_of_plus_was_lied_to(void **state)
{
    struct sasl_bindings bindings = {.exporter = SLICE("0123456789abcdef0123456789abcdef")};
    struct sasl_scram x;
    struct slice says_y = SLICE("y,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    sasl_scram_init(&x, SASL_SHA_256, false, &bindings);
    assert_int_equal(sasl_scram_first(&x, says_y), STATUS_MALFORMED);
    sasl_scram_init(&x, SASL_SHA_256, false, &unbound);
    assert_int_equal(sasl_scram_first(&x, says_y), STATUS_OK);
    /* A -PLUS without a binding, and a binding without -PLUS. */
    sasl_scram_init(&x, SASL_SHA_256, true, &bindings);
    assert_int_equal(sasl_scram_first(&x, SLICE("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")),
                     STATUS_MALFORMED);
    sasl_scram_init(&x, SASL_SHA_256, false, &bindings);
    assert_int_equal(sasl_scram_first(&x, SLICE("p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO")),
                     STATUS_MALFORMED);
}

/* Our client and our server, back to back. */
struct dialogue {
    const char *mechanism, *client_password;
    struct slice client_binding;
    struct sasl_bindings server;
    bool offers_plus;
};

static enum status run(const struct dialogue *d, enum sasl_digest digest, bool is_plus,
                       const struct sasl_verifier *v)
{
    struct exchange e;
    struct sasl_scram x;
    struct sasl_credentials c = {.user = SLICE("ann"),
                                 .password = slice_str(d->client_password),
                                 .binding = d->client_binding,
                                 .offers_plus = d->offers_plus,
                                 .nonce = SLICE("0123456789abcdefgh")};
    struct buf out = buf_over(memory, sizeof memory);
    begin(&e, d->mechanism, &c);
    assert_true(sasl_client_initial(&e.x, &e.out));
    sasl_scram_init(&x, digest, is_plus, &d->server);
    enum status s = sasl_scram_first(&x, buf_slice(&e.out));
    if (s != STATUS_OK)
        return s;
    assert_int_equal(sasl_scram_challenge(&x, v, SLICE("server-nonce-of-16+"), &out), STATUS_OK);
    assert_int_equal(feed(&e, buf_slice(&out)), STATUS_OK);
    buf_clear(&out);
    s = sasl_scram_final(&x, buf_slice(&e.out), &out);
    if (s != STATUS_OK)
        return s;
    assert_int_equal(feed(&e, buf_slice(&out)), STATUS_OK);
    assert_int_equal(e.out.size, 0);
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
    return s;
}

static void our_client_and_our_server_agree_in_every_digest(void **state)
{
    struct slice exporter = SLICE("0123456789abcdef0123456789abcdef");
    for (enum sasl_digest digest = SASL_SHA_1; digest < SASL_DIGEST_COUNT; digest++) {
        struct sasl_verifier v;
        make(digest, "pass\xc2\xa0word", &v); /* RFC 4013: that blank is a blank */
        char plus[32];
        snprintf(plus, sizeof plus, "%s-PLUS", sasl_digest_name(digest));
        struct dialogue d = {.mechanism = sasl_digest_name(digest), .client_password = "pass word"};
        assert_int_equal(run(&d, digest, false, &v), STATUS_OK);
        d.client_password = "password";
        assert_int_equal(run(&d, digest, false, &v), STATUS_DENIED);
        d = (struct dialogue){.mechanism = plus,
                              .client_password = "pass word",
                              .client_binding = exporter,
                              .server = {.exporter = exporter},
                              .offers_plus = true};
        assert_int_equal(run(&d, digest, true, &v), STATUS_OK);
        /* Somebody in the middle has another channel on each side. */
        d.server.exporter = SLICE("0123456789abcdef0123456789abcdeF");
        assert_int_equal(run(&d, digest, true, &v), STATUS_MALFORMED);
    }
}

static void a_decoy_is_always_the_same_and_lets_nobody_in(void **state)
{
    struct sasl_verifier a, b;
    struct dialogue d = {.mechanism = "SCRAM-SHA-256", .client_password = ""};
    sasl_verifier_decoy(SASL_SHA_256, SLICE("key"), SLICE("ann"), 4096, &a);
    sasl_verifier_decoy(SASL_SHA_256, SLICE("key"), SLICE("ann"), 4096, &b);
    assert_memory_equal(&a, &b, sizeof a);
    sasl_verifier_decoy(SASL_SHA_256, SLICE("key"), SLICE("bob"), 4096, &b);
    assert_memory_not_equal(a.salt, b.salt, a.salt_size);
    sasl_verifier_decoy(SASL_SHA_256, SLICE("kez"), SLICE("ann"), 4096, &b);
    assert_memory_not_equal(a.salt, b.salt, a.salt_size);
    d.client_password = "password";
    assert_int_equal(run(&d, SASL_SHA_256, false, &a), STATUS_DENIED);
}

static void a_stored_verifier_is_read_as_it_was_written(void **state)
{
    struct sasl_verifier v, again;
    for (enum sasl_digest digest = SASL_SHA_1; digest < SASL_DIGEST_COUNT; digest++) {
        struct buf out = buf_over(memory, sizeof memory);
        make(digest, "secret", &v);
        assert_true(sasl_verifier_print(&v, &out));
        assert_int_equal(sasl_verifier_parse(digest, buf_slice(&out), &again), STATUS_OK);
        assert_memory_equal(&v, &again, sizeof v);
        for (size_t size = 0; size < out.size; size++)
            assert_int_equal(sasl_verifier_parse(digest, slice_of(memory, size), &again),
                             STATUS_MALFORMED);
    }
    static const char *const bad[] = {"4095,c2FsdA==,,", "4096,,x,y", "-1,a,b,c",
                                      "4096,c2FsdA==", "99999999999,c2FsdA==,AAAA,AAAA"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sasl_verifier_parse(SASL_SHA_256, slice_str(bad[i]), &again),
                         STATUS_MALFORMED);
}

static void a_message_of_any_size_is_refused_and_nothing_is_written_past_the_end(void **state)
{
    static char large[100000];
    struct sasl_scram x;
    struct buf out;
    memset(large, 'a', sizeof large);
    memcpy(large, "n,,n=", 5);
    for (size_t size = 900; size < sizeof large; size = size * 3 / 2) {
        sasl_scram_init(&x, SASL_SHA_1, false, &unbound);
        assert_int_equal(sasl_scram_first(&x, slice_of(large, size)), STATUS_MALFORMED);
        ask(&x, &vectors[0], &out);
        buf_clear(&out);
        assert_int_equal(sasl_scram_final(&x, slice_of(large, size), &out), STATUS_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5802_and_rfc7677_examples),
        cmocka_unit_test(every_cut_and_every_changed_octet_of_the_final_message_is_refused),
        cmocka_unit_test(every_cut_of_the_first_message_is_refused_or_is_another_user_or_nonce),
        cmocka_unit_test(broken_first_messages_are_refused),
        cmocka_unit_test(names_are_unescaped_and_extensions_stepped_over),
        cmocka_unit_test(a_client_that_misses_the_offer_of_plus_was_lied_to),
        cmocka_unit_test(our_client_and_our_server_agree_in_every_digest),
        cmocka_unit_test(a_decoy_is_always_the_same_and_lets_nobody_in),
        cmocka_unit_test(a_stored_verifier_is_read_as_it_was_written),
        cmocka_unit_test(a_message_of_any_size_is_refused_and_nothing_is_written_past_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
