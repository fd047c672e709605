#include "mime/mime_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static _Alignas(16) char memory[4 << 20];
static struct arena arena;
static struct mime_message m;

static void open_message(struct slice bytes)
{
    struct mime_limits limits = mime_limits_default();
    arena = arena_over(memory, sizeof memory);
    assert_int_equal(mime_message_open(&m, bytes, &arena, &limits), STATUS_OK);
}

static void is(struct slice s, const char *wanted)
{
    char text[8192];
    assert_true(s.size < sizeof text);
    memcpy(text, s.data, s.size);
    text[s.size] = '\0';
    assert_string_equal(text, wanted);
}

static bool has_defect(enum mime_defect_code code, uint32_t part)
{
    for (uint32_t i = 0; i < m.parser.defect_count; i++) {
        if (m.parser.defects[i].code == code && m.parser.defects[i].part == part)
            return true;
    }
    return false;
}

static size_t text_of(uint32_t part, size_t room, char *out)
{
    static struct mime_text t;
    size_t n = 0;
    mime_text_open(&m, part, &t);
    for (size_t more; (more = mime_text_read(&t, out + n, room)) > 0;)
        n += more;
    mime_text_tell(&m, part, &t);
    return n;
}

static void text_is(uint32_t part, const char *wanted)
{
    static char out[8192];
    for (size_t room = CHARSET_ROOM; room < 64; room += 7)
        is(slice_of(out, text_of(part, room, out)), wanted);
}

static void body_is(const char *header, const char *body, const char *wanted)
{
    static char message[8192];
    struct buf b = buf_over(message, sizeof message);
    buf_printf(&b, "%s\r\n\r\n%s", header, body);
    open_message(buf_slice(&b));
    text_is(0, wanted);
}

static void tree_is(const char *message, const char *wanted)
{
    char out[1024];
    struct buf b = buf_over(out, sizeof out);
    open_message(slice_str(message));
    mime_message_tree(&m, &b);
    is(buf_slice(&b), wanted);
}

#define PART(boundary, type) "--" boundary "\r\nContent-Type: " type "\r\n\r\n"

static const char nested[] = "Content-Type: multipart/mixed; boundary=a\r\n\r\n" PART(
    "a", "multipart/alternative; boundary=b")
    PART("b", "text/plain") "plain\r\n" PART("b", "text/html") "<p>html\r\n--b--\r\n" PART(
        "a", "message/rfc822") "Subject: in\r\n\r\nwithin\r\n"
                               "--a\r\nContent-Type: image/png\r\nContent-Disposition: ATTACHMENT; "
                               "filename=\"x.png\"\r\n"
                               "Content-Transfer-Encoding: base64\r\nContent-ID: "
                               "<c@d>\r\n\r\nAAEC\r\n--a--\r\n";

static void the_tree_shows_what_lies_in_what(void **state)
{
    tree_is(nested, "multipart/mixed(multipart/alternative(text/plain,text/html),"
                    "message/rfc822(text/plain),image/png)");
    tree_is("", "text/plain");
    tree_is("Content-Type: multipart/mixed; boundary=a\r\n\r\nx", "multipart/mixed()");
}

static void fields_are_decoded_with_their_defects(void **state)
{
    struct slice text;
    open_message(SLICE("Subject: =?utf-8?Q?=E6=BC=A2?=\r\n =?utf-8?Q?=E5=AD=97?= x\r\n"
                       "Message-ID: \r\n <a@b>\r\nContent-ID: naked\r\n\r\n"));
    assert_true(mime_message_text(&m, 0, SLICE("SUBJECT"), &text));
    is(text, "\u6f22\u5b57 x");
    assert_true(mime_message_id(&m, 0, SLICE("message-id"), &text));
    is(text, "a@b");
    assert_true(mime_message_id(&m, 0, SLICE("content-id"), &text));
    is(text, "naked");
    assert_false(mime_message_text(&m, 0, SLICE("x-none"), &text));
    assert_int_equal(m.parser.defect_count, 0);
}

static void raw_octets_of_a_field_take_the_charset_of_a_part(void **state)
{
    struct slice text;
    open_message(
        SLICE("Subject: \xd6\xd0\xce\xc4\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n"));
    assert_int_equal(m.hint, CHARSET_GB18030);
    assert_true(mime_message_text(&m, 0, SLICE("subject"), &text));
    is(text, "\u4e2d\u6587");
    assert_true(has_defect(MIME_DEFECT_CHARSET_GUESSED, 0));
}

static void addresses_of_all_fields_are_one_list(void **state)
{
    struct mime_address_list list;
    open_message(SLICE("To: A <a@x>\r\nSubject: s\r\nTo: b@x\r\nTo: A <a@x>\r\n\r\n"));
    mime_message_addresses(&m, 0, SLICE("to"), &list);
    assert_int_equal(list.count, 2);
    is(list.list[0].name, "A");
    is(list.list[1].address, "b@x");
    mime_message_addresses(&m, 0, SLICE("cc"), &list);
    assert_int_equal(list.count, 0);
}

static void dates_that_are_none_are_told(void **state)
{
    struct mime_date date;
    open_message(SLICE("Date: Thu, 01 Jan 1970 01:00:01 +0100\r\n\r\n"));
    assert_true(mime_message_date(&m, &date));
    assert_int_equal(date.seconds, 1);
    open_message(SLICE("Date: whenever\r\n\r\n"));
    assert_false(mime_message_date(&m, &date));
    assert_true(has_defect(MIME_DEFECT_DATE, 0));
}

static void a58_controls_at_the_end_of_a_text_are_not_hidden(void **state)
{
    struct slice text;
    open_message(SLICE("Subject: \x1b]0;title\x07 \r\n\r\n"));
    assert_true(mime_message_text(&m, 0, SLICE("subject"), &text));
    is(text, "\x1b]0;title\x07");
}

static void file_names_stand_in_either_field(void **state)
{
    struct slice name;
    open_message(slice_str(nested));
    assert_true(mime_message_file_name(&m, m.parser.count - 1, &name));
    is(name, "x.png");
    is(mime_message_disposition(&m, m.parser.count - 1), "attachment");
    assert_int_equal(mime_message_disposition(&m, 0).size, 0);
    assert_false(mime_message_file_name(&m, 0, &name));
    open_message(SLICE("Content-Type: image/png; name=\"=?utf-8?B?5paH?=.png\"\r\n"
                       "Content-Disposition: inline; filename=\r\n\r\n"));
    assert_true(mime_message_file_name(&m, 0, &name));
    is(name, "\u6587.png");
}

static void a68_a_file_name_that_is_not_fit_to_be_one_is_told(void **state)
{
    struct slice name;
    open_message(SLICE("Content-Disposition: attachment; filename=\"../../.ssh/keys\"\r\n\r\n"));
    assert_true(mime_message_file_name(&m, 0, &name));
    is(name, "../../.ssh/keys");
    assert_true(has_defect(MIME_DEFECT_FILE_NAME, 0));
    open_message(SLICE("Content-Disposition: attachment; filename=\"keys.txt\"\r\n\r\n"));
    assert_true(mime_message_file_name(&m, 0, &name));
    assert_false(has_defect(MIME_DEFECT_FILE_NAME, 0));
}

static void octets_are_decoded_in_pieces(void **state)
{
    char out[2 * TRANSFER_ROOM];
    struct mime_body b;
    open_message(slice_str(nested));
    mime_body_open(&m, m.parser.count - 1, &b);
    assert_int_equal(mime_body_read(&b, out, sizeof out), 3);
    assert_memory_equal(out, "\0\1\2", 3);
    assert_int_equal(mime_body_read(&b, out, sizeof out), 0);
    open_message(SLICE("Content-Transfer-Encoding: base64\r\n\r\n*AAA"));
    mime_body_open(&m, 0, &b);
    while (mime_body_read(&b, out, sizeof out) > 0)
        ;
    mime_body_tell(&m, 0, &b);
    assert_true(has_defect(MIME_DEFECT_TRANSFER, 0));
}

static void a_whole_body_is_not_copied_unless_it_is_encoded(void **state)
{
    struct slice whole;
    open_message(SLICE("\r\nabc"));
    assert_true(mime_body_whole(&m, 0, &whole));
    assert_ptr_equal(whole.data, m.bytes.data + 2);
    open_message(SLICE("Content-Transfer-Encoding: quoted-printable\r\n\r\na=62c"));
    assert_true(mime_body_whole(&m, 0, &whole));
    is(whole, "abc");
    arena.size = arena.capacity;
    assert_false(mime_body_whole(&m, 0, &whole));
}

static void text_ends_its_lines_in_lf_and_has_no_nul(void **state)
{
    body_is("X: y", "a\r\nb\rc\nd\r\r\ne\r", "a\nb\nc\nd\n\ne\n");
    static const char nul[] = "\r\na\0b";
    open_message(slice_of(nul, sizeof nul - 1));
    text_is(0, "a\ufffdb");
}

/* A text that is more than a chunk is decoded as it is read. */
static void a_long_text_reads_as_a_short_one_does(void **state)
{
    static const size_t counts[] = {1, 511, 512, 513, 800};
    static char body[8000], wanted[8000];
    (void)state;
    for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
        struct buf from = buf_over(body, sizeof body), to = buf_over(wanted, sizeof wanted);
        for (size_t i = 0; i < counts[n]; i++) {
            buf_put(&from, SLICE("\u6f22\u5b57\r\n"));
            buf_put(&to, SLICE("\u6f22\u5b57\n"));
        }
        body[from.size] = wanted[to.size] = '\0';
        body_is("Content-Type: text/plain; charset=utf-8", body, wanted);
    }
}

static void two_texts_may_be_read_at_once(void **state)
{
    static struct mime_text first, second;
    char out[64];
    (void)state;
    open_message(SLICE("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfirst\r\n"
                       "--b\r\n\r\nanother\r\n--b--\r\n"));
    mime_text_open(&m, 1, &first);
    mime_text_open(&m, 2, &second);
    is(slice_of(out, mime_text_read(&first, out, sizeof out)), "first");
    is(slice_of(out, mime_text_read(&second, out, sizeof out)), "another");
}

static void text_is_in_the_charset_that_it_says(void **state)
{
    body_is("Content-Type: text/plain; charset=gb2312", "\xd6\xd0\xce\xc4", "\u4e2d\u6587");
    body_is("Content-Type: text/plain; charset=latin1", "\x93x\x94", "\u201cx\u201d");
    assert_int_equal(m.parser.defect_count, 0);
}

static void a_label_that_the_octets_contradict_is_false(void **state)
{
    body_is("Content-Type: text/plain; charset=us-ascii", "\u6f22", "\u6f22");
    assert_true(has_defect(MIME_DEFECT_CHARSET_GUESSED, 0));
    body_is("Content-Type: text/plain; charset=utf-8",
            "\xd6\xd0\xce\xc4\xd6\xd0\xb9\xfa\xc8\xcb\xc3\xf1\xb5\xc4\xb9\xfa",
            "\u4e2d\u6587\u4e2d\u56fd\u4eba\u6c11\u7684\u56fd");
    assert_true(has_defect(MIME_DEFECT_CHARSET_GUESSED, 0));
    body_is("Content-Type: text/plain; charset=x-nobody", "\u6f22", "\u6f22");
    assert_true(has_defect(MIME_DEFECT_CHARSET_UNKNOWN, 0));
}

static void some_damage_does_not_make_a_label_false(void **state)
{
    char body[400];
    struct buf b = buf_over(body, sizeof body);
    for (size_t i = 0; i < 60; i++)
        buf_put_str(&b, "\u6f22");
    buf_put_str(&b, "\xff.");
    buf_put_char(&b, '\0');
    static char message[1024];
    struct buf whole = buf_over(message, sizeof message);
    buf_printf(&whole, "Content-Type: text/plain; charset=utf-8\r\n\r\n%s", body);
    open_message(buf_slice(&whole));
    static char out[1024];
    struct slice text = slice_of(out, text_of(0, 512, out));
    assert_true(slice_ends(text, SLICE("\u6f22\ufffd.")));
    assert_true(has_defect(MIME_DEFECT_CHARSET_INVALID, 0));
    assert_false(has_defect(MIME_DEFECT_CHARSET_GUESSED, 0));
}

static void text_without_a_label_is_utf8_or_what_its_neighbours_are(void **state)
{
    body_is("X: y", "\u6f22", "\u6f22");
    body_is("Content-Type: text/html", "<meta charset=\"koi8-r\">\xf0\xd2\xc9\xd7\xc5\xd4",
            "<meta charset=\"koi8-r\">\u041f\u0440\u0438\u0432\u0435\u0442");
    open_message(SLICE("Content-Type: multipart/mixed; boundary=a\r\n\r\n"
                       "--a\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\nx\r\n"
                       "--a\r\n\r\n\xf0\xd2\xc9\xd7\xc5\xd4\r\n--a--\r\n"));
    text_is(2, "\u041f\u0440\u0438\u0432\u0435\u0442");
    assert_true(has_defect(MIME_DEFECT_CHARSET_GUESSED, 2));
    body_is("X: y", "\033$B4A;z\033(B", "\u6f22\u5b57");
}

static uint32_t best(const char *message, bool want_html)
{
    open_message(slice_str(message));
    return mime_message_best(&m, want_html);
}

static void the_best_part_is_an_alternative_and_no_attachment(void **state)
{
    assert_int_equal(best(nested, false), 2);
    assert_int_equal(best(nested, true), 3);
    assert_int_equal(best("Content-Type: image/png\r\n\r\n", false), MIME_NONE);
    assert_int_equal(best("Content-Disposition: attachment\r\n\r\nx", false), 0);
    assert_int_equal(best("Content-Type: multipart/mixed; boundary=a\r\n\r\nx", false), 0);
    assert_int_equal(best("Content-Type: multipart/mixed; boundary=a\r\n\r\n" PART(
                              "a", "text/html") "x\r\n" PART("a", "text/plain") "footer\r\n--a--",
                          false),
                     1);
    assert_int_equal(best("Content-Type: multipart/alternative; boundary=a\r\n\r\n" PART(
                              "a", "text/plain") "\r\n" PART("a", "text/html") "x\r\n--a--",
                          false),
                     2);
}

static void an_arena_of_any_size_is_enough_or_refused(void **state)
{
    struct mime_limits limits = mime_limits_default();
    struct slice text;
    struct mime_address_list list;
    static char out[1024];
    for (size_t size = 0; size < 200000; size += 997) {
        arena = arena_over(memory, size);
        if (mime_message_open(&m, slice_str(nested), &arena, &limits) != STATUS_OK)
            continue;
        assert_true(m.parser.count >= 1);
        (void)mime_message_text(&m, 0, SLICE("content-type"), &text);
        mime_message_addresses(&m, 0, SLICE("content-type"), &list);
        (void)mime_message_file_name(&m, m.parser.count - 1, &text);
        for (uint32_t i = 0; i < m.parser.count && i < 4; i++)
            text_of(i, sizeof out / 2, out);
        assert_true(arena.size <= size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_shows_what_lies_in_what),
        cmocka_unit_test(fields_are_decoded_with_their_defects),
        cmocka_unit_test(raw_octets_of_a_field_take_the_charset_of_a_part),
        cmocka_unit_test(addresses_of_all_fields_are_one_list),
        cmocka_unit_test(dates_that_are_none_are_told),
        cmocka_unit_test(a58_controls_at_the_end_of_a_text_are_not_hidden),
        cmocka_unit_test(file_names_stand_in_either_field),
        cmocka_unit_test(a68_a_file_name_that_is_not_fit_to_be_one_is_told),
        cmocka_unit_test(octets_are_decoded_in_pieces),
        cmocka_unit_test(a_whole_body_is_not_copied_unless_it_is_encoded),
        cmocka_unit_test(text_ends_its_lines_in_lf_and_has_no_nul),
        cmocka_unit_test(a_long_text_reads_as_a_short_one_does),
        cmocka_unit_test(two_texts_may_be_read_at_once),
        cmocka_unit_test(text_is_in_the_charset_that_it_says),
        cmocka_unit_test(a_label_that_the_octets_contradict_is_false),
        cmocka_unit_test(some_damage_does_not_make_a_label_false),
        cmocka_unit_test(text_without_a_label_is_utf8_or_what_its_neighbours_are),
        cmocka_unit_test(the_best_part_is_an_alternative_and_no_attachment),
        cmocka_unit_test(an_arena_of_any_size_is_enough_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
