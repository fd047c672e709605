#include "log/log.h"
#include "server/front.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DESCRIPTOR_BITS = 20,
    LINGER = 2000, /* ms that a closed session's late octets are still read */
    LINGER_OCTETS = 1 << 20,
};

int connection_socket(const struct connection *c)
{
    return c->source.descriptor;
}

const struct sockaddr_storage *connection_remote(const struct connection *c)
{
    return (const struct sockaddr_storage *)&c->remote;
}

struct connection *connection_find(struct front *f, uint64_t id)
{
    size_t at = id & ((1u << DESCRIPTOR_BITS) - 1);
    if (at >= f->connections_size || !f->connections[at] || f->connections[at]->id != id)
        return NULL;
    return f->connections[at];
}

/* The timer may fire early: a deadline that moves back costs nothing. */
void connection_set_deadline(struct connection *c, uint64_t ms)
{
    c->deadline = event_now(c->front->child.loop) + ms;
    if (c->timer.place == 0 || c->timer.due > c->deadline)
        event_set_timer(c->front->child.loop, &c->timer, c->deadline);
}

static void expire(struct event_timer *timer, uint64_t now)
{
    struct connection *c =
        (struct connection *)((char *)timer - offsetof(struct connection, timer));
    if (c->stage == STAGE_UPDATE) /* the store answers or ends; deletions are never cut */
        c->deadline = now + 1000;
    if (now < c->deadline)
        event_set_timer(c->front->child.loop, timer, c->deadline);
    else if (c->stage == STAGE_HANDSHAKE)
        connection_end(c, "handshake-timeout", false);
    else /* what a client does not take must not stay in the kernel's memory (A76) */
        connection_end(c, c->stage >= STAGE_LAST ? c->reason : "timeout",
                       c->stage == STAGE_BODY || c->pending);
}

static void unwatch(struct connection *c)
{
    if (c->watched)
        event_remove(c->front->child.loop, &c->source);
    c->watched = false;
}

static void drop_pending(struct connection *c)
{
    free(c->pending);
    c->pending = NULL;
    c->pending_size = c->pending_sent = 0;
}

static void drop_rest(struct connection *c)
{
    if (c->rest)
        explicit_bzero(c->rest, c->rest_size);
    free(c->rest);
    c->rest = NULL;
    c->rest_size = 0;
}

static void release(struct connection *c)
{
    drop_pending(c);
    drop_rest(c);
    body_free(c->body);
    body_free(c->ahead.body);
    if (c->rows_are_mapped)
        munmap((void *)(uintptr_t)c->rows, c->row_count * sizeof *c->rows);
    else
        free((void *)(uintptr_t)c->rows);
    free(c->marks);
    free(c->user);
    explicit_bzero(c->line, c->line_capacity);
    free(c->line);
    free(c);
}

void connection_end(struct connection *c, const char *reason, bool reset)
{
    struct front *f = c->front;
    int socket = connection_socket(c);
    if (!c->reason)
        c->reason = reason;
    session_over(c);
    guests_leave(f->guests, &c->guest);
    event_clear_timer(f->child.loop, &c->timer);
    if (c->tls && !reset)
        tls_shutdown(c->tls);
    tls_connection_free(c->tls);
    if (c->watched)
        event_forget(f->child.loop, &c->source);
    if (reset)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(socket);
    f->connections[socket] = NULL;
    f->connection_count--;
    release(c);
    if (f->draining && f->connection_count == 0)
        child_stop(&f->child);
}

bool connection_write(struct connection *c, struct slice data, size_t *sent)
{
    *sent = 0;
    while (*sent < data.size) {
        struct slice left = slice_skip(data, *sent);
        size_t n = 0;
        if (c->tls) {
            enum status s = tls_write(c->tls, left.data, left.size, &n);
            if (s == STATUS_AGAIN)
                return true;
            if (s != STATUS_OK)
                return false;
        } else {
            ssize_t r =
                send(connection_socket(c), left.data, left.size, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (r < 0 && errno == EINTR)
                continue;
            if (r < 0)
                return errno == EAGAIN || errno == ENOBUFS;
            n = (size_t)r;
            *sent += n;
            if (n < left.size)
                return true; /* the socket is full: no need to hear it twice */
            continue;
        }
        *sent += n;
    }
    return true;
}

/* Sends what stands in out; what does not go now waits in `pending`. False: blocked or broken. */
static bool send_out(struct connection *c, struct buf *out)
{
    size_t sent = 0;
    if (out->size == 0)
        return true;
    if (c->broken || !connection_write(c, buf_slice(out), &sent)) {
        c->broken = true;
        buf_clear(out);
        return false;
    }
    size_t left = out->size - sent;
    if (left > 0) {
        c->pending = malloc(left);
        if (!c->pending) {
            c->broken = true;
        } else {
            memcpy(c->pending, out->data + sent, left);
            c->pending_size = left;
            c->pending_sent = 0;
        }
    }
    buf_clear(out);
    return left == 0;
}

/* True: nothing waits any more. */
static bool send_pending(struct connection *c)
{
    if (!c->pending)
        return true;
    size_t sent = 0;
    struct slice left = slice_of(c->pending + c->pending_sent, c->pending_size - c->pending_sent);
    if (!connection_write(c, left, &sent)) {
        c->broken = true;
        drop_pending(c);
        return false;
    }
    c->pending_sent += sent;
    if (sent > 0)
        connection_touch(c);
    if (c->pending_sent < c->pending_size)
        return false;
    drop_pending(c);
    return true;
}

/* Behind what waits already. */
static void wait_behind(struct connection *c, struct buf *out)
{
    if (out->size == 0 || !c->pending)
        return;
    char *longer = realloc(c->pending, c->pending_size + out->size);
    if (!longer) {
        c->broken = true;
        return;
    }
    memcpy(longer + c->pending_size, out->data, out->size);
    c->pending = longer;
    c->pending_size += out->size;
}

/* Keeps what was read and not taken; false: no memory. */
static bool keep_rest(struct connection *c, struct slice input)
{
    if (input.data == c->rest && input.size == c->rest_size)
        return true;
    char *kept = NULL;
    if (input.size > 0) {
        kept = malloc(input.size);
        if (!kept)
            return false;
        memcpy(kept, input.data, input.size);
    }
    drop_rest(c);
    c->rest = kept;
    c->rest_size = input.size;
    return true;
}

enum serve { SERVE_AGAIN, SERVE_WAIT, SERVE_BLOCKED, SERVE_END, SERVE_RESET };

static enum serve serve_body(struct connection *c, struct buf *out, size_t *turn)
{
    for (;;) {
        uint64_t before = c->body->sent;
        switch (body_step(c->body, c, out)) {
        case BODY_DONE:
            session_body_sent(c);
            return SERVE_AGAIN;
        case BODY_MORE:
            *turn += out->size;
            if (!send_out(c, out))
                return SERVE_BLOCKED;
            break;
        case BODY_SENT:
            *turn += FRONT_TURN / 4;
            connection_touch(c);
            break;
        case BODY_BLOCKED:
            if (c->body->sent > before)
                connection_touch(c);
            return SERVE_BLOCKED;
        case BODY_LOST:
            c->broken = true;
            return SERVE_BLOCKED;
        case BODY_BROKEN:
            session_body_broken(c);
            return SERVE_RESET;
        }
        if (*turn > FRONT_TURN)
            return SERVE_BLOCKED; /* writable still: the loop comes back after the others */
    }
}

/* Lists are long and a client may ask for many at once: the others have a turn between. */
static enum serve flush(struct connection *c, struct buf *out, size_t *turn)
{
    *turn += out->size;
    if (!send_out(c, out))
        return SERVE_BLOCKED;
    c->yields = *turn > FRONT_TURN;
    return c->yields ? SERVE_BLOCKED : SERVE_AGAIN;
}

static enum serve serve_lines(struct connection *c, struct slice *input, struct buf *out,
                              size_t *turn)
{
    struct pop3_server_event e;
    pop3_server_feed(&c->machine, input, out, &e);
    switch (session_serve(c, &e)) {
    case SESSION_AGAIN:
        if (e.type == POP3_SERVER_FLUSH)
            return flush(c, out, turn);
        return e.type == POP3_SERVER_WANT_INPUT ? SERVE_WAIT : SERVE_AGAIN;
    case SESSION_WAIT:
        return SERVE_WAIT;
    case SESSION_END:
        break;
    }
    return SERVE_END;
}

static enum serve serve(struct connection *c, struct slice *input, struct buf *out)
{
    size_t turn = 0;
    enum serve s = SERVE_AGAIN;
    c->yields = false;
    while (s == SERVE_AGAIN) {
        if (c->stage == STAGE_BODY)
            s = serve_body(c, out, &turn);
        else if (login_awaits_auth(c))
            s = SERVE_WAIT;
        else if (c->stage == STAGE_TALK)
            s = serve_lines(c, input, out, &turn);
        else
            s = SERVE_WAIT;
    }
    return s;
}

/* The last octets are out: close, or wait a little for a client that still talks, whose octets
 * would otherwise turn our close into a reset that eats the last reply. */
static void close_or_linger(struct connection *c)
{
    if (c->rest_size == 0 || c->broken || c->tls) {
        connection_end(c, c->reason, false);
        return;
    }
    drop_rest(c);
    shutdown(connection_socket(c), SHUT_WR);
    session_over(c);
    c->retr_octets = 0; /* from here on: of what is thrown away */
    c->stage = STAGE_LINGER;
    connection_set_deadline(c, LINGER);
    event_set_interest(c->front->child.loop, &c->source, EVENT_READ);
}

static bool is_waiting_for_writing(const struct connection *c)
{
    return c->pending || c->yields || c->stage == STAGE_BODY ||
           (c->stage == STAGE_HANDSHAKE && tls_wants_write(c->tls));
}

/* Lines are wanted, and decrypted octets wait in memory, of which no poll would tell. */
static bool has_unread(const struct connection *c)
{
    return c->stage == STAGE_TALK && c->rest_size == 0 && !c->pending && !c->yields && c->tls &&
           tls_has_pending(c->tls);
}

static void update_interest(struct connection *c)
{
    uint32_t interest = 0;
    if (!c->watched)
        return;
    if (has_unread(c))
        interest |= EVENT_READ | EVENT_WRITE; /* writable at once: the loop comes back */
    else if (is_waiting_for_writing(c))
        interest |= EVENT_WRITE;
    else if ((c->stage == STAGE_TALK && c->rest_size == 0) || c->stage == STAGE_HANDSHAKE ||
             c->stage == STAGE_LINGER)
        interest |= EVENT_READ;
    else if (c->rest_size == 0 && c->source.interest == EVENT_READ)
        return; /* a wait for auth or store: most clients are silent meanwhile; if not, see ready */
    event_set_interest(c->front->child.loop, &c->source, interest);
}

static void settle(struct connection *c, enum serve s, struct slice input)
{
    if (!keep_rest(c, input)) {
        connection_end(c, "no-memory", false);
        return;
    }
    if (s == SERVE_RESET) {
        connection_end(c, "io-error", true);
        return;
    }
    if (c->broken && c->stage != STAGE_UPDATE) {
        connection_end(c, c->stage == STAGE_LAST ? c->reason : "disconnected", false);
        return;
    }
    if (c->stage == STAGE_LAST && !c->pending) {
        close_or_linger(c);
        return;
    }
    update_interest(c);
}

void connection_drive(struct connection *c, struct slice input)
{
    struct buf *out = &c->front->out;
    enum serve s = SERVE_BLOCKED;
    if (send_pending(c)) {
        s = serve(c, &input, out);
        if (s == SERVE_END)
            c->stage = STAGE_LAST;
        if (s != SERVE_RESET && !c->pending)
            send_out(c, out);
    } else {
        wait_behind(c, out);
    }
    buf_clear(out);
    settle(c, s, input);
}

void connection_resume(struct connection *c)
{
    connection_drive(c, slice_of(c->rest, c->rest_size));
}

void connection_renew_id(struct connection *c)
{
    c->id = ++c->front->serial << DESCRIPTOR_BITS | (uint64_t)connection_socket(c);
}

void connection_touch(struct connection *c)
{
    const struct config *config = c->front->child.config;
    c->active = event_now(c->front->child.loop);
    connection_set_deadline(c, c->logged_in ? config->limits.idle : config->limits.login);
}

static void read_and_drive(struct connection *c);

static void shake_hands(struct connection *c)
{
    enum status s = tls_handshake(c->tls);
    if (s == STATUS_AGAIN) {
        update_interest(c);
        return;
    }
    if (s != STATUS_OK) {
        struct log_line l;
        session_log(&l, c, LOG_LEVEL_WARNING, "tls-fail");
        log_quoted(&l, "error", slice_str(tls_error(c->tls)));
        log_end(&l);
        connection_end(c, "tls-fail", false);
        return;
    }
    bool is_new = c->machine.options == NULL;
    c->stage = STAGE_TALK;
    buf_clear(&c->front->out);
    if (is_new)
        pop3_server_init(&c->machine, &c->front->options, c->line, c->line_capacity, &c->front->out,
                         true, false, true);
    else
        pop3_server_tls_started(&c->machine);
    connection_set_deadline(c, c->front->child.config->limits.login);
    send_out(c, &c->front->out);
    uint64_t id = c->id;
    struct front *f = c->front;
    connection_drive(c, slice_of(NULL, 0));
    c = connection_find(f, id);
    if (c && has_unread(c))
        read_and_drive(c);
}

/* OK with an empty slice cannot be: CLOSED says that the client will send no more. */
static enum status read_some(struct connection *c, struct slice *out)
{
    size_t n = 0;
    if (c->tls) {
        enum status s = tls_read(c->tls, c->front->input, FRONT_READ, &n);
        *out = slice_of(c->front->input, n);
        return s;
    }
    ssize_t r;
    do
        r = recv(connection_socket(c), c->front->input, FRONT_READ, MSG_DONTWAIT);
    while (r < 0 && errno == EINTR);
    *out = slice_of(c->front->input, r > 0 ? (size_t)r : 0);
    return r > 0 ? STATUS_OK : r < 0 && errno == EAGAIN ? STATUS_AGAIN : STATUS_CLOSED;
}

static void read_and_drive(struct connection *c)
{
    uint64_t id = c->id;
    struct front *f = c->front;
    for (;;) {
        struct slice input;
        enum status s = read_some(c, &input);
        if (s == STATUS_AGAIN)
            return;
        if (s != STATUS_OK) {
            connection_end(c, "disconnected", false);
            return;
        }
        connection_touch(c);
        connection_drive(c, input);
        explicit_bzero(f->input, input.size);
        c = connection_find(f, id);
        if (!c || !has_unread(c))
            return;
    }
}

static void throw_away(struct connection *c)
{
    struct slice input;
    enum status s = read_some(c, &input);
    c->retr_octets += input.size;
    if (s == STATUS_CLOSED || (s != STATUS_AGAIN && c->retr_octets > LINGER_OCTETS))
        connection_end(c, c->reason, false);
}

/* The client is gone both ways while something else is waited for. */
static void hung_up(struct connection *c)
{
    if (c->stage == STAGE_UPDATE) {
        c->broken = true;
        unwatch(c);
    } else {
        connection_end(c, c->stage >= STAGE_LAST ? c->reason : "disconnected", false);
    }
}

static void ready(struct event_source *source, uint32_t events)
{
    struct connection *c =
        (struct connection *)((char *)source - offsetof(struct connection, source));
    bool reads = c->stage == STAGE_TALK && c->rest_size == 0 && !c->pending && !c->yields;
    if (c->stage == STAGE_HANDSHAKE && !c->pending)
        shake_hands(c);
    else if (c->stage == STAGE_LINGER)
        throw_away(c);
    else if (reads && ((events & (EVENT_READ | EVENT_HANGUP)) || has_unread(c)))
        read_and_drive(c);
    else if (events & EVENT_WRITE)
        connection_resume(c);
    else if (events & EVENT_HANGUP)
        hung_up(c);
    else /* octets while an answer is waited for: they stay in the kernel (S34) */
        event_set_interest(c->front->child.loop, source, 0);
}

bool connection_is_idle(const struct connection *c, uint64_t ms)
{
    return c->stage == STAGE_TALK && !c->pending && c->rest_size == 0 &&
           pop3_server_is_idle(&c->machine) && event_now(c->front->child.loop) - c->active >= ms;
}

void connection_shut_idle(struct connection *c)
{
    buf_clear(&c->front->out);
    pop3_server_shutdown(&c->machine, &c->front->out);
    send_out(c, &c->front->out);
    connection_drive(c, slice_of(NULL, 0));
}

/* Greets, or waits for the handshake. */
static void begin(struct connection *c)
{
    struct front *f = c->front;
    const struct config *config = f->child.config;
    if (c->listener->config->implicit_tls) {
        c->stage = STAGE_HANDSHAKE;
        connection_set_deadline(c, config->limits.handshake);
        if (!f->tls || tls_connection_new(f->tls, connection_socket(c), &c->tls) != STATUS_OK)
            connection_end(c, "no-tls", true);
        return;
    }
    bool cleartext = !c->listener->config->starttls_required;
    c->stage = STAGE_TALK;
    connection_set_deadline(c, config->limits.login);
    buf_clear(&f->out);
    pop3_server_init(&c->machine, &f->options, c->line, c->line_capacity, &f->out, false,
                     f->tls != NULL, cleartext);
    if (!send_out(c, &f->out))
        connection_end(c, "disconnected", false);
}

void connection_accept(struct front *f, const struct front_listener *l, int socket,
                       const struct sockaddr_storage *remote)
{
    struct connection *c = calloc(1, sizeof *c);
    struct guest *evicted = NULL;
    char *line = malloc(POP3_SERVER_LINE_MIN);
    size_t at = (size_t)socket;
    if (!c || !line || (at >= f->connections_size && !front_resize_table(f, at)) ||
        event_reserve(f->child.loop, f->connection_count + 64) != STATUS_OK ||
        guests_enter(f->guests, &c->guest, net_prefix_of(remote), &evicted) != STATUS_OK) {
        free(line);
        free(c);
        close(socket);
        return;
    }
    c->front = f;
    c->listener = l;
    c->line = line;
    c->line_capacity = POP3_SERVER_LINE_MIN;
    c->timer.fire = expire;
    c->id = ++f->serial << DESCRIPTOR_BITS | at;
    c->active = c->since = event_now(f->child.loop);
    c->last_retr = UINT32_MAX;
    memcpy(&c->remote, remote, sizeof c->remote);
    c->source = (struct event_source){socket, EVENT_READ, ready};
    f->connections[at] = c;
    f->connection_count++;
    c->watched = event_add(f->child.loop, &c->source) == STATUS_OK;
    if (evicted)
        connection_end((struct connection *)((char *)evicted - offsetof(struct connection, guest)),
                       "evicted", true);
    if (!c->watched)
        connection_end(c, "no-memory", true);
    else
        begin(c);
}
