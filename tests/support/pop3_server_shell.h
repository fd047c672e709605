/* pop3_server_shell: the least shell around the server's machine, for tests. It feeds octets,
 * answers every event in a fixed way, keeps all that was sent and writes one line per event into a
 * log, so that a test compares two strings.
 *
 * The maildrop has `count` messages; message i is 100 + i octets, its unique-id "u1", "u2" …. The
 * password of everybody is "secret". Who includes it sets the fields before shell_start. */
#ifndef POPLIN_POP3_SERVER_SHELL_H
#define POPLIN_POP3_SERVER_SHELL_H

#include <stdio.h>
#include <stdlib.h>

#include "pop3/pop3_server.h"

enum { SHELL_MESSAGES_MAX = 4096, SHELL_SENT_MAX = 1 << 20, SHELL_LOG_MAX = 1 << 18 };

struct shell {
    struct pop3_server_options options;
    struct pop3_server server;
    uint32_t count;
    bool tls, stls, cleartext; /* as pop3_server_init takes them */
    size_t out_capacity;
    size_t line_capacity;
    bool no_line;           /* GROW is answered with _no_line */
    enum status refusal;    /* STATUS_OK: the password decides */
    enum status body_fault; /* STATUS_OK: bodies can be had */
    uint32_t failures;      /* deletions that fail */
    unsigned flushes;
    bool closed;
    char *line, *large_line, *out_memory;
    struct buf out;
    struct buf sent;
    struct buf log;
    char id[LIMIT_UIDL];
    uint64_t marks[SHELL_MESSAGES_MAX / 64];
};

static inline uint64_t shell_size(const void *context, uint32_t i)
{
    return 100 + i;
}

static inline struct slice shell_uidl(const void *context, uint32_t i)
{
    /* The machine copies an id before it asks for the next. */
    struct shell *sh = (struct shell *)(uintptr_t)context;
    int n = snprintf(sh->id, sizeof sh->id, "u%u", (unsigned)i + 1);
    return slice_of(sh->id, (size_t)n);
}

static inline void shell_init(struct shell *sh)
{
    *sh = (struct shell){
        .options = {.greeting = "ready",
                    .implementation = "Poplin",
                    .mechanisms = "PLAIN LOGIN",
                    .expire_days = -1,
                    .login_delay = -1},
        .count = 3,
        .stls = true,
        .cleartext = true,
        .out_capacity = 65536,
        .line_capacity = POP3_SERVER_LINE_MIN,
    };
}

static inline void shell_start(struct shell *sh)
{
    sh->line = malloc(sh->line_capacity);
    sh->large_line = malloc(POP3_SERVER_LINE_MAX);
    sh->out_memory = malloc(sh->out_capacity);
    sh->out = buf_over(sh->out_memory, sh->out_capacity);
    sh->sent = buf_over(malloc(SHELL_SENT_MAX), SHELL_SENT_MAX);
    sh->log = buf_over(malloc(SHELL_LOG_MAX), SHELL_LOG_MAX);
    pop3_server_init(&sh->server, &sh->options, sh->line, sh->line_capacity, &sh->out, sh->tls,
                     sh->stls, sh->cleartext);
}

static inline void shell_stop(struct shell *sh)
{
    free(sh->line);
    free(sh->large_line);
    free(sh->out_memory);
    free(sh->sent.data);
    free(sh->log.data);
}

static inline void shell_send(struct shell *sh)
{
    buf_put(&sh->sent, buf_slice(&sh->out));
    buf_clear(&sh->out);
}

static inline void shell_note(struct shell *sh, const char *name, struct slice data)
{
    buf_put_str(&sh->log, name);
    if (data.size > 0) {
        buf_put_char(&sh->log, ' ');
        for (size_t i = 0; i < data.size && i < 64; i++)
            buf_put_char(&sh->log, data.data[i] ? data.data[i] : '|');
    }
    buf_put_char(&sh->log, '\n');
}

static inline void shell_note_number(struct shell *sh, const char *name, uint64_t n)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    shell_note(sh, name, slice_of(text, (size_t)size));
}

static inline void shell_login(struct shell *sh, bool right)
{
    const struct pop3_listing listing = {
        .context = sh,
        .count = sh->count,
        .octets = (uint64_t)sh->count * 100 + (uint64_t)sh->count * (sh->count - 1) / 2,
        .size = shell_size,
        .uidl = shell_uidl,
    };
    if (sh->refusal != STATUS_OK)
        pop3_server_refused(&sh->server, &sh->out, sh->refusal);
    else if (right)
        pop3_server_opened(&sh->server, &sh->out, &listing, sh->marks);
    else
        pop3_server_refused(&sh->server, &sh->out, STATUS_DENIED);
}

static inline void shell_on_auth(struct shell *sh, const struct pop3_server_event *event)
{
    shell_note(sh, "AUTH", event->mechanism);
    shell_note(sh, event->has_initial ? "initial" : "no initial", event->data);
    if (event->has_initial)
        shell_login(sh, slice_ends(event->data, SLICE("secret")));
    else
        pop3_server_challenge(&sh->server, &sh->out,
                              slice_equal(event->mechanism, SLICE("LOGIN")) ? SLICE("User Name")
                                                                            : SLICE(""));
}

static inline void shell_on_body(struct shell *sh, const struct pop3_server_event *event)
{
    if (event->type == POP3_SERVER_TOP)
        shell_note_number(sh, "lines", event->lines);
    if (sh->body_fault != STATUS_OK) {
        pop3_server_body_refused(&sh->server, &sh->out, sh->body_fault);
        return;
    }
    pop3_server_body(&sh->server, &sh->out, shell_size(sh, event->message));
    buf_put(&sh->out, SLICE("body\r\n.\r\n"));
    pop3_server_body_done(&sh->server);
}

static inline void shell_on_update(struct shell *sh)
{
    uint32_t marked = sh->server.marked_count;
    uint32_t failed = sh->failures < marked ? sh->failures : marked;
    shell_note_number(sh, "UPDATE", marked);
    pop3_server_updated(&sh->server, &sh->out, marked - failed, failed);
}

static inline void shell_on_grow(struct shell *sh)
{
    shell_note(sh, "GROW", SLICE(""));
    if (sh->no_line)
        pop3_server_no_line(&sh->server);
    else
        pop3_server_set_line(&sh->server, sh->large_line, POP3_SERVER_LINE_MAX);
}

static inline void shell_answer(struct shell *sh, const struct pop3_server_event *event)
{
    switch (event->type) {
    case POP3_SERVER_WANT_INPUT:
        break;
    case POP3_SERVER_FLUSH:
        sh->flushes++;
        break;
    case POP3_SERVER_GROW:
        shell_on_grow(sh);
        break;
    case POP3_SERVER_PASS:
        shell_note(sh, "PASS", event->user);
        shell_note(sh, "password", event->data);
        shell_login(sh, slice_equal(event->data, SLICE("secret")));
        break;
    case POP3_SERVER_AUTH:
        shell_on_auth(sh, event);
        break;
    case POP3_SERVER_AUTH_DATA:
        shell_note(sh, "AUTH_DATA", event->data);
        if (slice_equal(event->data, SLICE("alice")))
            pop3_server_challenge(&sh->server, &sh->out, SLICE("Password"));
        else
            shell_login(sh, slice_ends(event->data, SLICE("secret")));
        break;
    case POP3_SERVER_AUTH_CANCEL:
        shell_note(sh, "AUTH_CANCEL", SLICE(""));
        break;
    case POP3_SERVER_CLEARTEXT:
        shell_note(sh, "CLEARTEXT", event->user);
        break;
    case POP3_SERVER_STLS:
        shell_note(sh, "STLS", SLICE(""));
        pop3_server_tls_started(&sh->server);
        break;
    case POP3_SERVER_RETR:
    case POP3_SERVER_TOP:
        shell_note_number(sh, event->type == POP3_SERVER_RETR ? "RETR" : "TOP", event->message);
        shell_on_body(sh, event);
        break;
    case POP3_SERVER_UPDATE:
        shell_on_update(sh);
        break;
    case POP3_SERVER_CLOSE:
        shell_note(sh, "CLOSE", slice_str(pop3_end_name(sh->server.end)));
        sh->closed = true;
        break;
    }
}

/* One piece of input, as one read would give it. */
static inline void shell_feed(struct shell *sh, struct slice input)
{
    struct pop3_server_event event;
    if (sh->closed)
        return;
    do {
        shell_send(sh);
        pop3_server_feed(&sh->server, &input, &sh->out, &event);
        shell_answer(sh, &event);
        shell_send(sh);
    } while (event.type != POP3_SERVER_WANT_INPUT && !sh->closed);
}

#endif
