/* Every allocation of a parse and a print fails once: the answer is "no memory", and nothing leaks
 * or crashes. Linked with the allocators wrapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "config/config.h"

static const char TEXT[] = "config 1\nhostname h\nlisten pop3s\nlisten pop3 [::1]:1\n"
                           "tls cert /c key /k\ntls cert /c2 key /k2\nusers file /u\n"
                           "store maildir /m/%u\nindex /i\nuser a\nmail-user b\ninclude x\n";

static unsigned calls, failing; /* the call that fails, from 1; 0: none */

static bool fails(void)
{
    return ++calls == failing;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return fails() ? NULL : __real_strndup(text, size);
}

static enum status read_little(void *context, const char *path, char **text, size_t *size)
{
    (void)context;
    (void)path;
    *text = strdup("uidl keep\n");
    *size = strlen("uidl keep\n");
    return *text != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

static void any_failing_allocation_of_a_parse_is_no_memory(void **state)
{
    (void)state;
    static struct config_errors errors;
    const struct config_source source = {NULL, read_little};
    for (unsigned n = 1;; n++) {
        struct config *c = NULL;
        calls = 0;
        failing = n;
        enum status s = config_parse_text("/t", slice_str(TEXT), &source, &c, &errors);
        failing = 0;
        if (calls < n) {
            assert_int_equal(s, STATUS_OK);
            assert_true(n > 15);
            config_unref(c);
            return;
        }
        assert_int_equal(s, STATUS_NO_MEMORY);
        assert_null(c);
    }
}

static void any_failing_allocation_of_a_print_is_null(void **state)
{
    (void)state;
    static struct config_errors errors;
    const struct config_source source = {NULL, read_little};
    struct config *c = NULL;
    enum status s = config_parse_text("/t", slice_str(TEXT), &source, &c, &errors);
    assert_int_equal(s, STATUS_OK);
    for (unsigned n = 1;; n++) {
        calls = 0;
        failing = n;
        char *text = config_print(c, true);
        failing = 0;
        bool is_done = calls < n;
        assert_true(is_done == (text != NULL));
        free(text);
        if (is_done)
            break;
    }
    config_unref(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_failing_allocation_of_a_parse_is_no_memory),
        cmocka_unit_test(any_failing_allocation_of_a_print_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
