#include "pop3/pop3_server_machine.h"

#include <assert.h>

/* Octets of one line that are thrown away before the session is given up: a line that has no end
 * costs no memory, but it is no use to anybody either. */
enum { SKIP_MAX = 16 * 1024 * 1024 };

void pop3_server_forget_line(struct pop3_server *s)
{
    explicit_bzero(s->line, s->line_size);
    s->line_size = 0;
}

/* Octets that the line may have, its CRLF not counted. Only an AUTH line may be long (S19), and
 * that it is one shows long before it matters. */
static uint32_t line_limit(const struct pop3_server *s)
{
    if (s->in_sasl)
        return LIMIT_SASL_LINE;
    if (s->line_size >= 5 && slice_equal_nocase(slice_of(s->line, 5), SLICE("AUTH ")))
        return POP3_SERVER_LINE_MAX - 2;
    return LIMIT_COMMAND_LINE;
}

static enum pop3_taken skip(struct pop3_server *s, struct slice *input)
{
    size_t ahead = slice_find(*input, '\n');
    bool has_end = ahead < input->size;
    size_t left = SKIP_MAX - s->skipped;
    if (ahead >= left)
        return POP3_TAKEN_ENDLESS;
    s->skipped = has_end ? 0 : s->skipped + (uint32_t)ahead;
    *input = slice_skip(*input, has_end ? ahead + 1 : ahead);
    return has_end ? POP3_TAKEN_SKIPPED : POP3_TAKEN_PART;
}

/* Moves up to `ahead` octets into the line. One octet past the limit is kept, for it may be the CR
 * of the end. What the line holds decides what comes next, never how the octets arrived. */
static enum pop3_taken collect(struct pop3_server *s, struct slice *input, size_t ahead)
{
    while (ahead > 0) {
        size_t allowed = line_limit(s) + 1 - s->line_size;
        size_t room = s->line_capacity - s->line_size;
        size_t n = allowed < ahead ? allowed : ahead;
        if (allowed == 0) {
            s->skipping = POP3_SKIPPING_TOO_LONG;
            pop3_server_forget_line(s);
            return POP3_TAKEN_SKIPPED;
        }
        if (room == 0)
            return POP3_TAKEN_OUTGROWN;
        n = room < n ? room : n;
        memcpy(s->line + s->line_size, input->data, n);
        s->line_size += (uint32_t)n;
        *input = slice_skip(*input, n);
        ahead -= n;
    }
    return POP3_TAKEN_PART;
}

enum pop3_taken pop3_server_take_line(struct pop3_server *s, struct slice *input)
{
    if (s->skipping)
        return skip(s, input);
    size_t ahead = slice_find(*input, '\n');
    bool has_end = ahead < input->size;
    enum pop3_taken taken = collect(s, input, ahead);
    if (taken == POP3_TAKEN_SKIPPED)
        return skip(s, input);
    if (taken == POP3_TAKEN_OUTGROWN || !has_end)
        return taken;
    *input = slice_skip(*input, 1);
    uint32_t limit = line_limit(s);
    if (s->line_size > 0 && s->line[s->line_size - 1] == '\r')
        s->line_size--;
    if (s->line_size <= limit)
        return POP3_TAKEN_LINE;
    s->skipping = POP3_SKIPPING_TOO_LONG;
    pop3_server_forget_line(s);
    return POP3_TAKEN_SKIPPED;
}

void pop3_server_set_line(struct pop3_server *s, char *line, size_t capacity)
{
    assert(capacity >= POP3_SERVER_LINE_MIN && capacity <= UINT32_MAX);
    if (s->waiting == POP3_WAITS_FOR_LOGIN)
        pop3_server_forget_line(s);
    assert(capacity >= s->line_size);
    assert(s->waiting != POP3_WAITS_FOR_LINE || capacity > s->line_capacity);
    uint32_t size = s->line_size;
    if (size > 0) {
        memcpy(line, s->line, size);
        pop3_server_forget_line(s);
    }
    s->line = line;
    s->line_capacity = (uint32_t)capacity;
    s->line_size = size;
    if (s->waiting == POP3_WAITS_FOR_LINE)
        s->waiting = POP3_WAITS_FOR_NOTHING;
}

void pop3_server_no_line(struct pop3_server *s)
{
    assert(s->waiting == POP3_WAITS_FOR_LINE);
    s->waiting = POP3_WAITS_FOR_NOTHING;
    s->skipping = POP3_SKIPPING_NO_MEMORY;
    pop3_server_forget_line(s);
}

bool pop3_server_line_is_empty(const struct pop3_server *s)
{
    return s->line_size == 0;
}
