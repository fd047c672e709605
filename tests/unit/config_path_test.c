#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"

static void expect_path(const char *pattern, struct slice user, const char *home,
                        const char *expected)
{
    char path[LIMIT_PATH];
    enum status s = config_store_path(pattern, user, slice_str(home), path);
    assert_int_equal(s, expected ? STATUS_OK : STATUS_MALFORMED);
    assert_string_equal(path, expected ? expected : "");
}

static void a_name_that_could_leave_its_directory_is_refused(void **state)
{
    (void)state;
    static const struct slice bad[] = {
        SLICE(""),         SLICE("a/b"),           SLICE("/"),         SLICE(".."),
        SLICE(".a"),       SLICE("a@..b"),         SLICE("a@.b"),      SLICE("@b"),
        SLICE("a@"),       SLICE("a@@b"),          SLICE("a\0b"),      SLICE("a b"),
        SLICE("a\tb"),     SLICE("a\r"),           SLICE("a\x7f"),     SLICE("\xff"),
        SLICE("\xc0\xaf"), SLICE("a\xe2\x80\xae"), SLICE("a\xc2\x9b"), SLICE("a@b@.c"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(config_user_is_safe(bad[i]));
        expect_path("/m/%u", bad[i], "", NULL);
    }
}

static void ordinary_names_are_safe(void **state)
{
    (void)state;
    assert_true(config_user_is_safe(SLICE("ann")));
    assert_true(config_user_is_safe(SLICE("ann.b+tag%x@mail.example.org")));
    assert_true(config_user_is_safe(SLICE("\xe5\xbc\xa0@\xe4\xbe\x8b.test")));
}

static void a_name_is_as_long_as_the_limit_and_no_longer(void **state)
{
    (void)state;
    char name[LIMIT_USER_NAME + 1];
    memset(name, 'a', sizeof name);
    assert_true(config_user_is_safe(slice_of(name, LIMIT_USER_NAME)));
    assert_false(config_user_is_safe(slice_of(name, LIMIT_USER_NAME + 1)));
}

static void patterns_are_filled(void **state)
{
    (void)state;
    expect_path("/var/mail/%d/%n", SLICE("ann@b.org"), "", "/var/mail/b.org/ann");
    expect_path("/srv/%u/Maildir", SLICE("ann@b.org"), "", "/srv/ann@b.org/Maildir");
    expect_path("/srv/100%%/%n", SLICE("ann"), "", "/srv/100%/ann");
    expect_path("%h/Maildir", SLICE("ann"), "/home/ann", "/home/ann/Maildir");
    /* What a name holds is not a pattern. */
    expect_path("/m/%u", SLICE("%h"), "/home/x", "/m/%h");
}

static void what_is_asked_for_and_missing_is_refused(void **state)
{
    (void)state;
    expect_path("/var/mail/%d/%n", SLICE("ann"), "", NULL);
    expect_path("%h/Maildir", SLICE("ann"), "", NULL);
    expect_path("%h/Maildir", SLICE("ann"), "home/ann", NULL);
    expect_path("%h/Maildir", SLICE("ann"), "/home/../etc", NULL);
    expect_path("%h/Maildir", SLICE("ann"), "/home/..", NULL);
    expect_path("/m/%x", SLICE("ann"), "", NULL);
    expect_path("/m/%", SLICE("ann"), "", NULL);
}

static void a_path_that_does_not_fit_is_too_large(void **state)
{
    (void)state;
    static char pattern[LIMIT_PATH + 8], path[LIMIT_PATH];
    memset(pattern, 'p', LIMIT_PATH - 3);
    memcpy(pattern + LIMIT_PATH - 3, "%n", 3);
    assert_int_equal(config_store_path(pattern, SLICE("ab"), SLICE(""), path), STATUS_OK);
    assert_int_equal(config_store_path(pattern, SLICE("abc"), SLICE(""), path), STATUS_TOO_LARGE);
    assert_string_equal(path, "");
}

static void the_root_is_the_fixed_directory(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/var/mail/%d/%n", "/var/mail"},
        {"/srv/mail/u%n", "/srv/mail"},
        {"/srv//%u", "/srv"},
        {"/%u", "/"},
        {"%h/Maildir", "/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char root[LIMIT_PATH];
        config_store_root(rows[i][0], root);
        assert_string_equal(root, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_could_leave_its_directory_is_refused),
        cmocka_unit_test(ordinary_names_are_safe),
        cmocka_unit_test(a_name_is_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(patterns_are_filled),
        cmocka_unit_test(what_is_asked_for_and_missing_is_refused),
        cmocka_unit_test(a_path_that_does_not_fit_is_too_large),
        cmocka_unit_test(the_root_is_the_fixed_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
