#include "lib/lib_client.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows past what STAT said that a listing may have: they are nonsense, and nonsense stops nothing
 * (C06), but it must end. */
enum { ROWS_SLACK = 1000 };

/* ---- sending ---- */

static void not_sent(struct poplin_client *c, enum status s)
{
    if (s == STATUS_CLOSED) /* the dialogue is ending and will say why */
        return;
    failure_set(&c->refusal, FAILURE_CONFIG, "%s cannot be sent: %s",
                pop3_command_row(c->call.verb)->name, status_text(s));
    lib_client_done(c);
}

static void start(struct poplin_client *c)
{
    const struct lib_client_call *call = &c->call;
    enum status s;
    if (call->verb == POP3_VERB_TOP)
        s = dialogue_top(c->dialogue, call->number, call->lines);
    else if (call->number > 0)
        s = dialogue_message(c->dialogue, call->verb, call->number);
    else
        s = dialogue_command(c->dialogue, call->verb, slice_of(NULL, 0));
    if (s == STATUS_OK)
        dialogue_flush(c->dialogue);
    else
        not_sent(c, s);
}

static void start_quit(struct poplin_client *c)
{
    dialogue_quit(c->dialogue);
}

/* ---- what comes back ---- */

static void stop(struct poplin_client *c)
{
    struct failure why = {0};
    failure_set(&why, FAILURE_STOPPED, "stopped by the caller's function");
    dialogue_abort(c->dialogue, &why);
}

static void on_stat(struct poplin_client *c, const struct pop3_client_event *e)
{
    bool has_count = e->fault == POP3_FAULT_NONE || e->fault == POP3_FAULT_SIZE;
    c->stat = has_count ? e->stat : (struct pop3_stat){0};
    if (!c->has_deleted) {
        c->knows_count = has_count;
        c->count = c->stat.count;
    }
    if (e->fault != POP3_FAULT_NONE)
        failure_set(&c->refusal, FAILURE_PROTOCOL, "the answer to STAT makes no sense: %s",
                    pop3_fault_text(e->fault));
}

static void on_reply(struct poplin_client *c, const struct pop3_client_event *e)
{
    char doing[32];
    const char *name = pop3_command_row(e->verb)->name;
    if (e->reply.answer == POP3_OK && e->lines_follow)
        return;
    (void)snprintf(doing, sizeof doing, e->number ? "%s %u" : "%s", name, e->number);
    if (e->reply.answer != POP3_OK)
        failure_from_reply(&c->refusal, &e->reply, false, doing);
    else if (e->verb == POP3_VERB_STAT)
        on_stat(c, e);
    lib_client_done(c);
}

/* NULL: none, or one that cannot be given whole. */
static const char *uid_text(const struct pop3_row *row, char memory[LIB_CLIENT_UID])
{
    struct slice uid = row->uid;
    if (uid.size == 0 || uid.size >= LIB_CLIENT_UID || slice_find(uid, '\0') < uid.size)
        return NULL;
    memcpy(memory, uid.data, uid.size);
    memory[uid.size] = '\0';
    return memory;
}

/* A LIST row without a size still names a message, which must not be missed. */
static bool is_usable(const struct pop3_client_event *e)
{
    return e->row.number > 0 && (e->fault == POP3_FAULT_NONE ||
                                 (e->fault == POP3_FAULT_SIZE && e->verb == POP3_VERB_LIST));
}

static int give_row(struct poplin_client *c, const struct pop3_client_event *e)
{
    char memory[LIB_CLIENT_UID];
    const struct lib_client_call *call = &c->call;
    const char *uid = call->uidl ? uid_text(&e->row, memory) : "";
    if (!is_usable(e) || uid == NULL ||
        pop3_row_set_add(&c->rows, e->row.number) != POP3_FAULT_NONE) {
        c->faulty_rows++;
        return 0;
    }
    if (call->uidl)
        return call->uidl(call->context, e->row.number, uid);
    return call->list ? call->list(call->context, e->row.number, e->row.size) : 0;
}

void lib_client_event(struct poplin_client *c, const struct pop3_client_event *e)
{
    const struct lib_client_call *call = &c->call;
    int stops = 0;
    if (e->type == POP3_CLIENT_REPLY)
        on_reply(c, e);
    else if (e->type == POP3_CLIENT_END)
        lib_client_done(c);
    else if (e->type == POP3_CLIENT_DATA && call->data)
        stops = call->data(call->context, e->data.data, e->data.size);
    else if (e->type == POP3_CLIENT_ROW && call->line)
        stops = call->line(call->context, e->line.data, e->line.size);
    else if (e->type == POP3_CLIENT_ROW && (call->list || call->uidl))
        stops = give_row(c, e);
    if (stops != 0)
        stop(c);
}

/* ---- the calls ---- */

static enum poplin_client_error simple(struct poplin_client *c, enum pop3_verb verb)
{
    return lib_client_ask(c, &(struct lib_client_call){.start = start, .verb = verb});
}

enum poplin_client_error poplin_client_capa(struct poplin_client *client,
                                            poplin_client_line_fn line, void *context)
{
    struct lib_client_call call = {
        .start = start, .verb = POP3_VERB_CAPA, .line = line, .context = context};
    return lib_client_ask(client, &call);
}

enum poplin_client_error poplin_client_stat(struct poplin_client *client, uint32_t *messages,
                                            uint64_t *octets)
{
    client->stat = (struct pop3_stat){0};
    enum poplin_client_error e = simple(client, POP3_VERB_STAT);
    if (messages != NULL)
        *messages = client->stat.count;
    if (octets != NULL)
        *octets = client->stat.octets;
    return e;
}

/* Numbers are held against what STAT said; where it makes no sense, or came too late, against what
 * any maildrop can have. */
static enum poplin_client_error prepare_rows(struct poplin_client *c)
{
    enum poplin_client_error e = POPLIN_CLIENT_OK;
    if (!c->knows_count && !c->has_deleted)
        e = simple(c, POP3_VERB_STAT);
    if (e != POPLIN_CLIENT_OK && e != POPLIN_CLIENT_PROTOCOL)
        return e;
    uint32_t count = c->knows_count ? c->count : LIMIT_MESSAGES;
    uint64_t *bits = calloc(1, pop3_row_set_size(count) + sizeof *bits);
    if (bits == NULL) {
        struct failure why = {0};
        failure_set(&why, FAILURE_LOCAL, "no memory for a listing of %u messages", count);
        return lib_client_fail(c, &why);
    }
    free(c->rows.bits);
    c->rows = (struct pop3_row_set){bits, count, 0};
    c->faulty_rows = 0;
    if (c->dialogue != NULL)
        dialogue_set_row_limit(c->dialogue, count + ROWS_SLACK);
    return POPLIN_CLIENT_OK;
}

static enum poplin_client_error list(struct poplin_client *c, const struct lib_client_call *call)
{
    if (c->is_running) /* the rows belong to the listing that runs */
        return lib_client_ask(c, call);
    enum poplin_client_error e = prepare_rows(c);
    if (e == POPLIN_CLIENT_OK)
        e = lib_client_ask(c, call);
    free(c->rows.bits);
    c->rows = (struct pop3_row_set){0};
    return e;
}

enum poplin_client_error poplin_client_list(struct poplin_client *client, poplin_client_list_fn row,
                                            void *context)
{
    struct lib_client_call call = {
        .start = start, .verb = POP3_VERB_LIST, .list = row, .context = context};
    return list(client, &call);
}

enum poplin_client_error poplin_client_uidl(struct poplin_client *client, poplin_client_uidl_fn row,
                                            void *context)
{
    struct lib_client_call call = {
        .start = start, .verb = POP3_VERB_UIDL, .uidl = row, .context = context};
    return list(client, &call);
}

static enum poplin_client_error of_message(struct poplin_client *c,
                                           const struct lib_client_call *call)
{
    return call->number > 0 ? lib_client_ask(c, call)
                            : lib_client_misuse(c, "messages are counted from 1");
}

enum poplin_client_error poplin_client_retr(struct poplin_client *client, uint32_t number,
                                            poplin_client_data_fn data, void *context)
{
    struct lib_client_call call = {
        .start = start, .verb = POP3_VERB_RETR, .number = number, .data = data, .context = context};
    return of_message(client, &call);
}

enum poplin_client_error poplin_client_top(struct poplin_client *client, uint32_t number,
                                           uint64_t lines, poplin_client_data_fn data,
                                           void *context)
{
    struct lib_client_call call = {.start = start,
                                   .verb = POP3_VERB_TOP,
                                   .number = number,
                                   .lines = lines,
                                   .data = data,
                                   .context = context};
    return of_message(client, &call);
}

enum poplin_client_error poplin_client_dele(struct poplin_client *client, uint32_t number)
{
    struct lib_client_call call = {.start = start, .verb = POP3_VERB_DELE, .number = number};
    client->has_deleted = true;
    return of_message(client, &call);
}

enum poplin_client_error poplin_client_rset(struct poplin_client *client)
{
    return simple(client, POP3_VERB_RSET);
}

enum poplin_client_error poplin_client_noop(struct poplin_client *client)
{
    return simple(client, POP3_VERB_NOOP);
}

enum poplin_client_error poplin_client_quit(struct poplin_client *client)
{
    return lib_client_ask(client, &(struct lib_client_call){.start = start_quit});
}
