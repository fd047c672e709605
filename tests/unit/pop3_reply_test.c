#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3/pop3_reply.h"

#define assert_slice(s, literal) assert_true(slice_equal((s), SLICE(literal)))

static struct pop3_reply parse(const char *line)
{
    struct pop3_reply reply;
    assert_true(pop3_reply_parse(slice_str(line), false, &reply));
    return reply;
}

static void c01_the_first_octet_judges(void **state)
{
    struct pop3_reply reply;
    (void)state;
    assert_int_equal(parse("+OK fine").answer, POP3_OK);
    assert_int_equal(parse("+ok fine").answer, POP3_OK);
    assert_int_equal(parse("+Do you even care?").answer, POP3_OK);
    assert_int_equal(parse("-eRr no").answer, POP3_ERR);
    assert_int_equal(parse("-").answer, POP3_ERR);
    assert_false(pop3_reply_parse(SLICE(""), false, &reply));
    assert_false(pop3_reply_parse(SLICE(" +OK"), false, &reply));
    assert_false(pop3_reply_parse(SLICE("\0\xff\xfe\1"), false, &reply));
    assert_false(pop3_reply_parse(SLICE("HTTP/1.1 400"), false, &reply));
}

static void c01_text_is_free(void **state)
{
    (void)state;
    assert_slice(parse("+OK  two messages").text, "two messages");
    assert_slice(parse("-ERR").text, "");
    assert_slice(parse("-ERR \xc3\xdc\xc2\xeb").text, "\xc3\xdc\xc2\xeb");
    assert_slice(parse("+OKgreat").text, "great");
    assert_slice(parse("+Do").text, "Do");
}

static void a46_a_word_that_is_not_exact_is_told(void **state)
{
    (void)state;
    assert_true(parse("+OK").is_exact);
    assert_true(parse("-Err x").is_exact);
    assert_false(parse("+OKAY").is_exact);
    assert_false(parse("+Do you").is_exact);
    assert_false(parse("-ERROR").is_exact);
}

static void c01_response_codes_have_their_own_status(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum pop3_code code;
        enum status status;
    } rows[] = {
        {"-ERR [IN-USE] locked", POP3_CODE_IN_USE, STATUS_IN_USE},
        {"-ERR [login-delay] wait", POP3_CODE_LOGIN_DELAY, STATUS_LIMIT},
        {"-ERR [AUTH] wrong", POP3_CODE_AUTH, STATUS_DENIED},
        {"-ERR [SYS/TEMP] later", POP3_CODE_SYS_TEMP, STATUS_TEMPORARY},
        {"-ERR [SYS/TEMP/DISK] later", POP3_CODE_SYS_TEMP, STATUS_TEMPORARY},
        {"-ERR [SYS/PERM]", POP3_CODE_SYS_PERM, STATUS_PERMANENT},
        {"-ERR [UTF8] say it", POP3_CODE_UTF8, STATUS_UNSUPPORTED},
        {"-ERR[AUTH] glued", POP3_CODE_AUTH, STATUS_DENIED},
        {"-ERR [SYS] half", POP3_CODE_OTHER, STATUS_TEMPORARY},
        {"-ERR [SYS/TEMPORARY] longer", POP3_CODE_OTHER, STATUS_TEMPORARY},
        {"-ERR [X-NEW] text", POP3_CODE_OTHER, STATUS_TEMPORARY},
        {"-ERR no code", POP3_CODE_NONE, STATUS_TEMPORARY},
        {"-ERR [no code at all]", POP3_CODE_NONE, STATUS_TEMPORARY},
        {"-ERR [IN-USE", POP3_CODE_NONE, STATUS_TEMPORARY},
        {"-ERR []", POP3_CODE_NONE, STATUS_TEMPORARY},
        {"-ERR [A\x7f]", POP3_CODE_NONE, STATUS_TEMPORARY},
        {"-ERR [A[AUTH]", POP3_CODE_NONE, STATUS_TEMPORARY},
        {"-ERR text [AUTH]", POP3_CODE_NONE, STATUS_TEMPORARY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(parse(rows[i].line).code, rows[i].code);
        assert_int_equal(pop3_code_status(rows[i].code), rows[i].status);
    }
    assert_slice(parse("-ERR [SYS/TEMP/x] later").code_text, "SYS/TEMP/x");
    assert_slice(parse("-ERR [SYS/TEMP/x] later").text, "later");
    assert_slice(parse("-ERR [no code at all]").text, "[no code at all]");
}

static void c13_a_dialogue_goes_on_with_or_without_a_blank(void **state)
{
    struct pop3_reply reply;
    (void)state;
    static const struct {
        const char *line, *text;
        enum pop3_answer answer;
    } rows[] = {
        {"+", "", POP3_CONTINUE},
        {"+ ", "", POP3_CONTINUE},
        {"+ dGV4dA==", "dGV4dA==", POP3_CONTINUE},
        {"+dGV4dA== ", "dGV4dA==", POP3_CONTINUE},
        {"+ Your name?", "Your name?", POP3_CONTINUE},
        {"+OK in", "in", POP3_OK},
        {"+ok", "", POP3_OK},
        {"-ERR [AUTH] no", "no", POP3_ERR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(pop3_reply_parse(slice_str(rows[i].line), true, &reply));
        assert_int_equal(reply.answer, rows[i].answer);
        assert_true(slice_equal(reply.text, slice_str(rows[i].text)));
    }
}

static void c05_a_timestamp_is_found_but_never_made_up(void **state)
{
    (void)state;
    assert_slice(pop3_reply_timestamp(SLICE("ready <1.2@host>")), "<1.2@host>");
    assert_slice(pop3_reply_timestamp(SLICE("abc<a>abcd")), "<a>");
    assert_slice(pop3_reply_timestamp(SLICE("no <stamp")), "");
    assert_slice(pop3_reply_timestamp(SLICE("<>")), "");
    assert_slice(pop3_reply_timestamp(SLICE("")), "");
}

static void c06_stat_with_nonsense_is_a_fault(void **state)
{
    struct pop3_stat stat;
    (void)state;
    assert_int_equal(pop3_reply_stat(SLICE("7 1800662"), &stat), POP3_FAULT_NONE);
    assert_int_equal(stat.count, 7);
    assert_int_equal(stat.octets, 1800662);
    assert_int_equal(pop3_reply_stat(SLICE(" 0  0 and text"), &stat), POP3_FAULT_NONE);
    assert_int_equal(pop3_reply_stat(SLICE("3 4294967297"), &stat), POP3_FAULT_NONE);
    assert_true(stat.octets == 4294967297);
    assert_int_equal(pop3_reply_stat(SLICE(""), &stat), POP3_FAULT_NUMBER);
    assert_int_equal(pop3_reply_stat(SLICE("-3 5"), &stat), POP3_FAULT_NUMBER);
    assert_int_equal(pop3_reply_stat(SLICE("many"), &stat), POP3_FAULT_NUMBER);
    assert_int_equal(pop3_reply_stat(SLICE("2000000000 1"), &stat), POP3_FAULT_RANGE);
    assert_int_equal(stat.count, 0);
    assert_int_equal(pop3_reply_stat(SLICE("4"), &stat), POP3_FAULT_SIZE);
    assert_int_equal(stat.count, 4);
    assert_int_equal(pop3_reply_stat(SLICE("4 18446744073709551616"), &stat), POP3_FAULT_SIZE);
}

static void c06_list_rows_are_read_or_told_why_not(void **state)
{
    struct pop3_row row;
    (void)state;
    static const struct {
        const char *line;
        enum pop3_fault fault;
        uint32_t number;
        uint64_t size;
        unsigned quirks;
    } rows[] = {
        {"1 120", POP3_FAULT_NONE, 1, 120, 0},
        {"1 9999999999", POP3_FAULT_NONE, 1, 9999999999, 0},
        {"007 0", POP3_FAULT_NONE, 7, 0, 0},
        {"  2   300 ", POP3_FAULT_NONE, 2, 300, POP3_QUIRK_BLANKS},
        {"2\t300", POP3_FAULT_NONE, 2, 300, POP3_QUIRK_BLANKS},
        {"+OK 3 44", POP3_FAULT_NONE, 3, 44, POP3_QUIRK_OK},
        {"1 120 octets", POP3_FAULT_NONE, 1, 120, POP3_QUIRK_TEXT},
        {"1", POP3_FAULT_SIZE, 1, 0, 0},
        {"1 ten", POP3_FAULT_SIZE, 1, 0, 0},
        {"1 -5", POP3_FAULT_SIZE, 1, 0, 0},
        {"1 1.5k", POP3_FAULT_SIZE, 1, 0, 0},
        {"1 18446744073709551616", POP3_FAULT_SIZE, 1, 0, 0},
        {"0 5", POP3_FAULT_ZERO, 0, 0, 0},
        {"16777216 5", POP3_FAULT_NONE, LIMIT_MESSAGES, 5, 0},
        {"16777217 5", POP3_FAULT_RANGE, 0, 0, 0},
        {"18446744073709551617 5", POP3_FAULT_RANGE, 0, 0, 0},
        {"", POP3_FAULT_NUMBER, 0, 0, 0},
        {"+OK", POP3_FAULT_NUMBER, 0, 0, 0},
        {"x 1", POP3_FAULT_NUMBER, 0, 0, 0},
        {"-1 1", POP3_FAULT_NUMBER, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(pop3_reply_list_row(slice_str(rows[i].line), &row), rows[i].fault);
        assert_int_equal(row.number, rows[i].number);
        assert_true(row.size == rows[i].size);
        assert_int_equal(row.quirks, rows[i].quirks);
    }
}

static void a50_uidl_rows_are_read_whatever_the_id(void **state)
{
    struct pop3_row row;
    (void)state;
    static const struct {
        struct slice line;
        enum pop3_fault fault;
        struct slice uid;
        unsigned quirks;
    } rows[] = {
        {{"1 whqtswO00WBw418f9t5JxYwZ", 26}, 0, {"whqtswO00WBw418f9t5JxYwZ", 24}, 0},
        {{"2 ../x/y", 8}, 0, {"../x/y", 6}, 0},
        {{"3   a  ", 7}, 0, {"a", 1}, POP3_QUIRK_BLANKS},
        {{"+OK 3 a", 7}, 0, {"a", 1}, POP3_QUIRK_OK},
        {{"4 abc extra", 11}, 0, {"abc extra", 9}, POP3_QUIRK_UID_OCTETS},
        {{"5 a\0b", 5}, 0, {"a\0b", 3}, POP3_QUIRK_UID_OCTETS},
        {{"6 \xff", 3}, 0, {"\xff", 1}, POP3_QUIRK_UID_OCTETS},
        {{"7", 1}, POP3_FAULT_UID, {"", 0}, 0},
        {{"8 ", 2}, POP3_FAULT_UID, {"", 0}, POP3_QUIRK_BLANKS},
        {{"zero a", 6}, POP3_FAULT_NUMBER, {"", 0}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(pop3_reply_uidl_row(rows[i].line, &row), rows[i].fault);
        assert_true(slice_equal(row.uid, rows[i].uid));
        assert_int_equal(row.quirks, rows[i].quirks);
    }
}

static void c06_an_overlong_id_is_kept_and_told(void **state)
{
    char line[2 + LIMIT_UIDL + 1];
    struct pop3_row row;
    (void)state;
    memset(line, 'u', sizeof line);
    memcpy(line, "1 ", 2);
    assert_int_equal(pop3_reply_uidl_row(slice_of(line, sizeof line - 1), &row), POP3_FAULT_NONE);
    assert_int_equal(row.quirks, 0);
    assert_int_equal(pop3_reply_uidl_row(slice_of(line, sizeof line), &row), POP3_FAULT_NONE);
    assert_int_equal(row.quirks, POP3_QUIRK_UID_LONG);
    assert_int_equal(row.uid.size, LIMIT_UIDL + 1);
}

static void a49_numbers_out_of_range_zero_and_twice_are_found(void **state)
{
    uint64_t bits[2] = {0};
    struct pop3_row_set set = {bits, 65, 0};
    (void)state;
    assert_int_equal(pop3_row_set_size(65), sizeof bits);
    assert_int_equal(pop3_row_set_size(64), sizeof bits[0]);
    assert_int_equal(pop3_row_set_size(0), 0);
    assert_int_equal(pop3_row_set_add(&set, 65), POP3_FAULT_NONE);
    assert_int_equal(pop3_row_set_add(&set, 1), POP3_FAULT_NONE);
    assert_int_equal(pop3_row_set_add(&set, 64), POP3_FAULT_NONE);
    assert_int_equal(pop3_row_set_add(&set, 64), POP3_FAULT_TWICE);
    assert_int_equal(pop3_row_set_add(&set, 0), POP3_FAULT_ZERO);
    assert_int_equal(pop3_row_set_add(&set, 66), POP3_FAULT_RANGE);
    assert_int_equal(pop3_row_set_add(&set, UINT32_MAX), POP3_FAULT_RANGE);
    assert_int_equal(set.seen, 3);
    assert_true(pop3_row_set_has(&set, 65));
    assert_false(pop3_row_set_has(&set, 2));
}

static void every_fault_has_words_of_its_own(void **state)
{
    (void)state;
    for (int a = POP3_FAULT_NONE; a <= POP3_FAULT_CUT; a++) {
        for (int b = POP3_FAULT_NONE; b < a; b++)
            assert_string_not_equal(pop3_fault_text(a), pop3_fault_text(b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c01_the_first_octet_judges),
        cmocka_unit_test(c01_text_is_free),
        cmocka_unit_test(a46_a_word_that_is_not_exact_is_told),
        cmocka_unit_test(c01_response_codes_have_their_own_status),
        cmocka_unit_test(c13_a_dialogue_goes_on_with_or_without_a_blank),
        cmocka_unit_test(c05_a_timestamp_is_found_but_never_made_up),
        cmocka_unit_test(c06_stat_with_nonsense_is_a_fault),
        cmocka_unit_test(c06_list_rows_are_read_or_told_why_not),
        cmocka_unit_test(a50_uidl_rows_are_read_whatever_the_id),
        cmocka_unit_test(c06_an_overlong_id_is_kept_and_told),
        cmocka_unit_test(a49_numbers_out_of_range_zero_and_twice_are_found),
        cmocka_unit_test(every_fault_has_words_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
