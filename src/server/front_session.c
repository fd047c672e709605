#include "log/log.h"
#include "server/front.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void log_remote(struct log_line *l, struct connection *c, enum log_level level,
                       const char *event)
{
    char host[NET_ADDRESS_TEXT];
    net_print_host(connection_remote(c), host);
    log_begin(l, level, event);
    log_str(l, "rip", host);
}

static void log_login(struct connection *c)
{
    struct log_line l;
    log_remote(&l, c, LOG_LEVEL_INFO, "login");
    log_str(&l, "tls", c->tls ? tls_version(c->tls) : "no");
    log_u64(&l, "messages", c->row_count);
    log_u64(&l, "octets", c->machine.listing.octets);
    log_quoted(&l, "user", slice_str(c->user));
    log_end(&l);
}

static void log_logout(struct connection *c)
{
    struct log_line l;
    log_remote(&l, c, LOG_LEVEL_INFO, "logout");
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

static void tell(struct connection *c, struct peer *p, enum ipc_type type)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    (void)!peer_send(p, type, session_payload(c, &b));
}

static struct peer *store_of(struct connection *c)
{
    return &c->front->stores[c->store];
}

void session_over(struct connection *c)
{
    if (c->asked_auth)
        tell(c, &c->front->auth, IPC_CANCEL);
    c->asked_auth = false;
    if (!c->logged_in)
        return;
    c->logged_in = false;
    tell(c, store_of(c), IPC_CLOSE);
    tell(c, &c->front->auth, IPC_ENDED);
    log_logout(c);
}

/* ---- logging in ---- */

static bool send_begin(struct connection *c, struct slice mechanism, bool has_initial,
                       struct slice first, struct slice second)
{
    struct front *f = c->front;
    struct buf b = buf_over(f->chunk, FRONT_CHUNK);
    bool is_pair = second.data != NULL;
    connection_renew_id(c);
    ipc_put_u64(&b, c->id);
    ipc_put_address(&b, connection_remote(c));
    ipc_put_u8(&b, c->tls != NULL);
    ipc_put_str(&b, mechanism);
    ipc_put_u8(&b, has_initial);
    ipc_put_u32(&b, (uint32_t)(first.size + (is_pair ? 1 + second.size : 0)));
    buf_put(&b, first);
    if (is_pair) {
        buf_put_char(&b, '\0');
        buf_put(&b, second);
    }
    enum status s = peer_send(&f->auth, IPC_BEGIN, buf_slice(&b));
    explicit_bzero(b.data, b.size);
    return s == STATUS_OK;
}

/* Waits for auth, or refuses when it cannot be asked. */
static enum session_step await_auth(struct connection *c, bool asked)
{
    if (!asked) {
        pop3_server_refused(&c->machine, &c->front->out, STATUS_TEMPORARY);
        c->stage = STAGE_TALK;
        c->asked_auth = false;
        return SESSION_AGAIN;
    }
    c->stage = STAGE_AUTH;
    c->asked_auth = true;
    connection_set_deadline(c, c->front->child.config->limits.idle);
    return SESSION_WAIT;
}

static enum session_step respond(struct connection *c, struct slice data)
{
    struct buf b = buf_over(c->front->chunk, FRONT_CHUNK);
    ipc_put_u64(&b, c->id);
    ipc_put_str(&b, data);
    enum status s = peer_send(&c->front->auth, IPC_RESPONSE, buf_slice(&b));
    explicit_bzero(b.data, b.size);
    return await_auth(c, s == STATUS_OK);
}

static void log_cleartext(struct connection *c, struct slice user)
{
    struct log_line l;
    log_remote(&l, c, LOG_LEVEL_WARNING, "auth-fail");
    log_str(&l, "reason", "cleartext");
    log_quoted(&l, "user", user);
    log_end(&l);
}

static void grow_line(struct connection *c)
{
    char *line = malloc(POP3_SERVER_LINE_MAX);
    if (!line) {
        pop3_server_no_line(&c->machine);
        return;
    }
    pop3_server_set_line(&c->machine, line, POP3_SERVER_LINE_MAX);
    explicit_bzero(c->line, c->line_capacity);
    free(c->line);
    c->line = line;
    c->line_capacity = POP3_SERVER_LINE_MAX;
}

/* An AUTH dialogue's long line is over: an idle session keeps a short one. */
static void shrink_line(struct connection *c)
{
    if (c->line_capacity <= POP3_SERVER_LINE_MIN || !pop3_server_line_is_empty(&c->machine))
        return;
    char *line = malloc(POP3_SERVER_LINE_MIN);
    if (!line)
        return;
    pop3_server_set_line(&c->machine, line, POP3_SERVER_LINE_MIN);
    explicit_bzero(c->line, c->line_capacity);
    free(c->line);
    c->line = line;
    c->line_capacity = POP3_SERVER_LINE_MIN;
}

static enum session_step start_tls(struct connection *c)
{
    struct front *f = c->front;
    size_t sent = 0;
    /* The +OK goes in clear, and nothing else may stand before the handshake. */
    bool clear = !c->pending && connection_write(c, buf_slice(&f->out), &sent) &&
                 sent == f->out.size;
    buf_clear(&f->out);
    if (!clear) {
        c->reason = "disconnected";
        c->broken = true;
        return SESSION_END;
    }
    if (tls_connection_new(f->tls, connection_socket(c), &c->tls) != STATUS_OK) {
        c->reason = "no-memory";
        return SESSION_END;
    }
    c->stage = STAGE_HANDSHAKE;
    connection_set_deadline(c, f->child.config->limits.handshake);
    return SESSION_WAIT;
}

static uint64_t row_octets(const void *context, uint32_t i)
{
    return ((const struct connection *)context)->rows[i].octets;
}

static struct slice row_uidl(const void *context, uint32_t i)
{
    const struct store_row *row = &((const struct connection *)context)->rows[i];
    return slice_of(row->uidl, row->uidl_size);
}

/* A large listing is a sealed memfd: mapped, shared with every other session of the drop. */
static bool map_rows(struct connection *c, int descriptor, uint32_t count)
{
    struct stat st;
    size_t size = (size_t)count * sizeof(struct store_row);
    int seals = fcntl(descriptor, F_GET_SEALS);
    if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK)) != (F_SEAL_WRITE | F_SEAL_SHRINK))
        return false;
    if (fstat(descriptor, &st) < 0 || (uint64_t)st.st_size != size || size == 0)
        return false;
    void *rows = mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (rows == MAP_FAILED)
        return false;
    c->rows = rows;
    c->rows_are_mapped = true;
    return true;
}

static bool copy_rows(struct connection *c, struct slice rows, uint32_t count)
{
    if (rows.size != (size_t)count * sizeof(struct store_row))
        return false;
    struct store_row *copy = malloc(rows.size ? rows.size : 1);
    if (!copy)
        return false;
    if (rows.size > 0)
        memcpy(copy, rows.data, rows.size);
    c->rows = copy;
    return true;
}

static bool take_box(struct connection *c, uint32_t count, struct slice user, struct slice rows,
                     int descriptor)
{
    c->marks = calloc(1, pop3_server_marks_size(count) + 8);
    c->user = strndup(user.data, user.size);
    if (!c->marks || !c->user)
        return false;
    if (descriptor >= 0 ? !map_rows(c, descriptor, count) : !copy_rows(c, rows, count))
        return false;
    c->row_count = count;
    return true;
}

static void not_taken(struct connection *c)
{
    tell(c, store_of(c), IPC_CLOSE);
    tell(c, &c->front->auth, IPC_ENDED);
    free(c->marks);
    free(c->user);
    c->marks = NULL;
    c->user = NULL;
    pop3_server_refused(&c->machine, &c->front->out, STATUS_NO_MEMORY);
}

static void opened(struct connection *c, uint64_t octets)
{
    struct pop3_listing listing = {c, c->row_count, octets, row_octets, row_uidl};
    c->logged_in = true;
    guests_leave(c->front->guests, &c->guest);
    pop3_server_opened(&c->machine, &c->front->out, &listing, c->marks);
    shrink_line(c);
    log_login(c);
    connection_touch(c);
}

static bool on_opened(struct front *f, uint32_t store, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    uint64_t id = ipc_get_u64(&r);
    uint32_t count = ipc_get_u32(&r);
    uint64_t octets = ipc_get_u64(&r);
    struct slice user = ipc_get_str(&r);
    struct slice rows = ipc_get_rest(&r);
    struct connection *c = r.bad ? NULL : connection_find(f, id);
    if (c && c->stage == STAGE_AUTH && !c->logged_in) {
        c->store = store;
        c->stage = STAGE_TALK;
        c->asked_auth = false;
        if (take_box(c, count, user, rows, m->descriptor))
            opened(c, octets);
        else
            not_taken(c);
        connection_resume(c);
    } else if (!r.bad) { /* its client is gone: nobody holds it */
        char memory[8];
        struct buf b = buf_over(memory, sizeof memory);
        ipc_put_u64(&b, id);
        (void)!peer_send(&f->stores[store], IPC_CLOSE, buf_slice(&b));
    }
    if (m->descriptor >= 0)
        close(m->descriptor);
    return !r.bad;
}

static bool on_refused(struct front *f, const struct ipc_message *m, bool by_store)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    uint64_t id = ipc_get_u64(&r);
    enum status status = (enum status)ipc_get_u8(&r);
    ipc_get_str(&r);
    if (!ipc_is_whole(&r) || status == STATUS_OK || status >= STATUS_COUNT)
        return false;
    struct connection *c = connection_find(f, id);
    if (!c || c->stage != STAGE_AUTH)
        return true;
    if (by_store)
        tell(c, &f->auth, IPC_ENDED);
    c->asked_auth = false;
    c->stage = STAGE_TALK;
    pop3_server_refused(&c->machine, &f->out, status);
    shrink_line(c);
    connection_touch(c);
    connection_resume(c);
    return true;
}

static bool on_challenge(struct front *f, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    struct connection *c = connection_find(f, ipc_get_u64(&r));
    struct slice data = ipc_get_str(&r);
    if (!ipc_is_whole(&r))
        return false;
    if (!c || c->stage != STAGE_AUTH)
        return true;
    c->stage = STAGE_TALK;
    pop3_server_challenge(&c->machine, &f->out, data);
    connection_touch(c);
    connection_resume(c);
    return true;
}

bool session_auth_message(struct front *f, const struct ipc_message *m)
{
    if (m->type == IPC_CHALLENGE)
        return on_challenge(f, m);
    return m->type == IPC_REFUSED && on_refused(f, m, false);
}

/* ---- messages ---- */

static bool ask(struct connection *c, uint32_t message)
{
    char memory[12];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, c->id);
    ipc_put_u32(&b, message);
    if (peer_send(store_of(c), IPC_GET, buf_slice(&b)) != STATUS_OK)
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
    log_remote(&l, c, LOG_LEVEL_WARNING, "size-mismatch");
    log_u64(&l, "announced", announced);
    log_u64(&l, "sent", sent);
    log_slice(&l, "uidl", row_uidl(c, c->wanted));
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
    (void)!peer_send(store_of(c), IPC_LIED, buf_slice(&b));
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
        (void)!peer_send_with(store_of(c), IPC_MARK, buf_slice(&b),
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
    if (peer_send(store_of(c), IPC_REMOVE, session_payload(c, &b)) != STATUS_OK) {
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
    if (c && c->logged_in && c->stage != STAGE_UPDATE &&
        event_now(f->child.loop) - c->active >= ms)
        connection_end(c, "takeover", c->stage == STAGE_BODY);
    return true;
}

bool session_store_message(struct front *f, uint32_t store, const struct ipc_message *m)
{
    switch (m->type) {
    case IPC_OPENED:
        return on_opened(f, store, m);
    case IPC_REFUSED:
        return on_refused(f, m, true);
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
    log_remote(&l, c, LOG_LEVEL_WARNING,
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
        grow_line(c);
        return SESSION_AGAIN;
    case POP3_SERVER_PASS:
        return await_auth(c, send_begin(c, SLICE("USER"), true, e->user, e->data));
    case POP3_SERVER_AUTH:
        return await_auth(
            c, send_begin(c, e->mechanism, e->has_initial, e->data, slice_of(NULL, 0)));
    case POP3_SERVER_AUTH_DATA:
        return respond(c, e->data);
    case POP3_SERVER_AUTH_CANCEL:
        if (c->asked_auth)
            tell(c, &c->front->auth, IPC_CANCEL);
        c->asked_auth = false;
        shrink_line(c);
        return SESSION_AGAIN;
    case POP3_SERVER_CLEARTEXT:
        log_cleartext(c, e->user);
        return SESSION_AGAIN;
    case POP3_SERVER_STLS:
        return start_tls(c);
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

bool session_awaits_auth(const struct connection *c)
{
    return c->front->patience.place != 0 && c->machine.phase == POP3_AUTHORIZATION;
}

void session_auth_back(struct front *f)
{
    event_clear_timer(f->child.loop, &f->patience);
    for (size_t i = 0; i < f->connections_size; i++) {
        struct connection *c = f->connections[i];
        if (c && c->stage == STAGE_TALK && !c->logged_in)
            connection_resume(c);
    }
}

void session_auth_gone(struct front *f)
{
    event_set_timer(f->child.loop, &f->patience, event_now(f->child.loop) + FRONT_PATIENCE);
    for (size_t i = 0; i < f->connections_size; i++) {
        struct connection *c = f->connections[i];
        if (!c || !c->asked_auth)
            continue;
        c->asked_auth = false;
        if (c->stage != STAGE_AUTH) { /* in the middle of a dialogue that nobody remembers */
            connection_end(c, "auth-gone", false);
            continue;
        }
        c->stage = STAGE_TALK;
        pop3_server_refused(&c->machine, &f->out, STATUS_TEMPORARY);
        connection_resume(c);
    }
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

void session_tell_held(struct front *f)
{
    for (size_t i = 0; i < f->connections_size; i++) {
        struct connection *c = f->connections[i];
        char memory[400];
        struct buf b = buf_over(memory, sizeof memory);
        if (!c || !c->logged_in)
            continue;
        ipc_put_u64(&b, c->id);
        ipc_put_address(&b, connection_remote(c));
        ipc_put_str(&b, slice_str(c->user));
        (void)!peer_send(&f->auth, IPC_HELD, buf_slice(&b));
    }
}
