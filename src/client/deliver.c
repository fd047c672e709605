#include "client/deliver_driver.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

static const struct deliver_driver *const drivers[] = {
    [ACCOUNT_TARGET_MAILDIR] = &deliver_maildir, [ACCOUNT_TARGET_MBOX] = &deliver_mbox,
    [ACCOUNT_TARGET_PIPE] = &deliver_pipe,       [ACCOUNT_TARGET_LMTP] = &deliver_lmtp,
    [ACCOUNT_TARGET_STDOUT] = &deliver_stdout,
};

enum status deliver_failed(struct delivery *d, const char *doing)
{
    int error = errno;
    snprintf(d->error, sizeof d->error, "cannot %s: %m", doing);
    return error ? status_from_errno(error) : STATUS_IO;
}

bool deliver_write_all(int fd, struct slice octets)
{
    while (octets.size) {
        ssize_t n = write(fd, octets.data, octets.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        octets = slice_skip(octets, (size_t)n);
    }
    return true;
}

/* --- opening --- */

static enum status equip(struct delivery *d)
{
    d->buffer = buf_over(d->memory, sizeof d->memory);
    enum status status = header_hash_init(&d->header);
    d->content = EVP_MD_CTX_new();
    status = d->content ? status : STATUS_NO_MEMORY;
    return status == STATUS_OK ? deliver_name_begin(&d->naming) : status;
}

static_assert(DELIVER_WHY == 200, "as deliver.h says");

enum status deliver_open(const struct account *a, struct delivery **out, char why[200])
{
    struct delivery *d = NULL;
    *out = NULL;
    why[0] = '\0';
    if (a->target == ACCOUNT_TARGET_NONE) {
        snprintf(why, DELIVER_WHY, "the account does not say where mail goes: add `deliver`");
        return STATUS_PERMANENT;
    }
    enum status status = drivers[a->target]->open(a, &d, why);
    if (status != STATUS_OK)
        return status;
    d->driver = drivers[a->target];
    d->account = a;
    status = equip(d);
    if (status == STATUS_OK)
        *out = d;
    else
        deliver_close(d);
    return status;
}

void deliver_close(struct delivery *d)
{
    if (!d)
        return;
    deliver_abort(d);
    EVP_MD_CTX_free(d->content);
    header_hash_wipe(&d->header);
    d->driver->close(d);
}

/* --- a message --- */

static enum status flush(struct delivery *d)
{
    enum status status = STATUS_OK;
    if (d->buffer.size)
        status = d->driver->put(d, buf_slice(&d->buffer));
    d->octets += d->buffer.size;
    buf_clear(&d->buffer);
    return status;
}

static enum status put(struct delivery *d, struct slice octets)
{
    enum status status = STATUS_OK;
    while (octets.size && status == STATUS_OK) {
        size_t room = buf_room(&d->buffer);
        size_t n = octets.size < room ? octets.size : room;
        buf_put(&d->buffer, slice_take(octets, n));
        octets = slice_skip(octets, n);
        if (buf_room(&d->buffer) == 0)
            status = flush(d);
    }
    return status;
}

static bool digest(struct delivery *d, struct slice octets)
{
    return octets.size == 0 || EVP_DigestUpdate(d->content, octets.data, octets.size) == 1;
}

static enum status put_text(struct delivery *d, struct slice text)
{
    return digest(d, text) ? put(d, text) : STATUS_NO_MEMORY;
}

static enum status put_line_end(struct delivery *d)
{
    if (!digest(d, SLICE("\r\n")))
        return STATUS_NO_MEMORY;
    return put(d, d->driver->line_end == DELIVER_CRLF ? SLICE("\r\n") : SLICE("\n"));
}

static enum status put_part(struct delivery *d, const struct deliver_part *part)
{
    enum status status = part->cr ? put_text(d, SLICE("\r")) : STATUS_OK;
    if (status == STATUS_OK)
        status = put_text(d, part->text);
    if (status == STATUS_OK && part->ends)
        status = put_line_end(d);
    return status;
}

/* A line of our own comes without line end and is no part of the digests. */
static enum status put_own_line(struct delivery *d, struct slice line)
{
    while (line.size && memchr("\r\n", line.data[line.size - 1], 2))
        line.size--;
    if (line.size == 0)
        return STATUS_OK;
    enum status status = put(d, line);
    if (status == STATUS_OK)
        status = put(d, d->driver->line_end == DELIVER_CRLF ? SLICE("\r\n") : SLICE("\n"));
    return status;
}

static enum status or_abort(struct delivery *d, enum status status)
{
    if (status != STATUS_OK) {
        if (d->error[0] == '\0')
            snprintf(d->error, sizeof d->error, "cannot deliver: %s", status_text(status));
        deliver_abort(d);
    }
    return status;
}

enum status deliver_begin(struct delivery *d, const struct deliver_message *m)
{
    assert(!d->begun);
    d->error[0] = '\0';
    d->octets = 0;
    d->sealed = false;
    d->lines = (struct deliver_lines){0};
    buf_clear(&d->buffer);
    header_hash_restart(&d->header);
    if (EVP_DigestInit_ex(d->content, EVP_sha256(), NULL) != 1)
        return STATUS_NO_MEMORY;
    enum status status = d->driver->begin(d, m);
    if (status != STATUS_OK)
        return status;
    d->begun = true;
    status = put_own_line(d, m->received);
    if (status == STATUS_OK)
        status = put_own_line(d, m->delivered_to);
    return or_abort(d, status);
}

enum status deliver_write(struct delivery *d, struct slice octets)
{
    struct deliver_part part;
    enum status status = STATUS_OK;
    assert(d->begun);
    header_hash_feed(&d->header, octets);
    while (status == STATUS_OK && deliver_lines_next(&d->lines, &octets, &part))
        status = put_part(d, &part);
    return or_abort(d, status);
}

static enum status seal(struct delivery *d)
{
    if (d->sealed)
        return STATUS_OK;
    d->sealed = true;
    enum status status = d->lines.held_cr ? put_text(d, SLICE("\r")) : STATUS_OK;
    if (status == STATUS_OK)
        status = flush(d);
    bool is_known = status != STATUS_OK || (EVP_DigestFinal_ex(d->content, d->digest, NULL) == 1 &&
                                            header_hash_end(&d->header, d->header_digest));
    return is_known ? status : STATUS_NO_MEMORY;
}

enum status deliver_seal(struct delivery *d)
{
    assert(d->begun);
    return or_abort(d, seal(d));
}

static enum status finish(struct delivery *d)
{
    enum status status = seal(d);
    return status == STATUS_OK ? d->driver->finish(d) : status;
}

enum status deliver_finish(struct delivery *d)
{
    assert(d->begun);
    enum status status = or_abort(d, finish(d));
    d->begun = false;
    if (status == STATUS_OK && d->driver->commit) {
        d->pending_messages++;
        d->pending_octets += d->octets;
    }
    return status;
}

void deliver_abort(struct delivery *d)
{
    if (!d->begun)
        return;
    d->begun = false;
    buf_clear(&d->buffer);
    d->driver->abort(d);
}

void deliver_digest(const struct delivery *d, unsigned char digest[STATE_HASH])
{
    memcpy(digest, d->digest, STATE_HASH);
}

void deliver_header_hash(const struct delivery *d, unsigned char header_hash[STATE_HASH])
{
    memcpy(header_hash, d->header_digest, STATE_HASH);
}

/* --- the group --- */

enum status deliver_commit(struct delivery *d)
{
    assert(!d->begun);
    enum status status = STATUS_OK;
    d->error[0] = '\0';
    if (d->pending_messages)
        status = d->driver->commit(d);
    d->pending_messages = d->pending_octets = 0;
    return status;
}

uint64_t deliver_pending(const struct delivery *d, uint64_t *octets)
{
    *octets = d->pending_octets;
    return d->pending_messages;
}

bool deliver_has(struct delivery *d, struct slice file)
{
    return d->driver->has && d->driver->has(d, file);
}

enum status deliver_scan(struct delivery *d,
                         bool (*visit)(void *context, struct slice file,
                                       const unsigned char header_hash[STATE_HASH], uint64_t octets,
                                       bool read),
                         void *context)
{
    return d->driver->scan ? d->driver->scan(d, visit, context) : STATUS_UNSUPPORTED;
}

const char *deliver_error(const struct delivery *d)
{
    return d->error;
}
