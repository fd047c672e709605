/* Where passwords and tokens come from, and what is said when none comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "client/account.h"

static char out[64], why[200];

static enum status evaluate(const char *command, uint64_t timeout)
{
    struct account a = {
        .secret = ACCOUNT_SECRET_EVAL, .secret_text = (char *)command, .timeout = timeout};
    memset(out, 'x', sizeof out);
    return account_password(&a, out, sizeof out, why);
}

static enum status from_file(const char *path)
{
    struct account a = {.secret = ACCOUNT_SECRET_FILE, .secret_text = (char *)path, .timeout = 200};
    return account_password(&a, out, sizeof out, why);
}

static void assert_no_secret_left(void)
{
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(out[i], 0);
}

static void the_first_line_of_a_command_is_the_password(void **state)
{
    (void)state;
    static const struct {
        const char *command, *password;
    } rows[] = {
        {"echo geheim", "geheim"},
        {"printf geheim", "geheim"},
        {"printf 'ge heim \\r\\nsecond\\n'", "ge heim "},
        {"printf 'a\\rb\\n'", "a\rb"},
        {"echo one; seq 100000", "one"},
        {"echo $((1+1)) | sed s/2/two/", "two"},
        {"printf '\\303\\251\\n'", "\xc3\xa9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(evaluate(rows[i].command, 10000), STATUS_OK);
        assert_string_equal(out, rows[i].password);
    }
}

static void a_command_that_fails_is_told_with_its_exit_code_not_its_output(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        enum status status;
        const char *part;
    } rows[] = {
        {"echo geheim; exit 3", STATUS_PERMANENT, "exit code 3"},
        {"exec 2>/dev/null; no-such-program-here", STATUS_PERMANENT, "exit code 127"},
        {"echo geheim; kill -9 $$", STATUS_PERMANENT, "signal 9"},
        {"true", STATUS_PERMANENT, "printed nothing"},
        {"echo", STATUS_MALFORMED, "empty"},
        {"printf 'geheim\\0x\\n'", STATUS_MALFORMED, "NUL"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(evaluate(rows[i].command, 10000), rows[i].status);
        if (strstr(why, rows[i].part) == NULL)
            fail_msg("%s: %s", rows[i].command, why);
        assert_null(strstr(why, "geheim"));
        assert_no_secret_left();
    }
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void c10_a_command_that_hangs_is_ended(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "exec sleep 30",
        "echo geheim; exec sleep 30",
        "printf geheim; exec sleep 30",
        "echo geheim; exec >&-; exec sleep 30",
        "sleep 30 2>/dev/null & echo geheim",
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        uint64_t begun = now_ms();
        assert_int_equal(evaluate(commands[i], 300), STATUS_TIMEOUT);
        assert_true(now_ms() - begun < 5000);
        assert_non_null(strstr(why, "raise timeout"));
        assert_no_secret_left();
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    }
}

static void a_line_fills_the_room_and_one_more_octet_is_too_many(void **state)
{
    (void)state;
    assert_int_equal(evaluate("printf %063d 7", 10000), STATUS_OK);
    assert_int_equal(strlen(out), 63);
    assert_int_equal(evaluate("printf %064d 7", 10000), STATUS_TOO_LARGE);
    assert_no_secret_left();
}

static void a_command_has_fresh_signals(void **state)
{
    (void)state;
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    assert_int_equal(
        evaluate("a=$(grep -c '^Sig\\(Blk\\|Ign\\):.*0000000$' /proc/self/status); echo $a", 10000),
        STATUS_OK);
    assert_string_equal(out, "2");
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

static void a_token_comes_from_its_own_command(void **state)
{
    (void)state;
    struct account a = {.token_eval = (char *)"echo ya29.token", .timeout = 10000};
    assert_int_equal(account_token(&a, out, sizeof out, why), STATUS_OK);
    assert_string_equal(out, "ya29.token");
    a.token_eval = (char *)"false";
    assert_int_equal(account_token(&a, out, sizeof out, why), STATUS_PERMANENT);
    assert_non_null(strstr(why, "tokeneval"));
    a.token_eval = NULL;
    assert_int_equal(account_token(&a, out, sizeof out, why), STATUS_NOT_FOUND);
}

static char path[] = "/tmp/account-secret-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void put_file(const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void the_first_line_of_a_file_is_the_password(void **state)
{
    (void)state;
    put_file("geheim\r\nnot this\n", 0600);
    assert_int_equal(from_file(path), STATUS_OK);
    assert_string_equal(out, "geheim");
    put_file("no end", 0400);
    assert_int_equal(from_file(path), STATUS_OK);
    assert_string_equal(out, "no end");
}

static void a_password_that_others_can_read_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620, 0602};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        put_file("geheim\n", modes[i]);
        assert_int_equal(from_file(path), STATUS_DENIED);
        assert_non_null(strstr(why, "chmod 600"));
        assert_no_secret_left();
    }
}

static void a_file_without_a_password_is_told_so(void **state)
{
    (void)state;
    put_file("", 0600);
    assert_int_equal(from_file(path), STATUS_CLOSED);
    put_file("\ngeheim\n", 0600);
    assert_int_equal(from_file(path), STATUS_MALFORMED);
    assert_non_null(strstr(why, "empty"));
    assert_int_equal(from_file("/nowhere/at/all"), STATUS_NOT_FOUND);
    assert_non_null(strstr(why, "/nowhere/at/all"));
    assert_int_equal(from_file("/tmp"), STATUS_DENIED);
}

static void c10_a_fifo_without_a_writer_does_not_hang(void **state)
{
    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(from_file(path), STATUS_TIMEOUT);
}

static void without_a_keyring_or_a_terminal_the_next_step_is_told(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct account a = {.secret = ACCOUNT_SECRET_ASK};
        (void)setsid(); /* no terminal any more */
        bool right = account_password(&a, out, sizeof out, why) == STATUS_UNSUPPORTED &&
                     strstr(why, "passwordeval") != NULL;
        a.secret = ACCOUNT_SECRET_KEYRING;
        right = right && account_password(&a, out, sizeof out, why) == STATUS_UNSUPPORTED;
        _exit(right ? 0 : 1);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
}

/* In a child with the terminal as its own: exit 0 when it took the password that was typed. */
static void ask_as_child(void)
{
    struct account a = {
        .secret = ACCOUNT_SECRET_ASK, .user = (char *)"an\x1bn", .host = (char *)"h.example"};
    bool right =
        account_password(&a, out, sizeof out, why) == STATUS_OK && strcmp(out, "geheim") == 0;
    struct termios t;
    right = right && tcgetattr(STDIN_FILENO, &t) == 0 && (t.c_lflag & ECHO) != 0;
    _exit(right ? 0 : 1);
}

static void a58_a_password_typed_at_the_terminal_is_not_echoed(void **state)
{
    (void)state;
    int terminal;
    char seen[512] = "";
    size_t n = 0;
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    assert_true(child >= 0);
    if (child == 0)
        ask_as_child();
    while (strstr(seen, "h.example: ") == NULL) {
        ssize_t got = read(terminal, seen + n, sizeof seen - 1 - n);
        assert_true(got > 0);
        n += (size_t)got;
        seen[n] = '\0';
    }
    struct termios t;
    for (int i = 0; i < 500 && tcgetattr(terminal, &t) == 0 && (t.c_lflag & ECHO) != 0; i++)
        usleep(10000);
    assert_int_equal(write(terminal, "geheim\n", 7), 7);
    for (ssize_t got; (got = read(terminal, seen + n, sizeof seen - 1 - n)) > 0;)
        n += (size_t)got;
    seen[n] = '\0';
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_null(strstr(seen, "geheim"));
    assert_null(strchr(seen, 0x1b));
    assert_non_null(strstr(seen, "Password of an\\x1bn at h.example: "));
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_of_a_command_is_the_password),
        cmocka_unit_test(a_command_that_fails_is_told_with_its_exit_code_not_its_output),
        cmocka_unit_test(c10_a_command_that_hangs_is_ended),
        cmocka_unit_test(a_line_fills_the_room_and_one_more_octet_is_too_many),
        cmocka_unit_test(a_command_has_fresh_signals),
        cmocka_unit_test(a_token_comes_from_its_own_command),
        cmocka_unit_test_setup_teardown(the_first_line_of_a_file_is_the_password, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(a_password_that_others_can_read_is_refused, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(a_file_without_a_password_is_told_so, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(c10_a_fifo_without_a_writer_does_not_hang, make_file,
                                        remove_file),
        cmocka_unit_test(without_a_keyring_or_a_terminal_the_next_step_is_told),
        cmocka_unit_test(a58_a_password_typed_at_the_terminal_is_not_echoed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
