/* The system says no: at every place, with every reason, the store tells the truth. The C
 * library's functions below stand in for the real ones, in the store too. */
#include "../support/maildrop.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <sys/file.h>
#include <sys/uio.h>

/* The nth call from now on fails with `error`; 0: none does. */
struct fault {
    unsigned countdown;
    int error;
};

static struct fault unlinking;
static struct fault syncing;
static struct fault listing;
static struct fault reading;
static bool no_directory_locks;

/* Another program's work at the end of a folder's reading, and right before the first message is
 * counted. */
static void (*at_folder_end)(void);
static void (*before_open)(void);

static bool strikes(struct fault *f)
{
    if (f->countdown == 0 || --f->countdown > 0)
        return false;
    errno = f->error;
    return true;
}

#define REAL(type, name, ...)                                                                      \
    type (*real)(__VA_ARGS__);                                                                     \
    void *found = dlsym(RTLD_NEXT, name);                                                          \
    memcpy(&real, &found, sizeof real)

int unlinkat(int directory, const char *name, int flags)
{
    REAL(int, "unlinkat", int, const char *, int);
    return strikes(&unlinking) ? -1 : real(directory, name, flags);
}

int fsync(int descriptor)
{
    REAL(int, "fsync", int);
    return strikes(&syncing) ? -1 : real(descriptor);
}

struct dirent *readdir(DIR *dir)
{
    REAL(struct dirent *, "readdir", DIR *);
    if (strikes(&listing))
        return NULL;
    struct dirent *e = real(dir);
    int error = errno;
    if (!e && at_folder_end)
        at_folder_end();
    errno = error;
    return e;
}

int openat(int directory, const char *name, int flags, ...)
{
    REAL(int, "openat", int, const char *, int, ...);
    if (before_open && name[0] == '1')
        before_open();
    return real(directory, name, flags, 0600);
}

ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    REAL(ssize_t, "preadv2", int, const struct iovec *, int, off_t, int);
    return strikes(&reading) ? -1 : real(fd, parts, count, offset, flags);
}

int flock(int descriptor, int operation)
{
    REAL(int, "flock", int, int);
    if (!no_directory_locks)
        return real(descriptor, operation);
    errno = EBADF;
    return -1;
}

static const int errors[] = {EACCES, EBUSY, EIO,   EISDIR, ELOOP,  ENOMEM,
                             ENOSPC, EPERM, EROFS, ESTALE, EDQUOT, EINVAL};
enum { ERRORS = sizeof errors / sizeof *errors, MESSAGES = 4 };

static void fill(struct maildrop *m)
{
    for (int i = 1; i <= MESSAGES; i++) {
        char path[32];
        snprintf(path, sizeof path, "%s/%d.a.host", i % 2 ? "cur" : "new", i);
        maildrop_write(m, path, SLICE("text\n"));
    }
}

static uint32_t left(const struct maildrop *m)
{
    uint32_t count = 0;
    for (int i = 1; i <= MESSAGES; i++) {
        char path[32];
        snprintf(path, sizeof path, "%s/%d.a.host", i % 2 ? "cur" : "new", i);
        count += access(maildrop_at(m, path), F_OK) == 0;
    }
    return count;
}

static struct store_removed remove_all(struct maildrop *m)
{
    struct store_removed removed;
    struct store_drop *d = maildrop_open(m);
    store_drop_remove(d, (uint64_t[]){(1u << MESSAGES) - 1}, &removed);
    store_drop_close(d);
    return removed;
}

static void a35_every_failed_unlink_is_told(void **state)
{
    struct maildrop *m = *state;
    for (int e = 0; e < ERRORS; e++)
        for (unsigned at = 1; at <= MESSAGES; at++) {
            fill(m);
            unlinking = (struct fault){at, errors[e]};
            struct store_removed removed = remove_all(m);
            assert_int_equal(removed.failed, 1);
            assert_int_equal(removed.removed, MESSAGES - 1);
            assert_int_equal(left(m), 1);
        }
}

static void a35_what_is_not_synced_is_not_removed(void **state)
{
    struct maildrop *m = *state;
    for (int e = 0; e < ERRORS; e++)
        for (unsigned at = 1; at <= 2; at++) {
            fill(m);
            syncing = (struct fault){at, errors[e]};
            struct store_removed removed = remove_all(m);
            assert_int_equal(removed.failed, MESSAGES / 2);
            assert_int_equal(removed.removed, MESSAGES / 2);
        }
}

static void a35_a_file_that_only_seemed_gone_is_removed(void **state)
{
    struct maildrop *m = *state;
    fill(m);
    unlinking = (struct fault){2, ENOENT};
    struct store_removed removed = remove_all(m);
    assert_int_equal(removed.removed, MESSAGES);
    assert_int_equal(left(m), 0);
}

static void a35_a_folder_that_cannot_be_opened_removes_nothing(void **state)
{
    struct maildrop *m = *state;
    struct store_removed removed;
    fill(m);
    struct store_drop *d = maildrop_open(m);
    maildrop_rename(m, "cur", "elsewhere");
    maildrop_write(m, "cur", SLICE("not a folder"));
    store_drop_remove(d, (uint64_t[]){(1u << MESSAGES) - 1}, &removed);
    assert_int_equal(removed.failed, MESSAGES);
    assert_int_equal(removed.removed, 0);
    store_drop_close(d);
}

static void a41_a_folder_read_in_part_is_no_listing(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *d;
    fill(m);
    for (unsigned at = 1; at <= 2 * (2 + MESSAGES / 2); at++) {
        listing = (struct fault){at, EIO};
        assert_int_equal(maildrop_try(m, false, &d), STATUS_TEMPORARY);
    }
    listing.countdown = 0;
    d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), MESSAGES);
    store_drop_close(d);
}

/* --- moved in the very moment --- */

static struct maildrop *moving;

static bool move(const char *from, const char *to)
{
    return rename(maildrop_at(moving, from), maildrop_at(moving, to)) == 0;
}

/* Every reading is disturbed, and in the last that is tried a message is in both folders. */
static void disturb(void)
{
    static unsigned folders;
    folders++;
    maildrop_write(moving, "cur/.x", SLICE(""));
    (void)unlink(maildrop_at(moving, "cur/.x"));
    if (folders == 5)
        assert_true(move("new/2.a.host", "cur/2.a.host:2,"));
}

static void away_once(void)
{
    before_open = NULL;
    assert_true(move("new/2.a.host", "cur/2.a.host:2,S"));
}

static void assert_listed_once(struct maildrop *m)
{
    struct store_blob blob;
    struct store_drop *d = maildrop_open(m);
    at_folder_end = NULL;
    assert_int_equal(maildrop_count(d), MESSAGES);
    assert_string_equal(maildrop_uidl(d, 1), "2.a.host");
    assert_int_equal(store_drop_blob(d, 1, 1024, false, &blob), STATUS_OK);
    free(blob.data);
    store_drop_close(d);
}

static void a37_a_message_that_moves_while_the_folders_are_read_is_one(void **state)
{
    moving = *state;
    fill(moving);
    store_drop_close(maildrop_open(moving)); /* sizes known: no file need be opened */
    at_folder_end = disturb;
    assert_listed_once(moving);
}

static void a37_a_message_that_moves_before_it_is_counted_is_listed(void **state)
{
    moving = *state;
    fill(moving);
    before_open = away_once;
    assert_listed_once(moving);
    assert_null(before_open);
}

static void s44_a_read_error_is_told(void **state)
{
    struct maildrop *m = *state;
    struct store_blob blob;
    fill(m);
    struct store_drop *d = maildrop_open(m);
    reading = (struct fault){1, EIO};
    assert_int_equal(store_drop_blob(d, 0, 1024, false, &blob), STATUS_IO);
    assert_null(blob.data);
    reading = (struct fault){1, EINTR};
    assert_int_equal(store_drop_blob(d, 0, 1024, false, &blob), STATUS_OK);
    free(blob.data);
    reading = (struct fault){1, EAGAIN};
    assert_int_equal(store_drop_blob(d, 0, 1024, true, &blob), STATUS_AGAIN);
    store_drop_close(d);
}

static void s01_where_folders_cannot_be_locked_a_file_is(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *second;
    fill(m);
    no_directory_locks = true;
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_try(m, false, &second), STATUS_IN_USE);
    store_drop_close(d);
    d = maildrop_open(m);
    store_drop_close(d);
    (void)unlink(maildrop_at(m, "poplin-lock"));
    assert_int_equal(symlink("/etc/passwd", maildrop_at(m, "poplin-lock")), 0);
    assert_int_equal(maildrop_try(m, false, &second), STATUS_PERMANENT);
    no_directory_locks = false;
}

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, maildrop_setup, maildrop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a35_every_failed_unlink_is_told),
        CLAIM(a35_what_is_not_synced_is_not_removed),
        CLAIM(a35_a_file_that_only_seemed_gone_is_removed),
        CLAIM(a35_a_folder_that_cannot_be_opened_removes_nothing),
        CLAIM(a41_a_folder_read_in_part_is_no_listing),
        CLAIM(a37_a_message_that_moves_while_the_folders_are_read_is_one),
        CLAIM(a37_a_message_that_moves_before_it_is_counted_is_listed),
        CLAIM(s44_a_read_error_is_told),
        CLAIM(s01_where_folders_cannot_be_locked_a_file_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
