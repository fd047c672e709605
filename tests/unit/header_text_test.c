/* What a list shows of a header is what the sender wrote, in UTF-8, whatever the sender wrote. */
#include "client/header_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *decoded(const char *text)
{
    static char memory[2000];
    struct buf out = buf_over(memory, sizeof memory - 1);
    header_decode(slice_str(text), &out);
    memory[out.size] = '\0';
    return memory;
}

static const char *field(const char *head, const char *name)
{
    static char memory[2000];
    struct buf out = buf_over(memory, sizeof memory - 1);
    if (!header_field(slice_str(head), slice_str(name), &out))
        return NULL;
    memory[out.size] = '\0';
    return memory;
}

static void fields_are_found_unfolded_and_only_in_the_header(void **state)
{
    static const char head[] = "Received: a\r\n\tby b\r\nSUBJECT : one\r\n two\r\n\t three \r\n"
                               "Subject: later\r\nX:\r\n\r\nFrom: body\r\n";
    (void)state;
    assert_string_equal(field(head, "Subject"), "one two three");
    assert_string_equal(field(head, "Received"), "a by b");
    assert_string_equal(field(head, "X"), "");
    assert_null(field(head, "From"));
    assert_null(field(head, "Sub"));
    assert_null(field("", "Subject"));
    assert_string_equal(field("Subject: no end", "subject"), "no end");
}

static void encoded_words_are_decoded(void **state)
{
    static const char *const rows[][2] = {
        {"=?utf-8?q?J=C3=BCrgen?=", "Jürgen"},
        {"=?UTF-8?B?5L2g5aW9?=", "你好"},
        {"=?gbk?B?xOO6ww==?= x", "你好 x"},
        {"=?iso-8859-1*de?q?M=FCller_a?=", "Müller a"},
        {"=?utf-8?q?a?= =?utf-8?q?b?=  =?utf-8?b?Yw==?= d", "abc d"},
        {"=?utf-8?q?a?= =?iso-8859-1?q?=FC?=", "aü"},
        {"=?utf-8?b?5L2g5Q?= =?utf-8?b?pb0=?=", "你好"}, /* padding left out, a character cut */
        {"a=?utf-8?q?b?=c", "abc"},
        {"=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"},
        {"=?utf-8?q?=ZZ=4?=", "=ZZ=4"},
        {"plain", "plain"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(decoded(rows[i][0]), rows[i][1]);
}

static void what_is_no_encoded_word_stays(void **state)
{
    static const char *const rows[] = {
        "=?",
        "=?utf-8",
        "=?utf-8?q",
        "=?utf-8?q?x",
        "=?utf-8?q?x?",
        "=?utf-8?z?x?=",
        "=?no-such-charset?q?x?=",
        "=?utf-8//TRANSLIT?q?x?=",
        "=?../../x?q?x?=",
        "==?\?==",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(decoded(rows[i]), rows[i]);
}

static void c11_raw_octets_are_utf8_or_else_gb18030(void **state)
{
    (void)state;
    assert_string_equal(decoded("gr\xc3\xbc\xc3\x9f"), "grüß");
    assert_string_equal(decoded("\xc4\xe3\xba\xc3"), "你好");
    assert_non_null(strstr(decoded("\xff\xff ok"), "\xef\xbf\xbd"));
    assert_non_null(strstr(decoded("=?utf-8?q?=FF?="), "\xef\xbf\xbd"));
}

static void nothing_is_written_past_the_room(void **state)
{
    char text[3000], small[16];
    (void)state;
    for (size_t room = 0; room < sizeof small; room++) {
        struct buf out = buf_over(small, room);
        header_decode(SLICE("=?utf-8?b?5L2g5aW95L2g5aW95L2g5aW9?= \xc4\xe3\xba\xc3 and more"),
                      &out);
        assert_true(out.size <= room);
    }
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(strlen(decoded(text)), HEADER_TEXT);
}

static void authors_are_people_or_addresses(void **state)
{
    static const char *const rows[][2] = {
        {"Ann <a@b>", "Ann"},
        {"\"Ann B.\" <a@b>", "Ann B."},
        {"<a@b>", "a@b"},
        {"a@b", "a@b"},
        {"\"\" <a@b>", "a@b"},
        {" <a@b", "a@b"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice s = header_author(slice_str(rows[i][0]));
        assert_true(slice_equal(s, slice_str(rows[i][1])));
    }
}

static void dates_are_read_in_every_form(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"Thu, 01 Jan 1970 00:00:01 +0000", 1},
        {"1 Jan 1970 01:00 +0100", 0},
        {"Tue,  3 Feb 2026 08:00:00 -0530", 1770125400},
        {"3 feb 26 13:30:00 GMT", 1770125400},
        {"3 Feb 126 13:30:00", 1770125400},
        {"31 Dec 1969 23:59:59 +0000", -1},
    };
    static const char *const bad[] = {"",
                                      "soon",
                                      "32 Jan 1970 00:00:00",
                                      "0 Jan 1970 00:00:00",
                                      "1 Foo 1970 00:00:00",
                                      "1 Jan x 00:00:00",
                                      "1 Jan 1970",
                                      "1 Jan 1970 24:00:00",
                                      "1 Jan 99999999999999999999 00:00:00"};
    int64_t seconds;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(header_date(slice_str(rows[i].text), &seconds));
        assert_int_equal(seconds, rows[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(header_date(slice_str(bad[i]), &seconds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_unfolded_and_only_in_the_header),
        cmocka_unit_test(encoded_words_are_decoded),
        cmocka_unit_test(what_is_no_encoded_word_stays),
        cmocka_unit_test(c11_raw_octets_are_utf8_or_else_gb18030),
        cmocka_unit_test(nothing_is_written_past_the_room),
        cmocka_unit_test(authors_are_people_or_addresses),
        cmocka_unit_test(dates_are_read_in_every_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
