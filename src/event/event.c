#include "event/event.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { TURN_EVENTS = 128 };

struct event_loop {
    int epoll;
    bool stopped;
    bool firing; /* timers, now */
    uint64_t now;
    struct event_timer **heap; /* from 1 */
    size_t heap_size, heap_capacity;
    void (*after)(void *context);
    void *after_context;
    int ready; /* events of this turn */
    int next;  /* the next one to be given */
    struct epoll_event events[TURN_EVENTS];
};

static uint64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

enum status event_loop_new(struct event_loop **out)
{
    struct event_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return STATUS_NO_MEMORY;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop);
        return STATUS_NO_MEMORY;
    }
    if (event_reserve(loop, 64) != STATUS_OK) {
        event_loop_free(loop);
        return STATUS_NO_MEMORY;
    }
    loop->now = clock_ms();
    *out = loop;
    return STATUS_OK;
}

void event_loop_free(struct event_loop *loop)
{
    if (!loop)
        return;
    close(loop->epoll);
    free(loop->heap);
    free(loop);
}

static struct epoll_event wanted(struct event_source *source)
{
    struct epoll_event e = {.data.ptr = source};
    if (source->interest & EVENT_READ)
        e.events |= EPOLLIN;
    if (source->interest & EVENT_WRITE)
        e.events |= EPOLLOUT;
    if (source->interest & EVENT_EXCLUSIVE)
        e.events |= EPOLLEXCLUSIVE;
    return e;
}

enum status event_add(struct event_loop *loop, struct event_source *source)
{
    struct epoll_event e = wanted(source);
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->descriptor, &e) == 0)
        return STATUS_OK;
    return errno == ENOMEM || errno == ENOSPC ? STATUS_NO_MEMORY : STATUS_IO;
}

void event_set_interest(struct event_loop *loop, struct event_source *source, uint32_t interest)
{
    if (source->interest == interest)
        return;
    source->interest = interest;
    struct epoll_event e = wanted(source);
    int r = epoll_ctl(loop->epoll, EPOLL_CTL_MOD, source->descriptor, &e);
    assert(r == 0 || errno == ENOMEM);
    (void)r;
}

void event_forget(struct event_loop *loop, struct event_source *source)
{
    for (int i = loop->next; i < loop->ready; i++) {
        if (loop->events[i].data.ptr == source)
            loop->events[i].data.ptr = NULL;
    }
}

void event_remove(struct event_loop *loop, struct event_source *source)
{
    struct epoll_event unused = {0};
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->descriptor, &unused);
    event_forget(loop, source);
}

static void place(struct event_loop *loop, struct event_timer *timer, size_t at)
{
    loop->heap[at] = timer;
    timer->place = (uint32_t)at;
}

static void sift_up(struct event_loop *loop, struct event_timer *timer, size_t at)
{
    while (at > 1 && loop->heap[at / 2]->due > timer->due) {
        place(loop, loop->heap[at / 2], at);
        at /= 2;
    }
    place(loop, timer, at);
}

static void sift_down(struct event_loop *loop, struct event_timer *timer, size_t at)
{
    for (;;) {
        size_t child = at * 2;
        if (child > loop->heap_size)
            break;
        if (child < loop->heap_size && loop->heap[child + 1]->due < loop->heap[child]->due)
            child++;
        if (loop->heap[child]->due >= timer->due)
            break;
        place(loop, loop->heap[child], at);
        at = child;
    }
    place(loop, timer, at);
}

enum status event_reserve(struct event_loop *loop, size_t n)
{
    if (n < loop->heap_capacity)
        return STATUS_OK;
    size_t capacity = loop->heap_capacity ? loop->heap_capacity : 64;
    while (capacity <= n)
        capacity *= 2;
    struct event_timer **heap = realloc(loop->heap, capacity * sizeof *heap);
    if (!heap)
        return STATUS_NO_MEMORY;
    loop->heap = heap;
    loop->heap_capacity = capacity;
    return STATUS_OK;
}

void event_set_timer(struct event_loop *loop, struct event_timer *timer, uint64_t due)
{
    uint64_t before = timer->due;
    if (loop->firing && due <= loop->now)
        due = loop->now + 1; /* else a timer that sets itself anew would hold up all others */
    timer->due = due;
    if (timer->place == 0) {
        assert(loop->heap_size + 1 < loop->heap_capacity);
        sift_up(loop, timer, ++loop->heap_size);
    } else if (due < before) {
        sift_up(loop, timer, timer->place);
    } else {
        sift_down(loop, timer, timer->place);
    }
}

void event_clear_timer(struct event_loop *loop, struct event_timer *timer)
{
    if (timer->place == 0)
        return;
    size_t at = timer->place;
    struct event_timer *last = loop->heap[loop->heap_size--];
    timer->place = 0;
    if (last == timer)
        return;
    if (at > 1 && loop->heap[at / 2]->due > last->due)
        sift_up(loop, last, at);
    else
        sift_down(loop, last, at);
}

uint64_t event_now(const struct event_loop *loop)
{
    return loop->now;
}

unsigned event_ready_count(const struct event_loop *loop)
{
    return (unsigned)loop->ready;
}

void event_set_after_turn(struct event_loop *loop, void (*after)(void *context), void *context)
{
    loop->after = after;
    loop->after_context = context;
}

static int time_to_wait(const struct event_loop *loop)
{
    if (loop->heap_size == 0)
        return -1;
    uint64_t due = loop->heap[1]->due;
    if (due <= loop->now)
        return 0;
    return due - loop->now > 3600000 ? 3600000 : (int)(due - loop->now);
}

static void fire_timers(struct event_loop *loop)
{
    loop->firing = true;
    while (loop->heap_size > 0 && loop->heap[1]->due <= loop->now) {
        struct event_timer *timer = loop->heap[1];
        event_clear_timer(loop, timer);
        timer->fire(timer, loop->now);
    }
    loop->firing = false;
}

static uint32_t given(uint32_t events)
{
    uint32_t flags = 0;
    if (events & EPOLLIN)
        flags |= EVENT_READ;
    if (events & EPOLLOUT)
        flags |= EVENT_WRITE;
    if (events & (EPOLLHUP | EPOLLERR))
        flags |= EVENT_HANGUP;
    return flags;
}

enum status event_run(struct event_loop *loop)
{
    while (!loop->stopped) {
        int n = epoll_wait(loop->epoll, loop->events, TURN_EVENTS, time_to_wait(loop));
        if (n < 0 && errno != EINTR)
            return STATUS_IO;
        loop->now = clock_ms();
        loop->ready = n > 0 ? n : 0;
        for (loop->next = 0; loop->next < loop->ready && !loop->stopped;) {
            struct epoll_event *e = &loop->events[loop->next++];
            struct event_source *source = e->data.ptr;
            if (source)
                source->ready(source, given(e->events));
        }
        loop->ready = loop->next = 0;
        fire_timers(loop);
        if (loop->after)
            loop->after(loop->after_context);
    }
    loop->stopped = false;
    return STATUS_OK;
}

void event_stop(struct event_loop *loop)
{
    loop->stopped = true;
}
