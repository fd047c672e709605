#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/mailbox.h"
#include "client/mailbox_index.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A Maildir with mail of nobody's, and one account that delivers there. */

static char folder[64], maildir[80], directory[80], name[] = "work";
static struct account account;
static struct account_set accounts = {&account, 1};
static struct state *db;
static struct mailbox *box;

static void put(const char *file, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", maildir, file);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static bool is_there(const char *file)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", maildir, file);
    return access(path, F_OK) == 0;
}

static void move(const char *from, const char *to)
{
    char old[300], new[300];
    snprintf(old, sizeof old, "%s/%s", maildir, from);
    snprintf(new, sizeof new, "%s/%s", maildir, to);
    assert_int_equal(rename(old, new), 0);
}

static void open_box(void)
{
    char why[200];
    assert_int_equal(state_open(directory, &db, why), STATUS_OK);
    assert_int_equal(mailbox_open(directory, db, &accounts, &box, why), STATUS_OK);
}

static void close_box(void)
{
    mailbox_close(box);
    state_close(db);
}

static int set_up(void **state)
{
    char command[300];
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mailbox.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(maildir, sizeof maildir, "%s/mail", folder);
    snprintf(directory, sizeof directory, "%s/state", folder);
    snprintf(command, sizeof command, "mkdir -p %s/new %s/cur", maildir, maildir);
    account =
        (struct account){.name = name, .target = ACCOUNT_TARGET_MAILDIR, .arguments = {maildir}};
    if (system(command) != 0)
        return -1;
    put("new/1.a", "Subject: first\nFrom: Ann <ann@x>\nMessage-ID: <1@x>\n\nhello world\n");
    put("cur/2.b:2,S", "Subject: second\nDate: Tue, 3 Feb 2026 08:00:00 +0000\n\n发票在此\n");
    open_box();
    return 0;
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    close_box();
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* --- what is found --- */

static char seen[300];

static bool note(void *context, const struct mailbox_entry *e)
{
    size_t n = strlen(seen);
    (void)context;
    snprintf(seen + n, sizeof seen - n, "%lld:%.*s%s%s ", (long long)e->id, SLICE_ARGS(e->subject),
             e->read ? "+" : "", e->flagged ? "!" : "");
    return true;
}

static const char *ask(const char *text)
{
    static struct mailbox_query q;
    char why[200];
    seen[0] = '\0';
    mailbox_query_init(&q);
    assert_int_equal(mailbox_query_parse(&q, slice_str(text), time(NULL), why), STATUS_OK);
    assert_int_equal(mailbox_each(box, &q, note, NULL), STATUS_OK);
    return seen;
}

static const char *look(const char *text)
{
    assert_int_equal(mailbox_sync(box), STATUS_OK);
    return ask(text);
}

static void mail_of_nobody_gets_numbers_that_stay(void **state)
{
    (void)state;
    assert_string_equal(look(""), "1:first 2:second+ ");
    put("new/0.c", "Subject: third\n\n");
    assert_string_equal(look(""), "1:first 2:second+ 3:third ");
    close_box();
    open_box();
    assert_string_equal(look(""), "1:first 2:second+ 3:third ");
    assert_string_equal(look("is:unread"), "1:first 3:third ");
}

static bool count_row(void *context, const struct state_row *row)
{
    (void)row;
    ++*(int *)context;
    return true;
}

static void no_account_has_the_rows_of_nobodys_mail(void **state)
{
    int rows = 0;
    uint64_t kept = 1;
    (void)state;
    look("");
    assert_int_equal(state_each(db, name, count_row, &rows), STATUS_OK);
    assert_int_equal(state_count_kept(db, name, &kept), STATUS_OK);
    assert_int_equal(rows + (int)kept, 0);
}

static void a_row_of_an_account_takes_over_its_file(void **state)
{
    struct state_row row = {.uidl = SLICE("u1"),
                            .stage = STATE_DELIVERED,
                            .octets = 99,
                            .fetched = 1,
                            .file = SLICE("1.a")};
    struct mailbox_entry e;
    (void)state;
    look("");
    assert_int_equal(state_put(db, name, &row), STATUS_OK);
    assert_string_equal(look(""), "2:second+ 3:first ");
    assert_int_equal(mailbox_get(box, 3, &e), STATUS_OK);
    assert_true(!e.is_local && slice_equal(e.uidl, SLICE("u1")));
    assert_int_equal(mailbox_get(box, 1, &e), STATUS_NOT_FOUND);
}

static void a_message_that_is_coming_is_nobodys(void **state)
{
    struct state_row row = {.uidl = SLICE("u9"), .stage = STATE_FETCHING, .file = SLICE("9.z")};
    (void)state;
    assert_int_equal(state_put(db, name, &row), STATUS_OK);
    put("new/9.z", "Subject: coming\n\n");
    assert_string_equal(look(""), "2:first 3:second+ ");
    row.stage = STATE_DELIVERED;
    assert_int_equal(state_put(db, name, &row), STATUS_OK);
    assert_string_equal(look(""), "1:coming 2:first 3:second+ ");
}

static void bodies_are_found_once_they_were_read(void **state)
{
    uint64_t left;
    (void)state;
    assert_string_equal(look("hello"), "");
    assert_int_equal(mailbox_fill(box, 1, 0, &left), STATUS_OK);
    assert_int_equal(left, 1);
    assert_int_equal(mailbox_fill(box, 0, 0, &left), STATUS_OK);
    assert_int_equal(left, 0);
    assert_string_equal(ask("hello"), "1:first ");
    assert_string_equal(ask("发票"), "2:second+ ");
    assert_string_equal(ask("-hello"), "2:second+ ");
    assert_string_equal(ask("before:2026-02-04"), "1:first 2:second+ ");
}

static void a_message_is_found_by_its_id(void **state)
{
    int64_t id = 0;
    (void)state;
    look("");
    assert_int_equal(mailbox_find_id(box, SLICE("1@x"), &id), STATUS_OK);
    assert_int_equal(id, 1);
    assert_int_equal(mailbox_find_id(box, SLICE("none"), &id), STATUS_NOT_FOUND);
}

/* --- what is changed --- */

static void flags_are_in_the_name_and_in_the_state(void **state)
{
    int64_t id;
    (void)state;
    look("");
    assert_int_equal(mailbox_flag(box, 1, MAILDIR_READ | MAILDIR_FLAGGED, 0), STATUS_OK);
    assert_true(is_there("cur/1.a:2,FS"));
    assert_string_equal(ask(""), "1:first+! 2:second+ ");
    assert_int_equal(mailbox_flag(box, 1, 0, MAILDIR_READ), STATUS_OK);
    assert_true(is_there("cur/1.a:2,F"));
    assert_string_equal(look("is:unread"), "1:first! ");
    id = 7;
    assert_int_equal(mailbox_flag(box, id, MAILDIR_READ, 0), STATUS_NOT_FOUND);
}

static void what_another_reader_moved_meanwhile_is_found_and_its_flags_stay(void **state)
{
    int file;
    (void)state;
    look("");
    move("new/1.a", "cur/1.a:2,RS");
    assert_int_equal(mailbox_open_file(box, 1, &file), STATUS_OK);
    close(file);
    assert_int_equal(mailbox_flag(box, 1, MAILDIR_FLAGGED, 0), STATUS_OK);
    assert_true(is_there("cur/1.a:2,FRS"));
    move("cur/1.a:2,FRS", "cur/1.a:2,Tx");
    assert_int_equal(mailbox_flag(box, 1, MAILDIR_READ, 0), STATUS_OK);
    assert_true(is_there("cur/1.a:2,STx"));
    move("cur/1.a:2,STx", "cur/1.a:2,");
    assert_int_equal(mailbox_delete(box, 1, false), STATUS_OK);
    assert_string_equal(look(""), "2:second+ ");
}

static void unread_mail_that_was_not_looked_at_stays_new(void **state)
{
    (void)state;
    look("");
    assert_int_equal(mailbox_flag(box, 1, 0, MAILDIR_READ), STATUS_OK);
    assert_true(is_there("new/1.a"));
}

static void a_removed_message_is_known_and_a_wish_is_noted(void **state)
{
    struct state_row row = {
        .uidl = SLICE("u1"), .stage = STATE_DELIVERED, .fetched = 1, .file = SLICE("1.a")};
    struct state_row found;
    (void)state;
    assert_int_equal(state_put(db, name, &row), STATUS_OK);
    look("");
    assert_int_equal(mailbox_delete(box, 2, true), STATUS_UNSUPPORTED);
    assert_true(is_there("cur/2.b:2,S"));
    assert_int_equal(mailbox_delete(box, 1, true), STATUS_OK);
    assert_false(is_there("new/1.a"));
    assert_int_equal(state_find(db, name, SLICE("u1"), &found), STATUS_OK);
    assert_true(found.stage == STATE_TO_DELETE && found.deleted > 0);
}

static void what_a_damaged_index_had_is_made_anew(void **state)
{
    char path[200];
    (void)state;
    look("");
    close_box();
    snprintf(path, sizeof path, "%s/index.sqlite", directory);
    int fd = open(path, O_WRONLY);
    for (int page = 1; page < 12; page++)
        assert_true(pwrite(fd, "\xff\xff\xff\xff damage", 11, page * 4096) == 11);
    close(fd);
    open_box();
    put("new/3.c", "Subject: third\n\n");
    assert_string_equal(look(""), "1:first 2:second+ 3:third ");
}

#define WITH_MAIL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAIL(mail_of_nobody_gets_numbers_that_stay),
        WITH_MAIL(no_account_has_the_rows_of_nobodys_mail),
        WITH_MAIL(a_row_of_an_account_takes_over_its_file),
        WITH_MAIL(a_message_that_is_coming_is_nobodys),
        WITH_MAIL(bodies_are_found_once_they_were_read),
        WITH_MAIL(a_message_is_found_by_its_id),
        WITH_MAIL(flags_are_in_the_name_and_in_the_state),
        WITH_MAIL(what_another_reader_moved_meanwhile_is_found_and_its_flags_stay),
        WITH_MAIL(unread_mail_that_was_not_looked_at_stays_new),
        WITH_MAIL(a_removed_message_is_known_and_a_wish_is_noted),
        WITH_MAIL(what_a_damaged_index_had_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
