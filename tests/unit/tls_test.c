#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tls_peer.h"

#include <seccomp.h>
#include <sys/wait.h>

static void assert_version(int version, const char *name)
{
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){.version = version}));
    assert_string_equal(tls_version(w.server), name);
    assert_string_not_equal(tls_cipher(w.server), "");
    assert_string_equal(tls_error(w.server), "");
    assert_false(tls_was_resumed(w.server));
    assert_talk(&w);
    close_wire(&w);
    tls_context_unref(c);
}

static void handshakes_with_1_2_and_1_3(void **state)
{
    (void)state;
    assert_version(TLS1_2_VERSION, "TLSv1.2");
    assert_version(TLS1_3_VERSION, "TLSv1.3");
}

static void older_versions_are_refused_and_named(void **state)
{
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    open_sockets(&w, c);
    open_client(&w, &(struct offer){.version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"});
    SSL_set_min_proto_version(w.client, TLS1_VERSION);
    assert_false(shake(&w));
    assert_int_equal(w.handshake, STATUS_MALFORMED);
    assert_non_null(strstr(tls_error(w.server), "TLS 1.2"));
    close_wire(&w);
    tls_context_unref(c);
}

static void a08_alpn_pop3_is_chosen_and_no_alpn_is_fine(void **state)
{
    static const char *const offers[] = {"\4pop3", "\4imap\4pop3", NULL};
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    for (size_t i = 0; i < 3; i++) {
        struct wire w;
        const unsigned char *chosen;
        unsigned size;
        assert_true(connect_to(&w, c, &(struct offer){.alpn = offers[i]}));
        SSL_get0_alpn_selected(w.client, &chosen, &size);
        assert_int_equal(size, offers[i] ? 4 : 0);
        assert_memory_equal(chosen, "pop3", size);
        close_wire(&w);
    }
    tls_context_unref(c);
}

static void a08_other_alpn_gets_no_application_protocol(void **state)
{
    static const char *const offers[] = {"\4imap", "\2h2\10http/1.1", "\3pop", "\5pop3s"};
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    for (size_t i = 0; i < 4; i++) {
        struct wire w;
        assert_false(connect_to(&w, c, &(struct offer){.alpn = offers[i]}));
        assert_int_equal(w.handshake, STATUS_MALFORMED);
        assert_non_null(strstr(tls_error(w.server), "ALPN"));
        assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
                         SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
        close_wire(&w);
    }
    tls_context_unref(c);
}

static void a09_sni_chooses_exact_then_wildcard_then_first(void **state)
{
    struct folder f;
    struct tls_bundle b;
    char why[300];
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, 0});
    write_pair(f.file[1], &(struct issue){"*.example.net", 90, 0});
    write_pair(f.file[2], &(struct issue){"pop.example.net", 90, 0});
    struct tls_files files[3];
    for (int i = 0; i < 3; i++)
        files[i] = (struct tls_files){f.file[i], f.file[i]};
    assert_int_equal(tls_bundle_load(files, 3, one_key, &b, why), STATUS_OK);
    assert_string_equal(why, "");
    struct tls_context *c = context_of(&b);
    assert_true(client_sees(c, &(struct offer){.sni = "mail.example.org"}, "mail.example.org"));
    assert_true(client_sees(c, &(struct offer){.sni = "POP.Example.NET"}, "pop.example.net"));
    assert_true(client_sees(c, &(struct offer){.sni = "imap.example.net"}, "*.example.net"));
    assert_true(client_sees(c, &(struct offer){.sni = "a.b.example.net"}, "mail.example.org"));
    assert_true(client_sees(c, &(struct offer){.sni = "example.net"}, "mail.example.org"));
    assert_true(client_sees(c, &(struct offer){.sni = "../../etc/passwd"}, "mail.example.org"));
    assert_true(client_sees(c, &(struct offer){.sni = NULL}, "mail.example.org"));
    tls_context_unref(c);
    tls_bundle_free(&b);
    remove_folder(&f);
}

static void rsa_beside_ecdsa_for_the_same_name(void **state)
{
    struct folder f;
    struct tls_bundle b;
    char why[300];
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, 0});
    write_pair(f.file[1], &(struct issue){"mail.example.org", 90, 2048});
    const struct tls_files files[] = {{f.file[0], f.file[0]}, {f.file[1], f.file[1]}};
    assert_int_equal(tls_bundle_load(files, 2, one_key, &b, why), STATUS_OK);
    struct tls_context *c = context_of(&b);
    static const char *const kinds[] = {"ECDSA", "RSA"};
    for (int i = 0; i < 2; i++) {
        char cipher[64];
        struct wire w;
        snprintf(cipher, sizeof cipher, "ECDHE-%s-AES128-GCM-SHA256", kinds[i]);
        assert_true(
            connect_to(&w, c, &(struct offer){.version = TLS1_2_VERSION, .ciphers = cipher}));
        assert_string_equal(tls_cipher(w.server), cipher);
        close_wire(&w);
    }
    tls_context_unref(c);
    tls_bundle_free(&b);
    remove_folder(&f);
}

/* A first connection at one front, a second at another. */
static void assert_resumption(struct tls_context *first, struct tls_context *second,
                              const struct offer *o)
{
    struct wire w;
    assert_true(connect_to(&w, first, o));
    assert_talk(&w);
    close_wire(&w);
    assert_non_null(latest_session);
    for (int i = 0; i < 3; i++) {
        struct offer again = *o;
        again.again = latest_session;
        assert_true(connect_to(&w, i % 2 ? first : second, &again));
        assert_true(tls_was_resumed(w.server));
        assert_talk(&w);
        close_wire(&w);
    }
    SSL_SESSION_free(latest_session);
    latest_session = NULL;
}

static void every_front_resumes_what_another_began(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    (void)state;
    struct tls_bundle b = generate("mail.example.org");
    struct tls_context *first = context_of(&b);
    struct tls_context *second = context_of(&b);
    for (int i = 0; i < 2; i++) {
        assert_resumption(first, second, &(struct offer){.version = versions[i]});
        assert_resumption(first, second,
                          &(struct offer){.version = versions[i], .sni = "mail.example.org"});
        assert_resumption(first, second, &(struct offer){.version = versions[i], .sni = "unknown"});
        assert_resumption(first, second, &(struct offer){.version = versions[i], .alpn = "\4pop3"});
    }
    tls_context_unref(first);
    tls_context_unref(second);
    tls_bundle_free(&b);
}

static struct tls_context *context_with_keys(struct slice keys, const char *file)
{
    struct tls_bundle b;
    char why[300];
    const struct tls_files files = {file, file};
    assert_int_equal(tls_bundle_load(&files, 1, keys, &b, why), STATUS_OK);
    struct tls_context *c = context_of(&b);
    tls_bundle_free(&b);
    return c;
}

static void the_older_ticket_key_still_opens_and_a_strange_one_does_not(void **state)
{
    char fresh[TLS_TICKET_KEY_SIZE] = "a strange key...";
    char rotated[2 * TLS_TICKET_KEY_SIZE];
    struct folder f;
    (void)state;
    memcpy(rotated, fresh, sizeof fresh);
    memcpy(rotated + sizeof fresh, ticket_keys, TLS_TICKET_KEY_SIZE);
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, 0});
    struct tls_context *before = context_with_keys(one_key, f.file[0]);
    struct tls_context *after = context_with_keys(slice_of(rotated, sizeof rotated), f.file[0]);
    struct tls_context *strange = context_with_keys(slice_of(fresh, sizeof fresh), f.file[0]);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int i = 0; i < 2; i++) {
        struct wire w;
        assert_true(connect_to(&w, before, &(struct offer){.version = versions[i]}));
        assert_talk(&w);
        close_wire(&w);
        struct offer again = {.version = versions[i], .again = latest_session};
        SSL_SESSION_up_ref(again.again);
        assert_true(connect_to(&w, strange, &again));
        assert_false(tls_was_resumed(w.server));
        close_wire(&w);
        assert_true(connect_to(&w, after, &again));
        assert_true(tls_was_resumed(w.server));
        assert_talk(&w);
        close_wire(&w);
        SSL_SESSION_free(again.again);
    }
    SSL_SESSION_free(latest_session);
    latest_session = NULL;
    tls_context_unref(before);
    tls_context_unref(after);
    tls_context_unref(strange);
    remove_folder(&f);
}

static void a06_renegotiation_ends_the_connection(void **state)
{
    char text[16];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){.version = TLS1_2_VERSION}));
    assert_int_equal(SSL_renegotiate(w.client), 1);
    (void)SSL_do_handshake(w.client);
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_CLOSED);
    assert_non_null(strstr(tls_error(w.server), "renegotiate"));
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_CLOSED);
    assert_int_equal(tls_write(w.server, "x", 1, &n), STATUS_CLOSED);
    close_wire(&w);
    tls_context_unref(c);
}

static void a07_early_data_is_never_accepted(void **state)
{
    char text[32];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    assert_talk(&w);
    close_wire(&w);
    assert_int_equal(SSL_SESSION_get_max_early_data(latest_session), 0);
    assert_int_equal(SSL_SESSION_set_max_early_data(latest_session, 4096), 1);
    open_sockets(&w, c);
    open_client(&w, &(struct offer){.again = latest_session});
    assert_int_equal(SSL_write_early_data(w.client, "DELE 1\r\n", 8, &n), 1);
    assert_true(shake(&w));
    assert_int_equal(SSL_get_early_data_status(w.client), SSL_EARLY_DATA_REJECTED);
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_AGAIN);
    assert_talk(&w);
    close_wire(&w);
    SSL_SESSION_free(latest_session);
    latest_session = NULL;
    tls_context_unref(c);
}

/* A client hello as bytes, for a server to be fed with. */
static size_t client_hello(char *to, size_t room)
{
    struct wire w = {.client_socket = -1};
    open_client(&w, &(struct offer){.sni = "mail.example.org"});
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(w.client, BIO_new(BIO_s_mem()), out);
    (void)SSL_do_handshake(w.client);
    int n = BIO_read(out, to, (int)room);
    assert_true(n > 100);
    SSL_free(w.client);
    SSL_CTX_free(w.client_context);
    ERR_clear_error();
    return (size_t)n;
}

static void client_hello_may_come_octet_by_octet(void **state)
{
    char hello[1024];
    char answer[8];
    size_t size = client_hello(hello, sizeof hello);
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    open_sockets(&w, c);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(tls_handshake(w.server), STATUS_AGAIN);
        assert_false(tls_wants_write(w.server));
        assert_int_equal(recv(w.client_socket, answer, sizeof answer, 0), -1);
        assert_int_equal(send(w.client_socket, hello + i, 1, 0), 1);
    }
    assert_int_equal(tls_handshake(w.server), STATUS_AGAIN);
    assert_int_equal(recv(w.client_socket, answer, sizeof answer, 0), sizeof answer);
    assert_int_equal(answer[0], 22);
    close_wire(&w);
    tls_context_unref(c);
}

/* What the server says to a hello of these octets and then nothing more. */
static enum status answer_to(struct tls_context *c, const char *hello, size_t size)
{
    struct wire w;
    open_sockets(&w, c);
    assert_int_equal(send(w.client_socket, hello, size, 0), size);
    enum status s = tls_handshake(w.server);
    assert_true(s == STATUS_AGAIN || tls_error(w.server)[0] != 0);
    close_wire(&w);
    return s;
}

static void a09_a_nul_in_the_server_name_is_refused(void **state)
{
    char hello[1024];
    size_t size = client_hello(hello, sizeof hello);
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    assert_int_equal(answer_to(c, hello, size), STATUS_AGAIN);
    char *name = (char *)memmem(hello, size, "mail.example.org", 16);
    assert_non_null(name);
    name[4] = 0;
    assert_int_equal(answer_to(c, hello, size), STATUS_MALFORMED);
    tls_context_unref(c);
}

static void a_damaged_hello_ends_the_connection_or_waits(void **state)
{
    char hello[1024];
    size_t size = client_hello(hello, sizeof hello);
    size_t refused = 0;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit += 7) {
            hello[i] = (char)(hello[i] ^ 1 << bit);
            enum status s = answer_to(c, hello, size);
            assert_true(s == STATUS_AGAIN || s == STATUS_MALFORMED);
            refused += s == STATUS_MALFORMED;
            hello[i] = (char)(hello[i] ^ 1 << bit);
        }
    assert_true(refused > 50);
    tls_context_unref(c);
}

static void assert_first_octets(const char *text, enum status wanted, const char *said)
{
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    open_sockets(&w, c);
    size_t size = strlen(text);
    assert_int_equal(send(w.client_socket, text, size, 0), size);
    shutdown(w.client_socket, SHUT_WR);
    assert_int_equal(tls_handshake(w.server), wanted);
    if (strstr(tls_error(w.server), said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", tls_error(w.server), said);
    assert_int_equal(tls_handshake(w.server), STATUS_CLOSED);
    close_wire(&w);
    tls_context_unref(c);
}

static void a08_plaintext_on_the_tls_port_is_named(void **state)
{
    (void)state;
    assert_first_octets("GET / HTTP/1.1\r\n\r\n", STATUS_MALFORMED, "HTTP request");
    assert_first_octets("USER alice\r\nPASS secret\r\n", STATUS_MALFORMED, "plain POP3");
    assert_first_octets("CAPA\r\n", STATUS_MALFORMED, "plain POP3");
    assert_first_octets("", STATUS_CLOSED, "cut");
    assert_first_octets("\x16\x03\x01", STATUS_CLOSED, "cut");
}

static void closing_is_told_from_being_cut(void **state)
{
    char text[16];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    for (int polite = 0; polite < 2; polite++) {
        struct wire w;
        assert_true(connect_to(&w, c, &(struct offer){0}));
        assert_talk(&w);
        if (polite)
            SSL_shutdown(w.client);
        close(w.client_socket);
        w.client_socket = -1;
        assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_CLOSED);
        assert_string_equal(tls_error(w.server),
                            polite ? "closed by the client"
                                   : "the connection was cut without a close_notify");
        tls_shutdown(w.server);
        close_wire(&w);
    }
    tls_context_unref(c);
}

static void close_notify_is_sent_once(void **state)
{
    char text[64];
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    tls_shutdown(w.server);
    tls_shutdown(w.server);
    assert_int_equal(SSL_read(w.client, text, sizeof text), 0);
    assert_int_equal(SSL_get_shutdown(w.client), SSL_RECEIVED_SHUTDOWN);
    assert_int_equal(recv(w.client_socket, text, sizeof text, 0), -1);
    close_wire(&w);
    tls_context_unref(c);
}

static void pending_octets_are_told_of(void **state)
{
    char text[8];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    assert_false(tls_has_pending(w.server));
    assert_int_equal(SSL_write(w.client, "NOOP\r\n", 6), 6);
    assert_int_equal(SSL_write(w.client, "QUIT\r\n", 6), 6);
    assert_int_equal(tls_read(w.server, text, 4, &n), STATUS_OK);
    assert_true(tls_has_pending(w.server));
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_OK);
    assert_int_equal(n, 2);
    assert_true(tls_has_pending(w.server));
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_OK);
    assert_int_equal(n, 6);
    assert_false(tls_has_pending(w.server));
    close_wire(&w);
    tls_context_unref(c);
}

/* The first command may come in one read with the handshake's last octets. */
static void octets_behind_the_handshake_are_pending(void **state)
{
    char text[8];
    size_t n = 0;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    open_sockets(&w, c), open_client(&w, &(struct offer){0});
    SSL_do_handshake(w.client);
    assert_int_equal(tls_handshake(w.server), STATUS_AGAIN);
    assert_int_equal(SSL_do_handshake(w.client), 1);
    SSL_write(w.client, "CAPA\r\n", 6);
    assert_int_equal(tls_handshake(w.server), STATUS_OK);
    assert_true(tls_has_pending(w.server));
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_OK);
    close_wire(&w);
    tls_context_unref(c);
}

/* A record that is half there is nothing to come back for before the socket is readable. */
static void half_a_record_is_not_pending(void **state)
{
    char text[8];
    size_t n;
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    assert_int_equal(send(w.client_socket, "\x17\x03\x03", 3, 0), 3);
    assert_int_equal(tls_read(w.server, text, sizeof text, &n), STATUS_AGAIN);
    assert_false(tls_has_pending(w.server));
    assert_false(tls_wants_write(w.server));
    close_wire(&w);
    tls_context_unref(c);
}

/* A megabyte through a socket that soon is full, from a buffer that moves. */
static void large_writes_go_on_where_they_stopped(void **state)
{
    enum { SIZE = 1024 * 1024 };
    char *data = (char *)malloc(SIZE);
    char *seen = (char *)malloc(SIZE);
    size_t sent = 0;
    size_t got = 0;
    bool waited = false;
    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 7 + i / 251);
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    while (got < SIZE) {
        size_t n = 0;
        char *moved = (char *)malloc(SIZE - sent + 1);
        memcpy(moved, data + sent, SIZE - sent);
        enum status s = sent < SIZE ? tls_write(w.server, moved, SIZE - sent, &n) : STATUS_OK;
        free(moved);
        assert_true(s == STATUS_OK || (s == STATUS_AGAIN && tls_wants_write(w.server)));
        waited = waited || s == STATUS_AGAIN;
        sent += n;
        int r = SSL_read(w.client, seen + got, (int)(SIZE - got));
        got += r > 0 ? (size_t)r : 0;
        waited = waited || sent < SIZE;
    }
    assert_true(waited);
    assert_memory_equal(seen, data, SIZE);
    close_wire(&w);
    tls_context_unref(c);
    free(data);
    free(seen);
}

static void connections_outlive_their_context(void **state)
{
    (void)state;
    struct tls_context *c = context_for("mail.example.org");
    struct wire w;
    assert_true(connect_to(&w, c, &(struct offer){0}));
    tls_context_unref(c);
    assert_talk(&w);
    close_wire(&w);
}

/* As a front is: no file, no socket, no program from here on. */
static bool confine(void)
{
    static const int forbidden[] = {SCMP_SYS(open),    SCMP_SYS(openat), SCMP_SYS(openat2),
                                    SCMP_SYS(socket),  SCMP_SYS(stat),   SCMP_SYS(newfstatat),
                                    SCMP_SYS(connect), SCMP_SYS(execve), SCMP_SYS(access)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, forbidden[i], 0) != 0)
            return false;
    return seccomp_load(filter) == 0;
}

static int serve_confined(const struct tls_bundle *b)
{
    struct wire w = {.handshake = STATUS_AGAIN};
    struct tls_context *c;
    char why[300];
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    w.server_socket = pair[0];
    w.client_socket = pair[1];
    open_client(&w, &(struct offer){.alpn = "\4pop3", .sni = "mail.example.org"});
    if (!confine() || tls_context_new(slice_of(b->data, b->size), &c, why) != STATUS_OK ||
        tls_connection_new(c, w.server_socket, &w.server) != STATUS_OK || !shake(&w))
        return 1;
    struct tls_context *again;
    return tls_context_new(SLICE("damaged"), &again, why) == STATUS_OK;
}

static void a79_a_confined_front_needs_no_files(void **state)
{
    int ended;
    (void)state;
    struct tls_bundle b = generate("mail.example.org");
    pid_t child = fork();
    if (child == 0)
        _exit(serve_confined(&b));
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 0);
    tls_bundle_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_with_1_2_and_1_3),
        cmocka_unit_test(older_versions_are_refused_and_named),
        cmocka_unit_test(a06_renegotiation_ends_the_connection),
        cmocka_unit_test(a07_early_data_is_never_accepted),
        cmocka_unit_test(a08_alpn_pop3_is_chosen_and_no_alpn_is_fine),
        cmocka_unit_test(a08_other_alpn_gets_no_application_protocol),
        cmocka_unit_test(a08_plaintext_on_the_tls_port_is_named),
        cmocka_unit_test(a09_sni_chooses_exact_then_wildcard_then_first),
        cmocka_unit_test(a09_a_nul_in_the_server_name_is_refused),
        cmocka_unit_test(a_damaged_hello_ends_the_connection_or_waits),
        cmocka_unit_test(rsa_beside_ecdsa_for_the_same_name),
        cmocka_unit_test(every_front_resumes_what_another_began),
        cmocka_unit_test(the_older_ticket_key_still_opens_and_a_strange_one_does_not),
        cmocka_unit_test(client_hello_may_come_octet_by_octet),
        cmocka_unit_test(closing_is_told_from_being_cut),
        cmocka_unit_test(close_notify_is_sent_once),
        cmocka_unit_test(pending_octets_are_told_of),
        cmocka_unit_test(octets_behind_the_handshake_are_pending),
        cmocka_unit_test(half_a_record_is_not_pending),
        cmocka_unit_test(large_writes_go_on_where_they_stopped),
        cmocka_unit_test(connections_outlive_their_context),
        cmocka_unit_test(a79_a_confined_front_needs_no_files),
    };
    signal(SIGPIPE, SIG_IGN);
    tls_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
