#include "../support/pop3_server_expect.h"

#include "pop3/pop3_command.h"

/* A conversation that goes through every kind of line, answer and ending that there is. It is fed
 * in pieces of every size and must always give the same. STLS is out: there the pieces matter. */
static const char before_login[] =
    "CAPA\r\nXYZZY\r\nuser\r\nLANG zh\r\nSTAT\r\nLANG\r\nLANG *\r\n\r\nAUTH\r\n"
    "USER alice\r\nPASS wrong\r\nUTF8\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN !!!\r\n"
    "AUTH LOGIN\r\nYWxpY2U=\r\nd3Jvbmc=\r\nAUTH PLAIN =\r\nPASS x\r\nUSER bob\r\nNOOP\r\nPASS x\r\n"
    "AUTH login\n\nSTLS now\r\nUSER al\rice\r\nUSER alice\r\nPASS secret\r\n";
static const char after_login[] =
    "STAT\r\nLIST\r\nUIDL\r\nLIST 2\r\nUIDL 2\nDELE 2\r\nLIST\r\nRETR 1\r\nTOP 3 10\r\nRETR 2\r\n"
    "RETR 0\r\nRETR x\r\nRSET\r\nNOOP  \r\nDELE 1\r\nDELE 3\rx\r\n NOOP\r\nCAPA\r\nLANG xx\r\n"
    "LANG zh-cn\r\nDELE 1\r\nLIST\r\nUSER bob\r\nQUIT\r\nNOOP\r\n";

/* The whole conversation, with a line that is too long and an AUTH line that needs memory. */
static struct slice transcript(void)
{
    static char memory[16384];
    struct buf b = buf_over(memory, sizeof memory);
    for (int i = 0; i < 1100; i++)
        buf_put_char(&b, 'x');
    buf_put_str(&b, "\r\nAUTH PLAIN ");
    for (int i = 0; i < 1600; i++)
        buf_put_char(&b, 'A');
    buf_put_str(&b, "\r\nAUTH PLAIN\r\n");
    for (int i = 0; i < 2000; i++)
        buf_put_char(&b, 'A');
    buf_put_str(&b, "\r\n");
    buf_put_str(&b, before_login);
    buf_put_str(&b, after_login);
    assert_false(b.overflow);
    return buf_slice(&b);
}

static void begin_split(struct shell *sh, size_t out_capacity)
{
    shell_init(sh);
    sh->out_capacity = out_capacity;
    sh->count = 40;
    shell_start(sh);
}

static void assert_same(struct shell *a, struct shell *b)
{
    assert_true(slice_equal(buf_slice(&a->sent), buf_slice(&b->sent)));
    assert_true(slice_equal(buf_slice(&a->log), buf_slice(&b->log)));
}

static void run_pieces(struct slice all, size_t piece, size_t out_capacity, struct shell *reference)
{
    struct shell sh;
    begin_split(&sh, out_capacity);
    for (size_t at = 0; at < all.size; at += piece) {
        struct slice rest = slice_skip(all, at);
        shell_feed(&sh, slice_take(rest, rest.size < piece ? rest.size : piece));
    }
    assert_same(&sh, reference);
    shell_stop(&sh);
}

static void s33_any_split_gives_the_same_events_and_output(void **state)
{
    struct slice all = transcript();
    struct shell whole;
    (void)state;
    begin_split(&whole, 65536);
    shell_feed(&whole, all);
    shell_send(&whole);
    assert_true(whole.closed);
    assert_int_equal(whole.server.end, POP3_END_UPDATED);
    for (size_t piece = 1; piece < 100; piece++)
        run_pieces(all, piece, piece % 2 ? 65536 : POP3_SERVER_OUT_MIN, &whole);
    shell_stop(&whole);
}

/* In the middle of a long row of one letter: one place of many stands for all. */
static bool is_like_its_neighbours(struct slice all, size_t at)
{
    return at > 2 && at + 2 < all.size && at % 61 != 0 && all.data[at - 2] == all.data[at - 1] &&
           all.data[at - 1] == all.data[at] && all.data[at] == all.data[at + 1];
}

static void s33_a_split_at_any_place_gives_the_same(void **state)
{
    struct slice all = transcript();
    struct shell whole;
    (void)state;
    begin_split(&whole, 65536);
    shell_feed(&whole, all);
    for (size_t at = 0; at <= all.size; at++) {
        if (is_like_its_neighbours(all, at))
            continue;
        struct shell sh;
        begin_split(&sh, 65536);
        shell_feed(&sh, slice_take(all, at));
        shell_feed(&sh, slice_skip(all, at));
        assert_same(&sh, &whole);
        shell_stop(&sh);
    }
    shell_stop(&whole);
}

/* A line with so many arguments that are right where the verb takes that many. */
static void make_line(char *line, size_t size, const struct pop3_command *row, unsigned arguments)
{
    static const char *const words[] = {"1", "1", "1", "1"};
    size_t used = (size_t)snprintf(line, size, "%s", row->name);
    for (unsigned i = 0; i < arguments; i++) {
        const char *word = words[i];
        if (row->verb == POP3_VERB_AUTH)
            word = i == 0 ? "PLAIN" : "AGFsaWNlAHNlY3JldA==";
        if (row->verb == POP3_VERB_LANG)
            word = "en";
        used += (size_t)snprintf(line + used, size - used, " %s", word);
    }
    snprintf(line + used, size - used, "\r\n");
}

/* PASS is right only behind USER; it has tests of its own. */
static bool is_accepted(const struct pop3_command *row, unsigned phase, unsigned arguments)
{
    return (row->states & 1u << phase) && arguments >= row->min_arguments &&
           arguments <= row->max_arguments && row->verb != POP3_VERB_PASS;
}

/* After the +OK: nothing more, or lines up to a lone dot and nothing more. */
static void assert_shape(const struct shell *sh, const struct pop3_command *row, unsigned arguments)
{
    struct slice sent = buf_slice(&sh->sent);
    bool multiline = pop3_command_is_multiline(row, arguments);
    size_t first = slice_find(sent, '\n') + 1;
    if (!multiline) {
        assert_int_equal(first, sent.size);
        return;
    }
    assert_true(slice_ends(sent, SLICE("\r\n.\r\n")));
    assert_ptr_equal(memmem(sent.data, sent.size, "\r\n.\r\n", 5), sent.data + sent.size - 5);
}

/* Every verb, in every state, with every number of arguments: exactly one reply, of the kind and
 * the shape that the table says. */
static void s12_the_table_is_what_the_machine_does(void **state)
{
    (void)state;
    for (unsigned v = 0; v < POP3_VERB_COUNT; v++) {
        const struct pop3_command *row = pop3_command_row(v);
        for (unsigned i = 0; i < 8; i++) {
            unsigned phase = i & 1;
            unsigned arguments = i / 2;
            char line[128];
            struct shell sh;
            shell_init(&sh);
            begin(&sh, phase == POP3_TRANSACTION);
            make_line(line, sizeof line, row, arguments);
            shell_feed(&sh, slice_str(line));
            shell_send(&sh);
            assert_false(sh.sent.overflow);
            if (is_accepted(row, phase, arguments)) {
                bool challenge = v == POP3_VERB_AUTH && arguments == 1;
                assert_true(
                    slice_starts(buf_slice(&sh.sent), challenge ? SLICE("+ ") : SLICE("+OK")));
                assert_shape(&sh, row, arguments);
            } else {
                assert_true(slice_starts(buf_slice(&sh.sent), SLICE("-ERR ")));
                assert_int_equal(slice_find(buf_slice(&sh.sent), '\n'), sh.sent.size - 1);
                assert_int_equal(sh.log.size, 0);
            }
            shell_stop(&sh);
        }
    }
}

static void s09_shutdown_speaks_between_commands(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    begin(&sh, true);
    shell_feed(&sh, SLICE("DELE 1\r\nNO"));
    buf_clear(&sh.sent);
    assert_true(pop3_server_is_idle(&sh.server));
    pop3_server_shutdown(&sh.server, &sh.out);
    expect_sent(&sh, "-ERR [SYS/TEMP] server is shutting down\r\n");
    say(&sh, "OP\r\nQUIT\r\n", "");
    expect_events(&sh, "CLOSE shutdown\n");
    assert_false(pop3_server_is_idle(&sh.server));
    shell_stop(&sh);
}

static void s25_chinese_is_spoken_only_after_lang(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    begin(&sh, false);
    say(&sh, "UTF8\r\n", "+OK UTF-8 mode\r\n");
    say(&sh, "LANG xx\r\n", "-ERR language not offered\r\n");
    say(&sh, "LANG zh\r\n", "+OK zh-CN 语言已更改\r\n");
    say(&sh, "STAT\r\n", "-ERR 请先登录\r\n");
    say(&sh, "LANG xx\r\n", "-ERR 不支持该语言\r\n");
    say(&sh, "USER alice\r\n", "+OK 请用 PASS 发送密码\r\n");
    say(&sh, "PASS wrong\r\n", "-ERR [AUTH] 用户名或密码错误\r\n");
    say(&sh, "USER alice\r\nPASS secret\r\n",
        "+OK 请用 PASS 发送密码\r\n+OK 3 封邮件（303 字节）\r\n");
    say(&sh, "LIST 1\r\nSTAT\r\n", "+OK 1 100\r\n+OK 3 303\r\n");
    say(&sh, "LANG en\r\n", "+OK en language changed\r\n");
    say(&sh, "DELE 1\r\n", "+OK message deleted\r\n");
    say(&sh, "LANG *\r\n", "+OK i-default language changed\r\n");
    shell_stop(&sh);
}

static void s25_lang_alone_lists_the_languages(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    begin(&sh, false);
    say(&sh, "LANG\r\n",
        "+OK language list follows\r\ni-default Default\r\nen English\r\n"
        "zh-CN 简体中文（中国）\r\nzh-Hans 简体中文\r\n.\r\n");
    shell_stop(&sh);
}

static void every_end_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (unsigned a = POP3_END_NONE; a <= POP3_END_SHUTDOWN; a++) {
        for (unsigned b = POP3_END_NONE; b < a; b++)
            assert_string_not_equal(pop3_end_name(a), pop3_end_name(b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s33_any_split_gives_the_same_events_and_output),
        cmocka_unit_test(s33_a_split_at_any_place_gives_the_same),
        cmocka_unit_test(s12_the_table_is_what_the_machine_does),
        cmocka_unit_test(s09_shutdown_speaks_between_commands),
        cmocka_unit_test(s25_chinese_is_spoken_only_after_lang),
        cmocka_unit_test(s25_lang_alone_lists_the_languages),
        cmocka_unit_test(every_end_has_a_word_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
