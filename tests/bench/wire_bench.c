/* How many gigabytes a second of stored mail are measured and framed, wide and scalar. */
#include "codec/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Small enough for the second-level cache, so that the loops are seen and not the memory. */
enum { CORPUS = 256 * 1024, ROUNDS = 2000, LINE = 76, RECORD = 16384 };

static char stored[CORPUS];
static char framed[CORPUS * WIRE_EXPANSION + WIRE_END_MAX];

struct corpus {
    const char *name;
    const char *line_end;
    size_t line; /* octets before the end; 0: random lengths up to LINE */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(const struct corpus *c)
{
    size_t end = strlen(c->line_end);
    size_t n = 0;
    srand(1);
    while (n < CORPUS) {
        size_t size = c->line ? c->line : (size_t)rand() % LINE;
        for (size_t i = 0; i < size && n < CORPUS; i++)
            stored[n++] = (char)('A' + rand() % 26);
        for (size_t i = 0; i < end && n < CORPUS; i++)
            stored[n++] = c->line_end[i];
    }
}

static double gigabytes(double begun, int rounds)
{
    return (double)CORPUS * rounds / (now() - begun) / 1e9;
}

static double time_measure(void (*feed)(struct wire_measure *, struct slice), int rounds)
{
    double begun = now();
    struct wire_measure m;
    wire_measure_init(&m);
    for (int i = 0; i < rounds; i++)
        feed(&m, slice_of(stored, CORPUS));
    return gigabytes(begun, rounds);
}

static double time_stuff(size_t (*stuff)(struct wire_stuffer *, struct slice *, char *, size_t),
                         size_t window, int rounds)
{
    double begun = now();
    for (int i = 0; i < rounds; i++) {
        struct wire_stuffer w;
        struct slice rest = slice_of(stored, CORPUS);
        wire_stuffer_init(&w);
        while (rest.size > 0)
            (void)stuff(&w, &rest, framed, window);
    }
    return gigabytes(begun, rounds);
}

int main(void)
{
    static const struct corpus corpora[] = {
        {"LF, 76", "\n", LINE},
        {"CRLF, 76", "\r\n", LINE},
        {"LF, random", "\n", 0},
        {"dots, 76", "\n.", LINE},
    };
    printf("%-12s %8s %8s %8s %8s %8s  (GB/s of stored mail)\n", "", "measure", "scalar", "stuff",
           "by 16 K", "scalar");
    for (size_t i = 0; i < sizeof corpora / sizeof *corpora; i++) {
        fill(&corpora[i]);
        printf("%-12s %8.2f %8.2f %8.2f %8.2f %8.2f\n", corpora[i].name,
               time_measure(wire_measure_feed, ROUNDS),
               time_measure(wire_measure_feed_scalar, ROUNDS / 20),
               time_stuff(wire_stuff, sizeof framed, ROUNDS),
               time_stuff(wire_stuff, RECORD, ROUNDS),
               time_stuff(wire_stuff_scalar, sizeof framed, ROUNDS / 20));
    }
    return 0;
}
