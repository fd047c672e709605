/* The collector's accounts: what a file says, what is refused, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/account_directive.h"

static struct config_errors errors;
static struct account_set set;

static enum status parse(const char *text)
{
    account_set_wipe(&set);
    return account_set_parse("f", slice_str(text), &set, &errors);
}

/* One account with these lines besides server and user. */
static enum status parse_lines(const char *server, const char *lines)
{
    char text[4096];
    (void)snprintf(text, sizeof text, "config 1\naccount a {\nserver %s\nuser u\n%s\n}\n", server,
                   lines);
    return parse(text);
}

static const struct account *one(const char *server, const char *lines)
{
    enum status s = parse_lines(server, lines);
    if (s != STATUS_OK)
        fail_msg("%u:%u: %s", errors.list[0].line, errors.list[0].column, errors.list[0].text);
    assert_int_equal(set.count, 1);
    return &set.list[0];
}

/* The first fault stands there and says that. */
static void assert_fault(unsigned line, unsigned column, const char *part)
{
    assert_true(errors.count > 0);
    const struct config_error *e = &errors.list[0];
    if (e->line != line || e->column != column || strstr(e->text, part) == NULL)
        fail_msg("%u:%u: %s", e->line, e->column, e->text);
}

/* The last of the lines is at fault. */
static void assert_line_fault(const char *line, const char *part)
{
    assert_int_equal(parse_lines("pop3s://h.example", line), STATUS_MALFORMED);
    unsigned last = 5;
    for (const char *p = line; *p != '\0'; p++)
        last += *p == '\n';
    assert_int_equal(errors.list[0].line, last);
    if (strstr(errors.list[0].text, part) == NULL)
        fail_msg("%s: %s", line, errors.list[0].text);
}

static int forget(void **state)
{
    (void)state;
    account_set_wipe(&set);
    return 0;
}

static void the_example_of_the_manual_is_read_whole(void **state)
{
    (void)state;
    assert_int_equal(setenv("HOME", "/home/ann", 1), 0);
    assert_int_equal(parse("config 1\n"
                           "account work {\n"
                           "    server       pop3s://pop.example.org   # TLS\n"
                           "    user         ann@example.org\n"
                           "    passwordeval \"pass show mail/work\"\n"
                           "    deliver      maildir ~/Mail/work\n"
                           "    keep         forever\n"
                           "}\n"
                           "defaults { timeout 90s  pipeline 32 }\n"),
                     STATUS_OK);
    const struct account *a = account_find(&set, "work");
    assert_non_null(a);
    assert_null(account_find(&set, "wor"));
    assert_string_equal(a->host, "pop.example.org");
    assert_int_equal(a->port, 995);
    assert_int_equal(a->tls, ACCOUNT_TLS_IMPLICIT);
    assert_string_equal(a->user, "ann@example.org");
    assert_int_equal(a->secret, ACCOUNT_SECRET_EVAL);
    assert_string_equal(a->secret_text, "pass show mail/work");
    assert_int_equal(a->target, ACCOUNT_TARGET_MAILDIR);
    assert_string_equal(a->arguments[0], "/home/ann/Mail/work");
    assert_null(a->arguments[1]);
    assert_int_equal(a->keep, ACCOUNT_KEEP_FOREVER);
    assert_int_equal(a->timeout, 90000);
    assert_int_equal(a->pipeline, 32);
    assert_false(a->pipeline_forced);
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    const struct account *a = one("pop3s://h.example", "");
    assert_int_equal(a->secret, ACCOUNT_SECRET_ASK);
    assert_int_equal(a->target, ACCOUNT_TARGET_NONE);
    assert_int_equal(a->timeout, 60000);
    assert_int_equal(a->run_timeout, 0);
    assert_int_equal(a->pipeline, 64);
    assert_null(a->auth);
    assert_null(a->proxy);
    assert_false(a->has_fingerprint || a->add_received || a->dedupe_content || a->plain_allowed);
}

static void an_account_overrules_the_defaults_before_and_behind_it(void **state)
{
    (void)state;
    assert_int_equal(parse("config 1\n"
                           "defaults { keep none timeout 5s password keyring proxy "
                           "socks5://p.example:9 }\n"
                           "account a { server pop3s://h.example\n user u\n keep 30d\n"
                           "passwordeval x\n proxy none }\n"
                           "account b { server pop3s://h.example user u }\n"),
                     STATUS_OK);
    assert_int_equal(set.list[0].keep, ACCOUNT_KEEP_AGE);
    assert_int_equal(set.list[0].keep_age, 30ull * 24 * 3600 * 1000);
    assert_int_equal(set.list[0].secret, ACCOUNT_SECRET_EVAL);
    assert_null(set.list[0].proxy);
    assert_int_equal(set.list[0].timeout, 5000);
    assert_int_equal(set.list[1].keep, ACCOUNT_KEEP_NONE);
    assert_int_equal(set.list[1].secret, ACCOUNT_SECRET_KEYRING);
    assert_string_equal(set.list[1].proxy, "p.example:9");
}

static void what_belongs_to_one_account_is_no_default(void **state)
{
    (void)state;
    assert_int_equal(parse("config 1\ndefaults {\n user u\n}\n"), STATUS_MALFORMED);
    assert_fault(3, 2, "belongs into an account");
}

static void pop3_asks_for_stls_and_is_plain_only_on_loopback(void **state)
{
    (void)state;
    static const struct {
        const char *url, *lines, *host;
        unsigned port;
        enum account_tls tls;
        bool plain_allowed;
    } rows[] = {
        {"pop3s://h.example", "", "h.example", 995, ACCOUNT_TLS_IMPLICIT, false},
        {"pop3s://127.0.0.1", "", "127.0.0.1", 995, ACCOUNT_TLS_IMPLICIT, false},
        {"pop3://h.example/", "", "h.example", 110, ACCOUNT_TLS_STLS, false},
        {"pop3://h.example:1110", "", "h.example", 1110, ACCOUNT_TLS_STLS, false},
        {"pop3://h.example", "tls none", "h.example", 110, ACCOUNT_TLS_NONE, true},
        {"pop3://127.0.0.1:1110", "", "127.0.0.1", 1110, ACCOUNT_TLS_NONE, false},
        {"pop3://127.0.0.1", "tls stls", "127.0.0.1", 110, ACCOUNT_TLS_STLS, false},
        {"pop3://[::1]:7", "", "::1", 7, ACCOUNT_TLS_NONE, false},
        {"pop3://localhost", "", "localhost", 110, ACCOUNT_TLS_NONE, false},
        {"pop3://localhost.example", "", "localhost.example", 110, ACCOUNT_TLS_STLS, false},
        {"pop3://127.0.0.1.example", "", "127.0.0.1.example", 110, ACCOUNT_TLS_STLS, false},
        {"pop3s://[2001:db8::1]", "", "2001:db8::1", 995, ACCOUNT_TLS_IMPLICIT, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct account *a = one(rows[i].url, rows[i].lines);
        assert_string_equal(a->host, rows[i].host);
        assert_int_equal(a->port, rows[i].port);
        assert_int_equal(a->tls, rows[i].tls);
        assert_int_equal(a->plain_allowed, rows[i].plain_allowed);
    }
}

static void tls_may_stand_before_its_server(void **state)
{
    (void)state;
    assert_int_equal(parse("config 1\naccount a { tls none server pop3://h.example user u }\n"),
                     STATUS_OK);
    assert_int_equal(set.list[0].tls, ACCOUNT_TLS_NONE);
    assert_true(set.list[0].plain_allowed);
}

static void tls_that_contradicts_its_url_is_refused(void **state)
{
    (void)state;
    assert_int_equal(parse_lines("pop3s://h.example", "tls none"), STATUS_MALFORMED);
    assert_fault(5, 5, "write pop3://");
    assert_int_equal(parse_lines("pop3://h.example", "tls implicit"), STATUS_MALFORMED);
    assert_fault(5, 5, "write pop3s://");
}

static void a54_a_server_with_what_no_name_has_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "h.example",       "http://h.example",     "pop3s://",
        "pop3s://:995",    "pop3s://h:0",          "pop3s://h:65536",
        "pop3s://h:",      "pop3s://h:12x",        "pop3s://h/INBOX",
        "\"pop3s://h h\"", "pop3s://h..example",   "pop3s://.h",
        "pop3s://-h",      "pop3s://2001:db8::1",  "pop3s://[h.example]",
        "pop3s://[::1",    "pop3s://[::1]x",       "pop3s://ann@h.example",
        "\"pop3s://h\t\"", "pop3s://h\xc3\xa4.de", "POP3S://h",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse_lines(bad[i], ""), STATUS_MALFORMED);
        assert_int_equal(errors.list[0].line, 3);
        assert_int_equal(errors.count, 1);
    }
}

static void every_error_is_told_at_once_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(parse("config 1\n"
                           "account a {\n"
                           "  server pop3s://h.example\n"
                           "  usr ann\n"
                           "  keep 30\n"
                           "  pipeline 0\n"
                           "}\n"
                           "acount b { }\n"),
                     STATUS_MALFORMED);
    static const struct {
        unsigned line, column;
        const char *part;
    } rows[] = {
        {4, 3, "did you mean \"user\"?"},
        {5, 8, "30d"},
        {6, 12, "from 1 to 512"},
        {8, 1, "did you mean \"account\"?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct config_error *e = &errors.list[i];
        assert_int_equal(e->line, rows[i].line);
        assert_int_equal(e->column, rows[i].column);
        assert_non_null(strstr(e->text, rows[i].part));
    }
    char *report = config_errors_print(&errors);
    assert_non_null(report);
    assert_non_null(strstr(report, "f:4:3: unknown directive \"usr\""));
    assert_non_null(strstr(report, "account a has no user"));
    free(report);
    assert_int_equal(set.count, 0);
}

static void a_wrong_line_is_refused_with_the_next_step(void **state)
{
    (void)state;
    assert_line_fault("password secret", "does not belong here");
    assert_line_fault("password file:relative", "must begin with / or ~/");
    assert_line_fault("passwordeval x\npassword ask", "only one of both");
    assert_line_fault("password ask\npassword ask", "set already at line 5");
    assert_line_fault("passwordeval \"\"", "is empty");
    assert_line_fault("auth SCRAM-SHA256", "did you mean \"SCRAM-SHA-256\"?");
    assert_line_fault("auth xoauth2", "tokeneval");
    assert_line_fault("auth USER\nauthzid x", "knows no authzid");
    assert_line_fault("tls-fingerprint sha256:00", "64 hexadecimal digits");
    assert_line_fault("proxy http://p.example:8080", "socks5://");
    assert_line_fault("proxy socks5://p.example", "socks5://");
    assert_line_fault("deliver maildir", "maildir DIR");
    assert_line_fault("deliver maildir ~/a b", "quotes");
    assert_line_fault("deliver maildir Mail", "must begin with / or ~/");
    assert_line_fault("deliver maildir ~bob/Mail", "in full");
    assert_line_fault("deliver pipe", "pipe COMMAND");
    assert_line_fault("deliver lmtp h.example", "HOST:PORT");
    assert_line_fault("deliver maildr x", "did you mean \"maildir\"?");
    assert_line_fault("keep 0", "30d");
    assert_line_fault("timeout 60", "60");
    assert_line_fault("timeout 60 s", "is too much");
    assert_line_fault("timeout 1ms", "at least 1s");
    assert_line_fault("run-timeout 99999d", "at most");
    assert_line_fault("pipeline 8 always", "forced");
    assert_line_fault("headers all", "it can be received");
    assert_line_fault("headers none received", "alone");
    assert_line_fault("dedupe size", "it can be none or content");
    assert_line_fault("{ x }", "a block within a block");
}

static void what_cannot_be_meant_together_is_refused(void **state)
{
    (void)state;
    assert_int_equal(parse_lines("pop3s://h.example", "deliver stdout\nkeep none"),
                     STATUS_MALFORMED);
    assert_fault(2, 9, "standard output");
    assert_int_equal(parse("config 1\ndefaults { keep none }\naccount a {\nserver pop3s://h\nuser "
                           "u\ndeliver stdout\n}\n"),
                     STATUS_MALFORMED);
    assert_fault(3, 9, "standard output");
    assert_int_equal(
        parse_lines("pop3://127.0.0.1",
                    "tls-fingerprint "
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        STATUS_MALFORMED);
    assert_fault(5, 1, "no TLS");
}

static void the_frame_of_the_file_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line, column;
        const char *part;
    } rows[] = {
        {"", 1, 1, "first line must be: config 1"},
        {"account a { server pop3s://h user u }\n", 1, 1, "first line must be"},
        {"config 2\nnonsense\n", 1, 8, "only 1"},
        {"config 1\naccount a {\nserver pop3s://h\nuser u\n", 2, 11, "add a }"},
        {"config 1\naccount a {\nserver pop3s://h\nuser u\naccount b { server pop3s://h user u }\n",
         2, 11, "add a }"},
        {"config 1\naccount { server pop3s://h user u }\n", 2, 1, "account NAME"},
        {"config 1\naccount a/b { server pop3s://h user u }\n", 2, 9, "no account's name"},
        {"config 1\naccount .a { server pop3s://h user u }\n", 2, 9, "no account's name"},
        {"config 1\naccount a { server pop3s://h user u }\naccount a { server pop3s://h user u }\n",
         3, 9, "already, at line 2"},
        {"config 1\ndefaults { }\ndefaults { }\n", 3, 1, "already, at line 2"},
        {"config 1\nserver pop3s://h\n", 2, 1, "belongs into a block"},
        {"config 1\n}\n", 2, 1, "belongs to no block"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(parse(rows[i].text), STATUS_MALFORMED);
        assert_fault(rows[i].line, rows[i].column, rows[i].part);
    }
    assert_int_equal(parse("config 1\n"), STATUS_OK);
    assert_int_equal(set.count, 0);
}

static void a_pipe_takes_all_words_of_its_line(void **state)
{
    (void)state;
    assert_int_equal(setenv("HOME", "/home/ann", 1), 0);
    const struct account *a =
        one("pop3s://h.example", "deliver pipe procmail user -d ~/x \"a b\" timeout\nkeep none");
    static const char *const words[] = {"procmail", "user", "-d", "/home/ann/x", "a b", "timeout"};
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(a->arguments[i], words[i]);
    assert_null(a->arguments[6]);
    assert_int_equal(a->keep, ACCOUNT_KEEP_NONE);
}

static void the_most_arguments_fit_and_one_more_is_refused(void **state)
{
    (void)state;
    char line[512] = "deliver pipe";
    for (size_t i = 0; i < ACCOUNT_ARGUMENTS_MAX; i++)
        (void)snprintf(line + strlen(line), sizeof line - strlen(line), " w%zu", i);
    const struct account *a = one("pop3s://h.example", line);
    assert_string_equal(a->arguments[ACCOUNT_ARGUMENTS_MAX - 1], "w31");
    assert_null(a->arguments[ACCOUNT_ARGUMENTS_MAX]);
    (void)snprintf(line + strlen(line), sizeof line - strlen(line), " more");
    assert_line_fault(line, "is too much");
}

static void targets_and_words_are_taken(void **state)
{
    (void)state;
    const struct account *a = one("pop3s://h.example", "deliver lmtp [::1]:24\nheaders received "
                                                       "delivered-to\ndedupe content\npipeline 8 "
                                                       "forced\nauth scram-sha-256\nrun-timeout 1h"
                                                       "\nauthzid z\npassword file:/p\nca /c");
    assert_string_equal(a->arguments[0], "[::1]:24");
    assert_true(a->add_received && a->add_delivered_to && a->dedupe_content);
    assert_true(a->pipeline == 8 && a->pipeline_forced);
    assert_string_equal(a->auth, "SCRAM-SHA-256");
    assert_int_equal(a->run_timeout, 3600000);
    assert_string_equal(a->authzid, "z");
    assert_int_equal(a->secret, ACCOUNT_SECRET_FILE);
    assert_string_equal(a->secret_text, "/p");
    assert_string_equal(a->ca_file, "/c");
    assert_int_equal(one("pop3s://h", "deliver stdout")->target, ACCOUNT_TARGET_STDOUT);
    assert_string_equal(one("pop3s://h", "deliver lmtp /run/l")->arguments[0], "/run/l");
    assert_string_equal(one("pop3s://h", "deliver mbox /m")->arguments[0], "/m");
}

static void a_fingerprint_is_read_with_colons_and_without(void **state)
{
    (void)state;
    const struct account *a =
        one("pop3s://h.example",
            "tls-fingerprint sha256:00:01:FE:ff:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:"
            "14:15:16:17:18:19:1a:1b:1c:1d:1e:1f");
    assert_true(a->has_fingerprint);
    assert_int_equal(a->fingerprint[2], 0xfe);
    assert_int_equal(a->fingerprint[31], 0x1f);
    a = one("pop3s://h.example",
            "tls-fingerprint "
            "SHA256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    assert_int_equal(a->fingerprint[0], 0x9f);
}

static void a54_control_characters_never_come_through(void **state)
{
    (void)state;
    assert_line_fault("passwordeval \"a\rb\"", "");
    static const char text[] = "config 1\naccount a { server pop3s://h user \"a\0b\" }\n";
    account_set_wipe(&set);
    assert_int_equal(account_set_parse("f", slice_of(text, sizeof text - 1), &set, &errors),
                     STATUS_MALFORMED);
}

static void a_url_alone_makes_an_account(void **state)
{
    (void)state;
    struct account a;
    char why[200];
    assert_int_equal(account_from_url("pop3s://ann%40x.example@h.example:99", &a, why), STATUS_OK);
    assert_string_equal(a.user, "ann@x.example");
    assert_string_equal(a.host, "h.example");
    assert_int_equal(a.port, 99);
    assert_int_equal(a.timeout, 60000);
    assert_int_equal(a.target, ACCOUNT_TARGET_NONE);
    account_wipe(&a);
    assert_int_equal(account_from_url("pop3://ann@x.example@127.0.0.1:99", &a, why), STATUS_OK);
    assert_string_equal(a.user, "ann@x.example");
    assert_int_equal(a.tls, ACCOUNT_TLS_NONE);
    account_wipe(&a);
}

static void a54_a_url_with_a_password_or_a_control_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"pop3s://ann:pw@h",
                                      "pop3s://@h",
                                      "pop3s://a%0d@h",
                                      "pop3s://a%zz@h",
                                      "pop3s://a%@h",
                                      "h",
                                      ""};
    struct account a;
    char why[200];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(account_from_url(bad[i], &a, why), STATUS_MALFORMED);
        assert_true(why[0] != '\0');
        assert_null(a.host);
    }
}

static void a_url_prints_as_it_was_written(void **state)
{
    (void)state;
    static const char *const urls[] = {"pop3s://h.example", "pop3s://h.example:1", "pop3://h:995",
                                       "pop3://[::1]:1110", "pop3://[2001:db8::1]"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char text[300];
        account_url_print(one(urls[i], ""), text, sizeof text);
        assert_string_equal(text, urls[i]);
    }
}

static void a_file_that_others_may_touch_is_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/account-test-XXXXXX";
    static const char text[] = "config 1\naccount a { server pop3s://h user u }\n";
    int fd = mkstemp(path);
    account_set_wipe(&set);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    static const mode_t bad[] = {0640, 0604, 0620, 0602, 0610, 0601};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(fchmod(fd, bad[i]), 0);
        assert_int_equal(account_set_read(path, &set, &errors), STATUS_DENIED);
        assert_non_null(strstr(errors.list[0].text, "chmod 600"));
    }
    assert_int_equal(fchmod(fd, 0400), 0);
    assert_int_equal(account_set_read(path, &set, &errors), STATUS_OK);
    assert_int_equal(set.count, 1);
    account_set_wipe(&set);
    if (geteuid() == 0) {
        assert_int_equal(fchown(fd, 65534, 65534), 0);
        assert_int_equal(account_set_read(path, &set, &errors), STATUS_DENIED);
        assert_non_null(strstr(errors.list[0].text, "somebody else"));
    }
    close(fd);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(account_set_read(path, &set, &errors), STATUS_NOT_FOUND);
    assert_non_null(strstr(errors.list[0].text, "poplin init"));
    assert_int_equal(account_set_read("/tmp", &set, &errors), STATUS_DENIED);
    assert_int_equal(errors.count, 1);
}

static void the_folders_are_those_of_xdg(void **state)
{
    (void)state;
    char path[LIMIT_PATH];
    assert_int_equal(setenv("HOME", "/home/ann", 1), 0);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0);
    assert_true(account_default_path(path));
    assert_string_equal(path, "/home/ann/.config/poplin/config");
    assert_true(account_state_directory(path));
    assert_string_equal(path, "/home/ann/.local/state/poplin");
    assert_int_equal(setenv("XDG_CONFIG_HOME", "/c", 1), 0);
    assert_int_equal(setenv("XDG_STATE_HOME", "/s", 1), 0);
    assert_true(account_default_path(path));
    assert_string_equal(path, "/c/poplin/config");
    assert_true(account_state_directory(path));
    assert_string_equal(path, "/s/poplin");
}

static void every_example_of_the_table_is_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACCOUNT_DIRECTIVE_COUNT; i++) {
        const struct account_directive *d = &ACCOUNT_DIRECTIVES[i];
        char text[1024];
        bool is_server = strcmp(d->name, "server") == 0, is_user = strcmp(d->name, "user") == 0;
        bool is_tls = strcmp(d->name, "tls") == 0;
        (void)snprintf(text, sizeof text, "config 1\naccount a {\n%s\n%s\n%s\n}\n",
                       is_server ? ""
                       : is_tls  ? "server pop3://h"
                                 : "server pop3s://h",
                       is_user ? "" : "user u", d->example);
        if (parse(text) != STATUS_OK)
            fail_msg("%s: %s", d->example, errors.list[0].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_manual_is_read_whole),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(an_account_overrules_the_defaults_before_and_behind_it),
        cmocka_unit_test(what_belongs_to_one_account_is_no_default),
        cmocka_unit_test(pop3_asks_for_stls_and_is_plain_only_on_loopback),
        cmocka_unit_test(tls_may_stand_before_its_server),
        cmocka_unit_test(tls_that_contradicts_its_url_is_refused),
        cmocka_unit_test(a54_a_server_with_what_no_name_has_is_refused),
        cmocka_unit_test(every_error_is_told_at_once_with_its_place),
        cmocka_unit_test(a_wrong_line_is_refused_with_the_next_step),
        cmocka_unit_test(what_cannot_be_meant_together_is_refused),
        cmocka_unit_test(the_frame_of_the_file_is_checked),
        cmocka_unit_test(a_pipe_takes_all_words_of_its_line),
        cmocka_unit_test(the_most_arguments_fit_and_one_more_is_refused),
        cmocka_unit_test(targets_and_words_are_taken),
        cmocka_unit_test(a_fingerprint_is_read_with_colons_and_without),
        cmocka_unit_test(a54_control_characters_never_come_through),
        cmocka_unit_test(a_url_alone_makes_an_account),
        cmocka_unit_test(a54_a_url_with_a_password_or_a_control_is_refused),
        cmocka_unit_test(a_url_prints_as_it_was_written),
        cmocka_unit_test(a_file_that_others_may_touch_is_refused),
        cmocka_unit_test(the_folders_are_those_of_xdg),
        cmocka_unit_test(every_example_of_the_table_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
