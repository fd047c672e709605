/* The blocking client against servers that read from a script: each line of the client's gets the
 * next answer, then the connection ends. */
#include "poplin/client.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
    pid_t server;
    char url[64];
    struct poplin_client *client;
};

static bool read_line(int s)
{
    char c = 0;
    while (c != '\n') {
        if (read(s, &c, 1) != 1)
            return false;
    }
    return true;
}

/* The server's process: the greeting, then an answer a line; the script ends in NULL. An answer of
 * "" is silence. */
static void play(int listener, const char *const *script)
{
    int s = accept(listener, NULL, NULL);
    for (; *script; script++) {
        if (write(s, *script, strlen(*script)) < 0 || (script[1] && !read_line(s)))
            break;
    }
    close(s);
    _exit(0);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static struct scene meet(const char *const *script, uint32_t timeout_ms)
{
    struct scene scene = {.client = poplin_client_new()};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct poplin_client_options o = {.size = sizeof o, .timeout_ms = timeout_ms};
    socklen_t size = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_non_null(scene.client);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &size), 0);
    scene.server = fork();
    if (scene.server == 0)
        play(listener, script);
    close(listener);
    snprintf(scene.url, sizeof scene.url, "pop3://127.0.0.1:%d", ntohs(a.sin_port));
    assert_int_equal(poplin_client_connect(scene.client, scene.url, &o), POPLIN_CLIENT_OK);
    return scene;
}

static void part(struct scene *s)
{
    int status;
    poplin_client_free(s->client);
    kill(s->server, SIGKILL);
    waitpid(s->server, &status, 0);
}

#define LOGIN "+OK hello\r\n", "-ERR no CAPA\r\n", "+OK\r\n", "+OK\r\n", "-ERR no CAPA\r\n"

static struct scene meet_and_log_in(const char *const *script, uint32_t timeout_ms)
{
    struct scene s = meet(script, timeout_ms);
    assert_int_equal(poplin_client_login(s.client, "ann", "secret"), POPLIN_CLIENT_OK);
    return s;
}

struct rows {
    unsigned count;
    uint32_t numbers[8];
    char last_uid[16];
};

static int add_row(void *context, uint32_t number, uint64_t octets)
{
    struct rows *r = context;
    (void)octets;
    assert_true(r->count < 8);
    r->numbers[r->count++] = number;
    return 0;
}

static int add_uid(void *context, uint32_t number, const char *uid)
{
    snprintf(((struct rows *)context)->last_uid, 16, "%s", uid);
    return add_row(context, number, 0);
}

static int append(void *context, const char *data, size_t size)
{
    char *text = context;
    size_t n = strlen(text);
    assert_true(n + size < 100);
    memcpy(text + n, data, size);
    text[n + size] = '\0';
    return 0;
}

static int say_stop(void *context, const char *data, size_t size)
{
    (void)context;
    (void)data;
    (void)size;
    return 1;
}

static void a_refusal_leaves_the_session_open(void **state)
{
    const char *const script[] = {LOGIN,
                                  "-ERR no such message\r\n",
                                  "-ERR [SYS/TEMP] later\r\n",
                                  "+OK\r\nhi\r\n.\r\n",
                                  "+OK\r\n",
                                  NULL};
    struct scene s = meet_and_log_in(script, 5000);
    char text[100] = "";
    (void)state;
    assert_int_equal(poplin_client_retr(s.client, 1, append, text), POPLIN_CLIENT_REFUSED);
    assert_non_null(strstr(poplin_client_error_text(s.client), "no such message"));
    assert_int_equal(poplin_client_retr(s.client, 1, append, text), POPLIN_CLIENT_BUSY);
    assert_true(poplin_client_is_open(s.client));
    assert_int_equal(poplin_client_retr(s.client, 1, append, text), POPLIN_CLIENT_OK);
    assert_string_equal(text, "hi\r\n");
    assert_string_equal(poplin_client_error_text(s.client), "");
    assert_int_equal(poplin_client_quit(s.client), POPLIN_CLIENT_OK);
    assert_false(poplin_client_is_open(s.client));
    part(&s);
}

static void c06_rows_that_make_no_sense_are_left_out_and_counted(void **state)
{
    const char *const script[] = {
        LOGIN,
        "+OK 3 30\r\n",
        "+OK\r\n0 1\r\n1 10\r\n1 10\r\n4294967297 5\r\n4 4\r\nnonsense\r\n3\r\n2 10\r\n.\r\n",
        "+OK\r\n1 a\r\n2\r\n+OK 3  c\r\n3 d\r\n.\r\n",
        "+OK\r\n",
        NULL};
    struct scene s = meet_and_log_in(script, 5000);
    struct rows listed = {0}, named = {0};
    (void)state;
    assert_int_equal(poplin_client_list(s.client, add_row, &listed), POPLIN_CLIENT_OK);
    assert_int_equal(listed.count, 3);
    assert_int_equal(listed.numbers[0], 1);
    assert_int_equal(listed.numbers[1], 3); /* its size is missing; the message is there */
    assert_int_equal(listed.numbers[2], 2);
    assert_int_equal(poplin_client_faulty_rows(s.client), 5);
    assert_int_equal(poplin_client_uidl(s.client, add_uid, &named), POPLIN_CLIENT_OK);
    assert_int_equal(named.count, 2);
    assert_string_equal(named.last_uid, "c");
    assert_int_equal(poplin_client_faulty_rows(s.client), 2);
    part(&s);
}

static int list_within(void *context, uint32_t number, uint64_t octets)
{
    struct scene *s = context;
    struct rows none = {0};
    (void)number;
    (void)octets;
    assert_int_equal(poplin_client_list(s->client, add_row, &none), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_noop(s->client), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_connect(s->client, s->url, NULL), POPLIN_CLIENT_USAGE);
    return 0;
}

static void a_call_from_within_a_callback_is_refused(void **state)
{
    const char *const script[] = {LOGIN, "+OK 2 20\r\n", "+OK\r\n1 10\r\n2 10\r\n.\r\n", "+OK\r\n",
                                  NULL};
    struct scene s = meet_and_log_in(script, 5000);
    (void)state;
    assert_int_equal(poplin_client_list(s.client, list_within, &s), POPLIN_CLIENT_OK);
    assert_int_equal(poplin_client_faulty_rows(s.client), 0);
    assert_int_equal(poplin_client_quit(s.client), POPLIN_CLIENT_OK);
    part(&s);
}

static void a_listing_after_a_deletion_is_whole(void **state)
{
    const char *const script[] = {
        LOGIN, "+OK\r\n", "+OK 2 20\r\n", "+OK\r\n2 10\r\n3 10\r\n.\r\n", "+OK\r\n", NULL};
    struct scene s = meet_and_log_in(script, 5000);
    struct rows listed = {0};
    uint32_t messages;
    (void)state;
    assert_int_equal(poplin_client_dele(s.client, 1), POPLIN_CLIENT_OK);
    assert_int_equal(poplin_client_stat(s.client, &messages, NULL), POPLIN_CLIENT_OK);
    assert_int_equal(messages, 2);
    assert_int_equal(poplin_client_list(s.client, add_row, &listed), POPLIN_CLIENT_OK);
    assert_int_equal(listed.count, 2);
    assert_int_equal(poplin_client_faulty_rows(s.client), 0);
    part(&s);
}

static void c09_half_a_message_is_no_message(void **state)
{
    const char *const script[] = {LOGIN, "+OK\r\nhalf\r\n", NULL};
    struct scene s = meet_and_log_in(script, 5000);
    char text[100] = "";
    (void)state;
    assert_int_equal(poplin_client_retr(s.client, 1, append, text), POPLIN_CLIENT_LOST);
    assert_false(poplin_client_is_open(s.client));
    assert_int_equal(poplin_client_noop(s.client), POPLIN_CLIENT_LOST); /* and says so again */
    part(&s);
}

static void a_callback_that_stops_closes_the_session(void **state)
{
    const char *const script[] = {LOGIN, "+OK\r\nhi\r\n.\r\n", "+OK\r\n", NULL};
    struct scene s = meet_and_log_in(script, 5000);
    (void)state;
    assert_int_equal(poplin_client_retr(s.client, 1, say_stop, NULL), POPLIN_CLIENT_STOPPED);
    assert_false(poplin_client_is_open(s.client));
    part(&s);
}

static void c10_a_silent_server_is_given_up(void **state)
{
    const char *const script[] = {LOGIN, "", "+OK\r\n", NULL};
    struct scene s = meet_and_log_in(script, 300);
    (void)state;
    assert_int_equal(poplin_client_noop(s.client), POPLIN_CLIENT_TIMED_OUT);
    part(&s);
}

static void time_between_calls_is_the_callers(void **state)
{
    const char *const script[] = {LOGIN, "+OK\r\n", "+OK\r\n", NULL};
    struct scene s = meet_and_log_in(script, 300);
    (void)state;
    pause_ms(700);
    assert_int_equal(poplin_client_noop(s.client), POPLIN_CLIENT_OK);
    pause_ms(700);
    assert_int_equal(poplin_client_quit(s.client), POPLIN_CLIENT_OK);
    part(&s);
}

static void a_server_that_left_meanwhile_is_no_signal(void **state)
{
    const char *const script[] = {LOGIN, NULL};
    struct scene s = meet_and_log_in(script, 5000);
    (void)state;
    pause_ms(200);
    for (int i = 0; i < 3; i++)
        assert_int_equal(poplin_client_noop(s.client), POPLIN_CLIENT_LOST);
    part(&s);
}

static void a54_a_line_end_in_a_name_is_sent_to_nobody(void **state)
{
    const char *const script[] = {"+OK hello\r\n", "-ERR no CAPA\r\n", "+OK\r\n", "+OK\r\n", NULL};
    struct scene s = meet(script, 5000);
    (void)state;
    assert_int_equal(poplin_client_login(s.client, "ann\r\nDELE 1", "x"), POPLIN_CLIENT_USAGE);
    part(&s);
}

static void calls_that_make_no_sense_are_told(void **state)
{
    struct poplin_client *c = poplin_client_new();
    struct poplin_client_options o = {0};
    (void)state;
    assert_int_equal(poplin_client_noop(c), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_quit(c), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_retr(c, 0, append, NULL), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_list(c, add_row, NULL), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_login(c, "a", "b"), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_connect(c, NULL, NULL), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_connect(c, "http://x", NULL), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_connect(c, "pop3://127.0.0.1:1", &o), POPLIN_CLIENT_USAGE);
    assert_int_equal(poplin_client_connect(c, "pop3://127.0.0.1:1", NULL),
                     POPLIN_CLIENT_UNREACHABLE);
    assert_int_equal(poplin_client_last_error(c), POPLIN_CLIENT_UNREACHABLE);
    assert_string_equal(poplin_client_error_name(POPLIN_CLIENT_UNREACHABLE), "unreachable");
    poplin_client_free(c);
    poplin_client_free(NULL);
}

static void a_client_may_connect_anew(void **state)
{
    const char *const script[] = {LOGIN, "+OK bye\r\n", NULL};
    struct scene first = meet_and_log_in(script, 5000), second = meet(script, 5000);
    char url[64];
    (void)state;
    assert_int_equal(poplin_client_connect(first.client, second.url, NULL), POPLIN_CLIENT_USAGE);
    assert_true(poplin_client_is_open(first.client));
    assert_int_equal(poplin_client_quit(first.client), POPLIN_CLIENT_OK);
    snprintf(url, sizeof url, "%s", second.url);
    part(&second);
    assert_int_equal(poplin_client_connect(first.client, url, NULL), POPLIN_CLIENT_UNREACHABLE);
    struct scene third = meet(script, 5000);
    assert_string_equal(poplin_client_greeting(third.client), "hello");
    part(&third);
    part(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_leaves_the_session_open),
        cmocka_unit_test(c06_rows_that_make_no_sense_are_left_out_and_counted),
        cmocka_unit_test(a_call_from_within_a_callback_is_refused),
        cmocka_unit_test(a_listing_after_a_deletion_is_whole),
        cmocka_unit_test(c09_half_a_message_is_no_message),
        cmocka_unit_test(a_callback_that_stops_closes_the_session),
        cmocka_unit_test(c10_a_silent_server_is_given_up),
        cmocka_unit_test(time_between_calls_is_the_callers),
        cmocka_unit_test(a_server_that_left_meanwhile_is_no_signal),
        cmocka_unit_test(a54_a_line_end_in_a_name_is_sent_to_nobody),
        cmocka_unit_test(calls_that_make_no_sense_are_told),
        cmocka_unit_test(a_client_may_connect_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
