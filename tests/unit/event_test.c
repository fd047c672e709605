#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/event.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static struct event_loop *loop;

static int set_up(void **state)
{
    (void)state;
    return event_loop_new(&loop) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    event_loop_free(loop);
    return 0;
}

/* ---- timers ---- */

struct alarm {
    struct event_timer timer;
    unsigned fired;
    bool is_last;
};

static uint64_t last_due;
static unsigned out_of_order, fired_early, fired_in_all;

static void note(struct event_timer *t, uint64_t now)
{
    struct alarm *a = (struct alarm *)t;
    out_of_order += t->due < last_due;
    fired_early += now < t->due;
    last_due = t->due;
    a->fired++;
    fired_in_all++;
    if (a->is_last)
        event_stop(loop);
}

static void begin_notes(void)
{
    last_due = 0;
    out_of_order = fired_early = fired_in_all = 0;
}

/* Runs until a timer of its own, behind all others, ends it. */
static void run_until(uint64_t due)
{
    struct alarm end = {.timer.fire = note, .is_last = true};
    event_set_timer(loop, &end.timer, due);
    assert_int_equal(event_run(loop), STATUS_OK);
    assert_int_equal(end.fired, 1);
}

static void timers_fire_in_order_once_and_never_early(void **state)
{
    enum { MANY = 3000 };
    static struct alarm alarms[MANY];
    unsigned seed = 1;
    (void)state;
    begin_notes();
    assert_int_equal(event_reserve(loop, MANY + 1), STATUS_OK);
    uint64_t now = event_now(loop);
    for (size_t i = 0; i < MANY; i++) {
        alarms[i] = (struct alarm){.timer.fire = note};
        event_set_timer(loop, &alarms[i].timer, now + (uint64_t)rand_r(&seed) % 30);
    }
    run_until(now + 40);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(alarms[i].fired, 1);
        assert_int_equal(alarms[i].timer.place, 0);
    }
    assert_int_equal(out_of_order, 0);
    assert_int_equal(fired_early, 0);
}

/* Set, moved to and fro and cleared at random: what fires is what the last word was. */
static void moved_timers_fire_at_their_last_time_and_cleared_ones_never(void **state)
{
    enum { MANY = 500, CHANGES = 20000 };
    static struct alarm alarms[MANY];
    static bool wanted[MANY];
    unsigned seed = 2, expected = 1;
    (void)state;
    begin_notes();
    assert_int_equal(event_reserve(loop, MANY + 1), STATUS_OK);
    uint64_t now = event_now(loop);
    for (size_t i = 0; i < MANY; i++)
        alarms[i] = (struct alarm){.timer.fire = note};
    for (size_t n = 0; n < CHANGES; n++) {
        size_t i = (size_t)rand_r(&seed) % MANY;
        wanted[i] = rand_r(&seed) % 3 != 0;
        if (wanted[i])
            event_set_timer(loop, &alarms[i].timer, now + 1 + (uint64_t)rand_r(&seed) % 30);
        else
            event_clear_timer(loop, &alarms[i].timer);
    }
    run_until(now + 40);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(alarms[i].fired, wanted[i]);
        expected += wanted[i];
    }
    assert_int_equal(fired_in_all, expected);
    assert_int_equal(out_of_order, 0);
    assert_int_equal(fired_early, 0);
}

static void clearing_a_timer_that_is_not_set_does_nothing(void **state)
{
    struct alarm a = {.timer.fire = note}, b = {.timer.fire = note};
    (void)state;
    begin_notes();
    event_set_timer(loop, &a.timer, event_now(loop) + 1);
    event_clear_timer(loop, &b.timer);
    event_clear_timer(loop, &a.timer);
    event_clear_timer(loop, &a.timer);
    run_until(event_now(loop) + 5);
    assert_int_equal(a.fired + b.fired, 0);
}

static struct alarm other;

static void clear_other(struct event_timer *t, uint64_t now)
{
    (void)t;
    (void)now;
    event_clear_timer(loop, &other.timer);
}

static void a_timer_cleared_by_one_that_fires_with_it_does_not_fire(void **state)
{
    (void)state;
    begin_notes();
    uint64_t now = event_now(loop);
    struct event_timer first = {.fire = clear_other};
    other = (struct alarm){.timer.fire = note};
    event_set_timer(loop, &first, now + 2);
    event_set_timer(loop, &other.timer, now + 3);
    usleep(5000); /* both are due when the loop looks first */
    run_until(now + 10);
    assert_int_equal(other.fired, 0);
}

static unsigned rung;

static void ring_again(struct event_timer *t, uint64_t now)
{
    if (++rung < 5)
        event_set_timer(loop, t, now + 1);
    else
        event_stop(loop);
}

static void a_stopped_loop_runs_again_and_one_stopped_before_returns(void **state)
{
    struct alarm a = {.timer.fire = note, .is_last = true};
    (void)state;
    begin_notes();
    for (unsigned i = 1; i <= 2; i++) {
        event_set_timer(loop, &a.timer, event_now(loop) + 1);
        assert_int_equal(event_run(loop), STATUS_OK);
        assert_int_equal(a.fired, i);
    }
    event_set_timer(loop, &a.timer, event_now(loop));
    event_stop(loop);
    assert_int_equal(event_run(loop), STATUS_OK);
    assert_int_equal(a.fired, 2);
    event_clear_timer(loop, &a.timer);
}

static void a_timer_may_set_itself_again(void **state)
{
    struct event_timer t = {.fire = ring_again};
    (void)state;
    rung = 0;
    event_set_timer(loop, &t, event_now(loop));
    assert_int_equal(event_run(loop), STATUS_OK);
    assert_int_equal(rung, 5);
}

static unsigned turns;

static void stop_soon(void *context)
{
    (void)context;
    if (++turns >= 3)
        event_stop(loop);
}

static void ring_at_once(struct event_timer *t, uint64_t now)
{
    if (++rung < 1000)
        event_set_timer(loop, t, now);
}

static void a_timer_set_again_for_now_waits_for_the_next_turn(void **state)
{
    struct event_timer t = {.fire = ring_at_once};
    (void)state;
    rung = turns = 0;
    event_set_after_turn(loop, stop_soon, NULL);
    event_set_timer(loop, &t, event_now(loop));
    assert_int_equal(event_run(loop), STATUS_OK);
    assert_int_equal(rung, 3);
}

/* ---- sources ---- */

struct watched {
    struct event_source source;
    unsigned given;
    uint32_t last;
    struct watched *drops; /* what it takes from the loop when it is given something */
    bool by_forgetting, ends_loop;
};

static void given(struct event_source *source, uint32_t events)
{
    struct watched *w = (struct watched *)source;
    w->given++;
    w->last = events;
    if (w->drops && w->by_forgetting) {
        close(w->drops->source.descriptor);
        event_forget(loop, &w->drops->source);
    } else if (w->drops) {
        event_remove(loop, &w->drops->source);
    }
    if (w->ends_loop)
        event_stop(loop);
}

static struct watched watch(int descriptor, uint32_t interest)
{
    return (struct watched){.source = {descriptor, interest, given}};
}

static void end_turn(void *context)
{
    (void)context;
    event_stop(loop);
}

static void run_one_turn(void)
{
    event_set_after_turn(loop, end_turn, NULL);
    struct alarm t = {.timer.fire = note};
    event_set_timer(loop, &t.timer, event_now(loop));
    assert_int_equal(event_run(loop), STATUS_OK);
}

/* Of two that are ready in the same turn, the first one given takes the other away. */
static void no_stale_event(bool by_forgetting)
{
    struct watched a = watch(eventfd(1, EFD_NONBLOCK), EVENT_READ);
    struct watched b = watch(eventfd(1, EFD_NONBLOCK), EVENT_READ);
    a.drops = &b;
    b.drops = &a;
    a.by_forgetting = b.by_forgetting = by_forgetting;
    assert_int_equal(event_add(loop, &a.source), STATUS_OK);
    assert_int_equal(event_add(loop, &b.source), STATUS_OK);
    run_one_turn();
    assert_int_equal(a.given + b.given, 1);
    if (!by_forgetting || a.given)
        close(a.source.descriptor);
    if (!by_forgetting || b.given)
        close(b.source.descriptor);
}

static void a_source_removed_during_a_turn_gets_no_event_of_it(void **state)
{
    (void)state;
    no_stale_event(false);
}

static void a_source_forgotten_during_a_turn_gets_no_event_of_it(void **state)
{
    (void)state;
    no_stale_event(true);
}

static void a_source_may_remove_itself(void **state)
{
    struct watched a = watch(eventfd(1, EFD_NONBLOCK), EVENT_READ);
    (void)state;
    a.drops = &a;
    assert_int_equal(event_add(loop, &a.source), STATUS_OK);
    run_one_turn();
    assert_int_equal(a.given, 1);
    close(a.source.descriptor);
}

/* Each turn's event stops the loop; the next loop, with the next interest, tells what comes. */
static void only_what_was_asked_for_is_given(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    static const uint32_t interests[] = {EVENT_READ, EVENT_WRITE, EVENT_READ | EVENT_WRITE, 0};
    for (size_t i = 0; i < 4; i++) {
        struct watched w = watch(ends[0], interests[i]);
        assert_int_equal(event_add(loop, &w.source), STATUS_OK);
        run_one_turn();
        assert_int_equal(w.given, interests[i] != 0);
        assert_int_equal(w.last, interests[i]);
        event_remove(loop, &w.source);
        event_loop_free(loop);
        assert_int_equal(event_loop_new(&loop), STATUS_OK);
    }
    close(ends[0]);
    close(ends[1]);
}

static void a_changed_interest_holds_from_then_on(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct watched w = watch(ends[0], 0);
    assert_int_equal(event_add(loop, &w.source), STATUS_OK);
    assert_int_equal(write(ends[1], "x", 1), 1);
    event_set_interest(loop, &w.source, EVENT_WRITE);
    event_set_interest(loop, &w.source, EVENT_READ);
    run_one_turn();
    assert_int_equal(w.last, EVENT_READ);
    event_remove(loop, &w.source);
    close(ends[0]);
    close(ends[1]);
}

static void a_hangup_is_told_to_one_who_asked_for_nothing(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct watched w = watch(ends[0], 0);
    assert_int_equal(event_add(loop, &w.source), STATUS_OK);
    close(ends[1]);
    run_one_turn();
    assert_int_equal(w.given, 1);
    assert_int_equal(w.last, EVENT_HANGUP);
    event_remove(loop, &w.source);
    close(ends[0]);
}

static void an_exclusive_source_is_served_and_a_bad_descriptor_refused(void **state)
{
    (void)state;
    struct watched a = watch(eventfd(1, EFD_NONBLOCK), EVENT_READ | EVENT_EXCLUSIVE);
    assert_int_equal(event_add(loop, &a.source), STATUS_OK);
    run_one_turn();
    assert_int_equal(a.given, 1);
    assert_int_equal(a.last, EVENT_READ);
    event_remove(loop, &a.source);
    close(a.source.descriptor);
    assert_int_equal(event_add(loop, &a.source), STATUS_IO);
}

static void after_a_stop_no_further_event_of_the_turn_is_given(void **state)
{
    struct watched a = watch(eventfd(1, EFD_NONBLOCK), EVENT_READ);
    struct watched b = watch(eventfd(1, EFD_NONBLOCK), EVENT_READ);
    (void)state;
    a.ends_loop = b.ends_loop = true;
    assert_int_equal(event_add(loop, &a.source), STATUS_OK);
    assert_int_equal(event_add(loop, &b.source), STATUS_OK);
    assert_int_equal(event_run(loop), STATUS_OK);
    assert_int_equal(a.given + b.given, 1);
    close(a.source.descriptor);
    close(b.source.descriptor);
}

static unsigned given_by_end_of_turn;

static void look_and_end(void *context)
{
    given_by_end_of_turn = ((struct watched *)context)->given;
    turns++;
    event_stop(loop);
}

static void after_turn_is_called_once_when_events_and_timers_are_served(void **state)
{
    struct watched a = watch(eventfd(1, EFD_NONBLOCK), EVENT_READ);
    struct alarm t = {.timer.fire = note};
    (void)state;
    begin_notes();
    turns = 0;
    assert_int_equal(event_add(loop, &a.source), STATUS_OK);
    event_set_timer(loop, &t.timer, event_now(loop));
    event_set_after_turn(loop, look_and_end, &a);
    assert_int_equal(event_run(loop), STATUS_OK);
    assert_int_equal(turns, 1);
    assert_int_equal(given_by_end_of_turn, 1);
    assert_int_equal(t.fired, 1);
    event_remove(loop, &a.source);
    close(a.source.descriptor);
}

static unsigned busy;

static void count_ready(struct event_source *source, uint32_t events)
{
    (void)source;
    (void)events;
    busy = event_ready_count(loop);
}

static void more_ready_sources_than_one_turn_holds_are_all_served(void **state)
{
    enum { MANY = 300 };
    static struct watched w[MANY];
    int fd = eventfd(1, EFD_NONBLOCK);
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        w[i] = watch(fcntl(fd, F_DUPFD_CLOEXEC, 3), EVENT_READ);
        assert_int_equal(event_add(loop, &w[i].source), STATUS_OK);
    }
    turns = 0;
    event_set_after_turn(loop, stop_soon, NULL);
    assert_int_equal(event_run(loop), STATUS_OK);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(w[i].given > 0);
        event_remove(loop, &w[i].source);
        close(w[i].source.descriptor);
    }
    close(fd);
}

static void ready_count_tells_how_busy_the_turn_is(void **state)
{
    struct event_source s[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        s[i] = (struct event_source){eventfd(1, EFD_NONBLOCK), EVENT_READ, count_ready};
        assert_int_equal(event_add(loop, &s[i]), STATUS_OK);
    }
    run_one_turn();
    assert_int_equal(busy, 3);
    for (size_t i = 0; i < 3; i++)
        close(s[i].descriptor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(timers_fire_in_order_once_and_never_early),
        TEST(moved_timers_fire_at_their_last_time_and_cleared_ones_never),
        TEST(clearing_a_timer_that_is_not_set_does_nothing),
        TEST(a_timer_cleared_by_one_that_fires_with_it_does_not_fire),
        TEST(a_stopped_loop_runs_again_and_one_stopped_before_returns),
        TEST(a_timer_may_set_itself_again),
        TEST(a_timer_set_again_for_now_waits_for_the_next_turn),
        TEST(a_source_removed_during_a_turn_gets_no_event_of_it),
        TEST(a_source_forgotten_during_a_turn_gets_no_event_of_it),
        TEST(a_source_may_remove_itself),
        TEST(only_what_was_asked_for_is_given),
        TEST(a_changed_interest_holds_from_then_on),
        TEST(a_hangup_is_told_to_one_who_asked_for_nothing),
        TEST(an_exclusive_source_is_served_and_a_bad_descriptor_refused),
        TEST(after_a_stop_no_further_event_of_the_turn_is_given),
        TEST(after_turn_is_called_once_when_events_and_timers_are_served),
        TEST(more_ready_sources_than_one_turn_holds_are_all_served),
        TEST(ready_count_tells_how_busy_the_turn_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
