#include "lib/lib_quiet.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static void write_to_nobody(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    close(ends[1]);
}

static bool is_pending(void)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, SIGPIPE) == 1;
}

static void a_write_to_nobody_is_no_signal_within_and_one_outside(void **state)
{
    struct lib_quiet q;
    (void)state;
    signals = 0;
    lib_quiet_begin(&q);
    write_to_nobody();
    lib_quiet_end(&q);
    assert_false(is_pending());
    assert_int_equal(signals, 0);
    write_to_nobody();
    assert_int_equal(signals, 1);
}

/* A program that holds SIGPIPE back itself, and has one, keeps it. */
static void a_signal_that_was_pending_stays(void **state)
{
    sigset_t set, before;
    struct lib_quiet q;
    (void)state;
    signals = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, &before);
    write_to_nobody();
    lib_quiet_begin(&q);
    write_to_nobody();
    lib_quiet_end(&q);
    assert_true(is_pending());
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(signals, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_to_nobody_is_no_signal_within_and_one_outside),
        cmocka_unit_test(a_signal_that_was_pending_stays),
    };
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = count}, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
