#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "pop3/pop3_command.h"

static enum pop3_syntax parse(const char *line, struct pop3_command_line *parsed)
{
    return pop3_command_parse(slice_str(line), parsed);
}

static void assert_argument(const struct pop3_command_line *parsed, unsigned i, const char *text)
{
    assert_int_equal(parsed->arguments[i].size, strlen(text));
    assert_memory_equal(parsed->arguments[i].data, text, strlen(text));
}

static void s10_names_are_found_in_any_letter_case(void **state)
{
    (void)state;
    for (unsigned v = 0; v < POP3_VERB_COUNT; v++) {
        const struct pop3_command *row = pop3_command_row(v);
        size_t size = strlen(row->name);
        assert_int_equal(row->verb, v);
        for (unsigned mask = 0; mask < 1u << size; mask++) {
            char name[4];
            for (size_t i = 0; i < size; i++)
                name[i] = (char)(row->name[i] | (mask >> i & 1 && row->name[i] >= 'A' ? 0x20 : 0));
            assert_ptr_equal(pop3_command_find(slice_of(name, size)), row);
        }
    }
}

static void names_are_found_only_whole(void **state)
{
    (void)state;
    for (unsigned v = 0; v < POP3_VERB_COUNT; v++) {
        const char *name = pop3_command_row(v)->name;
        char longer[6] = {0};
        memcpy(longer, name, strlen(name));
        longer[strlen(name)] = 'S';
        assert_null(pop3_command_find(slice_str(longer)));
        assert_null(pop3_command_find(slice_of(name, strlen(name) - 1)));
    }
    assert_null(pop3_command_find(slice_of(NULL, 0)));
    assert_null(pop3_command_find(SLICE("APOP")));
}

static void s10_blanks_between_and_behind_arguments(void **state)
{
    struct pop3_command_line parsed;
    (void)state;
    assert_int_equal(parse("TOP   1    22   ", &parsed), POP3_SYNTAX_OK);
    assert_int_equal(parsed.argument_count, 2);
    assert_argument(&parsed, 0, "1");
    assert_argument(&parsed, 1, "22");
    assert_int_equal(parse("NOOP  ", &parsed), POP3_SYNTAX_OK);
    assert_int_equal(parsed.argument_count, 0);
    assert_int_equal(parse(" NOOP", &parsed), POP3_SYNTAX_UNKNOWN);
    assert_int_equal(parse("", &parsed), POP3_SYNTAX_UNKNOWN);
    assert_int_equal(parse(" ", &parsed), POP3_SYNTAX_UNKNOWN);
}

static void s12_every_verb_checks_its_number_of_arguments(void **state)
{
    (void)state;
    for (unsigned v = 0; v < POP3_VERB_COUNT; v++) {
        const struct pop3_command *row = pop3_command_row(v);
        for (unsigned n = 0; n <= POP3_ARGUMENTS_MAX + 2; n++) {
            struct pop3_command_line parsed;
            char line[32] = {0};
            bool fits = n >= row->min_arguments && n <= row->max_arguments;
            memcpy(line, row->name, strlen(row->name));
            for (unsigned i = 0; i < n; i++)
                strncat(line, " 1", sizeof line - strlen(line) - 1);
            if (v == POP3_VERB_PASS)
                fits = n > 0;
            assert_int_equal(parse(line, &parsed), fits ? POP3_SYNTAX_OK : POP3_SYNTAX_ARGUMENTS);
            assert_ptr_equal(parsed.command, row);
        }
    }
}

static void s20_pass_takes_the_rest_of_the_line_whole(void **state)
{
    struct pop3_command_line parsed;
    (void)state;
    assert_int_equal(parse("pass  pa ss  word ", &parsed), POP3_SYNTAX_OK);
    assert_argument(&parsed, 0, " pa ss  word ");
    assert_int_equal(parse("PASS \x01\t\x7f\xff", &parsed), POP3_SYNTAX_OK);
    assert_argument(&parsed, 0, "\x01\t\x7f\xff");
    assert_int_equal(parse("PASS ", &parsed), POP3_SYNTAX_OK);
    assert_argument(&parsed, 0, "");
    assert_int_equal(parse("PASS", &parsed), POP3_SYNTAX_ARGUMENTS);
}

static void s32_nul_and_cr_are_refused_everywhere(void **state)
{
    struct pop3_command_line parsed;
    (void)state;
    assert_int_equal(pop3_command_parse(SLICE("DELE 1\0garbage"), &parsed), POP3_SYNTAX_OCTETS);
    assert_int_equal(pop3_command_parse(SLICE("PASS a\0b"), &parsed), POP3_SYNTAX_OCTETS);
    assert_int_equal(parse("PASS a\rQUIT", &parsed), POP3_SYNTAX_OCTETS);
    assert_int_equal(parse("NOOP\r", &parsed), POP3_SYNTAX_OCTETS);
    assert_int_equal(parse("\rNOOP", &parsed), POP3_SYNTAX_OCTETS);
}

/* Every octet at every place of a command that is right without it. */
static void a11_no_octet_hides_in_a_command(void **state)
{
    static const char right[] = "RETR 1";
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        for (size_t at = 0; at <= sizeof right - 1; at++) {
            struct pop3_command_line parsed;
            char line[sizeof right];
            memcpy(line, right, at);
            line[at] = (char)octet;
            memcpy(line + at + 1, right + at, sizeof right - 1 - at);
            enum pop3_syntax syntax = pop3_command_parse(slice_of(line, sizeof line), &parsed);
            bool control = octet < 0x20 || octet == 0x7f;
            if (control)
                assert_int_equal(syntax, POP3_SYNTAX_OCTETS);
            else if (at < 4)
                assert_int_equal(syntax, POP3_SYNTAX_UNKNOWN);
            else if (at == 4)
                assert_int_equal(syntax, octet == ' ' ? POP3_SYNTAX_OK : POP3_SYNTAX_UNKNOWN);
            else
                assert_int_equal(syntax, POP3_SYNTAX_OK);
        }
    }
}

static void the_lines_behind_a_reply_depend_on_the_arguments(void **state)
{
    static const struct {
        const char *name;
        bool bare, with;
    } expected[] = {
        {"LIST", true, false}, {"UIDL", true, false}, {"RETR", false, true}, {"TOP", false, true},
        {"CAPA", true, false}, {"AUTH", true, false}, {"LANG", true, false},
    };
    unsigned multiline = 0;
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct pop3_command *row = pop3_command_find(slice_str(expected[i].name));
        assert_int_equal(pop3_command_is_multiline(row, 0), expected[i].bare);
        assert_int_equal(pop3_command_is_multiline(row, 1), expected[i].with);
        assert_int_equal(pop3_command_is_multiline(row, 2), expected[i].with);
    }
    for (unsigned v = 0; v < POP3_VERB_COUNT; v++)
        multiline += pop3_command_row(v)->multiline_bare || pop3_command_row(v)->multiline_with;
    assert_int_equal(multiline, sizeof expected / sizeof *expected);
}

/* A file of the source tree: the tests run in the build directory, which __FILE__ is told from. */
static char *read_source(const char *path)
{
    char name[1024];
    size_t folder = strlen(__FILE__) - strlen("unit/pop3_command_test.c");
    snprintf(name, sizeof name, "%.*s%s", (int)folder, __FILE__, path);
    FILE *file = fopen(name, "r");
    if (!file)
        skip();
    char *text = calloc(1, 65536);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

static void the_fuzz_dictionary_has_every_verb(void **state)
{
    char *text = read_source("fuzz/pop3.dict");
    (void)state;
    for (unsigned v = 0; v < POP3_VERB_COUNT; v++) {
        const struct pop3_command *row = pop3_command_row(v);
        char word[16];
        snprintf(word, sizeof word, "\n\"%s%s\"\n", row->name, row->min_arguments > 0 ? " " : "");
        assert_non_null(strstr(text, word));
    }
    free(text);
}

static void describe(const struct pop3_command *row, char *text, size_t size)
{
    const char *lines = row->multiline_bare   ? "without arguments"
                        : row->multiline_with ? "always"
                                              : "never";
    snprintf(text, size, "\n| %s |%s%s | %s%s | %s |%s%s | %s |\n", row->name,
             *row->arguments ? " " : "", row->arguments,
             row->states & POP3_STATE_AUTHORIZATION ? "A" : "",
             row->states & POP3_STATE_TRANSACTION ? "T" : "", lines, row->capability ? " " : "",
             row->capability ? row->capability : "", row->rfc);
}

static void the_documentation_says_what_the_table_says(void **state)
{
    char *text = read_source("../docs/pop3/commands.md");
    (void)state;
    for (unsigned v = 0; v < POP3_VERB_COUNT; v++) {
        char line[256];
        describe(pop3_command_row(v), line, sizeof line);
        if (!strstr(text, line))
            fail_msg("docs/pop3/commands.md lacks the line%s", line);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s10_names_are_found_in_any_letter_case),
        cmocka_unit_test(names_are_found_only_whole),
        cmocka_unit_test(s10_blanks_between_and_behind_arguments),
        cmocka_unit_test(s12_every_verb_checks_its_number_of_arguments),
        cmocka_unit_test(s20_pass_takes_the_rest_of_the_line_whole),
        cmocka_unit_test(s32_nul_and_cr_are_refused_everywhere),
        cmocka_unit_test(a11_no_octet_hides_in_a_command),
        cmocka_unit_test(the_lines_behind_a_reply_depend_on_the_arguments),
        cmocka_unit_test(the_fuzz_dictionary_has_every_verb),
        cmocka_unit_test(the_documentation_says_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
