/* An LMTP server gets each message when all of it is here. The recipient is the second word of
 * `deliver lmtp`, or else the account's user; the sender is empty, so that nothing bounces to the
 * one who wrote it. Lines of more than an SMTP line's length and octets above 127 go as they are,
 * announced as 8BITMIME where the server knows that: to refuse is the server's part. */
#include "client/deliver_driver.h"
#include "client/deliver_lmtp_link.h"
#include "client/deliver_spool.h"
#include "codec/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LMTP_TIMEOUT_MS = 60000, LMTP_COMMAND = 512, LMTP_OUT = 16 * 1024 };

struct lmtp_target {
    struct delivery delivery;
    struct lmtp_link link;
    bool eight_bit, size;
    const char *recipient;
    int spool;
    uint64_t octets;
    char out[LMTP_OUT];
};

static struct lmtp_target *target_of(struct delivery *d)
{
    return (struct lmtp_target *)d;
}

/* --- commands --- */

static enum status lost(struct lmtp_target *t, const char *at, enum status status)
{
    snprintf(t->delivery.error, sizeof t->delivery.error, "the LMTP server: %s: %s", at,
             status_text(status));
    return STATUS_TEMPORARY;
}

static enum status judge(struct lmtp_target *t, const char *at, const struct lmtp_reply *r,
                         unsigned wanted)
{
    if (r->code / 100 == wanted)
        return STATUS_OK;
    snprintf(t->delivery.error, sizeof t->delivery.error, "the LMTP server refused %s: %u %.120s",
             at, r->code, r->text);
    return r->code / 100 == 5 ? STATUS_PERMANENT : STATUS_TEMPORARY;
}

static void look_for_extension(void *context, struct slice text)
{
    struct lmtp_target *t = context;
    struct slice word = slice_take(text, slice_find(text, ' '));
    t->eight_bit |= slice_equal_nocase(word, SLICE("8BITMIME"));
    t->size |= slice_equal_nocase(word, SLICE("SIZE"));
}

static enum status command(struct lmtp_target *t, const char *name, struct slice line,
                           unsigned wanted)
{
    struct lmtp_reply r;
    enum status status = lmtp_link_send(&t->link, line);
    if (status == STATUS_OK)
        status = lmtp_link_reply(&t->link, &r, NULL, NULL);
    if (status == STATUS_OK && r.code == 421)
        lmtp_link_close(&t->link); /* the server is about to */
    return status == STATUS_OK ? judge(t, name, &r, wanted) : lost(t, name, status);
}

static enum status greet(struct lmtp_target *t)
{
    struct lmtp_reply r;
    char host[65] = "localhost", line[LMTP_COMMAND];
    struct buf out = buf_over(line, sizeof line);
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        snprintf(host, sizeof host, "localhost");
    t->eight_bit = t->size = false;
    enum status status = lmtp_link_reply(&t->link, &r, NULL, NULL);
    if (status != STATUS_OK)
        return lost(t, "greeting", status);
    status = judge(t, "the connection", &r, 2);
    if (status != STATUS_OK)
        return status;
    buf_printf(&out, "LHLO %s\r\n", host);
    status = lmtp_link_send(&t->link, buf_slice(&out));
    if (status == STATUS_OK)
        status = lmtp_link_reply(&t->link, &r, look_for_extension, t);
    return status == STATUS_OK ? judge(t, "LHLO", &r, 2) : lost(t, "LHLO", status);
}

static enum status connect_target(struct lmtp_target *t)
{
    char why[LMTP_TEXT + 1];
    uint64_t timeout = t->delivery.account->timeout;
    const char *where = t->delivery.account->arguments[0];
    enum status status = lmtp_link_open(&t->link, where, timeout ? timeout : LMTP_TIMEOUT_MS, why);
    if (status != STATUS_OK) {
        snprintf(t->delivery.error, sizeof t->delivery.error, "the LMTP server %.60s: %.100s",
                 where, why);
        return status == STATUS_MALFORMED ? STATUS_PERMANENT : STATUS_TEMPORARY;
    }
    status = greet(t);
    if (status != STATUS_OK)
        lmtp_link_close(&t->link);
    return status;
}

/* --- opening --- */

/* A path in angle brackets could end early, or a line with it. */
static bool is_recipient(const char *text)
{
    size_t size = text ? strlen(text) : 0;
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 127 || text[i] == '<' || text[i] == '>')
            return false;
    }
    return size > 0 && size <= LIMIT_USER_NAME;
}

static void close_target(struct delivery *d)
{
    struct lmtp_target *t = target_of(d);
    if (t->link.socket >= 0)
        (void)!lmtp_link_send(&t->link, SLICE("QUIT\r\n"));
    lmtp_link_close(&t->link);
    free(t);
}

static enum status open_target(const struct account *a, struct delivery **out,
                               char why[DELIVER_WHY])
{
    const char *recipient = a->arguments[0] && a->arguments[1] ? a->arguments[1] : a->user;
    if (!a->arguments[0] || !is_recipient(recipient)) {
        snprintf(why, DELIVER_WHY, "deliver lmtp needs HOST:PORT or a path, and a recipient");
        return STATUS_PERMANENT;
    }
    struct lmtp_target *t = calloc(1, sizeof *t);
    if (!t)
        return STATUS_NO_MEMORY;
    t->delivery.account = a;
    t->spool = t->link.socket = -1;
    t->recipient = recipient;
    enum status status = connect_target(t);
    if (status != STATUS_OK) {
        snprintf(why, DELIVER_WHY, "%s", t->delivery.error);
        close_target(&t->delivery);
        return status;
    }
    *out = &t->delivery;
    return STATUS_OK;
}

/* --- a message --- */

static enum status begin(struct delivery *d, const struct deliver_message *m)
{
    struct lmtp_target *t = target_of(d);
    t->octets = 0;
    t->spool = deliver_spool_open();
    return t->spool < 0 ? deliver_failed(d, "make a temporary file") : STATUS_OK;
}

static enum status put(struct delivery *d, struct slice octets)
{
    struct lmtp_target *t = target_of(d);
    t->octets += octets.size;
    bool written = deliver_write_all(t->spool, octets);
    return written ? STATUS_OK : deliver_failed(d, "write to a temporary file");
}

static void abort_message(struct delivery *d)
{
    struct lmtp_target *t = target_of(d);
    if (t->spool >= 0)
        close(t->spool);
    t->spool = -1;
}

static enum status send_mail_from(struct lmtp_target *t)
{
    char line[LMTP_COMMAND];
    struct buf out = buf_over(line, sizeof line);
    buf_put_str(&out, "MAIL FROM:<>");
    if (t->eight_bit)
        buf_put_str(&out, " BODY=8BITMIME");
    if (t->size)
        buf_printf(&out, " SIZE=%llu", (unsigned long long)t->octets);
    buf_put_str(&out, "\r\n");
    return command(t, "MAIL FROM", buf_slice(&out), 2);
}

/* A server that was left waiting may have hung up: before MAIL FROM nothing is lost by another
 * connection. */
static enum status start_mail(struct lmtp_target *t)
{
    bool fresh = t->link.socket < 0;
    enum status status = fresh ? connect_target(t) : STATUS_OK;
    if (status == STATUS_OK)
        status = send_mail_from(t);
    if (status != STATUS_OK && !fresh && t->link.socket < 0) {
        status = connect_target(t);
        if (status == STATUS_OK)
            status = send_mail_from(t);
    }
    return status;
}

static enum status send_rcpt_to(struct lmtp_target *t)
{
    char line[LMTP_COMMAND];
    struct buf out = buf_over(line, sizeof line);
    buf_printf(&out, "RCPT TO:<%s>\r\n", t->recipient);
    return command(t, "RCPT TO", buf_slice(&out), 2);
}

static enum status stuff(struct lmtp_target *t, struct wire_stuffer *w, struct slice piece)
{
    while (piece.size) {
        size_t n = wire_stuff(w, &piece, t->out, sizeof t->out);
        enum status status = lmtp_link_send(&t->link, slice_of(t->out, n));
        if (status != STATUS_OK)
            return lost(t, "the message", status);
    }
    return STATUS_OK;
}

/* A spool that cannot be read ends the connection: without the last dot nothing was sent. */
static enum status send_body(struct lmtp_target *t)
{
    struct deliver_spool_reader r;
    struct wire_stuffer w;
    struct slice piece;
    wire_stuffer_init(&w);
    deliver_spool_start(&r, t->spool);
    for (;;) {
        if (!deliver_spool_next(&r, &piece)) {
            enum status status = deliver_failed(&t->delivery, "read a temporary file");
            lmtp_link_close(&t->link);
            return status;
        }
        if (piece.size == 0)
            break;
        enum status status = stuff(t, &w, piece);
        if (status != STATUS_OK)
            return status;
    }
    char end[WIRE_END_MAX];
    size_t n = wire_stuff_end(&w, end);
    return command(t, "the message", slice_of(end, n), 2);
}

static enum status send_message(struct lmtp_target *t)
{
    enum status status = start_mail(t);
    if (status == STATUS_OK)
        status = send_rcpt_to(t);
    if (status == STATUS_OK)
        status = command(t, "DATA", SLICE("DATA\r\n"), 3);
    return status == STATUS_OK ? send_body(t) : status;
}

/* After a refusal the next message starts anew; the refusal's text stays. */
static void start_over(struct lmtp_target *t)
{
    char error[DELIVER_WHY];
    if (t->link.socket < 0)
        return;
    memcpy(error, t->delivery.error, sizeof error);
    if (command(t, "RSET", SLICE("RSET\r\n"), 2) != STATUS_OK)
        lmtp_link_close(&t->link);
    memcpy(t->delivery.error, error, sizeof error);
}

static enum status finish(struct delivery *d)
{
    struct lmtp_target *t = target_of(d);
    enum status status = send_message(t);
    if (status == STATUS_OK)
        abort_message(d);
    else
        start_over(t);
    return status;
}

const struct deliver_driver deliver_lmtp = {
    .line_end = DELIVER_CRLF,
    .open = open_target,
    .close = close_target,
    .begin = begin,
    .put = put,
    .finish = finish,
    .abort = abort_message,
};
