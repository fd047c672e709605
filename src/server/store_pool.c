#include "server/store_pool.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STACK = 512 * 1024 };

struct queue {
    struct store_job *first, *last;
};

struct store_pool {
    pthread_mutex_t mutex;
    pthread_cond_t there_is_work;
    struct queue waiting, finished;
    int descriptor;
};

static void push(struct queue *q, struct store_job *job)
{
    job->next = NULL;
    if (q->last)
        q->last->next = job;
    else
        q->first = job;
    q->last = job;
}

static struct store_job *pop(struct queue *q)
{
    struct store_job *job = q->first;
    q->first = job->next;
    if (!q->first)
        q->last = NULL;
    return job;
}

static void *work(void *context)
{
    struct store_pool *p = context;
    pthread_mutex_lock(&p->mutex);
    for (;;) {
        while (!p->waiting.first)
            pthread_cond_wait(&p->there_is_work, &p->mutex);
        struct store_job *job = pop(&p->waiting);
        pthread_mutex_unlock(&p->mutex);
        job->run(job);
        pthread_mutex_lock(&p->mutex);
        push(&p->finished, job);
        uint64_t one = 1;
        (void)!write(p->descriptor, &one, sizeof one);
    }
    return NULL;
}

enum status store_pool_new(unsigned threads, struct store_pool **out)
{
    struct store_pool *p = calloc(1, sizeof *p);
    pthread_attr_t attributes;
    if (!p)
        return STATUS_NO_MEMORY;
    p->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->there_is_work, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    unsigned started = 0;
    for (unsigned i = 0; i < threads && p->descriptor >= 0; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, work, p) == 0) {
            pthread_detach(thread);
            started++;
        }
    }
    pthread_attr_destroy(&attributes);
    if (started == 0)
        return STATUS_NO_MEMORY; /* the process ends because of it: nothing to give back */
    *out = p;
    return STATUS_OK;
}

int store_pool_descriptor(const struct store_pool *p)
{
    return p->descriptor;
}

void store_pool_submit(struct store_pool *p, struct store_job *job)
{
    pthread_mutex_lock(&p->mutex);
    push(&p->waiting, job);
    pthread_cond_signal(&p->there_is_work);
    pthread_mutex_unlock(&p->mutex);
}

void store_pool_finish(struct store_pool *p)
{
    uint64_t count;
    (void)!read(p->descriptor, &count, sizeof count);
    pthread_mutex_lock(&p->mutex);
    struct store_job *job = p->finished.first;
    p->finished = (struct queue){NULL, NULL};
    pthread_mutex_unlock(&p->mutex);
    while (job) {
        struct store_job *next = job->next;
        job->done(job);
        job = next;
    }
}
