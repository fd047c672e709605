#include "tls_peer.h"

#include "tls/tls_client.h"

#include <time.h>

/* A certificate for the server; what is 0 or NULL is the usual. */
struct paper {
    const char *names; /* "DNS:…,IP:…" */
    struct slice raw_name;
    int from_days, to_days;
    X509 *issuer;
    EVP_PKEY *issuer_key;
    bool authority;
};

static void add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

static void add_raw_name(X509 *x, struct slice name)
{
    GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *n = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data, (int)name.size);
    GENERAL_NAME_set0_value(n, GEN_DNS, text);
    sk_GENERAL_NAME_push(all, n);
    assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, 0), 1);
    GENERAL_NAMES_free(all);
}

static X509 *make_paper(const struct paper *p, EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_NAME_new();
    const char *name = p->authority ? "Test Authority" : "Test Server";
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), p->authority ? 1 : 2);
    X509_set_subject_name(x, subject);
    X509_set_issuer_name(x, p->issuer ? X509_get_subject_name(p->issuer) : subject);
    X509_time_adj_ex(X509_getm_notBefore(x), p->from_days ? p->from_days : -100, 0, NULL);
    X509_time_adj_ex(X509_getm_notAfter(x), p->to_days ? p->to_days : 100, 0, NULL);
    if (p->authority)
        add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
    if (p->names)
        add_extension(x, NID_subject_alt_name, p->names);
    if (p->raw_name.size > 0)
        add_raw_name(x, p->raw_name);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, p->issuer_key ? p->issuer_key : key, EVP_sha256()) > 0);
    X509_NAME_free(subject);
    return x;
}

static void write_pem(const char *path, X509 *x, EVP_PKEY *key, X509_CRL *crl)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fchmod(fileno(f), 0600), 0);
    PEM_write_X509(f, x);
    if (key)
        PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    if (crl)
        PEM_write_X509_CRL(f, crl);
    fclose(f);
}

/* A server with its certificate; file[0] is certificate and key, file[1] what a client trusts. */
struct scene {
    struct folder folder;
    struct tls_context *server;
    unsigned char fingerprint[32];
};

static void set_scene(struct scene *s, X509 *leaf, EVP_PKEY *key)
{
    struct tls_bundle b;
    char why[300];
    unsigned size = 32;
    make_folder(&s->folder);
    write_pem(s->folder.file[0], leaf, key, NULL);
    struct tls_files files = {s->folder.file[0], s->folder.file[0]};
    assert_int_equal(tls_bundle_load(&files, 1, one_key, &b, why), STATUS_OK);
    s->server = context_of(&b);
    tls_bundle_free(&b);
    X509_digest(leaf, EVP_sha256(), s->fingerprint, &size);
}

/* Its certificate is its own authority. */
static void set_self_signed(struct scene *s, const struct paper *p)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = make_paper(p, key);
    set_scene(s, x, key);
    write_pem(s->folder.file[1], x, NULL, NULL);
    X509_free(x);
    EVP_PKEY_free(key);
}

/* An authority issued it; and revoked it, if told so. */
static void set_issued(struct scene *s, struct paper p, bool revoke)
{
    EVP_PKEY *root_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *root = make_paper(&(struct paper){.authority = true}, root_key);
    p.issuer = root;
    p.issuer_key = root_key;
    X509 *x = make_paper(&p, key);
    set_scene(s, x, key);
    X509_CRL *crl = NULL;
    if (revoke) {
        X509_REVOKED *row = X509_REVOKED_new();
        ASN1_TIME *now = ASN1_TIME_set(NULL, time(NULL) - 100);
        ASN1_TIME *later = ASN1_TIME_set(NULL, time(NULL) + 100000);
        crl = X509_CRL_new();
        X509_CRL_set_version(crl, X509_CRL_VERSION_2);
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(root));
        X509_CRL_set1_lastUpdate(crl, now);
        X509_CRL_set1_nextUpdate(crl, later);
        X509_REVOKED_set_serialNumber(row, X509_get_serialNumber(x));
        X509_REVOKED_set_revocationDate(row, now);
        X509_CRL_add0_revoked(crl, row);
        X509_CRL_sign(crl, root_key, EVP_sha256());
        ASN1_TIME_free(now);
        ASN1_TIME_free(later);
    }
    write_pem(s->folder.file[1], root, NULL, crl);
    X509_CRL_free(crl);
    X509_free(x);
    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
}

static void clear_scene(struct scene *s)
{
    tls_context_unref(s->server);
    remove_folder(&s->folder);
}

/* Both sides of a socketpair. */
struct talk {
    int sockets[2]; /* the server's, the client's */
    struct tls_connection *server, *client;
    enum status result; /* the client's handshake */
};

static void start_talk(struct talk *t, const struct scene *s,
                       const struct tls_client_options *options, const char *host)
{
    struct tls_context *c;
    char why[300];
    *t = (struct talk){.result = STATUS_AGAIN};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, t->sockets), 0);
    assert_int_equal(tls_client_context_new(options, &c, why), STATUS_OK);
    assert_string_equal(why, "");
    assert_int_equal(tls_connection_new(s->server, t->sockets[0], &t->server), STATUS_OK);
    assert_int_equal(tls_client_connection_new(c, t->sockets[1], host, &t->client), STATUS_OK);
    tls_context_unref(c);
}

static void shake_hands(struct talk *t)
{
    enum status server = STATUS_AGAIN;
    for (int i = 0; i < 20; i++) {
        if (t->result == STATUS_AGAIN)
            t->result = tls_handshake(t->client);
        if (server == STATUS_AGAIN)
            server = tls_handshake(t->server);
    }
}

static void end_talk(struct talk *t)
{
    tls_connection_free(t->server);
    tls_connection_free(t->client);
    for (int i = 0; i < 2; i++)
        if (t->sockets[i] >= 0)
            close(t->sockets[i]);
}

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
    static const char *const hosts[] = {"pop.example.org",  "POP.Example.ORG", "pop.example.org.",
                                        "mail.example.net", "127.0.0.1",       "::1"};
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
    set_self_signed(&s, &(struct paper){0});
    assert_refused(&s, "test-server", "no name at all");
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

/* One side's name and protocol as the server sees them. */
static const char *seen_name;
static char seen_protocol[8];

static int see(SSL *ssl, const unsigned char **out, unsigned char *size, const unsigned char *in,
               unsigned in_size, void *unused)
{
    (void)unused;
    static char name[80];
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(name, sizeof name, "%s", sni ? sni : "(none)");
    seen_name = name;
    snprintf(seen_protocol, sizeof seen_protocol, "%.*s", (int)(in_size - 1), in + 1);
    *out = in + 1;
    *size = in[0];
    return SSL_TLSEXT_ERR_OK;
}

/* A bare OpenSSL server with options of its own against our client. */
struct bare {
    int sockets[2];
    SSL_CTX *context;
    SSL *ssl;
    struct tls_connection *client;
    enum status result;
    int server_result;
};

static void start_bare(struct bare *b, const struct scene *s, const char *host, int newest)
{
    struct tls_context *c;
    char why[300];
    *b = (struct bare){.result = STATUS_AGAIN};
    b->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_file(b->context, s->folder.file[0], SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(b->context, s->folder.file[0], SSL_FILETYPE_PEM);
    SSL_CTX_set_security_level(b->context, 0);
    SSL_CTX_set_min_proto_version(b->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(b->context, newest);
    SSL_CTX_set_alpn_select_cb(b->context, see, NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b->sockets), 0);
    b->ssl = SSL_new(b->context);
    SSL_set_fd(b->ssl, b->sockets[0]);
    SSL_set_accept_state(b->ssl);
    struct tls_client_options o = {.fingerprint = s->fingerprint};
    assert_int_equal(tls_client_context_new(&o, &c, why), STATUS_OK);
    assert_int_equal(tls_client_connection_new(c, b->sockets[1], host, &b->client), STATUS_OK);
    tls_context_unref(c);
    for (int i = 0; i < 20; i++) {
        if (b->result == STATUS_AGAIN)
            b->result = tls_handshake(b->client);
        if (b->server_result != 1)
            b->server_result = SSL_do_handshake(b->ssl);
    }
}

static void end_bare(struct bare *b)
{
    tls_connection_free(b->client);
    SSL_free(b->ssl);
    SSL_CTX_free(b->context);
    close(b->sockets[0]);
    close(b->sockets[1]);
    ERR_clear_error();
}

static void names_are_sent_and_addresses_are_not(void **state)
{
    struct scene s;
    struct bare b;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:pop.example.org"});
    start_bare(&b, &s, "pop.example.org.", TLS1_3_VERSION);
    assert_int_equal(b.result, STATUS_OK);
    assert_string_equal(seen_name, "pop.example.org");
    assert_string_equal(seen_protocol, "pop3");
    end_bare(&b);
    start_bare(&b, &s, "127.0.0.1", TLS1_3_VERSION);
    assert_int_equal(b.result, STATUS_OK);
    assert_string_equal(seen_name, "(none)");
    end_bare(&b);
    clear_scene(&s);
}

static void older_versions_are_refused(void **state)
{
    struct scene s;
    struct bare b;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_bare(&b, &s, "x", TLS1_1_VERSION);
    assert_int_equal(b.result, STATUS_MALFORMED);
    assert_non_null(strstr(tls_error(b.client), "TLS 1.2"));
    end_bare(&b);
    clear_scene(&s);
}

static void both_sides_have_the_same_binding(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct scene s;
    struct bare b;
    unsigned char ours[2][32], theirs[32];
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    for (int i = 0; i < 2; i++) {
        start_bare(&b, &s, "x", versions[i]);
        assert_int_equal(b.result, STATUS_OK);
        assert_true(tls_client_binding(b.client, ours[i]));
        SSL_export_keying_material(b.ssl, theirs, 32, "EXPORTER-Channel-Binding", 24,
                                   (const unsigned char *)"", 0, 1);
        assert_memory_equal(ours[i], theirs, 32);
        end_bare(&b);
    }
    assert_memory_not_equal(ours[0], ours[1], 32);
    clear_scene(&s);
}

static void no_binding_before_the_handshake(void **state)
{
    struct scene s;
    struct talk t;
    unsigned char out[32];
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    assert_false(tls_client_binding(t.client, out));
    assert_false(tls_client_fingerprint(t.client, out));
    end_talk(&t);
    clear_scene(&s);
}

static void a53_cut_is_told_from_a_clean_end(void **state)
{
    struct scene s;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    for (int clean = 0; clean < 2; clean++) {
        struct talk t;
        char text[8];
        size_t n;
        start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
        shake_hands(&t);
        assert_int_equal(t.result, STATUS_OK);
        assert_int_equal(tls_read(t.client, text, sizeof text, &n), STATUS_AGAIN);
        assert_false(tls_client_was_cut(t.client));
        if (clean)
            tls_shutdown(t.server);
        close(t.sockets[0]);
        t.sockets[0] = -1;
        assert_int_equal(tls_read(t.client, text, sizeof text, &n), STATUS_CLOSED);
        assert_int_equal(tls_client_was_cut(t.client), !clean);
        if (clean)
            assert_string_equal(tls_error(t.client), "closed by the server");
        else
            assert_non_null(strstr(tls_error(t.client), "cut"));
        end_talk(&t);
    }
    clear_scene(&s);
}

static void a53_cut_in_the_handshake_is_closed(void **state)
{
    struct scene s;
    struct talk t;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    assert_int_equal(tls_handshake(t.client), STATUS_AGAIN);
    shutdown(t.sockets[0], SHUT_RDWR);
    assert_int_equal(tls_handshake(t.client), STATUS_CLOSED);
    assert_true(tls_client_was_cut(t.client));
    assert_null(tls_client_problem(t.client));
    end_talk(&t);
    clear_scene(&s);
}

static void plain_pop3_on_the_port_is_named(void **state)
{
    struct scene s;
    struct talk t;
    (void)state;
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    assert_int_equal(write(t.sockets[0], "+OK POP3 server ready\r\n", 23), 23);
    shake_hands(&t);
    assert_int_equal(t.result, STATUS_MALFORMED);
    assert_non_null(strstr(tls_error(t.client), "does not speak TLS"));
    end_talk(&t);
    clear_scene(&s);
}

/* Nobody reads for a while: what is written partly goes on where it stopped. */
static void partial_writes_lose_nothing(void **state)
{
    enum { SIZE = 600000 };
    static char sent[SIZE], got[SIZE];
    struct scene s;
    struct talk t;
    size_t at = 0, there = 0;
    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (char)(i * 7 + i / 251);
    set_self_signed(&s, &(struct paper){.names = "DNS:x"});
    start_talk(&t, &s, &(struct tls_client_options){.fingerprint = s.fingerprint}, "x");
    shake_hands(&t);
    bool was_partial = false;
    for (int turn = 0; turn < 10000 && there < SIZE; turn++) {
        size_t n;
        enum status w = at < SIZE ? tls_write(t.client, sent + at, SIZE - at, &n) : STATUS_AGAIN;
        at += w == STATUS_OK ? n : 0;
        was_partial = was_partial || (w == STATUS_OK && at < SIZE);
        if (tls_read(t.server, got + there, SIZE - there, &n) == STATUS_OK)
            there += n;
    }
    assert_true(was_partial);
    assert_int_equal(there, SIZE);
    assert_memory_equal(sent, got, SIZE);
    end_talk(&t);
    clear_scene(&s);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    tls_global_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a48_right_names_and_addresses_are_taken),
        cmocka_unit_test(a48_wrong_host_is_refused),
        cmocka_unit_test(a48_subjects_common_name_is_no_name),
        cmocka_unit_test(a48_expired_is_refused),
        cmocka_unit_test(a48_not_yet_valid_is_refused),
        cmocka_unit_test(a48_self_signed_is_refused),
        cmocka_unit_test(a48_unknown_issuer_is_refused_and_named),
        cmocka_unit_test(a48_nul_in_a_name_is_refused),
        cmocka_unit_test(a48_revoked_is_refused),
        cmocka_unit_test(a58_names_cannot_steer_the_terminal),
        cmocka_unit_test(the_systems_store_knows_no_test_authority),
        cmocka_unit_test(pinned_certificate_alone_is_believed),
        cmocka_unit_test(diagnosis_goes_on_and_tells),
        cmocka_unit_test(authority_file_must_be_there),
        cmocka_unit_test(a54_host_with_controls_is_refused),
        cmocka_unit_test(names_are_sent_and_addresses_are_not),
        cmocka_unit_test(older_versions_are_refused),
        cmocka_unit_test(both_sides_have_the_same_binding),
        cmocka_unit_test(no_binding_before_the_handshake),
        cmocka_unit_test(a53_cut_is_told_from_a_clean_end),
        cmocka_unit_test(a53_cut_in_the_handshake_is_closed),
        cmocka_unit_test(plain_pop3_on_the_port_is_named),
        cmocka_unit_test(partial_writes_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
