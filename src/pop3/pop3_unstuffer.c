#include "pop3/pop3_unstuffer.h"

#include <assert.h>

enum place {
    LINE_START,
    IN_LINE,
    AFTER_DOT,    /* a line's first octet, a dot, is taken and not given out yet */
    AFTER_DOT_CR, /* and a CR behind it */
    ENDED,
};

/* Octets looked at in one go; few enough that a count of them fits an octet. */
enum { BLOCK = 64 };

void pop3_unstuffer_init(struct pop3_unstuffer *u, bool server_crlf)
{
    *u = (struct pop3_unstuffer){.server_crlf = server_crlf, .place = LINE_START};
}

static void count_line_ends(struct pop3_unstuffer *u, unsigned ends, unsigned bare)
{
    u->bare_lf += bare;
    if (ends > bare)
        u->server_crlf = u->message_crlf = true;
}

/* False when a line that starts with a dot begins behind one of the BLOCK octets at p: then nothing
 * is counted. Reads p[-1] to p[BLOCK]. Written without a branch so that the compiler makes vector
 * code of it: this is the loop that every octet of every message goes through. */
static bool block_is_plain(struct pop3_unstuffer *u, const unsigned char *p)
{
    unsigned char ends = 0, bare = 0, dots = 0;
    for (int i = 0; i < BLOCK; i++) {
        unsigned char is_end = p[i] == '\n';
        unsigned char has_cr = p[i - 1] == '\r';
        unsigned char is_dot = p[i + 1] == '.';
        ends = (unsigned char)(ends + is_end);
        bare = (unsigned char)(bare + (is_end & (has_cr ^ 1)));
        dots = (unsigned char)(dots | (is_end & is_dot));
    }
    if (dots)
        return false;
    count_line_ends(u, ends, bare);
    return true;
}

/* Octets up to and with the first line end that a dot follows, or all there are. Behind a block
 * that is not plain the stop is near: octet by octet to it. */
static size_t run_size(struct pop3_unstuffer *u, struct slice input)
{
    const unsigned char *p = (const unsigned char *)input.data;
    size_t i = 1;
    bool is_end = p[0] == '\n';
    if (is_end)
        count_line_ends(u, 1, !u->after_cr);
    if (!is_end || input.size == 1 || p[1] != '.') {
        while (input.size - i > BLOCK && block_is_plain(u, p + i))
            i += BLOCK;
        is_end = p[i - 1] == '\n';
    }
    while (i < input.size && !(is_end && p[i] == '.')) {
        is_end = p[i] == '\n';
        if (is_end)
            count_line_ends(u, 1, p[i - 1] != '\r');
        i++;
    }
    return i;
}

static enum pop3_unstuffed give_run(struct pop3_unstuffer *u, struct slice *input,
                                    struct slice *data)
{
    *data = slice_take(*input, run_size(u, *input));
    *input = slice_skip(*input, data->size);
    u->octets += data->size;
    char last = data->data[data->size - 1];
    if (last == '\n')
        u->after_bare = data->size > 1 ? data->data[data->size - 2] != '\r' : !u->after_cr;
    u->place = last == '\n' ? LINE_START : IN_LINE;
    u->after_cr = last == '\r';
    return POP3_UNSTUFFED_DATA;
}

/* The dot at the line's start was neither doubled nor the end: it is data after all. */
static enum pop3_unstuffed give_held(struct pop3_unstuffer *u, struct slice held,
                                     struct slice *data)
{
    *data = held;
    u->octets += held.size;
    u->defects++;
    u->after_cr = held.size == 2;
    u->place = IN_LINE;
    return POP3_UNSTUFFED_DATA;
}

static enum pop3_unstuffed take_end(struct pop3_unstuffer *u, struct slice *input)
{
    *input = slice_skip(*input, 1);
    u->place = ENDED;
    return POP3_UNSTUFFED_END;
}

static enum pop3_unstuffed after_dot(struct pop3_unstuffer *u, struct slice *input,
                                     struct slice *data)
{
    switch (input->data[0]) {
    case '.': /* doubled: the line's data starts with this second one */
        return give_run(u, input, data);
    case '\r':
        *input = slice_skip(*input, 1);
        u->place = AFTER_DOT_CR;
        return POP3_UNSTUFFED_WANT_INPUT;
    case '\n':
        if (!u->server_crlf)
            return take_end(u, input);
        break;
    }
    return give_held(u, SLICE("."), data);
}

static enum pop3_unstuffed after_dot_cr(struct pop3_unstuffer *u, struct slice *input,
                                        struct slice *data)
{
    bool is_strange = u->message_crlf && u->after_bare;
    if (input->data[0] == '\n' && !is_strange) {
        u->server_crlf = true;
        return take_end(u, input);
    }
    return give_held(u, SLICE(".\r"), data);
}

static enum pop3_unstuffed step(struct pop3_unstuffer *u, struct slice *input, struct slice *data)
{
    switch ((enum place)u->place) {
    case LINE_START:
        if (input->data[0] != '.')
            return give_run(u, input, data);
        *input = slice_skip(*input, 1);
        u->place = AFTER_DOT;
        return POP3_UNSTUFFED_WANT_INPUT;
    case IN_LINE:
        return give_run(u, input, data);
    case AFTER_DOT:
        return after_dot(u, input, data);
    case AFTER_DOT_CR:
        return after_dot_cr(u, input, data);
    case ENDED:
        break;
    }
    assert(u->place != ENDED);
    return POP3_UNSTUFFED_END;
}

enum pop3_unstuffed pop3_unstuffer_next(struct pop3_unstuffer *u, struct slice *input,
                                        struct slice *data)
{
    enum pop3_unstuffed got = POP3_UNSTUFFED_WANT_INPUT;
    while (got == POP3_UNSTUFFED_WANT_INPUT && input->size > 0)
        got = step(u, input, data);
    return got;
}
