#include "mime/mime_flowed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static size_t read_in_pieces(struct slice text, bool delsp, size_t piece, char *out)
{
    struct mime_flowed f;
    size_t n = 0;
    mime_flowed_init(&f, delsp);
    while (text.size > 0) {
        struct slice part = slice_take(text, piece < text.size ? piece : text.size);
        text = slice_skip(text, part.size);
        while (part.size > 0)
            n += mime_flowed_feed(&f, &part, out + n, MIME_FLOWED_ROOM + piece % 7);
    }
    return n + mime_flowed_end(&f, out + n, MIME_FLOWED_ROOM);
}

static void is(const char *text, bool delsp, const char *wanted)
{
    static char out[4096];
    for (size_t piece = 1; piece < 9; piece++) {
        out[read_in_pieces(slice_str(text), delsp, piece, out)] = '\0';
        assert_string_equal(out, wanted);
    }
}

static void rfc3676_4_1_lines_that_end_in_a_blank_go_on(void **state)
{
    is("one \ntwo\nthree\n", false, "one two\nthree\n");
    is("one \ntwo", false, "one two\n");
    is("one \n", false, "one \n");
    is("", false, "");
    is("a\n\nb\n", false, "a\n\nb\n");
}

static void rfc3676_4_1_delsp_drops_the_blank(void **state)
{
    is("\346\274\242 \n\345\255\227\n", true, "\346\274\242\345\255\227\n");
    is("a  \nb\n", true, "a b\n");
}

static void rfc3676_4_4_stuffing_is_taken_out(void **state)
{
    is(" From here\n >no quote\n  two\n \n", false, "From here\n>no quote\n two\n\n");
}

static void rfc3676_4_5_paragraphs_end_where_the_depth_changes(void **state)
{
    is("> a \n> b\n>> c \n> d\ne\n", false, "> a b\n>> c \n> d\ne\n");
    is(">a \n> b\n", false, "> a b\n");
}

static void rfc3676_4_3_the_separator_of_a_signature_is_a_line(void **state)
{
    is("text \n-- \nname\n", false, "text \n-- \nname\n");
    is("> -- \n> x\n", false, "> -- \n> x\n");
    is("--\n-- x\n--- \ny\n", false, "--\n-- x\n--- y\n");
    is("-- ", false, "-- \n");
}

static void depth_is_written_up_to_its_limit(void **state)
{
    static char text[4096], out[4096];
    memset(text, '>', 1000);
    text[1000] = 'x';
    size_t n = read_in_pieces(slice_of(text, 1001), false, 1001, out);
    assert_int_equal(n, MIME_FLOWED_DEPTH + 3);
    assert_memory_equal(out + MIME_FLOWED_DEPTH - 1, "> x\n", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3676_4_1_lines_that_end_in_a_blank_go_on),
        cmocka_unit_test(rfc3676_4_1_delsp_drops_the_blank),
        cmocka_unit_test(rfc3676_4_4_stuffing_is_taken_out),
        cmocka_unit_test(rfc3676_4_5_paragraphs_end_where_the_depth_changes),
        cmocka_unit_test(rfc3676_4_3_the_separator_of_a_signature_is_a_line),
        cmocka_unit_test(depth_is_written_up_to_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
