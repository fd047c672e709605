/* lib_client: what the blocking client's files share: a dialogue over a loop of its own, which runs
 * until the answer to the one call under way is there.
 *
 *   lib_client.c          the handle, running a call, its end
 *   lib_client_connect.c  from the URL and the options to the dialogue; the login
 *   lib_client_command.c  commands and what comes back */
#ifndef POPLIN_LIB_LIB_CLIENT_H
#define POPLIN_LIB_LIB_CLIENT_H

#include "client/dialogue.h"
#include "lib/lib.h"
#include "poplin/client.h"

enum { LIB_CLIENT_UID = 1024 }; /* octets of the longest unique-id that is given, with its NUL */

/* What is asked of the server, and where the answer goes. */
struct lib_client_call {
    void (*start)(struct poplin_client *c); /* from the loop; NULL: begun already */
    enum pop3_verb verb;
    uint32_t number;
    uint64_t lines;
    poplin_client_line_fn line;
    poplin_client_list_fn list;
    poplin_client_uidl_fn uidl;
    poplin_client_data_fn data;
    void *context;
    struct slice user, password, token;
};

struct poplin_client {
    struct event_loop *loop;
    struct event_timer go;
    struct account account;
    struct tls_context *tls;
    struct dialogue *dialogue; /* NULL: no session */
    struct lib_client_call call;
    bool is_ready, is_logged_in;
    bool is_running; /* a call waits for its answer: callbacks may not make another */
    struct pop3_stat stat;
    bool has_deleted; /* from then on STAT counts less than there are numbers */
    bool knows_count; /* of messages, from a STAT before that */
    uint32_t count;
    struct pop3_row_set rows;
    uint32_t faulty_rows;
    struct failure failure; /* of the session: stays until the next connect */
    bool is_over;
    struct failure refusal; /* of the call */
    char mechanism[32], tls_version[16], greeting[200];
    void *trace_context;
    void (*trace)(void *context, bool from_server, const char *line, size_t size);
    enum poplin_client_error error; /* of the last call */
    char text[FAILURE_TEXT];
};

/* The call is answered. */
void lib_client_done(struct poplin_client *c);
/* Runs a call to its end. */
enum poplin_client_error lib_client_run(struct poplin_client *c,
                                        const struct lib_client_call *call);
/* Runs it if there is a session. */
enum poplin_client_error lib_client_ask(struct poplin_client *c,
                                        const struct lib_client_call *call);
/* The call makes no sense: nothing is sent. */
enum poplin_client_error lib_client_misuse(struct poplin_client *c, const char *text);
enum poplin_client_error lib_client_fail(struct poplin_client *c, const struct failure *why);
/* Forgets the session. */
void lib_client_close(struct poplin_client *c);

/* lib_client_command.c: an event of the dialogue. */
void lib_client_event(struct poplin_client *c, const struct pop3_client_event *e);

#endif
