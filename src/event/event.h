/* event: a thin loop over epoll: sources (a descriptor and what to call) and timers.
 *
 * Sources and timers are fields of their owner's struct, so the loop allocates nothing for them
 * but one pointer in the timers' heap. Everything runs on the thread that calls event_run. Time is
 * CLOCK_MONOTONIC in milliseconds, read once a turn. */
#ifndef POPLIN_EVENT_EVENT_H
#define POPLIN_EVENT_EVENT_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EVENT_READ = 1,
    EVENT_WRITE = 2,
    EVENT_HANGUP = 4, /* given, never asked for: both directions are closed, or an error */
    EVENT_EXCLUSIVE = 8, /* asked for with the first interest: wake one of several processes */
};

struct event_loop;

struct event_source {
    int descriptor; /* borrowed */
    uint32_t interest;
    void (*ready)(struct event_source *source, uint32_t events);
};

struct event_timer {
    uint64_t due;
    uint32_t place; /* in the heap, from 1; 0: not set */
    void (*fire)(struct event_timer *timer, uint64_t now);
};

enum status event_loop_new(struct event_loop **out);
void event_loop_free(struct event_loop *loop);

/* Watches source->descriptor for source->interest (may be 0: hang-ups only). NO_MEMORY, IO. */
enum status event_add(struct event_loop *loop, struct event_source *source);
/* Changes the interest; nothing is done when it is the same. */
void event_set_interest(struct event_loop *loop, struct event_source *source, uint32_t interest);
/* Stops watching; no event of the running turn is given any more. The descriptor is still open. */
void event_remove(struct event_loop *loop, struct event_source *source);
/* The same for a descriptor that is closed right after, and has no duplicate in any process: the
 * kernel forgets it by itself, so only this turn's events are dropped. */
void event_forget(struct event_loop *loop, struct event_source *source);

/* Sets or moves a timer; it fires once. Never fails: room in the heap is made by event_reserve. A
 * time that is past already, set while timers fire, is the next millisecond's. */
void event_set_timer(struct event_loop *loop, struct event_timer *timer, uint64_t due);
void event_clear_timer(struct event_loop *loop, struct event_timer *timer);
/* Room for n timers in all; NO_MEMORY leaves what there was. */
enum status event_reserve(struct event_loop *loop, size_t n);

/* Milliseconds of this turn. */
uint64_t event_now(const struct event_loop *loop);
/* Sources that were ready this turn: a measure of how busy it is. */
unsigned event_ready_count(const struct event_loop *loop);

/* Called at the end of each turn, before the loop sleeps. */
void event_set_after_turn(struct event_loop *loop, void (*after)(void *context), void *context);

/* Until event_stop; may then be run again. IO: the kernel refused to wait. */
enum status event_run(struct event_loop *loop);
void event_stop(struct event_loop *loop);

#endif
