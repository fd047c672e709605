#include "mime/mime_partial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static _Alignas(16) char memory[4 << 20];
static struct mime_message pieces[3];
static char joined[4096];

static const char first[] =
    "X-Weird: 1\r\nFrom: a@x\r\nSubject: part 1\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: message/partial; id=\"ABC@x\"; number=1; total=3\r\n\r\n"
    "X-Inner: 2\r\nMessage-ID: <whole@x>\r\nSubject: whole\r\nMIME-Version: 1.0\r\n"
    "Content-Type: audio/basic\r\nContent-Transfer-Encoding: base64\r\n\r\nfirst\r\n";
static const char second[] =
    "From: a@x\r\nSubject: part 2\r\n"
    "Content-Type: message/partial; id=\"ABC@x\"; number=2\r\n\r\nsecond\r\n";
static const char third[] =
    "From: a@x\r\nContent-Type: message/partial; id=\"ABC@x\"; number=3; total=3\r\n\r\nthird\r\n";
static const char *const texts[] = {first, second, third};

static void open_piece(size_t i, const char *text, struct arena *arena)
{
    struct mime_limits limits = mime_limits_default();
    assert_int_equal(mime_message_open(&pieces[i], slice_str(text), arena, &limits), STATUS_OK);
}

static enum status join(size_t count, const char *const *from)
{
    static struct arena arena;
    struct buf b = buf_over(joined, sizeof joined - 1);
    arena = arena_over(memory, sizeof memory);
    for (size_t i = 0; i < count; i++)
        open_piece(i, from[i], &arena);
    enum status s = mime_partial_join(pieces, count, &b);
    joined[b.size] = '\0';
    return s;
}

static void rfc2046_5_2_2_1_the_whole_has_the_fields_of_both_headers(void **state)
{
    const char *const order[] = {texts[2], texts[0], texts[1]};
    assert_int_equal(join(3, order), STATUS_OK);
    assert_string_equal(joined,
                        "X-Weird: 1\r\nFrom: a@x\r\nMessage-ID: <whole@x>\r\nSubject: whole\r\n"
                        "MIME-Version: 1.0\r\nContent-Type: audio/basic\r\n"
                        "Content-Transfer-Encoding: base64\r\n\r\nfirst\r\nsecond\r\nthird\r\n");
}

static void what_is_not_all_there_is_not_joined(void **state)
{
    const char *const other[] = {
        texts[0], "Content-Type: message/partial; id=\"XYZ@x\"; number=2\r\n\r\nx", texts[2]};
    const char *const total[] = {
        texts[0], "Content-Type: message/partial; id=\"ABC@x\"; number=2; total=4\r\n\r\nx",
        texts[2]};
    const char *const plain[] = {texts[0], "Subject: x\r\n\r\nx", texts[2]};
    const char *const huge[] = {
        "Content-Type: message/partial; id=\"ABC@x\"; number=99999999999; total=1\r\n\r\nx"};
    assert_int_equal(join(2, texts), STATUS_NOT_FOUND);
    assert_int_equal(join(3, other), STATUS_NOT_FOUND);
    assert_int_equal(join(3, total), STATUS_NOT_FOUND);
    assert_int_equal(join(3, plain), STATUS_NOT_FOUND);
    assert_int_equal(join(1, huge), STATUS_NOT_FOUND);
    assert_int_equal(join(0, texts), STATUS_NOT_FOUND);
}

static void what_does_not_fit_is_said(void **state)
{
    struct buf b = buf_over(joined, 40);
    assert_int_equal(join(3, texts), STATUS_OK);
    assert_int_equal(mime_partial_join(pieces, 3, &b), STATUS_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2046_5_2_2_1_the_whole_has_the_fields_of_both_headers),
        cmocka_unit_test(what_is_not_all_there_is_not_joined),
        cmocka_unit_test(what_does_not_fit_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
