#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log/log.h"

static int ends[2];

static int make_pipe(void **state)
{
    (void)state;
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

static int drop_pipe(void **state)
{
    (void)state;
    log_open(-1, LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* What was written since, as text. */
static const char *written(void)
{
    static char text[65536];
    ssize_t n = read(ends[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void open_log(enum log_target target, enum log_format format)
{
    log_open(ends[1], target, format);
    log_set_process("auth");
}

static void log_failed_login(struct slice user)
{
    struct log_line l;
    log_begin(&l, LOG_LEVEL_WARNING, "auth-fail");
    log_str(&l, "rip", "192.0.2.1");
    log_str(&l, "reason", "password");
    log_quoted(&l, "user", user);
    log_end(&l);
}

/* The line after its time, whose form alone is looked at; pid becomes N. */
static const char *after_time(const char *line)
{
    static char text[65536];
    int year, month, day, hour, minute, second, milli, used = 0, pid, pid_used = 0;
    int n = sscanf(line, "time=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour,
                   &minute, &second, &milli, &used);
    assert_int_equal(n, 7);
    assert_int_equal(used, (int)strlen("time=2000-01-01T00:00:00.000Z "));
    const char *at = strstr(line + used, " pid=");
    assert_non_null(at);
    assert_int_equal(sscanf(at, " pid=%d%n", &pid, &pid_used), 1);
    assert_int_equal(pid, getpid());
    snprintf(text, sizeof text, "%.*s pid=N%s", (int)(at - line - used), line + used,
             at + pid_used);
    return text;
}

static void the_address_is_first_and_what_a_client_chose_is_last(void **state)
{
    (void)state;
    open_log(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    log_failed_login(SLICE("ann"));
    assert_string_equal(after_time(written()),
                        "level=warning event=auth-fail rip=192.0.2.1 process=auth pid=N "
                        "reason=password user=\"ann\"\n");
}

static void a_line_without_an_address_names_its_process_first(void **state)
{
    (void)state;
    open_log(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    log_text(LOG_LEVEL_INFO, "start", "version %d", 1);
    assert_string_equal(after_time(written()),
                        "level=info event=start process=auth pid=N text=\"version 1\"\n");
    struct log_line l;
    log_begin(&l, LOG_LEVEL_ERROR, "empty");
    log_end(&l);
    assert_string_equal(after_time(written()), "level=error event=empty process=auth pid=N\n");
}

static void numbers_and_times_are_bare(void **state)
{
    (void)state;
    open_log(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    struct log_line l;
    log_begin(&l, LOG_LEVEL_INFO, "logout");
    log_str(&l, "rip", "2001:db8::1");
    log_u64(&l, "octets", UINT64_MAX);
    log_ms(&l, "seconds", 61007);
    log_str(&l, "end", "quit");
    log_str(&l, "cause", "two words");
    log_str(&l, "empty", "");
    log_end(&l);
    assert_string_equal(after_time(written()),
                        "level=info event=logout rip=2001:db8::1 process=auth pid=N "
                        "octets=18446744073709551615 seconds=61.007 end=quit "
                        "cause=\"two words\" empty=\"\"\n");
}

static void a25_forged_names_make_no_field_and_no_line(void **state)
{
    (void)state;
    static const struct slice forged[] = {
        SLICE("x\" rip=1.2.3.4 y=\""),
        SLICE("x\\\" rip=1.2.3.4"),
        SLICE("x\r\ntime=2000-01-01T00:00:00.000Z level=warning event=auth-fail rip=1.2.3.4"),
        SLICE("\x1b[2K\x1b[1Gevent=auth-fail rip=1.2.3.4"),
        SLICE("a\0b rip=1.2.3.4"),
        SLICE("\xe2\x80\xa8 rip=1.2.3.4"),
        SLICE("\xff\xfe rip=1.2.3.4"),
        SLICE("x, rip=1.2.3.4"),
    };
    open_log(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        log_failed_login(forged[i]);
        const char *line = after_time(written());
        const char *fixed = "level=warning event=auth-fail rip=192.0.2.1 process=auth pid=N "
                            "reason=password user=\"";
        assert_memory_equal(line, fixed, strlen(fixed));
        const char *p = line + strlen(fixed);
        for (; *p != '"'; p++) {
            assert_true((unsigned char)*p >= ' ' && *p != '\x7f');
            p += *p == '\\';
        }
        assert_string_equal(p, "\"\n");
    }
}

static void a25_json_lines_stay_one_object(void **state)
{
    (void)state;
    open_log(LOG_TARGET_JOURNAL, LOG_FORMAT_JSON);
    log_failed_login(SLICE("x\",\"rip\":\"1.2.3.4\r\n"));
    char expected[256];
    snprintf(expected, sizeof expected,
             "<4>{\"level\":\"warning\",\"event\":\"auth-fail\",\"rip\":\"192.0.2.1\","
             "\"process\":\"auth\",\"pid\":%d,\"reason\":\"password\","
             "\"user\":\"x\\\",\\\"rip\\\":\\\"1.2.3.4\\r\\n\"}\n",
             (int)getpid());
    assert_string_equal(written(), expected);
}

static void the_longest_values_are_cut_and_the_line_stays_whole(void **state)
{
    (void)state;
    char bad[4096];
    for (int format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++) {
        open_log(LOG_TARGET_STDERR, (enum log_format)format);
        memset(bad, 1, sizeof bad);
        log_failed_login(slice_of(bad, sizeof bad));
        const char *line = written();
        assert_true(strlen(line) <= LOG_LINE_MAX);
        assert_non_null(strstr(line, format ? "\"user\":\"\\u0001" : "user=\"\\x01"));
        assert_non_null(strstr(line, "\xe2\x80\xa6\""));
        assert_int_equal(line[strlen(line) - 1], '\n');
        memset(bad, 'a', sizeof bad);
        struct log_line l;
        log_begin(&l, LOG_LEVEL_INFO, "many");
        for (int i = 0; i < 100; i++)
            log_quoted(&l, "name", slice_of(bad, 200));
        log_end(&l);
        line = written();
        assert_true(strlen(line) <= LOG_LINE_MAX);
        assert_int_equal(line[strlen(line) - 1], '\n');
        assert_int_equal(line[strlen(line) - 2], format ? '}' : '"');
    }
}

static void a_full_pipe_loses_lines_and_tells_how_many(void **state)
{
    (void)state;
    /* The flag of the pipe itself says "wait": the log must not. */
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    log_open(-1, LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    open_log(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
    int room = 0;
    for (int i = 0; i < 200; i++)
        log_failed_login(SLICE("ann"));
    for (const char *p = written(); *p != '\0'; p++)
        room += *p == '\n';
    assert_in_range(room, 20, 60);
    log_failed_login(SLICE("ann"));
    char lost[32];
    snprintf(lost, sizeof lost, " lost=%d reason=", 200 - room);
    assert_non_null(strstr(written(), lost));
    log_failed_login(SLICE("ann"));
    assert_null(strstr(written(), "lost="));
}

static void a_forked_process_opens_the_log_for_itself(void **state)
{
    (void)state;
    int status;
    open_log(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    log_failed_login(SLICE("before"));
    pid_t child = fork();
    if (child == 0) {
        /* Whatever was open beside the log is gone, and its number is another's. */
        close_range(64, ~0u, 0);
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 64);
        log_set_process("front");
        open_log(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
        log_failed_login(SLICE("child"));
        _exit(fcntl(64, F_GETFD) < 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    log_failed_login(SLICE("after"));
    const char *lines = written();
    assert_non_null(strstr(lines, "user=\"before\"\n"));
    assert_non_null(strstr(lines, "user=\"child\"\n"));
    assert_non_null(strstr(lines, "user=\"after\"\n"));
}

static void syslog_lines_are_datagrams_of_their_own(void **state)
{
    (void)state;
    int pair[2];
    char text[4096];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    log_open(pair[1], LOG_TARGET_SYSLOG, LOG_FORMAT_LOGFMT);
    log_set_process("auth");
    log_failed_login(SLICE("ann"));
    ssize_t n = recv(pair[0], text, sizeof text - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    char expected[256], month[4];
    int day, hour, minute, second, used = 0;
    assert_int_equal(
        sscanf(text, "<20>%3s %2d %2d:%2d:%2d %n", month, &day, &hour, &minute, &second, &used), 5);
    snprintf(expected, sizeof expected,
             "poplind[%d]: level=warning event=auth-fail rip=192.0.2.1 process=auth "
             "reason=password user=\"ann\"",
             (int)getpid());
    assert_string_equal(text + used, expected);
    close(pair[0]);
    close(pair[1]);
}

static void the_journal_is_known_by_its_stream(void **state)
{
    (void)state;
    struct stat st;
    char stream[64];
    assert_int_equal(fstat(ends[1], &st), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    assert_int_equal(log_target_of(ends[1]), LOG_TARGET_JOURNAL);
    setenv("JOURNAL_STREAM", "1:1", 1);
    assert_int_equal(log_target_of(ends[1]), LOG_TARGET_STDERR);
    unsetenv("JOURNAL_STREAM");
    assert_int_equal(log_target_of(ends[1]), LOG_TARGET_STDERR);
}

static void a_line_changes_no_errno_and_debug_is_silent(void **state)
{
    (void)state;
    open_log(LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    log_text(LOG_LEVEL_DEBUG, "detail", "x");
    assert_string_equal(written(), "");
    log_open(99999, LOG_TARGET_STDERR, LOG_FORMAT_LOGFMT);
    errno = EDOM;
    log_text(LOG_LEVEL_INFO, "nowhere", "x");
    assert_int_equal(errno, EDOM);
}

#define WITH_PIPE(claim) cmocka_unit_test_setup_teardown(claim, make_pipe, drop_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(the_address_is_first_and_what_a_client_chose_is_last),
        WITH_PIPE(a_line_without_an_address_names_its_process_first),
        WITH_PIPE(numbers_and_times_are_bare),
        WITH_PIPE(a25_forged_names_make_no_field_and_no_line),
        WITH_PIPE(a25_json_lines_stay_one_object),
        WITH_PIPE(the_longest_values_are_cut_and_the_line_stays_whole),
        WITH_PIPE(a_full_pipe_loses_lines_and_tells_how_many),
        WITH_PIPE(a_forked_process_opens_the_log_for_itself),
        WITH_PIPE(syslog_lines_are_datagrams_of_their_own),
        WITH_PIPE(the_journal_is_known_by_its_stream),
        WITH_PIPE(a_line_changes_no_errno_and_debug_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
