/* Other collectors' notes are read as they write them, and never half. */
#include "client/state_import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* All entries as "user@host uidl seconds;", then "!LINE" where it is malformed. */
static const char *read_all(enum state_import_format format, struct slice text)
{
    static char memory[2000];
    struct buf out = buf_over(memory, sizeof memory - 1);
    struct state_import_reader r;
    struct state_import_entry e;
    enum status s;
    state_import_init(&r, format, text);
    while ((s = state_import_next(&r, &e)) == STATUS_OK) {
        buf_printf(&out, "%.*s@%.*s %.*s %lld;", SLICE_ARGS(e.user), SLICE_ARGS(e.host),
                   SLICE_ARGS(e.uidl), (long long)e.fetched);
    }
    if (s != STATUS_CLOSED)
        buf_printf(&out, "!%zu", r.line);
    memory[out.size] = '\0';
    return memory;
}

static void fetchmail_users_may_have_at_signs_and_blanks_and_uidls_too(void **state)
{
    (void)state;
    assert_string_equal(read_all(STATE_IMPORT_FETCHMAIL,
                                 SLICE("ann@pop.example.org 1\na@b@h x@y\nDom Ann@h 2\r\n\n")),
                        "ann@pop.example.org 1 0;a@b@h x@y 0;Dom Ann@h 2 0;");
    assert_string_equal(read_all(STATE_IMPORT_FETCHMAIL, SLICE("a@h 1\nword\n")), "a@h 1 0;!2");
    assert_string_equal(read_all(STATE_IMPORT_FETCHMAIL, SLICE("a@h ")), "!1");
    assert_string_equal(read_all(STATE_IMPORT_FETCHMAIL, SLICE("")), "");
}

static void getmail_lines_have_a_nul_and_a_time(void **state)
{
    (void)state;
    assert_string_equal(read_all(STATE_IMPORT_GETMAIL, SLICE("a-b\0"
                                                             "1700000000\nc\0"
                                                             "5")),
                        "@ a-b 1700000000;@ c 5;");
    assert_string_equal(read_all(STATE_IMPORT_GETMAIL, SLICE("a 1\n")), "!1");
    assert_string_equal(read_all(STATE_IMPORT_GETMAIL, SLICE("a\0-1\n")), "!1");
    assert_string_equal(read_all(STATE_IMPORT_GETMAIL, SLICE("\0"
                                                             "1\n")),
                        "!1");
}

static void mpop_lists_belong_to_the_line_above_them(void **state)
{
    (void)state;
    assert_string_equal(
        read_all(STATE_IMPORT_MPOP, SLICE("# made\n#\n 2 h ann b\nx\ny\n 0 h carl\n 1 i dan\nz\n")),
        "ann b@h x 0;ann b@h y 0;dan@i z 0;");
    assert_string_equal(read_all(STATE_IMPORT_MPOP, SLICE("x\n")), "!1");
    assert_string_equal(read_all(STATE_IMPORT_MPOP, SLICE(" n h u\n")), "!1");
    assert_string_equal(read_all(STATE_IMPORT_MPOP, SLICE(" 1 h\n")), "!1");
}

static void thunderbird_notes_what_it_has_only_in_part(void **state)
{
    (void)state;
    assert_string_equal(read_all(STATE_IMPORT_THUNDERBIRD,
                                 SLICE("# POP3 State File\r\n\r\n*h ann\r\nk a 5\r\nd b 6\r\n"
                                       "f c 7\r\nb d 8\r\nk e\r\n")),
                        "ann@h a 5;ann@h b 6;ann@h e 0;");
    assert_string_equal(read_all(STATE_IMPORT_THUNDERBIRD, SLICE("k a 5\n")), "!1");
    assert_string_equal(read_all(STATE_IMPORT_THUNDERBIRD, SLICE("*h ann\nq a 5\n")), "!2");
    assert_string_equal(read_all(STATE_IMPORT_THUNDERBIRD, SLICE("*h ann\nk a x\n")), "!2");
}

static void a_uidl_has_no_blanks_controls_or_great_length(void **state)
{
    char text[STATE_IMPORT_UIDL + 8] = "a@h ";
    (void)state;
    memset(text + 4, 'x', STATE_IMPORT_UIDL);
    assert_null(
        strchr(read_all(STATE_IMPORT_FETCHMAIL, slice_of(text, STATE_IMPORT_UIDL + 4)), '!'));
    text[STATE_IMPORT_UIDL + 4] = 'x';
    assert_string_equal(read_all(STATE_IMPORT_FETCHMAIL, slice_of(text, STATE_IMPORT_UIDL + 5)),
                        "!1");
    assert_string_equal(read_all(STATE_IMPORT_FETCHMAIL, SLICE("a@h \x1b[m\n")), "!1");
}

static void owners_are_compared_as_hosts_and_users_are(void **state)
{
    char host[] = "Pop.Example.org", user[] = "ann@example.org";
    struct account a = {.host = host, .user = user};
    struct state_import_entry e = {.host = SLICE("pop.example.ORG"),
                                   .user = SLICE("ann@example.org")};
    (void)state;
    assert_true(state_import_is_of(&e, &a, NULL));
    assert_true(state_import_is_of(&e, &a, "ann@example.org@pop.example.org"));
    assert_false(state_import_is_of(&e, &a, "ann@pop.example.org"));
    assert_false(state_import_is_of(&e, &a, "nobody"));
    e.user = SLICE("Ann@example.org");
    assert_false(state_import_is_of(&e, &a, NULL));
    e.host = SLICE("");
    assert_true(state_import_is_of(&e, &a, NULL));
    a.user = NULL;
    e.host = SLICE("pop.example.org");
    assert_false(state_import_is_of(&e, &a, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetchmail_users_may_have_at_signs_and_blanks_and_uidls_too),
        cmocka_unit_test(getmail_lines_have_a_nul_and_a_time),
        cmocka_unit_test(mpop_lists_belong_to_the_line_above_them),
        cmocka_unit_test(thunderbird_notes_what_it_has_only_in_part),
        cmocka_unit_test(a_uidl_has_no_blanks_controls_or_great_length),
        cmocka_unit_test(owners_are_compared_as_hosts_and_users_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
