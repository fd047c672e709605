#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3/pop3_text.h"

static const uint64_t largest[2] = {UINT64_MAX, UINT64_MAX};

static struct slice put(char *memory, size_t room, enum pop3_text text, unsigned language)
{
    struct buf out = buf_over(memory, room);
    assert_true(pop3_text_put(&out, text, language, largest));
    return buf_slice(&out);
}

static unsigned count(struct slice s, char c)
{
    unsigned n = 0;
    for (size_t i = 0; i < s.size; i++)
        n += s.data[i] == c;
    return n;
}

/* Well-formed UTF-8 of two and three octets is all that the texts use. */
static bool is_utf8(struct slice s)
{
    for (size_t i = 0; i < s.size;) {
        unsigned char c = (unsigned char)s.data[i];
        size_t size = c < 0x80 ? 1 : c >= 0xe3 && c < 0xf0 ? 3 : 0;
        if (size == 0 || i + size > s.size)
            return false;
        for (size_t j = 1; j < size; j++) {
            if (((unsigned char)s.data[i + j] & 0xc0) != 0x80)
                return false;
        }
        i += size;
    }
    return true;
}

static void s25_default_and_english_are_ascii(void **state)
{
    char memory[512];
    (void)state;
    for (unsigned language = 0; language < 2; language++) {
        for (unsigned t = 0; t < POP3_TEXT_COUNT; t++) {
            struct slice text = put(memory, sizeof memory, t, language);
            for (size_t i = 0; i < text.size; i++)
                assert_in_range((unsigned char)text.data[i], 0x20, 0x7e);
        }
    }
}

static void s25_chinese_is_utf8_and_complete(void **state)
{
    char memory[512];
    int chinese = pop3_language_find(SLICE("zh"));
    (void)state;
    for (unsigned t = POP3_TEXT_NONE + 1; t < POP3_TEXT_COUNT; t++) {
        struct slice text = put(memory, sizeof memory, t, (unsigned)chinese);
        assert_true(text.size > 0);
        assert_true(is_utf8(text));
        assert_int_equal(count(text, '\r') + count(text, '\n'), 0);
    }
}

static void s31_every_text_leaves_room_in_a_first_line(void **state)
{
    char memory[512];
    (void)state;
    for (unsigned language = 0; language < POP3_LANGUAGE_COUNT; language++) {
        for (unsigned t = 0; t < POP3_TEXT_COUNT; t++)
            assert_true(put(memory, sizeof memory, t, language).size <= 400);
    }
}

static void every_language_has_the_same_numbers(void **state)
{
    char english[512];
    char other[512];
    (void)state;
    for (unsigned t = 0; t < POP3_TEXT_COUNT; t++) {
        struct slice first = put(english, sizeof english, t, 0);
        for (unsigned language = 1; language < POP3_LANGUAGE_COUNT; language++) {
            struct slice text = put(other, sizeof other, t, language);
            /* 18446744073709551615 has two sevens and nothing else in the texts has one. */
            assert_int_equal(count(first, '7'), count(text, '7'));
        }
    }
}

static void numbers_stand_where_the_text_wants_them(void **state)
{
    char memory[64];
    struct buf out = buf_over(memory, sizeof memory);
    (void)state;
    assert_true(pop3_text_put(&out, POP3_TEXT_MESSAGES, 0, (const uint64_t[2]){2, 320}));
    assert_true(slice_equal(buf_slice(&out), SLICE("2 messages (320 octets)")));
}

static void a_text_without_room_is_told(void **state)
{
    char memory[8];
    struct buf out = buf_over(memory, sizeof memory);
    (void)state;
    assert_false(pop3_text_put(&out, POP3_TEXT_DENIED, 0, NULL));
    assert_true(out.overflow);
}

static void assert_language(const char *range, const char *tag)
{
    int language = pop3_language_find(slice_str(range));
    if (!tag) {
        assert_int_equal(language, -1);
        return;
    }
    assert_true(language >= 0);
    assert_string_equal(pop3_language_tag((unsigned)language), tag);
}

static void s25_language_ranges_match_as_rfc_4647_says(void **state)
{
    (void)state;
    assert_language("*", "i-default");
    assert_language("i-default", "i-default");
    assert_language("I-DEFAULT", "i-default");
    assert_language("en", "en");
    assert_language("en-GB", "en");
    assert_language("EN-us-x-private", "en");
    assert_language("zh", "zh-CN");
    assert_language("ZH-cn", "zh-CN");
    assert_language("zh-Hans", "zh-Hans");
    assert_language("zh-Hans-CN", "zh-Hans");
    assert_language("zh-C", "zh-CN");
    assert_language("e", NULL);
    assert_language("eng", NULL);
    assert_language("mul", NULL);
    assert_language("-", NULL);
    assert_language("-en", NULL);
    assert_language("", NULL);
    assert_language("x-", NULL);
    assert_language("**", NULL);
}

static void every_failed_login_has_a_text(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STATUS_COUNT; s++)
        assert_in_range(pop3_text_of_login(s), POP3_TEXT_NONE + 1, POP3_TEXT_COUNT - 1);
    assert_int_equal(pop3_text_of_login(STATUS_DENIED), POP3_TEXT_DENIED);
    assert_int_equal(pop3_text_of_login(STATUS_IN_USE), POP3_TEXT_IN_USE);
    assert_int_equal(pop3_text_of_login(STATUS_PERMANENT), POP3_TEXT_PERMANENT);
    assert_int_equal(pop3_text_of_login(STATUS_NOT_FOUND), POP3_TEXT_NO_MAILDROP);
    assert_int_equal(pop3_text_of_login(STATUS_IO), POP3_TEXT_TEMPORARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s25_default_and_english_are_ascii),
        cmocka_unit_test(s25_chinese_is_utf8_and_complete),
        cmocka_unit_test(s31_every_text_leaves_room_in_a_first_line),
        cmocka_unit_test(every_language_has_the_same_numbers),
        cmocka_unit_test(numbers_stand_where_the_text_wants_them),
        cmocka_unit_test(a_text_without_room_is_told),
        cmocka_unit_test(s25_language_ranges_match_as_rfc_4647_says),
        cmocka_unit_test(every_failed_login_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
