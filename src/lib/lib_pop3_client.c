#include "lib/lib.h"

#include "pop3/pop3_client.h"
#include "poplin/pop3.h"

#include <stdlib.h>

/* The client's machine with memory of its own. */

enum {
    OUT = 32 * 1024, /* octets of commands on their way (C14); an AUTH response is half of it */
    IN_FLIGHT_MAX = 4096,
};

struct poplin_pop3_client {
    struct pop3_client machine;
    struct poplin_pop3_client_event event;
    struct buf out;
    char line[POP3_CLIENT_LINE_MAX];
    char out_memory[OUT];
    struct pop3_awaited awaited[];
};

struct poplin_pop3_client *poplin_pop3_client_new(unsigned in_flight)
{
    unsigned ring = in_flight < 1 ? 1 : in_flight < IN_FLIGHT_MAX ? in_flight : IN_FLIGHT_MAX;
    struct poplin_pop3_client *c = calloc(1, sizeof *c + ring * sizeof c->awaited[0]);
    if (c == NULL)
        return NULL;
    c->out = buf_over(c->out_memory, sizeof c->out_memory);
    pop3_client_init(&c->machine, c->line, sizeof c->line, c->awaited, (uint16_t)ring);
    return c;
}

void poplin_pop3_client_free(struct poplin_pop3_client *client)
{
    if (client == NULL)
        return;
    explicit_bzero(client, sizeof *client);
    free(client);
}

static bool is_verb(enum poplin_pop3_verb verb)
{
    return (int)verb > 0 && (int)verb <= POP3_VERB_COUNT;
}

enum poplin_status poplin_pop3_client_command(struct poplin_pop3_client *client,
                                              enum poplin_pop3_verb verb,
                                              struct poplin_slice arguments)
{
    if (!is_verb(verb) || (verb == POPLIN_POP3_AUTH && arguments.size > 0))
        return POPLIN_MALFORMED;
    return lib_status(pop3_client_command(&client->machine, &client->out,
                                          (enum pop3_verb)(verb - 1), lib_in(arguments)));
}

enum poplin_status poplin_pop3_client_message(struct poplin_pop3_client *client,
                                              enum poplin_pop3_verb verb, uint32_t number)
{
    if (number == 0 || (verb != POPLIN_POP3_LIST && verb != POPLIN_POP3_UIDL &&
                        verb != POPLIN_POP3_RETR && verb != POPLIN_POP3_DELE))
        return POPLIN_MALFORMED;
    return lib_status(
        pop3_client_message(&client->machine, &client->out, (enum pop3_verb)(verb - 1), number));
}

enum poplin_status poplin_pop3_client_top(struct poplin_pop3_client *client, uint32_t number,
                                          uint64_t lines)
{
    if (number == 0)
        return POPLIN_MALFORMED;
    return lib_status(pop3_client_top(&client->machine, &client->out, number, lines));
}

enum poplin_status poplin_pop3_client_auth(struct poplin_pop3_client *client,
                                           struct poplin_slice mechanism,
                                           const struct poplin_slice *initial)
{
    struct slice response = initial ? lib_in(*initial) : slice_of(NULL, 0);
    return lib_status(pop3_client_auth(&client->machine, &client->out, lib_in(mechanism),
                                       initial ? &response : NULL));
}

enum poplin_status poplin_pop3_client_response(struct poplin_pop3_client *client,
                                               struct poplin_slice data)
{
    return lib_status(pop3_client_response(&client->machine, &client->out, lib_in(data)));
}

enum poplin_status poplin_pop3_client_cancel(struct poplin_pop3_client *client)
{
    return lib_status(pop3_client_cancel(&client->machine, &client->out));
}

struct poplin_slice poplin_pop3_client_output(const struct poplin_pop3_client *client)
{
    return lib_out(buf_slice(&client->out));
}

void poplin_pop3_client_sent(struct poplin_pop3_client *client, size_t octets)
{
    lib_sent(&client->out, octets);
}

static struct poplin_pop3_client_event public_event(const struct pop3_client_event *e)
{
    bool is_stat = e->type == POP3_CLIENT_REPLY && e->verb == POP3_VERB_STAT;
    bool is_error = e->type == POP3_CLIENT_PROTOCOL_ERROR;
    bool is_text = e->type == POP3_CLIENT_CONTINUE && !e->is_base64;
    return (struct poplin_pop3_client_event){
        .size = sizeof(struct poplin_pop3_client_event),
        .type = (enum poplin_pop3_client_event_type)e->type,
        .verb =
            e->verb == POP3_VERB_COUNT ? POPLIN_POP3_NONE : (enum poplin_pop3_verb)(e->verb + 1),
        .number = e->number,
        .answer = (enum poplin_pop3_answer)e->reply.answer,
        .refusal =
            e->reply.answer == POP3_ERR ? lib_status(pop3_code_status(e->reply.code)) : POPLIN_OK,
        .code = lib_out(e->reply.code_text),
        .text = lib_out(e->reply.text),
        .lines_follow = e->lines_follow,
        .fault = (enum poplin_pop3_fault)e->fault,
        .messages = e->stat.count,
        .row_number = e->row.number,
        .row_octets = e->row.size,
        .uid = lib_out(e->row.uid),
        .line = lib_out(e->line),
        .data = lib_out(is_text ? e->reply.text : e->data),
        .octets = is_stat ? e->stat.octets : e->octets,
        .wire_octets = e->wire_octets,
        .rows = e->rows,
        .defects = e->defects,
        .error_text = is_error ? pop3_client_error_text(e->error) : "",
    };
}

const struct poplin_pop3_client_event *poplin_pop3_client_feed(struct poplin_pop3_client *client,
                                                               struct poplin_slice *input)
{
    struct pop3_client_event e = {.type = POP3_CLIENT_WANT_INPUT};
    struct slice octets = lib_in(*input);
    pop3_client_feed(&client->machine, &octets, &e);
    *input = lib_out(octets);
    client->event = public_event(&e);
    return &client->event;
}

void poplin_pop3_client_tls_started(struct poplin_pop3_client *client)
{
    pop3_client_tls_started(&client->machine);
}

void poplin_pop3_client_set_row_limit(struct poplin_pop3_client *client, uint32_t rows)
{
    client->machine.row_limit = rows < LIMIT_MESSAGES ? rows : LIMIT_MESSAGES;
}

uint32_t poplin_pop3_client_capabilities(const struct poplin_pop3_client *client)
{
    const struct pop3_capabilities *c = &client->machine.capabilities;
    return c->has | (c->is_known ? (uint32_t)POPLIN_POP3_HAS_LIST : 0);
}

bool poplin_pop3_client_has_mechanism(const struct poplin_pop3_client *client,
                                      const char *mechanism)
{
    return pop3_capabilities_has_mechanism(&client->machine.capabilities, slice_str(mechanism));
}

unsigned poplin_pop3_client_in_flight(const struct poplin_pop3_client *client)
{
    return client->machine.awaited_count;
}

bool poplin_pop3_client_is_idle(const struct poplin_pop3_client *client)
{
    return pop3_client_is_idle(&client->machine);
}

bool poplin_pop3_client_is_ended(const struct poplin_pop3_client *client)
{
    return pop3_client_is_ended(&client->machine);
}
