#include "sasl_client_exchange.h"

#include "codec/base64.h"

struct vector {
    const char *mechanism, *nonce;
    const char *first, *challenge, *final, *verifier;
};

static const struct vector rfc5802 = {
    "SCRAM-SHA-1",
    "fyko+d2lbbFgONRv9qkxdawL",
    "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
};

static const struct vector rfc7677 = {
    "SCRAM-SHA-256",
    "rOprNGfwEbeRWgbNEkqO",
    "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

static const struct sasl_credentials *pencil(const char *nonce)
{
    static struct sasl_credentials c;
    static char memory[64];
    struct buf decoded = buf_over(memory, sizeof memory);
    assert_int_equal(base64_decode(&decoded, slice_str(nonce)), STATUS_OK);
    c = (struct sasl_credentials){
        .user = SLICE("user"), .password = SLICE("pencil"), .nonce = buf_slice(&decoded)};
    return &c;
}

static void start_vector(struct exchange *e, const struct vector *v)
{
    begin(e, v->mechanism, pencil(v->nonce));
    assert_first(e, v->first);
}

static void assert_vector(const struct vector *v)
{
    struct exchange e;
    start_vector(&e, v);
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    assert_int_equal(feed_text(&e, v->challenge), STATUS_OK);
    assert_said(&e, slice_str(v->final));
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    assert_int_equal(feed_text(&e, v->verifier), STATUS_OK);
    assert_said(&e, SLICE(""));
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
    /* A replay of any of it. */
    assert_int_equal(feed_text(&e, v->verifier), STATUS_MALFORMED);
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
}

static void rfc5802_and_rfc7677_examples(void **state)
{
    (void)state;
    assert_vector(&rfc5802);
    assert_vector(&rfc7677);
}

static void scram_answers_an_empty_first_challenge(void **state)
{
    struct exchange e;
    (void)state;
    begin(&e, "scram-sha-256", pencil(rfc7677.nonce));
    assert_int_equal(feed_text(&e, ""), STATUS_OK);
    assert_said(&e, slice_str(rfc7677.first));
    assert_int_equal(feed_text(&e, rfc7677.challenge), STATUS_OK);
    assert_said(&e, slice_str(rfc7677.final));
}

static void success_without_the_servers_proof_is_denied(void **state)
{
    struct exchange e;
    (void)state;
    begin(&e, "SCRAM-SHA-1", pencil(rfc5802.nonce));
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    assert_first(&e, rfc5802.first);
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    assert_int_equal(feed_text(&e, rfc5802.challenge), STATUS_OK);
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
}

static void every_shorter_verifier_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(rfc7677.verifier); n++) {
        struct exchange e;
        start_vector(&e, &rfc7677);
        assert_int_equal(feed_text(&e, rfc7677.challenge), STATUS_OK);
        assert_int_equal(feed(&e, slice_of(rfc7677.verifier, n)), STATUS_MALFORMED);
        assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    }
}

static void every_changed_octet_of_the_verifier_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(rfc5802.verifier); n++) {
        struct exchange e;
        char text[64];
        snprintf(text, sizeof text, "%s", rfc5802.verifier);
        text[n] ^= 3;
        start_vector(&e, &rfc5802);
        assert_int_equal(feed_text(&e, rfc5802.challenge), STATUS_OK);
        assert_int_equal(feed_text(&e, text), STATUS_MALFORMED);
        assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
        assert_string_not_equal(e.x.error, "");
    }
}

/* Cut anywhere the message fails at once, or (where it is still one: in the rounds) is answered by
 * a proof that fits nothing. */
static void every_shorter_challenge_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(rfc5802.challenge); n++) {
        struct exchange e;
        start_vector(&e, &rfc5802);
        assert_int_equal(feed(&e, slice_of(rfc5802.challenge, n)), STATUS_MALFORMED);
        assert_int_equal(e.out.size, 0);
        assert_int_equal(feed_text(&e, rfc5802.challenge), STATUS_MALFORMED);
    }
}

static void bad_challenges_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "r=other,s=QSXCR+Q6sek8bf92,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=4096", /* nothing of its own */
        "r=fyko+d2lbbFgONRv9qkxdawM3rfc,s=QSXCR+Q6sek8bf92,i=4096",
        "r=xfyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3 rfc,s=QSXCR+Q6sek8bf92,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3\x80,s=QSXCR+Q6sek8bf92,i=4096",
        "m=x,r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=4096",
        "s=QSXCR+Q6sek8bf92,r=fyko+d2lbbFgONRv9qkxdawL3rfc,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSX,i=4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=0",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=-4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=+4096",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=04096",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=4095",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=1000001",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=18446744073709555712",
        "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct exchange e;
        start_vector(&e, &rfc5802);
        if (feed_text(&e, rows[i]) != STATUS_MALFORMED)
            fail_msg("%s", rows[i]);
        assert_int_equal(e.out.size, 0);
    }
}

static void a55_large_challenges_are_refused(void **state)
{
    static const char *const names[] = {"SCRAM-SHA-256", "PLAIN",   "LOGIN",
                                        "CRAM-MD5",      "XOAUTH2", "EXTERNAL"};
    static char large[1 << 20];
    (void)state;
    memset(large, 'r', sizeof large);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct exchange e;
        begin(&e, names[i], pencil(rfc5802.nonce));
        assert_int_equal(feed(&e, slice_of(large, sizeof large)), STATUS_TOO_LARGE);
        assert_int_equal(feed_text(&e, ""), STATUS_MALFORMED);
    }
    struct exchange e;
    start_vector(&e, &rfc5802);
    char text[2000];
    int n = snprintf(text, sizeof text, "%s,x=", rfc5802.challenge);
    memset(text + n, 'y', sizeof text - (size_t)n);
    assert_int_equal(feed(&e, slice_of(text, 1025)), STATUS_TOO_LARGE);
    start_vector(&e, &rfc5802);
    assert_int_equal(feed(&e, slice_of(text, 1024)), STATUS_OK);
}

/* RFC 5802 5.1: extensions behind the rounds are passed over, but signed: the proof differs. */
static void extensions_are_passed_over_but_signed(void **state)
{
    struct exchange e;
    char text[200];
    (void)state;
    start_vector(&e, &rfc5802);
    snprintf(text, sizeof text, "%s,x=new", rfc5802.challenge);
    assert_int_equal(feed_text(&e, text), STATUS_OK);
    assert_memory_equal(e.out.data, rfc5802.final, strlen("c=biws,r="));
    assert_false(slice_equal(buf_slice(&e.out), slice_str(rfc5802.final)));
    assert_int_equal(feed_text(&e, rfc5802.verifier), STATUS_MALFORMED);
}

static void servers_error_is_kept_printable(void **state)
{
    struct exchange e;
    (void)state;
    start_vector(&e, &rfc5802);
    assert_int_equal(feed_text(&e, rfc5802.challenge), STATUS_OK);
    assert_int_equal(feed_text(&e, "e=invalid-proof\x1b[2J"), STATUS_DENIED);
    assert_string_equal(e.x.error, "invalid-proof\\x1b[2J");
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
    start_vector(&e, &rfc5802);
    assert_int_equal(feed_text(&e, "e=unknown-user"), STATUS_DENIED);
    assert_string_equal(e.x.error, "unknown-user");
}

/* Computed by another program, which makes RFC 7677's example out of its input too. */
static void plus_binds_the_exporter(void **state)
{
    struct sasl_credentials c = *pencil(rfc7677.nonce);
    struct exchange e;
    char binding[32];
    (void)state;
    memset(binding, 0xa5, sizeof binding);
    c.binding = slice_of(binding, sizeof binding);
    c.authzid = SLICE("a,b=c");
    begin(&e, "SCRAM-SHA-256-PLUS", &c);
    assert_first(&e, "p=tls-exporter,a=a=2Cb=3Dc,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_int_equal(feed_text(&e, rfc7677.challenge), STATUS_OK);
    assert_said(
        &e, SLICE("c=cD10bHMtZXhwb3J0ZXIsYT1hPTJDYj0zRGMspaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWl"
                  "paU=,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=BLlGUfX3IidKqVTA"
                  "vV/SthIfkM5yyI2MBMRkOvVqmOM="));
    assert_int_equal(feed_text(&e, "v=3uHrYJAx+DYIpT+gTVKEdWaNb4lxt9lyQYMcut61NmA="), STATUS_OK);
    assert_int_equal(sasl_client_done(&e.x), STATUS_OK);
}

/* The blank of the password is U+00A0; by the same other program. */
static void names_and_passwords_beyond_ascii(void **state)
{
    struct sasl_credentials c = *pencil(rfc5802.nonce);
    struct exchange e;
    (void)state;
    c.user = SLICE("j\xc3\xbc,rgen");
    c.password = SLICE("p\xc3\xa4\xc2\xa0ss");
    c.binding = SLICE("0123456789abcdef0123456789abcdef");
    begin(&e, "SCRAM-SHA-1", &c);
    assert_first(&e, "y,,n=j\xc3\xbc=2Crgen,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_int_equal(feed_text(&e, "r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=5000"),
                     STATUS_OK);
    assert_said(&e, SLICE("c=eSws,r=fyko+d2lbbFgONRv9qkxdawL3rfc,p=4K1JA42SVI5VOwFCPmqnuN17mQQ="));
    assert_int_equal(feed_text(&e, "v=NfENrfOlxH31JHjjq6ewvqKEjug="), STATUS_OK);
}

static void header_says_whether_binding_was_missed(void **state)
{
    struct sasl_credentials c = *pencil(rfc5802.nonce);
    struct exchange e;
    (void)state;
    c.binding = SLICE("0123456789abcdef0123456789abcdef");
    begin(&e, "SCRAM-SHA-1", &c);
    assert_first(&e, "y,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_int_equal(feed_text(&e, rfc5802.challenge), STATUS_OK);
    assert_memory_equal(e.out.data, "c=eSws,r=", 9);
    c.offers_plus = true;
    begin(&e, "SCRAM-SHA-1", &c);
    assert_first(&e, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
}

static void plus_without_binding_never_begins(void **state)
{
    struct exchange e;
    (void)state;
    begin(&e, "SCRAM-SHA-1-PLUS", pencil(rfc5802.nonce));
    assert_false(sasl_client_initial(&e.x, &e.out));
    assert_int_equal(feed_text(&e, ""), STATUS_MALFORMED);
    assert_int_equal(sasl_client_done(&e.x), STATUS_DENIED);
}

static void assert_prepared(const char *user, const char *expected)
{
    struct sasl_credentials c = *pencil(rfc5802.nonce);
    struct exchange e;
    char first[300];
    c.user = slice_str(user);
    begin(&e, "SCRAM-SHA-1", &c);
    if (!expected) {
        assert_false(sasl_client_initial(&e.x, &e.out));
        assert_int_equal(e.out.size, 0);
        assert_string_not_equal(e.x.error, "");
        return;
    }
    snprintf(first, sizeof first, "n,,n=%s,r=fyko+d2lbbFgONRv9qkxdawL", expected);
    assert_first(&e, first);
}

/* RFC 4013 3, as far as it goes without composing. */
static void names_are_prepared(void **state)
{
    (void)state;
    assert_prepared("I\xc2\xadX", "IX");
    assert_prepared("user", "user");
    assert_prepared("USER", "USER");
    assert_prepared("a\xc2\xa0"
                    "b",
                    "a b");
    assert_prepared("a\xe3\x80\x80"
                    "b",
                    "a b");
    assert_prepared("j\xc3\xbcrgen", "j\xc3\xbcrgen");
    assert_prepared("\xe6\x9d\x8e", "\xe6\x9d\x8e");
    assert_prepared("a=,b", "a=3D=2Cb");
    assert_prepared("\xfcrgen", "\xfcrgen"); /* no UTF-8 */
    assert_prepared("a\x07", NULL);
    assert_prepared("a\x7f", NULL);
    assert_prepared("a\xc2\x85", NULL);
    assert_prepared("a\xe2\x80\xae", NULL);
    assert_prepared("a\xee\x80\x80", NULL);
}

static void secrets_that_scram_forbids_go_by_plain(void **state)
{
    struct sasl_credentials c = {.user = SLICE("ann"), .password = SLICE("a\tb")};
    (void)state;
    const struct sasl_client_mechanism *m =
        sasl_client_choose(SLICE("SCRAM-SHA-256 PLAIN"), &c, true);
    assert_string_equal(sasl_client_name(m), "PLAIN");
    assert_null(sasl_client_choose(SLICE("SCRAM-SHA-256 PLAIN"), &c, false));
    c.password = SLICE("a b");
    m = sasl_client_choose(SLICE("SCRAM-SHA-256 PLAIN"), &c, true);
    assert_string_equal(sasl_client_name(m), "SCRAM-SHA-256");
}

static void wiped_exchange_keeps_nothing(void **state)
{
    static const struct sasl_client nothing;
    struct exchange e;
    (void)state;
    start_vector(&e, &rfc7677);
    assert_int_equal(feed_text(&e, rfc7677.challenge), STATUS_OK);
    sasl_client_wipe(&e.x);
    assert_memory_equal(&e.x, &nothing, sizeof nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5802_and_rfc7677_examples),
        cmocka_unit_test(scram_answers_an_empty_first_challenge),
        cmocka_unit_test(success_without_the_servers_proof_is_denied),
        cmocka_unit_test(every_shorter_verifier_is_refused),
        cmocka_unit_test(every_changed_octet_of_the_verifier_is_refused),
        cmocka_unit_test(every_shorter_challenge_is_refused),
        cmocka_unit_test(bad_challenges_are_refused),
        cmocka_unit_test(a55_large_challenges_are_refused),
        cmocka_unit_test(extensions_are_passed_over_but_signed),
        cmocka_unit_test(servers_error_is_kept_printable),
        cmocka_unit_test(plus_binds_the_exporter),
        cmocka_unit_test(names_and_passwords_beyond_ascii),
        cmocka_unit_test(secrets_that_scram_forbids_go_by_plain),
        cmocka_unit_test(header_says_whether_binding_was_missed),
        cmocka_unit_test(plus_without_binding_never_begins),
        cmocka_unit_test(names_are_prepared),
        cmocka_unit_test(wiped_exchange_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
