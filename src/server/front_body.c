#include "server/front.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* The end of a file that needs no conversion is read and written together with the terminator, so
 * that both leave in one segment (S46); what lies before goes from page cache to socket. */
enum { TAIL = 16 * 1024 };

struct body *body_new(const struct ipc_message *m, struct ipc_reader *r)
{
    struct body *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->octets = ipc_get_u64(r);
    b->offset = ipc_get_u64(r);
    b->left = ipc_get_u64(r);
    b->needs = ipc_get_u8(r);
    b->descriptor = m->descriptor;
    struct slice data = ipc_get_rest(r);
    if (m->descriptor < 0 && data.size == b->left) {
        b->offset = 0; /* of a file; these are the octets themselves */
        b->data = malloc(data.size ? data.size : 1);
        if (!b->data) {
            free(b);
            return NULL;
        }
        memcpy(b->data, data.data, data.size);
    }
    return b;
}

void body_free(struct body *b)
{
    if (!b)
        return;
    if (b->descriptor >= 0)
        close(b->descriptor);
    free(b->data);
    free(b);
}

void body_begin(struct body *b, bool is_top, uint64_t lines)
{
    b->is_top = is_top;
    b->lines = lines;
    b->line_blank = b->line_empty = true;
    wire_stuffer_init(&b->stuffer);
}

/* The next stored octets, at most `size`: borrowed from the body's data, or read into memory. An
 * empty slice: not to be had (S44). */
static struct slice next_stored(struct body *b, char *memory, size_t size)
{
    if (size > b->left)
        size = (size_t)b->left;
    if (b->data)
        return slice_of(b->data + b->offset, size);
    ssize_t n;
    do
        n = pread(b->descriptor, memory, size, (off_t)b->offset);
    while (n < 0 && errno == EINTR);
    return slice_of(memory, n > 0 ? (size_t)n : 0);
}

/* How many of the stored octets TOP still wants: header, blank line and `lines` of the body. */
static size_t wanted_by_top(struct body *b, struct slice stored)
{
    size_t at = 0;
    while (at < stored.size && !(b->in_body && b->lines == 0)) {
        struct slice line = slice_skip(stored, at);
        size_t n = slice_find(line, '\n');
        bool ended = n < line.size;
        if (n > 0) { /* blank is nothing but one CR, in whatever pieces it comes */
            b->line_blank = b->line_empty && n == 1 && line.data[0] == '\r';
            b->line_empty = false;
        }
        at += ended ? n + 1 : n;
        if (!ended)
            break;
        if (b->in_body)
            b->lines--;
        else
            b->in_body = b->line_blank;
        b->line_blank = b->line_empty = true;
    }
    return at;
}

/* Out can take the next piece whole, or is as empty as it can be: no piece is read twice for want
 * of a little room. Typical mail grows by a fortieth in wire form. */
static bool is_roomy(const struct body *b, const struct buf *out)
{
    size_t piece = b->left < FRONT_CHUNK ? (size_t)b->left : FRONT_CHUNK;
    return out->size == 0 || buf_room(out) >= piece + piece / 8 + 64;
}

/* Stuffs what fits into out; `left` and `offset` move by what was taken. */
static enum body_step convert(struct body *b, struct front *f, struct buf *out)
{
    size_t room = buf_room(out);
    if (!is_roomy(b, out))
        return BODY_MORE;
    struct slice stored = next_stored(b, f->chunk, FRONT_CHUNK);
    if (stored.size == 0)
        return BODY_BROKEN;
    size_t stored_size = stored.size;
    bool top_ends = false;
    if (b->is_top) {
        struct body before = *b;
        stored.size = wanted_by_top(b, stored);
        top_ends = b->in_body && b->lines == 0;
        size_t given = stored.size;
        out->size += wire_stuff(&b->stuffer, &stored, out->data + out->size, room - WIRE_END_MAX);
        if (stored.size > 0) { /* not all fitted: count the lines of what did */
            before.stuffer = b->stuffer;
            *b = before;
            wanted_by_top(b, slice_of(stored.data - (given - stored.size), given - stored.size));
            top_ends = false;
        }
        stored_size = given;
    } else {
        out->size += wire_stuff(&b->stuffer, &stored, out->data + out->size, room - WIRE_END_MAX);
    }
    size_t taken = stored_size - stored.size;
    b->offset += taken;
    b->left -= taken;
    if (top_ends)
        b->left = 0;
    return BODY_MORE;
}

/* TOP of a message that has no empty line gets one (S16). */
static void end_header(struct body *b, struct buf *out)
{
    struct slice ends = b->stuffer.line_start ? SLICE("\r\n") : SLICE("\r\n\r\n");
    out->size += wire_stuff(&b->stuffer, &ends, out->data + out->size, buf_room(out));
}

static enum body_step finish(struct body *b, struct buf *out)
{
    if (buf_room(out) < 16 + WIRE_END_MAX)
        return BODY_MORE;
    if (b->is_top && !b->in_body)
        end_header(b, out);
    out->size += wire_stuff_end(&b->stuffer, out->data + out->size);
    return BODY_DONE;
}

/* Without conversion over TLS, or for the tail: octets as they are. */
static enum body_step copy(struct body *b, struct front *f, struct buf *out)
{
    if (!is_roomy(b, out))
        return BODY_MORE;
    size_t room = buf_room(out);
    struct slice stored = next_stored(b, f->chunk, room < FRONT_CHUNK ? room : FRONT_CHUNK);
    if (stored.size == 0)
        return BODY_BROKEN;
    buf_put(out, stored);
    b->offset += stored.size;
    b->left -= stored.size;
    b->sent += stored.size;
    return BODY_MORE;
}

static enum body_step send_file(struct body *b, struct connection *c)
{
    uint64_t size = b->left - TAIL;
    if (size > FRONT_TURN)
        size = FRONT_TURN;
    off_t at = (off_t)b->offset;
    ssize_t n = sendfile(connection_socket(c), b->descriptor, &at, (size_t)size);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return BODY_BLOCKED;
    if (n < 0)
        return errno == EPIPE || errno == ECONNRESET ? BODY_LOST : BODY_BROKEN;
    if (n == 0)
        return BODY_BROKEN; /* the file is shorter than it was */
    b->offset += (uint64_t)n;
    b->left -= (uint64_t)n;
    b->sent += (uint64_t)n;
    /* Less than was asked for: the socket is full, no need to hear it twice. */
    return (uint64_t)n == size ? BODY_SENT : BODY_BLOCKED;
}

/* The terminator, in the same write as the last octets where it fits (S46). */
static enum body_step end(struct body *b, bool as_it_is, struct buf *out)
{
    if (!as_it_is)
        return finish(b, out);
    if (buf_room(out) < WIRE_END_MAX)
        return BODY_MORE;
    buf_put(out, SLICE(".\r\n"));
    return BODY_DONE;
}

enum body_step body_step(struct body *b, struct connection *c, struct buf *out)
{
    bool as_it_is = b->needs == 0 && !b->is_top;
    if (b->left > 0 && as_it_is && b->descriptor >= 0 && !c->tls && b->left > TAIL) {
        if (out->size > 0)
            return BODY_MORE; /* what stands in out comes first */
        return send_file(b, c);
    }
    if (b->left > 0) {
        enum body_step step = as_it_is ? copy(b, c->front, out) : convert(b, c->front, out);
        if (step != BODY_MORE || b->left > 0)
            return step;
    }
    return end(b, as_it_is, out);
}
