/* What a server may send, against the client's machine. The first two octets choose the commands
 * and the size of the pieces, the rest is the server. The pieces must make no difference to the
 * events, the octets of messages included, and nothing in an event may lie outside its memory
 * (which the sanitizers see, as every slice is read). */
#include "pop3/pop3_client.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RING = 6, ROUNDS = 64 };

static const struct {
    enum pop3_verb verb;
    const char *arguments;
} script[] = {
    {POP3_VERB_CAPA, ""},  {POP3_VERB_AUTH, "LOGIN"}, {POP3_VERB_AUTH, ""},  {POP3_VERB_STAT, ""},
    {POP3_VERB_LIST, ""},  {POP3_VERB_UIDL, ""},      {POP3_VERB_RETR, "1"}, {POP3_VERB_TOP, "2 0"},
    {POP3_VERB_LIST, "3"}, {POP3_VERB_UIDL, "4"},     {POP3_VERB_RETR, "5"}, {POP3_VERB_STLS, ""},
    {POP3_VERB_LANG, ""},  {POP3_VERB_DELE, "6"},     {POP3_VERB_RETR, "7"}, {POP3_VERB_QUIT, ""},
};
enum { SCRIPT = sizeof script / sizeof *script };

static void must(bool held)
{
    if (!held)
        abort();
}

static uint64_t mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x100000001b3;
}

static uint64_t mix_slice(uint64_t sum, struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        sum = mix(sum, (unsigned char)s.data[i]);
    return sum;
}

/* A sum over what an event says, cuts of DATA left out of it. */
static uint64_t mix_event(uint64_t sum, const struct pop3_client_event *e)
{
    if (e->type == POP3_CLIENT_DATA)
        return mix_slice(sum, e->data);
    sum = mix(mix(mix(mix(sum, e->type), e->error), e->verb), e->number);
    sum = mix(mix(mix(sum, e->reply.answer), e->reply.code), e->reply.was_cut);
    sum = mix(mix(mix(sum, e->fault), e->row.number), e->row.quirks);
    sum = mix(mix(mix(sum, e->stat.count), e->stat.octets), e->row.size);
    sum = mix(mix(mix(sum, e->octets), e->wire_octets), e->defects);
    sum = mix_slice(mix_slice(mix(sum, e->rows), e->reply.text), e->reply.code_text);
    return mix_slice(mix_slice(mix_slice(sum, e->row.uid), e->line), e->data);
}

struct peer {
    struct pop3_client client;
    struct pop3_awaited ring[RING];
    char line[POP3_CLIENT_LINE_MIN];
    uint32_t step;
    uint64_t sum;
    bool is_over; /* at STLS: the octets behind it are an attack or not, as the pieces fall */
};

static void answer(struct peer *p, const struct pop3_client_event *event)
{
    char memory[256];
    struct buf out = buf_over(memory, sizeof memory);
    if (event->type == POP3_CLIENT_CONTINUE)
        must(pop3_client_response(&p->client, &out, SLICE("x")) == STATUS_OK);
    if (event->type == POP3_CLIENT_STLS_READY || event->error == POP3_CLIENT_STLS_INJECTION)
        p->is_over = true;
    else if (event->type != POP3_CLIENT_WANT_INPUT)
        p->sum = mix_event(p->sum, event);
    p->is_over |= event->type == POP3_CLIENT_PROTOCOL_ERROR;
}

static void say_what_may_be_said(struct peer *p)
{
    char memory[256];
    struct buf out = buf_over(memory, sizeof memory);
    while (p->step < SCRIPT * ROUNDS &&
           pop3_client_command(&p->client, &out, script[p->step % SCRIPT].verb,
                               slice_str(script[p->step % SCRIPT].arguments)) == STATUS_OK)
        p->step++;
}

static uint64_t play(struct slice server, size_t piece, uint32_t step)
{
    static struct peer p;
    p = (struct peer){.step = step % SCRIPT};
    pop3_client_init(&p.client, p.line, sizeof p.line, p.ring, RING);
    p.client.row_limit = 100;
    while (server.size > 0 && !p.is_over) {
        struct slice input = slice_take(server, piece < server.size ? piece : server.size);
        server = slice_skip(server, input.size);
        struct pop3_client_event event;
        do {
            say_what_may_be_said(&p);
            pop3_client_feed(&p.client, &input, &event);
            answer(&p, &event);
        } while (event.type != POP3_CLIENT_WANT_INPUT && !p.is_over);
        must(input.size == 0 || p.is_over);
    }
    return p.sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct slice server = slice_of(data + 2, size - 2);
    uint64_t whole = play(server, size, data[0]);
    must(play(server, 1, data[0]) == whole);
    must(play(server, 1 + data[1] % 64, data[0]) == whole);
    return 0;
}
