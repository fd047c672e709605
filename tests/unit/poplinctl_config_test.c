#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/poplinctl.h"

static char file[] = "/tmp/poplinctl_config.XXXXXX";

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static int make_file(void **state)
{
    (void)state;
    int descriptor = mkstemp(file);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file);
}

/* Runs with `stream` (1 or 2) captured, the other one thrown away; the text is static. */
static const char *run(int stream, int expected_code, const char *const *argv)
{
    static char text[65536];
    int argc = 0, kept[3], code;
    FILE *capture = tmpfile();
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    while (argv[argc] != NULL)
        argc++;
    fflush(stdout);
    for (int i = 1; i <= 2; i++) {
        kept[i] = dup(i);
        dup2(i == stream ? fileno(capture) : nowhere, i);
    }
    code = poplinctl_config(argc, (char **)(uintptr_t)argv);
    fflush(stdout);
    for (int i = 1; i <= 2; i++) {
        dup2(kept[i], i);
        close(kept[i]);
    }
    close(nowhere);
    rewind(capture);
    text[fread(text, 1, sizeof text - 1, capture)] = '\0';
    fclose(capture);
    assert_int_equal(code, expected_code);
    return text;
}

#define ARGS(...) ((const char *const[]){"config", __VA_ARGS__, NULL})

static void a_right_file_is_said_to_be_right(void **state)
{
    (void)state;
    write_file("config 1\nlisten pop3s\nusers file /u\nstore memory\n");
    assert_non_null(strstr(run(1, EX_OK, ARGS("check", "-c", file)), ": right\n"));
    assert_non_null(strstr(run(1, EX_OK, ARGS("check", "--json", "-c", file)),
                           "\"ok\":true,\"count\":0,\"errors\":[]}\n"));
}

static void errors_exit_with_78_and_are_all_told(void **state)
{
    (void)state;
    write_file("config 1\nlissen pop3s\nuidl kep\n");
    const char *text = run(2, EX_CONFIG, ARGS("check", "-c", file));
    assert_non_null(strstr(text, ":2:1: unknown directive \"lissen\"; did you mean \"listen\"?\n"));
    assert_non_null(strstr(text, ":3:6: unknown word \"kep\"; did you mean \"keep\"?\n"));
    text = run(1, EX_CONFIG, ARGS("check", "--json", "-c", file));
    assert_non_null(strstr(text, "\"line\":3,\"column\":6,\"text\":\"unknown word \\\"kep\\\""));
    assert_string_equal(run(1, EX_CONFIG, ARGS("print", "-c", file)), "");
}

static void print_tells_all_and_diff_what_changed(void **state)
{
    (void)state;
    write_file("config 1\nlisten pop3s\nusers file /u\nstore memory\nlimits { idle 20m }\n");
    assert_non_null(strstr(run(1, EX_OK, ARGS("print", "-c", file)), "\n    per-user 4\n"));
    const char *text = run(1, EX_OK, ARGS("diff", "-c", file));
    assert_non_null(strstr(text, "limits {\n    idle 20m\n}\n"));
    assert_null(strstr(text, "per-user"));
}

static void a_missing_file_and_wrong_usage_have_their_codes(void **state)
{
    (void)state;
    assert_non_null(
        strstr(run(2, EX_NOINPUT, ARGS("check", "-c", "/nonexistent")), "/nonexistent"));
    assert_non_null(strstr(run(2, EX_USAGE, ARGS("chek")), "usage: poplinctl config"));
    (void)run(2, EX_USAGE, ARGS("print", "--json", "-c", file));
    (void)run(2, EX_USAGE, ARGS("--bad"));
    assert_non_null(strstr(run(1, EX_OK, ARGS("--help")), "usage: poplinctl config"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_file_is_said_to_be_right),
        cmocka_unit_test(errors_exit_with_78_and_are_all_told),
        cmocka_unit_test(print_tells_all_and_diff_what_changed),
        cmocka_unit_test(a_missing_file_and_wrong_usage_have_their_codes),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
