/* fetch_run: what fetch's own files share. */
#ifndef POPLIN_CLIENT_FETCH_RUN_H
#define POPLIN_CLIENT_FETCH_RUN_H

#include "client/deliver.h"
#include "client/dialogue.h"
#include "client/fetch.h"
#include "client/header_hash.h"
#include "client/listing.h"

enum {
    FETCH_WINDOW_LEAST = 200, /* a listing of so many, all of them new, may be a window; */
    FETCH_WINDOW_MOST = 1000, /* no window is larger */
    FETCH_ROUNDS = 1000,      /* windows of one run */
    FETCH_HEAD = 32 * 1024,   /* octets of a header in which its Date is looked for */
};

enum fetch_phase {
    FETCH_LISTING,
    FETCH_IDENTIFYING,
    FETCH_FETCHING,
    FETCH_DELETING,
    FETCH_QUITTING,
};

/* A message whose RETR was or will be sent, in that order. */
struct fetch_item {
    size_t step; /* of the plan */
    int64_t state_id;
    enum { ITEM_NAMED, ITEM_ASKED, ITEM_WHOLE, ITEM_KNOWN, ITEM_OVER } place;
    uint64_t octets, wire_octets;
    bool is_again;  /* is here already, in this row: fetched to see whether it is another one */
    bool is_unsure; /* another size than announced (A52) */
    bool is_double; /* dedupe: another account brought it; nothing was written */
    unsigned char header_hash[STATE_HASH], digest[STATE_HASH];
    char file[STATE_FILE_NAME + 1];
};

/* A header that is known already: a row of the state, or a file of a Maildir whose state is lost.
 */
struct known_header {
    unsigned char hash[STATE_HASH];
    int64_t state_id; /* 0: a file only */
    uint64_t octets;
    bool is_here; /* it was delivered; else a row of one that was begun, or refused */
    bool read, used, has_digest;
    unsigned char digest[STATE_HASH];
    char file[STATE_FILE_NAME + 1];
    struct known_header *next;
};

struct step_hash {
    unsigned char asks;          /* what TOP is to tell; fetch_identify.c's */
    bool is_learnt;              /* the hash is to be noted in the row that is there */
    bool is_known, by_body;      /* the hash; it is looked for again when the message is here */
    bool was_fetched, is_unsure; /* and in another size than announced (A52) */
    unsigned char hash[STATE_HASH], digest[STATE_HASH];
    struct known_header *match; /* found, and to be taken over into the state */
};

enum { KNOWN_BUCKETS = 4096 };

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
    struct event_timer run_timer;
    struct event_timer again; /* the next window */
    unsigned rounds;          /* sessions before this one */
    uint64_t round_fetched;
    enum fetch_phase phase;
    unsigned asked, answered; /* of STAT, LIST, UIDL */
    bool lines_of_uidl;       /* ROWs that come now are UIDL's */
    struct listing listing;
    struct plan plan;
    struct plan_options plan_options;
    bool is_unlearnt;            /* rows of listed messages lack the hash of their headers */
    bool has_plan, is_unmatched; /* the target was never compared with what the server has */
    int64_t now;
    size_t next;          /* the next step to send for */
    size_t answered_step; /* identifying, deleting: the next step to be answered */
    struct header_hash header;
    bool has_header;
    struct buf head; /* of the message that TOP shows, where its Date is wanted */
    char head_memory[FETCH_HEAD];
    struct known_header **known;
    size_t known_count;
    struct step_hash *hashes; /* of the plan's steps that TOP has told; NULL: none needed */
    struct fetch_item items[2 * FETCH_GROUP]; /* a ring */
    size_t first, count, asked_items;         /* count from first; asked of them */
    size_t whole;                             /* wait for the commit, from first */
    bool receiving;                           /* DATA belongs to a message being written */
    uint64_t arrived;                         /* octets of it */
    bool stopping, over;
    struct fetch_result result;
};

/* fetch_list.c */
void fetch_list_room(struct fetch *f);
void fetch_list_event(struct fetch *f, const struct pop3_client_event *e);

/* fetch_identify.c: TOP of those that the UIDL does not tell apart. */
void fetch_identify_begin(struct fetch *f);
void fetch_identify_room(struct fetch *f);
void fetch_identify_event(struct fetch *f, const struct pop3_client_event *e);

/* fetch_known.c. The row of a step in the state; false: none. Its slices live until the next call
 * on the state. */
bool fetch_row(struct fetch *f, const struct plan_step *step, struct state_row *row);
/* What the state knows a step's message by: its UIDL, or, where that is missing or another's, "h:"
 * and its header's hash; before that is known "n:" and its file's name. */
enum { FETCH_UIDL_TEXT = STATE_FILE_NAME + 3, FETCH_SIZES = 3 };
struct slice fetch_uidl(struct fetch *f, size_t step, const char *file,
                        char memory[FETCH_UIDL_TEXT]);
/* Loads what rows, and at the first run files, tell of headers. False: it failed. */
bool fetch_load_known(struct fetch *f);
/* The known header with one of these sizes (0: none), unless another message was found to be it in
 * this run; one that is here first; NULL: none. Two messages may have one header: without the size
 * it is no proof. */
struct known_header *fetch_find_known(struct fetch *f, const unsigned char hash[STATE_HASH],
                                      const uint64_t sizes[FETCH_SIZES]);
/* Where sizes are not to be relied on: one that has the same octets. */
struct known_header *fetch_find_same(struct fetch *f, const unsigned char hash[STATE_HASH],
                                     const unsigned char digest[STATE_HASH]);
bool fetch_knows_header(const struct fetch *f, const unsigned char hash[STATE_HASH]);
/* Within a transaction: the step's match is this message; its action is set anew. */
bool fetch_take_known(struct fetch *f, size_t step);

/* fetch_lines.c: the lines that go before a message where the account says so; else empty. */
enum { FETCH_OWN_LINE = 1024 };
struct slice fetch_received_line(const struct fetch *f, char memory[FETCH_OWN_LINE]);
struct slice fetch_delivered_to_line(const struct fetch *f, char memory[FETCH_OWN_LINE]);

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

/* fetch_failure.c. The text comes without the account, and the server, that it is about. */
void fetch_fail(struct fetch *f, enum failure_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fetch_state_failed(struct fetch *f);

/* fetch.c */
void fetch_progress(struct fetch *f);

#endif
