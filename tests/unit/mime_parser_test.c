#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../support/mime_tree.h"

static void expect(const char *message, const char *tree)
{
    static char seen[MIME_TREE_MAX];
    mime_tree_of(slice_str(message), seen);
    assert_string_equal(seen, tree);
}

static void rfc2046_5_1_parts_lie_between_boundaries(void **state)
{
    expect("Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\n"
           "Content-Type: text/html\r\n\r\ntwo\r\n--b--\r\nepilogue",
           "multipart/mixed{preamble|(text/plain{one}text/html{two})epilogue}");
}

static void rfc5322_a_message_without_anything_is_a_leaf(void **state)
{
    expect("", "text/plain{}");
    expect("\n", "text/plain{}");
    expect("A: b", "text/plain{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2046_5_1_parts_lie_between_boundaries),
        cmocka_unit_test(rfc5322_a_message_without_anything_is_a_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
