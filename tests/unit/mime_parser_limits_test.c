/* What hostile mail may cost: limits leave the rest as one body and say so, steps are counted and
 * stay proportional to the octets, memory is the arena's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mime/mime_machine.h"

enum { LARGE = 25 << 20, ARENA = 32 << 20, SMALL = 1 << 16 };

static char *message, *memory;
static struct buf text;
static struct mime_parser parser;
static struct arena arena;
static struct mime_limits limits;

static int set_up(void **state)
{
    message = malloc(LARGE);
    memory = malloc(ARENA);
    return message && memory ? 0 : -1;
}

static int tear_down(void **state)
{
    free(message);
    free(memory);
    return 0;
}

static void begin(size_t size)
{
    text = buf_over(message, size);
    limits = mime_limits_default();
}

static void put(const char *s)
{
    buf_put_str(&text, s);
}

/* As often as it fits. */
static void put_all(const char *unit)
{
    struct slice s = slice_str(unit);
    while (buf_put(&text, s)) {
    }
}

static void parse_in(size_t room)
{
    arena = arena_over(memory, room);
    assert_int_equal(mime_parser_init(&parser, &arena, &limits), STATUS_OK);
    mime_parser_feed(&parser, buf_slice(&text));
    mime_parser_end(&parser);
}

static void parse(void)
{
    parse_in(ARENA);
}

static bool has(enum mime_defect_code code)
{
    for (uint32_t i = 0; i < parser.defect_count; i++) {
        if (parser.defects[i].code == code)
            return true;
    }
    return false;
}

static const struct mime_part *last(void)
{
    return &parser.parts[parser.count - 1];
}

static void put_nested(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        buf_printf(&text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
}

static void past_the_depth_the_rest_is_one_body(void **state)
{
    begin(SMALL);
    put_nested(0, 150);
    put("\ncore\n--b149--\n--b50\n\nsecond\n");
    parse();
    assert_int_equal(last()->depth, 51);
    assert_true(slice_ends(buf_slice(&text), SLICE("second\n")) && has(MIME_DEFECT_LIMIT_DEPTH));
    const struct mime_part *opaque = &parser.parts[100];
    assert_int_equal(opaque->depth, 100);
    assert_int_equal(opaque->kind, MIME_LEAF);
    assert_true(slice_equal(opaque->type, SLICE("multipart/mixed")));
    assert_int_equal(opaque->children, 0);
}

static void at_the_depth_itself_nothing_is_lost(void **state)
{
    begin(SMALL);
    put_nested(0, 100);
    put("\ncore\n");
    parse();
    assert_int_equal(last()->depth, 100);
    assert_false(has(MIME_DEFECT_LIMIT_DEPTH));
}

static void past_the_parts_the_rest_is_the_last_ones(void **state)
{
    begin(SMALL);
    put("Content-Type: multipart/mixed; boundary=b\n");
    for (int i = 0; i < 10; i++)
        put("\n--b\n\nx");
    put("\n--b--\nend");
    limits.parts = 5;
    parse();
    assert_int_equal(parser.count, 5);
    assert_true(has(MIME_DEFECT_LIMIT_PARTS));
    assert_int_equal(last()->end, text.size);
    assert_false(parser.parts[0].is_closed);
    limits.parts = 11;
    parse();
    assert_false(has(MIME_DEFECT_LIMIT_PARTS));
    assert_true(parser.parts[0].is_closed);
}

static void past_the_header_the_rest_is_body(void **state)
{
    begin(SMALL);
    put("Content-Type: text/html\nX: ");
    while (text.size < 5000)
        put("long ");
    put("\nContent-Type: text/plain\n\nbody");
    limits.header = 1000;
    parse();
    assert_true(has(MIME_DEFECT_LIMIT_HEADER));
    assert_int_equal(last()->body, 1000);
    assert_int_equal(last()->end, text.size);
    assert_true(slice_equal(last()->type, SLICE("text/html")));
}

static void past_the_parameters_the_rest_is_left_out(void **state)
{
    begin(SMALL);
    put("Content-Type: text/plain; a=1; b=2; charset=utf-8\n\n");
    limits.parameters = 3;
    parse();
    assert_false(has(MIME_DEFECT_LIMIT_PARAMETERS));
    assert_true(slice_equal(last()->charset, SLICE("utf-8")));
    limits.parameters = 2;
    parse();
    assert_true(has(MIME_DEFECT_LIMIT_PARAMETERS));
    assert_int_equal(last()->charset.size, 0);
}

static void the_last_defect_says_that_there_were_more(void **state)
{
    begin(SMALL);
    put("Content-Type: multipart/mixed; boundary=b\n");
    put_all("\n--b\nContent-Type: x\n\n");
    limits.defects = 7;
    parse();
    assert_int_equal(parser.defect_count, 7);
    assert_int_equal(parser.defects[5].code, MIME_DEFECT_CONTENT_TYPE);
    assert_int_equal(parser.defects[6].code, MIME_DEFECT_LIMIT_DEFECTS);
}

static void defects_of_decoding_are_added_to_the_same_list(void **state)
{
    begin(SMALL);
    put("A: b\n\n");
    parse();
    mime_parser_add_defect(&parser, MIME_DEFECT_TRANSFER, 0, 9);
    assert_int_equal(parser.defect_count, 1);
    assert_int_equal(parser.defects[0].offset, 9);
}

/* Whatever the arena holds: no part and no octet lies outside, and a lack of memory is said. */
static void any_arena_is_enough_or_says_so(void **state)
{
    begin(SMALL);
    put("Content-Type: multipart/mixed; boundary=b\n");
    for (int i = 0; i < 300; i++)
        put("\n--b\nContent-Type: x/y; charset=utf-8; a*0=1; a*1=2; n=\"\\\"\"\n\nx");
    for (size_t room = 0; room < 250000; room += 397) {
        arena = arena_over(memory, room);
        if (mime_parser_init(&parser, &arena, &limits) != STATUS_OK) {
            assert_true(room < 64 * 1024);
            continue;
        }
        mime_parser_feed(&parser, buf_slice(&text));
        mime_parser_end(&parser);
        assert_true(arena.size <= room && parser.count >= 1);
        assert_true(parser.count == 301 || has(MIME_DEFECT_LIMIT_MEMORY) ||
                    has(MIME_DEFECT_LIMIT_DEFECTS) || has(MIME_DEFECT_LIMIT_PARAMETERS));
        assert_true(last()->end <= text.size);
    }
    assert_int_equal(parser.count, 301);
}

/* A message of `size` octets: a head and as many units as fit. */
struct hostile {
    const char *name, *head, *unit;
};

static const struct hostile hostiles[] = {
    {"lines of dashes", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "--\n"},
    {"near boundaries", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "--a\n"},
    {"parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n\n"},
    {"delimiters", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n"},
    {"nested alike", "", "Content-Type: multipart/a; boundary=b\n\n--b\n"},
    {"messages", "", "Content-Type: message/rfc822\n\n"},
    {"digests", "", "Content-Type: multipart/digest; boundary=b\n\n--b\n\n"},
    {"fields", "", "A:\n"},
    {"no fields", "A: b\n", "x\n"},
    {"dashes in a header", "Content-Type: multipart/mixed; boundary=b\n", "--\n"},
    {"blank lines", "", "\n"},
    {"folded", "Content-Type: x/y;", "\n "},
    {"types", "", "Content-Type: multipart/mixed; boundary=b\n"},
    {"parameters", "Content-Type: x/y", "; a=b"},
    {"quotes", "Content-Type: x/y", "; a=\"b"},
    {"sections", "Content-Type: x/y", "; a*9*=b"},
    {"comments", "Content-Type: x/y", "("},
    {"boundary of parts", "Content-Type: multipart/mixed; boundary=b\n\n",
     "--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n--c--\n"},
    {"one line", "A: b\n\n", "x"},
    {"one line of dashes", "Content-Type: multipart/mixed; boundary=b\n\n", "-"},
    {"carriage returns", "A: b\n\n", "\r"},
    {"dashes behind blank lines", "", "\n\n-"},
};

/* Steps beyond the scan, which takes each octet once. */
static uint64_t work_of(const struct hostile *h, size_t size)
{
    begin(size);
    put(h->head);
    put_all(h->unit);
    parse();
    assert_true(last()->end <= text.size);
    return parser.inner->work;
}

static void twice_the_octets_are_at_most_twice_the_work(void **state)
{
    for (size_t i = 0; i < sizeof hostiles / sizeof *hostiles; i++) {
        uint64_t small = work_of(&hostiles[i], 1 << 18);
        uint64_t large = work_of(&hostiles[i], 1 << 21);
        assert_true(small <= 8u << 18);
        assert_true(large <= 8 * (small + (1 << 16)));
    }
}

/* Many boundaries are open, and lines look like them: all are compared at once. */
static void a_line_costs_the_same_however_deep_it_stands(void **state)
{
    uint64_t work[2];
    for (unsigned deep = 0; deep < 2; deep++) {
        begin(1 << 20);
        put_nested(0, deep ? 99 : 2);
        size_t begun = text.size;
        put("\n");
        put_all("--b1000\n");
        parse();
        work[deep] = parser.inner->work * 8 / (text.size - begun);
    }
    assert_true(work[1] <= work[0] + work[0] / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_the_depth_the_rest_is_one_body),
        cmocka_unit_test(at_the_depth_itself_nothing_is_lost),
        cmocka_unit_test(past_the_parts_the_rest_is_the_last_ones),
        cmocka_unit_test(past_the_header_the_rest_is_body),
        cmocka_unit_test(past_the_parameters_the_rest_is_left_out),
        cmocka_unit_test(the_last_defect_says_that_there_were_more),
        cmocka_unit_test(defects_of_decoding_are_added_to_the_same_list),
        cmocka_unit_test(any_arena_is_enough_or_says_so),
        cmocka_unit_test(twice_the_octets_are_at_most_twice_the_work),
        cmocka_unit_test(a_line_costs_the_same_however_deep_it_stands),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
