#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth_driver.h"
#include "base/buf.h"

#include <stdio.h>

static char why[200];

static struct auth_driver *parse(struct slice text)
{
    struct auth_driver *d = NULL;
    enum status status = auth_passwd_file_new(text, &d, why);
    if (status != STATUS_OK)
        print_message("# %s\n", why);
    assert_int_equal(status, STATUS_OK);
    return d;
}

static void fails(struct slice text, const char *expected)
{
    struct auth_driver *d = NULL;
    assert_int_equal(auth_passwd_file_new(text, &d, why), STATUS_MALFORMED);
    assert_string_equal(why, expected);
}

static void a_whole_line_is_read(void **state)
{
    (void)state;
    struct auth_record r;
    struct auth_driver *d = parse(SLICE("# users\n"
                                        "\n"
                                        "  # indented\n"
                                        "ann@example.org:{PLAIN}one:1000:1001:Ann, A.:/home/ann:"
                                        "/bin/sh:quota=1G note=a:b\n"
                                        "bob:{PLAIN}two"));
    assert_int_equal(auth_passwd_file_count(d), 2);
    assert_int_equal(d->class->find(d, SLICE("ann@example.org"), &r), STATUS_OK);
    assert_true(slice_equal(r.secret, SLICE("{PLAIN}one")));
    assert_true(slice_equal(r.hash.text, SLICE("one")));
    assert_true(slice_equal(r.home, SLICE("/home/ann")));
    assert_true(slice_equal(r.extra, SLICE("quota=1G note=a:b")));
    assert_int_equal(r.uid, 1000);
    assert_int_equal(r.gid, 1001);
    assert_int_equal(d->class->find(d, SLICE("bob"), &r), STATUS_OK);
    assert_int_equal(r.uid, UINT32_MAX);
    assert_int_equal(r.home.size, 0);
    assert_int_equal(d->class->find(d, SLICE("bo"), &r), STATUS_NOT_FOUND);
    assert_int_equal(d->class->find(d, SLICE("Bob"), &r), STATUS_NOT_FOUND);
    d->class->free(d);
}

static void what_editors_of_other_systems_leave_is_survived(void **state)
{
    (void)state;
    struct auth_record r;
    struct auth_driver *d = parse(SLICE("\xef\xbb\xbf"
                                        "ann:{PLAIN}one\r\nbob:{PLAIN}two:::\r\n\r\n"));
    assert_int_equal(d->class->find(d, SLICE("ann"), &r), STATUS_OK);
    assert_true(slice_equal(r.hash.text, SLICE("one")));
    assert_int_equal(auth_passwd_file_count(d), 2);
    d->class->free(d);
}

static void an_error_names_its_line_and_no_secret(void **state)
{
    (void)state;
    fails(SLICE("ann:{PLAIN}x\nbob\n"), "line 2: no colon behind the user name");
    fails(SLICE("\n\nann:{ROT13}topsecret\n"), "line 3: unknown scheme in braces");
    fails(SLICE("ann:topsecret\n"),
          "line 1: no scheme: write {PLAIN} or another one before the secret");
    fails(SLICE("ann:\n"), "line 1: no secret (* locks a user)");
    fails(SLICE("ann:{PLAIN}x:1000x:\n"), "line 1: uid and gid are numbers or empty");
    fails(SLICE("ann:{PLAIN}x:-1:\n"), "line 1: uid and gid are numbers or empty");
    fails(SLICE("ann:{PLAIN}x:4294967295:\n"), "line 1: uid and gid are numbers or empty");
    fails(SLICE("ann:$2b$broken\n"),
          "line 1: the hash is damaged or of a kind that is not known here");
}

static void a_user_stands_once(void **state)
{
    (void)state;
    fails(SLICE("ann:{PLAIN}x\n# c\nbob:{PLAIN}y\nann:{PLAIN}z\n"),
          "line 4: a second line for user \"ann\"");
}

static void a21_names_that_could_leave_their_directory_are_refused(void **state)
{
    (void)state;
    fails(SLICE("../ann:{PLAIN}x\n"), "line 1: not a user name that may log in: \"../ann\"");
    fails(SLICE("a/b:{PLAIN}x\n"), "line 1: not a user name that may log in: \"a/b\"");
    fails(SLICE(":{PLAIN}x\n"), "line 1: not a user name that may log in:");
    fails(SLICE("a\x1b[2J:{PLAIN}x\n"), "line 1: not a user name that may log in: \"a\\x1b[2J\"");
}

static void an_empty_file_has_no_users(void **state)
{
    (void)state;
    struct auth_record r;
    struct auth_driver *d = parse(SLICE(""));
    assert_int_equal(d->class->find(d, SLICE("ann"), &r), STATUS_NOT_FOUND);
    assert_false(d->class->decoy(d, 7, &r));
    d->class->free(d);
}

static void a22_a_decoy_is_never_a_locked_user_and_always_the_same(void **state)
{
    (void)state;
    struct auth_record r, again;
    struct auth_driver *d = parse(SLICE("a:*\nb:{PLAIN}x\nc:!\nd:{PLAIN}y\n"));
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_true(d->class->decoy(d, seed, &r));
        assert_true(d->class->decoy(d, seed, &again));
        assert_int_equal(r.hash.kind, AUTH_HASH_PLAIN);
        assert_ptr_equal(r.name.data, again.name.data);
    }
    d->class->free(d);
    d = parse(SLICE("a:*\n"));
    assert_false(d->class->decoy(d, 1, &r));
    d->class->free(d);
}

static void ten_thousand_users_are_found(void **state)
{
    (void)state;
    static char memory[400000];
    struct buf b = buf_over(memory, sizeof memory);
    for (int i = 0; i < 10000; i++)
        buf_printf(&b, "user%d@example.org:{PLAIN}p%d\n", i, i);
    assert_false(b.overflow);
    struct auth_driver *d = parse(buf_slice(&b));
    assert_int_equal(auth_passwd_file_count(d), 10000);
    for (int i = 0; i < 10000; i++) {
        struct auth_record r;
        char name[40];
        snprintf(name, sizeof name, "user%d@example.org", i);
        assert_int_equal(d->class->find(d, slice_str(name), &r), STATUS_OK);
        assert_true(slice_equal(r.name, slice_str(name)));
    }
    d->class->free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_line_is_read),
        cmocka_unit_test(what_editors_of_other_systems_leave_is_survived),
        cmocka_unit_test(an_error_names_its_line_and_no_secret),
        cmocka_unit_test(a_user_stands_once),
        cmocka_unit_test(a21_names_that_could_leave_their_directory_are_refused),
        cmocka_unit_test(an_empty_file_has_no_users),
        cmocka_unit_test(a22_a_decoy_is_never_a_locked_user_and_always_the_same),
        cmocka_unit_test(ten_thousand_users_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
