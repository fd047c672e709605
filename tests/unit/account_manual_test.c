/* The manual's list of an account's directives is what the table says, to the letter. After a
 * change of the table, `account_manual_test --print` gives the text that belongs between the marks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "client/account_directive.h"

enum { LINE = 72 };

/* Filled lines, as the manual's source has them. */
static void put_text(FILE *out, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (column > 0 && column + 1 + size > LINE) {
            putc('\n', out);
            column = 0;
        }
        fprintf(out, "%s%.*s", column > 0 ? " " : "", (int)size, text);
        column += size + (column > 0);
        text += size + (text[size] == ' ');
    }
    putc('\n', out);
}

static void put_directive(FILE *out, const struct account_directive *d)
{
    fprintf(out, ".It Ic %s No \"%s\"\n", d->name, d->grammar);
    put_text(out, d->help);
    fprintf(out, ".Pp\n");
    if (d->fallback == NULL)
        fprintf(out, "Must be given.\n");
    else
        fprintf(out, "Default: %s.\n", d->fallback);
    if (d->is_own)
        fprintf(out, "Not in\n.Ic defaults .\n");
    fprintf(out, ".Dl %s\n", d->example);
}

static char *print_directives(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < ACCOUNT_DIRECTIVE_COUNT; i++)
        put_directive(out, &ACCOUNT_DIRECTIVES[i]);
    return fclose(out) == 0 ? text : NULL;
}

static void the_manual_lists_what_the_table_says(void **state)
{
    static char manual[65536];
    (void)state;
    FILE *in = fopen(MANUAL, "r");
    assert_non_null(in);
    manual[fread(manual, 1, sizeof manual - 1, in)] = '\0';
    assert_int_equal(fclose(in), 0);
    char *expected = print_directives();
    const char *at = strstr(manual, "table begins\n"), *end = strstr(manual, ".\\\" table ends\n");
    assert_true(expected != NULL && at != NULL && end != NULL && end > at);
    at += strlen("table begins\n");
    for (const char *p = expected; *p != '\0' || at < end; p++, at++) {
        if (*p != *at || at == end)
            fail_msg("the manual differs at: %.60s\nthe table says: %.60s", at, p);
    }
    free(expected);
}

static void a_help_text_is_one_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < ACCOUNT_DIRECTIVE_COUNT; i++) {
        const struct account_directive *d = &ACCOUNT_DIRECTIVES[i];
        assert_int_equal(d->help[strlen(d->help) - 1], '.');
        assert_null(strstr(d->help, ". "));
        assert_true(d->example[0] != '\0' &&
                    slice_starts(slice_str(d->example), slice_str(d->name)));
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        char *text = print_directives();
        fputs(text != NULL ? text : "", stdout);
        free(text);
        return text == NULL;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manual_lists_what_the_table_says),
        cmocka_unit_test(a_help_text_is_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
