#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/charset_names.h"
#include "codec/charset_table_single.h"

static void assert_names(const char *wanted, const char *const *names)
{
    for (; *names != NULL; names++) {
        const char *found = charset_name(charset_find(slice_str(*names)));
        if (strcmp(found, wanted) != 0)
            fail_msg("'%s' is %s, not %s", *names, found, wanted);
    }
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void names_that_mail_has_are_known(void **state)
{
    (void)state;
    assert_names("US-ASCII", NAMES("us-ascii", "ANSI_X3.4-1968", "ascii", "US-ASCII*en", "646",
                                   "us-ascii\ncontent-transfer-encoding:"));
    assert_names("UTF-8", NAMES("utf-8", "UTF8", "\"utf-8\"", " 'Utf_8' ", "utf-8*de", "uft-8",
                                "unicode-1-1-utf-8", "x-unicode20utf8", "cp65001", "=utf-8",
                                "utf-8; format=flowed", "utf-8 format=flowed", "3Dutf-8"));
    assert_names("GB18030", NAMES("x-gbk", "gb_2312-80", "GB2312", "cn-gb", "cp936", "euc-cn",
                                  "gb18030", "MS936", "csGB2312", "iso-ir-58", "windows-936"));
    assert_names("Big5", NAMES("big5", "x-x-big5", "Big5-HKSCS", "cp950", "cn-big5"));
    assert_names("Shift_JIS", NAMES("x-sjis", "ms_kanji", "windows-31j", "cp932", "shift-jis",
                                    "SJIS", "ibm943"));
    assert_names("EUC-JP", NAMES("euc-jp", "x-euc-jp", "ujis", "eucJP-ms"));
    assert_names("ISO-2022-JP", NAMES("iso-2022-jp", "csISO2022JP", "iso-2022-jp-3", "cp50220"));
    assert_names("EUC-KR", NAMES("ks_c_5601-1987", "euc-kr", "cp949", "ksc5601", "korean", "uhc"));
    assert_names("UTF-7", NAMES("unicode-1-1-utf-7", "utf-7", "cp65000"));
    assert_names("HZ-GB-2312", NAMES("hz-gb-2312", "hz"));
    assert_names("windows-1252",
                 NAMES("iso-8859-1", "iso8859_1", "latin-1", "latin1", "l1", "windows1252",
                       "cp1252", "ISO_8859-1:1987", "iso_8859_1_1987", "ISO 8859-1", "iso88591",
                       "x-ansi", "iso-8859-1?", "cp819"));
    assert_names("ISO-8859-15", NAMES("iso8859_15", "latin9", "iso-8859-15"));
    assert_names("windows-1254", NAMES("iso-8859-9", "latin5", "windows-1254"));
    assert_names("windows-874", NAMES("iso-8859-11", "tis-620", "cp874", "windows-874"));
    assert_names("ISO-8859-8", NAMES("iso-8859-8-i", "iso-8859-8", "csISO88598I", "visual"));
    assert_names("IBM850", NAMES("cp-850", "ibm850", "cp850", "850"));
    assert_names("IBM866", NAMES("cp866", "ibm866", "dos-866"));
    assert_names("KOI8-R", NAMES("koi8-r", "koi8r", "koi8", "cskoi8r", "x-koi8-r"));
    assert_names("macintosh", NAMES("macintosh", "x-mac-roman", "mac"));
    assert_names("x-mac-cyrillic", NAMES("x-mac-cyrillic", "x-mac-ukrainian"));
}

static void names_that_say_nothing_are_unknown(void **state)
{
    (void)state;
    assert_names("unknown",
                 NAMES("x-unknown", "unknown-8bit", "8bit", "binary", "", "\"\"", "x", "iso-4444-5",
                       "badcharset", "iso-8859-12", "iso-8859-17", "cp99999999999999999", "none",
                       "x-user-defined", "a very long name that is the name of no charset"));
    assert_string_equal(charset_name((enum charset)(CHARSET_SINGLE + (int)CHARSET_ROWS)),
                        "unknown");
}

static void every_charset_is_found_by_its_own_name(void **state)
{
    (void)state;
    for (int c = CHARSET_US_ASCII; c < CHARSET_SINGLE + (int)CHARSET_ROWS; c++) {
        const char *name = charset_name((enum charset)c);
        if ((int)charset_find(slice_str(name)) != c)
            fail_msg("%s is found as another", name);
    }
}

static void every_alias_and_page_is_found(void **state)
{
    (void)state;
    for (size_t n = 0; n < charset_alias_count; n++) {
        assert_true(strlen(charset_aliases[n].name) <= CHARSET_ALIAS_MAX);
        assert_int_equal(charset_find(slice_str(charset_aliases[n].name)),
                         charset_aliases[n].charset);
        assert_true(n == 0 || strcmp(charset_aliases[n - 1].name, charset_aliases[n].name) < 0);
    }
    for (size_t n = 1; n < charset_code_page_count; n++)
        assert_true(charset_code_pages[n - 1].number < charset_code_pages[n].number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_mail_has_are_known),
        cmocka_unit_test(names_that_say_nothing_are_unknown),
        cmocka_unit_test(every_charset_is_found_by_its_own_name),
        cmocka_unit_test(every_alias_and_page_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
