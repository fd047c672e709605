/* A group of messages stands in an mbox once or not at all, and never in part. */
#include "client/deliver.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char account_name[] = "a";

struct drop {
    char folder[64];
    char path[128];
    char journal[128];
    struct account account;
    struct delivery *delivery;
    char why[200];
    char content[8192];
};

static void reopen(struct drop *d)
{
    deliver_close(d->delivery);
    assert_int_equal(deliver_open(&d->account, &d->delivery, d->why), STATUS_OK);
}

static void drop_start(struct drop *d)
{
    *d = (struct drop){.folder = "/tmp/poplin-mbox-XXXXXX"};
    assert_non_null(mkdtemp(d->folder));
    snprintf(d->path, sizeof d->path, "%s/mbox", d->folder);
    snprintf(d->journal, sizeof d->journal, "%s/.mbox.poplin-a", d->folder);
    d->account =
        (struct account){.name = account_name, .target = ACCOUNT_TARGET_MBOX, .timeout = 300};
    d->account.arguments[0] = d->path;
    reopen(d);
}

static void drop_end(struct drop *d)
{
    char command[128];
    deliver_close(d->delivery);
    snprintf(command, sizeof command, "rm -rf %s", d->folder);
    assert_int_equal(system(command), 0);
}

static struct slice content_of(struct drop *d, const char *path)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(d->content, 1, sizeof d->content, f);
    fclose(f);
    return slice_of(d->content, n);
}

static void write_file(const char *path, struct slice content)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(content.data, 1, content.size, f), content.size);
    assert_int_equal(fclose(f), 0);
}

static void deliver_one(struct drop *d, const char *name, struct slice message)
{
    struct deliver_message m = {.file = slice_str(name)};
    assert_int_equal(deliver_begin(d->delivery, &m), STATUS_OK);
    assert_int_equal(deliver_write(d->delivery, message), STATUS_OK);
    assert_int_equal(deliver_finish(d->delivery), STATUS_OK);
}

/* Without the dates, which come from the clock. */
static void assert_mbox(struct drop *d, const char *expected)
{
    struct slice s = content_of(d, d->path);
    char plain[8192];
    size_t size = 0;
    while (s.size) {
        size_t at = slice_find(s, '\n');
        struct slice line = slice_take(s, at < s.size ? at + 1 : at);
        s = slice_skip(s, line.size);
        if (slice_starts(line, SLICE("From MAILER-DAEMON ")))
            line = SLICE("FROM\n");
        memcpy(plain + size, line.data, line.size);
        size += line.size;
    }
    plain[size] = '\0';
    assert_string_equal(plain, expected);
}

static void from_lines_are_quoted_behind_any_number_of_marks(void **unused)
{
    static const char sent[] =
        "From x\r\nA: 1\r\n\r\nFrom y\r\n>From z\r\n>>From \r\nFrom\r\n From "
        "a\r\nFFrom b\r\nend";
    struct drop d;
    drop_start(&d);
    for (size_t cut = 0; cut < sizeof sent - 1; cut++) {
        struct deliver_message m = {.file = SLICE("n")};
        assert_int_equal(deliver_begin(d.delivery, &m), STATUS_OK);
        assert_int_equal(deliver_write(d.delivery, slice_of(sent, cut)), STATUS_OK);
        assert_int_equal(deliver_write(d.delivery, slice_of(sent + cut, sizeof sent - 1 - cut)),
                         STATUS_OK);
        assert_int_equal(deliver_finish(d.delivery), STATUS_OK);
        assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
        assert_mbox(&d, "FROM\n>From x\nA: 1\n\n>From y\n>>From z\n>>>From \nFrom\n From "
                        "a\nFFrom b\nend\n\n");
        assert_int_equal(truncate(d.path, 0), 0);
    }
    drop_end(&d);
}

static void c20_the_mail_file_gets_nothing_before_commit(void **unused)
{
    struct drop d;
    drop_start(&d);
    deliver_one(&d, "one", SLICE("A: 1\r\n\r\n"));
    deliver_one(&d, "two", SLICE("A: 2\r\n\r\n"));
    assert_int_equal(content_of(&d, d.path).size, 0);
    assert_false(deliver_has(d.delivery, SLICE("one")));
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    assert_mbox(&d, "FROM\nA: 1\n\n\nFROM\nA: 2\n\n\n");
    assert_true(deliver_has(d.delivery, SLICE("one")));
    reopen(&d);
    assert_true(deliver_has(d.delivery, SLICE("two")));
    assert_false(deliver_has(d.delivery, SLICE("tw")));
    drop_end(&d);
}

static void an_old_file_without_a_last_line_end_keeps_its_octets(void **unused)
{
    struct drop d;
    drop_start(&d);
    write_file(d.path, SLICE("From old\nA: 0\n\nlast"));
    deliver_one(&d, "one", SLICE("A: 1\r\n"));
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    assert_mbox(&d, "From old\nA: 0\n\nlast\n\nFROM\nA: 1\n\n");
    drop_end(&d);
}

static void c09_an_aborted_message_leaves_the_others_of_its_group(void **unused)
{
    struct drop d;
    drop_start(&d);
    deliver_one(&d, "one", SLICE("A: 1\r\n"));
    struct deliver_message m = {.file = SLICE("half")};
    assert_int_equal(deliver_begin(d.delivery, &m), STATUS_OK);
    assert_int_equal(deliver_write(d.delivery, SLICE("A: half")), STATUS_OK);
    deliver_abort(d.delivery);
    deliver_one(&d, "two", SLICE("A: 2\r\n"));
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    assert_mbox(&d, "FROM\nA: 1\n\nFROM\nA: 2\n\n");
    assert_false(deliver_has(d.delivery, SLICE("half")));
    drop_end(&d);
}

/* A run that was killed in the middle of writing is made again from its two files. */
static void c21_every_length_of_a_killed_append_is_settled(void **unused)
{
    struct drop d;
    char whole[1024], journal[4096];
    drop_start(&d);
    write_file(d.path, SLICE("From old\nA: 0\n\n"));
    deliver_one(&d, "one", SLICE("A: 1\r\n\r\nbody\r\n"));
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    struct slice after = content_of(&d, d.path);
    memcpy(whole, after.data, after.size);
    size_t old = strlen("From old\nA: 0\n\n"), size = after.size;
    /* Pending, with the octets again that a done one has given back. */
    struct slice j = content_of(&d, d.journal);
    memcpy(journal, j.data, j.size);
    journal[14] = 'P';
    memcpy(journal + 128, "\n\n", 2);
    memcpy(journal + 130, whole + old, size - old);
    for (size_t length = old; length <= size; length++) {
        write_file(d.path, slice_of(whole, length));
        write_file(d.journal, slice_of(journal, j.size));
        reopen(&d);
        bool there = length == size;
        assert_int_equal(deliver_has(d.delivery, SLICE("one")), there);
        assert_int_equal(content_of(&d, d.path).size, there ? size : old);
    }
    write_file(d.path, SLICE("From old\nA: 0\n\nFrom other\nB: 1\n\n"));
    write_file(d.journal, slice_of(journal, j.size));
    reopen(&d);
    assert_false(deliver_has(d.delivery, SLICE("one")));
    assert_int_equal(content_of(&d, d.path).size, old + strlen("From other\nB: 1\n\n"));
    drop_end(&d);
}

static void a_locked_file_is_left_alone_for_now(void **unused)
{
    struct drop d;
    char dot[160];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    drop_start(&d);
    int fd = open(d.path, O_RDWR);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
    deliver_one(&d, "one", SLICE("A: 1\r\n"));
    assert_int_equal(deliver_commit(d.delivery), STATUS_IN_USE);
    close(fd);
    snprintf(dot, sizeof dot, "%s.lock", d.path);
    write_file(dot, SLICE("0\n"));
    deliver_one(&d, "one", SLICE("A: 1\r\n"));
    assert_int_equal(deliver_commit(d.delivery), STATUS_IN_USE);
    assert_int_equal(content_of(&d, d.path).size, 0);
    write_file(dot, SLICE("2147483646\n")); /* of a process that cannot be */
    deliver_one(&d, "one", SLICE("A: 1\r\n"));
    assert_int_equal(deliver_commit(d.delivery), STATUS_OK);
    assert_int_not_equal(access(dot, F_OK), 0);
    drop_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_lines_are_quoted_behind_any_number_of_marks),
        cmocka_unit_test(c20_the_mail_file_gets_nothing_before_commit),
        cmocka_unit_test(an_old_file_without_a_last_line_end_keeps_its_octets),
        cmocka_unit_test(c09_an_aborted_message_leaves_the_others_of_its_group),
        cmocka_unit_test(c21_every_length_of_a_killed_append_is_settled),
        cmocka_unit_test(a_locked_file_is_left_alone_for_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
