/* auth_login: the logins of the auth process, from BEGIN to the word that store gets; for
 * auth_login.c and auth_process.c only. */
#ifndef POPLIN_SERVER_AUTH_LOGIN_H
#define POPLIN_SERVER_AUTH_LOGIN_H

#include "auth/auth.h"
#include "sasl/sasl.h"
#include "server/peer.h"
#include "server/session_map.h"

enum {
    AUTH_FRONTS_MAX = 256,
    AUTH_STORES_MAX = 64,
    AUTH_FRONT_SHIFT = 56,
    AUTH_NO_STORE = UINT32_MAX,
    AUTH_BINDINGS_MAX = 32 + 64, /* octets of both channel bindings */
    AUTH_STORE_PATIENCE =
        3000, /* ms that a proved login waits for a store that is being restarted */
};

/* A login under way (exchange is there), one that waits for its store (open_message is), or a
 * session that lives. */
struct login {
    struct session_entry entry;
    struct sockaddr_storage remote;
    bool tls, checking;
    struct sasl_exchange *exchange;
    struct auth_verifier *verifier; /* of an exchange that proves by itself */
    struct sasl_bindings bindings;
    char binding_octets[AUTH_BINDINGS_MAX];
    uint32_t store; /* it was sent to, or waits for */
    char *open_message;
    size_t open_size;
    struct login *next_waiting;
};

struct auth_process {
    struct child child;
    struct auth *auth;
    struct event_source decisions;
    struct event_timer timer, patience;
    struct login *waiting; /* for a store */
    struct session_map logins;
    char *first_users; /* came before START: kept until there is an auth to read them */
    size_t first_users_size;
    struct peer fronts[AUTH_FRONTS_MAX];
    struct peer stores[AUTH_STORES_MAX];
};

static inline struct auth_process *auth_process_of(struct child *c)
{
    return (struct auth_process *)c; /* the first field */
}

/* What a front sent; false: against the table. */
bool auth_login_message(struct peer *p, const struct ipc_message *m);
/* A session_map visitor: the front of this login is gone. `context` is the process. */
void auth_login_end(struct session_entry *e, void *context);
/* The store of this login is gone: its front hears REFUSED, the session that was counted is over.
 */
void auth_login_give_up(struct auth_process *a, struct login *l);

void auth_login_decisions_ready(struct event_source *source, uint32_t events);
void auth_login_timer_fired(struct event_timer *timer, uint64_t now);
void auth_login_patience_over(struct event_timer *timer, uint64_t now);

#endif
