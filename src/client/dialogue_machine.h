/* dialogue_machine: what dialogue's own files share. */
#ifndef POPLIN_CLIENT_DIALOGUE_MACHINE_H
#define POPLIN_CLIENT_DIALOGUE_MACHINE_H

#include "client/dialogue.h"
#include "net/net_connect.h"
#include "sasl/sasl_client.h"

enum dialogue_phase {
    PHASE_CONNECT,
    PHASE_HANDSHAKE,
    PHASE_GREETING,
    PHASE_CAPA, /* before login */
    PHASE_STLS,
    PHASE_AUTH, /* SASL */
    PHASE_USER,
    PHASE_PASS,
    PHASE_CAPA_AFTER, /* C04 */
    PHASE_READY,
    PHASE_QUIT,
    PHASE_OVER,
};

struct dialogue {
    struct event_loop *loop;
    const struct account *account;
    struct dialogue_options options;
    struct net_connect *connecting;
    struct event_source source;     /* descriptor -1: not connected */
    struct event_timer timer;       /* of the step */
    uint64_t step_octets;           /* that came since it was set */
    uint64_t last_input, last_look; /* when octets came; when they were looked for */
    struct event_timer soon;        /* connects, reads on, or tells `over`, from the loop */
    struct tls_connection *tls;
    bool is_secure; /* TLS is up */
    bool is_loopback;
    bool without_capa; /* the server closed on CAPA once: it is not asked again */
    bool capa_begun;   /* a cut now is one, and no refusal of CAPA */
    bool told_over;
    enum dialogue_phase phase;
    struct failure why;
    struct pop3_client machine;
    struct sasl_client sasl;
    struct sasl_credentials credentials;
    unsigned char binding[32], nonce[24];
    unsigned sasl_rounds;
    const char *mechanism;
    bool sent_initial; /* the mechanism's first response went with AUTH */
    bool in_two_steps; /* the server closed on a token in one line once: it goes in two from now */
    char greeting[200];
    char stamp[256]; /* the greeting's APOP stamp; empty: none */
    char line[POP3_CLIENT_LINE_MAX];
    struct pop3_awaited awaited[DIALOGUE_PIPELINE_MAX];
    struct buf out;
    char out_memory[DIALOGUE_OUT];
    char in[DIALOGUE_IN];
};

/* dialogue_login.c: the greeting came, or TLS is up: what is next. */
void dialogue_login_begin(struct dialogue *d);
/* An event before `ready`. */
void dialogue_login_event(struct dialogue *d, const struct pop3_client_event *e);
/* The server closed, and a token may go in two steps over another connection. */
bool dialogue_wants_two_steps(const struct dialogue *d);

/* dialogue_trace.c: for -v. Lines as they were sent, secrets masked. */
void dialogue_trace(struct dialogue *d, bool from_server, struct slice octets);
/* What the server said once `ready`: replies and rows; of a message only how long it was. */
void dialogue_trace_event(struct dialogue *d, const struct pop3_client_event *e);

/* dialogue.c */
void dialogue_fail(struct dialogue *d, enum failure_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void dialogue_refused(struct dialogue *d, const struct pop3_reply *reply, bool is_login,
                      const char *doing);
/* The time of a step begins now. */
void dialogue_limit_step(struct dialogue *d);
/* TLS over the connection; the greeting, or CAPA, follows. */
void dialogue_shake_hands(struct dialogue *d);
void dialogue_become_ready(struct dialogue *d);
const char *dialogue_host(const struct dialogue *d);

#endif
