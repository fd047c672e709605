/* The models of `poplin tui`: keys, places, lists, texts, typed lines, progress. None of them knows
 * a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/width.h"
#include "cli/poplin_tui_keys.h"
#include "cli/poplin_tui_list.h"
#include "cli/poplin_tui_progress.h"
#include "cli/poplin_tui_prompt.h"
#include "cli/poplin_tui_text.h"

static char memory[32768];

static const char *text_of(struct buf *b)
{
    assert_false(b->overflow);
    assert_true(b->size < b->capacity);
    b->data[b->size] = '\0';
    return b->data;
}

/* --- keys --- */

static void a_key_has_one_meaning_in_a_view(void **state)
{
    (void)state;
    for (size_t i = 0; i < TUI_BINDING_COUNT; i++) {
        for (size_t k = 0; k < TUI_KEYS_EACH && TUI_BINDINGS[i].keys[k] != 0; k++) {
            for (unsigned v = 0; v < TUI_VIEW_COUNT; v++) {
                if (TUI_BINDINGS[i].views & (1u << v))
                    assert_int_equal(tui_key_action(1u << v, TUI_BINDINGS[i].keys[k]),
                                     TUI_BINDINGS[i].action);
            }
        }
    }
}

static void keys_are_those_of_mutt(void **state)
{
    (void)state;
    assert_int_equal(tui_key_action(TUI_VIEW_LIST, 'j'), TUI_DOWN);
    assert_int_equal(tui_key_action(TUI_VIEW_MESSAGE, 'j'), TUI_NEXT);
    assert_int_equal(tui_key_action(TUI_VIEW_MESSAGE, 'i'), TUI_BACK);
    assert_int_equal(tui_key_action(TUI_VIEW_MESSAGE, '-'), TUI_PAGE_UP);
    assert_int_equal(tui_key_action(TUI_VIEW_LIST, TUI_KEY_TAB), TUI_NEXT_UNREAD);
    assert_int_equal(tui_key_action(TUI_VIEW_LIST, 'F'), TUI_TOGGLE_FLAG);
    assert_int_equal(tui_key_action(TUI_VIEW_LIST, 'x'), TUI_EXIT);
    assert_int_equal(tui_key_action(TUI_VIEW_MESSAGE, 'x'), TUI_NOTHING);
    assert_int_equal(tui_key_action(TUI_VIEW_LIST, TUI_KEY_NONE), TUI_NOTHING);
    assert_int_equal(tui_key_action(TUI_VIEW_LIST, 0), TUI_NOTHING);
}

static void every_view_has_a_way_out_and_help_says_every_key(void **state)
{
    char names[80];
    struct buf help = buf_over(memory, sizeof memory);
    (void)state;
    tui_help_text(&help);
    const char *text = text_of(&help);
    for (unsigned v = 0; v < TUI_VIEW_COUNT; v++) {
        enum tui_action q = tui_key_action(1u << v, 'q');
        assert_true(q == TUI_BACK || q == TUI_QUIT);
        assert_non_null(strstr(text, tui_view_title(v)));
        assert_true(strlen(tui_view_hint(1u << v)) <= 80);
    }
    for (size_t i = 0; i < TUI_BINDING_COUNT; i++) {
        struct buf b = buf_over(names, sizeof names);
        tui_binding_names(&TUI_BINDINGS[i], &b);
        assert_non_null(strstr(text, text_of(&b)));
        assert_non_null(strstr(text, TUI_BINDINGS[i].help));
        assert_true(strlen(TUI_BINDINGS[i].help) + 23 <= 80);
    }
}

/* The manual's source of the key tables. */
static char *print_keys(void)
{
    char *text = NULL, names[80];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    for (unsigned v = 0; v < TUI_VIEW_COUNT; v++) {
        fprintf(out, "%s:\n.Bl -tag -width \"Enter, Space, Right\" -compact\n", tui_view_title(v));
        for (size_t i = 0; i < TUI_BINDING_COUNT; i++) {
            if (!(TUI_BINDINGS[i].views & (1u << v)))
                continue;
            struct buf b = buf_over(names, sizeof names);
            tui_binding_names(&TUI_BINDINGS[i], &b);
            fprintf(out, ".It \"%s\"\n%s\n", text_of(&b), TUI_BINDINGS[i].help);
        }
        fputs(".El\n", out);
        if (v + 1 < TUI_VIEW_COUNT)
            fputs(".Pp\n", out);
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static void the_manual_lists_the_keys_of_the_table(void **state)
{
    static char manual[262144];
    (void)state;
    FILE *in = fopen(MANUAL, "r");
    assert_non_null(in);
    manual[fread(manual, 1, sizeof manual - 1, in)] = '\0';
    assert_int_equal(fclose(in), 0);
    char *expected = print_keys();
    const char *at = strstr(manual, ".\\\" keys begin\n"),
               *end = strstr(manual, ".\\\" keys end\n");
    assert_true(at != NULL && end != NULL && end > at);
    at += strlen(".\\\" keys begin\n");
    assert_int_equal((size_t)(end - at), strlen(expected));
    assert_memory_equal(at, expected, strlen(expected));
    free(expected);
}

/* --- places --- */

static void the_cursor_is_always_on_the_screen(void **state)
{
    struct tui_cursor c = {0};
    (void)state;
    tui_cursor_move(&c, 1);
    assert_int_equal(c.at, 0);
    unsigned seed = 7;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned n = seed >> 16;
        if (n % 5 == 0)
            tui_cursor_resize(&c, n % 40, n % 13);
        else if (n % 5 == 1)
            tui_cursor_go(&c, n % 60);
        else
            tui_cursor_move(&c, (long)(n % 50) - 25);
        assert_true(c.count == 0 ? c.at == 0 : c.at < c.count);
        if (c.height > 0 && c.count > 0)
            assert_true(c.top <= c.at && c.at < c.top + c.height);
        if (c.count >= c.height)
            assert_true(c.top + c.height <= c.count);
        else
            assert_int_equal(c.top, 0);
    }
}

static void a_text_scrolls_to_its_last_line_and_no_further(void **state)
{
    struct tui_cursor c = {0};
    (void)state;
    tui_scroll_resize(&c, 100, 20);
    assert_false(tui_scroll_at_end(&c));
    tui_scroll_move(&c, 1000);
    assert_int_equal(c.top, 80);
    assert_true(tui_scroll_at_end(&c));
    tui_scroll_move(&c, -1000);
    assert_int_equal(c.top, 0);
    tui_scroll_resize(&c, 5, 20);
    tui_scroll_move(&c, 3);
    assert_int_equal(c.top, 0);
    assert_true(tui_scroll_at_end(&c));
}

/* --- lists --- */

static char work[] = "work", home[] = "home";
static struct account accounts[2] = {{.name = work}, {.name = home}};

static void put(struct tui_list *l, int64_t id, bool read, const char *subject)
{
    struct mailbox_entry e = {.id = id,
                              .account = &accounts[id % 2],
                              .read = read,
                              .octets = 1500,
                              .has_attachment = id % 3 == 0,
                              .fetched = 1700000000,
                              .author = slice_str("\xe5\xbc\xa0\xe4\xbc\x9f"),
                              .subject = slice_str(subject)};
    assert_true(tui_list_add(l, &e));
}

static struct tui_list list_of(size_t count)
{
    struct tui_list l = {.cursor.height = 5};
    for (size_t i = 1; i <= count; i++)
        put(&l, (int64_t)i * 10 + (int64_t)(i % 2), i % 3 != 0, "subject");
    assert_true(tui_list_show(&l, 0));
    return l;
}

static void a_list_begins_at_the_first_unread(void **state)
{
    struct tui_list l = list_of(10);
    (void)state;
    tui_list_go_start(&l);
    assert_int_equal(tui_list_id(&l), 31);
    assert_int_equal(tui_list_unread(&l, NULL), 3);
    assert_int_equal(tui_list_unread(&l, &accounts[0]), 1);
    tui_list_wipe(&l);
}

static void unread_ones_are_found_around_the_ends_and_without_removed_ones(void **state)
{
    struct tui_list l = list_of(10); /* unread: places 2, 5, 8 */
    size_t at = 99;
    (void)state;
    tui_cursor_go(&l.cursor, 8);
    assert_true(tui_list_find_unread(&l, 1, &at) && at == 2);
    assert_true(tui_list_find_unread(&l, -1, &at) && at == 5);
    tui_list_row(&l, 2)->is_deleted = tui_list_row(&l, 5)->is_deleted = true;
    assert_false(tui_list_find_unread(&l, 1, &at));
    tui_cursor_go(&l.cursor, 1);
    assert_true(tui_list_find_kept(&l, 1, &at) && at == 3);
    tui_cursor_go(&l.cursor, 9);
    assert_false(tui_list_find_kept(&l, 1, &at));
    tui_list_wipe(&l);
}

static void an_empty_list_has_no_message_and_breaks_nothing(void **state)
{
    struct tui_list l = list_of(0);
    size_t at;
    (void)state;
    assert_null(tui_list_at(&l));
    assert_int_equal(tui_list_id(&l), 0);
    assert_false(tui_list_find_unread(&l, 1, &at) || tui_list_find_unread(&l, -1, &at) ||
                 tui_list_find_kept(&l, 1, &at) || tui_list_find_kept(&l, -1, &at));
    tui_list_go_start(&l);
    tui_list_wipe(&l);
}

static void marks_and_place_outlive_a_new_look(void **state)
{
    struct tui_list old = list_of(6), fresh = {0};
    (void)state;
    tui_cursor_go(&old.cursor, 3); /* 40 */
    old.rows[1].is_deleted = old.rows[4].is_deleted = true;
    for (int64_t i = 1; i <= 8; i++) {
        if (i != 2)
            put(&fresh, i * 10 + i % 2, true, "again");
    }
    tui_list_take_over(&fresh, &old);
    assert_true(tui_list_show(&fresh, tui_list_id(&old)));
    assert_int_equal(tui_list_id(&fresh), 40);
    assert_int_equal(tui_list_deleted(&fresh), 1);
    assert_true(fresh.rows[3].is_deleted && fresh.rows[3].id == 51);
    tui_list_wipe(&old);
    tui_list_wipe(&fresh);
}

static void search_and_account_filter_what_is_shown_and_lose_no_mark(void **state)
{
    struct tui_list l = list_of(10);
    (void)state;
    l.rows[0].is_deleted = true;
    l.only = &accounts[0];
    assert_true(tui_list_show(&l, 0));
    assert_int_equal(l.cursor.count, 5);
    l.is_search = true;
    tui_list_found(&l, 31);
    tui_list_found(&l, 40);
    tui_list_found(&l, 12345);
    assert_true(tui_list_show(&l, 31));
    assert_int_equal(l.cursor.count, 1);
    assert_int_equal(tui_list_id(&l), 40);
    assert_int_equal(tui_list_deleted(&l), 1);
    l.is_search = false;
    l.only = NULL;
    tui_list_forget_found(&l);
    assert_true(tui_list_show(&l, tui_list_id(&l)));
    assert_int_equal(l.cursor.count, 10);
    assert_int_equal(tui_list_id(&l), 40);
    tui_list_wipe(&l);
}

static size_t columns_of(struct slice text)
{
    size_t n = 0;
    while (text.size > 0) {
        uint32_t point;
        (void)width_next_point(&text, &point);
        assert_true(width_is_visible(point));
        n += width_of_point(point);
    }
    return n;
}

static void a_row_is_as_wide_as_the_screen_and_has_no_control_character(void **state)
{
    struct tui_list l = {.cursor.height = 5};
    (void)state;
    put(&l, 3, false, "\xe5\x8f\x91\xe7\xa5\xa8 \x1b]0;x\x07 \xff e\xcc\x81 \xe2\x80\xae end");
    put(&l, 123456789012, true, "");
    assert_true(tui_list_show(&l, 0));
    for (size_t columns = 1; columns < 200; columns++) {
        for (size_t i = 0; i < 2; i++) {
            struct buf b = buf_over(memory, sizeof memory);
            tui_list_put_row(&l, tui_list_row(&l, i), 1700000000, true, columns, &b);
            assert_int_equal(columns_of(buf_slice(&b)), columns);
        }
    }
    tui_list_wipe(&l);
}

static void a_row_tells_unread_attachment_sender_and_subject(void **state)
{
    struct tui_list l = {.cursor.height = 5};
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    put(&l, 3, false, "hello");
    l.rows[0].is_deleted = true;
    assert_true(tui_list_show(&l, 0));
    tui_list_put_row(&l, tui_list_row(&l, 0), 1700000000, false, 80, &b);
    const char *text = text_of(&b);
    assert_true(strncmp(text, "     3D\xe2\x97\x8f \xf0\x9f\x93\x8e ", 16) == 0);
    assert_non_null(strstr(text, "\xe5\xbc\xa0\xe4\xbc\x9f"));
    assert_non_null(strstr(text, "1.4K  hello"));
    tui_list_wipe(&l);
}

/* --- texts --- */

static void a_text_is_shown_by_lines(void **state)
{
    struct tui_text t = {.scroll.height = 2};
    (void)state;
    assert_true(tui_text_set(&t, strdup("one\n\nthree"), 10));
    assert_int_equal(t.scroll.count, 3);
    assert_true(slice_equal(tui_text_line(&t, 0), SLICE("one")));
    assert_true(slice_equal(tui_text_line(&t, 1), SLICE("")));
    assert_true(slice_equal(tui_text_line(&t, 2), SLICE("three")));
    assert_true(tui_text_set(&t, strdup(""), 0));
    assert_int_equal(t.scroll.count, 0);
    tui_text_wipe(&t);
}

/* --- typed lines --- */

static void type(struct tui_prompt *p, const char *text)
{
    struct slice rest = slice_str(text);
    while (rest.size > 0) {
        uint32_t point;
        (void)width_next_point(&rest, &point);
        assert_int_equal(tui_prompt_key(p, (int)point), TUI_ANSWER_MORE);
    }
}

static void a_line_is_typed_and_corrected_by_characters(void **state)
{
    struct tui_prompt p;
    (void)state;
    tui_prompt_begin(&p, "Search: ", "");
    type(&p, "from:ann \xe5\x8f\x91\xe7\xa5\xa8\xf0\x9f\x93\x8e");
    assert_string_equal(p.text, "from:ann \xe5\x8f\x91\xe7\xa5\xa8\xf0\x9f\x93\x8e");
    tui_prompt_key(&p, TUI_KEY_BACKSPACE);
    tui_prompt_key(&p, TUI_KEY_BACKSPACE);
    assert_string_equal(p.text, "from:ann \xe5\x8f\x91");
    assert_int_equal(tui_prompt_key(&p, 0x07), TUI_ANSWER_MORE);
    assert_string_equal(p.text, "from:ann \xe5\x8f\x91");
    assert_int_equal(tui_prompt_key(&p, TUI_KEY_ENTER), TUI_ANSWER_DONE);
    tui_prompt_key(&p, TUI_KEY_CLEAR);
    assert_string_equal(p.text, "");
    assert_int_equal(tui_prompt_key(&p, TUI_KEY_BACKSPACE), TUI_ANSWER_GIVEN_UP);
    assert_int_equal(tui_prompt_key(&p, TUI_KEY_ESCAPE), TUI_ANSWER_GIVEN_UP);
}

static void a_long_line_shows_its_end_and_ends_at_its_limit(void **state)
{
    struct tui_prompt p;
    (void)state;
    tui_prompt_begin(&p, "Search: ", "");
    for (int i = 0; i < 2 * TUI_PROMPT; i++)
        assert_int_equal(tui_prompt_key(&p, 0x53d1), TUI_ANSWER_MORE);
    assert_true(p.size <= TUI_PROMPT);
    type(&p, "z");
    for (size_t columns = 1; columns < 100; columns++) {
        size_t at;
        struct buf b = buf_over(memory, sizeof memory);
        tui_prompt_put(&p, columns, &b, &at);
        assert_int_equal(columns_of(buf_slice(&b)), at);
        assert_true(at < columns);
    }
}

/* --- progress --- */

static const char *ended(struct tui_progress *p, int code)
{
    struct buf b = buf_over(memory, sizeof memory);
    tui_progress_put_end(p, code, &b);
    return text_of(&b);
}

static void progress_is_read_in_any_pieces(void **state)
{
    static const char said[] =
        "{\"event\":\"fetched\",\"account\":\"work\",\"number\":1,\"octets\":5}\n"
        "{\"event\":\"progress\",\"account\":\"work\",\"done\":3,\"count\":40,\"octets\":2048,"
        "\"octets_all\":999999}\n{\"event\":\"fetched\",\"account\":\"work\"}\n";
    (void)state;
    for (size_t piece = 1; piece < sizeof said; piece++) {
        struct tui_progress p;
        struct buf b = buf_over(memory, sizeof memory);
        tui_progress_begin(&p);
        for (size_t at = 0; at < sizeof said - 1; at += piece) {
            size_t n = sizeof said - 1 - at < piece ? sizeof said - 1 - at : piece;
            tui_progress_feed(&p, slice_of(said + at, n));
        }
        tui_progress_put(&p, &b);
        assert_string_equal(text_of(&b), "Fetching work: 3 of 40, 2.0K of 976K (Ctrl-C stops)");
        assert_string_equal(ended(&p, 0), "2 fetched");
    }
}

static void what_went_wrong_is_said(void **state)
{
    struct tui_progress p;
    (void)state;
    tui_progress_begin(&p);
    assert_string_equal(ended(&p, 0), "Nothing new");
    assert_string_equal(ended(&p, 75), "Nothing fetched; fetch ended with code 75");
    assert_string_equal(ended(&p, -1), "Nothing fetched; fetch was ended");
    tui_progress_feed(&p,
                      SLICE("{\"error\":{\"kind\":\"login\",\"text\":\"a \\\"b\\\" \\\\c\"}}\n"));
    assert_string_equal(ended(&p, 77), "Nothing fetched; a \"b\" \\c");
    tui_progress_feed(&p, SLICE("config:1: wrong\n\n"));
    assert_string_equal(ended(&p, 78), "Nothing fetched; config:1: wrong");
}

static void a_line_without_end_is_cut_and_the_next_is_read(void **state)
{
    struct tui_progress p;
    (void)state;
    tui_progress_begin(&p);
    for (int i = 0; i < 20000; i++)
        tui_progress_feed(&p, SLICE("{"));
    tui_progress_feed(&p, SLICE("\n{\"event\":\"fetched\",\"account\":\"a\"}\n"));
    assert_string_equal(ended(&p, 0), "1 fetched");
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        char *text = print_keys();
        fputs(text, stdout);
        free(text);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_one_meaning_in_a_view),
        cmocka_unit_test(keys_are_those_of_mutt),
        cmocka_unit_test(every_view_has_a_way_out_and_help_says_every_key),
        cmocka_unit_test(the_manual_lists_the_keys_of_the_table),
        cmocka_unit_test(the_cursor_is_always_on_the_screen),
        cmocka_unit_test(a_text_scrolls_to_its_last_line_and_no_further),
        cmocka_unit_test(a_list_begins_at_the_first_unread),
        cmocka_unit_test(unread_ones_are_found_around_the_ends_and_without_removed_ones),
        cmocka_unit_test(an_empty_list_has_no_message_and_breaks_nothing),
        cmocka_unit_test(marks_and_place_outlive_a_new_look),
        cmocka_unit_test(search_and_account_filter_what_is_shown_and_lose_no_mark),
        cmocka_unit_test(a_row_is_as_wide_as_the_screen_and_has_no_control_character),
        cmocka_unit_test(a_row_tells_unread_attachment_sender_and_subject),
        cmocka_unit_test(a_text_is_shown_by_lines),
        cmocka_unit_test(a_line_is_typed_and_corrected_by_characters),
        cmocka_unit_test(a_long_line_shows_its_end_and_ends_at_its_limit),
        cmocka_unit_test(progress_is_read_in_any_pieces),
        cmocka_unit_test(what_went_wrong_is_said),
        cmocka_unit_test(a_line_without_end_is_cut_and_the_next_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
