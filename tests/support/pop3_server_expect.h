/* pop3_server_expect: a conversation with the test shell, told as what is sent and what comes. */
#ifndef POPLIN_POP3_SERVER_EXPECT_H
#define POPLIN_POP3_SERVER_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3_server_shell.h"

static inline void assert_buf_is(struct buf *b, struct slice expected)
{
    if (!slice_equal(buf_slice(b), expected))
        fail_msg("expected <<%.*s>> got <<%.*s>>", SLICE_ARGS(expected), (int)b->size, b->data);
    buf_clear(b);
}

/* Everything sent since the last expectation is exactly this. */
static inline void expect_sent(struct shell *sh, const char *text)
{
    shell_send(sh);
    assert_buf_is(&sh->sent, slice_str(text));
}

/* Every event since the last look is exactly this, one a line. */
static inline void expect_events(struct shell *sh, const char *text)
{
    assert_buf_is(&sh->log, slice_str(text));
}

/* One read of these octets gives exactly this output. */
static inline void say(struct shell *sh, const char *input, const char *output)
{
    shell_feed(sh, slice_str(input));
    expect_sent(sh, output);
}

/* The output begins so; what comes behind is of no matter. */
static inline void say_first(struct shell *sh, const char *input, const char *start)
{
    shell_feed(sh, slice_str(input));
    shell_send(sh);
    if (!slice_starts(buf_slice(&sh->sent), slice_str(start)))
        fail_msg("expected %s at the start of <<%.*s>>", start, (int)sh->sent.size, sh->sent.data);
    buf_clear(&sh->sent);
}

static inline bool sent_has(const struct shell *sh, const char *text)
{
    return memmem(sh->sent.data, sh->sent.size, text, strlen(text)) != NULL;
}

/* A session that has seen its greeting; in TRANSACTION when `logged_in`. Both logs are empty. */
static inline void begin(struct shell *sh, bool logged_in)
{
    shell_start(sh);
    shell_send(sh);
    if (logged_in) {
        shell_feed(sh, SLICE("USER alice\r\nPASS secret\r\n"));
        assert_int_equal(sh->server.phase, POP3_TRANSACTION);
    }
    buf_clear(&sh->sent);
    buf_clear(&sh->log);
}

#endif
