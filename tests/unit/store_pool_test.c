#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/store_pool.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

enum { MANY = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static size_t run_count; /* under the mutex */

struct job {
    struct store_job job;
    size_t number, ran_as;
    bool ran_elsewhere, done_here;
    unsigned runs, dones;
    pthread_t caller;
    struct store_pool *again; /* where `done` submits it once more */
};

static size_t done_count;

static void run(struct store_job *j)
{
    struct job *job = (struct job *)j;
    pthread_mutex_lock(&mutex);
    job->ran_as = run_count++;
    pthread_mutex_unlock(&mutex);
    job->ran_elsewhere = !pthread_equal(pthread_self(), job->caller);
    job->runs++;
}

static void done(struct store_job *j)
{
    struct job *job = (struct job *)j;
    job->done_here = pthread_equal(pthread_self(), job->caller);
    job->dones++;
    done_count++;
    if (job->again && job->dones < 3)
        store_pool_submit(job->again, &job->job);
}

static struct store_pool *begin(unsigned threads)
{
    struct store_pool *p;
    assert_int_equal(store_pool_new(threads, &p), STATUS_OK);
    pthread_mutex_lock(&mutex);
    run_count = 0;
    pthread_mutex_unlock(&mutex);
    done_count = 0;
    return p;
}

static void submit(struct store_pool *p, struct job *job, size_t number)
{
    *job = (struct job){.job = {.run = run, .done = done}, .number = number};
    job->caller = pthread_self();
    store_pool_submit(p, &job->job);
}

static void finish_until(struct store_pool *p, size_t count)
{
    while (done_count < count) {
        struct pollfd wait = {store_pool_descriptor(p), POLLIN, 0};
        assert_int_equal(poll(&wait, 1, 20000), 1);
        store_pool_finish(p);
    }
}

static void one_thread_runs_jobs_in_the_order_they_were_submitted(void **state)
{
    static struct job jobs[MANY];
    (void)state;
    struct store_pool *p = begin(1);
    for (size_t i = 0; i < MANY; i++)
        submit(p, &jobs[i], i);
    finish_until(p, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(jobs[i].ran_as, i);
}

static void every_job_runs_once_on_a_thread_and_is_done_once_on_the_caller_s(void **state)
{
    static struct job jobs[MANY];
    (void)state;
    struct store_pool *p = begin(4);
    for (size_t i = 0; i < MANY; i++)
        submit(p, &jobs[i], i);
    finish_until(p, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(jobs[i].runs, 1);
        assert_int_equal(jobs[i].dones, 1);
        assert_true(jobs[i].ran_elsewhere);
        assert_true(jobs[i].done_here);
    }
    assert_int_equal(done_count, MANY);
}

static void a_job_may_be_submitted_again_by_its_own_done(void **state)
{
    static struct job jobs[50];
    (void)state;
    struct store_pool *p = begin(3);
    for (size_t i = 0; i < 50; i++) {
        jobs[i] = (struct job){.job = {.run = run, .done = done}, .again = p};
        jobs[i].caller = pthread_self();
        store_pool_submit(p, &jobs[i].job);
    }
    finish_until(p, 150);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(jobs[i].runs, 3);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void wait_at_gate(struct store_job *j)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    run(j);
}

static void one_job_that_waits_for_the_disk_does_not_hold_up_the_others(void **state)
{
    static struct job slow, quick[20];
    (void)state;
    struct store_pool *p = begin(2);
    pthread_mutex_lock(&gate);
    slow = (struct job){.job = {.run = wait_at_gate, .done = done}};
    slow.caller = pthread_self();
    store_pool_submit(p, &slow.job);
    for (size_t i = 0; i < 20; i++)
        submit(p, &quick[i], i);
    finish_until(p, 20);
    assert_int_equal(slow.dones, 0);
    pthread_mutex_unlock(&gate);
    finish_until(p, 21);
    assert_int_equal(slow.dones, 1);
}

static void the_descriptor_is_readable_only_while_something_is_finished(void **state)
{
    static struct job job;
    (void)state;
    struct store_pool *p = begin(1);
    struct pollfd wait = {store_pool_descriptor(p), POLLIN, 0};
    assert_int_equal(poll(&wait, 1, 0), 0);
    submit(p, &job, 0);
    assert_int_equal(poll(&wait, 1, 20000), 1);
    store_pool_finish(p);
    assert_int_equal(job.dones, 1);
    assert_int_equal(poll(&wait, 1, 0), 0);
    store_pool_finish(p);
    assert_int_equal(job.dones, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_runs_jobs_in_the_order_they_were_submitted),
        cmocka_unit_test(every_job_runs_once_on_a_thread_and_is_done_once_on_the_caller_s),
        cmocka_unit_test(a_job_may_be_submitted_again_by_its_own_done),
        cmocka_unit_test(one_job_that_waits_for_the_disk_does_not_hold_up_the_others),
        cmocka_unit_test(the_descriptor_is_readable_only_while_something_is_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
