/* The server's machine and the client's, joined without a socket. A store in memory holds messages
 * with every kind of dot and line end; the client asks for what chance says, many commands in
 * flight; the octets between them are handed over in pieces of chance. Each answer is held against
 * a model of the maildrop and every octet of every message against what RFC 1939 makes of the
 * stored one, worked out here the slow way.
 *
 * POPLIN_SEED=n runs one seed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/wire.h"
#include "pop3/pop3_client.h"
#include "pop3/pop3_server.h"

enum { SEEDS = 400, MESSAGES = 12, STORED = 3000, WIRE = 3 * STORED + 16, RING = 8, STEPS = 60 };

static unsigned seed;

#define check(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("POPLIN_SEED=%u: %s", seed, #condition);                                      \
    } while (0)

static uint32_t chance(uint32_t below)
{
    return (uint32_t)rand() % below;
}

/* The store */

struct message {
    char stored[STORED];
    size_t stored_size;
    char wire[WIRE]; /* what the client must get: CRLF ends, nothing stuffed */
    size_t wire_size;
    char uidl[16];
    bool is_removed;
};

struct store {
    struct message messages[MESSAGES];
    uint32_t count;
};

/* RFC 1939 11 and S40 to S42, one octet at a time. */
static void make_wire(struct message *m)
{
    m->wire_size = 0;
    for (size_t i = 0; i < m->stored_size; i++) {
        if (m->stored[i] == '\n' && (i == 0 || m->stored[i - 1] != '\r'))
            m->wire[m->wire_size++] = '\r';
        m->wire[m->wire_size++] = m->stored[i];
    }
    if (m->wire_size < 2 || memcmp(m->wire + m->wire_size - 2, "\r\n", 2) != 0) {
        memcpy(m->wire + m->wire_size, "\r\n", 2);
        m->wire_size += 2;
    }
}

static void make_message(struct message *m, uint32_t i)
{
    static const char *const pieces[] = {"\r\n", "\n",       ".",         "..",     "\n.\n",
                                         "\r",   ".\r\n",    "\r\n.\r\n", "text",   "\r.\r",
                                         "\n\n", "\r\n\r\n", "+OK\r\n",   "-ERR\n", "A: b\r\n"};
    struct buf stored = buf_over(m->stored, chance(6) ? chance(200) : STORED);
    while (!stored.overflow && chance(500)) {
        if (chance(12) == 0)
            buf_put(&stored, slice_of("\0\xff", 2));
        buf_put_str(&stored, pieces[chance(sizeof pieces / sizeof *pieces)]);
        for (uint32_t n = chance(8) ? 0 : chance(150); n > 0; n--)
            buf_put_char(&stored, 'x');
    }
    m->stored_size = stored.size;
    m->is_removed = false;
    struct buf uidl = buf_over(m->uidl, sizeof m->uidl);
    buf_printf(&uidl, "uid-%u-%u", seed, i);
    make_wire(m);
}

static uint64_t message_size(const void *store, uint32_t i)
{
    return ((const struct store *)store)->messages[i].wire_size;
}

static struct slice message_uidl(const void *store, uint32_t i)
{
    return slice_str(((const struct store *)store)->messages[i].uidl);
}

static struct pop3_listing list_store(const struct store *store)
{
    struct pop3_listing listing = {store, store->count, 0, message_size, message_uidl};
    for (uint32_t i = 0; i < store->count; i++)
        listing.octets += store->messages[i].wire_size;
    return listing;
}

/* What TOP shows: the header, the empty line, so many lines more. */
static size_t top_size(struct slice wire, uint64_t lines)
{
    bool in_body = false;
    for (size_t at = 0; at < wire.size;) {
        size_t line = slice_find(slice_skip(wire, at), '\n') + 1;
        if (in_body && lines-- == 0)
            return at;
        in_body = in_body || (line == 2 && wire.data[at] == '\r');
        at += line;
    }
    return wire.size;
}

/* Both machines, and what lies between them */

struct world {
    struct store store;
    struct pop3_server server;
    struct pop3_server_options options;
    char server_line[POP3_SERVER_LINE_MAX];
    uint64_t marks[1];
    char to_client_memory[4096];
    struct buf to_client;
    bool is_sending;
    struct slice unsent; /* of the message being sent, as stored */
    struct wire_stuffer stuffer;

    struct pop3_client client;
    char client_line[POP3_CLIENT_LINE_MAX];
    struct pop3_awaited ring[RING];
    char to_server_memory[1024];
    struct buf to_server;
    uint32_t steps_left;
    uint32_t step;

    bool model_marks[MESSAGES];
    uint64_t top_lines[STEPS]; /* by the message of the TOPs in flight, in order */
    uint32_t tops_sent, tops_read;
    char body[WIRE];
    struct buf got; /* of the message being received */
    uint32_t rows;
};

static void start_world(struct world *w)
{
    *w = (struct world){0};
    w->store.count = chance(MESSAGES + 1);
    for (uint32_t i = 0; i < w->store.count; i++)
        make_message(&w->store.messages[i], i);
    w->options = (struct pop3_server_options){.greeting = "ready",
                                              .implementation = "Poplin",
                                              .mechanisms = "PLAIN LOGIN",
                                              .expire_days = -1,
                                              .login_delay = -1};
    w->to_client = buf_over(w->to_client_memory, POP3_SERVER_OUT_MIN + chance(3000));
    w->to_server = buf_over(w->to_server_memory, sizeof w->to_server_memory);
    w->got = buf_over(w->body, sizeof w->body);
    w->steps_left = 5 + chance(STEPS - 5);
    pop3_server_init(&w->server, &w->options, w->server_line, sizeof w->server_line, &w->to_client,
                     false, true, true);
    pop3_client_init(&w->client, w->client_line, sizeof w->client_line, w->ring, RING);
}

/* The server's shell */

static void open_store(struct world *w)
{
    struct pop3_listing listing = list_store(&w->store);
    pop3_server_opened(&w->server, &w->to_client, &listing, w->marks);
}

static void begin_message(struct world *w, const struct pop3_server_event *event)
{
    const struct message *m = &w->store.messages[event->message];
    struct slice wire = slice_of(m->wire, m->wire_size);
    pop3_server_body(&w->server, &w->to_client, m->wire_size);
    w->unsent = slice_of(m->stored, m->stored_size);
    if (event->type == POP3_SERVER_TOP)
        w->unsent = slice_take(wire, top_size(wire, event->lines));
    w->is_sending = true;
    wire_stuffer_init(&w->stuffer);
}

static void send_message(struct world *w)
{
    struct buf *out = &w->to_client;
    struct slice piece = slice_take(w->unsent, chance((uint32_t)w->unsent.size + 1));
    w->unsent = slice_skip(w->unsent, piece.size);
    struct slice left = piece;
    if (buf_room(out) >= WIRE_EXPANSION)
        out->size += wire_stuff(&w->stuffer, &left, out->data + out->size, buf_room(out));
    w->unsent = slice_of(left.data, left.size + w->unsent.size);
    if (w->unsent.size == 0 && buf_room(out) >= WIRE_END_MAX) {
        out->size += wire_stuff_end(&w->stuffer, out->data + out->size);
        w->is_sending = false;
        pop3_server_body_done(&w->server);
    }
}

static void remove_marked(struct world *w)
{
    uint32_t removed = 0;
    for (uint32_t i = 0; i < w->store.count; i++) {
        w->store.messages[i].is_removed = pop3_server_is_marked(&w->server, i);
        removed += w->store.messages[i].is_removed;
    }
    pop3_server_updated(&w->server, &w->to_client, removed, 0);
}

static void answer_client(struct world *w, const struct pop3_server_event *event)
{
    switch (event->type) {
    case POP3_SERVER_PASS:
        check(slice_equal(event->user, SLICE("ann")));
        check(slice_equal(event->data, SLICE(" a pass ")));
        open_store(w);
        break;
    case POP3_SERVER_AUTH:
        if (!event->has_initial) {
            pop3_server_challenge(&w->server, &w->to_client, SLICE("Username:"));
            break;
        }
        [[fallthrough]];
    case POP3_SERVER_AUTH_DATA:
        check(slice_equal(event->data, SLICE("\0ann\0word")));
        open_store(w);
        break;
    case POP3_SERVER_RETR:
    case POP3_SERVER_TOP:
        begin_message(w, event);
        break;
    case POP3_SERVER_UPDATE:
        remove_marked(w);
        break;
    case POP3_SERVER_STLS: /* waits until the client is ready too */
    case POP3_SERVER_WANT_INPUT:
    case POP3_SERVER_FLUSH:
    case POP3_SERVER_CLOSE:
        break;
    default:
        fail_msg("POPLIN_SEED=%u: server event %d", seed, event->type);
    }
}

static void turn_server(struct world *w)
{
    if (w->is_sending) {
        send_message(w);
        return;
    }
    if (buf_room(&w->to_client) < LIMIT_REPLY_LINE || w->server.phase == POP3_ENDED)
        return;
    struct pop3_server_event event;
    struct slice piece =
        slice_take(buf_slice(&w->to_server), chance((uint32_t)w->to_server.size + 1));
    struct slice input = piece;
    pop3_server_feed(&w->server, &input, &w->to_client, &event);
    answer_client(w, &event);
    buf_consume(&w->to_server, piece.size - input.size);
    check(!w->to_client.overflow);
}

/* The client's shell */

static enum status say(struct world *w, enum pop3_verb verb, const char *arguments)
{
    return pop3_client_command(&w->client, &w->to_server, verb, slice_str(arguments));
}

static enum status say_login(struct world *w, uint32_t step)
{
    static const char plain[] = "\0ann\0word";
    struct slice initial = slice_of(plain, sizeof plain - 1);
    switch (seed % 3) {
    case 0:
        return step == 2 ? say(w, POP3_VERB_USER, "ann") : say(w, POP3_VERB_PASS, " a pass ");
    case 1:
        return step == 2 ? say(w, POP3_VERB_AUTH, "")
                         : pop3_client_auth(&w->client, &w->to_server, SLICE("PLAIN"), &initial);
    default:
        return step == 2 ? say(w, POP3_VERB_CAPA, "")
                         : pop3_client_auth(&w->client, &w->to_server, SLICE("LOGIN"), NULL);
    }
}

static enum status say_anything(struct world *w)
{
    static const enum pop3_verb verbs[] = {POP3_VERB_RETR, POP3_VERB_RETR, POP3_VERB_RETR,
                                           POP3_VERB_LIST, POP3_VERB_UIDL, POP3_VERB_DELE};
    uint32_t number = chance(w->store.count + 2);
    struct buf *out = &w->to_server;
    uint64_t lines = chance(4) ? chance(9) : UINT64_MAX - 1;
    enum status s;
    switch (chance(14)) {
    case 0:
        return say(w, POP3_VERB_STAT, "");
    case 1:
        return say(w, POP3_VERB_LIST, "");
    case 2:
        return say(w, POP3_VERB_UIDL, "");
    case 3:
        return chance(3) ? say(w, POP3_VERB_NOOP, "") : say(w, POP3_VERB_RSET, "");
    case 4:
    case 5:
        s = pop3_client_top(&w->client, out, number, lines);
        if (!s)
            w->top_lines[w->tops_sent++ % STEPS] = lines;
        return s;
    default:
        return pop3_client_message(&w->client, out, verbs[chance(6)], number);
    }
}

/* Queues the next command; false: it must wait. */
static bool say_next(struct world *w)
{
    enum status s;
    if (w->step == 0)
        s = say(w, POP3_VERB_CAPA, "");
    else if (w->step == 1)
        s = seed % 2 ? say(w, POP3_VERB_STLS, "") : say(w, POP3_VERB_CAPA, "");
    else if (w->step < 4)
        s = say_login(w, w->step);
    else
        s = w->step < w->steps_left ? say_anything(w) : say(w, POP3_VERB_QUIT, "");
    w->step += s == STATUS_OK;
    return s == STATUS_OK;
}

static bool is_there(const struct world *w, uint32_t number)
{
    return number > 0 && number <= w->store.count && !w->model_marks[number - 1];
}

static struct pop3_stat model_stat(const struct world *w)
{
    struct pop3_stat stat = {0};
    for (uint32_t i = 0; i < w->store.count; i++) {
        if (!w->model_marks[i]) {
            stat.count++;
            stat.octets += w->store.messages[i].wire_size;
        }
    }
    return stat;
}

static void check_row(const struct world *w, const struct pop3_client_event *event)
{
    const struct pop3_row *row = &event->row;
    check(event->fault == POP3_FAULT_NONE && row->quirks == 0 && is_there(w, row->number));
    const struct message *m = &w->store.messages[row->number - 1];
    if (event->verb == POP3_VERB_LIST)
        check(row->size == m->wire_size);
    else
        check(slice_equal(row->uid, slice_str(m->uidl)));
}

static void read_reply(struct world *w, const struct pop3_client_event *event)
{
    bool is_ok = event->reply.answer == POP3_OK;
    bool has_number = event->number > 0 || event->has_argument;
    check(event->reply.is_exact && !event->reply.was_cut);
    if (event->verb >= POP3_VERB_LIST && event->verb <= POP3_VERB_DELE && has_number)
        check(is_ok == is_there(w, event->number));
    else
        check(is_ok);
    if (event->verb == POP3_VERB_STAT) {
        struct pop3_stat want = model_stat(w);
        check(event->stat.count == want.count && event->stat.octets == want.octets);
    }
    if (is_ok && !event->lines_follow && has_number &&
        (event->verb == POP3_VERB_LIST || event->verb == POP3_VERB_UIDL))
        check_row(w, event);
    if (is_ok && event->verb == POP3_VERB_DELE)
        w->model_marks[event->number - 1] = true;
    if (event->verb == POP3_VERB_RSET)
        memset(w->model_marks, 0, sizeof w->model_marks);
    if (event->verb == POP3_VERB_TOP && !is_ok)
        w->tops_read++;
    buf_clear(&w->got);
    w->rows = 0;
}

static void end_reply(struct world *w, const struct pop3_client_event *event)
{
    if (event->verb == POP3_VERB_LIST || event->verb == POP3_VERB_UIDL)
        check(event->rows == w->rows && w->rows == model_stat(w).count);
    if (event->verb != POP3_VERB_RETR && event->verb != POP3_VERB_TOP)
        return;
    const struct message *m = &w->store.messages[event->number - 1];
    struct slice want = slice_of(m->wire, m->wire_size);
    if (event->verb == POP3_VERB_TOP)
        want = slice_take(want, top_size(want, w->top_lines[w->tops_read++ % STEPS]));
    check(slice_equal(buf_slice(&w->got), want));
    check(event->octets == want.size && event->wire_octets == want.size && event->defects == 0);
}

static void answer_server(struct world *w, const struct pop3_client_event *event)
{
    switch (event->type) {
    case POP3_CLIENT_REPLY:
        read_reply(w, event);
        break;
    case POP3_CLIENT_ROW:
        w->rows++;
        if (event->verb == POP3_VERB_LIST || event->verb == POP3_VERB_UIDL)
            check_row(w, event);
        break;
    case POP3_CLIENT_DATA:
        check(buf_put(&w->got, event->data));
        break;
    case POP3_CLIENT_END:
        end_reply(w, event);
        break;
    case POP3_CLIENT_CONTINUE:
        check(event->is_base64 && slice_equal(event->data, SLICE("Username:")));
        check(pop3_client_response(&w->client, &w->to_server, SLICE("\0ann\0word")) == STATUS_OK);
        break;
    case POP3_CLIENT_STLS_READY:
        pop3_server_tls_started(&w->server);
        pop3_client_tls_started(&w->client);
        break;
    case POP3_CLIENT_GREETING:
    case POP3_CLIENT_WANT_INPUT:
        break;
    case POP3_CLIENT_PROTOCOL_ERROR:
        fail_msg("POPLIN_SEED=%u: %s", seed, pop3_client_error_text(event->error));
    }
}

static void turn_client(struct world *w)
{
    struct pop3_client_event event;
    while (chance(3) && say_next(w))
        ;
    struct slice piece =
        slice_take(buf_slice(&w->to_client), chance((uint32_t)w->to_client.size + 1));
    struct slice input = piece;
    do {
        pop3_client_feed(&w->client, &input, &event);
        answer_server(w, &event);
    } while (event.type != POP3_CLIENT_WANT_INPUT);
    check(input.size == 0);
    buf_consume(&w->to_client, piece.size);
}

static void run_seed(unsigned n)
{
    static struct world w;
    seed = n;
    srand(seed);
    start_world(&w);
    for (int turns = 0; !pop3_client_is_ended(&w.client); turns++) {
        check(turns < 200000);
        if (chance(2))
            turn_server(&w);
        else
            turn_client(&w);
    }
    check(pop3_client_is_idle(&w.client) && w.client.awaited_count == 0);
    check(w.server.end == POP3_END_UPDATED);
    check(w.tops_read == w.tops_sent);
    for (uint32_t i = 0; i < w.store.count; i++)
        check(w.store.messages[i].is_removed == w.model_marks[i]);
}

static void both_machines_agree_on_every_octet(void **state)
{
    const char *one = getenv("POPLIN_SEED");
    (void)state;
    if (one) {
        run_seed((unsigned)strtoul(one, NULL, 10));
        return;
    }
    for (unsigned n = 1; n <= SEEDS; n++)
        run_seed(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_machines_agree_on_every_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
