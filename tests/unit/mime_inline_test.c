#include "mime/mime_inline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void is_next(struct slice *text, const char *name, const char *block, bool is_closed)
{
    struct mime_inline found;
    assert_true(mime_inline_next(text, &found));
    assert_int_equal(found.name.size, strlen(name));
    assert_memory_equal(found.name.data, name, found.name.size);
    assert_int_equal(found.block.size, strlen(block));
    assert_memory_equal(found.block.data, block, found.block.size);
    assert_int_equal(found.is_closed, is_closed);
}

static void none(const char *text)
{
    struct mime_inline found;
    struct slice s = slice_str(text);
    assert_false(mime_inline_next(&s, &found));
}

#define UU "begin 644 a b.txt\n#0V%T\n`\nend\n"
#define YENC "=ybegin line=128 size=3 name=x y.bin\n\213\213\213\n=yend size=3\n"

static void blocks_are_found_within_text_one_after_the_other(void **state)
{
    struct slice s = SLICE("hello\n" UU "between\n" YENC "behind\n" UU);
    struct mime_inline found;
    is_next(&s, "a b.txt", UU, true);
    is_next(&s, "x y.bin", YENC, true);
    is_next(&s, "a b.txt", UU, true);
    assert_false(mime_inline_next(&s, &found));
    assert_int_equal(s.size, 0);
}

static void lines_may_end_in_crlf(void **state)
{
    struct slice s = SLICE("x\r\nbegin 0644 a\r\n#0V%T\r\n \r\nend\r\ny");
    is_next(&s, "a", "begin 0644 a\r\n#0V%T\r\n \r\nend\r\n", true);
    assert_int_equal(s.size, 1);
}

static void a_block_without_end_stops_where_its_data_do(void **state)
{
    struct slice s = SLICE("begin 644 a\n#0V%T\nHello, this is text again.\n");
    is_next(&s, "a", "begin 644 a\n#0V%T\n", false);
    assert_true(slice_starts(s, SLICE("Hello")));
    s = SLICE("=ybegin line=128 size=3 name=x\nabc\n");
    is_next(&s, "x", "=ybegin line=128 size=3 name=x\nabc\n", false);
}

static void sentences_that_begin_so_are_no_blocks(void **state)
{
    none("begin 2008 with a smile\nand go on with it\n");
    none("begin 644\n#0V%T\n");
    none("begin 64 x\n#0V%T\n");
    none("begin 888 x\n#0V%T\n");
    none("xbegin 644 a\n#0V%T\nend\n");
    none("begin 644 a\n");
    none("=ybegin name=x\nabc\n=yend\n");
    none("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_found_within_text_one_after_the_other),
        cmocka_unit_test(lines_may_end_in_crlf),
        cmocka_unit_test(a_block_without_end_stops_where_its_data_do),
        cmocka_unit_test(sentences_that_begin_so_are_no_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
