#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "config/config_directive.h"

#define BASE "config 1\nhostname h\nlisten pop3s\nusers file /u\nstore maildir /m/%u\n"

static struct config *parse(const char *text)
{
    struct config_errors *errors = calloc(1, sizeof *errors);
    struct config *c = NULL;
    enum status s = config_parse_text("t", slice_str(text), &config_source_none, &c, errors);
    if (s != STATUS_OK)
        fail_msg("%s\n%s", text, config_errors_print(errors));
    free(errors);
    return c;
}

/* Both prints parse back to a value that prints the same. */
static void expect_identity(const char *text)
{
    struct config *c = parse(text);
    char *whole = config_print(c, false);
    for (int only_changed = 0; only_changed < 2; only_changed++) {
        char *printed = config_print(c, only_changed);
        struct config *again = parse(printed);
        char *reprinted = config_print(again, false);
        assert_string_equal(reprinted, whole);
        assert_int_equal(again->tls_auto, c->tls_auto);
        free(printed);
        free(reprinted);
        config_unref(again);
    }
    free(whole);
    config_unref(c);
}

static void printing_then_parsing_is_identity(void **state)
{
    (void)state;
    expect_identity(BASE);
    expect_identity(BASE
                    "tls auto\ntls cert \"/a b\" key \"/q\\\"\\\\{}#\"\nuser x\nmail-user y\n");
    expect_identity(BASE "listen pop3 127.0.0.1:0\nlisten pop3 [2001:db8::1]:110\n");
    expect_identity(BASE "lock snapshot { wait 1ms }\nuidl keep\nlog json syslog\ncache 3MB\n");
    expect_identity(BASE "processes { front 3 store 0 }\nexpire 30\nlogin-delay 60s\nindex /i\n");
    expect_identity("config 1\nusers file /u\nstore memory\nlisten pop3 [::1]:1\n");
    expect_identity("config 1\nusers file /u\nstore memory\nlisten pop3 [::1]:1\ntls auto\n");
}

/* Every setting at both of its bounds: none is forgotten, none is cut. */
static void every_setting_survives_at_its_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONFIG_DIRECTIVE_COUNT; i++) {
        const struct config_directive *d = &CONFIG_DIRECTIVES[i];
        for (size_t j = 0; j < 2 * d->setting_count && !d->repeats; j++) {
            const struct config_setting *s = &d->settings[j / 2];
            char value[CONFIG_UNIT_TEXT], text[512];
            config_unit_print(s->unit, j % 2 ? s->most : s->least, value);
            snprintf(text, sizeof text, "%s%s %s { %s %s }\n", BASE, d->name,
                     strcmp(d->name, "lock") == 0 ? "exclusive" : "", s->name, value);
            struct config *c = parse(text);
            assert_int_equal(config_setting_get(s, c), j % 2 ? s->most : s->least);
            config_unref(c);
            expect_identity(text);
        }
    }
}

static void examples_of_the_table_are_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONFIG_DIRECTIVE_COUNT; i++) {
        char text[1024] = "config 1\n";
        for (size_t j = 0; j < CONFIG_DIRECTIVE_COUNT; j++) {
            if (j == i || CONFIG_DIRECTIVES[j].fallback == NULL)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n",
                         CONFIG_DIRECTIVES[j].example);
        }
        expect_identity(text);
    }
}

static void changes_only_are_what_differs_from_the_defaults(void **state)
{
    (void)state;
    struct config *c = parse(BASE "limits { idle 20m per-user 4 }\nlock exclusive { wait 2s }\n");
    char *printed = config_print(c, true);
    assert_string_equal(printed, "config 1\n"
                                 "hostname h\n"
                                 "listen pop3s [::]:995\n"
                                 "listen pop3s 0.0.0.0:995\n"
                                 "users file /u\n"
                                 "store maildir /m/%u\n"
                                 "limits {\n"
                                 "    idle 20m\n"
                                 "}\n");
    free(printed);
    config_unref(c);
}

static void a_value_lives_as_long_as_its_last_reference(void **state)
{
    (void)state;
    struct config *c = parse(BASE);
    const struct config *other = config_ref(c);
    config_unref(c);
    assert_string_equal(other->hostname, "h");
    config_unref(other);
    config_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printing_then_parsing_is_identity),
        cmocka_unit_test(every_setting_survives_at_its_bounds),
        cmocka_unit_test(examples_of_the_table_are_right),
        cmocka_unit_test(changes_only_are_what_differs_from_the_defaults),
        cmocka_unit_test(a_value_lives_as_long_as_its_last_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
