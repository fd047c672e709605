#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/mailbox_tokenizer.h"
#include "client/mailbox_words.h"

#include <stdio.h>

/* --- runs --- */

static void runs_are_of_one_kind(void **state)
{
    struct slice text = SLICE("ab 你好 c カナ가나");
    struct words_run run;
    (void)state;
    assert_true(words_next_run(&text, &run));
    assert_false(run.is_dense);
    assert_true(slice_equal(run.text, SLICE("ab ")));
    assert_true(words_next_run(&text, &run));
    assert_true(run.is_dense && slice_equal(run.text, SLICE("你好")));
    assert_true(words_next_run(&text, &run));
    assert_true(!run.is_dense && slice_equal(run.text, SLICE(" c ")));
    assert_true(words_next_run(&text, &run));
    assert_true(run.is_dense && slice_equal(run.text, SLICE("カナ가나")));
    assert_false(words_next_run(&text, &run));
}

static const char *folded(const char *text)
{
    static char memory[200];
    struct buf b = buf_over(memory, sizeof memory - 1);
    assert_true(words_needs_fold(slice_str(text)));
    words_fold_width(slice_str(text), &b);
    assert_true(!b.overflow && b.size <= strlen(text));
    memory[b.size] = '\0';
    return memory;
}

static void wide_and_narrow_forms_become_ordinary_ones(void **state)
{
    (void)state;
    assert_string_equal(folded("ＡＢＣ１２３！"), "ABC123!");
    assert_string_equal(folded("ｶﾅ"), "カナ");
    assert_string_equal(folded("ｶﾞｷﾞﾊﾟﾊﾞｳﾞ"), "ガギパバヴ");
    assert_string_equal(folded("ﾝﾞｰ｡"), "ンﾞー｡");
    assert_false(words_needs_fold(SLICE("abc 你好 \xef")));
    assert_false(words_needs_fold(SLICE("")));
}

static char tokens[300];

static int note(void *context, struct slice token, bool same_place)
{
    size_t n = strlen(tokens);
    (void)context;
    snprintf(tokens + n, sizeof tokens - n, "%s%.*s", same_place ? "=" : " ", SLICE_ARGS(token));
    return 0;
}

static const char *dense(const char *text, bool is_question, bool goes_on)
{
    tokens[0] = '\0';
    assert_int_equal(words_of_dense(slice_str(text), is_question, goes_on, note, NULL), 0);
    return tokens;
}

static void dense_text_is_kept_by_pairs_and_singles(void **state)
{
    (void)state;
    assert_string_equal(dense("发票号", false, false), " 发票=发 票号=票 号");
    assert_string_equal(dense("发", false, false), " 发");
    assert_string_equal(dense("发票号", true, false), " 发票 票号");
    assert_string_equal(dense("发票", true, true), " 发票 票");
    assert_string_equal(dense("发", true, false), " 发");
}

/* --- the tokenizer in SQLite --- */

static sqlite3 *database;

static int open_words(void **state)
{
    (void)state;
    if (sqlite3_open(":memory:", &database) != SQLITE_OK ||
        mailbox_tokenizer_register(database) != SQLITE_OK)
        return -1;
    return sqlite3_exec(database,
                        "CREATE VIRTUAL TABLE w USING fts5(t, content='', tokenize='poplin')", NULL,
                        NULL, NULL);
}

static int close_words(void **state)
{
    (void)state;
    return sqlite3_close(database);
}

static void keep(int id, const char *text)
{
    sqlite3_stmt *q;
    assert_int_equal(
        sqlite3_prepare_v2(database, "INSERT INTO w(rowid, t) VALUES(?1, ?2)", -1, &q, NULL),
        SQLITE_OK);
    sqlite3_bind_int(q, 1, id);
    sqlite3_bind_text(q, 2, text, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(q), SQLITE_DONE);
    sqlite3_finalize(q);
}

/* The rows that have a phrase, "1 3". */
static const char *found(const char *phrase)
{
    static char ids[100];
    char quoted[200];
    sqlite3_stmt *q;
    int code;
    ids[0] = '\0';
    snprintf(quoted, sizeof quoted, "\"%s\"", phrase);
    sqlite3_prepare_v2(database, "SELECT rowid FROM w WHERE w MATCH ?1 ORDER BY rowid", -1, &q,
                       NULL);
    sqlite3_bind_text(q, 1, quoted, -1, SQLITE_STATIC);
    while ((code = sqlite3_step(q)) == SQLITE_ROW) {
        size_t n = strlen(ids);
        snprintf(ids + n, sizeof ids - n, "%s%d", n ? " " : "", sqlite3_column_int(q, 0));
    }
    assert_int_equal(code, SQLITE_DONE);
    sqlite3_finalize(q);
    return ids;
}

static void chinese_japanese_and_korean_words_are_found(void **state)
{
    (void)state;
    keep(1, "请查收本月的发票，金额为100元。");
    keep(2, "東京都の会議室でお待ちしています");
    keep(3, "내일 회의에서 송장을 확인하세요");
    keep(4, "一张发货单和一张票据");
    assert_string_equal(found("发票"), "1");
    assert_string_equal(found("票"), "1 4");
    assert_string_equal(found("本月的发票"), "1");
    assert_string_equal(found("会議"), "2");
    assert_string_equal(found("京都"), "2");
    assert_string_equal(found("송장"), "3");
    assert_string_equal(found("회의"), "3");
    assert_string_equal(found("票发"), "");
    assert_string_equal(found("为100元"), "1");
}

static void case_width_and_accents_do_not_matter(void **state)
{
    (void)state;
    keep(10, "Invoice für Müller GmbH, ＩＮＶＯＩＣＥ２ ｶﾞｲﾄﾞ");
    keep(11, "mail to Ann.Smith@Example.ORG");
    assert_string_equal(found("INVOICE"), "10");
    assert_string_equal(found("muller"), "10");
    assert_string_equal(found("invoice2"), "10");
    assert_string_equal(found("ガイド"), "10");
    assert_string_equal(found("ｶﾞｲ"), "10");
    assert_string_equal(found("ann.smith@example.org"), "11");
    assert_string_equal(found("example"), "11");
    assert_string_equal(found("exam"), "");
}

static void words_and_dense_text_side_by_side_are_one_phrase(void **state)
{
    (void)state;
    keep(20, "订单A123号已发货");
    keep(21, "订单号B123");
    assert_string_equal(found("订单A123号"), "20");
    assert_string_equal(found("单A123"), "20");
    assert_string_equal(found("订单B123"), "");
}

static void octets_that_are_no_text_do_no_harm(void **state)
{
    (void)state;
    keep(30, "\xff\xfe 你\xe4\xbd broken \xf0\x90 好");
    assert_string_equal(found("broken"), "30");
    assert_string_equal(found("!!!"), "");
    assert_string_equal(found(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_of_one_kind),
        cmocka_unit_test(wide_and_narrow_forms_become_ordinary_ones),
        cmocka_unit_test(dense_text_is_kept_by_pairs_and_singles),
        cmocka_unit_test_setup_teardown(chinese_japanese_and_korean_words_are_found, open_words,
                                        close_words),
        cmocka_unit_test_setup_teardown(case_width_and_accents_do_not_matter, open_words,
                                        close_words),
        cmocka_unit_test_setup_teardown(words_and_dense_text_side_by_side_are_one_phrase,
                                        open_words, close_words),
        cmocka_unit_test_setup_teardown(octets_that_are_no_text_do_no_harm, open_words,
                                        close_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
