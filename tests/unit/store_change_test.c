/* Maildirs in which other programs work during a session: files renamed, replaced, cut short, gone
 * and delivered. */
#include "../support/maildrop.h"

#include <pthread.h>

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

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, maildrop_setup, maildrop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(s45_a_renamed_file_is_found_again),
        CLAIM(s06_many_that_are_gone_or_renamed_cost_one_reading),
        CLAIM(a42_a_file_cut_short_is_corrupt_and_no_signal),
        CLAIM(a_file_replaced_by_a_fifo_or_a_link_is_not_opened),
        CLAIM(removal_follows_no_link_out_of_the_drop),
        CLAIM(a_change_within_the_margin_is_never_missed),
        CLAIM(what_was_delivered_before_the_login_is_in_the_listing),
        CLAIM(a37_right_octets_or_none_while_flags_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
