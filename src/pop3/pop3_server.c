#include "pop3/pop3_server_machine.h"

#include <assert.h>

const char *pop3_end_name(enum pop3_end end)
{
    static const char *const names[] = {
        [POP3_END_NONE] = "none",
        [POP3_END_QUIT] = "quit",
        [POP3_END_UPDATED] = "updated",
        [POP3_END_NOT_REMOVED] = "not-removed",
        [POP3_END_BAD_COMMANDS] = "bad-commands",
        [POP3_END_STLS_INJECTION] = "stls-injection",
        [POP3_END_SHUTDOWN] = "shutdown",
    };
    return names[end];
}

void pop3_server_init(struct pop3_server *s, const struct pop3_server_options *options, char *line,
                      size_t line_capacity, struct buf *out, bool tls, bool stls_offered,
                      bool cleartext_allowed)
{
    assert(line_capacity >= POP3_SERVER_LINE_MIN && line_capacity <= UINT32_MAX);
    *s = (struct pop3_server){
        .options = options,
        .line = line,
        .line_capacity = (uint32_t)line_capacity,
        .phase = POP3_AUTHORIZATION,
        .language = POP3_LANGUAGE_DEFAULT,
        .tls = tls,
        .stls_offered = stls_offered,
        .cleartext_allowed = cleartext_allowed,
    };
    buf_put(out, SLICE("+OK "));
    buf_put_str(out, options->greeting);
    buf_put(out, SLICE("\r\n"));
}

void pop3_server_end(struct pop3_server *s, enum pop3_end end)
{
    assert(s->phase != POP3_ENDED);
    s->phase = POP3_ENDED;
    s->end = (uint8_t)end;
    s->waiting = POP3_WAITS_FOR_NOTHING;
    s->reply = POP3_LINES_NONE;
    pop3_server_forget_line(s);
}

/* STLS must be the last thing before the handshake: what lies behind it would run as if it had
 * come through TLS (S24). The +OK is not said to such a client. */
static void refuse_injection(struct pop3_server *s, size_t replied, struct buf *out,
                             struct pop3_server_event *event)
{
    out->size = replied;
    pop3_server_error(s, out, POP3_TEXT_STLS_INJECTION);
    pop3_server_end(s, POP3_END_STLS_INJECTION);
    event->type = POP3_SERVER_CLOSE;
}

static void handle_skipped(struct pop3_server *s, struct buf *out, struct pop3_server_event *event)
{
    bool too_long = s->skipping == POP3_SKIPPING_TOO_LONG;
    s->skipping = POP3_SKIPPING_NOTHING;
    s->has_user = false;
    if (s->in_sasl)
        pop3_server_cancel_auth(s, out, POP3_TEXT_LINE_TOO_LONG, event);
    else if (too_long)
        pop3_server_bad(s, out, POP3_TEXT_LINE_TOO_LONG);
    else
        pop3_server_error_code(s, out, "SYS/TEMP", POP3_TEXT_TEMPORARY);
}

/* Takes one line and handles it; false: the input is used up. */
static bool step(struct pop3_server *s, struct slice *input, struct buf *out,
                 struct pop3_server_event *event)
{
    size_t replied = out->size;
    switch (pop3_server_take_line(s, input)) {
    case POP3_TAKEN_PART:
        return false;
    case POP3_TAKEN_OUTGROWN:
        s->waiting = POP3_WAITS_FOR_LINE;
        event->type = POP3_SERVER_GROW;
        break;
    case POP3_TAKEN_SKIPPED:
        handle_skipped(s, out, event);
        break;
    case POP3_TAKEN_ENDLESS:
        pop3_server_error(s, out, POP3_TEXT_LINE_TOO_LONG);
        pop3_server_end(s, POP3_END_BAD_COMMANDS);
        break;
    case POP3_TAKEN_LINE:
        pop3_server_handle_line(s, out, event);
        if (s->waiting != POP3_WAITS_FOR_LOGIN)
            pop3_server_forget_line(s);
        if (s->waiting == POP3_WAITS_FOR_TLS && input->size > 0)
            refuse_injection(s, replied, out, event);
        break;
    }
    return true;
}

void pop3_server_feed(struct pop3_server *s, struct slice *input, struct buf *out,
                      struct pop3_server_event *event)
{
    *event = (struct pop3_server_event){.type = POP3_SERVER_WANT_INPUT};
    if (s->waiting != POP3_WAITS_FOR_NOTHING)
        return;
    while (event->type == POP3_SERVER_WANT_INPUT) {
        if (s->phase == POP3_ENDED)
            event->type = POP3_SERVER_CLOSE;
        else if (s->reply == POP3_LINES_NONE && input->size == 0)
            return;
        else if (buf_room(out) < LIMIT_REPLY_LINE || !pop3_server_put_lines(s, out))
            event->type = POP3_SERVER_FLUSH;
        else if (!step(s, input, out, event))
            return;
    }
}

bool pop3_server_is_idle(const struct pop3_server *s)
{
    return s->phase != POP3_ENDED && s->waiting == POP3_WAITS_FOR_NOTHING &&
           s->reply == POP3_LINES_NONE;
}

void pop3_server_shutdown(struct pop3_server *s, struct buf *out)
{
    assert(pop3_server_is_idle(s));
    pop3_server_error_code(s, out, "SYS/TEMP", POP3_TEXT_SHUTDOWN);
    pop3_server_end(s, POP3_END_SHUTDOWN);
}
