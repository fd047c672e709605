#include "pop3/pop3_server_machine.h"

#include <assert.h>

enum { BITS = 64 };

size_t pop3_server_marks_size(uint32_t count)
{
    return ((size_t)count + BITS - 1) / BITS * sizeof(uint64_t);
}

bool pop3_server_is_marked(const struct pop3_server *s, uint32_t i)
{
    return s->marks[i / BITS] >> (i % BITS) & 1;
}

static uint32_t left_count(const struct pop3_server *s)
{
    return s->listing.count - s->marked_count;
}

static uint64_t left_octets(const struct pop3_server *s)
{
    return s->listing.octets - s->marked_octets;
}

/* The message that an argument names, from 0 (S11, S13); false: the -ERR is written. */
static bool find_message(struct pop3_server *s, struct slice argument, struct buf *out, uint32_t *i)
{
    uint64_t number;
    if (!slice_parse_u64(argument, &number)) {
        pop3_server_bad(s, out, POP3_TEXT_BAD_NUMBER);
        return false;
    }
    if (number == 0 || number > s->listing.count) {
        pop3_server_error(s, out, POP3_TEXT_NO_MESSAGE);
        return false;
    }
    *i = (uint32_t)(number - 1);
    if (pop3_server_is_marked(s, *i)) {
        pop3_server_error(s, out, POP3_TEXT_IS_DELETED);
        return false;
    }
    return true;
}

void pop3_server_stat(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    buf_put(out, SLICE("+OK "));
    buf_put_u64(out, left_count(s));
    buf_put_char(out, ' ');
    buf_put_u64(out, left_octets(s));
    buf_put(out, SLICE("\r\n"));
}

static void put_head(struct pop3_server *s, struct buf *out, uint8_t lines)
{
    pop3_server_ok_numbers(s, out, POP3_TEXT_MESSAGES, left_count(s), left_octets(s));
    pop3_server_begin_lines(s, lines);
}

void pop3_server_list(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    uint32_t i;
    if (line->argument_count == 0) {
        put_head(s, out, POP3_LINES_LIST);
    } else if (find_message(s, line->arguments[0], out, &i)) {
        buf_put(out, SLICE("+OK "));
        pop3_server_put_list_row(s, out, i);
    }
}

void pop3_server_uidl(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    uint32_t i;
    if (line->argument_count == 0) {
        put_head(s, out, POP3_LINES_UIDL);
    } else if (find_message(s, line->arguments[0], out, &i)) {
        buf_put(out, SLICE("+OK "));
        pop3_server_put_uidl_row(s, out, i);
    }
}

void pop3_server_retr(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    if (!find_message(s, line->arguments[0], out, &event->message))
        return;
    s->waiting = POP3_WAITS_FOR_BODY;
    event->type = POP3_SERVER_RETR;
}

void pop3_server_top(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                     struct pop3_server_event *event)
{
    uint64_t lines;
    if (!slice_parse_u64(line->arguments[1], &lines)) {
        pop3_server_bad(s, out, POP3_TEXT_BAD_NUMBER);
        return;
    }
    if (!find_message(s, line->arguments[0], out, &event->message))
        return;
    s->waiting = POP3_WAITS_FOR_TOP;
    event->type = POP3_SERVER_TOP;
    event->lines = lines;
}

void pop3_server_dele(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    uint32_t i;
    if (!find_message(s, line->arguments[0], out, &i))
        return;
    s->marks[i / BITS] |= UINT64_C(1) << (i % BITS);
    s->marked_count++;
    s->marked_octets += s->listing.size(s->listing.context, i);
    pop3_server_ok(s, out, POP3_TEXT_DELETED);
}

void pop3_server_rset(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    if (s->marked_count > 0)
        memset(s->marks, 0, pop3_server_marks_size(s->listing.count));
    s->marked_count = 0;
    s->marked_octets = 0;
    pop3_server_ok_numbers(s, out, POP3_TEXT_MESSAGES, left_count(s), left_octets(s));
}

void pop3_server_quit(struct pop3_server *s, const struct pop3_command_line *line, struct buf *out,
                      struct pop3_server_event *event)
{
    if (s->phase == POP3_TRANSACTION) {
        s->phase = POP3_UPDATE;
        s->waiting = POP3_WAITS_FOR_UPDATE;
        event->type = POP3_SERVER_UPDATE;
        return;
    }
    pop3_server_ok(s, out, POP3_TEXT_BYE);
    pop3_server_end(s, POP3_END_QUIT);
}

void pop3_server_body(struct pop3_server *s, struct buf *out, uint64_t octets)
{
    assert(s->waiting == POP3_WAITS_FOR_BODY || s->waiting == POP3_WAITS_FOR_TOP);
    if (s->waiting == POP3_WAITS_FOR_BODY)
        pop3_server_ok_numbers(s, out, POP3_TEXT_OCTETS, octets, 0);
    else
        pop3_server_ok(s, out, POP3_TEXT_TOP);
    s->waiting = POP3_WAITS_FOR_BODY_DONE;
}

void pop3_server_body_done(struct pop3_server *s)
{
    assert(s->waiting == POP3_WAITS_FOR_BODY_DONE);
    s->waiting = POP3_WAITS_FOR_NOTHING;
}

void pop3_server_body_refused(struct pop3_server *s, struct buf *out, enum status why)
{
    assert(s->waiting == POP3_WAITS_FOR_BODY || s->waiting == POP3_WAITS_FOR_TOP);
    s->waiting = POP3_WAITS_FOR_NOTHING;
    if (why == STATUS_NOT_FOUND)
        pop3_server_error(s, out, POP3_TEXT_VANISHED);
    else
        pop3_server_error_code(s, out, status_response_code(why),
                               why == STATUS_PERMANENT ? POP3_TEXT_PERMANENT : POP3_TEXT_TEMPORARY);
}

void pop3_server_updated(struct pop3_server *s, struct buf *out, uint32_t removed, uint32_t failed)
{
    assert(s->waiting == POP3_WAITS_FOR_UPDATE);
    if (failed > 0) {
        const uint64_t numbers[2] = {failed, (uint64_t)removed + failed};
        pop3_server_error_numbers(s, out, "SYS/TEMP", POP3_TEXT_NOT_REMOVED, numbers);
    } else if (removed > 0) {
        pop3_server_ok_numbers(s, out, POP3_TEXT_REMOVED, removed, 0);
    } else {
        pop3_server_ok(s, out, POP3_TEXT_BYE);
    }
    pop3_server_end(s, failed > 0 ? POP3_END_NOT_REMOVED : POP3_END_UPDATED);
}
