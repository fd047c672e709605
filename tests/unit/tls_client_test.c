#include "tls_client_scene.h"

static void put_hex(char text[65], const unsigned char digest[32])
{
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* Connects trusting file[1]; the handshake is refused with `words`, and the line to pin is given.
 */
static void assert_refused(const struct scene *s, const char *host, const char *words)
{
    struct talk t;
    char hex[65], line[100];
    start_talk(&t, s, &(struct tls_client_options){.ca_file = s->folder.file[1]}, host);
    shake_hands(&t);
    assert_int_equal(t.result, STATUS_MALFORMED);
    assert_non_null(tls_client_problem(t.client));
    if (!strstr(tls_client_problem(t.client), words))
        fail_msg("%s", tls_client_problem(t.client));
    put_hex(hex, s->fingerprint);
    snprintf(line, sizeof line, "tls-fingerprint sha256:%s", hex);
    if (!strstr(words, "revoked"))
        assert_non_null(strstr(tls_client_problem(t.client), line));
    assert_non_null(strstr(tls_error(t.client), "certificate"));
    end_talk(&t);
}

static void assert_taken(const struct scene *s, const struct tls_client_options *o,
                         const char *host)
{
    struct talk t;
    char text[8];
    size_t n;
    start_talk(&t, s, o, host);
    shake_hands(&t);
    if (tls_client_problem(t.client))
        fail_msg("%s", tls_client_problem(t.client));
    assert_int_equal(t.result, STATUS_OK);
    assert_int_equal(tls_write(t.server, "+OK\r\n", 5, &n), STATUS_OK);
    assert_int_equal(tls_read(t.client, text, sizeof text, &n), STATUS_OK);
    assert_int_equal(n, 5);
    end_talk(&t);
}

static void a48_right_names_and_addresses_are_taken(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s,
               (struct paper){.names = "DNS:pop.example.org,DNS:*.example.net,IP:127.0.0.1,IP:::1"},
               false);
    struct tls_client_options o = {.ca_file = s.folder.file[1]};
    static const char *const hosts[] = {"pop.example.org",
                                        "POP.Example.ORG",
                                        "pop.example.org.",
                                        "mail.example.net",
                                        "::1%lo",
                                        "127.0.0.1",
                                        "::1"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        assert_taken(&s, &o, hosts[i]);
    clear_scene(&s);
}

static void a48_wrong_host_is_refused(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:pop.example.org,DNS:*.example.net,IP:127.0.0.1"},
               false);
    static const char *const hosts[] = {"example.org", "a.b.example.net", "example.net",
                                        "127.0.0.2", "::1"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        assert_refused(&s, hosts[i],
                       "the certificate is for pop.example.org, *.example.net, 127.0.0.1, not for");
    clear_scene(&s);
}

static void a48_subjects_common_name_is_no_name(void **state)
{
    struct scene s;
    (void)state;
    set_self_signed(&s, &(struct paper){.common = "pop.example.org"});
    assert_refused(&s, "pop.example.org", "no name at all");
    clear_scene(&s);
}

static void a48_wildcard_is_a_whole_label(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:po*.example.org,DNS:*"}, false);
    assert_refused(&s, "pop.example.org", "the certificate is for po*.example.org, *, not for");
    assert_refused(&s, "localhost", "not for localhost");
    clear_scene(&s);
}

static void authority_file_may_be_the_servers_own_certificate(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:pop.example.org"}, false);
    assert_taken(&s, &(struct tls_client_options){.ca_file = s.folder.file[0]}, "pop.example.org");
    clear_scene(&s);
}

static void a48_expired_is_refused(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:pop.example.org", .to_days = -1}, false);
    assert_refused(&s, "pop.example.org", "the certificate expired on 2");
    clear_scene(&s);
}

static void a48_not_yet_valid_is_refused(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:pop.example.org", .from_days = 2}, false);
    assert_refused(&s, "pop.example.org", "is not valid before 2");
    clear_scene(&s);
}

static void a48_self_signed_is_refused(void **state)
{
    struct scene s, other;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:pop.example.org"});
    set_self_signed(&other, &(struct paper){.names = "DNS:other.example.org"});
    assert_int_equal(rename(other.folder.file[1], s.folder.file[1]), 0);
    assert_refused(&s, "pop.example.org", "self-signed");
    clear_scene(&s);
    clear_scene(&other);
}

static void a48_unknown_issuer_is_refused_and_named(void **state)
{
    struct scene s, other;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:pop.example.org"}, false);
    set_self_signed(&other, &(struct paper){.names = "DNS:other.example.org"});
    assert_int_equal(rename(other.folder.file[1], s.folder.file[1]), 0);
    assert_refused(&s, "pop.example.org", "issuer, Test Authority, is not known here");
    clear_scene(&s);
    clear_scene(&other);
}

static void a48_nul_in_a_name_is_refused(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s, (struct paper){.raw_name = SLICE("pop.example.org\0.evil.example")}, false);
    assert_refused(&s, "pop.example.org", "pop.example.org\\x00.evil.example");
    assert_refused(&s, "pop.example.org", "has a NUL");
    clear_scene(&s);
}

static void a48_revoked_is_refused(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:pop.example.org"}, true);
    assert_refused(&s, "pop.example.org", "revoked");
    clear_scene(&s);
}

static void a58_names_cannot_steer_the_terminal(void **state)
{
    struct scene s;
    struct talk t;
    (void)state;
    set_self_signed(&s, &(struct paper){.raw_name = SLICE("\x1b]52;c;AAAA\x07\r\nfine")});
    start_talk(&t, &s, &(struct tls_client_options){.ca_file = s.folder.file[1]}, "pop.example");
    shake_hands(&t);
    for (const char *p = tls_client_problem(t.client); *p; p++)
        assert_true(*p >= ' ' && *p < 0x7f);
    end_talk(&t);
    clear_scene(&s);
}

static void the_systems_store_knows_no_test_authority(void **state)
{
    struct scene s;
    struct talk t;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:pop.example.org"}, false);
    start_talk(&t, &s, &(struct tls_client_options){0}, "pop.example.org");
    shake_hands(&t);
    assert_int_equal(t.result, STATUS_MALFORMED);
    assert_non_null(tls_client_problem(t.client));
    end_talk(&t);
    clear_scene(&s);
}

/* The variable that OpenSSL reads: what an administrator puts into the system's store counts. */
static void the_systems_store_is_believed(void **state)
{
    struct scene s;
    (void)state;
    set_issued(&s, (struct paper){.names = "DNS:pop.example.org"}, false);
    setenv("SSL_CERT_FILE", s.folder.file[1], 1);
    assert_taken(&s, &(struct tls_client_options){0}, "pop.example.org");
    unsetenv("SSL_CERT_FILE");
    clear_scene(&s);
}

static void pinned_certificate_alone_is_believed(void **state)
{
    struct scene s;
    struct talk t;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x", .to_days = -1});
    assert_taken(&s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "pop.example.org");
    unsigned char other[32];
    memcpy(other, s.fingerprint, sizeof other);
    other[31] ^= 1;
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = other}, "x");
    shake_hands(&t);
    assert_int_equal(t.result, STATUS_MALFORMED);
    assert_non_null(strstr(tls_client_problem(t.client), "not the pinned one"));
    end_talk(&t);
    clear_scene(&s);
}

static void diagnosis_goes_on_and_tells(void **state)
{
    struct scene s;
    struct talk t;
    char memory[600];
    unsigned char digest[32];
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x.example"});
    start_talk(&t, &s, &(struct tls_client_options){.insecure_for_diagnosis = true}, "pop.example");
    shake_hands(&t);
    assert_int_equal(t.result, STATUS_OK);
    assert_non_null(tls_client_problem(t.client));
    struct buf line = buf_over(memory, sizeof memory);
    assert_int_equal(tls_client_certificate(t.client, &line), STATUS_OK);
    memory[line.size] = 0;
    assert_non_null(strstr(memory, "for x.example, issued by Test Server, valid from 2"));
    assert_true(tls_client_fingerprint(t.client, digest));
    assert_memory_equal(digest, s.fingerprint, 32);
    end_talk(&t);
    clear_scene(&s);
}

static void authority_file_must_be_there(void **state)
{
    struct tls_context *c;
    char why[300];
    (void)state;
    assert_int_equal(tls_client_context_new(
                         &(struct tls_client_options){.ca_file = "/nonexistent/ca.pem"}, &c, why),
                     STATUS_PERMANENT);
    assert_non_null(strstr(why, "/nonexistent/ca.pem"));
    assert_null(c);
}

static void a54_host_with_controls_is_refused(void **state)
{
    static const char *const hosts[] = {"", ".", "a b", "pop.example\r\n", "\x01", "a\x7f"};
    struct tls_context *c;
    struct tls_connection *t;
    char why[300];
    (void)state;
    assert_int_equal(tls_client_context_new(&(struct tls_client_options){0}, &c, why), STATUS_OK);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_int_equal(tls_client_connection_new(c, 0, hosts[i], &t), STATUS_MALFORMED);
        assert_null(t);
    }
    tls_context_unref(c);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    tls_global_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a48_right_names_and_addresses_are_taken),
        cmocka_unit_test(a48_wrong_host_is_refused),
        cmocka_unit_test(a48_subjects_common_name_is_no_name),
        cmocka_unit_test(a48_wildcard_is_a_whole_label),
        cmocka_unit_test(authority_file_may_be_the_servers_own_certificate),
        cmocka_unit_test(a48_expired_is_refused),
        cmocka_unit_test(a48_not_yet_valid_is_refused),
        cmocka_unit_test(a48_self_signed_is_refused),
        cmocka_unit_test(a48_unknown_issuer_is_refused_and_named),
        cmocka_unit_test(a48_nul_in_a_name_is_refused),
        cmocka_unit_test(a48_revoked_is_refused),
        cmocka_unit_test(a58_names_cannot_steer_the_terminal),
        cmocka_unit_test(the_systems_store_knows_no_test_authority),
        cmocka_unit_test(the_systems_store_is_believed),
        cmocka_unit_test(pinned_certificate_alone_is_believed),
        cmocka_unit_test(diagnosis_goes_on_and_tells),
        cmocka_unit_test(authority_file_must_be_there),
        cmocka_unit_test(a54_host_with_controls_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
