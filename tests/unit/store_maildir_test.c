/* Maildirs as they are in the world: odd entries, odd places, few descriptors. */
#include "../support/maildrop.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/* --- what is in the folders --- */

static void make_socket(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(strlen(path) < sizeof at.sun_path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);
}

static void a32_odd_entries_are_skipped_and_noticed(void **state)
{
    struct maildrop *m = *state;
    assert_int_equal(mkfifo(maildrop_at(m, "new/1.fifo.host"), 0600), 0);
    assert_int_equal(mkdir(maildrop_at(m, "cur/2.dir.host"), 0700), 0);
    assert_int_equal(symlink("/etc/passwd", maildrop_at(m, "cur/3.link.host:2,S")), 0);
    make_socket(maildrop_at(m, "new/4.s.host"));
    maildrop_write(m, "cur/.hidden", SLICE("x\n"));
    maildrop_write(m, "cur/:2,S", SLICE("x\n"));
    maildrop_write(m, "cur/5.real.host", SLICE("x\n"));
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), 1);
    assert_string_equal(maildrop_uidl(d, 0), "5.real.host");
    assert_int_equal(m->notices, 5);
    store_drop_close(d);
}

static void a32_an_unreadable_file_is_skipped_and_noticed(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "cur/1.secret.host", SLICE("x\n"));
    maildrop_write(m, "cur/2.real.host", SLICE("x\n"));
    assert_int_equal(chmod(maildrop_at(m, "cur/1.secret.host"), 0), 0);
    maildrop_become_unprivileged(m);
    struct store_drop *d = maildrop_open(m);
    uint32_t count = maildrop_count(d);
    store_drop_close(d);
    maildrop_become_again(m);
    assert_int_equal(count, 1);
    assert_string_equal(m->last_cause, "permission denied");
}

static void a32_every_name_gets_a_valid_unique_id(void **state)
{
    struct maildrop *m = *state;
    char longest[300] = "cur/";
    memset(longest + 4, 'x', 255);
    maildrop_write(m, longest, SLICE("x\n"));
    maildrop_write(m, "cur/1.a\nb.host", SLICE("x\n"));
    maildrop_write(m, "cur/1.\033[2J.host", SLICE("x\n"));
    maildrop_write(m, "cur/1.a b.host:2,", SLICE("x\n"));
    maildrop_write(m, "cur/1.\x80\xff.host", SLICE("x\n"));
    maildrop_write(m, "new/1.plain", SLICE("x\n"));
    assert_int_equal(link(maildrop_at(m, "new/1.plain"), maildrop_at(m, "cur/1.hard")), 0);
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), 7);
    for (uint32_t i = 0; i < 7; i++) {
        const struct store_row *row = maildrop_row(d, i);
        assert_in_range(row->uidl_size, 1, LIMIT_UIDL);
        for (size_t k = 0; k < row->uidl_size; k++)
            assert_in_range((unsigned char)row->uidl[k], 0x21, 0x7e);
        for (uint32_t k = 0; k < i; k++)
            assert_string_not_equal(maildrop_uidl(d, i), maildrop_uidl(d, k));
    }
    store_drop_close(d);
}

static void s17_the_name_to_70_octets_is_the_uidl(void **state)
{
    struct maildrop *m = *state;
    char name[80] = "cur/1.";
    memset(name + 6, 'y', 68);
    maildrop_write(m, name, SLICE("x\n"));
    struct store_drop *d = maildrop_open(m);
    assert_string_equal(maildrop_uidl(d, 0), name + 4);
    store_drop_close(d);
}

static void a33_one_base_name_in_both_folders_is_two_messages(void **state)
{
    struct maildrop *m = *state;
    struct store_blob blob;
    struct store_removed removed;
    maildrop_write(m, "new/1.a.host", SLICE("in new\n"));
    maildrop_write(m, "cur/1.a.host:2,S", SLICE("in the other folder\n"));
    maildrop_write(m, "cur/1.a.host:2,T", SLICE("a third one of that name\n"));
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), 3);
    assert_string_equal(maildrop_uidl(d, 0), "1.a.host");
    assert_string_not_equal(maildrop_uidl(d, 1), maildrop_uidl(d, 2));
    assert_string_not_equal(maildrop_uidl(d, 0), maildrop_uidl(d, 1));
    assert_int_equal(store_drop_blob(d, 2, 1024, false, &blob), STATUS_OK);
    assert_memory_equal(blob.data, "in new\n", 7);
    free(blob.data);
    /* Which of two a lost one was cannot be told: the other is not touched. */
    assert_int_equal(unlink(maildrop_at(m, "new/1.a.host")), 0);
    assert_int_equal(store_drop_blob(d, 2, 1024, false, &blob), STATUS_NOT_FOUND);
    store_drop_remove(d, (uint64_t[]){1u << 2}, &removed);
    assert_int_equal(access(maildrop_at(m, "cur/1.a.host:2,S"), F_OK), 0);
    assert_int_equal(access(maildrop_at(m, "cur/1.a.host:2,T"), F_OK), 0);
    store_drop_close(d);
}

static void a33_a_name_made_to_look_like_a_hash_gains_nothing(void **state)
{
    struct maildrop *m = *state;
    char path[128];
    maildrop_write(m, "cur/1.a b.host", SLICE("hashed\n"));
    struct store_drop *d = maildrop_open(m);
    snprintf(path, sizeof path, "cur/%s", maildrop_uidl(d, 0));
    store_drop_close(d);
    maildrop_write(m, path, SLICE("forged\n"));
    d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), 2);
    assert_string_not_equal(maildrop_uidl(d, 0), maildrop_uidl(d, 1));
    store_drop_close(d);
}

static void s17_order_is_the_names_times(void **state)
{
    struct maildrop *m = *state;
    static const char *const names[] = {"without-a-time",   "9.M5P1.host",     "10.M7P1.host",
                                        "10.V8I9M30P.host", "10.P1M1000.host", "11.1.host"};
    for (size_t i = 0; i < 6; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", i & 1 ? "new" : "cur", names[5 - i]);
        maildrop_write(m, path, SLICE("x\n"));
    }
    struct store_drop *d = maildrop_open(m);
    for (uint32_t i = 0; i < 6; i++)
        assert_string_equal(maildrop_uidl(d, i), names[i]);
    store_drop_close(d);
}

static void a30_empty_and_header_only_messages(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "cur/1.a", SLICE(""));
    maildrop_write(m, "cur/2.b", SLICE("A: b\n"));
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_row(d, 0)->octets, 2);
    assert_int_equal(maildrop_row(d, 1)->octets, 6);
    store_drop_close(d);
}

static void a31_a_sparse_file_is_counted_whole(void **state)
{
    struct maildrop *m = *state;
    const off_t size = (off_t)1 << 25;
    maildrop_write(m, "cur/1.a", SLICE(""));
    assert_int_equal(truncate(maildrop_at(m, "cur/1.a"), size + 1), 0);
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_row(d, 0)->octets, size + 3);
    struct store_blob blob;
    assert_int_equal(store_drop_blob(d, 0, 1024, false, &blob), STATUS_OK);
    assert_true(blob.descriptor >= 0);
    assert_int_equal(blob.size, size + 1);
    close(blob.descriptor);
    store_drop_close(d);
}

static void a_wrong_w_in_the_name_is_not_believed(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "cur/1.a.host,S=99,W=12345:2,", SLICE("one\n"));
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_row(d, 0)->octets, 5);
    store_drop_close(d);
}

/* --- where the folders are --- */

static void a_path_below_the_root_follows_no_link(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *d;
    char path[128];
    snprintf(path, sizeof path, "%s/link", m->root);
    assert_int_equal(symlink(m->path, path), 0);
    struct store_request request = {.path = path};
    assert_int_equal(store_open(m->store, &request, &d), STATUS_PERMANENT);
    snprintf(path, sizeof path, "%s/../%s", m->root, m->root + 5);
    assert_int_equal(store_open(m->store, &request, &d), STATUS_PERMANENT);
    snprintf(path, sizeof path, "%s2/user", m->root); /* starts alike, lies beside it */
    assert_int_equal(store_open(m->store, &request, &d), STATUS_PERMANENT);
    snprintf(path, sizeof path, "/etc");
    assert_int_equal(store_open(m->store, &request, &d), STATUS_PERMANENT);
}

static void a_folder_that_is_a_link_is_not_entered(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *d;
    assert_int_equal(rmdir(maildrop_at(m, "cur")), 0);
    assert_int_equal(symlink("/etc", maildrop_at(m, "cur")), 0);
    assert_int_equal(maildrop_try(m, false, &d), STATUS_PERMANENT);
}

static void a_missing_root_is_temporary(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *d;
    char away[64];
    snprintf(away, sizeof away, "%s.away", m->root);
    assert_int_equal(rename(m->root, away), 0);
    maildrop_restart(m);
    assert_int_equal(maildrop_try(m, false, &d), STATUS_TEMPORARY);
    assert_int_equal(rename(away, m->root), 0);
    store_drop_close(maildrop_open(m));
}

static void a_root_that_goes_away_later_makes_no_drop_look_empty(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *d;
    char away[64];
    store_drop_close(maildrop_open(m));
    snprintf(away, sizeof away, "%s.away", m->root);
    assert_int_equal(rename(m->path, away), 0);
    assert_int_equal(rmdir(m->root), 0);
    assert_int_equal(maildrop_try(m, false, &d), STATUS_TEMPORARY);
    assert_int_equal(mkdir(m->root, 0700), 0);
    assert_int_equal(rename(away, m->path), 0);
    store_drop_close(maildrop_open(m));
}

/* --- locks --- */

static void a38_the_lock_dies_with_its_process(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *d;
    int ready[2];
    char c;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        if (maildrop_try(m, false, &d) == STATUS_OK)
            (void)!write(ready[1], "x", 1);
        pause();
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(maildrop_try(m, false, &d), STATUS_IN_USE);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    store_drop_close(maildrop_open(m));
    close(ready[0]);
    close(ready[1]);
}

/* --- nowait --- */

static void nowait_opens_what_is_warm_and_nothing_else(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *d;
    maildrop_write(m, "cur/1.a.host", SLICE("one\n"));
    assert_int_equal(maildrop_try(m, true, &d), STATUS_AGAIN);
    maildrop_settle();
    store_drop_close(maildrop_open(m));
    assert_int_equal(maildrop_try(m, true, &d), STATUS_OK);
    struct store_blob blob;
    enum status s = store_drop_blob(d, 0, 1024, true, &blob);
    assert_true(s == STATUS_OK || s == STATUS_AGAIN); /* not every file system can tell */
    if (s == STATUS_OK)
        assert_memory_equal(blob.data, "one\n", 4);
    free(blob.data);
    store_drop_close(d);
    maildrop_write(m, "new/2.b.host", SLICE("two\n"));
    assert_int_equal(maildrop_try(m, true, &d), STATUS_AGAIN);
    d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), 2);
    store_drop_close(d);
}

/* --- faults --- */

static void a41_without_descriptors_nothing_is_missing_in_a_listing(void **state)
{
    struct maildrop *m = *state;
    struct rlimit before;
    struct store_drop *d;
    unsigned opened = 0;
    for (int i = 1; i < 4; i++) {
        char path[32];
        snprintf(path, sizeof path, "cur/%d.a.host", i);
        maildrop_write(m, path, SLICE("x\n"));
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = dup(0);
    close(lowest);
    for (int spare = 0; spare < 8; spare++) {
        struct rlimit low = {(rlim_t)(lowest + spare), before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        enum status s = maildrop_try(m, false, &d);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (s != STATUS_OK) {
            assert_int_equal(s, STATUS_NO_MEMORY);
            continue;
        }
        assert_int_equal(maildrop_count(d), 3);
        store_drop_close(d);
        opened++;
    }
    assert_in_range(opened, 1, 7);
}

static void many_messages_are_counted_by_helpers_alike(void **state)
{
    struct maildrop *m = *state;
    uint32_t alone_count;
    uint32_t helped_count;
    for (unsigned i = 1; i <= 700; i++) {
        char path[32];
        char text[40];
        snprintf(path, sizeof path, "cur/%u.a.host", i);
        snprintf(text, sizeof text, "%.*s\n", (int)(i % 30), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        maildrop_write(m, path, slice_str(text));
    }
    struct store_row *helped = maildrop_rows(m, &helped_count);
    (void)unlink(maildrop_at(m, "poplin-index"));
    m->options.counting_threads = 1;
    maildrop_restart(m);
    struct store_row *alone = maildrop_rows(m, &alone_count);
    assert_int_equal(helped_count, 700);
    assert_int_equal(alone_count, 700);
    assert_memory_equal(helped, alone, 700 * sizeof *alone);
    free(helped);
    free(alone);
}

/* --- descriptors --- */

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 4096; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void listings_between_sessions_keep_few_descriptors(void **state)
{
    struct maildrop *m = *state;
    unsigned before = open_descriptors();
    for (unsigned i = 0; i < 1000; i++) {
        char path[64];
        struct store_drop *d;
        int fd;
        snprintf(path, sizeof path, "%s/%u", m->root, i);
        assert_int_equal(mkdir(path, 0700), 0);
        struct store_request request = {.path = path};
        assert_int_equal(store_open(m->store, &request, &d), STATUS_OK);
        assert_int_equal(store_listing_memfd(store_drop_listing(d), &fd), STATUS_OK);
        store_drop_close(d);
    }
    assert_true(open_descriptors() < before + 300);
    store_free(m->store);
    m->store = NULL;
    assert_true(open_descriptors() <= before);
}

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, maildrop_setup, maildrop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a32_odd_entries_are_skipped_and_noticed),
        CLAIM(a32_an_unreadable_file_is_skipped_and_noticed),
        CLAIM(a32_every_name_gets_a_valid_unique_id),
        CLAIM(s17_the_name_to_70_octets_is_the_uidl),
        CLAIM(a33_one_base_name_in_both_folders_is_two_messages),
        CLAIM(a33_a_name_made_to_look_like_a_hash_gains_nothing),
        CLAIM(s17_order_is_the_names_times),
        CLAIM(a30_empty_and_header_only_messages),
        CLAIM(a31_a_sparse_file_is_counted_whole),
        CLAIM(a_wrong_w_in_the_name_is_not_believed),
        CLAIM(a_path_below_the_root_follows_no_link),
        CLAIM(a_folder_that_is_a_link_is_not_entered),
        CLAIM(a_missing_root_is_temporary),
        CLAIM(a_root_that_goes_away_later_makes_no_drop_look_empty),
        CLAIM(a38_the_lock_dies_with_its_process),
        CLAIM(nowait_opens_what_is_warm_and_nothing_else),
        CLAIM(a41_without_descriptors_nothing_is_missing_in_a_listing),
        CLAIM(listings_between_sessions_keep_few_descriptors),
        CLAIM(many_messages_are_counted_by_helpers_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
