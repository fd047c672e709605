/* A server that attacks, lies or has no end; and the proof that no split makes a difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../support/pop3_client_session.h"

static void c12_octets_behind_the_answer_to_stls_are_an_attack(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STLS, "");
    feed(&s, SLICE("+OK begin\r\n+"));
    assert_error(&s, POP3_CLIENT_STLS_INJECTION);
    ask(&s, POP3_VERB_STLS, "");
    assert_int_equal(feed(&s, SLICE("+OK begin\r\n"))->type, POP3_CLIENT_STLS_READY);
    assert_int_equal(pop3_client_command(&s.client, &s.out, POP3_VERB_USER, SLICE("a")),
                     STATUS_AGAIN);
    feed(&s, SLICE("+"));
    assert_error(&s, POP3_CLIENT_STLS_INJECTION);
}

static void a45_tls_makes_all_forgotten(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_CAPA, "");
    for (feed(&s, SLICE("+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n")); s.event.type != POP3_CLIENT_END;)
        next(&s);
    queue(&s, POP3_VERB_STLS, "");
    feed(&s, SLICE("+OK\r\n"));
    pop3_client_tls_started(&s.client);
    assert_false(s.client.capabilities.is_known);
    assert_int_equal(s.client.capabilities.has, 0);
    assert_int_equal(s.client.capabilities.mechanisms_size, 0);
    queue(&s, POP3_VERB_RETR, "1"); /* the one behind TLS may be another server, one of LFs */
    feed(&s, SLICE("+OK\n.\n"));
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
}

static void replies_nobody_asked_for_end_the_session(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    feed(&s, SLICE("-ERR [SYS/TEMP] closing\r\n"));
    assert_int_equal(s.event.reply.code, POP3_CODE_SYS_TEMP);
    assert_error(&s, POP3_CLIENT_UNASKED);
}

static void a49_what_is_no_reply_ends_the_session(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STAT, "");
    feed(&s, SLICE("\0\xff\xfe\1\r\n"));
    assert_error(&s, POP3_CLIENT_NOT_A_REPLY);
    start(&s, sizeof s.line);
    feed(&s, SLICE("HTTP/1.1 400 Bad Request\r\n"));
    assert_error(&s, POP3_CLIENT_NOT_A_REPLY);
}

static void stray_empty_lines_are_passed_over_but_not_for_ever(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_NOOP, "");
    assert_int_equal(feed(&s, SLICE("\r\n\n\r\n+OK\r\n\r\n"))->type, POP3_CLIENT_REPLY);
    assert_int_equal(next(&s)->type, POP3_CLIENT_WANT_INPUT);
    for (int i = 0; i < 100 && s.event.type == POP3_CLIENT_WANT_INPUT; i++)
        feed(&s, SLICE("\r\n"));
    assert_error(&s, POP3_CLIENT_NOT_A_REPLY);
}

static void a_stray_empty_line_before_each_reply_is_no_endless_row_of_them(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    for (int i = 0; i < 10 * POP3_CLIENT_STRAYS; i++) {
        buf_clear(&s.out);
        queue(&s, POP3_VERB_NOOP, "");
        assert_int_equal(feed(&s, SLICE("\r\n+OK\r\n"))->type, POP3_CLIENT_REPLY);
    }
}

static void a_reply_begun_is_not_idle(void **state)
{
    struct session s;
    (void)state;
    greet(&s);
    assert_true(pop3_client_is_idle(&s.client));
    feed(&s, SLICE("-"));
    assert_false(pop3_client_is_idle(&s.client));
}

/* Feeds `count` octets of c. */
static void feed_many(struct session *s, char c, size_t count)
{
    static char block[65536];
    memset(block, c, sizeof block);
    while (count > 0 && s->event.type == POP3_CLIENT_WANT_INPUT) {
        size_t size = count < sizeof block ? count : sizeof block;
        s->input = slice_of(block, size);
        next(s);
        count -= size;
    }
    s->input = SLICE("");
}

static void a49_a_line_without_an_end_ends_the_session(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STAT, "");
    assert_int_equal(feed(&s, SLICE("+OK "))->type, POP3_CLIENT_WANT_INPUT);
    feed_many(&s, '9', 50 * 1024 * 1024);
    assert_error(&s, POP3_CLIENT_LINE_TOO_LONG);
}

static void a49_a_value_that_was_cut_is_none(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_STAT, "");
    feed(&s, SLICE("+OK 1 1"));
    feed_many(&s, ' ', sizeof s.line);
    assert_int_equal(feed(&s, SLICE("\r\n"))->type, POP3_CLIENT_REPLY);
    assert_true(s.event.reply.was_cut);
    assert_int_equal(s.event.fault, POP3_FAULT_CUT);
}

static void a50_a_row_of_a_million_octets_is_told_and_the_next_read(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_UIDL, "");
    feed(&s, SLICE("+OK\r\n1 "));
    next(&s);
    feed_many(&s, 'u', 1000 * 1000);
    assert_int_equal(feed(&s, SLICE("\r\n2 b\r\n.\r\n"))->fault, POP3_FAULT_CUT);
    assert_int_equal(s.event.row.number, 1);
    assert_slice(next(&s)->row.uid, "b");
    assert_int_equal(s.event.fault, POP3_FAULT_NONE);
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
}

static void a49_a_message_may_have_lines_of_any_length(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_RETR, "1");
    feed(&s, SLICE("+OK\r\n"));
    for (int i = 0; i < 100; i++) {
        static char block[65536];
        memset(block, 'L', sizeof block);
        assert_int_equal(feed(&s, slice_of(block, sizeof block))->type, POP3_CLIENT_DATA);
        assert_int_equal(s.event.data.size, sizeof block);
    }
    feed(&s, SLICE("\r\n.\r\n"));
    assert_int_equal(next(&s)->type, POP3_CLIENT_END);
    assert_int_equal(s.event.octets, 100 * 65536 + 2);
}

static void a49_listings_without_an_end_end_the_session(void **state)
{
    struct session s;
    (void)state;
    ask(&s, POP3_VERB_CAPA, "");
    feed(&s, SLICE("+OK\r\n"));
    for (int i = 0; i < POP3_CLIENT_ROWS; i++)
        assert_int_equal(feed(&s, SLICE("X-9\r\n"))->type, POP3_CLIENT_ROW);
    feed(&s, SLICE("X-9\r\n"));
    assert_error(&s, POP3_CLIENT_TOO_MANY_ROWS);
    ask(&s, POP3_VERB_LIST, "");
    s.client.row_limit = 2;
    feed(&s, SLICE("+OK\r\n1 1\r\n2 1\r\n3 1\r\n"));
    while (s.event.type != POP3_CLIENT_PROTOCOL_ERROR)
        next(&s);
    assert_error(&s, POP3_CLIENT_TOO_MANY_ROWS);
}

static void a_line_fits_its_memory_to_the_last_octet(void **state)
{
    static char line[POP3_CLIENT_LINE_MIN + 2];
    struct session s;
    (void)state;
    for (size_t size = POP3_CLIENT_LINE_MIN - 2; size <= POP3_CLIENT_LINE_MIN; size++) {
        start(&s, POP3_CLIENT_LINE_MIN);
        memset(line, 'x', sizeof line);
        memcpy(line, "+OK ", 4);
        memcpy(line + size, "\r\n", 2);
        feed(&s, slice_of(line, size + 2));
        assert_int_equal(s.event.type, POP3_CLIENT_GREETING);
        assert_false(s.event.reply.was_cut);
        assert_int_equal(s.event.reply.text.size, size - 4);
    }
    start(&s, POP3_CLIENT_LINE_MIN);
    line[POP3_CLIENT_LINE_MIN] = 'x';
    feed(&s, slice_of(line, sizeof line));
    assert_true(s.event.reply.was_cut);
}

/* Any split */

static const struct {
    enum pop3_verb verb;
    const char *arguments;
} script[] = {
    {POP3_VERB_CAPA, ""},  {POP3_VERB_AUTH, "LOGIN"}, {POP3_VERB_STAT, ""},   {POP3_VERB_LIST, ""},
    {POP3_VERB_UIDL, ""},  {POP3_VERB_RETR, "1"},     {POP3_VERB_TOP, "2 0"}, {POP3_VERB_LIST, "1"},
    {POP3_VERB_RETR, "3"}, {POP3_VERB_DELE, "1"},     {POP3_VERB_QUIT, ""},
};

static const char answers[] = "+OK hello\r\n"
                              "+OK\r\nSASL LOGIN\r\nPIPELINING\r\n.\r\n"
                              "+ VXNlcm5hbWU6\r\n\r\n+\r\n+OK in\r\n"
                              "+OK 2 300\r\n"
                              "+OK\r\n1 100\r\n+OK 2  x\n.\n"
                              "+OK\r\n1 a\r\n2 \xff b\r\n\r\n.\r\n"
                              "+OK\r\nA: b\r\n\r\n..\r\n.x\r\n.\ny\r.\r\nz\n.\r\n\r\n.\r\n"
                              "+OK\r\n.\r\n"
                              "+OK 1 100\r\n"
                              "-ERR [SYS/TEMP/X] no\r\n"
                              "-err gone\r\n"
                              "+ok bye\r\nignored";

/* An event as a line of text; DATA is written as it comes, so that its cuts do not show. */
static void render(struct buf *text, const struct pop3_client_event *e)
{
    if (e->type == POP3_CLIENT_DATA) {
        buf_put(text, e->data);
        return;
    }
    buf_printf(text, "[%d %d %d:%d:%u %d:%d:%d fault %d %u/%u %u/%u/%u ", e->type, e->error,
               e->verb, e->has_argument, e->number, e->reply.answer, e->reply.code, e->lines_follow,
               e->fault, e->stat.count, (unsigned)e->stat.octets, e->row.number,
               (unsigned)e->row.size, e->row.quirks);
    buf_printf(text, "%u %u %u %u ", (unsigned)e->rows, (unsigned)e->octets,
               (unsigned)e->wire_octets, (unsigned)e->defects);
    buf_put(text, e->reply.text);
    buf_put(text, e->row.uid);
    buf_put(text, e->line);
    buf_put(text, e->data);
    buf_put_str(text, "]\n");
}

/* Feeds a piece, sending of the script what may be sent, and answering challenges. */
static void play(struct session *s, size_t *step, struct slice piece, struct buf *text)
{
    s->input = piece;
    do {
        while (*step < sizeof script / sizeof *script &&
               pop3_client_command(&s->client, &s->out, script[*step].verb,
                                   slice_str(script[*step].arguments)) == STATUS_OK)
            ++*step;
        if (next(s)->type != POP3_CLIENT_WANT_INPUT)
            render(text, &s->event);
        if (s->event.type == POP3_CLIENT_CONTINUE)
            assert_int_equal(pop3_client_response(&s->client, &s->out, SLICE("me")), STATUS_OK);
    } while (s->event.type != POP3_CLIENT_WANT_INPUT);
}

static void play_pieces(struct buf *text, size_t (*piece_size)(size_t), size_t parameter)
{
    struct session s;
    size_t step = 0, size = sizeof answers - 1;
    buf_clear(text);
    start(&s, sizeof s.line);
    for (size_t at = 0; at < size;) {
        size_t n = piece_size(at == 0 ? parameter : parameter + at);
        n = n > size - at ? size - at : n;
        play(&s, &step, slice_of(answers + at, n), text);
        at += n;
    }
    buf_put(text, buf_slice(&s.out));
    assert_true(pop3_client_is_ended(&s.client));
    assert_false(text->overflow);
}

static size_t whole(size_t parameter)
{
    return parameter;
}

static size_t one(size_t parameter)
{
    (void)parameter;
    return 1;
}

static size_t any(size_t parameter)
{
    (void)parameter;
    return 1 + (size_t)rand() % 12;
}

static void any_split_gives_the_same_events(void **state)
{
    static char want_memory[8192], got_memory[8192];
    struct buf want = buf_over(want_memory, sizeof want_memory);
    struct buf got = buf_over(got_memory, sizeof got_memory);
    (void)state;
    play_pieces(&want, whole, sizeof answers);
    play_pieces(&got, one, 0);
    assert_true(slice_equal(buf_slice(&want), buf_slice(&got)));
    for (size_t cut = 1; cut < sizeof answers; cut++) {
        play_pieces(&got, whole, cut);
        assert_true(slice_equal(buf_slice(&want), buf_slice(&got)));
    }
    for (unsigned seed = 1; seed <= 500; seed++) {
        srand(seed);
        play_pieces(&got, any, 0);
        assert_true(slice_equal(buf_slice(&want), buf_slice(&got)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c12_octets_behind_the_answer_to_stls_are_an_attack),
        cmocka_unit_test(a45_tls_makes_all_forgotten),
        cmocka_unit_test(replies_nobody_asked_for_end_the_session),
        cmocka_unit_test(a49_what_is_no_reply_ends_the_session),
        cmocka_unit_test(stray_empty_lines_are_passed_over_but_not_for_ever),
        cmocka_unit_test(a_stray_empty_line_before_each_reply_is_no_endless_row_of_them),
        cmocka_unit_test(a_reply_begun_is_not_idle),
        cmocka_unit_test(a49_a_value_that_was_cut_is_none),
        cmocka_unit_test(a49_a_line_without_an_end_ends_the_session),
        cmocka_unit_test(a50_a_row_of_a_million_octets_is_told_and_the_next_read),
        cmocka_unit_test(a49_a_message_may_have_lines_of_any_length),
        cmocka_unit_test(a49_listings_without_an_end_end_the_session),
        cmocka_unit_test(a_line_fits_its_memory_to_the_last_octet),
        cmocka_unit_test(any_split_gives_the_same_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
