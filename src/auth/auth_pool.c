#include "auth/auth_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lane {
    struct auth_job *first, **last;
    size_t count;
};

struct auth_pool {
    pthread_mutex_t mutex; /* of all that is not atomic */
    pthread_cond_t has_work;
    struct lane lanes[AUTH_POOL_LANES + 1];
    unsigned turn;  /* the lane that is looked at first */
    size_t waiting; /* in all lanes but the urgent one */
    struct auth_job *finished;
    atomic_bool has_finished; /* tells without the mutex that `finished` is worth looking at */
    atomic_uint_fast64_t done;
    bool is_ending;
    int event;
    unsigned thread_count;
    pthread_t threads[];
};

static struct auth_job *lane_take(struct lane *lane)
{
    struct auth_job *job = lane->first;
    if (!job)
        return NULL;
    lane->first = job->next;
    if (!lane->first)
        lane->last = &lane->first;
    lane->count--;
    return job;
}

static struct auth_job *next_job(struct auth_pool *p)
{
    struct auth_job *job = lane_take(&p->lanes[AUTH_POOL_URGENT]);
    for (unsigned i = 0; !job && p->waiting > 0 && i < AUTH_POOL_LANES; i++) {
        job = lane_take(&p->lanes[p->turn]);
        p->turn = (p->turn + 1) % AUTH_POOL_LANES;
        if (job)
            p->waiting--;
    }
    return job;
}

static void finish(struct auth_pool *p, struct auth_job *job)
{
    bool was_empty = !p->finished;
    job->next = p->finished;
    p->finished = job;
    atomic_store(&p->has_finished, true);
    if (was_empty)
        eventfd_write(p->event, 1);
}

static void *work(void *pool)
{
    struct auth_pool *p = pool;
    pthread_mutex_lock(&p->mutex);
    while (!p->is_ending) {
        struct auth_job *job = next_job(p);
        if (!job) {
            pthread_cond_wait(&p->has_work, &p->mutex);
            continue;
        }
        pthread_mutex_unlock(&p->mutex);
        struct auth_hash hash = {job->kind, slice_of(job->text, job->text_size), job->digest};
        job->status = auth_hash_verify(&hash, slice_of(job->password, job->password_size));
        explicit_bzero(job->password, sizeof job->password);
        atomic_fetch_add(&p->done, 1);
        pthread_mutex_lock(&p->mutex);
        finish(p, job);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* Signals are for the thread that runs the loop. */
static bool start_threads(struct auth_pool *p, unsigned threads)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (p->thread_count < threads &&
           pthread_create(&p->threads[p->thread_count], NULL, work, p) == 0)
        p->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p->thread_count == threads;
}

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

enum status auth_pool_new(unsigned threads, struct auth_pool **out)
{
    threads = threads ? threads : cores();
    struct auth_pool *p = calloc(1, sizeof *p + threads * sizeof *p->threads);
    if (!p)
        return STATUS_NO_MEMORY;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->has_work, NULL);
    for (size_t i = 0; i <= AUTH_POOL_LANES; i++)
        p->lanes[i].last = &p->lanes[i].first;
    p->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->event < 0 || !start_threads(p, threads)) {
        auth_pool_stop(p);
        auth_pool_free(p);
        return STATUS_NO_MEMORY;
    }
    *out = p;
    return STATUS_OK;
}

void auth_job_free(struct auth_job *job)
{
    explicit_bzero(job, sizeof *job);
    free(job);
}

struct auth_job *auth_pool_stop(struct auth_pool *p)
{
    pthread_mutex_lock(&p->mutex);
    p->is_ending = true;
    pthread_cond_broadcast(&p->has_work);
    pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    p->thread_count = 0;
    struct auth_job *left = p->finished;
    for (size_t i = 0; i <= AUTH_POOL_LANES; i++) {
        *p->lanes[i].last = left;
        left = p->lanes[i].first;
    }
    return left;
}

void auth_pool_free(struct auth_pool *p)
{
    if (!p)
        return;
    if (p->event >= 0)
        close(p->event);
    pthread_cond_destroy(&p->has_work);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

int auth_pool_descriptor(const struct auth_pool *p)
{
    return p->event;
}

static struct auth_job *job_new(void *owner, const struct auth_hash *hash, struct slice password)
{
    struct auth_job *job = malloc(sizeof *job);
    if (!job)
        return NULL;
    job->next = NULL;
    job->owner = owner;
    job->kind = hash->kind;
    job->digest = hash->digest;
    job->status = STATUS_AGAIN;
    job->text_size = (uint16_t)hash->text.size;
    job->password_size = (uint16_t)password.size;
    memcpy(job->text, hash->text.data, hash->text.size);
    if (password.size > 0)
        memcpy(job->password, password.data, password.size);
    return job;
}

static bool lane_put(struct auth_pool *p, unsigned lane, struct auth_job *job)
{
    struct lane *l = &p->lanes[lane];
    if (l->count >= AUTH_POOL_LANE_MAX || (lane != AUTH_POOL_URGENT && p->waiting >= AUTH_POOL_MAX))
        return false;
    *l->last = job;
    l->last = &job->next;
    l->count++;
    p->waiting += lane != AUTH_POOL_URGENT;
    pthread_cond_signal(&p->has_work);
    return true;
}

enum status auth_pool_push(struct auth_pool *p, unsigned lane, void *owner,
                           const struct auth_hash *hash, struct slice password)
{
    if (hash->text.size > AUTH_HASH_MAX || password.size > LIMIT_PASSWORD)
        return STATUS_TOO_LARGE;
    struct auth_job *job = job_new(owner, hash, password);
    if (!job)
        return STATUS_NO_MEMORY;
    pthread_mutex_lock(&p->mutex);
    bool is_put = lane_put(p, lane, job);
    pthread_mutex_unlock(&p->mutex);
    if (!is_put)
        auth_job_free(job);
    return is_put ? STATUS_OK : STATUS_LIMIT;
}

/* The descriptor is written and read under the mutex, so that it never stays readable with nothing
 * to be taken. */
struct auth_job *auth_pool_take(struct auth_pool *p)
{
    if (!atomic_load(&p->has_finished))
        return NULL;
    eventfd_t count;
    pthread_mutex_lock(&p->mutex);
    struct auth_job *jobs = p->finished;
    p->finished = NULL;
    atomic_store(&p->has_finished, false);
    eventfd_read(p->event, &count);
    pthread_mutex_unlock(&p->mutex);
    return jobs;
}

uint64_t auth_pool_done(const struct auth_pool *p)
{
    return atomic_load(&p->done);
}
