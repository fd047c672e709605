#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth_users_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[80], why[200];

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void holds(const char *expected)
{
    char text[2048];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    assert_string_equal(text, expected);
}

static int start(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/users_file_test.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/users", folder);
    return 0;
}

/* Nothing but the file, a link to it and the lock file is left behind. */
static int stop(void **state)
{
    (void)state;
    int others = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        others += strcmp(e->d_name, "users") != 0 && strcmp(e->d_name, "users.lock") != 0 &&
                  strcmp(e->d_name, "link") != 0;
        unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    rmdir(folder);
    return others;
}

static struct auth_users_file *edit(const char *of)
{
    struct auth_users_file *f = NULL;
    assert_int_equal(auth_users_open(of, AUTH_USERS_EDIT, &f, why), STATUS_OK);
    return f;
}

static void save(struct auth_users_file *f)
{
    assert_int_equal(auth_users_save(f, why), STATUS_OK);
    auth_users_close(f);
}

static const char text[] = "# ours\n"
                           "ann:{PLAIN}a:1:2::/home/ann:sh:k=v w=x:y\r\n"
                           "\n"
                           "#bob:{PLAIN}old\n"
                           "bob:{PLAIN}b\n"
                           "bobby:{PLAIN}c";

static void edits_leave_everything_else_as_it_was(void **state)
{
    (void)state;
    write_file(text);
    struct auth_users_file *f = edit(path);
    assert_int_equal(auth_users_set_secret(f, SLICE("ann"), SLICE("{PLAIN}new")), STATUS_OK);
    assert_int_equal(auth_users_remove(f, SLICE("bob")), STATUS_OK);
    assert_int_equal(auth_users_set_secret(f, SLICE("bobby"), SLICE("{PLAIN}cc")), STATUS_OK);
    assert_int_equal(auth_users_add(f, SLICE("cyd"), SLICE("{PLAIN}d")), STATUS_OK);
    assert_int_equal(auth_users_add(f, SLICE("ann"), SLICE("{PLAIN}d")), STATUS_EXISTS);
    assert_int_equal(auth_users_remove(f, SLICE("bo")), STATUS_NOT_FOUND);
    assert_int_equal(auth_users_set_secret(f, SLICE("bob"), SLICE("{PLAIN}")), STATUS_NOT_FOUND);
    save(f);
    holds("# ours\n"
          "ann:{PLAIN}new:1:2::/home/ann:sh:k=v w=x:y\r\n"
          "\n"
          "#bob:{PLAIN}old\n"
          "bobby:{PLAIN}cc\n"
          "cyd:{PLAIN}d\n");
}

static void what_the_server_would_not_take_is_not_written(void **state)
{
    (void)state;
    write_file("ann:{PLAIN}a\n");
    struct auth_users_file *f = edit(path);
    assert_int_equal(auth_users_add(f, SLICE("bob"), SLICE("{ROT13}x")), STATUS_OK);
    assert_int_equal(auth_users_save(f, why), STATUS_MALFORMED);
    assert_string_equal(why, "line 2: unknown scheme in braces");
    auth_users_close(f);
    holds("ann:{PLAIN}a\n");
}

static void owner_and_mode_stay_and_new_files_are_private(void **state)
{
    (void)state;
    struct stat s;
    struct auth_users_file *f = NULL;
    assert_int_equal(auth_users_open(path, AUTH_USERS_EDIT, &f, why), STATUS_NOT_FOUND);
    assert_int_equal(auth_users_open(path, AUTH_USERS_CREATE, &f, why), STATUS_OK);
    assert_int_equal(auth_users_add(f, SLICE("ann"), SLICE("{PLAIN}a")), STATUS_OK);
    save(f);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    bool is_root = geteuid() == 0 && chown(path, 12, 34) == 0;
    f = edit(path);
    assert_int_equal(auth_users_remove(f, SLICE("ann")), STATUS_OK);
    save(f);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0640);
    assert_int_equal(s.st_uid, is_root ? 12 : geteuid());
    assert_int_equal(s.st_gid, is_root ? 34 : getegid());
    holds("");
}

static void a_symbolic_link_stays(void **state)
{
    (void)state;
    char link[80];
    struct stat s;
    snprintf(link, sizeof link, "%s/link", folder);
    write_file("ann:{PLAIN}a\n");
    assert_int_equal(symlink("users", link), 0);
    struct auth_users_file *f = edit(link);
    assert_int_equal(auth_users_add(f, SLICE("bob"), SLICE("{PLAIN}b")), STATUS_OK);
    save(f);
    assert_int_equal(lstat(link, &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    holds("ann:{PLAIN}a\nbob:{PLAIN}b\n");
}

static void a21_names_that_a_file_cannot_hold_are_refused(void **state)
{
    (void)state;
    assert_true(auth_users_name_is_good(SLICE("ann@example.org")));
    const struct slice bad[] = {SLICE(""),     SLICE("a:b"),  SLICE("#ann"), SLICE("a\nb"),
                                SLICE("../a"), SLICE("a/b"),  SLICE(".a"),   SLICE("a b"),
                                SLICE("a\0b"), SLICE("a\x7f")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(auth_users_name_is_good(bad[i]));
}

/* Eight processes add ten users each, all at once: not one is lost. */
static void editors_wait_for_each_other(void **state)
{
    (void)state;
    write_file("");
    for (int i = 0; i < 8; i++) {
        if (fork() != 0)
            continue;
        for (int j = 0; j < 10; j++) {
            char name[16];
            struct auth_users_file *f = NULL;
            snprintf(name, sizeof name, "u%d-%d", i, j);
            if (auth_users_open(path, AUTH_USERS_EDIT, &f, why) != STATUS_OK ||
                auth_users_add(f, slice_str(name), SLICE("{PLAIN}x")) != STATUS_OK ||
                auth_users_save(f, why) != STATUS_OK)
                _exit(1);
            auth_users_close(f);
        }
        _exit(0);
    }
    for (int i = 0, status; i < 8; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    struct auth_users_file *f = edit(path);
    struct slice rest = auth_users_text(f);
    size_t lines = 0;
    for (; rest.size > 0; lines++)
        rest = slice_skip(rest, slice_find(rest, '\n') + 1);
    assert_int_equal(lines, 80);
    auth_users_close(f);
}

#define CLAIM(claim) cmocka_unit_test_setup_teardown(claim, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(edits_leave_everything_else_as_it_was),
        CLAIM(what_the_server_would_not_take_is_not_written),
        CLAIM(owner_and_mode_stay_and_new_files_are_private),
        CLAIM(a_symbolic_link_stays),
        CLAIM(a21_names_that_a_file_cannot_hold_are_refused),
        CLAIM(editors_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
