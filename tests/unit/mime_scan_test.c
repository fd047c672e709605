/* The wide scans against the scalar one, and that against a loop that a reader can check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mime/mime_scan.h"

enum { SIZE = 2500, ROUNDS = 400 };

static const enum mime_scan_stop stops[] = {MIME_SCAN_LF, MIME_SCAN_DASHES, MIME_SCAN_NOTHING};

static size_t wide(struct mime_scan *s, struct slice data, enum mime_scan_stop stop)
{
    if (stop == MIME_SCAN_LF)
        return mime_scan_line(s, data);
    if (stop == MIME_SCAN_DASHES)
        return mime_scan_body(s, data);
    mime_scan_rest(s, data);
    return data.size;
}

typedef size_t scan_function(struct mime_scan *, struct slice, enum mime_scan_stop);

static scan_function *const twins[] = {
    mime_scan_scalar,
    wide,
#if defined(__x86_64__)
    mime_scan_sse2,
#endif
};

static void first(uint64_t *of, uint64_t at)
{
    if (*of == MIME_SCAN_NONE)
        *of = at;
}

/* What the first n octets tell, one by one. */
static struct mime_scan plainly(struct slice text, bool with_high)
{
    struct mime_scan s;
    mime_scan_init(&s);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool cr = i > 0 && text.data[i - 1] == '\r';
        if (c == '\0')
            first(&s.nul, i);
        if (with_high && (unsigned char)c > 127)
            first(&s.high, i);
        if (cr && c != '\n')
            first(&s.bare_cr, i - 1);
        if (c == '\n' && !cr)
            first(&s.bare_lf, i);
        if (c != '\n')
            continue;
        if (i - s.line - cr > MIME_SCAN_LINE_MAX)
            first(&s.long_line, s.line);
        s.has_crlf |= cr;
        s.line = i + 1;
        s.line_end = cr ? 2 : 1;
    }
    s.after_cr = text.size && text.data[text.size - 1] == '\r';
    s.offset = text.size;
    return s;
}

static void assert_same(const struct mime_scan *a, const struct mime_scan *b)
{
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->line, b->line);
    assert_int_equal(a->nul, b->nul);
    assert_int_equal(a->bare_cr, b->bare_cr);
    assert_int_equal(a->bare_lf, b->bare_lf);
    assert_int_equal(a->long_line, b->long_line);
    assert_int_equal(a->high, b->high);
    assert_int_equal(a->has_crlf, b->has_crlf);
    assert_int_equal(a->after_cr, b->after_cr);
    assert_int_equal(a->line_end, b->line_end);
}

/* Random octets in which those that matter are frequent, or rare enough for long lines. */
static void fill(char text[SIZE], int rarity)
{
    static const char odd[] = "\n\n\r\r\n--\0\xff";
    for (int i = 0; i < SIZE; i++)
        text[i] = rand() % rarity == 0 ? odd[(size_t)rand() % (sizeof odd - 1)] : 'x';
}

/* Until all is taken: where the scan stops a line is taken as the parser does. */
static void run(scan_function *scan, struct mime_scan *s, struct slice text,
                enum mime_scan_stop stop)
{
    while (text.size > 0) {
        size_t piece = 1 + (size_t)rand() % 200;
        piece = piece < text.size ? piece : text.size;
        size_t n = scan(s, slice_take(text, piece), stop);
        assert_true(n <= piece);
        if (n < piece && stop == MIME_SCAN_DASHES) {
            assert_true(text.data[n] == '-' && s->offset == s->line);
            n += scan(s, slice_take(slice_skip(text, n), 1), MIME_SCAN_NOTHING);
        }
        text = slice_skip(text, n);
    }
}

static void every_twin_tells_what_a_plain_loop_tells(void **state)
{
    static char text[SIZE];
    srand(4);
    for (int round = 0; round < ROUNDS; round++) {
        fill(text, round % 3 == 0 ? 3 : round % 3 == 1 ? 40 : 900);
        for (size_t t = 0; t < sizeof twins / sizeof *twins; t++) {
            enum mime_scan_stop stop = stops[round % 3 == 0 ? 0 : rand() % 3];
            struct mime_scan s, want = plainly(slice_of(text, SIZE), stop == MIME_SCAN_LF);
            mime_scan_init(&s);
            run(twins[t], &s, slice_of(text, SIZE), stop);
            assert_same(&s, &want);
        }
    }
}

static void a_line_is_taken_with_its_end_and_no_further(void **state)
{
    static char text[300];
    for (size_t at = 0; at < 200; at++) {
        memset(text, 'x', sizeof text);
        text[at] = '\n';
        for (size_t t = 0; t < sizeof twins / sizeof *twins; t++) {
            struct mime_scan s;
            mime_scan_init(&s);
            assert_int_equal(twins[t](&s, slice_of(text, sizeof text), MIME_SCAN_LF), at + 1);
        }
    }
}

static void a_body_is_taken_up_to_a_line_of_dashes(void **state)
{
    static char text[300];
    for (size_t at = 0; at < 200; at++) {
        memset(text, '-', at);
        memset(text + at, 'x', sizeof text - at);
        if (at > 0)
            text[0] = 'x';
        memcpy(text + at, "x-\n-x\n--x", 9);
        for (size_t t = 0; t < sizeof twins / sizeof *twins; t++) {
            struct mime_scan s;
            mime_scan_init(&s);
            size_t n = twins[t](&s, slice_of(text, sizeof text), MIME_SCAN_DASHES);
            /* A dash that ends a block is looked at by the parser. */
            assert_true(n == at + 6 || (n == at + 3 && n % 64 == 63));
        }
    }
}

static void what_the_end_makes_odd_is_told(void **state)
{
    static char text[1200];
    memset(text, 'x', sizeof text);
    text[1199] = '\r';
    struct mime_scan s;
    mime_scan_init(&s);
    mime_scan_rest(&s, slice_of(text, sizeof text));
    assert_int_equal(s.bare_cr, MIME_SCAN_NONE);
    assert_int_equal(s.long_line, MIME_SCAN_NONE);
    mime_scan_end(&s);
    assert_int_equal(s.bare_cr, 1199);
    assert_int_equal(s.long_line, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_twin_tells_what_a_plain_loop_tells),
        cmocka_unit_test(a_line_is_taken_with_its_end_and_no_further),
        cmocka_unit_test(a_body_is_taken_up_to_a_line_of_dashes),
        cmocka_unit_test(what_the_end_makes_odd_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
