/* The index: what it saves, and that whatever happens to it changes no listing (A39). */
#include "../support/maildrop.h"

#include "store/store_index.h"
#include "store/store_uidl.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static unsigned folders_read;

/* In the place of the C library's, for the store too. */
DIR *fdopendir(int descriptor)
{
    DIR *(*real)(int);
    void *found = dlsym(RTLD_NEXT, "fdopendir");
    memcpy(&real, &found, sizeof real);
    folders_read++;
    return real(descriptor);
}

/* Messages large enough that the index is worth writing at once. */
static void fill(struct maildrop *m)
{
    static char text[4096];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\n';
    for (int i = 1; i <= 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "cur/%d.a.host:2,S", i);
        maildrop_write(m, path, slice_of(text, sizeof text - (size_t)i * 10));
    }
    maildrop_write(m, "new/4.a name that is hashed", slice_of(text, sizeof text));
}

static char *slurp(const char *path, size_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    char *data = malloc((size_t)st.st_size + 1);
    assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
    close(fd);
    *size = (size_t)st.st_size;
    return data;
}

static void spit(const char *path, const char *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

/* The listing in a new process, and that it is the one without an index. */
static void assert_same(struct maildrop *m, const struct store_row *rows, uint32_t count)
{
    uint32_t again;
    maildrop_restart(m);
    struct store_row *now = maildrop_rows(m, &again);
    assert_int_equal(again, count);
    assert_memory_equal(now, rows, count * sizeof *rows);
    free(now);
}

static void the_index_is_private_and_says_the_same(void **state)
{
    struct maildrop *m = *state;
    struct stat st;
    uint32_t count;
    fill(m);
    struct store_row *rows = maildrop_rows(m, &count);
    assert_int_equal(count, 4);
    assert_int_equal(stat(maildrop_at(m, "poplin-index"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(access(maildrop_at(m, "poplin-index.new"), F_OK), -1);
    assert_same(m, rows, count);
    assert_int_equal(m->notices, 0);
    free(rows);
}

/* A believed listing is not read again: a file's size behind its back is not seen, one in a
 * folder that changed neither. */
static void sizes_are_counted_once(void **state)
{
    struct maildrop *m = *state;
    uint32_t count;
    fill(m);
    free(maildrop_rows(m, &count));
    maildrop_restart(m);
    maildrop_write(m, "cur/1.a.host:2,S", SLICE("shorter\n"));
    maildrop_write(m, "new/5.b.host", SLICE("one more\n"));
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), 5);
    assert_int_equal(maildrop_row(d, 0)->octets, 4096 - 10 + 2);
    store_drop_close(d);
}

static void a_settled_drop_is_opened_without_reading_its_folders(void **state)
{
    struct maildrop *m = *state;
    fill(m);
    folders_read = 0;
    store_drop_close(maildrop_open(m)); /* too fresh to be believed next time */
    store_drop_close(maildrop_open(m));
    assert_int_equal(folders_read, 4);
    maildrop_settle();
    store_drop_close(maildrop_open(m));
    assert_int_equal(folders_read, 6);
    store_drop_close(maildrop_open(m)); /* from the cache */
    assert_int_equal(folders_read, 6);
    maildrop_restart(m);
    store_drop_close(maildrop_open(m)); /* the index was written before it had settled */
    assert_int_equal(folders_read, 8);
    maildrop_restart(m);
    struct store_drop *d = maildrop_open(m); /* from the index */
    assert_int_equal(folders_read, 8);
    assert_int_equal(maildrop_count(d), 4);
    store_drop_close(d);
}

/* In memory: every bit of the file, one at a time. */
static void a39_every_flipped_bit_is_seen(void **state)
{
    struct maildrop *m = *state;
    uint32_t count;
    size_t size;
    const char *cause;
    fill(m);
    free(maildrop_rows(m, &count));
    char *file = slurp(maildrop_at(m, "poplin-index"), &size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        char *copy = malloc(size);
        memcpy(copy, file, size);
        copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << (bit % 8)));
        assert_null(store_index_decode_octets(slice_of(copy, size), &cause));
        assert_non_null(cause);
        free(copy);
    }
    struct maildir_snapshot *sound = store_index_decode_octets(slice_of(file, size), &cause);
    assert_non_null(sound);
    maildir_snapshot_unref(sound);
    free(file);
}

static void a39_every_truncation_and_any_tail_is_seen(void **state)
{
    struct maildrop *m = *state;
    uint32_t count;
    size_t size;
    const char *cause;
    fill(m);
    free(maildrop_rows(m, &count));
    char *file = slurp(maildrop_at(m, "poplin-index"), &size);
    for (size_t cut = 0; cut < size; cut++) {
        char *copy = malloc(cut ? cut : 1);
        memcpy(copy, file, cut);
        assert_null(store_index_decode_octets(slice_of(copy, cut), &cause));
        free(copy);
    }
    char *longer = calloc(1, size + 1);
    memcpy(longer, file, size);
    assert_null(store_index_decode_octets(slice_of(longer, size + 1), &cause));
    free(longer);
    free(file);
}

/* As one of the format before, whatever it holds: the version stands behind magic and checksum. */
static void a39_an_index_of_another_version_is_made_anew(void **state)
{
    struct maildrop *m = *state;
    uint32_t count;
    size_t size;
    fill(m);
    struct store_row *rows = maildrop_rows(m, &count);
    char *file = slurp(maildrop_at(m, "poplin-index"), &size);
    assert_int_equal(file[16], 2);
    for (char version = 0; version < 4; version++) {
        file[16] = version;
        store_index_sign(file, size);
        spit(maildrop_at(m, "poplin-index"), file, size);
        m->notices = 0;
        assert_same(m, rows, count);
        assert_int_equal(m->notices, version != 2);
        if (version != 2)
            assert_string_equal(m->last_cause, "another version");
    }
    free(file);
    free(rows);
}

/* So many that the file is read in pieces and the rows are made late. */
static struct maildir_snapshot *large(void)
{
    struct maildir_snapshot *s = maildir_snapshot_new(14000);
    assert_non_null(s);
    struct store_row *rows = store_listing_fill(s->listing);
    for (uint32_t i = 0; i < s->count; i++) {
        char name[64];
        int size = snprintf(name, sizeof name, "%u.%.*s:2,S", i, (int)(i % 40),
                            "a.host.with.a.name.that.is.rather.longish");
        struct maildir_message *m = &s->messages[i];
        m->name = store_arena_put(&s->arena, slice_str(name));
        m->name_size = (uint8_t)size;
        m->base_size = (uint8_t)(size - 4);
        m->folder = i % 2;
        m->stored = i;
        rows[i].octets = i + 7;
        rows[i].needs = i % 8;
        store_uidl_set(&rows[i], i % 3 ? maildir_message_base(m) : SLICE("kept-from-elsewhere"));
    }
    store_listing_finish(s->listing);
    return s;
}

static void assert_same_snapshots(struct maildir_snapshot *a, struct maildir_snapshot *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(store_listing_octets(a->listing), store_listing_octets(b->listing));
    assert_memory_equal(store_listing_rows(a->listing), store_listing_rows(b->listing),
                        a->count * sizeof(struct store_row));
    for (uint32_t i = 0; i < a->count; i++) {
        const struct maildir_message *x = &a->messages[i];
        const struct maildir_message *y = &b->messages[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->stored, y->stored);
        assert_int_equal(x->base_size, y->base_size);
        assert_int_equal(x->folder, y->folder);
    }
}

static void a_large_index_says_what_was_written(void **state)
{
    (void)state;
    size_t size;
    const char *cause;
    struct maildir_snapshot *s = large();
    char *file = store_index_encode(s, &size);
    assert_non_null(file);
    struct maildir_snapshot *again = store_index_decode_octets(slice_of(file, size), &cause);
    assert_non_null(again);
    assert_false(store_listing_is_ready(again->listing));
    assert_same_snapshots(s, again);
    assert_true(store_listing_is_ready(again->listing));
    maildir_snapshot_unref(again);
    maildir_snapshot_unref(s);
    free(file);
}

static void *ask_for_memfd(void *listing)
{
    int descriptor;
    return store_listing_memfd(listing, &descriptor) == STATUS_OK ? (void *)(intptr_t)descriptor
                                                                  : (void *)(intptr_t)-1;
}

/* Two sessions that share a drop's listing look at it at once. */
static void rows_that_are_made_late_are_made_once(void **state)
{
    (void)state;
    size_t size;
    const char *cause;
    struct maildir_snapshot *s = large();
    char *file = store_index_encode(s, &size);
    for (int i = 0; i < 10; i++) {
        struct maildir_snapshot *late = store_index_decode_octets(slice_of(file, size), &cause);
        pthread_t other;
        void *theirs;
        assert_non_null(late);
        assert_int_equal(pthread_create(&other, NULL, ask_for_memfd, late->listing), 0);
        int ours = (int)(intptr_t)ask_for_memfd(late->listing);
        assert_int_equal(pthread_join(other, &theirs), 0);
        assert_true(ours >= 0);
        assert_int_equal((int)(intptr_t)theirs, ours);
        assert_int_equal(store_listing_memfd_count(), 1);
        assert_same_snapshots(s, late);
        maildir_snapshot_unref(late);
    }
    maildir_snapshot_unref(s);
    free(file);
}

/* Where no memfd can be had, the rows are there all the same. */
static void rows_that_are_made_late_need_no_memfd(void **state)
{
    (void)state;
    size_t size;
    const char *cause;
    int descriptor;
    struct rlimit before;
    struct maildir_snapshot *s = large();
    char *file = store_index_encode(s, &size);
    struct maildir_snapshot *late = store_index_decode_octets(slice_of(file, size), &cause);
    assert_non_null(late);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, before.rlim_max});
    enum status status = store_listing_memfd(late->listing, &descriptor);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_not_equal(status, STATUS_OK);
    assert_same_snapshots(s, late);
    assert_int_equal(store_listing_memfd(late->listing, &descriptor), STATUS_OK);
    maildir_snapshot_unref(late);
    maildir_snapshot_unref(s);
    free(file);
}

/* Any bits together, in any of the pieces; the last one is as short as it gets. */
static void a39_damage_anywhere_in_a_large_index_is_seen(void **state)
{
    (void)state;
    size_t size;
    const char *cause;
    struct maildir_snapshot *s = large();
    char *file = store_index_encode(s, &size);
    for (size_t at = 160; at + 40 < size; at += size / 97) {
        char saved[40];
        memcpy(saved, file + at, sizeof saved);
        memset(file + at, (int)(at % 251), at % sizeof saved + 1);
        if (memcmp(saved, file + at, sizeof saved) != 0)
            assert_null(store_index_decode_octets(slice_of(file, size), &cause));
        memcpy(file + at, saved, sizeof saved);
        assert_null(store_index_decode_octets(slice_of(file, at), &cause));
    }
    maildir_snapshot_unref(s);
    free(file);
}

/* The same through the store, a bit of each octet: the listing is the one without an index. */
static void a39_a_damaged_index_changes_no_listing(void **state)
{
    struct maildrop *m = *state;
    uint32_t count;
    size_t size;
    fill(m);
    struct store_row *rows = maildrop_rows(m, &count);
    char *file = slurp(maildrop_at(m, "poplin-index"), &size);
    for (size_t at = 0; at < size; at++) {
        file[at] = (char)(file[at] ^ (1 << (at % 8)));
        spit(maildrop_at(m, "poplin-index"), file, size);
        file[at] = (char)(file[at] ^ (1 << (at % 8)));
        m->notices = 0;
        assert_same(m, rows, count);
        assert_int_equal(m->notices, 1);
    }
    for (size_t cut = 0; cut < size; cut += 7) {
        spit(maildrop_at(m, "poplin-index"), file, cut);
        assert_same(m, rows, count);
    }
    free(file);
    free(rows);
}

static void a39_what_is_not_our_file_is_not_believed(void **state)
{
    struct maildrop *m = *state;
    uint32_t count;
    fill(m);
    struct store_row *rows = maildrop_rows(m, &count);
    maildrop_rename(m, "poplin-index", "elsewhere");
    assert_int_equal(symlink("elsewhere", maildrop_at(m, "poplin-index")), 0);
    assert_same(m, rows, count);
    assert_string_equal(m->last_cause, "symbolic link");
    (void)unlink(maildrop_at(m, "poplin-index"));
    assert_int_equal(mkfifo(maildrop_at(m, "poplin-index"), 0600), 0);
    assert_same(m, rows, count);
    assert_string_equal(m->last_cause, "not a regular file");
    (void)unlink(maildrop_at(m, "poplin-index"));
    maildrop_rename(m, "elsewhere", "poplin-index");
    assert_int_equal(chmod(maildrop_at(m, "poplin-index"), 0666), 0);
    assert_same(m, rows, count);
    assert_string_equal(m->last_cause, "writable by others");
    if (geteuid() == 0) {
        assert_int_equal(chown(maildrop_at(m, "poplin-index"), 65534, 65534), 0);
        assert_same(m, rows, count);
        assert_string_equal(m->last_cause, "of another owner");
    }
    (void)unlink(maildrop_at(m, "poplin-index"));
    assert_int_equal(mkdir(maildrop_at(m, "poplin-index"), 0700), 0);
    assert_same(m, rows, count);
    free(rows);
}

static void a41_where_nothing_can_be_written_everything_else_works(void **state)
{
    struct maildrop *m = *state;
    struct store_removed removed;
    uint32_t count;
    fill(m);
    maildrop_become_unprivileged(m);
    assert_int_equal(chmod(m->path, 0500), 0);
    assert_int_equal(chmod(maildrop_at(m, "cur"), 0500), 0);
    free(maildrop_rows(m, &count));
    free(maildrop_rows(m, &count));
    unsigned notices = m->notices;
    struct store_drop *d = maildrop_open(m);
    store_drop_remove(d, (uint64_t[]){3u}, &removed);
    store_drop_close(d);
    maildrop_become_again(m);
    assert_int_equal(count, 4);
    assert_int_equal(notices, 1);
    assert_int_equal(removed.removed, 0);
    assert_int_equal(removed.failed, 2);
    assert_false(maildrop_has_index(m));
}

static void a41_a_full_disk_leaves_no_torn_index(void **state)
{
    struct maildrop *m = *state;
    uint32_t count;
    fill(m);
    pid_t child = fork(); /* a limit on file sizes cuts the writing short as a full disk does */
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, 100});
        free(maildrop_rows(m, &count));
        _exit(count == 4 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(maildrop_has_index(m));
    assert_int_equal(access(maildrop_at(m, "poplin-index.new"), F_OK), -1);
}

static void a40_uidls_outlive_index_copy_and_flags(void **state)
{
    struct maildrop *m = *state;
    char command[256];
    uint32_t count;
    uint32_t again;
    fill(m);
    struct store_row *rows = maildrop_rows(m, &count);
    (void)unlink(maildrop_at(m, "poplin-index"));
    assert_same(m, rows, count);
    maildrop_rename(m, "cur/2.a.host:2,S", "cur/2.a.host:2,FRS");
    maildrop_rename(m, "new/4.a name that is hashed", "cur/4.a name that is hashed:2,");
    assert_same(m, rows, count);
    snprintf(command, sizeof command,
             "cd %s && mkdir o && tar -c -C user . | tar -x -C o && "
             "rm -r user && mv o user",
             m->root);
    assert_int_equal(system(command), 0);
    assert_same(m, rows, count);
    snprintf(command, sizeof command, "cd %s && cp -r user o && rm -r user && mv o user", m->root);
    assert_int_equal(system(command), 0);
    maildrop_restart(m);
    struct store_row *now = maildrop_rows(m, &again);
    assert_int_equal(again, count);
    assert_memory_equal(now, rows, count * sizeof *rows);
    free(now);
    free(rows);
}

static void an_index_directory_takes_it_instead_of_the_maildir(void **state)
{
    struct maildrop *m = *state;
    char folder[64];
    char command[128];
    uint32_t count;
    fill(m);
    snprintf(folder, sizeof folder, "%s/index", m->root);
    assert_int_equal(mkdir(folder, 0700), 0);
    m->options.index_directory = folder;
    maildrop_restart(m);
    struct store_row *rows = maildrop_rows(m, &count);
    assert_false(maildrop_has_index(m));
    snprintf(command, sizeof command, "test \"$(ls %s | wc -l)\" = 1", folder);
    assert_int_equal(system(command), 0);
    assert_same(m, rows, count);
    m->options.index_directory = NULL;
    free(rows);
}

static void s43_a_size_that_lied_is_not_in_the_index(void **state)
{
    struct maildrop *m = *state;
    struct store_blob blob;
    fill(m);
    maildrop_settle();
    store_drop_close(maildrop_open(m));
    maildrop_restart(m);
    maildrop_write(m, "cur/1.a.host:2,S", SLICE("short\n"));
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(store_drop_blob(d, 0, 100, false, &blob), STATUS_CORRUPT);
    store_drop_close(d);
    maildrop_restart(m);
    d = maildrop_open(m);
    assert_int_equal(maildrop_row(d, 0)->octets, 7);
    store_drop_close(d);
}

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, maildrop_setup, maildrop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(the_index_is_private_and_says_the_same),
        CLAIM(sizes_are_counted_once),
        CLAIM(a_settled_drop_is_opened_without_reading_its_folders),
        CLAIM(a39_every_flipped_bit_is_seen),
        CLAIM(a39_every_truncation_and_any_tail_is_seen),
        CLAIM(a39_an_index_of_another_version_is_made_anew),
        cmocka_unit_test(a_large_index_says_what_was_written),
        cmocka_unit_test(rows_that_are_made_late_are_made_once),
        cmocka_unit_test(rows_that_are_made_late_need_no_memfd),
        cmocka_unit_test(a39_damage_anywhere_in_a_large_index_is_seen),
        CLAIM(a39_a_damaged_index_changes_no_listing),
        CLAIM(a39_what_is_not_our_file_is_not_believed),
        CLAIM(a41_where_nothing_can_be_written_everything_else_works),
        CLAIM(a41_a_full_disk_leaves_no_torn_index),
        CLAIM(a40_uidls_outlive_index_copy_and_flags),
        CLAIM(an_index_directory_takes_it_instead_of_the_maildir),
        CLAIM(s43_a_size_that_lied_is_not_in_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
