#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/maildir_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void make(const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static int set_up(void **state)
{
    char command[200];
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/maildir_names.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(command, sizeof command, "mkdir %s/new %s/cur", folder, folder);
    return system(command);
}

static int tear_down(void **state)
{
    char command[200];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void names_are_found_by_their_base_with_their_flags(void **state)
{
    struct maildir_names n;
    (void)state;
    make("new/1.a.host");
    make("cur/2.b.host:2,FS");
    make("cur/3.c.host:2,");
    make("cur/.hidden");
    assert_int_equal(maildir_names_read(folder, &n), STATUS_OK);
    assert_int_equal(n.count, 3);
    const struct maildir_name *a = maildir_names_find(&n, SLICE("1.a.host"));
    const struct maildir_name *b = maildir_names_find(&n, SLICE("2.b.host"));
    assert_true(a && a->folder == MAILDIR_NEW && a->flags == 0);
    assert_true(b && b->folder == MAILDIR_CUR && b->flags == (MAILDIR_READ | MAILDIR_FLAGGED));
    assert_string_equal(b->file, "2.b.host:2,FS");
    assert_null(maildir_names_find(&n, SLICE("2.b.host:2,FS")));
    assert_null(maildir_names_find(&n, SLICE("")));
    maildir_names_wipe(&n);
    assert_null(maildir_names_find(&n, SLICE("1.a.host")));
}

static void one_that_is_seen_twice_counts_as_it_was_seen_last(void **state)
{
    struct maildir_names n;
    (void)state;
    make("new/9.x");
    make("cur/9.x:2,S");
    assert_int_equal(maildir_names_read(folder, &n), STATUS_OK);
    const struct maildir_name *x = maildir_names_find(&n, SLICE("9.x"));
    assert_true(x && x->folder == MAILDIR_CUR && x->flags == MAILDIR_READ);
    assert_int_equal(n.count, 1);
    maildir_names_wipe(&n);
}

static void thousands_of_names_are_found(void **state)
{
    struct maildir_names n;
    char name[300];
    (void)state;
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "cur/%d.%0200d:2,%s", i, i, i % 2 ? "S" : "");
        make(name);
    }
    assert_int_equal(maildir_names_read(folder, &n), STATUS_OK);
    assert_int_equal(n.count, 3000);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "%d.%0200d", i, i);
        const struct maildir_name *found = maildir_names_find(&n, slice_str(name));
        assert_true(found && found->flags == (i % 2 ? MAILDIR_READ : 0));
    }
    maildir_names_wipe(&n);
}

static void no_maildir_is_told(void **state)
{
    struct maildir_names n;
    struct maildir_stamp stamp;
    (void)state;
    assert_int_equal(maildir_names_read("/nonexistent/maildir", &n), STATUS_NOT_FOUND);
    assert_int_equal(n.count, 0);
    assert_int_equal(maildir_stamp_read("/nonexistent/maildir", &stamp), STATUS_NOT_FOUND);
}

static void a_stamp_changes_with_the_folder(void **state)
{
    struct maildir_stamp before, same, after;
    (void)state;
    assert_int_equal(maildir_stamp_read(folder, &before), STATUS_OK);
    assert_int_equal(maildir_stamp_read(folder, &same), STATUS_OK);
    assert_memory_equal(&before, &same, sizeof before);
    usleep(20000);
    make("new/later");
    assert_int_equal(maildir_stamp_read(folder, &after), STATUS_OK);
    assert_memory_not_equal(&before, &after, sizeof before);
}

#define IN_A_MAILDIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_MAILDIR(names_are_found_by_their_base_with_their_flags),
        IN_A_MAILDIR(one_that_is_seen_twice_counts_as_it_was_seen_last),
        IN_A_MAILDIR(thousands_of_names_are_found),
        IN_A_MAILDIR(no_maildir_is_told),
        IN_A_MAILDIR(a_stamp_changes_with_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
