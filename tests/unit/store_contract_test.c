/* What store.h promises, asked of every driver in the same words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"
#include "store/store_memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- a drop that messages can be put into, whatever the driver --- */

struct bench {
    const char *driver;
    char root[64];
    char path[96];
    struct store *store;
};

static bool is_memory(const struct bench *b)
{
    return strcmp(b->driver, "memory") == 0;
}

static void write_file(const char *path, struct slice stored)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(stored.data, 1, stored.size, f), stored.size);
    assert_int_equal(fclose(f), 0);
}

static void file_path(const struct bench *b, const char *uidl, char out[256])
{
    snprintf(out, 256, "%s/new/%s", b->path, uidl);
}

static void deliver(struct bench *b, const char *uidl, struct slice stored)
{
    char path[256];
    file_path(b, uidl, path);
    if (is_memory(b))
        assert_int_equal(store_memory_deliver(b->store, b->path, slice_str(uidl), stored),
                         STATUS_OK);
    else
        write_file(path, stored);
}

static void vanish(struct bench *b, const char *uidl)
{
    char path[256];
    file_path(b, uidl, path);
    if (is_memory(b))
        assert_true(store_memory_vanish(b->store, b->path, slice_str(uidl)));
    else
        assert_int_equal(unlink(path), 0);
}

static void alter(struct bench *b, const char *uidl, struct slice stored)
{
    char path[256];
    file_path(b, uidl, path);
    if (is_memory(b))
        assert_int_equal(store_memory_alter(b->store, b->path, slice_str(uidl), stored), STATUS_OK);
    else
        write_file(path, stored);
}

static int setup(void **state, const char *driver)
{
    struct bench *b = calloc(1, sizeof *b);
    char folder[128];
    b->driver = driver;
    snprintf(b->root, sizeof b->root, "/tmp/poplin-store-XXXXXX");
    assert_non_null(mkdtemp(b->root));
    snprintf(b->path, sizeof b->path, "%s/user", b->root);
    assert_int_equal(mkdir(b->path, 0700), 0);
    snprintf(folder, sizeof folder, "%s/new", b->path);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(folder, sizeof folder, "%s/cur", b->path);
    assert_int_equal(mkdir(folder, 0700), 0);
    struct store_options options = {.driver = driver, .root = b->root};
    assert_int_equal(store_new(&options, &b->store), STATUS_OK);
    *state = b;
    return 0;
}

static int setup_memory(void **state)
{
    return setup(state, "memory");
}

static int setup_maildir(void **state)
{
    return setup(state, "maildir");
}

static int teardown(void **state)
{
    struct bench *b = *state;
    char command[128];
    store_free(b->store);
    snprintf(command, sizeof command, "rm -rf %s", b->root);
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

static struct store_drop *open_drop(struct bench *b)
{
    struct store_request request = {.user = SLICE("user"), .path = b->path};
    struct store_drop *d = NULL;
    assert_int_equal(store_open(b->store, &request, &d), STATUS_OK);
    assert_non_null(d);
    return d;
}

static uint32_t count_of(const struct store_drop *d)
{
    return store_listing_count(store_drop_listing(d));
}

static const struct store_row *row_of(const struct store_drop *d, uint32_t i)
{
    return &store_listing_rows(store_drop_listing(d))[i];
}

static void assert_uidl(const struct store_drop *d, uint32_t i, const char *uidl)
{
    assert_true(
        slice_equal(slice_of(row_of(d, i)->uidl, row_of(d, i)->uidl_size), slice_str(uidl)));
}

static void assert_blob(struct store_drop *d, uint32_t i, struct slice stored)
{
    struct store_blob blob;
    char data[256];
    assert_int_equal(store_drop_blob(d, i, 1024, false, &blob), STATUS_OK);
    assert_int_equal(blob.size, stored.size);
    assert_int_equal(blob.octets, row_of(d, i)->octets);
    assert_int_equal(blob.needs, row_of(d, i)->needs);
    if (blob.data) {
        assert_int_equal(blob.descriptor, -1);
        assert_memory_equal(blob.data, stored.data, stored.size);
    } else {
        assert_int_equal(pread(blob.descriptor, data, sizeof data, (off_t)blob.offset),
                         stored.size);
        assert_memory_equal(data, stored.data, stored.size);
        close(blob.descriptor);
    }
    free(blob.data);
}

static void three(struct bench *b)
{
    deliver(b, "1.a.host", SLICE("A: b\n\none\n"));
    deliver(b, "2.b.host", SLICE("A: b\r\n\r\ntwo\r\n"));
    deliver(b, "3.c.host", SLICE(".dot\n"));
}

/* --- claims --- */

static void an_empty_drop_has_no_messages(void **state)
{
    struct store_drop *d = open_drop(*state);
    assert_int_equal(count_of(d), 0);
    assert_int_equal(store_listing_octets(store_drop_listing(d)), 0);
    store_drop_close(d);
    store_drop_close(NULL);
}

static void a_drop_that_nothing_was_delivered_to_is_empty(void **state)
{
    struct bench *b = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/nobody/Maildir", b->root);
    struct store_request request = {.user = SLICE("nobody"), .path = path};
    struct store_drop *d;
    assert_int_equal(store_open(b->store, &request, &d), STATUS_OK);
    assert_int_equal(count_of(d), 0);
    assert_false(store_drop_is_dirty(d));
    store_drop_close(d);
}

static void s40_sizes_are_wire_octets(void **state)
{
    three(*state);
    deliver(*state, "4.d.host", SLICE(""));
    deliver(*state, "5.e.host", SLICE("no end"));
    struct store_drop *d = open_drop(*state);
    assert_int_equal(count_of(d), 5);
    assert_int_equal(row_of(d, 0)->octets, 13);
    assert_int_equal(row_of(d, 0)->needs & WIRE_NEEDS_CRLF, WIRE_NEEDS_CRLF);
    assert_int_equal(row_of(d, 1)->octets, 13);
    assert_int_equal(row_of(d, 1)->needs, 0);
    assert_int_equal(row_of(d, 2)->octets, 6);
    assert_int_equal(row_of(d, 2)->needs & WIRE_NEEDS_DOTS, WIRE_NEEDS_DOTS);
    assert_int_equal(row_of(d, 3)->octets, 2);
    assert_int_equal(row_of(d, 4)->octets, 8);
    assert_int_equal(store_listing_octets(store_drop_listing(d)), 13 + 13 + 6 + 2 + 8);
    store_drop_close(d);
}

static void s17_uidls_are_the_names_oldest_first(void **state)
{
    three(*state);
    struct store_drop *d = open_drop(*state);
    assert_uidl(d, 0, "1.a.host");
    assert_uidl(d, 1, "2.b.host");
    assert_uidl(d, 2, "3.c.host");
    store_drop_close(d);
}

static void blobs_are_the_stored_octets(void **state)
{
    three(*state);
    struct store_drop *d = open_drop(*state);
    assert_blob(d, 0, SLICE("A: b\n\none\n"));
    assert_blob(d, 2, SLICE(".dot\n"));
    assert_blob(d, 1, SLICE("A: b\r\n\r\ntwo\r\n"));
    store_drop_close(d);
}

static void s01_a_second_session_hears_in_use(void **state)
{
    struct bench *b = *state;
    struct store_request request = {.user = SLICE("user"), .path = b->path};
    struct store_drop *second = NULL;
    struct store_drop *d = open_drop(b);
    assert_int_equal(store_open(b->store, &request, &second), STATUS_IN_USE);
    assert_null(second);
    store_drop_close(d);
    d = open_drop(b);
    store_drop_close(d);
}

static void s02_a_snapshot_takes_no_lock_and_minds_none(void **state)
{
    struct bench *b = *state;
    three(b);
    struct store_request request = {.user = SLICE("user"), .path = b->path, .shared = true};
    struct store_drop *a;
    struct store_drop *c;
    struct store_drop *d = open_drop(b);
    assert_int_equal(store_open(b->store, &request, &a), STATUS_OK);
    store_drop_close(d);
    d = open_drop(b);
    assert_int_equal(store_open(b->store, &request, &c), STATUS_OK);
    assert_int_equal(count_of(a), 3);
    assert_int_equal(count_of(c), 3);
    store_drop_close(a);
    store_drop_close(c);
    store_drop_close(d);
}

static void s03_a_listing_is_fixed_for_the_session(void **state)
{
    three(*state);
    struct store_drop *d = open_drop(*state);
    deliver(*state, "4.last.host", SLICE("new\n"));
    vanish(*state, "1.a.host");
    assert_int_equal(count_of(d), 3);
    assert_uidl(d, 0, "1.a.host");
    assert_blob(d, 1, SLICE("A: b\r\n\r\ntwo\r\n"));
    store_drop_close(d);
    d = open_drop(*state);
    assert_int_equal(count_of(d), 3);
    assert_uidl(d, 2, "4.last.host");
    store_drop_close(d);
}

static void s45_a_message_that_vanished_is_not_found(void **state)
{
    struct store_blob blob;
    three(*state);
    struct store_drop *d = open_drop(*state);
    vanish(*state, "2.b.host");
    assert_int_equal(store_drop_blob(d, 1, 1024, false, &blob), STATUS_NOT_FOUND);
    assert_blob(d, 2, SLICE(".dot\n"));
    store_drop_close(d);
}

static void s43_a_size_that_lied_is_counted_anew(void **state)
{
    struct store_blob blob;
    three(*state);
    struct store_drop *d = open_drop(*state);
    alter(*state, "3.c.host", SLICE("quite another text\n"));
    assert_int_equal(store_drop_blob(d, 2, 1024, false, &blob), STATUS_CORRUPT);
    store_drop_close(d);
    d = open_drop(*state);
    assert_int_equal(row_of(d, 2)->octets, 20);
    assert_int_equal(row_of(d, 2)->needs & WIRE_NEEDS_DOTS, 0);
    assert_blob(d, 2, SLICE("quite another text\n"));
    store_drop_close(d);
}

static void s43_what_the_sender_found_out_is_counted_anew(void **state)
{
    three(*state);
    struct store_drop *d = open_drop(*state);
    alter(*state, "3.c.host", SLICE("1\n34\n")); /* as long as before, more lines */
    store_drop_lied(d, 2);
    store_drop_close(d);
    d = open_drop(*state);
    assert_int_equal(row_of(d, 2)->octets, 7);
    store_drop_close(d);
}

static void s06_marked_messages_go_and_no_others(void **state)
{
    struct store_removed removed;
    uint64_t marks[1] = {1u << 0 | 1u << 2};
    three(*state);
    struct store_drop *d = open_drop(*state);
    store_drop_remove(d, marks, &removed);
    assert_int_equal(removed.removed, 2);
    assert_int_equal(removed.failed, 0);
    store_drop_close(d);
    d = open_drop(*state);
    assert_int_equal(count_of(d), 1);
    assert_uidl(d, 0, "2.b.host");
    store_drop_close(d);
}

static void s06_a_message_that_is_gone_counts_as_removed(void **state)
{
    struct store_removed removed;
    uint64_t marks[1] = {1u << 0 | 1u << 1};
    three(*state);
    struct store_drop *d = open_drop(*state);
    vanish(*state, "1.a.host");
    store_drop_remove(d, marks, &removed);
    assert_int_equal(removed.removed, 2);
    assert_int_equal(removed.failed, 0);
    store_drop_close(d);
}

static void s05_closing_removes_nothing(void **state)
{
    three(*state);
    store_drop_close(open_drop(*state));
    struct store_drop *d = open_drop(*state);
    assert_int_equal(count_of(d), 3);
    store_drop_close(d);
}

static void the_memfd_is_sealed_and_says_the_same(void **state)
{
    const int all = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    struct store_row rows[3];
    int fd;
    int again;
    three(*state);
    struct store_drop *d = open_drop(*state);
    assert_int_equal(store_listing_memfd(store_drop_listing(d), &fd), STATUS_OK);
    assert_int_equal(store_listing_memfd(store_drop_listing(d), &again), STATUS_OK);
    assert_int_equal(fd, again);
    assert_int_equal(fcntl(fd, F_GET_SEALS) & all, all);
    assert_int_equal(pread(fd, rows, sizeof rows, 0), sizeof rows);
    assert_memory_equal(rows, row_of(d, 0), sizeof rows);
    assert_int_equal(write(fd, "x", 1), -1);
    store_drop_close(d);
}

static void *open_and_close(void *context)
{
    struct bench *b = context;
    for (int i = 0; i < 200; i++) {
        struct store_request request = {.path = b->path, .shared = (i & 1) != 0};
        struct store_drop *d = NULL;
        enum status s = store_open(b->store, &request, &d);
        if (s != STATUS_OK && s != STATUS_IN_USE)
            return (void *)1;
        if (d && count_of(d) != 3)
            return (void *)1;
        store_drop_close(d);
    }
    return NULL;
}

static void drops_are_opened_by_several_threads(void **state)
{
    pthread_t threads[3];
    three(*state);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, *state), 0);
    for (size_t i = 0; i < 3; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
}

static void an_unknown_driver_is_not_supported(void **state)
{
    struct store_options options = {.driver = "mbox", .root = "/"};
    struct store *s;
    (void)state;
    assert_int_equal(store_new(&options, &s), STATUS_UNSUPPORTED);
    store_free(NULL);
}

#define CLAIM(f)                                                                                   \
    {#f " [memory]", f, setup_memory, teardown, NULL},                                             \
    {                                                                                              \
#f " [maildir]", f, setup_maildir, teardown, NULL                                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(an_empty_drop_has_no_messages),
        CLAIM(a_drop_that_nothing_was_delivered_to_is_empty),
        CLAIM(s40_sizes_are_wire_octets),
        CLAIM(s17_uidls_are_the_names_oldest_first),
        CLAIM(blobs_are_the_stored_octets),
        CLAIM(s01_a_second_session_hears_in_use),
        CLAIM(s02_a_snapshot_takes_no_lock_and_minds_none),
        CLAIM(s03_a_listing_is_fixed_for_the_session),
        CLAIM(s45_a_message_that_vanished_is_not_found),
        CLAIM(s43_a_size_that_lied_is_counted_anew),
        CLAIM(s43_what_the_sender_found_out_is_counted_anew),
        CLAIM(s06_marked_messages_go_and_no_others),
        CLAIM(s06_a_message_that_is_gone_counts_as_removed),
        CLAIM(s05_closing_removes_nothing),
        CLAIM(the_memfd_is_sealed_and_says_the_same),
        CLAIM(drops_are_opened_by_several_threads),
        cmocka_unit_test(an_unknown_driver_is_not_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
