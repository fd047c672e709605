/* Texts as mail has them, in every charset that is guessed; they are UTF-8 here and encoded by the
 * C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <iconv.h>

#include "codec/charset.h"
#include "codec/charset_table_single.h"

enum { TEXT_MAX = 2048 };

struct phrase {
    const char *charsets; /* our names, with blanks between them */
    const char *text;
};

static const struct phrase phrases[] = {
#include "charset_phrases.h"
};

static const char *iconv_name(const char *ours)
{
    return strcmp(ours, "Shift_JIS") == 0 ? "CP932" : strcmp(ours, "EUC-KR") == 0 ? "UHC" : ours;
}

static struct slice encoded(const char *name, const char *text, char *out)
{
    iconv_t handle = iconv_open(iconv_name(name), "UTF-8");
    assert_true(handle != (iconv_t)-1);
    char *from = (char *)(uintptr_t)text;
    size_t size = strlen(text);
    char *to = out;
    size_t room = TEXT_MAX;
    if (iconv(handle, &from, &size, &to, &room) != 0 || size != 0)
        fail_msg("%s is not in %s", text, name);
    iconv(handle, NULL, NULL, &to, &room);
    iconv_close(handle);
    return slice_of(out, TEXT_MAX - room);
}

/* The next word of the list; false: there is none. */
static bool next_name(const char **list, char name[static 20])
{
    size_t size = strcspn(*list, " ");
    if (size == 0)
        return false;
    assert_true(size < 20);
    memcpy(name, *list, size);
    name[size] = '\0';
    *list += size;
    *list += **list == ' ';
    return true;
}

static void every_phrase_is_told_from_all_other_charsets(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t n = 0; n < sizeof phrases / sizeof *phrases; n++) {
        const char *list = phrases[n].charsets;
        for (char name[20]; next_name(&list, name);) {
            char text[TEXT_MAX];
            struct slice octets = encoded(name, phrases[n].text, text);
            const char *found = charset_name(charset_guess(octets, CHARSET_UNKNOWN));
            if (strcmp(found, name) != 0) {
                print_message("# %s: %s, not %s\n", phrases[n].text, found, name);
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

static enum charset guess(const char *text, const char *hint)
{
    return charset_guess(slice_str(text), charset_find(slice_str(hint)));
}

static void valid_utf8_is_utf8_whatever_the_hint(void **state)
{
    (void)state;
    assert_int_equal(guess("caf\xc3\xa9", "gbk"), CHARSET_UTF_8);
    assert_int_equal(guess("plain", "gbk"), CHARSET_UTF_8);
    assert_int_equal(guess("", "gbk"), CHARSET_UTF_8);
}

static void cut_utf8_is_utf8(void **state)
{
    (void)state;
    assert_int_equal(guess("\xe4\xbd\xa0\xe5\xa5\xbd\xe5\xa5", "gbk"), CHARSET_UTF_8);
    assert_int_equal(guess("Gr\xc3\xbc\xc3\x9f\x65 aus M\xc3", ""), CHARSET_UTF_8);
}

static void a_neighbour_s_charset_wins_where_the_text_is_likely_in_it(void **state)
{
    (void)state;
    assert_int_equal(guess("caf\xe9", "windows-1250"), charset_find(SLICE("windows-1250")));
    assert_int_equal(guess("\xc4\xe3\xba\xc3", "big5"), CHARSET_BIG5);
    assert_int_equal(guess("\xbe\xbe", "iso-8859-2"), charset_find(SLICE("iso-8859-2")));
}

static void a_neighbour_s_charset_does_not_win_against_the_text(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    struct slice chinese = encoded("GB18030", "请查收附件中的发票，谢谢您的支持", text);
    assert_int_equal(charset_guess(chinese, charset_find(SLICE("latin1"))), CHARSET_GB18030);
    assert_int_equal(charset_guess(chinese, charset_find(SLICE("utf-8"))), CHARSET_GB18030);
    assert_int_equal(charset_guess(chinese, charset_find(SLICE("iso-2022-jp"))), CHARSET_GB18030);
    for (int c = CHARSET_SINGLE + (int)CHARSET_ROWS; c <= CHARSET_LIMIT; c++)
        assert_int_equal(charset_guess(chinese, (enum charset)c), CHARSET_GB18030);
}

static void an_octet_within_a_latin_word_is_half_of_no_ideograph(void **state)
{
    static const char *const words[] = {"Forma\xe7\xe3o", "Gr\xf6\xdf\x65", "M\xfcller",
                                        "Die Hasen und die Fr\xf6sche"};
    (void)state;
    for (size_t n = 0; n < sizeof words / sizeof *words; n++) {
        assert_int_equal(guess(words[n], ""), charset_find(SLICE("windows-1252")));
        assert_int_equal(guess(words[n], "gb2312"), charset_find(SLICE("windows-1252")));
        assert_int_equal(guess(words[n], "euc-kr"), charset_find(SLICE("windows-1252")));
    }
}

static void seven_bits_are_told_by_their_escapes(void **state)
{
    (void)state;
    assert_int_equal(guess("\x1b$B$3$s\x1b(B", ""), CHARSET_ISO_2022_JP);
    assert_int_equal(guess("\x1b$)C\x0eGQ\x0f", ""), CHARSET_ISO_2022_KR);
    assert_int_equal(guess("say ~{<:Ky2;~}", ""), CHARSET_HZ);
    assert_int_equal(guess("a ~{ b", ""), CHARSET_UTF_8);
    assert_int_equal(guess("~{~}", ""), CHARSET_UTF_8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_phrase_is_told_from_all_other_charsets),
        cmocka_unit_test(valid_utf8_is_utf8_whatever_the_hint),
        cmocka_unit_test(cut_utf8_is_utf8),
        cmocka_unit_test(a_neighbour_s_charset_wins_where_the_text_is_likely_in_it),
        cmocka_unit_test(a_neighbour_s_charset_does_not_win_against_the_text),
        cmocka_unit_test(an_octet_within_a_latin_word_is_half_of_no_ideograph),
        cmocka_unit_test(seven_bits_are_told_by_their_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
