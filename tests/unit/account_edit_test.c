/* Changes to the configuration file, and accounts printed so that they read back the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/account_edit.h"
#include "client/account_print.h"

static struct config_errors errors;
static char folder[] = "/tmp/account-edit-XXXXXX";
static char path[128];

static int make_folder(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    (void)snprintf(path, sizeof path, "%s/config", mkdtemp(folder) ? folder : "/nowhere");
    return 0;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void put(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void assert_text(const char *expected)
{
    char text[4096];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, expected);
}

static struct account sample(const char *name)
{
    return (struct account){.name = (char *)name,
                            .host = (char *)"h.example",
                            .port = 995,
                            .user = (char *)"ann b",
                            .timeout = 60000,
                            .pipeline = 64};
}

static size_t count_files(void)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

#define SAMPLE(name) "account " name " {\n    server pop3s://h.example\n    user \"ann b\"\n}\n"

static void a_first_account_makes_the_file_and_its_folders(void **state)
{
    (void)state;
    struct stat st;
    struct account a = sample("a");
    (void)snprintf(path, sizeof path, "%s/x/y/config", folder);
    mode_t before = umask(0);
    assert_int_equal(account_edit_add(path, &a, &errors), STATUS_OK);
    umask(before);
    assert_text("config 1\n\n" SAMPLE("a"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void an_account_is_added_behind_all_that_stands_there(void **state)
{
    (void)state;
    struct account a = sample("b");
    put("config 1 # mine\n\n# the work\n" SAMPLE("a") "defaults { timeout 5s }");
    assert_int_equal(account_edit_add(path, &a, &errors), STATUS_OK);
    assert_text(
        "config 1 # mine\n\n# the work\n" SAMPLE("a") "defaults { timeout 5s }\n\n" SAMPLE("b"));
    assert_int_equal(account_edit_add(path, &a, &errors), STATUS_EXISTS);
    assert_int_equal(count_files(), 1);
}

static void a_file_that_is_wrong_is_left_alone(void **state)
{
    (void)state;
    struct account a = sample("b");
    put("config 1\nacount a { }\n");
    assert_int_equal(account_edit_add(path, &a, &errors), STATUS_MALFORMED);
    assert_int_equal(account_edit_remove(path, "a", &errors), STATUS_MALFORMED);
    assert_text("config 1\nacount a { }\n");
    put("config 1\n");
    a.user = (char *)"line\nbreak";
    assert_int_equal(account_edit_add(path, &a, &errors), STATUS_MALFORMED);
    assert_text("config 1\n");
    assert_int_equal(chmod(path, 0644), 0);
    a.user = (char *)"ann";
    assert_int_equal(account_edit_add(path, &a, &errors), STATUS_DENIED);
    assert_text("config 1\n");
    assert_int_equal(count_files(), 1);
}

static void an_account_is_removed_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"config 1\n# c\n" SAMPLE("a") "# d\n" SAMPLE("b"), "config 1\n# c\n# d\n" SAMPLE("b")},
        {"config 1\n  account a { server pop3s://h user u }  \n" SAMPLE("b"),
         "config 1\n" SAMPLE("b")},
        {"config 1\n" SAMPLE("b") "account a { server pop3s://h user u } # c\n",
         "config 1\n" SAMPLE("b") " # c\n"},
        {"config 1\n" SAMPLE("b") "account a { server pop3s://h user u }",
         "config 1\n" SAMPLE("b")},
        {"config 1\n\"account\" \"a\" { server pop3s://h user u }\n" SAMPLE("b"),
         "config 1\n" SAMPLE("b")},
        {"config 1\naccount b {\nserver pop3s://h\nuser account\ndeliver pipe x account a "
         "\"{\"\n}\n"
         "account a { server pop3s://h user \"q\\\"}\" }\n",
         "config 1\naccount b {\nserver pop3s://h\nuser account\ndeliver pipe x account a "
         "\"{\"\n}\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put(rows[i].before);
        assert_int_equal(account_edit_remove(path, "a", &errors), STATUS_OK);
        assert_text(rows[i].after);
        assert_int_equal(account_edit_remove(path, "a", &errors), STATUS_NOT_FOUND);
        assert_text(rows[i].after);
    }
}

static void through_a_symbolic_link_the_file_behind_it_changes(void **state)
{
    (void)state;
    char link[160];
    struct stat st;
    struct account a = sample("a");
    put("config 1\n");
    (void)snprintf(link, sizeof link, "%s/link", folder);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(account_edit_add(link, &a, &errors), STATUS_OK);
    assert_text("config 1\n\n" SAMPLE("a"));
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void what_is_printed_reads_back_to_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "config 1\n",
        "config 1\n" SAMPLE("a"),
        "config 1\naccount a {\nserver pop3://[::1]:7\nuser \"#x\"\ntls stls\npasswordeval \"p "
        "\\\"q\\\" \\\\ {r}\"\nauth apop\nkeep 90m\ndeliver pipe x \"\" \"#\" a#b c\\d\ndedupe "
        "content\n}\n",
        "config 1\naccount a {\nserver pop3://h\nuser u\ntls none\npassword \"file:/a b\"\n"
        "tokeneval t\nproxy socks5://[::1]:9\nkeep none\ndeliver lmtp h:24\nrun-timeout 5m\n"
        "headers delivered-to\nca /c\nauthzid z\npipeline 1 forced\n}\n",
        "config 1\naccount a {\nserver pop3s://h:1\nuser u\npassword keyring\ndeliver stdout\n"
        "tls-fingerprint "
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct account_set set;
        assert_int_equal(account_set_parse("f", slice_str(texts[i]), &set, &errors), STATUS_OK);
        char *first = account_set_print(&set);
        account_set_wipe(&set);
        assert_non_null(first);
        if (account_set_parse("f", slice_str(first), &set, &errors) != STATUS_OK)
            fail_msg("%s: %s", first, errors.list[0].text);
        char *second = account_set_print(&set);
        account_set_wipe(&set);
        assert_string_equal(first, second);
        free(first);
        free(second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_first_account_makes_the_file_and_its_folders, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_account_is_added_behind_all_that_stands_there,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_is_wrong_is_left_alone, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_account_is_removed_and_nothing_else, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(through_a_symbolic_link_the_file_behind_it_changes,
                                        make_folder, remove_folder),
        cmocka_unit_test(what_is_printed_reads_back_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
