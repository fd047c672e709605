#include "base/buf.h"
#include "mime/mime_tnef.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) char memory[1 << 20];
static char octets[1 << 16];
static bool is_end[1 << 16]; /* an attribute ends there */

static void number(struct buf *b, uint32_t n, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_put_char(b, (char)(n >> (8 * i)));
}

static struct buf begin(void)
{
    struct buf b = buf_over(octets, sizeof octets);
    memset(is_end, 0, sizeof is_end);
    number(&b, 0x223e9f78, 4);
    number(&b, 1, 2);
    return b;
}

static void attribute(struct buf *b, char level, uint32_t id, struct slice data)
{
    uint32_t sum = 0;
    buf_put_char(b, level);
    number(b, id, 4);
    number(b, (uint32_t)data.size, 4);
    buf_put(b, data);
    for (size_t i = 0; i < data.size; i++)
        sum += (unsigned char)data.data[i];
    number(b, sum, 2);
    is_end[b->size] = true;
}

static void sized_property(struct buf *b, uint32_t type, uint32_t id, struct slice value)
{
    number(b, type, 2);
    number(b, id, 2);
    number(b, 1, 4);
    number(b, (uint32_t)value.size, 4);
    buf_put(b, value);
    for (size_t i = value.size; i % 4; i++)
        buf_put_char(b, 0);
}

static struct mime_tnef open_it(const struct buf *b)
{
    static struct arena arena;
    struct mime_tnef t;
    arena = arena_over(memory, sizeof memory);
    assert_true(mime_tnef_open(buf_slice(b), &arena, &t));
    return t;
}

static void is(struct slice s, const char *wanted)
{
    assert_int_equal(s.size, strlen(wanted));
    assert_memory_equal(s.data, wanted, s.size);
}

static void put_sample(struct buf *b)
{
    char properties[512];
    struct buf p = buf_over(properties, sizeof properties);
    attribute(b, 1, 0x69007, SLICE("\xa8\x03\0\0\0\0\0\0"));
    attribute(b, 1, 0x2800c, SLICE("the text\0"));
    attribute(b, 2, 0x69002, SLICE("\1\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    attribute(b, 2, 0x18010, SLICE("SHORT~1.TXT\0"));
    attribute(b, 2, 0x6800f, SLICE("first"));
    number(&p, 4, 4);
    number(&p, 3, 2);
    number(&p, 0x3705, 2);
    number(&p, 1, 4);
    sized_property(&p, 0x1f, 0x3707, SLICE("\x87\x65\xf6\x4e.\0t\0x\0t\0\0\0"));
    sized_property(&p, 0x1e, 0x370e, SLICE("text/plain\0"));
    sized_property(&p, 0x1e, 0x3712, SLICE("<id@x>\0"));
    attribute(b, 2, 0x69005, buf_slice(&p));
    attribute(b, 2, 0x69002, SLICE("\1\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    attribute(b, 2, 0x18010, SLICE("\xd6\xd0.doc\0"));
    attribute(b, 2, 0x6800f, SLICE("second one"));
}

static void attachments_have_names_types_and_octets(void **state)
{
    struct buf b = begin();
    put_sample(&b);
    struct mime_tnef t = open_it(&b);
    assert_false(t.is_broken);
    assert_int_equal(t.count, 2);
    is(t.text, "the text");
    is(t.attachments[0].name, "\u6587\u4ef6.txt");
    is(t.attachments[0].type, "text/plain");
    is(t.attachments[0].content_id, "id@x");
    is(t.attachments[0].data, "first");
    is(t.attachments[1].name, "\u4e2d.doc");
    is(t.attachments[1].data, "second one");
}

static void bodies_are_found_in_the_properties(void **state)
{
    char properties[512];
    struct buf p = buf_over(properties, sizeof properties);
    struct buf b = begin();
    number(&p, 4, 4);
    number(&p, 0x1e, 2);
    number(&p, 0x8001, 2);
    buf_put(&p, SLICE("0123456789abcdef"));
    number(&p, 1, 4);
    number(&p, 4, 4);
    buf_put(&p, SLICE("n\0a\0"));
    number(&p, 1, 4);
    number(&p, 1, 4);
    buf_put(&p, SLICE("v\0\0\0"));
    sized_property(&p, 0x1f, 0x1000, SLICE("h\0i\0\0\0"));
    sized_property(&p, 0x102, 0x1013, SLICE("<p>hi"));
    sized_property(&p, 0x102, 0x1009, SLICE("rtf!"));
    attribute(&b, 1, 0x69003, buf_slice(&p));
    struct mime_tnef t = open_it(&b);
    assert_false(t.is_broken);
    is(t.unicode_text, "hi");
    is(t.html, "<p>hi");
    is(t.rtf, "rtf!");
}

static void a_wrong_checksum_is_told_and_the_octets_stay(void **state)
{
    struct buf b = begin();
    attribute(&b, 2, 0x6800f, SLICE("data"));
    octets[b.size - 1]++;
    struct mime_tnef t = open_it(&b);
    assert_true(t.is_broken);
    is(t.attachments[0].data, "data");
}

static void every_cut_is_told_and_nothing_is_read_beyond_it(void **state)
{
    struct buf b = begin();
    put_sample(&b);
    is_end[6] = true;
    for (size_t n = 6; n < b.size; n++) {
        char *exact = malloc(n);
        memcpy(exact, octets, n);
        struct arena arena = arena_over(memory, sizeof memory);
        struct mime_tnef t;
        assert_true(mime_tnef_open(slice_of(exact, n), &arena, &t));
        assert_true(t.is_broken != is_end[n]);
        free(exact);
    }
}

static void what_has_another_signature_is_none(void **state)
{
    struct arena arena = arena_over(memory, sizeof memory);
    struct mime_tnef t;
    assert_false(mime_tnef_open(SLICE("\x78\x9f\x3e"), &arena, &t));
    assert_false(mime_tnef_open(SLICE("PK\3\4abcd"), &arena, &t));
}

static void attachments_past_the_limit_are_told(void **state)
{
    struct buf b = begin();
    for (size_t i = 0; i < MIME_TNEF_ATTACHMENTS + 1; i++)
        attribute(&b, 2, 0x69002, SLICE(""));
    struct mime_tnef t = open_it(&b);
    assert_int_equal(t.count, MIME_TNEF_ATTACHMENTS);
    assert_true(t.is_limited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attachments_have_names_types_and_octets),
        cmocka_unit_test(bodies_are_found_in_the_properties),
        cmocka_unit_test(a_wrong_checksum_is_told_and_the_octets_stay),
        cmocka_unit_test(every_cut_is_told_and_nothing_is_read_beyond_it),
        cmocka_unit_test(what_has_another_signature_is_none),
        cmocka_unit_test(attachments_past_the_limit_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
