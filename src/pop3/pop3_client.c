#include "pop3/pop3_client_machine.h"

#include "codec/base64.h"

#include <assert.h>

const char *pop3_client_error_text(enum pop3_client_error error)
{
    switch (error) {
    case POP3_CLIENT_NO_ERROR:
        return "no error";
    case POP3_CLIENT_NOT_A_REPLY:
        return "the server's answer is not POP3";
    case POP3_CLIENT_UNASKED:
        return "the server answered without being asked";
    case POP3_CLIENT_LINE_TOO_LONG:
        return "the server's line has no end";
    case POP3_CLIENT_TOO_MANY_ROWS:
        return "the server's listing has no end";
    case POP3_CLIENT_STLS_INJECTION:
        return "octets were slipped in behind the answer to STLS";
    }
    return "unknown error";
}

void pop3_client_init(struct pop3_client *c, char *line, size_t line_capacity,
                      struct pop3_awaited *awaited, uint16_t awaited_capacity)
{
    assert(line_capacity >= POP3_CLIENT_LINE_MIN && line_capacity <= UINT32_MAX);
    assert(awaited_capacity > 0);
    *c = (struct pop3_client){
        .line = line,
        .line_capacity = (uint32_t)line_capacity,
        .awaited = awaited,
        .awaited_capacity = awaited_capacity,
        .row_limit = LIMIT_MESSAGES,
        .state = POP3_CLIENT_AT_GREETING,
    };
    pop3_capabilities_init(&c->capabilities);
}

bool pop3_client_is_idle(const struct pop3_client *c)
{
    bool line_begun = !c->line_taken && (c->line_size > 0 || c->line_cut > 0);
    return c->state == POP3_CLIENT_ENDED ||
           (c->state == POP3_CLIENT_AT_FIRST_LINE && c->awaited_count == 0 && !line_begun);
}

bool pop3_client_is_ended(const struct pop3_client *c)
{
    return c->state == POP3_CLIENT_ENDED;
}

void pop3_client_tls_started(struct pop3_client *c)
{
    assert(c->state == POP3_CLIENT_IN_HANDSHAKE);
    pop3_capabilities_init(&c->capabilities);
    c->server_crlf = false;
    c->strays = 0;
    c->line_size = 0;
    c->state = POP3_CLIENT_AT_FIRST_LINE;
}

static void pop_awaited(struct pop3_client *c)
{
    c->current = *pop3_client_awaited(c, 0);
    c->unanswered_octets -= c->current.octets;
    c->awaited_first = (uint16_t)((c->awaited_first + 1u) % c->awaited_capacity);
    c->awaited_count--;
}

static void fail(struct pop3_client *c, struct pop3_client_event *event,
                 enum pop3_client_error error)
{
    c->state = POP3_CLIENT_BROKEN;
    c->error = (uint8_t)error;
    c->our_turn = false;
    event->type = POP3_CLIENT_PROTOCOL_ERROR;
    event->error = error;
}

static void name_command(struct pop3_client_event *event, const struct pop3_awaited *a)
{
    event->verb = (enum pop3_verb)a->verb;
    event->has_argument = a->has_argument;
    event->number = a->number;
}

static void keep_octets(struct pop3_client *c, struct slice s)
{
    size_t room = c->line_capacity - c->line_size;
    size_t kept = s.size < room ? s.size : room;
    if (s.size == 0)
        return;
    memcpy(c->line + c->line_size, s.data, kept);
    c->line_size += (uint32_t)kept;
    c->line_cut += s.size - kept;
    c->last_octet = s.data[s.size - 1];
}

/* The line is whole: its CR goes, whether it lies in the line memory or just behind. */
static void end_line(struct pop3_client *c)
{
    c->line_taken = true;
    if (c->last_octet != '\r')
        return;
    c->server_crlf = true;
    if (c->line_cut > 0)
        c->line_cut--;
    else
        c->line_size--;
}

static void begin_line(struct pop3_client *c)
{
    c->line_taken = false;
    c->line_size = 0;
    c->line_cut = 0;
    c->last_octet = 0;
}

/* Moves input into the line memory up to the line's end; false while there is none, or it failed.
 * Of a line that is too long the front is kept and the rest skipped, up to a point. */
static bool take_line(struct pop3_client *c, struct slice *input, struct pop3_client_event *event)
{
    if (c->line_taken)
        begin_line(c);
    size_t end = slice_find(*input, '\n');
    bool is_whole = end < input->size;
    keep_octets(c, slice_take(*input, end));
    *input = slice_skip(*input, is_whole ? end + 1 : end);
    if (c->line_cut > POP3_CLIENT_LINE_CUT) {
        fail(c, event, POP3_CLIENT_LINE_TOO_LONG);
        return false;
    }
    if (is_whole)
        end_line(c);
    return is_whole;
}

/* A first line; false: there is nothing to be had from it. Some servers send an empty line now and
 * then where a reply is due: a few are passed over. */
static bool read_reply(struct pop3_client *c, bool in_dialogue, struct pop3_client_event *event)
{
    struct slice line = slice_of(c->line, c->line_size);
    if (line.size == 0 && c->strays < POP3_CLIENT_STRAYS) {
        c->strays++;
        return false;
    }
    if (!pop3_reply_parse(line, in_dialogue, &event->reply)) {
        fail(c, event, POP3_CLIENT_NOT_A_REPLY);
        return false;
    }
    event->reply.was_cut = c->line_cut > 0;
    c->strays = 0;
    return true;
}

static void take_greeting(struct pop3_client *c, struct pop3_client_event *event)
{
    if (!read_reply(c, false, event))
        return;
    event->type = POP3_CLIENT_GREETING;
    c->state = event->reply.answer == POP3_OK ? POP3_CLIENT_AT_FIRST_LINE : POP3_CLIENT_ENDED;
}

/* By way of a scratch: base64_decode writes as it goes, and of a text that is no base64 the caller
 * wants to see what came. */
static bool decode_challenge(struct slice text, struct buf *decoded)
{
    char scratch[LIMIT_SASL_DATA];
    struct buf trial = buf_over(scratch, sizeof scratch);
    if (base64_decode(&trial, text) != STATUS_OK)
        return false;
    return buf_put(decoded, buf_slice(&trial));
}

static void take_challenge(struct pop3_client *c, struct pop3_client_event *event)
{
    if (c->our_turn) {
        fail(c, event, POP3_CLIENT_UNASKED);
        return;
    }
    if (event->reply.was_cut) {
        fail(c, event, POP3_CLIENT_LINE_TOO_LONG);
        return;
    }
    struct buf decoded = buf_over(c->line, c->line_capacity);
    event->type = POP3_CLIENT_CONTINUE;
    event->is_base64 = decode_challenge(event->reply.text, &decoded);
    event->data = buf_slice(&decoded);
    if (event->is_base64)
        event->reply.text = SLICE(""); /* its place is taken by the data */
    c->our_turn = true;
}

static bool is_listing(enum pop3_verb verb)
{
    return verb == POP3_VERB_LIST || verb == POP3_VERB_UIDL;
}

static enum pop3_fault read_row(enum pop3_verb verb, struct slice line, struct pop3_row *row)
{
    if (verb == POP3_VERB_LIST)
        return pop3_reply_list_row(line, row);
    return verb == POP3_VERB_UIDL ? pop3_reply_uidl_row(line, row) : POP3_FAULT_NONE;
}

/* What stands in the first line of STAT, LIST n and UIDL n. */
static void read_values(const struct pop3_client *c, struct pop3_client_event *event)
{
    bool is_stat = event->verb == POP3_VERB_STAT;
    if (!is_stat && !is_listing(event->verb))
        return;
    if (is_stat)
        event->fault = pop3_reply_stat(event->reply.text, &event->stat);
    else
        event->fault = read_row(event->verb, event->reply.text, &event->row);
    if (!is_stat && event->row.number != 0 && event->row.number != event->number)
        event->fault = POP3_FAULT_OTHER;
    if (c->line_cut > 0)
        event->fault = POP3_FAULT_CUT;
}

static void begin_lines(struct pop3_client *c, struct pop3_client_event *event)
{
    event->lines_follow = true;
    c->rows = 0;
    c->state = POP3_CLIENT_IN_ROWS;
    if (event->verb == POP3_VERB_RETR || event->verb == POP3_VERB_TOP) {
        pop3_unstuffer_init(&c->body, c->server_crlf);
        c->state = POP3_CLIENT_IN_MESSAGE;
    }
}

static void take_stls(struct pop3_client *c, struct slice input, struct pop3_client_event *event)
{
    if (input.size > 0) {
        fail(c, event, POP3_CLIENT_STLS_INJECTION);
        return;
    }
    event->type = POP3_CLIENT_STLS_READY;
    c->state = POP3_CLIENT_IN_HANDSHAKE;
}

static void take_answer(struct pop3_client *c, struct slice input, struct pop3_client_event *event)
{
    bool is_ok = event->reply.answer == POP3_OK;
    pop_awaited(c);
    c->our_turn = false;
    event->type = POP3_CLIENT_REPLY;
    if (event->verb == POP3_VERB_CAPA)
        pop3_capabilities_init(&c->capabilities);
    if (event->verb == POP3_VERB_QUIT)
        c->state = POP3_CLIENT_ENDED;
    else if (event->verb == POP3_VERB_STLS && is_ok)
        take_stls(c, input, event);
    else if (is_ok && pop3_command_is_multiline(pop3_command_row(event->verb), event->has_argument))
        begin_lines(c, event);
    else if (is_ok)
        read_values(c, event);
}

static void take_first_line(struct pop3_client *c, struct slice input,
                            struct pop3_client_event *event)
{
    const struct pop3_awaited *next = c->awaited_count > 0 ? pop3_client_awaited(c, 0) : NULL;
    if (!read_reply(c, next && pop3_awaited_is_dialogue(next), event))
        return;
    if (!next) {
        fail(c, event, POP3_CLIENT_UNASKED);
        return;
    }
    name_command(event, next);
    if (event->reply.answer == POP3_CONTINUE)
        take_challenge(c, event);
    else
        take_answer(c, input, event);
}

static void end_rows(struct pop3_client *c, struct pop3_client_event *event)
{
    event->type = POP3_CLIENT_END;
    event->rows = c->rows;
    c->state = POP3_CLIENT_AT_FIRST_LINE;
    if (event->verb == POP3_VERB_CAPA)
        c->capabilities.is_known = true;
}

/* Listings end at a dot alone, whatever its line end: no row is one. */
static void take_row(struct pop3_client *c, struct pop3_client_event *event)
{
    struct slice line = slice_of(c->line, c->line_size);
    name_command(event, &c->current);
    if (slice_equal(line, SLICE("."))) {
        end_rows(c, event);
        return;
    }
    if (c->rows++ >= (is_listing(event->verb) ? c->row_limit : POP3_CLIENT_ROWS)) {
        fail(c, event, POP3_CLIENT_TOO_MANY_ROWS);
        return;
    }
    event->type = POP3_CLIENT_ROW;
    event->line = slice_skip(line, slice_starts(line, SLICE("..")) ? 1 : 0);
    event->fault = read_row(event->verb, event->line, &event->row);
    if (c->line_cut > 0)
        event->fault = POP3_FAULT_CUT;
    else if (event->verb == POP3_VERB_CAPA)
        pop3_capabilities_add(&c->capabilities, event->line);
    else if (event->verb == POP3_VERB_AUTH)
        pop3_capabilities_add_mechanism(&c->capabilities, event->line);
}

static void take_message(struct pop3_client *c, struct slice *input,
                         struct pop3_client_event *event)
{
    enum pop3_unstuffed got = pop3_unstuffer_next(&c->body, input, &event->data);
    if (got == POP3_UNSTUFFED_WANT_INPUT)
        return;
    name_command(event, &c->current);
    event->type = POP3_CLIENT_DATA;
    if (got == POP3_UNSTUFFED_DATA)
        return;
    event->type = POP3_CLIENT_END;
    event->octets = c->body.octets;
    event->wire_octets = c->body.octets + c->body.bare_lf;
    event->defects = c->body.defects;
    c->server_crlf = c->body.server_crlf;
    c->state = POP3_CLIENT_AT_FIRST_LINE;
}

static void step(struct pop3_client *c, struct slice *input, struct pop3_client_event *event)
{
    switch ((enum pop3_client_state)c->state) {
    case POP3_CLIENT_AT_GREETING:
        if (take_line(c, input, event))
            take_greeting(c, event);
        break;
    case POP3_CLIENT_AT_FIRST_LINE:
        if (take_line(c, input, event))
            take_first_line(c, *input, event);
        break;
    case POP3_CLIENT_IN_ROWS:
        if (take_line(c, input, event))
            take_row(c, event);
        break;
    case POP3_CLIENT_IN_MESSAGE:
        take_message(c, input, event);
        break;
    case POP3_CLIENT_IN_HANDSHAKE:
        fail(c, event, POP3_CLIENT_STLS_INJECTION);
        break;
    case POP3_CLIENT_ENDED: /* nothing is owed any more, nothing is read into what comes */
        *input = slice_skip(*input, input->size);
        break;
    case POP3_CLIENT_BROKEN:
        break;
    }
}

void pop3_client_feed(struct pop3_client *c, struct slice *input, struct pop3_client_event *event)
{
    *event = (struct pop3_client_event){.type = POP3_CLIENT_WANT_INPUT, .verb = POP3_VERB_COUNT};
    if (c->state == POP3_CLIENT_BROKEN)
        fail(c, event, (enum pop3_client_error)c->error);
    while (event->type == POP3_CLIENT_WANT_INPUT && input->size > 0)
        step(c, input, event);
}
