#include "pop3/pop3_server_machine.h"

#include "codec/base64.h"
#include "pop3/pop3_capability.h"

#include <assert.h>

/* Any name gets the same +OK (S20). One that is too long for an account is remembered as the empty
 * name, which no account has, and so it fails at PASS like every other wrong one. */
void pop3_server_user(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    struct slice name = line->arguments[0];
    s->user_size = name.size > LIMIT_USER_NAME ? 0 : (uint16_t)name.size;
    memcpy(s->user, name.data, s->user_size);
    if (!pop3_capability_has_cleartext(s)) {
        pop3_server_error(s, out, POP3_TEXT_NEEDS_TLS);
        event->type = POP3_SERVER_CLEARTEXT;
        event->user = slice_of(s->user, s->user_size);
        return;
    }
    s->has_user = true;
    pop3_server_ok(s, out, POP3_TEXT_SEND_PASSWORD);
}

/* The response code says whose fault it is (S22). */
static void put_refusal(const struct pop3_server *s, struct buf *out, enum status why)
{
    pop3_server_error_code(s, out, status_response_code(why), pop3_text_of_login(why));
}

void pop3_server_pass(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    if (!s->has_user) {
        pop3_server_error(s, out, POP3_TEXT_USER_FIRST);
        return;
    }
    s->has_user = false;
    if (line->arguments[0].size == 0) {
        put_refusal(s, out, STATUS_DENIED);
        return;
    }
    s->waiting = POP3_WAITS_FOR_LOGIN;
    event->type = POP3_SERVER_PASS;
    event->user = slice_of(s->user, s->user_size);
    event->data = line->arguments[0];
}

void pop3_server_cancel_auth(struct pop3_server *s, struct buf *out, enum pop3_text text,
                             struct pop3_server_event *event)
{
    s->in_sasl = false;
    pop3_server_error(s, out, text);
    event->type = POP3_SERVER_AUTH_CANCEL;
}

/* Decodes base64 in the place where it stands, which is always in the line memory. */
static bool decode(struct pop3_server *s, struct slice text, struct slice *data)
{
    char *place = s->line + (text.data - s->line);
    struct buf decoded = buf_over(place, text.size);
    if (text.size > LIMIT_SASL_LINE || base64_decode(&decoded, text) != STATUS_OK)
        return false;
    *data = buf_slice(&decoded);
    return true;
}

static struct slice in_capitals(struct pop3_server *s, struct slice name)
{
    char *to = s->line + (name.data - s->line);
    for (size_t i = 0; i < name.size; i++) {
        if (to[i] >= 'a' && to[i] <= 'z')
            to[i] = (char)(to[i] - ('a' - 'A'));
    }
    return name;
}

static void begin_auth(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                       struct pop3_server_event *event)
{
    bool has_initial = line->argument_count == 2;
    struct slice data = slice_of(s->line, 0);
    /* "=" is an empty initial response [RFC 5034 4]. */
    if (has_initial && !slice_equal(line->arguments[1], SLICE("=")) &&
        !decode(s, line->arguments[1], &data)) {
        pop3_server_cancel_auth(s, out, POP3_TEXT_BAD_BASE64, event);
        return;
    }
    s->waiting = POP3_WAITS_FOR_LOGIN;
    event->type = POP3_SERVER_AUTH;
    event->mechanism = in_capitals(s, line->arguments[0]);
    event->data = data;
    event->has_initial = has_initial;
}

void pop3_server_auth(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    if (line->argument_count == 0) {
        pop3_server_ok(s, out, POP3_TEXT_MECHANISMS);
        pop3_server_begin_lines(s, POP3_LINES_MECHANISMS);
    } else if (!pop3_mechanism_is_offered(s->options, line->arguments[0])) {
        pop3_server_error(s, out, POP3_TEXT_NO_MECHANISM);
    } else if (!pop3_capability_has_cleartext(s) &&
               pop3_mechanism_is_cleartext(line->arguments[0])) {
        pop3_server_error(s, out, POP3_TEXT_NEEDS_TLS);
        event->type = POP3_SERVER_CLEARTEXT;
    } else {
        begin_auth(s, line, out, event);
    }
}

void pop3_server_sasl_line(struct pop3_server *s, struct buf *out, struct pop3_server_event *event)
{
    struct slice text = slice_of(s->line, s->line_size);
    struct slice data;
    if (slice_equal(text, SLICE("*"))) {
        pop3_server_cancel_auth(s, out, POP3_TEXT_CANCELLED, event);
        return;
    }
    if (!decode(s, text, &data)) {
        pop3_server_cancel_auth(s, out, POP3_TEXT_BAD_BASE64, event);
        return;
    }
    s->in_sasl = false;
    s->waiting = POP3_WAITS_FOR_LOGIN;
    event->type = POP3_SERVER_AUTH_DATA;
    event->data = data;
}

void pop3_server_stls(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    if (s->tls) {
        pop3_server_error(s, out, POP3_TEXT_TLS_ALREADY);
    } else if (!s->stls_offered) {
        pop3_server_error(s, out, POP3_TEXT_NO_STLS);
    } else if (s->utf8) {
        pop3_server_error(s, out, POP3_TEXT_STLS_AFTER_UTF8);
    } else {
        pop3_server_ok(s, out, POP3_TEXT_STLS);
        s->waiting = POP3_WAITS_FOR_TLS;
        event->type = POP3_SERVER_STLS;
    }
}

void pop3_server_utf8(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    s->utf8 = true;
    pop3_server_ok(s, out, POP3_TEXT_UTF8);
}

static void answered(struct pop3_server *s, uint8_t expected)
{
    assert(s->waiting == expected);
    s->waiting = POP3_WAITS_FOR_NOTHING;
    pop3_server_forget_line(s);
}

void pop3_server_challenge(struct pop3_server *s, struct buf *out, struct slice challenge)
{
    assert(challenge.size <= LIMIT_SASL_DATA);
    answered(s, POP3_WAITS_FOR_LOGIN);
    s->in_sasl = true;
    buf_put(out, SLICE("+ "));
    base64_encode(out, challenge);
    buf_put(out, SLICE("\r\n"));
}

void pop3_server_opened(struct pop3_server *s, struct buf *out, const struct pop3_listing *listing,
                        uint64_t *marks)
{
    answered(s, POP3_WAITS_FOR_LOGIN);
    s->listing = *listing;
    s->marks = marks;
    s->phase = POP3_TRANSACTION;
    pop3_server_ok_numbers(s, out, POP3_TEXT_MESSAGES, listing->count, listing->octets);
}

void pop3_server_refused(struct pop3_server *s, struct buf *out, enum status why)
{
    answered(s, POP3_WAITS_FOR_LOGIN);
    put_refusal(s, out, why);
}

void pop3_server_tls_started(struct pop3_server *s)
{
    answered(s, POP3_WAITS_FOR_TLS);
    explicit_bzero(s->user, sizeof s->user);
    s->user_size = 0;
    s->has_user = false;
    s->language = POP3_LANGUAGE_DEFAULT;
    s->tls = true;
}
