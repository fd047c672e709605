#include "mime/mime_file_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct form {
    const char *said, *clean;
};

static char memory[MIME_FILE_NAME];

static struct slice cleaned(struct slice said, bool *changed)
{
    struct buf out = buf_over(memory, sizeof memory);
    *changed = mime_file_name_clean(said, SLICE("application/pdf"), SLICE("1.2"), &out);
    assert_false(out.overflow);
    return buf_slice(&out);
}

static void check(const struct form *forms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool changed;
        struct slice name = cleaned(slice_str(forms[i].said), &changed);
        if (!slice_equal(name, slice_str(forms[i].clean)))
            fail_msg("%s: %.*s", forms[i].said, SLICE_ARGS(name));
        assert_int_equal(changed, strcmp(forms[i].said, forms[i].clean) != 0);
    }
}

#define CHECK(forms) check(forms, sizeof forms / sizeof *forms)

static void good_names_stay_as_they_are(void **state)
{
    static const struct form forms[] = {
        {"a.pdf", "a.pdf"},
        {"Rechnung 2026 (2).pdf", "Rechnung 2026 (2).pdf"},
        {"发票-2026年11月.xlsx", "发票-2026年11月.xlsx"},
        {"請求書【最終】.docx", "請求書【最終】.docx"},
        {"Счёт № 5.doc", "Счёт № 5.doc"},
        {"archive.tar.gz", "archive.tar.gz"},
        {"double  space.txt", "double  space.txt"},
        {"README", "README"},
        {"ça va 😀.txt", "ça va 😀.txt"},
        {"a,b;c=d'e&f%20[g]{h}@~#$!.txt", "a,b;c=d'e&f%20[g]{h}@~#$!.txt"},
        {"e\xcc\x81.txt", "e\xcc\x81.txt"},
        {"company.txt", "company.txt"},
        {"com10.txt", "com10.txt"},
        {"console", "console"},
    };
    CHECK(forms);
}

static void only_the_last_part_of_a_path_is_left(void **state)
{
    static const struct form forms[] = {
        {"../../etc/passwd", "passwd"},
        {"/etc/passwd", "passwd"},
        {"C:\\Users\\ann\\a.pdf", "a.pdf"},
        {"\\\\server\\share\\a.pdf", "a.pdf"},
        {"dir/a.pdf/", "a.pdf"},
        {"a/../b", "b"},
        {"a\\..", "part-1.2.pdf"},
        {"..", "part-1.2.pdf"},
        {".", "part-1.2.pdf"},
        {"/", "part-1.2.pdf"},
        {"..\\../\\", "part-1.2.pdf"},
        {"file:///etc/passwd", "passwd"},
        {"C:a.pdf", "C_a.pdf"},
    };
    CHECK(forms);
}

static void controls_and_directions_are_left_out(void **state)
{
    static const struct form forms[] = {
        {"a\x1b[2Jb.txt", "a[2Jb.txt"},
        {"a\x07\x7f.txt", "a.txt"},
        {"a\tb\r\n c.txt", "a b  c.txt"},
        {"photo\xe2\x80\xaegpj.exe", "photogpj.exe"}, /* U+202E */
        {"\xe2\x81\xa6"
         "a\xe2\x81\xa9.pdf",
         "a.pdf"}, /* U+2066, U+2069 */
        {"a\xe2\x80\x8b"
         "b\xef\xbb\xbf.pdf",
         "ab.pdf"}, /* U+200B, U+FEFF */
        {"a\xc2\xad"
         "b\xd8\x9c.pdf",
         "ab.pdf"}, /* U+00AD, U+061C */
        {"a\xc2\x85"
         "b.pdf",
         "ab.pdf"}, /* U+0085 */
        {"a\xe2\x80\xa8"
         "b\xe2\x80\xa9.pdf",
         "ab.pdf"},                         /* U+2028, U+2029 */
        {"a\xf3\xa0\x80\xa1.pdf", "a.pdf"}, /* U+E0021 */
        {"a\xef\xbf\xbe.pdf", "a.pdf"},     /* U+FFFE */
        {"\xe3\x85\xa4", "part-1.2.pdf"},   /* U+3164 */
    };
    CHECK(forms);
}

static void octets_that_file_systems_refuse_are_replaced(void **state)
{
    static const struct form forms[] = {
        {"Re: what?.txt", "Re_ what_.txt"},
        {"<a>|\"b\"*.txt", "_a___b__.txt"},
        {"M\xfcller.txt", "M_ller.txt"},
        {"a\xed\xa0\x80.txt", "a___.txt"},
        {"a\xc0\xaf"
         "b",
         "a__b"},
        {"a\xe4\xb8", "a__"},
    };
    CHECK(forms);
}

static void names_neither_begin_nor_end_with_what_hides_them(void **state)
{
    static const struct form forms[] = {
        {".bashrc", "bashrc"},
        {"...a", "a"},
        {"-rf", "rf"},
        {"-.- a.pdf", "a.pdf"},
        {"\xe2\x80\x8e.profile", "profile"},
        {"a.pdf. . ", "a.pdf"},
        {"  a.pdf\xe3\x80\x80", "a.pdf"},
        {"a.pdf\xc2\xa0.", "a.pdf"},
        {"a.pdf               .exe", "a.pdf  .exe"},
        {". . .", "part-1.2.pdf"},
        {"", "part-1.2.pdf"},
        {" \t", "part-1.2.pdf"},
    };
    CHECK(forms);
}

static void names_of_devices_are_none(void **state)
{
    static const struct form forms[] = {
        {"CON", "_CON"},           {"con.txt", "_con.txt"}, {"NUL.tar.gz", "_NUL.tar.gz"},
        {"aux .txt", "_aux .txt"}, {"Com1", "_Com1"},       {"LPT9.pdf", "_LPT9.pdf"},
        {"COM¹.txt", "_COM¹.txt"}, {"CONIN$", "_CONIN$"},   {"prn.", "_prn"},
    };
    CHECK(forms);
}

static void a_long_name_keeps_its_ending_and_whole_characters(void **state)
{
    for (size_t extra = 0; extra < 4; extra++) {
        char said[1024];
        struct buf b = buf_over(said, sizeof said);
        for (size_t i = 0; i < extra; i++)
            buf_put_char(&b, 'x');
        while (b.size < 600)
            buf_put_str(&b, "发");
        buf_put_str(&b, ".tar.gz");
        bool changed;
        struct slice name = cleaned(buf_slice(&b), &changed);
        assert_true(changed);
        assert_true(name.size <= MIME_FILE_NAME && name.size > MIME_FILE_NAME - 8);
        assert_true(slice_ends(name, SLICE("发.tar.gz")));
        assert_int_equal((name.size - extra - 7) % 3, 0);
    }
}

static void a_long_ending_is_none(void **state)
{
    char said[600];
    bool changed;
    memset(said, 'a', sizeof said);
    said[1] = '.';
    assert_int_equal(cleaned(slice_of(said, sizeof said), &changed).size, MIME_FILE_NAME);
    memset(said, '.', sizeof said);
    assert_true(slice_equal(cleaned(slice_of(said, sizeof said), &changed), SLICE("part-1.2.pdf")));
    memset(said, ' ', sizeof said);
    said[0] = said[599] = 'a';
    assert_true(slice_equal(cleaned(slice_of(said, sizeof said), &changed), SLICE("a  a")));
}

static void nul_is_no_end(void **state)
{
    bool changed;
    assert_true(slice_equal(cleaned(SLICE("a.pdf\0.exe"), &changed), SLICE("a.pdf.exe")));
    assert_true(changed);
}

static void a_part_without_a_name_has_its_types_ending(void **state)
{
    static const struct {
        const char *type, *path, *name;
    } forms[] = {
        {"image/png", "1.2", "part-1.2.png"},  {"IMAGE/JPEG", "2", "part-2.jpg"},
        {"text/x-unknown", "1", "part-1.txt"}, {"application/x-unknown", "1", "part-1.bin"},
        {"message/rfc822", "", "part.eml"},    {"", "../x", "part-..__.bin"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct buf out = buf_over(memory, sizeof memory);
        assert_true(mime_file_name_clean(SLICE(""), slice_str(forms[i].type),
                                         slice_str(forms[i].path), &out));
        if (!slice_equal(buf_slice(&out), slice_str(forms[i].name)))
            fail_msg("%s: %.*s", forms[i].type, SLICE_ARGS(buf_slice(&out)));
    }
}

static void a_name_is_appended(void **state)
{
    char room[MIME_FILE_NAME + 2];
    struct buf out = buf_over(room, sizeof room);
    buf_put_str(&out, "x/");
    assert_true(mime_file_name_clean(SLICE("nul"), SLICE(""), SLICE(""), &out));
    assert_true(slice_equal(buf_slice(&out), SLICE("x/_nul")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names_stay_as_they_are),
        cmocka_unit_test(only_the_last_part_of_a_path_is_left),
        cmocka_unit_test(controls_and_directions_are_left_out),
        cmocka_unit_test(octets_that_file_systems_refuse_are_replaced),
        cmocka_unit_test(names_neither_begin_nor_end_with_what_hides_them),
        cmocka_unit_test(names_of_devices_are_none),
        cmocka_unit_test(a_long_name_keeps_its_ending_and_whole_characters),
        cmocka_unit_test(a_long_ending_is_none),
        cmocka_unit_test(nul_is_no_end),
        cmocka_unit_test(a_part_without_a_name_has_its_types_ending),
        cmocka_unit_test(a_name_is_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
