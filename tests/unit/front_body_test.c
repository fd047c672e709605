#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/front.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 8 * 1024 * 1024, LEAST_ROOM = 21, NOT_TOP = -1 };

static struct front front;
static struct connection connection = {.front = &front};
static int client;
static char *got, *expected;
static size_t got_size, expected_size, last_write;

static int set_up(void **state)
{
    int ends[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    front.chunk = malloc(FRONT_CHUNK);
    got = malloc(MOST);
    expected = malloc(MOST);
    connection.source.descriptor = ends[0];
    client = ends[1];
    return front.chunk && got && expected ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    close(connection.source.descriptor);
    close(client);
    free(front.chunk);
    free(got);
    free(expected);
    return 0;
}

/* ---- what the client must see, octet by octet ---- */

static void expect(char c)
{
    expected[expected_size++] = c;
}

/* One stored line, its end in or missing, as it is on the wire. */
static void expect_line(struct slice line)
{
    if (line.size > 0 && line.data[0] == '.')
        expect('.');
    for (size_t i = 0; i < line.size; i++) {
        bool ends = i + 1 == line.size && line.data[i] == '\n';
        if (ends && (i == 0 || line.data[i - 1] != '\r'))
            expect('\r');
        expect(line.data[i]);
    }
    if (line.size == 0 || line.data[line.size - 1] != '\n') {
        expect('\r');
        expect('\n');
    }
}

static void expect_message(struct slice stored, int64_t top)
{
    bool in_body = false;
    size_t lines = 0;
    expected_size = 0;
    while (stored.size > 0 && !(top >= 0 && in_body && lines == (uint64_t)top)) {
        size_t n = slice_find(stored, '\n');
        struct slice line = slice_take(stored, n < stored.size ? n + 1 : n);
        stored = slice_skip(stored, line.size);
        lines += in_body;
        if (slice_equal(line, SLICE("\n")) || slice_equal(line, SLICE("\r\n")))
            in_body = true;
        expect_line(line);
    }
    if (top >= 0 ? !in_body : expected_size == 0)
        expect_line(SLICE("\n"));
    memcpy(expected + expected_size, ".\r\n", 3);
    expected_size += 3;
}

/* ---- what it sees ---- */

static struct slice stored_of(const char *text)
{
    return slice_str(text);
}

static uint8_t needs_of(struct slice stored)
{
    struct wire_measure m;
    wire_measure_init(&m);
    wire_measure_feed(&m, stored);
    wire_measure_end(&m);
    return (uint8_t)m.needs;
}

static int file_of(struct slice stored, size_t before)
{
    int fd = memfd_create("message", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, stored.data, stored.size, (off_t)before), stored.size);
    return fd;
}

static struct body *body_of(struct slice stored, bool is_file, uint8_t needs)
{
    enum { BEFORE = 17 }; /* octets of the file that are not the message's */
    char *memory = malloc(25 + stored.size);
    struct buf b = buf_over(memory, 25 + stored.size);
    ipc_put_u64(&b, stored.size);
    ipc_put_u64(&b, is_file ? BEFORE : 0);
    ipc_put_u64(&b, stored.size);
    ipc_put_u8(&b, needs);
    if (!is_file)
        buf_put(&b, stored);
    struct ipc_message m = {.type = IPC_BLOB, .payload = buf_slice(&b), .descriptor = -1};
    if (is_file)
        m.descriptor = file_of(stored, BEFORE);
    struct ipc_reader r = ipc_reader_of(m.payload);
    struct body *body = body_new(&m, &r);
    assert_non_null(body);
    free(memory);
    return body;
}

static void take_from_socket(void)
{
    ssize_t n;
    while ((n = read(client, got + got_size, MOST - got_size)) > 0)
        got_size += (size_t)n;
}

static void take_out(struct buf *out)
{
    take_from_socket(); /* what went by itself went before */
    last_write = out->size;
    assert_false(out->overflow);
    assert_true(got_size + out->size <= MOST);
    memcpy(got + got_size, out->data, out->size);
    got_size += out->size;
    buf_clear(out);
}

/* Sends it all through an out of that capacity, an allocation of its own. */
static enum body_step send_all(struct body *b, int64_t top, size_t capacity)
{
    struct buf out = buf_over(malloc(capacity), capacity);
    enum body_step step = BODY_MORE;
    got_size = 0;
    body_begin(b, top >= 0, top >= 0 ? (uint64_t)top : 0);
    for (size_t steps = 0; steps < MOST; steps++) {
        step = body_step(b, &connection, &out);
        if (step == BODY_MORE || step == BODY_DONE)
            take_out(&out);
        else if (step == BODY_SENT || step == BODY_BLOCKED)
            take_from_socket();
        if (step == BODY_DONE || step == BODY_BROKEN || step == BODY_LOST)
            break;
    }
    free(out.data);
    return step;
}

static void must_be_as_expected(struct slice stored, int64_t top, bool is_file, size_t capacity)
{
    struct body *b = body_of(stored, is_file, needs_of(stored));
    enum body_step step = send_all(b, top, capacity);
    expect_message(stored, top);
    bool same = got_size == expected_size && memcmp(got, expected, got_size) == 0;
    if (step != BODY_DONE || !same)
        print_message("# %zu octets, top %lld, %s, room %zu: step %d, %zu for %zu octets\n",
                      stored.size, (long long)top, is_file ? "file" : "data", capacity, step,
                      got_size, expected_size);
    assert_int_equal(step, BODY_DONE);
    assert_true(same);
    body_free(b);
}

static const char *const messages[] = {
    "",
    "\n",
    "\r\n",
    "a",
    ".",
    "a\n",
    "a\r\n",
    ".\r\n",
    "..\n.\n",
    "\n.b\n",
    "\r\n\r\n",
    "H: 1\r\n\r\nbody\r\n",
    "H: 1\n\nbody\n.dot\n..\n\n\nlast",
    "H: 1\r\n.H: 2\r\n\r\n.one\r\n\r\n..two\r\nthree",
    "H: 1\nno blank line\n",
    "H: 1\nno blank line and no end",
    "H\r\n\r\n",
    "H\r\n\r\n\r\n\r\n\r\n",
    "H\r\n \r\n\r\nbody\r\n",
    "a\rb\r\n\r\n\rc\r\n",
    "H\n\r\r\nnot yet\n\nbody\n",
    "H\n\r \n\nbody\n",
};
enum { MESSAGES = sizeof messages / sizeof *messages };

static const size_t rooms[] = {LEAST_ROOM, 22, 23, 24, 25, 26, 27, 30, 33, 40, 64, FRONT_OUT};
enum { ROOMS = sizeof rooms / sizeof *rooms };

static void retr_sends_every_form_of_line_and_end_whatever_room_there_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < MESSAGES; i++) {
        for (size_t k = 0; k < ROOMS; k++) {
            must_be_as_expected(stored_of(messages[i]), NOT_TOP, true, rooms[k]);
            must_be_as_expected(stored_of(messages[i]), NOT_TOP, false, rooms[k]);
        }
    }
}

static void s16_top_sends_the_header_and_n_lines_whatever_room_there_is(void **state)
{
    static const int64_t tops[] = {0, 1, 2, 3, 4, 5, 100, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < MESSAGES; i++) {
        for (size_t k = 0; k < ROOMS; k++) {
            for (size_t n = 0; n < sizeof tops / sizeof *tops; n++) {
                must_be_as_expected(stored_of(messages[i]), tops[n], true, rooms[k]);
                must_be_as_expected(stored_of(messages[i]), tops[n], false, rooms[k]);
            }
        }
    }
}

/* The parts that are read at a time end within a line's end, a blank line, a dot. */
static void every_split_of_what_is_read_gives_the_same(void **state)
{
    static const char *const joints[] = {"\r\n\r\n.b\r\n.\r\nlast\r\n", "\n\n.b\n.\nlast\n",
                                         "\n\r\r\n\n.b\r\nlast", "\r\r\n\r\n.\r\nb"};
    (void)state;
    char *text = malloc(FRONT_CHUNK + 100);
    for (size_t j = 0; j < 4; j++) {
        size_t joint = strlen(joints[j]);
        for (size_t before = 0; before <= joint; before++) {
            size_t header = FRONT_CHUNK - before;
            memset(text, 'h', header);
            memcpy(text + header, joints[j], joint);
            for (int64_t top = NOT_TOP; top < 4; top++) {
                must_be_as_expected(slice_of(text, header + joint), top, true, FRONT_OUT);
                must_be_as_expected(slice_of(text, header + joint), top, false, FRONT_OUT);
            }
        }
    }
    free(text);
}

static void s16_a_message_without_a_blank_line_gets_one_from_top(void **state)
{
    (void)state;
    struct body *b = body_of(SLICE("H: 1\nH: 2"), true, WIRE_NEEDS_CRLF | WIRE_NEEDS_END);
    assert_int_equal(send_all(b, 0, FRONT_OUT), BODY_DONE);
    assert_true(slice_equal(slice_of(got, got_size), SLICE("H: 1\r\nH: 2\r\n\r\n.\r\n")));
    body_free(b);
}

/* Random mail of few kinds of octets, against the same reference. */
static void random_messages_are_sent_as_they_must_be(void **state)
{
    static const char kinds[] = "\r\n\n.ab\r";
    unsigned seed = 4;
    char text[200];
    (void)state;
    for (unsigned i = 0; i < 6000; i++) {
        size_t size = (size_t)rand_r(&seed) % sizeof text;
        for (size_t k = 0; k < size; k++)
            text[k] = kinds[(size_t)rand_r(&seed) % (sizeof kinds - 1)];
        must_be_as_expected(slice_of(text, size), rand_r(&seed) % 8 - 1, rand_r(&seed) % 2,
                            LEAST_ROOM + (size_t)rand_r(&seed) % 100);
    }
}

/* ---- large ones ---- */

static struct slice large(size_t size, bool has_dots)
{
    char *text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : (char)('a' + i / 64 % 26);
    for (size_t i = 64; has_dots && i < size; i += 640)
        text[i] = '.';
    memcpy(text + size - 2, "\r\n", 2);
    return slice_of(text, size);
}

static void large_messages_arrive_whole_by_every_way(void **state)
{
    static const size_t sizes[] = {16 * 1024,       16 * 1024 + 1,  FRONT_CHUNK,
                                   FRONT_CHUNK + 1, 200 * 1024 + 3, 3 * 1024 * 1024};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int has_dots = 0; has_dots < 2; has_dots++) {
            struct slice m = large(sizes[i], has_dots);
            must_be_as_expected(m, NOT_TOP, true, FRONT_OUT);
            must_be_as_expected(m, NOT_TOP, false, FRONT_OUT);
            must_be_as_expected(m, 1000, true, FRONT_OUT);
            free((char *)(uintptr_t)m.data);
        }
    }
}

static void what_stands_in_out_goes_before_what_goes_by_itself(void **state)
{
    struct slice m = large(100 * 1024, false);
    struct body *b = body_of(m, true, 0);
    char memory[100];
    struct buf out = buf_over(memory, sizeof memory);
    (void)state;
    got_size = 0;
    buf_put_str(&out, "+OK\r\n");
    body_begin(b, false, 0);
    assert_int_equal(body_step(b, &connection, &out), BODY_MORE);
    take_from_socket();
    assert_int_equal(got_size, 0);
    body_free(b);
    free((char *)(uintptr_t)m.data);
}

static void s46_the_end_leaves_with_the_last_octets(void **state)
{
    static const char *const last[] = {"a\r\n", "a\n", ".\n", "a", ""};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (int is_file = 0; is_file < 2; is_file++) {
            for (int64_t top = NOT_TOP; top < 1; top++) {
                struct slice stored = stored_of(last[i]);
                struct body *b = body_of(stored, is_file, needs_of(stored));
                assert_int_equal(send_all(b, top, FRONT_OUT), BODY_DONE);
                assert_int_equal(last_write, got_size); /* one write for all of it */
                body_free(b);
            }
        }
    }
    struct slice m = large(300 * 1024, false);
    struct body *b = body_of(m, true, 0);
    assert_int_equal(send_all(b, NOT_TOP, FRONT_OUT), BODY_DONE);
    assert_true(last_write > 1000);
    body_free(b);
    free((char *)(uintptr_t)m.data);
}

/* ---- S44 ---- */

static void must_break(struct slice m, size_t present, uint8_t needs, int64_t top)
{
    struct body *b = body_of(m, true, needs);
    assert_int_equal(ftruncate(b->descriptor, (off_t)(17 + present)), 0);
    assert_int_equal(send_all(b, top, FRONT_OUT), BODY_BROKEN);
    struct slice tail = slice_of(got + got_size - (got_size < 3 ? got_size : 3), 3);
    assert_false(got_size >= 3 && slice_equal(tail, SLICE(".\r\n")));
    body_free(b);
}

static void s44_a_file_that_became_shorter_is_never_ended_as_if_it_were_whole(void **state)
{
    struct slice small = stored_of("H: 1\r\n\r\nline\r\nline\r\n");
    struct slice big = large(200 * 1024, false);
    (void)state;
    for (size_t present = 0; present < small.size; present++) {
        must_break(small, present, 0, NOT_TOP);
        must_break(small, present, WIRE_NEEDS_CRLF, NOT_TOP);
        must_break(small, present, WIRE_NEEDS_CRLF, 1000);
    }
    static const size_t presents[] = {0, 1, 100 * 1024, 184 * 1024 - 1, 184 * 1024, 200 * 1024 - 1};
    for (size_t i = 0; i < 6; i++) {
        must_break(big, presents[i], 0, NOT_TOP);
        must_break(big, presents[i], WIRE_NEEDS_DOTS, NOT_TOP);
    }
    free((char *)(uintptr_t)big.data);
}

static void s44_a_file_that_became_longer_is_sent_to_the_announced_end(void **state)
{
    struct slice m = stored_of("H: 1\r\n\r\nline\r\n");
    struct body *b = body_of(m, true, 0);
    (void)state;
    assert_int_equal(pwrite(b->descriptor, "more\r\n", 6, (off_t)(17 + m.size)), 6);
    assert_int_equal(send_all(b, NOT_TOP, FRONT_OUT), BODY_DONE);
    assert_true(slice_equal(slice_of(got, got_size), SLICE("H: 1\r\n\r\nline\r\n.\r\n")));
    body_free(b);
}

static void s44_data_that_is_not_what_was_announced_is_broken(void **state)
{
    char memory[64];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    ipc_put_u64(&b, 6);
    ipc_put_u64(&b, 0);
    ipc_put_u64(&b, 6);
    ipc_put_u8(&b, 0);
    buf_put_str(&b, "abc");
    struct ipc_message m = {.type = IPC_BLOB, .payload = buf_slice(&b), .descriptor = -1};
    struct ipc_reader r = ipc_reader_of(m.payload);
    struct body *body = body_new(&m, &r);
    assert_int_equal(send_all(body, NOT_TOP, FRONT_OUT), BODY_BROKEN);
    assert_int_equal(got_size, 0);
    body_free(body);
}

static void an_offset_that_comes_with_data_reads_nothing_beyond_it(void **state)
{
    char memory[64];
    struct buf b = buf_over(memory, sizeof memory);
    (void)state;
    ipc_put_u64(&b, 5);
    ipc_put_u64(&b, 1000000);
    ipc_put_u64(&b, 5);
    ipc_put_u8(&b, 0);
    buf_put_str(&b, "abc\r\n");
    struct ipc_message m = {.type = IPC_BLOB, .payload = buf_slice(&b), .descriptor = -1};
    struct ipc_reader r = ipc_reader_of(m.payload);
    struct body *body = body_new(&m, &r);
    assert_int_equal(send_all(body, NOT_TOP, FRONT_OUT), BODY_DONE);
    assert_true(slice_equal(slice_of(got, got_size), SLICE("abc\r\n.\r\n")));
    body_free(body);
}

static void a_client_that_is_gone_is_lost_not_broken(void **state)
{
    struct slice m = large(100 * 1024, false);
    struct body *b = body_of(m, true, 0);
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    close(client);
    assert_int_equal(send_all(b, NOT_TOP, FRONT_OUT), BODY_LOST);
    client = -1;
    body_free(b);
    free((char *)(uintptr_t)m.data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(retr_sends_every_form_of_line_and_end_whatever_room_there_is),
        TEST(s16_top_sends_the_header_and_n_lines_whatever_room_there_is),
        TEST(every_split_of_what_is_read_gives_the_same),
        TEST(s16_a_message_without_a_blank_line_gets_one_from_top),
        TEST(random_messages_are_sent_as_they_must_be),
        TEST(large_messages_arrive_whole_by_every_way),
        TEST(what_stands_in_out_goes_before_what_goes_by_itself),
        TEST(s46_the_end_leaves_with_the_last_octets),
        TEST(s44_a_file_that_became_shorter_is_never_ended_as_if_it_were_whole),
        TEST(s44_a_file_that_became_longer_is_sent_to_the_announced_end),
        TEST(s44_data_that_is_not_what_was_announced_is_broken),
        TEST(an_offset_that_comes_with_data_reads_nothing_beyond_it),
        TEST(a_client_that_is_gone_is_lost_not_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
