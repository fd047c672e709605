/* front: the process that speaks to the world: TLS, lines, the server machine. It can open no
 * file and no socket; mail reaches it as a sealed listing and as descriptors or octets of one
 * message, for its live sessions only.
 *
 * front.c           the recipe: listeners, channels, draining
 * front_connection.c a connection's life, reading and writing, deadlines
 * front_login.c     logging in: the dialogue with auth, STLS, the listing
 * front_session.c   the open maildrop: messages, deletions, the end
 * front_body.c      one message on its way out
 * front_guests.c    limits on those who have not logged in */
#ifndef POPLIN_SERVER_FRONT_H
#define POPLIN_SERVER_FRONT_H

#include "codec/wire.h"
#include "ipc/ipc_pack.h"
#include "log/log.h"
#include "pop3/pop3_server.h"
#include "server/front_guests.h"
#include "server/peer.h"
#include "store/store.h"
#include "tls/tls.h"

enum {
    FRONT_STORES_MAX = 64,
    FRONT_READ = 16 * 1024,       /* octets of one read */
    FRONT_CHUNK = 64 * 1024,      /* stored octets turned into wire form at a time */
    FRONT_OUT = 2 * FRONT_CHUNK,  /* octets of replies gathered for one write */
    FRONT_TURN = 4 * 1024 * 1024, /* octets sent to one client before the others have a turn */
    FRONT_PATIENCE = 3000,        /* ms that clients wait for an auth that is being restarted */
};

struct front_listener {
    struct front_listener *next;
    struct event_source source;
    struct front *front;
    const struct config_listener *config;
};

struct front {
    struct child child;
    struct pop3_server_options options;
    char greeting[200];
    char mechanisms[200];
    struct front_listener *listeners;
    struct tls_context *tls; /* NULL: none was sent */
    struct peer auth;
    struct peer stores[FRONT_STORES_MAX];
    struct guests *guests;
    struct connection **connections; /* by descriptor */
    size_t connections_size;
    uint32_t connection_count;
    uint32_t connection_limit; /* descriptors there are for them */
    uint64_t serial;
    uint64_t drain_deadline;
    bool draining;     /* no new connections */
    bool closing_idle; /* and sessions are ended between commands */
    struct event_timer drain_timer, pause_timer;
    struct event_timer patience; /* set while auth is being restarted */
    char *input;                 /* FRONT_READ octets */
    char *chunk;                 /* FRONT_CHUNK */
    struct buf out;              /* FRONT_OUT, of the connection that is driven */
};

/* One message on its way out. */
struct body {
    int descriptor; /* or -1: data */
    char *data;
    uint64_t offset, left; /* stored octets still to be read */
    uint64_t octets;       /* announced */
    uint64_t sent;         /* without conversion: octets so far */
    uint8_t needs;
    bool is_top, in_body; /* TOP: where the reading is */
    bool line_blank;      /* the line has nothing so far, or one CR */
    bool line_empty;      /* it has nothing so far */
    uint64_t lines;       /* TOP: body lines still wanted */
    struct wire_stuffer stuffer;
};

enum body_step {
    BODY_MORE,    /* out has as much as fits: write it and come again */
    BODY_SENT,    /* octets went to the socket by themselves; come again */
    BODY_BLOCKED, /* the socket takes no more now */
    BODY_DONE,    /* the terminator is in out */
    BODY_BROKEN,  /* cannot be read whole: the connection must be reset (S44) */
    BODY_LOST,    /* the client is gone */
};

/* A message that came ahead of its RETR, or is being waited for. */
struct ahead {
    enum { AHEAD_NONE, AHEAD_ASKED, AHEAD_HERE } state;
    uint32_t message;
    enum status status;
    struct body *body;
};

enum connection_stage {
    STAGE_HANDSHAKE,
    STAGE_TALK,    /* lines are read */
    STAGE_AUTH,    /* auth or store will answer a login */
    STAGE_LISTING, /* logged in, and store will send the rows */
    STAGE_BLOB,    /* store will send a message */
    STAGE_BODY,    /* a message is being sent */
    STAGE_UPDATE,  /* store removes */
    STAGE_LAST,    /* what is written is sent, then the end */
    STAGE_LINGER,  /* closed for writing; what still comes is thrown away */
};

struct connection {
    struct front *front;
    const struct front_listener *listener;
    struct event_source source;
    struct event_timer timer;
    struct guest guest;
    struct tls_connection *tls;
    uint64_t id; /* serial << 20 | descriptor; a new one for each attempt to log in, so that no
                    answer to an earlier attempt is taken for this one's */
    uint64_t deadline, active, since;
    enum connection_stage stage;
    bool watched;    /* by the loop; not any more after a hang-up during UPDATE */
    bool yields;     /* has more to write, after the others had their turn */
    bool broken;     /* writing failed: nothing is sent any more */
    bool asked_auth; /* auth has a login under way for it */
    bool logged_in;  /* the store holds a drop and auth counts a session */
    bool with_tls_at_login;
    const char *reason; /* of the end, for the log */
    char *line;
    size_t line_capacity;
    char *rest; /* octets read and not taken yet */
    size_t rest_size;
    char *pending; /* octets written and not sent yet */
    size_t pending_size, pending_sent;
    struct body *body;
    struct ahead ahead;
    uint32_t wanted; /* STAGE_BLOB: the message, and TOP's lines */
    bool wants_top;
    uint64_t wanted_lines;
    char *user; /* as auth named it; NUL-ended */
    uint32_t store;
    const struct store_row *rows;
    uint32_t row_count;
    bool rows_are_mapped;
    uint64_t *marks;
    uint32_t retr, top, dele, last_retr;
    uint64_t retr_octets, top_octets, dele_octets;
    struct pop3_server machine;
    struct sockaddr_in6 remote; /* room for both families */
};

/* front.c: room for a connection of that descriptor; false: no memory. */
bool front_resize_table(struct front *f, size_t wanted);

/* front_connection.c */
void connection_accept(struct front *f, const struct front_listener *l, int socket,
                       const struct sockaddr_storage *remote);
struct connection *connection_find(struct front *f, uint64_t id);
/* Serves what can be served now, after what stands in front->out; may end the connection. */
void connection_drive(struct connection *c, struct slice input);
/* The same with the octets that were kept. */
void connection_resume(struct connection *c);
/* An id for the next attempt to log in. */
void connection_renew_id(struct connection *c);
/* The client or we did something: the time for the next thing runs anew. */
void connection_touch(struct connection *c);
/* Sets the time by which something must have happened. */
void connection_set_deadline(struct connection *c, uint64_t ms);
/* Ends it at once. `reason` is a word for the log; `reset`: the client sees RST, no clean end. */
void connection_end(struct connection *c, const char *reason, bool reset);
/* Sends of data what goes; false: broken. */
bool connection_write(struct connection *c, struct slice data, size_t *sent);
int connection_socket(const struct connection *c);
const struct sockaddr_storage *connection_remote(const struct connection *c);
/* Idle for so long, and between commands. */
bool connection_is_idle(const struct connection *c, uint64_t ms);
void connection_shut_idle(struct connection *c);

enum session_step { SESSION_AGAIN, SESSION_WAIT, SESSION_END };

/* front_login.c */
/* An event of the machine that belongs to logging in or STLS. */
enum session_step login_serve(struct connection *c, const struct pop3_server_event *e);
/* Tells auth, if it was asked, that nobody waits for its answer. */
void login_cancel(struct connection *c);
/* Messages of auth and store; false: against the contract. They drive the connection. */
bool login_auth_message(struct front *f, const struct ipc_message *m);
bool login_opened(struct front *f, uint32_t store, const struct ipc_message *m);
bool login_listing(struct front *f, const struct ipc_message *m);
bool login_refused(struct front *f, const struct ipc_message *m, bool by_store);
/* Auth is being restarted: nothing is read of those who have not logged in. */
bool login_awaits_auth(const struct connection *c);
void login_auth_gone(struct front *f);
/* Auth is there again, or was waited for too long: on with those who waited. */
void login_auth_back(struct front *f);
/* Tells a new auth process of the sessions that live. */
void login_tell_held(struct front *f);

/* front_session.c */
/* One event of the machine, served; what it needs from the outside is asked for. */
enum session_step session_serve(struct connection *c, const struct pop3_server_event *e);
/* False: against the contract. It drives the connection. */
bool session_store_message(struct front *f, uint32_t store, const struct ipc_message *m);
/* A store is gone: sessions that live in it are ended. */
void session_store_gone(struct front *f, uint32_t store);
/* The connection ends: whoever holds something for it is told, and the log. */
void session_over(struct connection *c);
/* The body was sent to its last octet. */
void session_body_sent(struct connection *c);
/* It cannot be read to its end; the connection will be reset (S44). */
void session_body_broken(struct connection *c);
/* A log line about a connection: its event and address. */
void session_log(struct log_line *l, struct connection *c, enum log_level level, const char *event);
/* A message that names the session and nothing else. */
void session_tell(struct connection *c, struct peer *p, enum ipc_type type);
struct peer *session_store(struct connection *c);
struct slice session_uidl(const void *context, uint32_t i);

/* front_body.c */
/* From BLOB; NULL: no memory (descriptor and data are not taken over). */
struct body *body_new(const struct ipc_message *m, struct ipc_reader *r);
void body_free(struct body *b);
void body_begin(struct body *b, bool is_top, uint64_t lines);
enum body_step body_step(struct body *b, struct connection *c, struct buf *out);

#endif
