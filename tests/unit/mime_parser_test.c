/* The structure of messages, claim by claim. A tree is printed as tests/support/mime_tree.h says:
 * leaves with their bodies, multiparts with preamble, parts and epilogue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../support/mime_tree.h"

#define MIXED(boundary) "Content-Type: multipart/mixed; boundary=\"" boundary "\"\r\n"

static struct mime_parser parser;
static struct arena arena;
static void *memory;

static void parse(const char *message)
{
    free(memory);
    memory = mime_tree_parse(&parser, &arena, slice_str(message), SIZE_MAX);
}

static void expect(const char *message, const char *tree)
{
    static char seen[MIME_TREE_MAX];
    parse(message);
    mime_tree_print(&parser, slice_str(message), seen);
    assert_string_equal(seen, tree);
}

/* The defects, in the order in which they were found. */
static void expect_defects(const char *names)
{
    char out[512];
    struct buf b = buf_over(out, sizeof out - 1);
    for (uint32_t i = 0; i < parser.defect_count; i++)
        buf_printf(&b, "%s%s", i ? " " : "", mime_defect_name(parser.defects[i].code));
    out[b.size] = '\0';
    assert_string_equal(out, names);
}

static void rfc2046_5_1_parts_lie_between_boundaries(void **state)
{
    expect(MIXED("b") "\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo"
                      "\r\n--b--\r\nepilogue",
           "multipart/mixed{preamble|(text/plain{one}text/html{two})epilogue}");
    expect_defects("");
}

static void rfc2046_5_1_1_the_line_end_before_a_boundary_is_the_boundarys(void **state)
{
    expect(MIXED("b") "\r\n--b\r\n\r\none\r\n\r\n--b\r\n\r\n\r\n--b--\r\n",
           "multipart/mixed{|(text/plain{one\r\n}text/plain{})}");
    expect("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n",
           "multipart/mixed{|(text/plain{one})}");
    expect(MIXED("b") "\r\n--b\r\n\r\none\r\r\n--b--\r\n", "multipart/mixed{|(text/plain{one\r})}");
}

static void rfc2046_5_1_1_blanks_may_follow_a_boundary(void **state)
{
    expect(MIXED("b  ") "\r\n--b \t \r\n\r\none\r\n--b--\t\r\n",
           "multipart/mixed{|(text/plain{one})}");
}

static void rfc2046_5_1_1_a_boundary_stands_at_a_line_start_and_is_all_of_it(void **state)
{
    expect(MIXED("b") "\r\n--b\r\n\r\n --b\r\nx--b\r\n--bx\r\n--b x\r\n-b\r\n---b\r\n--b--x\r\n"
                      "--\r\n--b--",
           "multipart/mixed{|(text/plain{ --b\r\nx--b\r\n--bx\r\n--b x\r\n-b\r\n---b\r\n--b--x\r\n"
           "--})}");
}

static void boundaries_that_prefix_one_another_are_told_apart(void **state)
{
    expect(MIXED("a") "\r\n--a\r\n" MIXED("ab") "\r\n--ab\r\n" MIXED(
               "abc") "\r\n--abc\r\n\r\nx\r\n"
                      "--abcd\r\n--abc--\r\n--ab--\r\n--a\r\n\r\ny\r\n--a--\r\n",
           "multipart/mixed{|(multipart/mixed{|(multipart/mixed{|(text/plain{x\r\n--abcd})})}"
           "text/plain{y})}");
    expect_defects("");
    expect(MIXED("a") "\r\n--a\r\n" MIXED("a--") "\r\n--a--\r\n\r\nx\r\n--a----\r\n--a--\r\n",
           "multipart/mixed{|(multipart/mixed{|(text/plain{x})})}");
    expect_defects("");
}

static void rfc2046_5_1_2_an_outer_boundary_closes_inner_ones(void **state)
{
    expect(MIXED("o") "\r\n--o\r\n" MIXED("i") "\r\n--i\r\n\r\none\r\n--o\r\n\r\ntwo\r\n--i\r\n"
                                               "--o--\r\n",
           "multipart/mixed{|(multipart/mixed{|(text/plain{one})}text/plain{two\r\n--i})}");
    expect_defects("not-closed");
}

static void a_boundary_that_is_used_twice_is_the_innermost_ones(void **state)
{
    expect(MIXED("s") "\r\n--s\r\n" MIXED("s") "\r\n--s\r\n\r\none\r\n--s--\r\n--s\r\n\r\ntwo\r\n"
                                               "--s--\r\n",
           "multipart/mixed{|(multipart/mixed{|(text/plain{one})}text/plain{two})}");
    expect_defects("boundary-reused");
}

static void without_a_closing_boundary_the_last_part_reaches_to_the_end(void **state)
{
    expect(MIXED("b") "\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n",
           "multipart/mixed{|(text/plain{one}text/plain{two\r\n})}");
    expect_defects("not-closed");
}

static void a_boundary_that_never_occurs_leaves_a_multipart_without_parts(void **state)
{
    expect(MIXED("b") "\r\ntext\r\n", "multipart/mixed{text\r\n|()}");
    expect_defects("boundary-missing");
}

static void where_no_boundary_is_said_the_first_likely_line_is_one(void **state)
{
    expect("Content-Type: multipart/mixed\r\n\r\npre\r\n-- \r\n--two words\r\n-----\r\n--x\r\n\r\n"
           "one\r\n--x--\r\n",
           "multipart/mixed{pre\r\n-- \r\n--two words\r\n-----|(text/plain{one})}");
    expect_defects("no-boundary");
}

static void a_boundary_within_a_boundarys_quotes_comments_and_sections(void **state)
{
    expect("Content-Type: multipart/mixed (c); boundary=\"a b;c\" (d)\r\n\r\n--a b;c\r\n\r\n1\r\n"
           "--a b;c--",
           "multipart/mixed{|(text/plain{1})}");
    expect("Content-Type: multipart/mixed; boundary*1=b; boundary*0=a\r\n\r\n--ab\r\n\r\n1\r\n"
           "--ab--",
           "multipart/mixed{|(text/plain{1})}");
    expect("Content-Type: multipart/mixed; boundary*=us-ascii''a%62\r\n\r\n--ab\r\n\r\n1\r\n--ab--",
           "multipart/mixed{|(text/plain{1})}");
    expect("Content-Type: multipart/mixed boundary=ab\r\n\r\n--ab\r\n\r\n1\r\n--ab--",
           "multipart/mixed{|(text/plain{1})}");
    expect_defects("parameter");
}

static void doubled_delimiters_are_one_and_an_empty_part_before_the_close_is_one(void **state)
{
    expect(MIXED("b") "\r\n--b\r\n--b\r\n\r\none\r\n--b\r\n--b--\r\n",
           "multipart/mixed{|(text/plain{one}text/plain{})}");
    expect(MIXED("b") "\r\n--b\r\n\r\none\r\n--b\r\n", "multipart/mixed{|(text/plain{one})}");
}

static void rfc5322_a_message_without_anything_is_a_leaf(void **state)
{
    expect("", "text/plain{}");
    expect("\n", "text/plain{}");
    expect("A: b", "text/plain{}");
    expect("A: b\r\n", "text/plain{}");
    expect("A: b\r\n\r\n", "text/plain{}");
    expect("x", "text/plain{x}");
}

static void an_empty_header_and_blank_lines_before_a_header(void **state)
{
    expect("\r\nbody\r\n", "text/plain{body\r\n}");
    expect("\r\n\r\nContent-Type: text/html\r\n\r\nbody\r\n", "text/html{body\r\n}");
    assert_int_equal(parser.parts[0].header, 4);
    expect("\n\n\n", "text/plain{\n\n}");
    expect("\n\n x\n", "text/plain{\n x\n}");
    expect("\n\n-x\n", "text/plain{\n-x\n}");
}

static void mbox_lines_before_a_header_are_no_part_of_it(void **state)
{
    expect("From a@b Mon Jan  1 00:00:00 2024\r\nContent-Type: text/html\r\n\r\nx", "text/html{x}");
    expect_defects("");
    expect(">From a@b\r\nContent-Type: text/html\r\n\r\nx", "text/html{x}");
    expect_defects("");
}

static void lines_between_fields_that_are_none_do_not_end_the_header(void **state)
{
    expect("A: b\r\nno field here\r\n folded: x\r\nContent-Type: text/html\r\n\r\nx",
           "text/html{x}");
    expect_defects("field-name");
}

static void text_whose_blank_line_is_missing_is_the_bodys(void **state)
{
    expect("A: b\r\nHello Bob,\r\nhow are you?\r\n\r\nAnn\r\n",
           "text/plain{Hello Bob,\r\nhow are you?\r\n\r\nAnn\r\n}");
    expect_defects("no-header-end");
    assert_int_equal(parser.defects[0].offset, 6);
    expect("A: b\r\nHello", "text/plain{Hello}");
    expect(
        MIXED("b") "\r\n--b\r\nContent-Transfer-Encoding: base64\r\nQUJD\r\n--b\r\ntext\r\n--b--",
        "multipart/mixed{|(text/plain{QUJD}text/plain{text})}");
}

static void a_boundary_ends_a_header_too(void **state)
{
    expect(MIXED("b") "\r\n--b\r\nContent-Type: text/html\r\n--b\r\nA: b\r\n--b--\r\n",
           "multipart/mixed{|(text/html{}text/plain{})}");
    expect(MIXED("b") "\r\n--b\r\n" MIXED("c") "\r\n--c\r\nA: b\r\n--b--\r\n",
           "multipart/mixed{|(multipart/mixed{|(text/plain{})})}");
    assert_true(parser.parts[1].end >= parser.parts[2].end);
    expect(MIXED("b") "A: b\r\n--b\r\n\r\none\r\n--b--\r\n", "multipart/mixed{|(text/plain{one})}");
    expect_defects("no-header-end");
}

static void rfc5322_4_5_blanks_before_a_colon(void **state)
{
    expect("Content-Type \t: text/html\r\n\r\nx", "text/html{x}");
    expect_defects("field-name");
}

static void of_two_content_types_the_first_counts(void **state)
{
    expect("Content-Type: text/html\r\nContent-type: image/png\r\n\r\nx", "text/html{x}");
    expect_defects("field-twice");
}

static void rfc2045_5_2_a_type_that_is_none_is_text_plain(void **state)
{
    static const char *types[] = {"text", "", "text plain", "/", "a/", "/b", "x-y; a=b"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char message[64];
        struct buf b = buf_over(message, sizeof message - 1);
        buf_printf(&b, "Content-Type: %s\n\nx", types[i]);
        message[b.size] = '\0';
        expect(message, "text/plain{x}");
        assert_true(parser.defect_count >= 1);
        assert_int_equal(parser.defects[0].code, MIME_DEFECT_CONTENT_TYPE);
        assert_true(parser.parts[0].has_type);
    }
    expect("Subject: x\n\nx", "text/plain{x}");
    assert_false(parser.parts[0].has_type);
}

static void rfc2046_5_1_5_in_a_digest_parts_are_messages(void **state)
{
    expect("Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nA: b\r\n\r\none\r\n--d\r\n"
           "Content-Type: text/html\r\n\r\ntwo\r\n--d--",
           "multipart/digest{|(message/rfc822{|(text/plain{one})}text/html{two})}");
}

static void rfc2046_5_2_1_a_message_within_is_a_part_of_its_own(void **state)
{
    expect("Content-Type: message/rfc822\r\n\r\nContent-Type: text/html\r\n\r\nx\r\n",
           "message/rfc822{|(text/html{x\r\n})}");
    expect("Content-Type: message/global\r\n\r\n\r\nx", "message/global{|(text/plain{x})}");
    expect(MIXED("b") "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n--b--\r\n",
           "multipart/mixed{|(message/rfc822{|(text/plain{})})}");
    expect("Content-Type: message/rfc822\r\n\r\n", "message/rfc822{|(text/plain{})}");
}

static void a_message_that_is_encoded_as_a_whole_is_a_leaf(void **state)
{
    expect("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg==\r\n",
           "message/rfc822{QTogYg==\r\n}");
}

static void other_messages_are_leaves(void **state)
{
    expect("Content-Type: message/partial; id=x; number=1\r\n\r\nA: b\r\n\r\nx",
           "message/partial{A: b\r\n\r\nx}");
    expect("Content-Type: message/external-body; access-type=URL\r\n\r\nA: b\r\n\r\n",
           "message/external-body{A: b\r\n\r\n}");
    expect("Content-Type: message/delivery-status\r\n\r\nA: b\r\n\r\nC: d\r\n",
           "message/delivery-status{A: b\r\n\r\nC: d\r\n}");
}

static void rfc2045_6_encodings_by_the_names_that_mail_has(void **state)
{
    static const struct {
        const char *text;
        enum mime_encoding encoding;
    } rows[] = {
        {"7bit", MIME_ENCODING_7BIT},
        {"8BIT", MIME_ENCODING_8BIT},
        {"binary", MIME_ENCODING_BINARY},
        {"Base64 (x)", MIME_ENCODING_BASE64},
        {"\"quoted-printable\";", MIME_ENCODING_QUOTED_PRINTABLE},
        {"x-uuencode", MIME_ENCODING_UUENCODE},
        {"x-uue", MIME_ENCODING_UUENCODE},
        {"yenc", MIME_ENCODING_YENC},
        {"", MIME_ENCODING_7BIT},
        {"rot13", MIME_ENCODING_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char message[80];
        struct buf b = buf_over(message, sizeof message - 1);
        buf_printf(&b, "Content-Transfer-Encoding: %s\n\nx", rows[i].text);
        message[b.size] = '\0';
        parse(message);
        assert_int_equal(parser.parts[0].encoding, rows[i].encoding);
    }
    expect_defects("encoding");
}

static void rfc2045_6_4_a_multipart_is_not_encoded_whatever_it_says(void **state)
{
    expect(MIXED("b") "Content-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
           "multipart/mixed{|(text/plain{one})}");
    assert_int_equal(parser.parts[0].encoding, MIME_ENCODING_7BIT);
    expect_defects("encoding");
}

static void what_a_header_says_of_its_part(void **state)
{
    parse("Content-Type: Text/Plain; charset=\" 'UTF-8' \"; format=Flowed; delsp=Yes\r\n\r\nx");
    struct mime_part *p = &parser.parts[0];
    assert_true(slice_equal(p->charset, SLICE("utf-8")));
    assert_true(p->is_flowed && p->is_delsp && p->has_type && !p->is_attachment);
    parse("Content-Disposition: inline; filename=x\r\n\r\nx");
    assert_true(parser.parts[0].is_attachment);
    parse("Content-Disposition: Attachment\r\n\r\nx");
    assert_true(parser.parts[0].is_attachment);
    parse("Content-Type: image/png; name=x\r\n\r\nx");
    assert_true(parser.parts[0].is_attachment);
    parse("Content-Disposition: inline\r\n\r\nx");
    assert_false(parser.parts[0].is_attachment);
    assert_int_equal(parser.parts[0].charset.size, 0);
}

static void deviations_in_octets_are_told_once_a_part(void **state)
{
    free(memory);
    struct slice m = SLICE("A: b\xff\r\n\r\nx\0\0y\rz\n\r\0");
    memory = mime_tree_parse(&parser, &arena, m, SIZE_MAX);
    expect_defects("header-8bit nul bare-cr bare-lf");
    assert_int_equal(parser.defects[0].offset, 4);
    assert_int_equal(parser.defects[1].offset, 10);
    assert_int_equal(parser.defects[2].offset, 13);
    assert_int_equal(parser.defects[3].offset, 15);
    parse("A: b\n\nx\ny\n");
    expect_defects("");
}

static void rfc5322_2_1_1_a_line_of_999_octets_is_long(void **state)
{
    static char message[1100];
    for (size_t size = 998; size < 1000; size++) {
        struct buf b = buf_over(message, sizeof message - 1);
        buf_put_str(&b, "A: b\r\n\r\n");
        for (size_t i = 0; i < size; i++)
            buf_put_char(&b, 'x');
        buf_put_str(&b, "\r\n");
        message[b.size] = '\0';
        parse(message);
        expect_defects(size == 998 ? "" : "long-line");
    }
    assert_int_equal(parser.defects[0].offset, 8);
}

static void expect_path(uint32_t part, const char *path)
{
    char out[32];
    size_t n = mime_part_path(&parser, part, out, sizeof out);
    assert_true(slice_equal(slice_of(out, n), slice_str(path)));
    assert_int_equal(mime_part_find(&parser, slice_str(path)), part);
}

static void paths_name_parts_both_ways(void **state)
{
    parse("A: b\n\nx");
    expect_path(0, "1");
    assert_int_equal(mime_part_find(&parser, SLICE("")), MIME_NONE);
    assert_int_equal(mime_part_find(&parser, SLICE("1.1")), MIME_NONE);
    parse(MIXED("o") "\r\n--o\r\n\r\none\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n" MIXED(
        "i") "\r\n--i\r\n\r\nx\r\n--i\r\n\r\ny\r\n--i--\r\n--o--");
    static const char *paths[] = {"", "1", "2", "2.1", "2.1.1", "2.1.2"};
    for (uint32_t i = 0; i < 6; i++)
        expect_path(i, paths[i]);
    static const char *none[] = {"0",     "3",   "2.", ".2",      "2..1",
                                 "2.1.3", "1.1", "x",  "2.1.1.1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(mime_part_find(&parser, slice_str(none[i])), MIME_NONE);
    char small[4];
    assert_int_equal(mime_part_path(&parser, 5, small, sizeof small), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2046_5_1_parts_lie_between_boundaries),
        cmocka_unit_test(rfc2046_5_1_1_the_line_end_before_a_boundary_is_the_boundarys),
        cmocka_unit_test(rfc2046_5_1_1_blanks_may_follow_a_boundary),
        cmocka_unit_test(rfc2046_5_1_1_a_boundary_stands_at_a_line_start_and_is_all_of_it),
        cmocka_unit_test(boundaries_that_prefix_one_another_are_told_apart),
        cmocka_unit_test(rfc2046_5_1_2_an_outer_boundary_closes_inner_ones),
        cmocka_unit_test(a_boundary_that_is_used_twice_is_the_innermost_ones),
        cmocka_unit_test(without_a_closing_boundary_the_last_part_reaches_to_the_end),
        cmocka_unit_test(a_boundary_that_never_occurs_leaves_a_multipart_without_parts),
        cmocka_unit_test(where_no_boundary_is_said_the_first_likely_line_is_one),
        cmocka_unit_test(a_boundary_within_a_boundarys_quotes_comments_and_sections),
        cmocka_unit_test(doubled_delimiters_are_one_and_an_empty_part_before_the_close_is_one),
        cmocka_unit_test(rfc5322_a_message_without_anything_is_a_leaf),
        cmocka_unit_test(an_empty_header_and_blank_lines_before_a_header),
        cmocka_unit_test(mbox_lines_before_a_header_are_no_part_of_it),
        cmocka_unit_test(lines_between_fields_that_are_none_do_not_end_the_header),
        cmocka_unit_test(text_whose_blank_line_is_missing_is_the_bodys),
        cmocka_unit_test(a_boundary_ends_a_header_too),
        cmocka_unit_test(rfc5322_4_5_blanks_before_a_colon),
        cmocka_unit_test(of_two_content_types_the_first_counts),
        cmocka_unit_test(rfc2045_5_2_a_type_that_is_none_is_text_plain),
        cmocka_unit_test(rfc2046_5_1_5_in_a_digest_parts_are_messages),
        cmocka_unit_test(rfc2046_5_2_1_a_message_within_is_a_part_of_its_own),
        cmocka_unit_test(a_message_that_is_encoded_as_a_whole_is_a_leaf),
        cmocka_unit_test(other_messages_are_leaves),
        cmocka_unit_test(rfc2045_6_encodings_by_the_names_that_mail_has),
        cmocka_unit_test(rfc2045_6_4_a_multipart_is_not_encoded_whatever_it_says),
        cmocka_unit_test(what_a_header_says_of_its_part),
        cmocka_unit_test(deviations_in_octets_are_told_once_a_part),
        cmocka_unit_test(rfc5322_2_1_1_a_line_of_999_octets_is_long),
        cmocka_unit_test(paths_name_parts_both_ways),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(memory);
    return failed;
}
