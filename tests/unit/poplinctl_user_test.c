#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* Runs the real program, whose path is the first argument of this test. */

static const char *program;
static char folder[] = "/tmp/poplinctl_user.XXXXXX";
static char heard[8192]; /* what it said, on both streams */

static void say(const char *input)
{
    FILE *f = fopen("input", "w");
    assert_non_null(f);
    fputs(input, f);
    fclose(f);
}

static void child(const char *const *argv)
{
    int in = open("input", O_RDONLY), out = open("output", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    execv(program, (char *const *)argv);
    _exit(127);
}

static void run(const char *input, int expected, const char *const *argv)
{
    int status;
    say(input);
    pid_t pid = fork();
    if (pid == 0)
        child(argv);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    FILE *f = fopen("output", "r");
    size_t size = fread(heard, 1, sizeof heard - 1, f);
    heard[size] = '\0';
    fclose(f);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
        print_message("# %s", heard);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

#define RUN(input, expected, ...)                                                                  \
    run(input, expected, (const char *const[]){"poplinctl", __VA_ARGS__, NULL})

static void pw_makes_a_hash_that_does_not_show_the_password(void **state)
{
    (void)state;
    RUN("tanstaaf\n", EX_OK, "pw");
    assert_int_equal(strncmp(heard, "{CRYPT}$y$", 10), 0);
    assert_null(strstr(heard, "tanstaaf"));
    RUN("tanstaaf", EX_OK, "pw", "-s", "argon2id");
    assert_int_equal(strncmp(heard, "{ARGON2ID}$argon2id$", 20), 0);
    RUN("tanstaaf", EX_USAGE, "pw", "-s", "rot13");
    RUN("", EX_USAGE, "pw", "tanstaaf");
    assert_null(strstr(heard, "tanstaaf"));
}

static void s21_an_empty_password_is_refused(void **state)
{
    (void)state;
    RUN("\n", EX_DATAERR, "pw");
    RUN("", EX_DATAERR, "pw");
    RUN("\n", EX_DATAERR, "user", "add", "-f", "empty", "ann");
    assert_int_equal(access("empty", F_OK), -1);
}

static void users_are_added_changed_listed_and_deleted(void **state)
{
    (void)state;
    RUN("one\ntwo\n", EX_OK, "user", "add", "-s", "SHA256-CRYPT", "-f", "users", "ann",
        "bob@example.org");
    RUN("", EX_OK, "user", "list", "-f", "users");
    assert_string_equal(heard, "ann\nbob@example.org\n");
    RUN("three\n", EX_OK, "user", "passwd", "-s", "PLAIN", "-f", "users", "ann");
    RUN("", EX_OK, "user", "del", "-f", "users", "bob@example.org");
    RUN("", EX_OK, "user", "list", "--json", "-f", "users");
    assert_string_equal(heard, "[\n  {\"user\": \"ann\"}\n]\n");
    FILE *f = fopen("users", "r");
    assert_non_null(fgets(heard, sizeof heard, f));
    fclose(f);
    assert_string_equal(heard, "ann:{PLAIN}three\n");
}

static void several_edits_are_all_done_or_none(void **state)
{
    (void)state;
    RUN("1\n2\n", EX_OK, "user", "add", "-s", "PLAIN", "-f", "several", "ann", "bob");
    RUN("", EX_NOINPUT, "user", "del", "-f", "several", "ann", "cyd");
    RUN("3\n4\n", EX_CANTCREAT, "user", "add", "-s", "PLAIN", "-f", "several", "dan", "bob");
    RUN("3\n", EX_DATAERR, "user", "add", "-s", "PLAIN", "-f", "several", "eve", "fay");
    RUN("", EX_OK, "user", "list", "-f", "several");
    assert_string_equal(heard, "ann\nbob\n");
}

static void a21_bad_names_are_told_escaped(void **state)
{
    (void)state;
    RUN("x\n", EX_DATAERR, "user", "add", "-f", "bad", "../x");
    RUN("x\n", EX_DATAERR, "user", "add", "-f", "bad", "a:b");
    RUN("x\n", EX_DATAERR, "user", "add", "-f", "bad", "a\x1b[2J\n");
    assert_non_null(strstr(heard, "\"a\\x1b[2J\\n\""));
    assert_int_equal(access("bad", F_OK), -1);
}

static void the_configuration_names_the_user_file(void **state)
{
    (void)state;
    char text[512];
    FILE *f = fopen("conf", "w");
    snprintf(text, sizeof text,
             "config 1\nhostname mail.example.org\nlisten pop3 127.0.0.1:1110\n"
             "users file %s/named\nstore maildir %s/mail/%%u\n",
             folder, folder);
    fputs(text, f);
    fclose(f);
    RUN("1\n", EX_OK, "user", "add", "-s", "PLAIN", "-c", "conf", "ann");
    assert_int_equal(access("named", R_OK), 0);
    RUN("", EX_CONFIG, "user", "list", "-c", "absent");
    RUN("", EX_USAGE, "user", "list", "-c", "conf", "-f", "named");
    RUN("", EX_NOINPUT, "user", "list", "-f", "absent");
    RUN("", EX_USAGE, "user", "add", "-f", "named");
    RUN("", EX_USAGE, "user", "rename", "-f", "named", "ann");
    RUN("", EX_OK, "user", "--help");
}

static int start(void **state)
{
    (void)state;
    return !mkdtemp(folder) || chdir(folder) != 0;
}

static int stop(void **state)
{
    (void)state;
    static const char *const files[] = {"input",        "output", "users", "users.lock", "several",
                                        "several.lock", "conf",   "named", "named.lock"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pw_makes_a_hash_that_does_not_show_the_password),
        cmocka_unit_test(s21_an_empty_password_is_refused),
        cmocka_unit_test(users_are_added_changed_listed_and_deleted),
        cmocka_unit_test(several_edits_are_all_done_or_none),
        cmocka_unit_test(a21_bad_names_are_told_escaped),
        cmocka_unit_test(the_configuration_names_the_user_file),
    };
    program = argc > 1 ? realpath(argv[1], NULL) : NULL;
    if (!program)
        return EX_USAGE;
    return cmocka_run_group_tests(tests, start, stop);
}
