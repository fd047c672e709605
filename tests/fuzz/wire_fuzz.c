/* The first octet chooses pieces and room, the rest is a stored message. The wide loops must give
 * what the scalar ones give, and what was framed must not hold a terminator before its end. */
#include "codec/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static size_t frame_whole(struct slice stored, char *out, size_t room, uint64_t *octets)
{
    struct wire_stuffer w;
    wire_stuffer_init(&w);
    size_t n = wire_stuff_scalar(&w, &stored, out, room);
    must(stored.size == 0);
    n += wire_stuff_end(&w, out + n);
    *octets = w.octets;
    return n;
}

static size_t frame_in_pieces(struct slice stored, char *out, size_t piece)
{
    struct wire_stuffer w;
    wire_stuffer_init(&w);
    size_t n = 0;
    while (stored.size > 0) {
        struct slice part = slice_take(stored, piece < stored.size ? piece : stored.size);
        stored = slice_skip(stored, part.size);
        while (part.size > 0)
            n += wire_stuff(&w, &part, out + n, piece + WIRE_EXPANSION);
    }
    return n + wire_stuff_end(&w, out + n);
}

static void measure_agrees(struct slice stored, uint64_t octets, size_t piece)
{
    struct wire_measure wide;
    struct wire_measure scalar;
    wire_measure_init(&wide);
    wire_measure_init(&scalar);
    wire_measure_feed_scalar(&scalar, stored);
    for (; stored.size > piece; stored = slice_skip(stored, piece))
        wire_measure_feed(&wide, slice_take(stored, piece));
    wire_measure_feed(&wide, stored);
    wire_measure_end(&wide);
    wire_measure_end(&scalar);
    must(wide.octets == octets && scalar.octets == octets && wide.needs == scalar.needs);
}

static void ends_once(struct slice framed)
{
    static const char end[] = "\r\n.\r\n";
    must(!slice_starts(framed, SLICE(".\r\n")));
    const char *found = (const char *)memmem(framed.data, framed.size, end, sizeof end - 1);
    must(found == framed.data + framed.size - (sizeof end - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t piece = data[0] + 1U;
    struct slice stored = slice_of(data + 1, size - 1);
    size_t room = stored.size * WIRE_EXPANSION + piece + 2 * (size_t)WIRE_END_MAX;
    char *whole = (char *)malloc(room);
    char *pieces = (char *)malloc(room);
    must(whole != NULL && pieces != NULL);
    uint64_t octets;
    size_t n = frame_whole(stored, whole, room, &octets);
    must(frame_in_pieces(stored, pieces, piece) == n && memcmp(whole, pieces, n) == 0);
    measure_agrees(stored, octets, piece);
    ends_once(slice_of(whole, n));
    free(whole);
    free(pieces);
    return 0;
}
