#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "pop3/pop3_unstuffer.h"

/* What a wire gives: the message, whether it ended, and how many octets it took for that. */
struct taken {
    char memory[4096];
    struct buf message;
    bool has_ended;
    size_t used;
    struct pop3_unstuffer u;
};

static void take_piece(struct taken *t, struct slice piece)
{
    struct slice input = piece, data;
    while (!t->has_ended) {
        enum pop3_unstuffed got = pop3_unstuffer_next(&t->u, &input, &data);
        if (got == POP3_UNSTUFFED_WANT_INPUT) {
            assert_int_equal(input.size, 0);
            break;
        }
        if (got == POP3_UNSTUFFED_DATA) {
            assert_true(data.size > 0);
            assert_true(buf_put(&t->message, data));
        }
        t->has_ended = got == POP3_UNSTUFFED_END;
    }
    t->used += piece.size - input.size;
}

static void start(struct taken *t, bool server_crlf)
{
    t->message = buf_over(t->memory, sizeof t->memory);
    t->has_ended = false;
    t->used = 0;
    pop3_unstuffer_init(&t->u, server_crlf);
}

static void take(struct taken *t, struct slice wire, bool server_crlf)
{
    start(t, server_crlf);
    take_piece(t, wire);
}

/* The rules over a whole wire, a line at a time, as the header tells them. */
static void take_by_lines(struct taken *t, struct slice wire, bool server_crlf)
{
    bool message_crlf = false, after_bare = false;
    start(t, server_crlf);
    while (t->used < wire.size) {
        struct slice line = slice_skip(wire, t->used);
        size_t end = slice_find(line, '\n');
        bool is_whole = end < line.size;
        line = slice_take(line, is_whole ? end + 1 : end);
        bool is_crlf = slice_ends(line, SLICE("\r\n"));
        bool is_end = (slice_equal(line, SLICE(".\n")) && !server_crlf) ||
                      (slice_equal(line, SLICE(".\r\n")) && !(message_crlf && after_bare));
        bool is_open = slice_equal(line, SLICE(".")) || slice_equal(line, SLICE(".\r"));
        t->used += line.size;
        if (is_end) {
            t->has_ended = true;
            return;
        }
        if (is_open)
            return; /* not known yet */
        if (slice_starts(line, SLICE("..")))
            line = slice_skip(line, 1);
        else if (slice_starts(line, SLICE(".")))
            t->u.defects++;
        buf_put(&t->message, line);
        t->u.bare_lf += is_whole && !is_crlf;
        server_crlf |= is_crlf;
        message_crlf |= is_crlf;
        after_bare = !is_crlf;
    }
}

static void assert_same(const struct taken *a, const struct taken *b)
{
    assert_int_equal(a->has_ended, b->has_ended);
    assert_int_equal(a->used, b->used);
    assert_true(slice_equal(buf_slice(&a->message), buf_slice(&b->message)));
    assert_int_equal(a->u.octets, a->message.size);
    assert_int_equal(a->u.bare_lf, b->u.bare_lf);
    assert_int_equal(a->u.defects, b->u.defects);
}

static void assert_message(struct taken *t, struct slice message)
{
    assert_true(t->has_ended);
    assert_true(slice_equal(buf_slice(&t->message), message));
}

static void s41_doubled_dots_are_taken_off(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE("..\r\n...\r\na.b\r\n..x\r\n.\r\nrest"), true);
    assert_message(&t, SLICE(".\r\n..\r\na.b\r\n.x\r\n"));
    assert_int_equal(t.used, 22);
    assert_int_equal(t.u.defects, 0);
}

static void an_empty_message_ends_at_once(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE(".\r\n"), true);
    assert_message(&t, SLICE(""));
}

static void c02_bare_lf_dot_is_data_once_the_server_used_crlf(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE("a\r\n.\nb\r\n.\r\n"), false);
    assert_message(&t, SLICE("a\r\n.\nb\r\n"));
    take(&t, SLICE("a\n.\nb\r\n.\r\n"), true);
    assert_message(&t, SLICE("a\n.\nb\r\n"));
    assert_int_equal(t.u.bare_lf, 2);
    assert_int_equal(t.u.defects, 1);
}

static void c02_a_server_of_lf_only_ends_by_dot_lf(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE("a\n..b\n.\n+OK"), false);
    assert_message(&t, SLICE("a\n.b\n"));
    assert_int_equal(t.u.octets + t.u.bare_lf, 7);
}

static void a51_a_dot_behind_a_bare_lf_ends_no_crlf_message(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE("a: b\r\n\r\nx\n.\r\n+OK forged\r\n.\r\n"), true);
    assert_message(&t, SLICE("a: b\r\n\r\nx\n.\r\n+OK forged\r\n"));
}

static void c02_an_lf_message_between_crlf_replies_ends_by_dot_crlf(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE("a: b\n\nx\n.\r\n"), true);
    assert_message(&t, SLICE("a: b\n\nx\n"));
}

static void a51_lone_cr_makes_no_line_start(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE("a\r.\r\nb\r..\r\n.\rc\r\n.\r\n"), true);
    assert_message(&t, SLICE("a\r.\r\nb\r..\r\n.\rc\r\n"));
    assert_int_equal(t.u.defects, 1);
}

static void c03_a_lone_leading_dot_is_kept_and_counted(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE("Subject: x\r\n\r\n.x\r\n.y\r\nend\r\n.\r\n"), true);
    assert_message(&t, SLICE("Subject: x\r\n\r\n.x\r\n.y\r\nend\r\n"));
    assert_int_equal(t.u.defects, 2);
}

static void a29_nul_and_eight_bit_octets_pass(void **state)
{
    struct taken t;
    (void)state;
    take(&t, SLICE("\0\r\n..\0\xff\r\n.\r\n"), true);
    assert_message(&t, SLICE("\0\r\n.\0\xff\r\n"));
}

/* Every wire of up to seven octets of those that matter, cut at every place. */
static void every_short_wire_is_read_by_the_rules_at_any_split(void **state)
{
    static const char octets[4] = {'.', '\r', '\n', 'a'};
    struct taken want, got;
    (void)state;
    for (uint32_t code = 0; code < 1 << 15; code++) {
        char wire[7];
        for (int i = 0; i < 7; i++)
            wire[i] = octets[code >> (2 * i) & 3];
        bool server_crlf = code >> 14 & 1;
        for (size_t size = 1; size <= sizeof wire; size++) {
            take_by_lines(&want, slice_of(wire, size), server_crlf);
            for (size_t cut = 0; cut < size; cut++) {
                start(&got, server_crlf);
                take_piece(&got, slice_of(wire, cut));
                take_piece(&got, slice_of(wire + cut, size - cut));
                assert_same(&got, &want);
            }
        }
    }
}

static size_t random_wire(char *wire, size_t room)
{
    size_t size = (size_t)rand() % room;
    int rarity = 1 + rand() % 40;
    for (size_t i = 0; i < size; i++)
        wire[i] = rand() % rarity ? 'x' : "\r\n.\n.a"[rand() % 6];
    for (size_t i = 0; i + 2 < size; i += 1 + (size_t)rand() % 90)
        memcpy(wire + i, rand() % 4 ? "\r\n" : "\n.", 2);
    return size;
}

/* Long runs, so that whole blocks are looked at, with dots and line ends at all their borders. */
static void long_wires_are_read_by_the_rules_at_any_split(void **state)
{
    char wire[1500];
    struct taken want, got;
    unsigned seed = 1;
    (void)state;
    for (int round = 0; round < 3000; round++, seed++) {
        srand(seed);
        size_t size = random_wire(wire, sizeof wire);
        bool server_crlf = rand() % 2;
        take_by_lines(&want, slice_of(wire, size), server_crlf);
        start(&got, server_crlf);
        for (size_t at = 0; at < size;) {
            size_t piece = 1 + (size_t)rand() % (round % 2 ? 1500 : 9);
            piece = piece > size - at ? size - at : piece;
            take_piece(&got, slice_of(wire + at, piece));
            at += piece;
        }
        assert_same(&got, &want);
    }
}

static void a_dot_at_every_place_of_a_block_is_found(void **state)
{
    char wire[300];
    struct taken t;
    (void)state;
    for (size_t at = 0; at < 260; at++) {
        memset(wire, 'x', sizeof wire);
        memcpy(wire + at, "\r\n.\r\n", 5);
        take(&t, slice_of(wire, sizeof wire), true);
        assert_true(t.has_ended);
        assert_int_equal(t.used, at + 5);
        assert_int_equal(t.message.size, at + 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s41_doubled_dots_are_taken_off),
        cmocka_unit_test(an_empty_message_ends_at_once),
        cmocka_unit_test(c02_bare_lf_dot_is_data_once_the_server_used_crlf),
        cmocka_unit_test(c02_a_server_of_lf_only_ends_by_dot_lf),
        cmocka_unit_test(a51_a_dot_behind_a_bare_lf_ends_no_crlf_message),
        cmocka_unit_test(c02_an_lf_message_between_crlf_replies_ends_by_dot_crlf),
        cmocka_unit_test(a51_lone_cr_makes_no_line_start),
        cmocka_unit_test(c03_a_lone_leading_dot_is_kept_and_counted),
        cmocka_unit_test(a29_nul_and_eight_bit_octets_pass),
        cmocka_unit_test(every_short_wire_is_read_by_the_rules_at_any_split),
        cmocka_unit_test(long_wires_are_read_by_the_rules_at_any_split),
        cmocka_unit_test(a_dot_at_every_place_of_a_block_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
