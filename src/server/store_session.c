#include "server/store_session.h"

#include "ipc/ipc_pack.h"
#include "log/log.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    INLINE_ROWS = 64,        /* a listing up to here travels in the datagram */
    INLINE_MAIL = 16 * 1024, /* and mail up to here, stored octets */
    RETRY = 100,             /* ms between looks at a lock that another process holds */
    TAKEOVER_WAIT = 2000,    /* ms at least, where the older session is asked to end */
};

enum work { WORK_NONE, WORK_OPEN, WORK_LIST, WORK_GET, WORK_REMOVE, WORK_CLOSE };

struct session {
    struct session_entry entry;
    struct store_process *process;
    struct claim claim;
    char *user, *path;
    struct store_drop *drop;
    uint32_t count;
    uint64_t *marks;
    struct event_timer timer; /* while it waits for the lock */
    uint64_t give_up;
    bool waiting, closing;
    bool wants_get, wants_lied, wants_remove; /* came while another one was served */
    uint32_t get, lied;
    /* What a thread works on. */
    struct store_job job;
    enum work work;
    enum status status;
    struct store_blob blob;
    struct store_removed removed;
};

static void start_open(struct session *s);
static void ask_to_yield(struct session *owner, uint64_t idle);
static void serve_next(struct session *s);

static struct session *of_timer(struct event_timer *t)
{
    return (struct session *)((char *)t - offsetof(struct session, timer));
}

static struct session *of_claim(struct claim *c)
{
    return (struct session *)((char *)c - offsetof(struct session, claim));
}

static struct session *of_job(struct store_job *j)
{
    return (struct session *)((char *)j - offsetof(struct session, job));
}

static struct peer *front_of(struct session *s)
{
    return &s->process->fronts[s->entry.front];
}

static void stop_waiting(struct session *s)
{
    s->waiting = false;
    event_clear_timer(s->process->child.loop, &s->timer);
}

/* Forgets the session; whoever waited for its lock has a turn. */
static void forget(struct session *s)
{
    struct store_process *p = s->process;
    stop_waiting(s);
    struct claim *next = holders_leave(p->holders, &s->claim);
    session_map_remove(&p->sessions, &s->entry);
    free(s->user);
    free(s->path);
    free(s->marks);
    free(s);
    if (next) {
        stop_waiting(of_claim(next));
        start_open(of_claim(next));
    }
    if (p->draining && p->sessions.count == 0)
        child_stop(&p->child);
}

static void log_refused(struct session *s, enum status status)
{
    struct log_line l;
    log_begin(&l, status == STATUS_IN_USE ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "store-refused");
    log_str(&l, "reason", status_name(status));
    log_quoted(&l, "path", slice_str(s->path));
    log_quoted(&l, "user", slice_str(s->user));
    log_end(&l);
}

static void answer_refused(struct session *s, enum status status)
{
    char memory[300];
    struct buf b = buf_over(memory, sizeof memory);
    if (s->closing)
        return;
    log_refused(s, status);
    ipc_put_u64(&b, s->entry.session);
    ipc_put_u8(&b, (uint8_t)status);
    ipc_put_str(&b, slice_str(s->user));
    (void)!peer_send(front_of(s), IPC_REFUSED, buf_slice(&b));
}

static void refuse(struct session *s, enum status status)
{
    answer_refused(s, status);
    forget(s);
}

/* ---- opening ---- */

static enum status send_opened(struct session *s, bool *owes)
{
    struct store_listing *l = store_drop_listing(s->drop);
    char memory[400];
    struct buf b = buf_over(memory, sizeof memory);
    struct slice rows = slice_of(NULL, 0);
    int descriptor = -1;
    s->count = store_listing_count(l);
    if (s->count <= INLINE_ROWS) {
        rows = slice_of(store_listing_rows(l), s->count * sizeof(struct store_row));
    } else if (!store_listing_is_ready(l)) {
        *owes = true;
    } else {
        enum status status = store_listing_memfd(l, &descriptor);
        if (status != STATUS_OK)
            return status;
    }
    ipc_put_u64(&b, s->entry.session);
    ipc_put_u32(&b, s->count);
    ipc_put_u64(&b, store_listing_octets(l));
    ipc_put_str(&b, slice_str(s->user));
    return peer_send_with(front_of(s), IPC_OPENED, buf_slice(&b), rows, descriptor);
}

/* Whoever logs in waits for the number and octets only, not for the making of many rows. */
static void send_listing(struct session *s)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    int descriptor = -1;
    if (s->closing)
        return;
    if (store_listing_memfd(store_drop_listing(s->drop), &descriptor) != STATUS_OK)
        descriptor = -1;
    ipc_put_u64(&b, s->entry.session);
    (void)!peer_send_with(front_of(s), IPC_LISTING, buf_slice(&b), slice_of(NULL, 0), descriptor);
}

static void submit(struct session *s, struct store_pool *pool, enum work work);

static void close_drop(struct session *s)
{
    s->closing = true;
    if (s->drop && store_drop_is_dirty(s->drop)) {
        submit(s, s->process->serving, WORK_CLOSE);
        return;
    }
    store_drop_close(s->drop);
    s->drop = NULL;
    forget(s);
}

static void wait_a_moment(struct session *s)
{
    struct event_loop *loop = s->process->child.loop;
    uint64_t now = event_now(loop);
    if (now >= s->give_up) {
        refuse(s, STATUS_IN_USE);
        return;
    }
    s->waiting = true;
    event_set_timer(loop, &s->timer, now + RETRY < s->give_up ? now + RETRY : s->give_up);
}

static void open_ended(struct session *s)
{
    enum status status = s->status;
    bool owes = false;
    if (status == STATUS_OK && s->closing) {
        close_drop(s);
        return;
    }
    if (status == STATUS_OK)
        status = send_opened(s, &owes);
    if (status == STATUS_OK) {
        /* Whoever came while this one waited is younger still (S02, takeover). */
        if (s->claim.next && s->process->child.config->lock == CONFIG_LOCK_TAKEOVER)
            ask_to_yield(s, 0);
        if (owes)
            submit(s, s->process->opening, WORK_LIST);
        else
            serve_next(s);
    } else if (s->drop) {
        answer_refused(s, status);
        close_drop(s);
    } else if (status == STATUS_IN_USE && !s->closing) {
        wait_a_moment(s);
    } else {
        refuse(s, status);
    }
}

static void open_now(struct session *s, bool nowait)
{
    struct store_request r = {
        .user = slice_str(s->user),
        .path = s->path,
        .shared = s->process->child.config->lock == CONFIG_LOCK_SNAPSHOT,
        .nowait = nowait,
    };
    s->status = store_open(s->process->store, &r, &s->drop);
}

static void start_open(struct session *s)
{
    open_now(s, true);
    if (s->status == STATUS_AGAIN)
        submit(s, s->process->opening, WORK_OPEN);
    else
        open_ended(s);
}

static void timer_fired(struct event_timer *timer, uint64_t now)
{
    struct session *s = of_timer(timer);
    (void)now;
    s->waiting = false;
    if (s->claim.holder && event_now(s->process->child.loop) >= s->give_up)
        refuse(s, STATUS_IN_USE);
    else
        start_open(s);
}

static void ask_to_yield(struct session *owner, uint64_t idle)
{
    char memory[16];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, owner->entry.session);
    ipc_put_u64(&b, idle);
    (void)!peer_send(front_of(owner), IPC_YIELD, buf_slice(&b));
}

static void wait_behind(struct session *s, struct session *owner)
{
    const struct config *c = s->process->child.config;
    struct event_loop *loop = s->process->child.loop;
    bool is_takeover = c->lock == CONFIG_LOCK_TAKEOVER;
    s->waiting = true;
    ask_to_yield(owner, is_takeover ? 0 : c->lock_takeover);
    if (is_takeover && c->lock_wait < TAKEOVER_WAIT)
        s->give_up = event_now(loop) + TAKEOVER_WAIT;
    event_set_timer(loop, &s->timer,
                    s->give_up > event_now(loop) ? s->give_up : event_now(loop) + 1);
}

static void claim(struct session *s)
{
    struct claim *owner;
    struct store_process *p = s->process;
    if (p->child.config->lock == CONFIG_LOCK_SNAPSHOT ||
        holders_claim(p->holders, &s->claim, &owner))
        start_open(s);
    else if (owner)
        wait_behind(s, of_claim(owner));
    else
        refuse(s, STATUS_NO_MEMORY);
}

static struct session *new_session(struct store_process *p, struct slice user, struct slice path)
{
    struct session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->user = strndup(user.data, user.size);
    s->path = strndup(path.data, path.size);
    if (!s->user || !s->path || event_reserve(p->child.loop, p->sessions.count + 16) != STATUS_OK) {
        free(s->user);
        free(s->path);
        free(s);
        return NULL;
    }
    s->process = p;
    s->claim.path = s->path;
    s->timer.fire = timer_fired;
    s->give_up = event_now(p->child.loop) + p->child.config->lock_wait;
    return s;
}

/* The number is still in use: a front that came to life again gives the numbers of its predecessor,
 * whose sessions may be ending yet; or the front breaks the contract. Neither is auth's fault. */
static void refuse_twin(struct store_process *p, const struct session *old, struct slice user)
{
    char memory[300];
    struct buf b = buf_over(memory, sizeof memory);
    if (!old->closing) {
        child_report_fault(&p->child, IPC_FRONT, old->entry.front);
        return;
    }
    ipc_put_u64(&b, old->entry.session);
    ipc_put_u8(&b, STATUS_TEMPORARY);
    ipc_put_str(&b, user);
    (void)!peer_send(&p->fronts[old->entry.front], IPC_REFUSED, buf_slice(&b));
}

static void refuse_without_session(struct store_process *p, uint32_t front, uint64_t session)
{
    char memory[16];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, session);
    ipc_put_u8(&b, STATUS_NO_MEMORY);
    ipc_put_str(&b, SLICE(""));
    (void)!peer_send(&p->fronts[front], IPC_REFUSED, buf_slice(&b));
}

bool store_session_open(struct store_process *p, struct slice payload)
{
    struct ipc_reader r = ipc_reader_of(payload);
    uint32_t front = ipc_get_u32(&r);
    uint64_t session = ipc_get_u64(&r);
    struct slice user = ipc_get_str(&r), path = ipc_get_str(&r);
    if (!ipc_is_whole(&r) || front >= STORE_FRONTS_MAX)
        return false;
    struct session_entry *old = session_map_find(&p->sessions, front, session);
    if (old) {
        refuse_twin(p, (struct session *)old, user);
        return true;
    }
    struct session *s = new_session(p, user, path);
    if (!s) {
        refuse_without_session(p, front, session);
        return true;
    }
    s->entry.front = front;
    s->entry.session = session;
    session_map_add(&p->sessions, &s->entry);
    claim(s);
    return true;
}

/* ---- requests of an open session ---- */

static enum status send_blob_of(struct session *s, enum status status,
                                const struct store_blob *blob)
{
    char memory[64];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, s->entry.session);
    ipc_put_u32(&b, s->get);
    ipc_put_u8(&b, (uint8_t)status);
    ipc_put_u64(&b, blob->octets);
    ipc_put_u64(&b, blob->offset);
    ipc_put_u64(&b, blob->size);
    ipc_put_u8(&b, blob->needs);
    struct slice data = slice_of(blob->data, blob->data ? (size_t)blob->size : 0);
    return peer_send_with(front_of(s), IPC_BLOB, buf_slice(&b), data, blob->descriptor);
}

/* Front waits for an answer: where no memory or descriptor is left to queue the mail, it hears so.
 */
static void send_blob(struct session *s)
{
    const struct store_blob none = {.descriptor = -1};
    enum status sent = send_blob_of(s, s->status, s->status == STATUS_OK ? &s->blob : &none);
    if (sent != STATUS_OK && sent != STATUS_CLOSED)
        (void)!send_blob_of(s, STATUS_NO_MEMORY, &none);
    if (s->status != STATUS_OK)
        return;
    if (s->blob.descriptor >= 0)
        close(s->blob.descriptor);
    free(s->blob.data);
}

static void get(struct session *s)
{
    s->wants_get = false;
    s->status = store_drop_blob(s->drop, s->get, INLINE_MAIL, true, &s->blob);
    if (s->status == STATUS_AGAIN)
        submit(s, s->process->serving, WORK_GET);
    else
        send_blob(s);
}

static void send_removed(struct session *s)
{
    char memory[16];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, s->entry.session);
    ipc_put_u32(&b, s->removed.removed);
    ipc_put_u32(&b, s->removed.failed);
    (void)!peer_send(front_of(s), IPC_REMOVED, buf_slice(&b));
}

/* On a thread. */
static void run(struct store_job *job)
{
    struct session *s = of_job(job);
    switch (s->work) {
    case WORK_OPEN:
        open_now(s, false);
        break;
    case WORK_LIST:
        (void)store_listing_rows(store_drop_listing(s->drop));
        break;
    case WORK_GET:
        s->status = store_drop_blob(s->drop, s->get, INLINE_MAIL, false, &s->blob);
        break;
    case WORK_REMOVE:
        store_drop_remove(s->drop, s->marks, &s->removed);
        break;
    case WORK_CLOSE:
        store_drop_close(s->drop);
        break;
    case WORK_NONE:
        break;
    }
}

static void done(struct store_job *job)
{
    struct session *s = of_job(job);
    enum work work = s->work;
    s->work = WORK_NONE;
    switch (work) {
    case WORK_OPEN:
        open_ended(s);
        return;
    case WORK_LIST:
        send_listing(s);
        break;
    case WORK_GET:
        send_blob(s);
        break;
    case WORK_REMOVE:
        send_removed(s);
        break;
    case WORK_CLOSE:
        s->drop = NULL;
        forget(s);
        return;
    case WORK_NONE:
        return;
    }
    serve_next(s);
}

static void submit(struct session *s, struct store_pool *pool, enum work work)
{
    s->work = work;
    s->job.run = run;
    s->job.done = done;
    store_pool_submit(pool, &s->job);
}

/* What came while another request was served, in the order that is safe: a deletion that was asked
 * for is done before the drop is closed. */
static void serve_next(struct session *s)
{
    if (s->wants_lied)
        store_drop_lied(s->drop, s->lied);
    s->wants_lied = false;
    if (s->wants_get && !s->closing)
        get(s);
    if (s->work != WORK_NONE)
        return;
    if (s->wants_remove) {
        s->wants_remove = false;
        submit(s, s->process->serving, WORK_REMOVE);
    } else if (s->closing) {
        close_drop(s);
    }
}

static bool on_mark(struct session *s, struct ipc_reader *r)
{
    uint32_t first = ipc_get_u32(r);
    struct slice words = ipc_get_rest(r);
    size_t all = ((size_t)s->count + 63) / 64;
    if (r->bad || words.size % 8 != 0 || first > all || words.size / 8 > all - first)
        return false;
    if (!s->marks)
        s->marks = calloc(all + 1, sizeof *s->marks);
    if (s->marks)
        memcpy(s->marks + first, words.data, words.size);
    return true;
}

/* Without memory for the marks nothing is removed, and that is what the answer says. */
static void on_remove(struct session *s)
{
    s->wants_remove = s->marks != NULL;
    if (!s->marks) {
        s->removed = (struct store_removed){0, s->count};
        send_removed(s);
    }
}

static bool on_index(struct session *s, struct ipc_reader *r, bool is_get)
{
    uint32_t i = ipc_get_u32(r);
    if (!ipc_is_whole(r) || i >= s->count || (is_get && (s->wants_get || s->work == WORK_GET)))
        return false;
    if (is_get) {
        s->wants_get = true;
        s->get = i;
    } else {
        s->wants_lied = true;
        s->lied = i;
    }
    return true;
}

static void on_close(struct session *s)
{
    s->closing = true;
    if (s->waiting)
        forget(s);
    else if (s->work == WORK_NONE)
        serve_next(s);
}

bool store_session_request(struct store_process *p, uint32_t front, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    struct session *s = (struct session *)session_map_find(&p->sessions, front, ipc_get_u64(&r));
    bool ok = true;
    if (!s) /* only the end of a session that never came to be may be told */
        return m->type == IPC_CLOSE;
    if (m->type == IPC_CLOSE) {
        if (!ipc_is_whole(&r))
            return false;
        on_close(s);
        return true;
    }
    if (!s->drop || s->closing || s->work == WORK_OPEN || s->work == WORK_CLOSE)
        return false;
    if (m->type == IPC_MARK)
        return s->work != WORK_REMOVE && on_mark(s, &r);
    if (m->type == IPC_REMOVE)
        on_remove(s);
    else
        ok = on_index(s, &r, m->type == IPC_GET);
    if (ok && s->work == WORK_NONE)
        serve_next(s);
    return ok;
}

static void end_session(struct session_entry *e, void *context)
{
    (void)context;
    on_close((struct session *)e);
}

void store_session_front_gone(struct store_process *p, uint32_t front)
{
    if (session_map_each_of(&p->sessions, front, end_session, NULL) != STATUS_OK)
        child_stop(&p->child); /* no memory to tell them apart: the kernel frees every lock */
}
