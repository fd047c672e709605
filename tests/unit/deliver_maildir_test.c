/* A message stands in the Maildir once, whole, under the name that was written down before. */
#include "client/deliver.h"
#include "client/header_hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char account_name[] = "a";

struct drop {
    char path[STATE_FILE_NAME + 1];
    struct account account;
    struct delivery *delivery;
    char why[200];
};

static void drop_start(struct drop *d)
{
    *d = (struct drop){.path = "/tmp/poplin-deliver-XXXXXX"};
    assert_non_null(mkdtemp(d->path));
    d->account = (struct account){.name = account_name, .target = ACCOUNT_TARGET_MAILDIR};
    d->account.arguments[0] = d->path;
    assert_int_equal(deliver_open(&d->account, &d->delivery, d->why), STATUS_OK);
}

static void drop_end(struct drop *d)
{
    char command[512];
    deliver_close(d->delivery);
    snprintf(command, sizeof command, "rm -rf %s", d->path);
    assert_int_equal(system(command), 0);
}

static unsigned files_in(const struct drop *d, const char *sub)
{
    char path[512];
    unsigned count = 0;
    snprintf(path, sizeof path, "%s/%s", d->path, sub);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void assert_content(const struct drop *d, const char *sub, const char *name,
                           struct slice expected)
{
    char path[1024], content[4096];
    snprintf(path, sizeof path, "%s/%s/%s", d->path, sub, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(content, 1, sizeof content, f);
    fclose(f);
    assert_int_equal(n, expected.size);
    assert_memory_equal(content, expected.data, n);
}

static void deliver_one(struct drop *d, struct slice message, char name[STATE_FILE_NAME + 1])
{
    assert_int_equal(deliver_name(d->delivery, name), STATUS_OK);
    struct deliver_message m = {.file = slice_str(name)};
    assert_int_equal(deliver_begin(d->delivery, &m), STATUS_OK);
    assert_int_equal(deliver_write(d->delivery, message), STATUS_OK);
    assert_int_equal(deliver_finish(d->delivery), STATUS_OK);
}

static void c20_nothing_is_visible_before_commit_and_all_after(void **unused)
{
    struct drop d;
    char first[STATE_FILE_NAME + 1], second[STATE_FILE_NAME + 1];
    uint64_t octets;
    drop_start(&d);
    deliver_one(&d, SLICE("A: 1\r\n\r\none\r\n"), first);
    deliver_one(&d, SLICE("A: 2\r\n\r\ntwo\r\n"), second);
    assert_int_equal(deliver_pending(d.delivery, &octets), 2);
    assert_int_equal(octets, 20);
    assert_int_equal(files_in(&d, "new"), 0);
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    assert_int_equal(deliver_pending(d.delivery, &octets), 0);
    assert_int_equal(files_in(&d, "new"), 2);
    assert_int_equal(files_in(&d, "tmp"), 0);
    assert_content(&d, "new", first, SLICE("A: 1\n\none\n"));
    assert_content(&d, "new", second, SLICE("A: 2\n\ntwo\n"));
    drop_end(&d);
}

static void c09_an_aborted_message_leaves_nothing(void **unused)
{
    struct drop d;
    char name[STATE_FILE_NAME + 1];
    drop_start(&d);
    assert_int_equal(deliver_name(d.delivery, name), STATUS_OK);
    struct deliver_message m = {.file = slice_str(name)};
    assert_int_equal(deliver_begin(d.delivery, &m), STATUS_OK);
    assert_int_equal(deliver_write(d.delivery, SLICE("half")), STATUS_OK);
    deliver_abort(d.delivery);
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    assert_int_equal(files_in(&d, "tmp") + files_in(&d, "new"), 0);
    drop_end(&d);
}

static void c09_what_was_not_committed_goes_with_the_run(void **unused)
{
    struct drop d;
    char name[STATE_FILE_NAME + 1];
    drop_start(&d);
    deliver_one(&d, SLICE("A: 1\r\n\r\n"), name);
    deliver_close(d.delivery);
    assert_int_equal(files_in(&d, "tmp") + files_in(&d, "new"), 0);
    assert_int_equal(deliver_open(&d.account, &d.delivery, d.why), STATUS_OK);
    drop_end(&d);
}

static void c21_a_committed_message_is_found_whatever_its_flags(void **unused)
{
    struct drop d;
    char name[STATE_FILE_NAME + 1], from[1024], to[1024];
    drop_start(&d);
    deliver_one(&d, SLICE("A: 1\r\n\r\n"), name);
    assert_false(deliver_has(d.delivery, SLICE("none")));
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    assert_true(deliver_has(d.delivery, slice_str(name)));
    assert_false(deliver_has(d.delivery, slice_take(slice_str(name), strlen(name) - 1)));
    snprintf(from, sizeof from, "%s/new/%s", d.path, name);
    snprintf(to, sizeof to, "%s/cur/%s:2,FS", d.path, name);
    assert_int_equal(rename(from, to), 0);
    assert_true(deliver_has(d.delivery, slice_str(name)));
    drop_end(&d);
}

static void line_ends_become_lf_and_nothing_else_changes_in_any_split(void **unused)
{
    static const char sent[] = "A: 1\r\nB: \r2\r\r\n\r\n.\0\xff\n\r\r\nend\r";
    static const char kept[] = "A: 1\nB: \r2\r\n\n.\0\xff\n\r\nend\r";
    struct drop d;
    char name[STATE_FILE_NAME + 1];
    unsigned char digest[STATE_HASH], first_digest[STATE_HASH];
    const unsigned char none[STATE_HASH] = {0};
    drop_start(&d);
    deliver_close(d.delivery);
    d.account.dedupe_content = true;
    assert_int_equal(deliver_open(&d.account, &d.delivery, d.why), STATUS_OK);
    for (size_t cut = 0; cut < sizeof sent; cut++) {
        assert_int_equal(deliver_name(d.delivery, name), STATUS_OK);
        struct deliver_message m = {.file = slice_str(name)};
        assert_int_equal(deliver_begin(d.delivery, &m), STATUS_OK);
        assert_int_equal(deliver_write(d.delivery, slice_of(sent, cut)), STATUS_OK);
        assert_int_equal(deliver_write(d.delivery, slice_of(sent + cut, sizeof sent - 1 - cut)),
                         STATUS_OK);
        assert_int_equal(deliver_finish(d.delivery), STATUS_OK);
        deliver_digest(d.delivery, digest);
        if (cut == 0)
            memcpy(first_digest, digest, sizeof digest);
        assert_memory_equal(digest, first_digest, sizeof digest);
        assert_memory_not_equal(digest, none, sizeof digest);
        assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
        assert_content(&d, "new", name, slice_of(kept, sizeof kept - 1));
    }
    drop_end(&d);
}

static void a50_a_name_that_is_a_path_is_refused(void **unused)
{
    static const char *const bad[] = {"", "../x", "a/b", ".x", "a:2,S"};
    struct drop d;
    drop_start(&d);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct deliver_message m = {.file = slice_str(bad[i])};
        assert_int_equal(deliver_begin(d.delivery, &m), STATUS_PERMANENT);
        assert_false(deliver_has(d.delivery, m.file));
    }
    drop_end(&d);
}

/* --- folders --- */

static void write_in(const struct drop *d, const char *file, struct slice content)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", d->path, file);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(content.data, 1, content.size, f), content.size);
    assert_int_equal(fclose(f), 0);
}

static void a_folder_of_something_else_is_not_touched(void **unused)
{
    struct drop d, other;
    char path[1024];
    drop_start(&d);
    write_in(&d, "new/file", SLICE("x"));
    other = d;
    snprintf(path, sizeof path, "%s/new", d.path);
    other.account.arguments[0] = path;
    assert_int_equal(deliver_open(&other.account, &other.delivery, other.why), STATUS_PERMANENT);
    assert_non_null(strstr(other.why, "no Maildir"));
    snprintf(path, sizeof path, "%s/cur/deep/er", d.path);
    assert_int_equal(deliver_open(&other.account, &other.delivery, other.why), STATUS_OK);
    deliver_close(other.delivery);
    snprintf(path, sizeof path, "%s/new/file/x", d.path);
    assert_int_not_equal(deliver_open(&other.account, &other.delivery, other.why), STATUS_OK);
    assert_int_not_equal(strlen(other.why), 0);
    drop_end(&d);
}

static void only_our_own_old_left_overs_are_removed(void **unused)
{
    static const struct timeval old[2] = {{1000000, 0}, {1000000, 0}};
    static const char *const files[] = {"tmp/1000000.M000001P1Q1R0123456789abcdef.host",
                                        "tmp/1000000.M000001P1Q1.host"};
    struct drop d;
    char path[1024];
    drop_start(&d);
    for (size_t i = 0; i < 2; i++) {
        write_in(&d, files[i], SLICE("x"));
        snprintf(path, sizeof path, "%s/%s", d.path, files[i]);
        assert_int_equal(utimes(path, old), 0);
    }
    write_in(&d, "tmp/1000000.M000001P1Q2R0123456789abcdef.host", SLICE("x"));
    deliver_close(d.delivery);
    assert_int_equal(deliver_open(&d.account, &d.delivery, d.why), STATUS_OK);
    assert_int_equal(files_in(&d, "tmp"), 2);
    snprintf(path, sizeof path, "%s/%s", d.path, files[0]);
    assert_int_not_equal(access(path, F_OK), 0);
    drop_end(&d);
}

/* --- scanning --- */

struct seen {
    unsigned count, read;
    uint64_t octets;
    unsigned char hash[STATE_HASH];
    char file[STATE_FILE_NAME + 1];
};

static bool see(void *context, struct slice file, const unsigned char header_hash[STATE_HASH],
                uint64_t octets, bool read)
{
    struct seen *s = context;
    s->count++;
    s->read += read;
    s->octets = octets;
    memcpy(s->hash, header_hash, STATE_HASH);
    snprintf(s->file, sizeof s->file, "%.*s", SLICE_ARGS(file));
    return true;
}

static void a_lost_state_is_found_again_in_the_maildir(void **unused)
{
    static const char text[] = "A: 1\r\nB: 2\r\n\r\nbody\r\n";
    struct drop d;
    struct seen s = {0};
    char name[STATE_FILE_NAME + 1], from[1024], to[1024];
    unsigned char expected[STATE_HASH];
    drop_start(&d);
    d.account.add_received = d.account.add_delivered_to = true;
    assert_int_equal(deliver_name(d.delivery, name), STATUS_OK);
    struct deliver_message m = {.file = slice_str(name),
                                .received = SLICE("Received: by us\r\n\twith POP3"),
                                .delivered_to = SLICE("Delivered-To: ann")};
    assert_int_equal(deliver_begin(d.delivery, &m), STATUS_OK);
    assert_int_equal(deliver_write(d.delivery, slice_of(text, sizeof text - 1)), STATUS_OK);
    assert_int_equal(deliver_finish(d.delivery), STATUS_OK);
    deliver_header_hash(d.delivery, expected);
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    snprintf(from, sizeof from, "%s/new/%s", d.path, name);
    snprintf(to, sizeof to, "%s/cur/%s:2,FS", d.path, name);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(deliver_scan(d.delivery, see, &s), STATUS_OK);
    assert_true(s.count == 1 && s.read == 1);
    assert_int_equal(s.octets, sizeof text - 1);
    assert_memory_equal(s.hash, expected, STATE_HASH);
    assert_string_equal(s.file, name);
    drop_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c20_nothing_is_visible_before_commit_and_all_after),
        cmocka_unit_test(c09_an_aborted_message_leaves_nothing),
        cmocka_unit_test(c09_what_was_not_committed_goes_with_the_run),
        cmocka_unit_test(c21_a_committed_message_is_found_whatever_its_flags),
        cmocka_unit_test(line_ends_become_lf_and_nothing_else_changes_in_any_split),
        cmocka_unit_test(a_folder_of_something_else_is_not_touched),
        cmocka_unit_test(only_our_own_old_left_overs_are_removed),
        cmocka_unit_test(a_lost_state_is_found_again_in_the_maildir),
        cmocka_unit_test(a50_a_name_that_is_a_path_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
