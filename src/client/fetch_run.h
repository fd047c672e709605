/* fetch_run: what fetch's own files share. */
#ifndef POPLIN_CLIENT_FETCH_RUN_H
#define POPLIN_CLIENT_FETCH_RUN_H

#include "client/deliver.h"
#include "client/dialogue.h"
#include "client/fetch.h"
#include "client/header_digest.h"
#include "client/listing.h"

enum fetch_phase { FETCH_LISTING, FETCH_IDENTIFYING, FETCH_FETCHING, FETCH_DELETING, FETCH_QUITTING };

/* A message that is named in the state, on its way or waiting for its group's commit. */
struct fetch_item {
    size_t step; /* of the plan */
    int64_t state_id;
    uint64_t octets, wire_octets;
    bool is_whole;  /* finished, waits for the commit */
    bool is_unsure; /* another size than announced */
    unsigned char header_hash[STATE_HASH];
    char file[STATE_FILE_NAME + 1];
};

struct fetch {
    struct event_loop *loop;
    struct state *state;
    const struct account *account;
    struct fetch_options options;
    struct fetch_observer observer;
    void (*done)(void *context, struct fetch *f, const struct fetch_result *r);
    void *context;
    char password[1024], token[8192];
    struct tls_context *tls;
    struct state_lock *lock;
    struct delivery *delivery;
    struct dialogue *dialogue;
    enum fetch_phase phase;
    unsigned asked, answered; /* of STAT, LIST, UIDL */
    struct listing listing;
    struct plan_message *messages;
    size_t message_count;
    struct plan plan;
    bool has_plan;
    size_t next;              /* the next step to send for */
    size_t identify_next;     /* the step whose TOP is answered next */
    struct header_digest header;
    struct known_headers *known; /* by header hash: rows, or the Maildir's of a lost state */
    struct fetch_item *items; /* a ring of named messages, in the order of their RETR */
    size_t item_first, item_count, item_named, item_asked;
    bool receiving, discarding; /* DATA belongs to item_first + answered; it is thrown away */
    size_t items_answered;
    bool stopping;
    struct fetch_result result;
};

/* fetch_identify.c: TOP of those that the UIDL does not tell apart. */
void fetch_identify_begin(struct fetch *f);
void fetch_identify_room(struct fetch *f);
void fetch_identify_event(struct fetch *f, const struct pop3_client_event *e);

/* fetch_message.c */
void fetch_messages_begin(struct fetch *f);
void fetch_messages_room(struct fetch *f);
void fetch_messages_event(struct fetch *f, const struct pop3_client_event *e);
/* What is whole becomes durable; false: it failed, the run is over. */
bool fetch_commit(struct fetch *f);

/* fetch_delete.c */
void fetch_delete_begin(struct fetch *f);
void fetch_delete_room(struct fetch *f);
void fetch_delete_event(struct fetch *f, const struct pop3_client_event *e);
/* QUIT was answered +OK: what was asked for is gone. */
void fetch_delete_done(struct fetch *f);

/* fetch.c */
void fetch_fail(struct fetch *f, enum failure_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
