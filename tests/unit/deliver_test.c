/* Programs, LMTP servers and standard output get whole messages, and their answers are believed. */
#include "client/deliver.h"
#include "client/header_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char message[] = "A: 1\r\n\r\n.dot\r\n..two\r\nFrom x\r\n";

static char name[] = "a", user[] = "ann@example.org", shell[] = "/bin/sh", option[] = "-c";

struct target {
    struct account account;
    struct delivery *delivery;
    char folder[64];
    char path[128];
    char why[200];
};

static void target_start(struct target *t, enum account_target kind)
{
    *t = (struct target){.folder = "/tmp/poplin-deliver-XXXXXX"};
    assert_non_null(mkdtemp(t->folder));
    snprintf(t->path, sizeof t->path, "%s/out", t->folder);
    t->account = (struct account){.name = name, .user = user, .target = kind, .timeout = 5000};
}

static void target_end(struct target *t)
{
    deliver_close(t->delivery);
    unlink(t->path);
    assert_int_equal(rmdir(t->folder), 0);
}

static enum status deliver_one(struct target *t)
{
    struct deliver_message m = {.received = SLICE("Received: here\r\n")};
    enum status status = deliver_begin(t->delivery, &m);
    if (status == STATUS_OK)
        status = deliver_write(t->delivery, slice_of(message, sizeof message - 1));
    return status == STATUS_OK ? deliver_finish(t->delivery) : status;
}

static void assert_out(const struct target *t, const char *expected)
{
    char content[4096];
    FILE *f = fopen(t->path, "r");
    assert_non_null(f);
    content[fread(content, 1, sizeof content - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(content, expected);
}

/* --- pipe --- */

static void open_pipe(struct target *t, char *script)
{
    deliver_close(t->delivery);
    t->account.arguments[0] = shell;
    t->account.arguments[1] = option;
    t->account.arguments[2] = script;
    t->account.arguments[3] = t->path; /* $0: no shell of ours has looked at it */
    assert_int_equal(deliver_open(&t->account, &t->delivery, t->why), STATUS_OK);
}

static void a_program_gets_the_whole_message_and_its_account(void **unused)
{
    static char script[] =
        "{ cat; echo \"$POPLIN_ACCOUNT $POPLIN_USER $(cat | wc -c)\"; } > \"$0\"";
    struct target t;
    target_start(&t, ACCOUNT_TARGET_PIPE);
    assert_int_equal(setenv("POPLIN_ACCOUNT", "forged", 1), 0);
    open_pipe(&t, script);
    assert_int_equal(deliver_one(&t), STATUS_OK);
    assert_out(&t, "Received: here\nA: 1\n\n.dot\n..two\nFrom x\na ann@example.org 0\n");
    assert_int_equal(unsetenv("POPLIN_ACCOUNT"), 0);
    target_end(&t);
}

static void exit_codes_mean_what_delivery_agents_mean(void **unused)
{
    static const struct {
        int code;
        enum status status;
    } table[] = {
        {0, STATUS_OK},         {75, STATUS_TEMPORARY},  {71, STATUS_TEMPORARY},
        {74, STATUS_TEMPORARY}, {1, STATUS_TEMPORARY},   {64, STATUS_PERMANENT},
        {67, STATUS_PERMANENT}, {77, STATUS_PERMANENT},  {78, STATUS_PERMANENT},
        {79, STATUS_TEMPORARY}, {127, STATUS_PERMANENT},
    };
    struct target t;
    char script[32];
    target_start(&t, ACCOUNT_TARGET_PIPE);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        snprintf(script, sizeof script, "exit %d", table[i].code);
        open_pipe(&t, script);
        assert_int_equal(deliver_one(&t), table[i].status);
    }
    snprintf(script, sizeof script, "kill -9 $$");
    open_pipe(&t, script);
    assert_int_equal(deliver_one(&t), STATUS_TEMPORARY);
    assert_non_null(strstr(deliver_error(t.delivery), "signal 9"));
    target_end(&t);
}

static void c10_a_program_that_does_not_end_is_ended(void **unused)
{
    static char script[] = "sleep 60 & sleep 60";
    struct target t;
    target_start(&t, ACCOUNT_TARGET_PIPE);
    t.account.timeout = 100;
    open_pipe(&t, script);
    assert_int_equal(deliver_one(&t), STATUS_TEMPORARY);
    assert_non_null(strstr(deliver_error(t.delivery), "longer"));
    target_end(&t);
}

static void c09_a_program_never_sees_an_aborted_message(void **unused)
{
    static char script[] = "cat > \"$0\"";
    struct target t;
    struct deliver_message m = {0};
    target_start(&t, ACCOUNT_TARGET_PIPE);
    open_pipe(&t, script);
    assert_int_equal(deliver_begin(t.delivery, &m), STATUS_OK);
    assert_int_equal(deliver_write(t.delivery, SLICE("half")), STATUS_OK);
    deliver_abort(t.delivery);
    assert_int_not_equal(access(t.path, F_OK), 0);
    target_end(&t);
}

static void a_program_that_is_not_there_is_permanent(void **unused)
{
    static char missing[] = "/nonexistent/agent";
    struct target t;
    target_start(&t, ACCOUNT_TARGET_PIPE);
    t.account.arguments[0] = missing;
    assert_int_equal(deliver_open(&t.account, &t.delivery, t.why), STATUS_OK);
    assert_int_equal(deliver_one(&t), STATUS_PERMANENT);
    assert_non_null(strstr(deliver_error(t.delivery), missing));
    target_end(&t);
}

/* --- stdout --- */

static void standard_output_is_an_mboxrd_stream(void **unused)
{
    struct target t;
    char content[1024];
    target_start(&t, ACCOUNT_TARGET_STDOUT);
    assert_int_equal(deliver_open(&t.account, &t.delivery, t.why), STATUS_OK);
    fflush(stdout);
    int kept = dup(STDOUT_FILENO), out = open(t.path, O_RDWR | O_CREAT, 0600);
    dup2(out, STDOUT_FILENO);
    enum status first = deliver_one(&t), second = deliver_one(&t);
    int full = open("/dev/full", O_WRONLY);
    dup2(full, STDOUT_FILENO);
    enum status third = deliver_one(&t);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(full);
    assert_true(first == STATUS_OK && second == STATUS_OK && third == STATUS_TEMPORARY);
    ssize_t n = pread(out, content, sizeof content - 1, 0);
    close(out);
    content[n] = '\0';
    static const char body[] = "\nReceived: here\nA: 1\n\n.dot\n..two\n>From x\n\n";
    assert_int_equal(strncmp(content, "From MAILER-DAEMON ", 19), 0);
    char *one = strstr(content, body);
    assert_non_null(one);
    char *two = one + sizeof body - 1;
    assert_int_equal(strncmp(two, "From MAILER-DAEMON ", 19), 0);
    assert_non_null(strstr(two, body));
    target_end(&t);
}

/* --- LMTP: a server that says what it is told to, whatever it hears --- */

struct server {
    int listener;
    pid_t child;
    int heard; /* what the client sent, afterwards */
};

static void read_to(int s, FILE *heard, const char *end)
{
    char last[8] = {0};
    size_t size = strlen(end);
    while (memcmp(last, end, size) != 0) {
        char c;
        if (read(s, &c, 1) != 1)
            _exit(1);
        memmove(last, last + 1, size);
        last[size - 1] = c;
        fputc(c, heard);
    }
}

/* Replies in order; each follows a line, that to the message its last dot. */
static void serve(int listener, FILE *heard, const char *const *replies)
{
    int s = accept(listener, NULL, NULL);
    const char *before = NULL;
    for (; *replies; replies++) {
        if (before)
            read_to(s, heard, before[0] == '3' ? "\r\n.\r\n" : "\r\n");
        if (write(s, *replies, strlen(*replies)) < 0)
            _exit(1);
        before = *replies;
    }
    fflush(heard);
    _exit(0);
}

static void server_start(struct server *v, const struct target *t, const char *const *replies)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FILE *heard = tmpfile();
    v->heard = fileno(heard);
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", t->path);
    v->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(v->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(v->listener, 1), 0);
    v->child = fork();
    if (v->child == 0)
        serve(v->listener, heard, replies);
    close(v->listener);
}

static enum status lmtp(const char *const *replies, char heard[2048], char error[200])
{
    struct target t;
    struct server v;
    int result;
    target_start(&t, ACCOUNT_TARGET_LMTP);
    t.account.timeout = 500;
    t.account.arguments[0] = t.path;
    server_start(&v, &t, replies);
    enum status status = deliver_open(&t.account, &t.delivery, t.why);
    snprintf(error, 200, "%s", t.why);
    if (status == STATUS_OK) {
        status = deliver_one(&t);
        snprintf(error, 200, "%s", deliver_error(t.delivery));
    }
    target_end(&t);
    assert_int_equal(waitpid(v.child, &result, 0), v.child);
    ssize_t n = pread(v.heard, heard, 2047, 0);
    heard[n > 0 ? n : 0] = '\0';
    return status;
}

static void lmtp_delivers_stuffed_and_announced(void **unused)
{
    static const char *const replies[] = {
        "220 hi\r\n", "250-me\r\n250-SIZE 1000\r\n250-8bitmime\r\n250 X\r\n",
        "250 ok\r\n", "250 ok\r\n",
        "354 go\r\n", "250 2.0.0 kept\r\n",
        NULL};
    char heard[2048], error[200];
    assert_int_equal(lmtp(replies, heard, error), STATUS_OK);
    const char *body = strstr(heard, "MAIL FROM:<> BODY=8BITMIME SIZE=");
    assert_non_null(body);
    assert_non_null(strstr(body, "\r\nRCPT TO:<ann@example.org>\r\nDATA\r\nReceived: here\r\nA: "
                                 "1\r\n\r\n..dot\r\n...two\r\nFrom x\r\n.\r\n"));
    assert_int_equal(strncmp(heard, "LHLO ", 5), 0);
}

static void lmtp_refusals_are_told_apart(void **unused)
{
    static const struct {
        const char *replies[8];
        enum status status;
        const char *error;
    } table[] = {
        {{"421 busy\r\n"}, STATUS_TEMPORARY, "421 busy"},
        {{"554 no\r\n"}, STATUS_PERMANENT, "554 no"},
        {{"220 hi\r\n", "250 me\r\n", "250 ok\r\n", "550 \x1b[2Jno such\r\n"},
         STATUS_PERMANENT,
         "RCPT TO: 550 \\x1b[2Jno such"},
        {{"220 hi\r\n", "250 me\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "452 full\r\n"},
         STATUS_TEMPORARY,
         "452 full"},
        {{"220 hi\r\n", "250 me\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "552 big\r\n"},
         STATUS_PERMANENT,
         "552 big"},
        {{"220 hi\r\n", "250 me\r\n", "250 ok\r\n", "250 ok\r\n", "250 what\r\n"},
         STATUS_TEMPORARY,
         "DATA"},
        {{"220 hi\r\n", "250 me\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"},
         STATUS_TEMPORARY,
         "the message"},
        {{"hello\r\n"}, STATUS_TEMPORARY, "greeting"},
        {{"220-a\r\n250 b\r\n"}, STATUS_TEMPORARY, "greeting"},
        {{"22\r\n"}, STATUS_TEMPORARY, "greeting"},
        {{"2200 x\r\n"}, STATUS_TEMPORARY, "greeting"},
    };
    char heard[2048], error[200];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(lmtp(table[i].replies, heard, error), table[i].status);
        if (!strstr(error, table[i].error))
            fail_msg("%zu: %s", i, error);
    }
}

static void a54_a_recipient_cannot_end_the_line(void **unused)
{
    static char bad[][16] = {"a>b", "a\r\nDATA", "a b", "", "a<b"};
    static char nowhere[] = "/nonexistent";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct target t;
        target_start(&t, ACCOUNT_TARGET_LMTP);
        t.account.arguments[0] = nowhere;
        t.account.user = bad[i];
        assert_int_equal(deliver_open(&t.account, &t.delivery, t.why), STATUS_PERMANENT);
        assert_non_null(strstr(t.why, "recipient"));
        target_end(&t);
    }
}

/* --- header hashes --- */

static void hash_of(const char *text, size_t cut, unsigned char out[STATE_HASH])
{
    struct header_hash h;
    size_t size = strlen(text);
    cut = cut < size ? cut : size;
    assert_int_equal(header_hash_init(&h), STATUS_OK);
    header_hash_feed(&h, slice_of(text, cut));
    header_hash_feed(&h, slice_of(text + cut, size - cut));
    assert_true(header_hash_end(&h, out));
    header_hash_wipe(&h);
}

static void c06_retr_top_and_a_stored_file_have_one_header_hash(void **unused)
{
    static const char *const same[] = {
        "A: 1\r\nB: 2\r\n\r\nbody\r\n",
        "A: 1\nB: 2\n\nother",
        "A: 1\r\nB: 2\r\n\r\n",
        "A: 1\r\nB: 2\r\n",
        "A: 1\nB: 2",
    };
    unsigned char first[STATE_HASH], other[STATE_HASH];
    hash_of(same[0], 0, first);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        for (size_t cut = 0; cut <= strlen(same[i]); cut++) {
            hash_of(same[i], cut, other);
            assert_memory_equal(first, other, sizeof first);
        }
    }
    hash_of("A: 1\r\nB: 3\r\n\r\n", 0, other);
    assert_memory_not_equal(first, other, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_gets_the_whole_message_and_its_account),
        cmocka_unit_test(exit_codes_mean_what_delivery_agents_mean),
        cmocka_unit_test(c10_a_program_that_does_not_end_is_ended),
        cmocka_unit_test(c09_a_program_never_sees_an_aborted_message),
        cmocka_unit_test(a_program_that_is_not_there_is_permanent),
        cmocka_unit_test(standard_output_is_an_mboxrd_stream),
        cmocka_unit_test(lmtp_delivers_stuffed_and_announced),
        cmocka_unit_test(lmtp_refusals_are_told_apart),
        cmocka_unit_test(a54_a_recipient_cannot_end_the_line),
        cmocka_unit_test(c06_retr_top_and_a_stored_file_have_one_header_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
