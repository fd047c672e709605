/* What was committed is there after any end; what was not is not; nothing is guessed. */
#include "client/state.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char folder[64];
    char file[96];
    struct state *state;
    char why[200];
};

static void place_start(struct place *p)
{
    *p = (struct place){.folder = "/tmp/poplin-state-XXXXXX"};
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->file, sizeof p->file, "%s/state.sqlite", p->folder);
    assert_int_equal(state_open(p->folder, &p->state, p->why), STATUS_OK);
}

static void place_end(struct place *p)
{
    char command[128];
    state_close(p->state);
    snprintf(command, sizeof command, "rm -rf %s", p->folder);
    assert_int_equal(system(command), 0);
}

static void reopen(struct place *p)
{
    state_close(p->state);
    assert_int_equal(state_open(p->folder, &p->state, p->why), STATUS_OK);
}

static struct state_row row_of(struct slice uidl, enum state_stage stage)
{
    return (struct state_row){.uidl = uidl, .stage = stage, .octets = 100};
}

static void put(struct place *p, const char *account, struct state_row row)
{
    assert_int_equal(state_put(p->state, account, &row), STATUS_OK);
    assert_int_not_equal(row.id, 0);
}

static bool count_row(void *context, const struct state_row *row)
{
    ++*(unsigned *)context;
    return true;
}

static unsigned rows_of(struct place *p, const char *account)
{
    unsigned count = 0;
    assert_int_equal(state_each(p->state, account, count_row, &count), STATUS_OK);
    return count;
}

static enum status find(struct place *p, const char *account, struct slice uidl)
{
    struct state_row row;
    return state_find(p->state, account, uidl, &row);
}

/* --- rows --- */

static void every_field_comes_back_after_reopening(void **unused)
{
    struct place p;
    struct state_row out, row = {
                              .uidl = SLICE("u1"),
                              .stage = STATE_TO_DELETE,
                              .octets = UINT64_MAX,
                              .has_header_hash = true,
                              .header_hash = {1, 0, 255},
                              .seen = 1,
                              .fetched = INT64_MAX,
                              .deleted = -1,
                              .retry_after = 4,
                              .failures = UINT32_MAX,
                              .file = SLICE("1.M2P3Q4R5.host"),
                              .read = true,
                              .flagged = true,
                          };
    place_start(&p);
    put(&p, "a", row);
    reopen(&p);
    assert_int_equal(state_find(p.state, "a", SLICE("u1"), &out), STATUS_OK);
    assert_true(slice_equal(out.uidl, row.uidl) && slice_equal(out.file, row.file));
    assert_int_equal(out.stage, STATE_TO_DELETE);
    assert_true(out.octets == UINT64_MAX && out.has_header_hash);
    assert_memory_equal(out.header_hash, row.header_hash, STATE_HASH);
    assert_true(out.seen == 1 && out.fetched == INT64_MAX && out.deleted == -1);
    assert_true(out.retry_after == 4 && out.failures == UINT32_MAX && out.read && out.flagged);
    out.stage = STATE_DELETED;
    out.has_header_hash = false;
    assert_int_equal(state_put(p.state, "a", &out), STATUS_OK);
    assert_int_equal(state_find(p.state, "a", SLICE("u1"), &out), STATUS_OK);
    assert_int_equal(out.stage, STATE_DELETED);
    assert_false(out.has_header_hash);
    place_end(&p);
}

static void a50_uidls_are_octets_of_any_kind_and_length(void **unused)
{
    struct place p;
    char all[256];
    size_t large = 1 << 20;
    char *big = malloc(large);
    place_start(&p);
    for (unsigned i = 0; i < 256; i++)
        all[i] = (char)i;
    memset(big, 'x', large);
    struct slice uidls[] = {
        slice_of(all, 256), SLICE("\0"),     SLICE("\0\0"), SLICE("A"), SLICE("a"),
        SLICE("../x"),      SLICE("' OR 1"), SLICE("\xff"), SLICE(" "), slice_of(big, large),
    };
    unsigned count = sizeof uidls / sizeof *uidls;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(find(&p, "a", uidls[i]), STATUS_NOT_FOUND);
        put(&p, "a", row_of(uidls[i], STATE_NEW));
        assert_int_equal(find(&p, "a", uidls[i]), STATUS_OK);
    }
    assert_int_equal(rows_of(&p, "a"), count);
    struct state_row empty = row_of((struct slice){0}, STATE_NEW);
    assert_int_not_equal(state_put(p.state, "a", &empty), STATUS_OK);
    free(big);
    place_end(&p);
}

static void accounts_do_not_see_each_other(void **unused)
{
    struct place p;
    struct state_row row;
    place_start(&p);
    put(&p, "a", row_of(SLICE("u"), STATE_NEW));
    put(&p, "b", row_of(SLICE("u"), STATE_NEW));
    assert_int_equal(state_find(p.state, "a", SLICE("u"), &row), STATUS_OK);
    assert_int_equal(state_put(p.state, "b", &row), STATUS_NOT_FOUND);
    assert_int_equal(state_forget(p.state, "a", SLICE("u")), STATUS_OK);
    assert_int_equal(state_forget(p.state, "a", SLICE("u")), STATUS_NOT_FOUND);
    assert_int_equal(rows_of(&p, "b"), 1);
    place_end(&p);
}

static void a_uidl_is_stored_once(void **unused)
{
    struct place p;
    struct state_row again = row_of(SLICE("u"), STATE_DELIVERED);
    place_start(&p);
    put(&p, "a", row_of(SLICE("u"), STATE_NEW));
    assert_int_equal(state_put(p.state, "a", &again), STATUS_EXISTS);
    assert_int_equal(again.id, 0);
    assert_int_equal(rows_of(&p, "a"), 1);
    place_end(&p);
}

static void c08_only_what_is_settled_and_long_unseen_is_pruned(void **unused)
{
    struct place p;
    uint64_t removed;
    place_start(&p);
    for (int stage = STATE_NEW; stage <= STATE_FAILED; stage++) {
        char name[2] = {(char)('a' + stage), 0};
        struct state_row old = row_of(slice_of(name, 1), (enum state_stage)stage);
        old.seen = 99;
        put(&p, "a", old);
        name[0] = (char)('A' + stage);
        old.seen = 100;
        put(&p, "a", old);
    }
    assert_int_equal(state_prune(p.state, "a", 100, &removed), STATUS_OK);
    assert_int_equal(removed, 2);
    assert_int_equal(find(&p, "a", SLICE("c")), STATUS_NOT_FOUND);
    assert_int_equal(find(&p, "a", SLICE("e")), STATUS_NOT_FOUND);
    assert_int_equal(find(&p, "a", SLICE("d")), STATUS_OK);
    assert_int_equal(rows_of(&p, "a"), 10);
    uint64_t kept;
    assert_int_equal(state_count_kept(p.state, "a", &kept), STATUS_OK);
    assert_int_equal(kept, 3);
    place_end(&p);
}

static bool mark_read(void *context, const struct state_row *row)
{
    struct state_row changed = *row;
    changed.read = true;
    return state_put(context, "a", &changed) == STATUS_OK;
}

static void visiting_may_change_what_it_sees(void **unused)
{
    struct place p;
    struct state_row row;
    place_start(&p);
    put(&p, "a", row_of(SLICE("1"), STATE_NEW));
    put(&p, "a", row_of(SLICE("2"), STATE_NEW));
    assert_int_equal(state_begin(p.state), STATUS_OK);
    assert_int_equal(state_each(p.state, "a", mark_read, p.state), STATUS_OK);
    assert_int_equal(state_commit(p.state), STATUS_OK);
    assert_int_equal(state_find(p.state, "a", SLICE("2"), &row), STATUS_OK);
    assert_true(row.read);
    place_end(&p);
}

static void notes_are_kept_replaced_and_never_cut(void **unused)
{
    struct place p;
    char value[6];
    place_start(&p);
    assert_int_equal(state_get_note(p.state, "a", "n", value, sizeof value), STATUS_NOT_FOUND);
    assert_int_equal(state_set_note(p.state, "a", "n", "one"), STATUS_OK);
    assert_int_equal(state_set_note(p.state, "a", "n", "three"), STATUS_OK);
    assert_int_equal(state_get_note(p.state, "a", "n", value, sizeof value), STATUS_OK);
    assert_string_equal(value, "three");
    assert_int_equal(state_get_note(p.state, "a", "n", value, 5), STATUS_TOO_LARGE);
    assert_int_equal(state_set_note(p.state, "a", "n", ""), STATUS_OK);
    assert_int_equal(state_get_note(p.state, "a", "n", value, sizeof value), STATUS_OK);
    assert_string_equal(value, "");
    place_end(&p);
}

/* --- transactions and kills --- */

static void a_group_is_there_whole_or_not_at_all(void **unused)
{
    struct place p;
    place_start(&p);
    assert_int_equal(state_begin(p.state), STATUS_OK);
    put(&p, "a", row_of(SLICE("1"), STATE_NEW));
    state_rollback(p.state);
    assert_int_equal(rows_of(&p, "a"), 0);
    assert_int_equal(state_begin(p.state), STATUS_OK);
    put(&p, "a", row_of(SLICE("1"), STATE_NEW));
    reopen(&p);
    assert_int_equal(rows_of(&p, "a"), 0);
    place_end(&p);
}

static void c21_what_a_killed_run_committed_is_there(void **unused)
{
    struct place p;
    int result;
    place_start(&p);
    state_close(p.state);
    pid_t child = fork();
    if (child == 0) {
        struct state_row one = row_of(SLICE("1"), STATE_NEW), two = row_of(SLICE("2"), STATE_NEW);
        if (state_open(p.folder, &p.state, p.why) == STATUS_OK &&
            state_begin(p.state) == STATUS_OK && state_put(p.state, "a", &one) == STATUS_OK &&
            state_commit(p.state) == STATUS_OK && state_begin(p.state) == STATUS_OK &&
            state_put(p.state, "a", &two) == STATUS_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result));
    assert_int_equal(state_open(p.folder, &p.state, p.why), STATUS_OK);
    assert_int_equal(find(&p, "a", SLICE("1")), STATUS_OK);
    assert_int_equal(find(&p, "a", SLICE("2")), STATUS_NOT_FOUND);
    place_end(&p);
}

static void c22_a_second_run_of_an_account_is_told_so(void **unused)
{
    struct place p;
    struct state *other;
    struct state_lock *first, *second, *third;
    place_start(&p);
    assert_int_equal(state_open(p.folder, &other, p.why), STATUS_OK);
    assert_int_equal(state_lock_account(p.state, "a/../b", &first), STATUS_OK);
    assert_int_equal(state_lock_account(other, "a/../b", &second), STATUS_IN_USE);
    assert_non_null(strstr(state_error(other), "another run"));
    assert_int_equal(state_lock_account(other, "c", &third), STATUS_OK);
    state_unlock(first);
    assert_int_equal(state_lock_account(other, "a/../b", &second), STATUS_OK);
    state_unlock(second);
    state_unlock(third);
    state_close(other);
    place_end(&p);
}

static void c22_a_killed_run_leaves_no_lock(void **unused)
{
    struct place p;
    struct state_lock *lock;
    int result;
    place_start(&p);
    pid_t child = fork();
    if (child == 0) {
        if (state_lock_account(p.state, "a", &lock) == STATUS_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result));
    assert_int_equal(state_lock_account(p.state, "a", &lock), STATUS_OK);
    state_unlock(lock);
    place_end(&p);
}

/* --- what can be wrong with the file --- */

static void write_file(const char *path, struct slice content)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(content.data, 1, content.size, f), content.size);
    assert_int_equal(fclose(f), 0);
}

static void the_file_is_ours_alone(void **unused)
{
    struct place p;
    struct stat st;
    mode_t before = umask(0);
    place_start(&p);
    umask(before);
    put(&p, "a", row_of(SLICE("1"), STATE_NEW));
    assert_int_equal(stat(p.file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    state_close(p.state);
    assert_int_equal(chmod(p.folder, 0777), 0);
    assert_int_equal(state_open(p.folder, &p.state, p.why), STATUS_PERMANENT);
    assert_non_null(strstr(p.why, "chmod"));
    assert_null(p.state);
    place_end(&p);
}

static void missing_folders_are_made(void **unused)
{
    struct place p, deep;
    struct stat st;
    char path[128];
    place_start(&p);
    snprintf(path, sizeof path, "%s/x/y/z/", p.folder);
    assert_int_equal(state_open(path, &deep.state, deep.why), STATUS_OK);
    state_close(deep.state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    place_end(&p);
}

static void a_file_that_is_none_of_ours_is_left_as_it_was(void **unused)
{
    static const char text[] = "this was never a database, and is long enough to be taken for one:"
                               " its first octets are not those of SQLite, nor are its others.....";
    struct place p;
    char after[sizeof text];
    place_start(&p);
    state_close(p.state);
    write_file(p.file, slice_of(text, sizeof text));
    assert_int_equal(state_open(p.folder, &p.state, p.why), STATUS_CORRUPT);
    assert_non_null(strstr(p.why, "move it away"));
    FILE *f = fopen(p.file, "r");
    assert_int_equal(fread(after, 1, sizeof after, f), sizeof after);
    fclose(f);
    assert_memory_equal(after, text, sizeof text);
    assert_int_equal(unlink(p.file), 0);
    assert_int_equal(symlink("/etc/passwd", p.file), 0);
    assert_int_equal(state_open(p.folder, &p.state, p.why), STATUS_CORRUPT);
    place_end(&p);
}

/* The header's number of the version stands at octet 60, that of the program at 68. */
static void set_header(const char *path, long place, unsigned char value)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, place, SEEK_SET), 0);
    fputc(value, f);
    assert_int_equal(fclose(f), 0);
}

static void other_versions_and_programs_are_told_apart(void **unused)
{
    struct place p;
    place_start(&p);
    state_close(p.state);
    set_header(p.file, 60 + 3, 2);
    assert_int_equal(state_open(p.folder, &p.state, p.why), STATUS_UNSUPPORTED);
    assert_non_null(strstr(p.why, "newer"));
    set_header(p.file, 68, 'X');
    assert_int_equal(state_open(p.folder, &p.state, p.why), STATUS_CORRUPT);
    place_end(&p);
}

static void damage_is_told_and_never_taken_for_no_mail(void **unused)
{
    struct place p;
    unsigned count = 0;
    place_start(&p);
    assert_int_equal(state_begin(p.state), STATUS_OK);
    for (unsigned i = 0; i < 500; i++) {
        char uidl[40];
        snprintf(uidl, sizeof uidl, "uidl-of-some-length-%u", i);
        put(&p, "a", row_of(slice_str(uidl), STATE_DELIVERED));
    }
    assert_int_equal(state_commit(p.state), STATUS_OK);
    state_close(p.state);
    struct stat st;
    assert_int_equal(stat(p.file, &st), 0);
    FILE *f = fopen(p.file, "r+");
    assert_int_equal(fseek(f, 4096, SEEK_SET), 0);
    for (long i = 4096; i < st.st_size; i++)
        fputc(0xa5, f);
    fclose(f);
    enum status status = state_open(p.folder, &p.state, p.why);
    if (status == STATUS_OK) {
        status = state_each(p.state, "a", count_row, &count);
        assert_int_equal(find(&p, "a", SLICE("uidl-of-some-length-7")), STATUS_CORRUPT);
    }
    assert_int_equal(status, STATUS_CORRUPT);
    place_end(&p);
}

static void a_limit_on_file_size_fails_the_group_and_spares_what_was_there(void **unused)
{
    struct place p;
    struct rlimit before, small;
    place_start(&p);
    put(&p, "a", row_of(SLICE("kept"), STATE_DELIVERED));
    reopen(&p);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 8192;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status status = state_begin(p.state);
    for (unsigned i = 0; i < 2000 && status == STATUS_OK; i++) {
        char uidl[40];
        snprintf(uidl, sizeof uidl, "uidl-of-some-length-%u", i);
        struct state_row row = row_of(slice_str(uidl), STATE_NEW);
        status = state_put(p.state, "a", &row);
    }
    if (status == STATUS_OK)
        status = state_commit(p.state);
    else
        state_rollback(p.state);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_not_equal(status, STATUS_OK);
    assert_int_not_equal(strlen(state_error(p.state)), 0);
    assert_int_equal(rows_of(&p, "a"), 1);
    put(&p, "a", row_of(SLICE("after"), STATE_NEW));
    reopen(&p);
    assert_int_equal(rows_of(&p, "a"), 2);
    place_end(&p);
}

static void a_full_disk_is_temporary(void **unused)
{
    struct place p;
    char small[96];
    struct state *s;
    place_start(&p);
    snprintf(small, sizeof small, "%s/small", p.folder);
    assert_int_equal(mkdir(small, 0700), 0);
    if (mount("none", small, "tmpfs", 0, "size=160k,mode=0700") != 0) {
        place_end(&p);
        skip();
    }
    assert_int_equal(state_open(small, &s, p.why), STATUS_OK);
    enum status status = STATUS_OK;
    unsigned committed = 0, count = 0;
    while (status == STATUS_OK && committed < 10000) {
        char uidl[40];
        snprintf(uidl, sizeof uidl, "uidl-of-some-length-%u", committed);
        struct state_row row = row_of(slice_str(uidl), STATE_NEW);
        status = state_put(s, "a", &row);
        committed += status == STATUS_OK;
    }
    assert_int_equal(status, STATUS_TEMPORARY);
    assert_non_null(strstr(state_error(s), "full"));
    assert_int_equal(state_each(s, "a", count_row, &count), STATUS_OK);
    assert_int_equal(count, committed);
    state_close(s);
    assert_int_equal(umount(small), 0);
    place_end(&p);
}

static void a_file_system_that_cannot_be_written_is_told(void **unused)
{
    struct place p;
    char small[96];
    struct state *s;
    place_start(&p);
    snprintf(small, sizeof small, "%s/fixed", p.folder);
    assert_int_equal(mkdir(small, 0700), 0);
    if (mount("none", small, "tmpfs", 0, "size=1m,mode=0700") != 0) {
        place_end(&p);
        skip();
    }
    assert_int_equal(state_open(small, &s, p.why), STATUS_OK);
    state_close(s);
    assert_int_equal(mount("none", small, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_int_equal(state_open(small, &s, p.why), STATUS_PERMANENT);
    assert_int_not_equal(strlen(p.why), 0);
    assert_int_equal(umount(small), 0);
    place_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back_after_reopening),
        cmocka_unit_test(a50_uidls_are_octets_of_any_kind_and_length),
        cmocka_unit_test(accounts_do_not_see_each_other),
        cmocka_unit_test(a_uidl_is_stored_once),
        cmocka_unit_test(c08_only_what_is_settled_and_long_unseen_is_pruned),
        cmocka_unit_test(visiting_may_change_what_it_sees),
        cmocka_unit_test(notes_are_kept_replaced_and_never_cut),
        cmocka_unit_test(a_group_is_there_whole_or_not_at_all),
        cmocka_unit_test(c21_what_a_killed_run_committed_is_there),
        cmocka_unit_test(c22_a_second_run_of_an_account_is_told_so),
        cmocka_unit_test(c22_a_killed_run_leaves_no_lock),
        cmocka_unit_test(the_file_is_ours_alone),
        cmocka_unit_test(missing_folders_are_made),
        cmocka_unit_test(a_file_that_is_none_of_ours_is_left_as_it_was),
        cmocka_unit_test(other_versions_and_programs_are_told_apart),
        cmocka_unit_test(damage_is_told_and_never_taken_for_no_mail),
        cmocka_unit_test(a_limit_on_file_size_fails_the_group_and_spares_what_was_there),
        cmocka_unit_test(a_full_disk_is_temporary),
        cmocka_unit_test(a_file_system_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
