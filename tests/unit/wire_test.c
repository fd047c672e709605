#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/wire_simd.h"

enum { INPUT_MAX = 600, FRAMED_MAX = 3 * INPUT_MAX + WIRE_END_MAX };

struct framed {
    char data[FRAMED_MAX];
    size_t size;
    uint64_t octets;
};

typedef size_t stuff_function(struct wire_stuffer *, struct slice *, char *, size_t);
typedef void measure_function(struct wire_measure *, struct slice);

/* Every way there is on this processor; the scalar one is what the others are held against. */
static const struct {
    measure_function *measure;
    stuff_function *stuff;
} twins[] = {
    {wire_measure_feed_scalar, wire_stuff_scalar},
    {wire_measure_feed, wire_stuff},
#if defined(__x86_64__)
    {wire_measure_feed_sse2, wire_stuff_sse2},
#endif
};
enum { TWINS = sizeof twins / sizeof *twins };

/* Frames the input in pieces of `piece` octets through a window of `room` octets. The pieces are
 * copies of their own size, so that reading past one is seen. */
static struct framed frame(stuff_function *stuff, struct slice input, size_t piece, size_t room)
{
    struct framed f = {.size = 0};
    struct wire_stuffer w;
    wire_stuffer_init(&w);
    while (input.size > 0) {
        size_t size = piece < input.size ? piece : input.size;
        char *copy = (char *)malloc(size);
        char *window = (char *)malloc(room);
        assert_true(copy != NULL && window != NULL);
        memcpy(copy, input.data, size);
        struct slice rest = slice_of(copy, size);
        while (rest.size > 0) {
            size_t n = stuff(&w, &rest, window, room);
            assert_true(n > 0 && f.size + n <= sizeof f.data);
            assert_true(rest.size == 0 || room - n < WIRE_EXPANSION);
            memcpy(f.data + f.size, window, n);
            f.size += n;
        }
        free(copy);
        free(window);
        input = slice_skip(input, size);
    }
    f.size += wire_stuff_end(&w, f.data + f.size);
    f.octets = w.octets;
    return f;
}

static struct wire_measure measure(measure_function *feed, struct slice input, size_t piece)
{
    struct wire_measure m;
    wire_measure_init(&m);
    while (input.size > 0) {
        size_t size = piece < input.size ? piece : input.size;
        char *copy = (char *)malloc(size);
        assert_non_null(copy);
        memcpy(copy, input.data, size);
        feed(&m, slice_of(copy, size));
        free(copy);
        input = slice_skip(input, size);
    }
    wire_measure_end(&m);
    return m;
}

static void assert_framed(const char *stored, const char *wanted)
{
    struct slice input = slice_str(stored);
    struct slice expected = slice_str(wanted);
    for (size_t i = 0; i < TWINS; i++) {
        struct framed f = frame(twins[i].stuff, input, INPUT_MAX, FRAMED_MAX);
        assert_int_equal(f.size, expected.size);
        assert_memory_equal(f.data, expected.data, expected.size);
    }
}

static void s41_first_octet_dot_is_stuffed(void **state)
{
    (void)state;
    assert_framed(".\r\n", "..\r\n.\r\n");
    assert_framed(".", "..\r\n.\r\n");
    assert_framed("..", "...\r\n.\r\n");
}

static void s41_dot_is_stuffed_after_crlf_and_after_bare_lf(void **state)
{
    (void)state;
    assert_framed("a\r\n.b\r\n", "a\r\n..b\r\n.\r\n");
    assert_framed("a\n.b\n", "a\r\n..b\r\n.\r\n");
    assert_framed("a\n.\n.\n", "a\r\n..\r\n..\r\n.\r\n");
    assert_framed("a.b\n", "a.b\r\n.\r\n");
}

static void s42_lf_becomes_crlf_and_crlf_stays(void **state)
{
    (void)state;
    assert_framed("a\nb\r\nc\n", "a\r\nb\r\nc\r\n.\r\n");
    assert_framed("\n\n", "\r\n\r\n.\r\n");
    assert_framed("\r\n\n", "\r\n\r\n.\r\n");
}

static void s42_lone_cr_is_data(void **state)
{
    (void)state;
    assert_framed("a\rb\r\n", "a\rb\r\n.\r\n");
    assert_framed("\r\r\n", "\r\r\n.\r\n");
    assert_framed("\r.\r", "\r.\r\r\n.\r\n");
}

static void s42_a29_nul_and_8_bit_octets_pass(void **state)
{
    char input[256 * 2];
    (void)state;
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (char)(i == '\n' || i == 256 + '\n' ? 'x' : i);
    struct framed f = frame(wire_stuff, slice_of(input, sizeof input), INPUT_MAX, FRAMED_MAX);
    assert_int_equal(f.size, sizeof input + WIRE_END_MAX);
    assert_memory_equal(f.data, input, sizeof input);
}

static void s40_missing_end_is_added_and_counted(void **state)
{
    (void)state;
    assert_framed("", "\r\n.\r\n");
    assert_framed("a", "a\r\n.\r\n");
    assert_framed("a\r", "a\r\r\n.\r\n");
    assert_int_equal(measure(wire_measure_feed, SLICE(""), 1).octets, 2);
    assert_int_equal(measure(wire_measure_feed, SLICE("a"), 1).octets, 3);
    assert_int_equal(measure(wire_measure_feed, SLICE("a\r"), 1).octets, 4);
    assert_int_equal(measure(wire_measure_feed, SLICE("a\n"), 1).octets, 3);
    assert_int_equal(measure(wire_measure_feed, SLICE("a\r\n"), 1).octets, 3);
    assert_int_equal(measure(wire_measure_feed, SLICE("..\n"), 1).octets, 4);
}

static void needs_say_what_is_missing(void **state)
{
    (void)state;
    assert_int_equal(measure(wire_measure_feed, SLICE("a\r\nb\r\n"), 9).needs, 0);
    assert_int_equal(measure(wire_measure_feed, SLICE("a\nb\r\n"), 9).needs, WIRE_NEEDS_CRLF);
    assert_int_equal(measure(wire_measure_feed, SLICE("a\r\n.b\r\n"), 9).needs, WIRE_NEEDS_DOTS);
    assert_int_equal(measure(wire_measure_feed, SLICE("a\r\nb"), 9).needs, WIRE_NEEDS_END);
    assert_int_equal(measure(wire_measure_feed, SLICE(""), 9).needs, WIRE_NEEDS_END);
    assert_int_equal(measure(wire_measure_feed, SLICE(".\n."), 9).needs,
                     WIRE_NEEDS_CRLF | WIRE_NEEDS_DOTS | WIRE_NEEDS_END);
}

/* A small generator of its own, so that a failure can be had again. */
static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Octets from an alphabet; "\r\n.a" is as dense as it gets. */
static struct slice random_input(uint32_t *seed, const char *alphabet, char *to, size_t size)
{
    size_t letters = strlen(alphabet);
    for (size_t i = 0; i < size; i++)
        to[i] = alphabet[next_random(seed) % letters];
    return slice_of(to, size);
}

static const char *const alphabets[] = {
    "\r\n.a",
    "\n",
    ".\n",
    "\r\n",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n",
    "abcdefghijklmnopqrstuvwxyz....\r\r\n\n",
};
enum { ALPHABETS = sizeof alphabets / sizeof *alphabets };

static void assert_twins_agree(struct slice input, size_t piece, size_t room)
{
    struct framed want = frame(wire_stuff_scalar, input, INPUT_MAX, FRAMED_MAX);
    struct wire_measure measured = measure(wire_measure_feed_scalar, input, INPUT_MAX);
    assert_int_equal(measured.octets, want.octets);
    for (size_t i = 0; i < TWINS; i++) {
        struct framed got = frame(twins[i].stuff, input, piece, room);
        assert_int_equal(got.size, want.size);
        assert_memory_equal(got.data, want.data, want.size);
        assert_int_equal(got.octets, want.octets);
        struct wire_measure m = measure(twins[i].measure, input, piece);
        assert_int_equal(m.octets, want.octets);
        assert_int_equal(m.needs, measured.needs);
    }
}

static void twins_agree_on_all_sizes(void **state)
{
    char input[INPUT_MAX];
    uint32_t seed = 1;
    (void)state;
    for (size_t size = 0; size < 300; size++)
        for (size_t a = 0; a < ALPHABETS; a++)
            assert_twins_agree(random_input(&seed, alphabets[a], input, size), INPUT_MAX,
                               FRAMED_MAX);
}

static void any_split_and_any_room_give_the_same(void **state)
{
    char input[INPUT_MAX];
    uint32_t seed = 7;
    (void)state;
    for (size_t piece = 1; piece < 270; piece++)
        for (size_t a = 0; a < ALPHABETS; a++) {
            size_t room = WIRE_EXPANSION + next_random(&seed) % 400;
            assert_twins_agree(random_input(&seed, alphabets[a], input, INPUT_MAX), piece, room);
        }
}

/* What the message is, said without looking at how wire.c does it. */
static size_t canonical(struct slice stored, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < stored.size; i++) {
        if (stored.data[i] == '\n' && (i == 0 || stored.data[i - 1] != '\r'))
            out[n++] = '\r';
        out[n++] = stored.data[i];
    }
    if (n < 2 || out[n - 1] != '\n') {
        out[n++] = '\r';
        out[n++] = '\n';
    }
    return n;
}

/* How a client finds the end of a line. */
enum leniency {
    STRICT,     /* CRLF */
    LF_LENIENT, /* LF, a CR before it is dropped */
    CR_LENIENT, /* LF, all the CRs before it are dropped */
};

static size_t line_end(struct slice s, enum leniency how)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] == '\n' && (how != STRICT || (i > 0 && s.data[i - 1] == '\r')))
            return i + 1;
    return s.size;
}

static bool is_terminator(struct slice line, enum leniency how)
{
    if (how == STRICT)
        return slice_equal(line, SLICE(".\r\n"));
    if (line.size < 2 || line.data[0] != '.')
        return false;
    size_t crs = line.size - 2;
    if (how == LF_LENIENT && crs > 1)
        return false;
    for (size_t i = 1; i <= crs; i++)
        if (line.data[i] != '\r')
            return false;
    return true;
}

/* Undoes the framing; *used is where the decoder believes that the message is over. */
static size_t decode(struct slice framed, enum leniency how, char *out, size_t *used)
{
    size_t n = 0;
    *used = 0;
    while (framed.size > 0) {
        struct slice line = slice_take(framed, line_end(framed, how));
        framed = slice_skip(framed, line.size);
        *used += line.size;
        if (is_terminator(line, how))
            break;
        if (line.data[0] == '.')
            line = slice_skip(line, 1);
        memcpy(out + n, line.data, line.size);
        n += line.size;
    }
    return n;
}

static void assert_no_early_end(struct slice input)
{
    char plain[FRAMED_MAX];
    char wanted[FRAMED_MAX];
    struct framed f = frame(wire_stuff, input, INPUT_MAX, FRAMED_MAX);
    size_t wanted_size = canonical(input, wanted);
    for (enum leniency how = STRICT; how <= CR_LENIENT; how++) {
        size_t used;
        size_t n = decode(slice_of(f.data, f.size), how, plain, &used);
        assert_int_equal(used, f.size);
        assert_int_equal(n, wanted_size);
        assert_memory_equal(plain, wanted, n);
    }
    assert_int_equal(f.octets, wanted_size);
}

static void a28_strict_decode_is_canonical_and_no_decoder_ends_early(void **state)
{
    static const char *const bodies[] = {
        "x\n.\ny\n", "x\r.\ry\n", "x\r\n.\r\ny\r\n", ".\n", "..\n", "x", "x\r", "x\n.\r\r\ny",
        "x\n.\r",    "\n.",       "\r\n.\r",         ".",   "\r",   "",  "\n",  ".\r.\r\n.\n",
    };
    char input[INPUT_MAX];
    uint32_t seed = 3;
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_no_early_end(slice_str(bodies[i]));
    for (size_t i = 0; i < 4000; i++)
        assert_no_early_end(random_input(&seed, alphabets[i % ALPHABETS], input, i % 200));
}

static void a28_dot_at_every_border_of_a_buffer(void **state)
{
    char input[INPUT_MAX];
    (void)state;
    for (size_t at = 1; at < 300; at++) {
        memset(input, 'x', 400);
        memcpy(input + at - 1, "\n.\n", 3);
        assert_no_early_end(slice_of(input, 400));
        assert_twins_agree(slice_of(input, 400), at, FRAMED_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s40_missing_end_is_added_and_counted),
        cmocka_unit_test(s41_first_octet_dot_is_stuffed),
        cmocka_unit_test(s41_dot_is_stuffed_after_crlf_and_after_bare_lf),
        cmocka_unit_test(s42_lf_becomes_crlf_and_crlf_stays),
        cmocka_unit_test(s42_lone_cr_is_data),
        cmocka_unit_test(s42_a29_nul_and_8_bit_octets_pass),
        cmocka_unit_test(needs_say_what_is_missing),
        cmocka_unit_test(twins_agree_on_all_sizes),
        cmocka_unit_test(any_split_and_any_room_give_the_same),
        cmocka_unit_test(a28_strict_decode_is_canonical_and_no_decoder_ends_early),
        cmocka_unit_test(a28_dot_at_every_border_of_a_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
