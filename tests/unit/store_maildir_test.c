/* Maildirs as they are in the world: odd entries, other programs at work, faults. */
#include "../support/maildrop.h"

#include <errno.h>
#include <pthread.h>
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
    snprintf(away, sizeof away, "%s/user", m->root);
    assert_int_equal(rename(m->path, "/tmp/poplin-store-moved"), 0);
    assert_int_equal(rmdir(m->root), 0);
    assert_int_equal(maildrop_try(m, false, &d), STATUS_TEMPORARY);
    assert_int_equal(mkdir(m->root, 0700), 0);
    assert_int_equal(rename("/tmp/poplin-store-moved", m->path), 0);
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

/* --- other programs at work --- */

static void assert_blob_is(struct store_drop *d, uint32_t i, const char *text)
{
    struct store_blob blob;
    assert_int_equal(store_drop_blob(d, i, 1024, false, &blob), STATUS_OK);
    assert_int_equal(blob.size, strlen(text));
    assert_memory_equal(blob.data, text, strlen(text));
    free(blob.data);
}

static void s45_a_renamed_file_is_found_again(void **state)
{
    struct maildrop *m = *state;
    struct store_removed removed;
    maildrop_write(m, "new/1.a.host", SLICE("one\n"));
    maildrop_write(m, "cur/2.b.host:2,", SLICE("two\n"));
    struct store_drop *d = maildrop_open(m);
    maildrop_rename(m, "new/1.a.host", "cur/1.a.host:2,S");
    maildrop_rename(m, "cur/2.b.host:2,", "cur/2.b.host:2,FS");
    assert_blob_is(d, 0, "one\n");
    assert_blob_is(d, 1, "two\n");
    maildrop_rename(m, "cur/1.a.host:2,S", "cur/1.a.host:2,ST");
    assert_blob_is(d, 0, "one\n");
    maildrop_rename(m, "cur/1.a.host:2,ST", "cur/1.a.host:2,");
    store_drop_remove(d, (uint64_t[]){3}, &removed);
    assert_int_equal(removed.removed, 2);
    assert_int_equal(access(maildrop_at(m, "cur/1.a.host:2,"), F_OK), -1);
    assert_int_equal(access(maildrop_at(m, "cur/2.b.host:2,FS"), F_OK), -1);
    store_drop_close(d);
}

static void s06_many_that_are_gone_or_renamed_cost_one_reading(void **state)
{
    struct maildrop *m = *state;
    struct store_removed removed;
    uint64_t marks[32];
    for (unsigned i = 1; i <= 2000; i++) {
        char path[32];
        snprintf(path, sizeof path, "new/%u.a.host", i);
        maildrop_write(m, path, SLICE("x\n"));
    }
    struct store_drop *d = maildrop_open(m);
    for (unsigned i = 1; i <= 2000; i++) {
        char from[32];
        char to[32];
        snprintf(from, sizeof from, "new/%u.a.host", i);
        snprintf(to, sizeof to, "cur/%u.a.host:2,S", i);
        if (i % 2)
            maildrop_rename(m, from, to);
        else
            assert_int_equal(unlink(maildrop_at(m, from)), 0);
    }
    memset(marks, 0xff, sizeof marks);
    struct timespec start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    store_drop_remove(d, marks, &removed);
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_int_equal(removed.removed, 2000);
    assert_int_equal(removed.failed, 0);
    assert_true(now.tv_sec - start.tv_sec < 5);
    store_drop_close(d);
    d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), 0);
    store_drop_close(d);
}

static void a42_a_file_cut_short_is_corrupt_and_no_signal(void **state)
{
    struct maildrop *m = *state;
    struct store_blob blob;
    maildrop_write(m, "cur/1.a.host", SLICE("some text\n"));
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(truncate(maildrop_at(m, "cur/1.a.host"), 3), 0);
    assert_int_equal(store_drop_blob(d, 0, 1024, false, &blob), STATUS_CORRUPT);
    assert_int_equal(store_drop_blob(d, 0, 0, false, &blob), STATUS_CORRUPT);
    assert_true(store_drop_is_dirty(d));
    store_drop_close(d);
    maildrop_restart(m);
    d = maildrop_open(m);
    assert_int_equal(maildrop_row(d, 0)->octets, 5);
    store_drop_close(d);
}

static void a_file_replaced_by_a_fifo_or_a_link_is_not_opened(void **state)
{
    struct maildrop *m = *state;
    struct store_blob blob;
    maildrop_write(m, "cur/1.a.host", SLICE("some text\n"));
    maildrop_write(m, "cur/2.b.host", SLICE("some text\n"));
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(unlink(maildrop_at(m, "cur/1.a.host")), 0);
    assert_int_equal(mkfifo(maildrop_at(m, "cur/1.a.host"), 0600), 0);
    assert_int_equal(store_drop_blob(d, 0, 1024, false, &blob), STATUS_CORRUPT);
    assert_int_equal(unlink(maildrop_at(m, "cur/2.b.host")), 0);
    assert_int_equal(symlink("/etc/passwd", maildrop_at(m, "cur/2.b.host")), 0);
    assert_int_not_equal(store_drop_blob(d, 1, 1024, false, &blob), STATUS_OK);
    store_drop_close(d);
}

static void removal_follows_no_link_out_of_the_drop(void **state)
{
    struct maildrop *m = *state;
    struct store_removed removed;
    char elsewhere[64];
    char file[96];
    maildrop_write(m, "cur/1.a.host", SLICE("mine\n"));
    struct store_drop *d = maildrop_open(m);
    snprintf(elsewhere, sizeof elsewhere, "%s/other", m->root);
    snprintf(file, sizeof file, "%s/1.a.host", elsewhere);
    maildrop_rename(m, "cur", "../other");
    assert_int_equal(symlink("../other", maildrop_at(m, "cur")), 0);
    store_drop_remove(d, (uint64_t[]){1}, &removed);
    assert_int_equal(removed.failed, 1);
    assert_int_equal(access(file, F_OK), 0);
    store_drop_close(d);
}

/* --- the trust rule --- */

static void a_change_within_the_margin_is_never_missed(void **state)
{
    struct maildrop *m = *state;
    char path[64];
    for (uint32_t i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "new/%u.a.host", i + 1);
        maildrop_write(m, path, SLICE("x\n"));
        struct store_drop *d = maildrop_open(m);
        assert_int_equal(maildrop_count(d), i + 1);
        store_drop_close(d);
    }
}

/* Delivers without a pause and tells how many were surely there before each opening. */
struct deliverer {
    struct maildrop *m;
    _Atomic uint32_t delivered;
    _Atomic bool stop;
};

static void *deliver_on(void *context)
{
    struct deliverer *w = context;
    char from[96];
    char to[96];
    mkdir(maildrop_at(w->m, "tmp"), 0700);
    for (uint32_t i = 0; !w->stop; i++) {
        snprintf(from, sizeof from, "%s/tmp/x", w->m->path);
        snprintf(to, sizeof to, "%s/new/%u.a.host", w->m->path, i + 1);
        int fd = open(from, O_CREAT | O_WRONLY, 0600);
        (void)!write(fd, "text\n", 5);
        close(fd);
        rename(from, to);
        w->delivered++;
        if (i % 16 == 0)
            nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
    }
    return NULL;
}

static void what_was_delivered_before_the_login_is_in_the_listing(void **state)
{
    struct deliverer w = {.m = *state};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, deliver_on, &w), 0);
    struct timespec start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        uint32_t before = w.delivered;
        struct store_drop *d = maildrop_open(w.m);
        assert_true(maildrop_count(d) >= before);
        for (uint32_t i = 0; i < maildrop_count(d); i++)
            assert_int_equal(maildrop_row(d, i)->octets, 6);
        store_drop_close(d);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - start.tv_sec < 2);
    w.stop = true;
    pthread_join(thread, NULL);
    struct store_drop *d = maildrop_open(w.m);
    assert_int_equal(maildrop_count(d), w.delivered);
    store_drop_close(d);
}

/* Renames every message, over and over, as an IMAP server does when flags change. */
static void *rename_on(void *context)
{
    static const char *const places[] = {"cur/%u.a.host:2,", "cur/%u.a.host:2,S",
                                         "cur/%u.a.host:2,FS"};
    struct deliverer *w = context;
    for (unsigned round = 0; !w->stop; round++) {
        for (unsigned i = 1; i <= 20; i++) {
            char from[128];
            char to[128];
            char format[128];
            snprintf(format, sizeof format, "%s/%s", w->m->path, places[round % 3]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(from, sizeof from, format, i);
            snprintf(format, sizeof format, "%s/%s", w->m->path, places[(round + 1) % 3]);
            snprintf(to, sizeof to, format, i);
#pragma GCC diagnostic pop
            rename(from, to);
        }
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return NULL;
}

static void a37_right_octets_or_none_while_flags_change(void **state)
{
    struct maildrop *m = *state;
    struct deliverer w = {.m = m};
    pthread_t thread;
    char path[64];
    char text[32];
    unsigned found = 0;
    unsigned asked = 0;
    for (unsigned i = 1; i <= 20; i++) {
        snprintf(path, sizeof path, "cur/%u.a.host:2,", i);
        snprintf(text, sizeof text, "message %02u\n", i);
        maildrop_write(m, path, slice_str(text));
    }
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(pthread_create(&thread, NULL, rename_on, &w), 0);
    for (unsigned round = 0; round < 60; round++)
        for (uint32_t i = 0; i < 20; i++) {
            struct store_blob blob;
            enum status s = store_drop_blob(d, i, 1024, false, &blob);
            asked++;
            if (s != STATUS_OK)
                continue;
            found++;
            snprintf(text, sizeof text, "message %02u\n", i + 1);
            assert_memory_equal(blob.data, text, strlen(text));
            free(blob.data);
        }
    w.stop = true;
    pthread_join(thread, NULL);
    assert_true(found > asked / 2);
    for (uint32_t i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "message %02u\n", i + 1);
        assert_blob_is(d, i, text);
    }
    store_drop_close(d);
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
        CLAIM(s45_a_renamed_file_is_found_again),
        CLAIM(s06_many_that_are_gone_or_renamed_cost_one_reading),
        CLAIM(a42_a_file_cut_short_is_corrupt_and_no_signal),
        CLAIM(a_file_replaced_by_a_fifo_or_a_link_is_not_opened),
        CLAIM(removal_follows_no_link_out_of_the_drop),
        CLAIM(a_change_within_the_margin_is_never_missed),
        CLAIM(what_was_delivered_before_the_login_is_in_the_listing),
        CLAIM(a37_right_octets_or_none_while_flags_change),
        CLAIM(nowait_opens_what_is_warm_and_nothing_else),
        CLAIM(a41_without_descriptors_nothing_is_missing_in_a_listing),
        CLAIM(listings_between_sessions_keep_few_descriptors),
        CLAIM(many_messages_are_counted_by_helpers_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
