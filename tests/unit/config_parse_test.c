#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

#define BASE "config 1\nlisten pop3s\nusers file /u\nstore maildir /m/%u\n"

/* Files by name, for `include`. */
static enum status read_fake(void *context, const char *path, char **text, size_t *size)
{
    for (const char *const *f = context; *f != NULL; f += 2) {
        if (strcmp(*f, path) == 0) {
            *text = strdup(f[1]);
            *size = strlen(f[1]);
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

static struct config *parse_with(const char *text, const char *const *files, char **report)
{
    struct config_errors *errors = calloc(1, sizeof *errors);
    struct config *c = NULL;
    struct config_source fake = {(void *)files, read_fake};
    enum status s = config_parse_text("/etc/p.conf", slice_str(text),
                                      files ? &fake : &config_source_none, &c, errors);
    assert_int_equal(s, c ? STATUS_OK : STATUS_MALFORMED);
    *report = config_errors_print(errors);
    free(errors);
    return c;
}

static struct config *parse(const char *text)
{
    char *report;
    struct config *c = parse_with(text, NULL, &report);
    assert_string_equal(report, "");
    assert_non_null(c);
    free(report);
    return c;
}

static void expect_report(const char *text, const char *expected)
{
    char *report;
    struct config *c = parse_with(text, NULL, &report);
    assert_string_equal(report, expected);
    assert_null(c);
    free(report);
}

/* The one error of a line added to a right configuration; it stands on line 5. */
static void expect_error(const char *line, const char *expected)
{
    char *text, *report;
    assert_true(asprintf(&text, "%s%s\n", BASE, line) > 0);
    struct config *c = parse_with(text, NULL, &report);
    if (strstr(report, expected) == NULL || c != NULL)
        fail_msg("%s\n  gave: %s  not: %s", line, report, expected);
    assert_memory_equal(report, "/etc/p.conf:5:", 14);
    free(text);
    free(report);
}

static void the_whole_server_of_the_manual_is_understood(void **state)
{
    (void)state;
    struct config *c = parse("config 1\n"
                             "hostname mail.example.org\n"
                             "listen pop3s                      # everywhere\n"
                             "tls cert /etc/ssl/mail.pem key /etc/ssl/mail.key\n"
                             "users file /etc/poplin/users\n"
                             "store maildir /var/mail/%d/%n     # may go on\n"
                             "listen pop3 127.0.0.1:1110 { starttls required }\n"
                             "user poplin\n"
                             "mail-user vmail\n"
                             "limits { sessions 21000 per-address 51 per-user 5\n"
                             "  unauthenticated 5001 idle 11m login 61s auth-fail-delay 3s }\n"
                             "lock takeover { wait 1500ms takeover 31s }\n"
                             "uidl keep\n"
                             "log json syslog\n");
    assert_string_equal(c->hostname, "mail.example.org");
    assert_int_equal(c->listener_count, 3);
    assert_true(c->listeners[0].implicit_tls && c->listeners[1].implicit_tls);
    assert_true(c->listeners[2].starttls_required);
    assert_false(c->tls_auto);
    assert_string_equal(c->certificates[0].key, "/etc/ssl/mail.key");
    assert_string_equal(c->store_path, "/var/mail/%d/%n");
    assert_string_equal(c->mail_user, "vmail");
    assert_int_equal(c->limits.sessions, 21000);
    assert_int_equal(c->limits.idle, 660000);
    assert_int_equal(c->limits.auth_fail_delay, 3000);
    assert_int_equal(c->lock, CONFIG_LOCK_TAKEOVER);
    assert_int_equal(c->lock_wait, 1500);
    assert_true(c->uidl_keep);
    assert_int_equal(c->log_format, CONFIG_LOG_JSON);
    assert_int_equal(c->log_target, CONFIG_LOG_SYSLOG);
    config_unref(c);
}

static void defaults_are_those_of_the_manual(void **state)
{
    (void)state;
    struct config *c = parse(BASE);
    assert_int_equal(c->limits.sessions, 20000);
    assert_int_equal(c->limits.per_address, 50);
    assert_int_equal(c->limits.per_user, 4);
    assert_int_equal(c->limits.unauthenticated, 5000);
    assert_int_equal(c->limits.unauthenticated_per_address, 100);
    assert_int_equal(c->limits.idle, 600000);
    assert_int_equal(c->limits.login, 60000);
    assert_int_equal(c->limits.handshake, 15000);
    assert_int_equal(c->limits.drain, 30000);
    assert_int_equal(c->limits.auth_fail_delay, 2000);
    assert_int_equal(c->limits.bad_commands_before_login, 3);
    assert_int_equal(c->limits.bad_commands_after_login, 20);
    assert_int_equal(c->lock, CONFIG_LOCK_EXCLUSIVE);
    assert_int_equal(c->lock_takeover, 30000);
    assert_string_equal(c->user, "poplin");
    assert_null(c->mail_user);
    assert_int_equal(c->expire_days, -1);
    assert_int_equal(c->login_delay, -1);
    config_unref(c);
}

static void expect_listeners(const char *line, const char *first, const char *second, bool required)
{
    char *text;
    assert_true(asprintf(&text, "config 1\nusers file /u\nstore memory\n%s\n", line) > 0);
    struct config *c = parse(text);
    assert_int_equal(c->listener_count, second ? 2 : 1);
    for (size_t i = 0; i < c->listener_count; i++)
        assert_int_equal(c->listeners[i].starttls_required, required);
    char *printed = config_print(c, true);
    assert_non_null(strstr(printed, first));
    assert_true(second == NULL || strstr(printed, second) != NULL);
    free(printed);
    free(text);
    config_unref(c);
}

static void a_listener_is_an_address_a_port_or_everywhere(void **state)
{
    (void)state;
    expect_listeners("listen pop3s", "pop3s [::]:995\n", "pop3s 0.0.0.0:995\n", false);
    expect_listeners("listen pop3 1110", "pop3 [::]:1110 ", "pop3 0.0.0.0:1110 ", true);
    expect_listeners("listen pop3 192.0.2.1", "pop3 192.0.2.1:110 ", NULL, true);
    expect_listeners("listen pop3 127.0.0.1:0", "pop3 127.0.0.1:0 ", NULL, false);
    expect_listeners("listen pop3 [::1]:1110", "pop3 [::1]:1110 ", NULL, false);
    expect_listeners("listen pop3 2001:db8::1", "pop3 [2001:db8::1]:110 ", NULL, true);
    expect_listeners("listen pop3 [::1] { starttls required }", "[::1]:110 ", NULL, true);
    expect_listeners("listen pop3 192.0.2.1 { starttls allowed }", "192.0.2.1:110", NULL, false);
}

static void tls_is_automatic_where_a_listener_needs_it(void **state)
{
    (void)state;
    struct config *c = parse(BASE);
    assert_true(c->tls_auto);
    config_unref(c);
    c = parse("config 1\nlisten pop3 127.0.0.1:0\nusers file /u\nstore memory\n");
    assert_false(c->tls_auto);
    config_unref(c);
    c = parse(BASE "tls cert /c key /k\ntls cert /c2 key /k2\n");
    assert_false(c->tls_auto);
    assert_int_equal(c->certificate_count, 2);
    config_unref(c);
}

static void every_error_is_reported_at_its_place(void **state)
{
    (void)state;
    expect_report("config 1\n"
                  "lissen pop3s\n"
                  "listen pop3 { startls required }\n"
                  "  user \"a\n"
                  "limits { sessions many idle 5m\n"
                  "   idel 10m }\n"
                  "store maildir mail/%u\n",
                  "/etc/p.conf:2:1: unknown directive \"lissen\"; did you mean \"listen\"?\n"
                  "/etc/p.conf:3:15: unknown setting \"startls\"; did you mean \"starttls\"?\n"
                  "/etc/p.conf:4:8: the quote is not closed on this line\n"
                  "/etc/p.conf:4:3: write it as: user NAME\n"
                  "/etc/p.conf:5:19: sessions takes a whole number, not \"many\"\n"
                  "/etc/p.conf:5:29: idle must be at least 10m and at most 1d\n"
                  "/etc/p.conf:6:4: unknown setting \"idel\"; did you mean \"idle\"?\n"
                  "/etc/p.conf:7:15: \"mail/%u\" must be an absolute path, from / on\n"
                  "/etc/p.conf:1:1: there is no users; add a line such as: users file "
                  "/etc/poplin/users\n");
}

static void a_forgotten_brace_hides_nothing_that_follows(void **state)
{
    (void)state;
    expect_report(BASE "limits {\n  sessions 1\n  idle 1m\n\x01user poplin\nlog jsn\n",
                  "/etc/p.conf:8:1: a control character\n"
                  "/etc/p.conf:5:8: this block is not closed; add a }\n"
                  "/etc/p.conf:7:8: idle must be at least 10m and at most 1d\n"
                  "/etc/p.conf:9:5: unknown word \"jsn\"; did you mean \"json\"?\n");
}

static void s04_idle_under_600_s_is_an_error(void **state)
{
    (void)state;
    expect_error("limits { idle 599s }", "5:15: idle must be at least 10m");
    struct config *c = parse(BASE "limits { idle 600s }\n");
    assert_int_equal(c->limits.idle, 600000);
    config_unref(c);
}

static void wrong_lines_are_explained(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"uidl kep", "unknown word \"kep\"; did you mean \"keep\"?"},
        {"lock both", "it can be exclusive, snapshot or takeover"},
        {"lock exclusive { wait }", "wait has no value"},
        {"lock exclusive { wait 1s wait 2s }", "wait is set twice"},
        {"limits { login 11m }", "login must be at least 1s and at most 10m"},
        {"limits { login 60 }", "login takes a time with its unit"},
        {"limits", "write it as: limits {"},
        {"limits { sessions 1", "5:8: this block is not closed"},
        {"limits { a { b } }", "a block within a block"},
        {"user a { b c }", "user takes no block"},
        {"user a b", "write it as: user NAME"},
        {"user -x", "is no system user's name"},
        {"}", "a brace that belongs to no directive"},
        {"limits { sessions 1 } user a", "after a block; begin a new line"},
        {"users file /v", "users is set already at /etc/p.conf:3"},
        {"hostname a_b/c", "is no host name"},
        {"listen pop3s 995", "[::]:995 is listened on already"},
        {"listen pop3s [::1]:99 { starttls required }", "pop3s takes no settings"},
        {"listen pop3 localhost:110", "is no address"},
        {"listen pop3 1.2.3.4:65536", "is no address"},
        {"listen imap", "unknown word \"imap\""},
        {"tls cert /c", "write it as: tls cert FILE key FILE"},
        {"tls cert c key /k", "must be an absolute path"},
        {"index here", "must be an absolute path"},
        {"cache 64", "cache takes a size with its unit"},
        {"expire soon", "expire takes never or a number of days"},
        {"login-delay 1500ms", "whole seconds"},
        {"config 1", "config stands on a file's first line only"},
        {"user \"a\"b", "a closing quote must end its word"},
        {"user a\"b", "a quote inside a word"},
        {"user \"a\\n\"", "in quotes a backslash stands only before"},
        {"user a\x01", "a control character"},
        {"include x", "cannot read /etc/x"},
        {"usr\x1b[2J x", "control character"},
        {"\xe2\x80\xaexyzzy a", "unknown directive \"\\xe2\\x80\\xaexyzzy\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_error(rows[i][0], rows[i][1]);
}

static void expect_store_error(const char *pattern, const char *expected)
{
    char *text, *report;
    assert_true(asprintf(&text, "config 1\nlisten pop3s\nusers file /u\nstore %s\n", pattern) > 0);
    struct config *c = parse_with(text, NULL, &report);
    assert_null(c);
    assert_non_null(strstr(report, expected));
    free(text);
    free(report);
}

static void a_store_must_tell_its_users_apart(void **state)
{
    (void)state;
    expect_store_error("maildir /var/mail", "all users would share one maildrop");
    expect_store_error("maildir /var/mail/%d", "all users would share one maildrop");
    expect_store_error("maildir /var/mail/%%u", "all users would share one maildrop");
    expect_store_error("maildir /var/%x/%u", "after % comes");
    expect_store_error("maildir /var/%u%", "after % comes");
    expect_store_error("maildir /var/../%u", "a path with ..");
    expect_store_error("maildir", "maildir needs its path");
    expect_store_error("memory /x", "memory takes nothing more");
    expect_store_error("mbox /x", "it can be maildir or memory");
}

static void the_first_line_is_the_version(void **state)
{
    (void)state;
    expect_report("", "/etc/p.conf:1:1: the first line must be: config 1\n"
                      "/etc/p.conf:1:1: there is no listen; add a line such as: listen pop3 "
                      "127.0.0.1:1110 { starttls required }\n"
                      "/etc/p.conf:1:1: there is no users; add a line such as: users file "
                      "/etc/poplin/users\n"
                      "/etc/p.conf:1:1: there is no store; add a line such as: store maildir "
                      "/var/mail/%d/%n\n");
    char *report;
    assert_null(parse_with("config 2\nnonsense\n", NULL, &report));
    assert_memory_equal(report, "/etc/p.conf:1:8: version \"2\" is not known here, only 1\n", 54);
    assert_null(strstr(report, "nonsense"));
    free(report);
}

static void columns_count_characters(void **state)
{
    (void)state;
    expect_error("users \"\xe5\xbc\xa0\xe5\xbc\xa0\" x", "5:1: users is set already");
    expect_error("log \"\xe5\xbc\xa0\" stdrr", ":5:9: unknown word \"stdrr\"; did you mean");
}

static void a_file_from_elsewhere_reads_the_same(void **state)
{
    (void)state;
    struct config *c = parse("config 1\r\nlisten pop3s\r\nusers file \"/a b\"\r\nstore memory");
    assert_string_equal(c->users_file, "/a b");
    config_unref(c);
}

static void included_files_are_part_of_the_text(void **state)
{
    (void)state;
    static const char *const files[] = {"/etc/sub/a", "include b\n", "/etc/sub/b", "user ann\n",
                                        NULL};
    char *report;
    struct config *c = parse_with(BASE "include sub/a\n", files, &report);
    assert_string_equal(report, "");
    assert_string_equal(c->user, "ann");
    config_unref(c);
    free(report);
}

static void errors_of_included_files_name_them(void **state)
{
    (void)state;
    static const char *const files[] = {"/x", "\nusr a\n", NULL};
    char *report;
    assert_null(parse_with(BASE "include /x\n", files, &report));
    assert_string_equal(report, "/x:2:1: unknown directive \"usr\"; did you mean \"user\"?\n");
    free(report);
}

static void include_cycles_and_depth_are_refused(void **state)
{
    (void)state;
    static const char *const cycle[] = {"/a", "include /b\n", "/b", "include /a\n", NULL};
    static const char *const deep[] = {
        "/1", "include 2\n", "/2", "include 3\n", "/3", "include 4\n", "/4", "include 5\n",
        "/5", "include 6\n", "/6", "include 7\n", "/7", "include 8\n", "/8", "",
        NULL};
    char *report;
    assert_null(parse_with(BASE "include /a\n", cycle, &report));
    assert_string_equal(report, "/b:1:9: /a includes itself\n");
    free(report);
    assert_null(parse_with(BASE "include /1\n", deep, &report));
    assert_string_equal(report, "/7:1:9: files include each other more than 8 deep\n");
    free(report);
}

static void more_errors_than_are_kept_are_counted(void **state)
{
    (void)state;
    static char text[16384] = BASE;
    for (int i = 0; i < 130; i++)
        memcpy(text + strlen(text), "nonsense\n", 10);
    char *report;
    assert_null(parse_with(text, NULL, &report));
    assert_non_null(strstr(report, ":104:1:"));
    assert_null(strstr(report, ":105:1:"));
    assert_non_null(strstr(report, "\nand 30 more\n"));
    free(report);
}

static void a_missing_file_is_one_error(void **state)
{
    (void)state;
    struct config_errors *errors = calloc(1, sizeof *errors);
    struct config *c;
    enum status s = config_parse("/nonexistent/p.conf", &config_source_files, &c, errors);
    assert_int_equal(s, STATUS_NOT_FOUND);
    assert_null(c);
    char *report = config_errors_print(errors);
    assert_memory_equal(report, "/nonexistent/p.conf:1:1: cannot be read: ", 41);
    free(report);
    free(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_server_of_the_manual_is_understood),
        cmocka_unit_test(defaults_are_those_of_the_manual),
        cmocka_unit_test(a_listener_is_an_address_a_port_or_everywhere),
        cmocka_unit_test(tls_is_automatic_where_a_listener_needs_it),
        cmocka_unit_test(every_error_is_reported_at_its_place),
        cmocka_unit_test(a_forgotten_brace_hides_nothing_that_follows),
        cmocka_unit_test(s04_idle_under_600_s_is_an_error),
        cmocka_unit_test(wrong_lines_are_explained),
        cmocka_unit_test(a_store_must_tell_its_users_apart),
        cmocka_unit_test(the_first_line_is_the_version),
        cmocka_unit_test(columns_count_characters),
        cmocka_unit_test(a_file_from_elsewhere_reads_the_same),
        cmocka_unit_test(included_files_are_part_of_the_text),
        cmocka_unit_test(errors_of_included_files_name_them),
        cmocka_unit_test(include_cycles_and_depth_are_refused),
        cmocka_unit_test(more_errors_than_are_kept_are_counted),
        cmocka_unit_test(a_missing_file_is_one_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
