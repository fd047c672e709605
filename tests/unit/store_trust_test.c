/* The trust rule in a world whose clock and whose file system's steps of time are ours: random
 * deliveries, before and in the midst of reading, by a writer who knows no mercy. */
#include "../support/maildrop.h"

#include "store/store_maildir.h"

#include <dirent.h>
#include <dlfcn.h>

static const int64_t second = 1000000000;

static struct {
    bool on;
    int64_t now;         /* nanoseconds */
    int64_t changed;     /* when new/ was, by the file system's clock */
    int64_t granularity; /* of that clock */
    unsigned seed;
    struct maildrop *drop;
    uint32_t delivered;
    unsigned in_midst; /* one in so many entries read brings a delivery; 0: none */
} world;

/* A fixed sequence: a failure can be had again. */
static unsigned chance(unsigned one_in)
{
    world.seed = world.seed * 1103515245u + 12345u;
    return (world.seed >> 16) % one_in;
}

#define REAL(type, name, ...)                                                                      \
    type (*real)(__VA_ARGS__);                                                                     \
    void *found = dlsym(RTLD_NEXT, name);                                                          \
    memcpy(&real, &found, sizeof real)

int clock_gettime(clockid_t clock, struct timespec *out)
{
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    if (!world.on || clock != CLOCK_REALTIME)
        return real(clock, out);
    *out = (struct timespec){.tv_sec = world.now / second, .tv_nsec = world.now % second};
    return 0;
}

int fstatat(int directory, const char *name, struct stat *st, int flags)
{
    REAL(int, "fstatat", int, const char *, struct stat *, int);
    int result = real(directory, name, st, flags);
    if (!world.on || result != 0 || !S_ISDIR(st->st_mode))
        return result;
    int64_t at = world.changed - world.changed % world.granularity;
    st->st_mtim = (struct timespec){.tv_sec = at / second, .tv_nsec = at % second};
    st->st_ctim = st->st_mtim;
    return 0;
}

static void deliver(void)
{
    char path[32];
    snprintf(path, sizeof path, "new/%u.a.host", ++world.delivered);
    maildrop_write(world.drop, path, SLICE("x\n"));
    world.changed = world.now;
}

struct dirent *readdir(DIR *dir)
{
    REAL(struct dirent *, "readdir", DIR *);
    if (world.on && world.in_midst && chance(world.in_midst) == 0) {
        world.now += chance(20) * 1000;
        deliver();
    }
    return real(dir);
}

/* Logins that did not list what was there before them. */
static unsigned misses(struct maildrop *m, int64_t granularity, unsigned steps)
{
    unsigned missed = 0;
    world.drop = m;
    world.granularity = granularity;
    world.now = 1800000000 * second;
    world.changed = world.now;
    world.seed = 1;
    world.on = true;
    for (unsigned i = 0; i < steps; i++) {
        world.now += chance(3) * second + chance(1000) * (second / 1000);
        if (chance(4) == 0)
            deliver();
        uint32_t before = world.delivered;
        world.in_midst = chance(2) ? 0 : 60;
        struct store_drop *d = maildrop_open(m);
        world.in_midst = 0;
        missed += maildrop_count(d) < before;
        store_drop_close(d);
        if (chance(8) == 0)
            maildrop_restart(m);
        if (chance(8) == 0)
            deliver();
    }
    world.on = false;
    return missed;
}

static void nothing_is_missed_whatever_the_steps_of_time(void **state)
{
    static const int64_t steps[] = {1, 4000000, 10000000, 1000000000, 2000000000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        assert_int_equal(misses(*state, steps[i], 60), 0);
}

/* That the claim above can fail: steps coarser than the margin deceive the rule. */
static void coarser_steps_than_the_margin_are_caught_by_this_test(void **state)
{
    assert_in_range(misses(*state, 10 * second, 200), 1, 200);
}

static void only_times_older_than_the_margin_are_settled(void **state)
{
    struct maildrop *m = *state;
    int64_t now = 1800000000 * second;
    int directory = open(m->path, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < MAILDIR_WATCHED; i++) {
        struct maildir_stamps stamps = {0};
        assert_true(maildir_stamps_are_settled(directory, &stamps, now));
        stamps.of[i].modified = now - 2 * second;
        assert_true(maildir_stamps_are_settled(directory, &stamps, now));
        stamps.of[i].changed = now - 2 * second + 1; /* the inode's time counts as well */
        assert_false(maildir_stamps_are_settled(directory, &stamps, now));
        stamps.of[i].changed = now + 60 * second; /* the clock was set back */
        assert_false(maildir_stamps_are_settled(directory, &stamps, now));
    }
    close(directory);
}

static void another_host_s_clock_may_differ_by_two_minutes(void **state)
{
    int64_t now = 1800000000 * second;
    struct maildir_stamps stamps = {0};
    int proc = open("/proc", O_RDONLY | O_DIRECTORY); /* no file system of the list */
    (void)state;
    stamps.of[0].changed = now - 121 * second;
    assert_false(maildir_stamps_are_settled(proc, &stamps, now));
    stamps.of[0].changed = now - 122 * second;
    assert_true(maildir_stamps_are_settled(proc, &stamps, now));
    close(proc);
}

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, maildrop_setup, maildrop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(nothing_is_missed_whatever_the_steps_of_time),
        CLAIM(coarser_steps_than_the_margin_are_caught_by_this_test),
        CLAIM(only_times_older_than_the_margin_are_settled),
        CLAIM(another_host_s_clock_may_differ_by_two_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
