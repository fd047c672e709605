#include "poplin/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char letter[] = "From: =?gb2312?B?zfXLxA==?= <wang@example.cn>\r\n"
                             "To: friends: ann@example.org, \"Bob B.\" <bob@example.org>;\r\n"
                             "Subject: =?utf-8?Q?=E5=8F=91?= =?utf-8?Q?=E7=A5=A8?=\r\n"
                             "Date: Wed, 25 Nov 2026 16:00:00 +0800\r\n"
                             "Message-ID: <1@example.cn>\r\n"
                             "MIME-Version: 1.0\r\n"
                             "Content-Type: multipart/mixed; boundary=x\r\n"
                             "\r\n"
                             "--x\r\n"
                             "Content-Type: text/plain; charset=gbk\r\n"
                             "Content-Transfer-Encoding: base64\r\n"
                             "\r\n"
                             "xOO6ww0K\r\n"
                             "--x\r\n"
                             "Content-Type: application/pdf; name=\"../../.bashrc\"\r\n"
                             "Content-Disposition: attachment\r\n"
                             "Content-Transfer-Encoding: base64\r\n"
                             "\r\n"
                             "AAEC\r\n"
                             "--x--\r\n";

static struct poplin_slice bytes_of(const char *text)
{
    return (struct poplin_slice){text, strlen(text)};
}

static struct poplin_mime *parsed(const char *text)
{
    struct poplin_mime *m = poplin_mime_new(NULL);
    assert_non_null(m);
    assert_int_equal(poplin_mime_parse(m, bytes_of(text)), POPLIN_OK);
    return m;
}

static void assert_text(struct poplin_slice got, const char *wanted)
{
    assert_int_equal(got.size, strlen(wanted));
    assert_memory_equal(got.data, wanted, got.size);
}

static void fields_come_out_in_utf_8(void **state)
{
    struct poplin_mime *m = parsed(letter);
    struct poplin_slice text;
    const struct poplin_mime_address *list;
    size_t count;
    int64_t seconds;
    int zone;
    assert_int_equal(poplin_mime_text(m, 0, "subject", &text), POPLIN_OK);
    assert_text(text, "发票");
    assert_int_equal(poplin_mime_addresses(m, 0, "From", &list, &count), POPLIN_OK);
    assert_int_equal(count, 1);
    assert_text(list[0].name, "王四");
    assert_text(list[0].address, "wang@example.cn");
    assert_int_equal(poplin_mime_addresses(m, 0, "To", &list, &count), POPLIN_OK);
    assert_int_equal(count, 2);
    assert_text(list[1].name, "Bob B.");
    assert_text(list[1].group, "friends");
    assert_int_equal(poplin_mime_date(m, &seconds, &zone), POPLIN_OK);
    assert_int_equal(seconds, 1795593600);
    assert_int_equal(zone, 480);
    assert_int_equal(poplin_mime_id(m, 0, "Message-ID", &text), POPLIN_OK);
    assert_text(text, "1@example.cn");
    assert_int_equal(poplin_mime_text(m, 0, "Comments", &text), POPLIN_NOT_FOUND);
    assert_int_equal(poplin_mime_text(m, 3, "Subject", &text), POPLIN_NOT_FOUND);
    assert_int_equal(poplin_mime_text(m, -1, "Subject", &text), POPLIN_NOT_FOUND);
    poplin_mime_free(m);
}

static void parts_have_types_paths_and_places(void **state)
{
    struct poplin_mime *m = parsed(letter);
    struct poplin_mime_part part = {.size = sizeof part};
    char path[20];
    assert_int_equal(poplin_mime_count(m), 3);
    assert_int_equal(poplin_mime_part(m, 0, &part), POPLIN_OK);
    assert_int_equal(part.kind, POPLIN_MIME_MULTIPART);
    assert_int_equal(part.children, 2);
    assert_int_equal(part.parent, POPLIN_MIME_NONE);
    assert_int_equal(poplin_mime_part(m, 2, &part), POPLIN_OK);
    assert_text(part.type, "application/pdf");
    assert_text(part.disposition, "attachment");
    assert_memory_equal(letter + part.body, "AAEC", 4);
    assert_int_equal(part.end - part.body, 4);
    assert_int_equal(poplin_mime_path(m, 2, path, sizeof path), 1);
    assert_string_equal(path, "2");
    assert_int_equal(poplin_mime_find(m, "2"), 2);
    assert_int_equal(poplin_mime_find(m, "2.1"), POPLIN_MIME_NONE);
    assert_int_equal(poplin_mime_best(m, false), 1);
    assert_int_equal(poplin_mime_part(m, 3, &part), POPLIN_NOT_FOUND);
    poplin_mime_free(m);
}

static size_t read_all(struct poplin_mime *m, int part, bool as_text, char *out, size_t room)
{
    struct poplin_mime_body *b = poplin_mime_body_open(m, part, as_text);
    assert_non_null(b);
    size_t size = 0, got;
    while ((got = poplin_mime_body_read(b, out + size, room - size)) > 0)
        size += got;
    poplin_mime_body_close(b);
    return size;
}

static void bodies_are_decoded_as_octets_or_as_text(void **state)
{
    struct poplin_mime *m = parsed(letter);
    char out[1024];
    assert_int_equal(read_all(m, 1, true, out, sizeof out), strlen("你好\n"));
    assert_memory_equal(out, "你好\n", strlen("你好\n"));
    assert_int_equal(read_all(m, 1, false, out, sizeof out), 6);
    assert_memory_equal(out, "\xc4\xe3\xba\xc3\r\n", 6);
    assert_int_equal(read_all(m, 2, false, out, sizeof out), 3);
    assert_memory_equal(out, "\0\1\2", 3);
    assert_null(poplin_mime_body_open(m, 3, false));
    poplin_mime_free(m);
}

static void a_name_to_save_under_is_no_path(void **state)
{
    struct poplin_mime *m = parsed(letter);
    struct poplin_slice name;
    assert_int_equal(poplin_mime_file_name(m, 2, &name), POPLIN_OK);
    assert_text(name, "../../.bashrc");
    assert_int_equal(poplin_mime_save_name(m, 2, &name), POPLIN_OK);
    assert_null(memchr(name.data, '/', name.size));
    assert_int_not_equal(name.data[0], '.');
    poplin_mime_free(m);
}

static void fed_in_pieces_gives_the_same_parts_and_no_bytes(void **state)
{
    struct poplin_mime *whole = parsed(letter), *m = poplin_mime_new(NULL);
    struct poplin_slice text;
    assert_int_equal(poplin_mime_begin(m), POPLIN_OK);
    for (size_t i = 0; i < sizeof letter - 1; i++)
        poplin_mime_feed(m, (struct poplin_slice){letter + i, 1});
    poplin_mime_end(m);
    assert_int_equal(poplin_mime_count(m), poplin_mime_count(whole));
    for (int i = 0; i < (int)poplin_mime_count(m); i++) {
        struct poplin_mime_part a = {.size = sizeof a}, b = {.size = sizeof b};
        assert_int_equal(poplin_mime_part(m, i, &a), POPLIN_OK);
        assert_int_equal(poplin_mime_part(whole, i, &b), POPLIN_OK);
        assert_int_equal(a.body, b.body);
        assert_int_equal(a.end, b.end);
        assert_int_equal(a.parent, b.parent);
        assert_int_equal(a.type.size, b.type.size);
    }
    assert_int_equal(poplin_mime_text(m, 0, "Subject", &text), POPLIN_UNSUPPORTED);
    assert_null(poplin_mime_body_open(m, 1, true));
    poplin_mime_free(m);
    poplin_mime_free(whole);
}

static void a_limit_leaves_the_rest_closed_and_says_so(void **state)
{
    struct poplin_mime_limits limits = {.size = sizeof limits, .parts = 2};
    struct poplin_mime *m = poplin_mime_new(&limits);
    struct poplin_mime_defect d = {0};
    assert_int_equal(poplin_mime_parse(m, bytes_of(letter)), POPLIN_OK);
    assert_int_equal(poplin_mime_count(m), 2);
    bool said = false;
    for (size_t i = 0; i < poplin_mime_defect_count(m); i++) {
        assert_int_equal(poplin_mime_defect(m, i, &d), POPLIN_OK);
        said = said || strcmp(d.name, "limit-parts") == 0;
    }
    assert_true(said);
    assert_int_equal(poplin_mime_defect(m, poplin_mime_defect_count(m), &d), POPLIN_NOT_FOUND);
    poplin_mime_free(m);
}

static void a_handle_parses_again_and_an_older_caller_knows_less(void **state)
{
    struct poplin_mime *m = parsed(letter);
    struct poplin_mime_part part = {.size = offsetof(struct poplin_mime_part, kind), .kind = 77};
    struct poplin_slice text;
    assert_int_equal(poplin_mime_part(m, 0, &part), POPLIN_OK);
    assert_int_equal(part.kind, 77);
    assert_int_equal(poplin_mime_parse(m, bytes_of("Subject: second\n\nx\n")), POPLIN_OK);
    assert_int_equal(poplin_mime_count(m), 1);
    assert_int_equal(poplin_mime_text(m, 0, "Subject", &text), POPLIN_OK);
    assert_text(text, "second");
    poplin_mime_free(m);
    poplin_mime_free(NULL);
}

static void nothing_was_parsed_yet_is_no_part(void **state)
{
    struct poplin_mime *m = poplin_mime_new(NULL);
    struct poplin_slice text;
    assert_int_equal(poplin_mime_count(m), 0);
    assert_int_equal(poplin_mime_text(m, 0, "Subject", &text), POPLIN_NOT_FOUND);
    assert_int_equal(poplin_mime_find(m, "1"), POPLIN_MIME_NONE);
    assert_int_equal(poplin_mime_best(m, true), POPLIN_MIME_NONE);
    assert_int_equal(poplin_mime_defect_count(m), 0);
    poplin_mime_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_out_in_utf_8),
        cmocka_unit_test(parts_have_types_paths_and_places),
        cmocka_unit_test(bodies_are_decoded_as_octets_or_as_text),
        cmocka_unit_test(a_name_to_save_under_is_no_path),
        cmocka_unit_test(fed_in_pieces_gives_the_same_parts_and_no_bytes),
        cmocka_unit_test(a_limit_leaves_the_rest_closed_and_says_so),
        cmocka_unit_test(a_handle_parses_again_and_an_older_caller_knows_less),
        cmocka_unit_test(nothing_was_parsed_yet_is_no_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
