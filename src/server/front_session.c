#include "log/log.h"
#include "server/front.h"

#include <unistd.h>

void session_log(struct log_line *l, struct connection *c, enum log_level level, const char *event)
{
    char host[NET_ADDRESS_TEXT];
    net_print_host(connection_remote(c), host);
    log_begin(l, level, event);
    log_str(l, "rip", host);
}

static void log_logout(struct connection *c)
{
    struct log_line l;
    session_log(&l, c, LOG_LEVEL_INFO, "logout");
    log_str(&l, "reason", c->reason ? c->reason : "disconnected");
    log_u64(&l, "retr", c->retr);
    log_u64(&l, "retr_octets", c->retr_octets);
    log_u64(&l, "top", c->top);
    log_u64(&l, "dele", c->dele);
    log_u64(&l, "dele_octets", c->dele_octets);
    log_ms(&l, "seconds", event_now(c->front->child.loop) - c->since);
    log_quoted(&l, "user", slice_str(c->user));
    log_end(&l);
}

/* u64 session and nothing else, or with one number. */
static struct slice session_payload(struct connection *c, struct buf *b)
{
    ipc_put_u64(b, c->id);
    return buf_slice(b);
}

void session_tell(struct connection *c, struct peer *p, enum ipc_type type)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    (void)!peer_send(p, type, session_payload(c, &b));
}

struct peer *session_store(struct connection *c)
{
    return &c->front->stores[c->store];
}

void session_over(struct connection *c)
{
    login_cancel(c);
    if (!c->logged_in)
        return;
    c->logged_in = false;
    session_tell(c, session_store(c), IPC_CLOSE);
    session_tell(c, &c->front->auth, IPC_ENDED);
    log_logout(c);
}

/* ---- messages ---- */

static bool ask(struct connection *c, uint32_t message)
{
    char memory[12];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, c->id);
    ipc_put_u32(&b, message);
    if (peer_send(session_store(c), IPC_GET, buf_slice(&b)) != STATUS_OK)
        return false;
    c->ahead.state = AHEAD_ASKED;
    c->ahead.message = message;
    return true;
}

/* A client that reads in order gets the next one without waiting. */
static void ask_ahead(struct connection *c, uint32_t message)
{
    struct front *f = c->front;
    bool in_order = message == c->last_retr + 1; /* UINT32_MAX + 1 is 0 */
    c->last_retr = message;
    if (in_order && c->ahead.state == AHEAD_NONE && message + 1 < c->row_count &&
        f->connection_count < f->connection_limit / 2 &&
        !pop3_server_is_marked(&c->machine, message + 1))
        ask(c, message + 1);
}

static void start_body(struct connection *c)
{
    struct ahead here = c->ahead;
    c->ahead = (struct ahead){AHEAD_NONE, 0, STATUS_OK, NULL};
    c->stage = STAGE_TALK;
    if (here.status != STATUS_OK) {
        pop3_server_body_refused(&c->machine, &c->front->out, here.status);
        return;
    }
    c->body = here.body;
    c->stage = STAGE_BODY;
    body_begin(c->body, c->wants_top, c->wanted_lines);
    pop3_server_body(&c->machine, &c->front->out, c->body->octets);
    if (!c->wants_top)
        ask_ahead(c, c->wanted);
}

/* True: the body is under way or refused; false: the store was asked, or will be when its answer
 * to an earlier question is here. */
static bool want_message(struct connection *c)
{
    if (c->ahead.state == AHEAD_HERE && c->ahead.message == c->wanted) {
        start_body(c);
        return true;
    }
    if (c->ahead.state == AHEAD_HERE) {
        body_free(c->ahead.body);
        c->ahead = (struct ahead){AHEAD_NONE, 0, STATUS_OK, NULL};
    }
    c->stage = STAGE_BLOB;
    if (c->ahead.state == AHEAD_ASKED || ask(c, c->wanted))
        return false;
    c->stage = STAGE_TALK;
    pop3_server_body_refused(&c->machine, &c->front->out, STATUS_TEMPORARY);
    return true;
}

static enum session_step retrieve(struct connection *c, const struct pop3_server_event *e)
{
    c->wanted = e->message;
    c->wants_top = e->type == POP3_SERVER_TOP;
    c->wanted_lines = e->lines;
    return want_message(c) ? SESSION_AGAIN : SESSION_WAIT;
}

static void log_lie(struct connection *c, uint64_t announced, uint64_t sent)
{
    struct log_line l;
    session_log(&l, c, LOG_LEVEL_WARNING, "size-mismatch");
    log_u64(&l, "announced", announced);
    log_u64(&l, "sent", sent);
    log_slice(&l, "uidl", session_uidl(c, c->wanted));
    log_quoted(&l, "user", slice_str(c->user));
    log_end(&l);
}

static void check_size(struct connection *c, uint64_t sent)
{
    if (sent == c->body->octets)
        return;
    char memory[12];
    struct buf b = buf_over(memory, sizeof memory);
    log_lie(c, c->body->octets, sent);
    ipc_put_u64(&b, c->id);
    ipc_put_u32(&b, c->wanted);
    (void)!peer_send(session_store(c), IPC_LIED, buf_slice(&b));
}

void session_body_broken(struct connection *c)
{
    struct log_line l;
    session_log(&l, c, LOG_LEVEL_ERROR, "broken-message");
    log_u64(&l, "announced", c->body->octets);
    log_slice(&l, "uidl", session_uidl(c, c->wanted));
    log_quoted(&l, "user", slice_str(c->user));
    log_end(&l);
}

void session_body_sent(struct connection *c)
{
    struct body *b = c->body;
    uint64_t sent = b->needs == 0 && !b->is_top ? b->sent : b->stuffer.octets;
    if (b->is_top) {
        c->top++;
        c->top_octets += sent;
    } else {
        c->retr++;
        c->retr_octets += sent;
        check_size(c, sent);
    }
    body_free(b);
    c->body = NULL;
    c->stage = STAGE_TALK;
    pop3_server_body_done(&c->machine);
    connection_touch(c);
}

static bool on_blob(struct front *f, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    struct connection *c = connection_find(f, ipc_get_u64(&r));
    uint32_t message = ipc_get_u32(&r);
    enum status status = (enum status)ipc_get_u8(&r);
    bool expected = !r.bad && c && c->ahead.state == AHEAD_ASKED && c->ahead.message == message;
    struct body *body = NULL;
    if (expected && status == STATUS_OK && !m->lost_descriptor)
        body = body_new(m, &r);
    if (!body && m->descriptor >= 0)
        close(m->descriptor);
    if (!expected)
        return !r.bad;
    c->ahead.state = AHEAD_HERE;
    c->ahead.body = body;
    c->ahead.status = status == STATUS_OK && !body ? STATUS_NO_MEMORY : status;
    if (c->stage == STAGE_BLOB && want_message(c))
        connection_resume(c);
    return true;
}

/* ---- the end ---- */

static void send_marks(struct connection *c)
{
    size_t words = ((size_t)c->row_count + 63) / 64;
    enum { WORDS_A_TIME = IPC_INLINE_MAX / 8 };
    for (size_t first = 0; first < words; first += WORDS_A_TIME) {
        size_t n = words - first < WORDS_A_TIME ? words - first : WORDS_A_TIME;
        char memory[12];
        struct buf b = buf_over(memory, sizeof memory);
        ipc_put_u64(&b, c->id);
        ipc_put_u32(&b, (uint32_t)first);
        (void)!peer_send_with(session_store(c), IPC_MARK, buf_slice(&b),
                              slice_of(c->marks + first, n * 8), -1);
    }
}

/* The lock is given back before the client hears +OK, so that it may come again at once. */
static void answer_update(struct connection *c, uint32_t removed, uint32_t failed)
{
    c->dele = removed;
    c->dele_octets = failed == 0 ? c->machine.marked_octets : 0;
    c->stage = STAGE_TALK;
    c->reason = pop3_end_name(failed ? POP3_END_NOT_REMOVED : POP3_END_UPDATED);
    session_over(c);
    pop3_server_updated(&c->machine, &c->front->out, removed, failed);
}

static enum session_step update(struct connection *c)
{
    if (c->machine.marked_count == 0) {
        answer_update(c, 0, 0);
        return SESSION_AGAIN;
    }
    send_marks(c);
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    if (peer_send(session_store(c), IPC_REMOVE, session_payload(c, &b)) != STATUS_OK) {
        answer_update(c, 0, c->machine.marked_count);
        return SESSION_AGAIN;
    }
    c->stage = STAGE_UPDATE;
    return SESSION_WAIT;
}

static bool on_removed(struct front *f, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    struct connection *c = connection_find(f, ipc_get_u64(&r));
    uint32_t removed = ipc_get_u32(&r), failed = ipc_get_u32(&r);
    if (!ipc_is_whole(&r))
        return false;
    if (!c || c->stage != STAGE_UPDATE)
        return true;
    /* Marks that were lost on the way for want of memory were not removed either. */
    uint32_t marked = c->machine.marked_count;
    if (removed < marked && failed < marked - removed)
        failed = marked - removed;
    answer_update(c, removed, failed);
    connection_resume(c);
    return true;
}

/* S02: another session of the same user wants the drop. */
static bool on_yield(struct front *f, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    struct connection *c = connection_find(f, ipc_get_u64(&r));
    uint64_t ms = ipc_get_u64(&r);
    if (!ipc_is_whole(&r))
        return false;
    if (c && c->logged_in && c->stage != STAGE_UPDATE && event_now(f->child.loop) - c->active >= ms)
        connection_end(c, "takeover", c->stage == STAGE_BODY);
    return true;
}

bool session_store_message(struct front *f, uint32_t store, const struct ipc_message *m)
{
    switch (m->type) {
    case IPC_OPENED:
        return login_opened(f, store, m);
    case IPC_LISTING:
        return login_listing(f, m);
    case IPC_REFUSED:
        return login_refused(f, m, true);
    case IPC_BLOB:
        return on_blob(f, m);
    case IPC_REMOVED:
        return on_removed(f, m);
    case IPC_YIELD:
        return on_yield(f, m);
    default:
        return false;
    }
}

static void log_end_before_login(struct connection *c, enum pop3_end end)
{
    struct log_line l;
    if (c->logged_in || end == POP3_END_QUIT || end == POP3_END_UPDATED ||
        end == POP3_END_NOT_REMOVED)
        return;
    session_log(&l, c, LOG_LEVEL_WARNING,
                end == POP3_END_STLS_INJECTION ? "stls-injection" : "disconnect");
    log_str(&l, "reason", pop3_end_name(end));
    log_end(&l);
}

enum session_step session_serve(struct connection *c, const struct pop3_server_event *e)
{
    switch (e->type) {
    case POP3_SERVER_WANT_INPUT:
    case POP3_SERVER_FLUSH:
        return SESSION_AGAIN;
    case POP3_SERVER_GROW:
    case POP3_SERVER_PASS:
    case POP3_SERVER_AUTH:
    case POP3_SERVER_AUTH_DATA:
    case POP3_SERVER_AUTH_CANCEL:
    case POP3_SERVER_CLEARTEXT:
    case POP3_SERVER_STLS:
        return login_serve(c, e);
    case POP3_SERVER_RETR:
    case POP3_SERVER_TOP:
        return retrieve(c, e);
    case POP3_SERVER_UPDATE:
        return update(c);
    case POP3_SERVER_CLOSE:
        break;
    }
    log_end_before_login(c, c->machine.end);
    if (!c->reason)
        c->reason = pop3_end_name(c->machine.end);
    return SESSION_END;
}

void session_store_gone(struct front *f, uint32_t store)
{
    for (size_t i = 0; i < f->connections_size; i++) {
        struct connection *c = f->connections[i];
        if (!c || c->store != store || !c->logged_in)
            continue;
        if (c->stage == STAGE_UPDATE) {
            answer_update(c, 0, c->machine.marked_count);
            connection_resume(c);
        } else {
            c->reason = "store-gone";
            if (connection_is_idle(c, 0))
                connection_shut_idle(c);
            else
                connection_end(c, "store-gone", c->stage == STAGE_BODY);
        }
    }
}
