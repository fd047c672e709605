#include "pop3/pop3_server_machine.h"

#include <assert.h>

static_assert(POP3_STATE_AUTHORIZATION == 1 << POP3_AUTHORIZATION);
static_assert(POP3_STATE_TRANSACTION == 1 << POP3_TRANSACTION);

enum { BAD_BEFORE_LOGIN = 3, BAD_AFTER_LOGIN = 20 };

static void noop(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                 struct pop3_server_event *event)
{
    pop3_server_ok(s, out, POP3_TEXT_NONE);
}

static void capa(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                 struct pop3_server_event *event)
{
    pop3_server_ok(s, out, POP3_TEXT_CAPABILITIES);
    pop3_server_begin_lines(s, POP3_LINES_CAPA);
}

static void lang(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                 struct pop3_server_event *event)
{
    if (line->argument_count == 0) {
        pop3_server_ok(s, out, POP3_TEXT_LANGUAGES);
        pop3_server_begin_lines(s, POP3_LINES_LANGUAGES);
        return;
    }
    int language = pop3_language_find(line->arguments[0]);
    if (language < 0) {
        pop3_server_error(s, out, POP3_TEXT_NO_LANGUAGE);
        return;
    }
    s->language = (uint8_t)language;
    buf_put(out, SLICE("+OK "));
    buf_put_str(out, pop3_language_tag(s->language));
    buf_put_char(out, ' ');
    pop3_text_put(out, POP3_TEXT_LANGUAGE_CHANGED, s->language, NULL);
    buf_put(out, SLICE("\r\n"));
}

static pop3_server_handler *const handlers[POP3_VERB_COUNT] = {
    [POP3_VERB_USER] = pop3_server_user,
    [POP3_VERB_PASS] = pop3_server_pass,
    [POP3_VERB_AUTH] = pop3_server_auth,
    [POP3_VERB_STLS] = pop3_server_stls,
    [POP3_VERB_UTF8] = pop3_server_utf8,
    [POP3_VERB_STAT] = pop3_server_stat,
    [POP3_VERB_LIST] = pop3_server_list,
    [POP3_VERB_UIDL] = pop3_server_uidl,
    [POP3_VERB_RETR] = pop3_server_retr,
    [POP3_VERB_TOP] = pop3_server_top,
    [POP3_VERB_DELE] = pop3_server_dele,
    [POP3_VERB_RSET] = pop3_server_rset,
    [POP3_VERB_NOOP] = noop,
    [POP3_VERB_CAPA] = capa,
    [POP3_VERB_LANG] = lang,
    [POP3_VERB_QUIT] = pop3_server_quit,
};

static uint8_t bad_limit(const struct pop3_server *s)
{
    if (s->phase == POP3_AUTHORIZATION)
        return s->options->bad_before_login ? s->options->bad_before_login : BAD_BEFORE_LOGIN;
    return s->options->bad_after_login ? s->options->bad_after_login : BAD_AFTER_LOGIN;
}

void pop3_server_bad(struct pop3_server *s, struct buf *out, enum pop3_text text)
{
    s->bad++;
    if (s->bad < bad_limit(s)) {
        pop3_server_error(s, out, text);
        return;
    }
    pop3_server_error(s, out, POP3_TEXT_TOO_MANY_BAD);
    pop3_server_end(s, POP3_END_BAD_COMMANDS);
}

/* A web browser, or a page that makes one talk to this port, sends a request line first and then
 * headers and perhaps a body that holds commands: none of it is read (A08). */
static bool is_http(struct slice line)
{
    static const char *const methods[] = {"GET ",     "POST ",    "HEAD ",  "PUT ",  "DELETE ",
                                          "OPTIONS ", "CONNECT ", "TRACE ", "PATCH "};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (slice_starts(line, slice_str(methods[i])))
            return true;
    }
    return slice_starts(line, SLICE("PRI * HTTP/"));
}

static void handle_unknown(struct pop3_server *s, struct slice line, struct buf *out)
{
    if (s->phase == POP3_AUTHORIZATION && is_http(line)) {
        pop3_server_error(s, out, POP3_TEXT_UNKNOWN_COMMAND);
        pop3_server_end(s, POP3_END_BAD_COMMANDS);
        return;
    }
    pop3_server_bad(s, out, POP3_TEXT_UNKNOWN_COMMAND);
}

/* A well-formed command. One that comes at the wrong time is answered -ERR but is no bad command:
 * clients probe (S08). */
static void dispatch(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                     struct pop3_server_event *event)
{
    if (!(line->command->states & 1u << s->phase)) {
        pop3_server_error(s, out,
                          s->phase == POP3_AUTHORIZATION ? POP3_TEXT_BEFORE_LOGIN
                                                         : POP3_TEXT_AFTER_LOGIN);
        return;
    }
    uint8_t bad = s->bad;
    handlers[line->command->verb](s, line, out, event);
    if (s->bad == bad)
        s->bad = 0;
}

void pop3_server_handle_line(struct pop3_server *s, struct buf *out,
                             struct pop3_server_event *event)
{
    if (s->in_sasl) {
        pop3_server_sasl_line(s, out, event);
        return;
    }
    struct pop3_command_line parsed;
    struct slice line = slice_of(s->line, s->line_size);
    enum pop3_syntax syntax = pop3_command_parse(line, &parsed);
    /* PASS counts only straight after USER (S20). */
    if (!parsed.command || parsed.command->verb != POP3_VERB_PASS)
        s->has_user = false;
    switch (syntax) {
    case POP3_SYNTAX_OK:
        dispatch(s, &parsed, out, event);
        break;
    case POP3_SYNTAX_UNKNOWN:
        handle_unknown(s, line, out);
        break;
    case POP3_SYNTAX_ARGUMENTS:
        pop3_server_bad(s, out, POP3_TEXT_ARGUMENTS);
        break;
    case POP3_SYNTAX_OCTETS:
        pop3_server_bad(s, out, POP3_TEXT_BAD_OCTETS);
        break;
    }
}
