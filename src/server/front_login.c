/* front_login: from the first credentials to the open maildrop: the dialogue with auth, STLS, the
 * listing that store sends, and what happens when auth is restarted meanwhile. */
#include "log/log.h"
#include "server/front.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void log_login(struct connection *c)
{
    struct log_line l;
    session_log(&l, c, LOG_LEVEL_INFO, "login");
    log_str(&l, "tls", c->tls ? tls_version(c->tls) : "no");
    log_u64(&l, "messages", c->row_count);
    log_u64(&l, "octets", c->machine.listing.octets);
    log_quoted(&l, "user", slice_str(c->user));
    log_end(&l);
}

/* Only SCRAM may want them. */
static void put_bindings(const struct connection *c, struct slice mechanism, struct buf *b)
{
    unsigned char exporter[32], end_point[64];
    bool wanted = c->tls && slice_starts(mechanism, SLICE("SCRAM-"));
    bool has_exporter = wanted && tls_exporter(c->tls, exporter);
    size_t end_point_size = wanted ? tls_end_point(c->tls, end_point) : 0;
    ipc_put_str(b, slice_of(exporter, has_exporter ? sizeof exporter : 0));
    ipc_put_str(b, slice_of(end_point, end_point_size));
}

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
    put_bindings(c, mechanism, &b);
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
    session_log(&l, c, LOG_LEVEL_WARNING, "auth-fail");
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
    bool clear =
        !c->pending && connection_write(c, buf_slice(&f->out), &sent) && sent == f->out.size;
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

struct slice session_uidl(const void *context, uint32_t i)
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
    void *rows = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
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
    c->row_count = count;
    if (c->stage == STAGE_LISTING)
        return true;
    return descriptor >= 0 ? map_rows(c, descriptor, count) : copy_rows(c, rows, count);
}

static void not_taken(struct connection *c)
{
    session_tell(c, session_store(c), IPC_CLOSE);
    session_tell(c, &c->front->auth, IPC_ENDED);
    free(c->marks);
    free(c->user);
    c->marks = NULL;
    c->user = NULL;
    c->row_count = 0;
    c->stage = STAGE_TALK;
    pop3_server_refused(&c->machine, &c->front->out, STATUS_NO_MEMORY);
}

static void opened(struct connection *c, uint64_t octets)
{
    struct pop3_listing listing = {c, c->row_count, octets, row_octets, session_uidl};
    c->logged_in = true;
    guests_leave(c->front->guests, &c->guest);
    pop3_server_opened(&c->machine, &c->front->out, &listing, c->marks);
    shrink_line(c);
    log_login(c);
    connection_touch(c);
}

/* A lost descriptor is not one that is to come. */
static bool has_rows(const struct ipc_message *m, uint32_t count, struct slice rows)
{
    return count == 0 || rows.size > 0 || m->descriptor >= 0 || m->lost_descriptor;
}

bool login_opened(struct front *f, uint32_t store, const struct ipc_message *m)
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
        c->stage = has_rows(m, count, rows) ? STAGE_TALK : STAGE_LISTING;
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

/* The client has heard of its login already, but nothing it says was read since. */
bool login_listing(struct front *f, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    struct connection *c = connection_find(f, ipc_get_u64(&r));
    bool whole = ipc_is_whole(&r);
    if (whole && c && c->stage == STAGE_LISTING) {
        if (m->descriptor >= 0 && map_rows(c, m->descriptor, c->row_count)) {
            c->stage = STAGE_TALK;
            connection_resume(c);
        } else {
            connection_end(c, "no-memory", false);
        }
    }
    if (m->descriptor >= 0)
        close(m->descriptor);
    return whole;
}

bool login_refused(struct front *f, const struct ipc_message *m, bool by_store)
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
        session_tell(c, &f->auth, IPC_ENDED);
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

bool login_auth_message(struct front *f, const struct ipc_message *m)
{
    if (m->type == IPC_CHALLENGE)
        return on_challenge(f, m);
    return m->type == IPC_REFUSED && login_refused(f, m, false);
}

enum session_step login_serve(struct connection *c, const struct pop3_server_event *e)
{
    switch (e->type) {
    case POP3_SERVER_GROW:
        grow_line(c);
        return SESSION_AGAIN;
    case POP3_SERVER_PASS:
        return await_auth(c, send_begin(c, SLICE("USER"), true, e->user, e->data));
    case POP3_SERVER_AUTH:
        return await_auth(c,
                          send_begin(c, e->mechanism, e->has_initial, e->data, slice_of(NULL, 0)));
    case POP3_SERVER_AUTH_DATA:
        return respond(c, e->data);
    case POP3_SERVER_AUTH_CANCEL:
        login_cancel(c);
        shrink_line(c);
        return SESSION_AGAIN;
    case POP3_SERVER_CLEARTEXT:
        log_cleartext(c, e->user);
        return SESSION_AGAIN;
    default: /* STLS */
        return start_tls(c);
    }
}

void login_cancel(struct connection *c)
{
    if (c->asked_auth)
        session_tell(c, &c->front->auth, IPC_CANCEL);
    c->asked_auth = false;
}

bool login_awaits_auth(const struct connection *c)
{
    return c->front->patience.place != 0 && c->machine.phase == POP3_AUTHORIZATION;
}

void login_auth_back(struct front *f)
{
    event_clear_timer(f->child.loop, &f->patience);
    for (size_t i = 0; i < f->connections_size; i++) {
        struct connection *c = f->connections[i];
        if (c && c->stage == STAGE_TALK && !c->logged_in)
            connection_resume(c);
    }
}

void login_auth_gone(struct front *f)
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

void login_tell_held(struct front *f)
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
