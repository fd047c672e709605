#include "pop3/pop3_client_machine.h"

#include "codec/base64.h"

/* Commands after which the server's next octets decide how anything further is read. */
static bool is_barrier(const struct pop3_awaited *a)
{
    return a->verb == POP3_VERB_STLS || a->verb == POP3_VERB_QUIT || pop3_awaited_is_dialogue(a);
}

static void push_awaited(struct pop3_client *c, struct pop3_awaited a)
{
    *pop3_client_awaited(c, c->awaited_count) = a;
    c->awaited_count++;
    c->unanswered_octets += a.octets;
}

static enum status may_send(const struct pop3_client *c)
{
    if (c->state == POP3_CLIENT_BROKEN || c->state == POP3_CLIENT_ENDED)
        return STATUS_CLOSED;
    if (c->state == POP3_CLIENT_AT_GREETING || c->state == POP3_CLIENT_IN_HANDSHAKE)
        return STATUS_AGAIN;
    if (c->awaited_count > 0 && is_barrier(pop3_client_awaited(c, c->awaited_count - 1u)))
        return STATUS_AGAIN;
    return c->awaited_count == c->awaited_capacity ? STATUS_LIMIT : STATUS_OK;
}

static bool has_forbidden_octet(struct slice s)
{
    return slice_find(s, '\r') < s.size || slice_find(s, '\n') < s.size ||
           slice_find(s, '\0') < s.size;
}

/* The message that the arguments of a verb start with. */
static uint32_t message_number(enum pop3_verb verb, struct slice arguments)
{
    uint64_t n;
    bool has_number = verb == POP3_VERB_LIST || verb == POP3_VERB_UIDL || verb == POP3_VERB_RETR ||
                      verb == POP3_VERB_TOP || verb == POP3_VERB_DELE;
    struct slice word = slice_take(arguments, slice_find(arguments, ' '));
    return has_number && slice_parse_u64(word, &n) && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static enum status queue(struct pop3_client *c, struct buf *out, struct slice name,
                         enum pop3_verb verb, struct slice arguments)
{
    bool has_argument = arguments.size > 0;
    if (has_forbidden_octet(arguments))
        return STATUS_MALFORMED;
    enum status s = may_send(c);
    if (s)
        return s;
    size_t octets = name.size + (has_argument ? 1 + arguments.size : 0) + 2;
    if (octets > LIMIT_COMMAND_LINE + 2)
        return STATUS_TOO_LARGE;
    if (octets > buf_room(out))
        return STATUS_AGAIN;
    buf_put(out, name);
    if (has_argument) {
        buf_put_char(out, ' ');
        buf_put(out, arguments);
    }
    buf_put(out, SLICE("\r\n"));
    push_awaited(c, (struct pop3_awaited){message_number(verb, arguments), (uint16_t)octets,
                                          (uint8_t)verb, has_argument});
    return STATUS_OK;
}

enum status pop3_client_command(struct pop3_client *c, struct buf *out, enum pop3_verb verb,
                                struct slice arguments)
{
    const struct pop3_command *row = pop3_command_row(verb);
    bool has_argument = arguments.size > 0;
    if ((has_argument && row->max_arguments == 0) || (!has_argument && row->min_arguments > 0))
        return STATUS_MALFORMED;
    return queue(c, out, slice_str(row->name), verb, arguments);
}

enum status pop3_client_apop(struct pop3_client *c, struct buf *out, struct slice user,
                             struct slice digest)
{
    char line[LIMIT_COMMAND_LINE];
    struct buf text = buf_over(line, sizeof line);
    if (user.size == 0 || digest.size == 0 || slice_find(user, ' ') < user.size)
        return STATUS_MALFORMED;
    buf_put(&text, user);
    buf_put_char(&text, ' ');
    buf_put(&text, digest);
    return text.overflow ? STATUS_TOO_LARGE
                         : queue(c, out, SLICE("APOP"), POP3_VERB_PASS, buf_slice(&text));
}

enum status pop3_client_message(struct pop3_client *c, struct buf *out, enum pop3_verb verb,
                                uint32_t number)
{
    char digits[24];
    struct buf text = buf_over(digits, sizeof digits);
    buf_put_u64(&text, number);
    return pop3_client_command(c, out, verb, buf_slice(&text));
}

enum status pop3_client_top(struct pop3_client *c, struct buf *out, uint32_t number, uint64_t lines)
{
    char digits[48];
    struct buf text = buf_over(digits, sizeof digits);
    buf_put_u64(&text, number);
    buf_put_char(&text, ' ');
    buf_put_u64(&text, lines);
    return pop3_client_command(c, out, POP3_VERB_TOP, buf_slice(&text));
}

enum status pop3_client_auth(struct pop3_client *c, struct buf *out, struct slice mechanism,
                             const struct slice *initial)
{
    char line[POP3_CLIENT_INITIAL_LINE - 7]; /* what "AUTH " and CRLF leave */
    struct buf text = buf_over(line, sizeof line);
    if (mechanism.size == 0 || slice_find(mechanism, ' ') < mechanism.size)
        return STATUS_MALFORMED;
    buf_put(&text, mechanism);
    if (initial) {
        buf_put_char(&text, ' ');
        if (initial->size == 0)
            buf_put_char(&text, '=');
        else
            base64_encode(&text, *initial);
    }
    enum status s = text.overflow ? STATUS_TOO_LARGE
                                  : pop3_client_command(c, out, POP3_VERB_AUTH, buf_slice(&text));
    explicit_bzero(line, sizeof line);
    return s;
}

static enum status may_respond(struct pop3_client *c, const struct buf *out, size_t size)
{
    if (!c->our_turn)
        return STATUS_CLOSED;
    if (buf_room(out) < size)
        return STATUS_AGAIN;
    c->our_turn = false;
    return STATUS_OK;
}

enum status pop3_client_response(struct pop3_client *c, struct buf *out, struct slice data)
{
    if (data.size > LIMIT_SASL_DATA)
        return STATUS_TOO_LARGE;
    enum status s = may_respond(c, out, BASE64_ENCODED(data.size) + 2);
    if (s)
        return s;
    base64_encode(out, data);
    buf_put(out, SLICE("\r\n"));
    return STATUS_OK;
}

enum status pop3_client_cancel(struct pop3_client *c, struct buf *out)
{
    enum status s = may_respond(c, out, 3);
    if (!s)
        buf_put(out, SLICE("*\r\n"));
    return s;
}
