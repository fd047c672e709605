#include "client/dialogue_machine.h"

static void tell(struct dialogue *d, bool from_server, struct slice line)
{
    d->options.handler.trace(d->options.handler.context, from_server, line);
}

void dialogue_trace(struct dialogue *d, bool from_server, struct slice octets)
{
    if (!d->options.handler.trace)
        return;
    while (octets.size > 0) {
        size_t n = slice_find(octets, '\n');
        struct slice line = slice_take(octets, n);
        octets = slice_skip(octets, n < octets.size ? n + 1 : n);
        if (line.size > 0 && line.data[line.size - 1] == '\r')
            line.size--;
        bool secret = !from_server && (d->phase == PHASE_AUTH || d->phase == PHASE_PASS);
        if (secret) {
            size_t word = slice_find(line, ' ');
            line = d->phase == PHASE_AUTH ? SLICE("AUTH ****") : slice_take(line, word);
        }
        tell(d, from_server, line);
    }
}

static struct slice cut(struct slice text, size_t most)
{
    return text.size > most ? slice_take(text, most) : text;
}

static void tell_reply(struct dialogue *d, const struct pop3_reply *reply)
{
    char memory[POP3_CLIENT_LINE_MIN];
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_str(&b, reply->answer == POP3_OK ? "+OK" : "-ERR");
    if (reply->code_text.size > 0)
        buf_printf(&b, " [%.*s]", SLICE_ARGS(cut(reply->code_text, 100)));
    if (reply->text.size > 0)
        buf_put_char(&b, ' ');
    buf_put(&b, cut(reply->text, buf_room(&b)));
    tell(d, true, buf_slice(&b));
}

static void tell_end(struct dialogue *d, const struct pop3_client_event *e)
{
    char memory[64];
    struct buf b = buf_over(memory, sizeof memory);
    bool is_message = e->verb == POP3_VERB_RETR || e->verb == POP3_VERB_TOP;
    buf_put_char(&b, '.');
    if (is_message)
        buf_printf(&b, " (%llu octets)", (unsigned long long)e->octets);
    tell(d, true, buf_slice(&b));
}

void dialogue_trace_event(struct dialogue *d, const struct pop3_client_event *e)
{
    if (!d->options.handler.trace)
        return;
    if (e->type == POP3_CLIENT_REPLY)
        tell_reply(d, &e->reply);
    else if (e->type == POP3_CLIENT_ROW)
        tell(d, true, e->line);
    else if (e->type == POP3_CLIENT_END)
        tell_end(d, e);
}
