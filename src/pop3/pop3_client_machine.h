/* The inside of pop3_client: what its files share. Nobody else includes it. */
#ifndef POPLIN_POP3_CLIENT_MACHINE_H
#define POPLIN_POP3_CLIENT_MACHINE_H

#include "pop3/pop3_client.h"

enum pop3_client_state {
    POP3_CLIENT_AT_GREETING,
    POP3_CLIENT_AT_FIRST_LINE, /* of a reply, or of nothing while none is owed */
    POP3_CLIENT_IN_ROWS,
    POP3_CLIENT_IN_MESSAGE,
    POP3_CLIENT_IN_HANDSHAKE,
    POP3_CLIENT_ENDED,
    POP3_CLIENT_BROKEN,
};

/* The i-th of the replies owed; i may be awaited_count, the place of the next. */
static inline struct pop3_awaited *pop3_client_awaited(const struct pop3_client *c, uint32_t i)
{
    return &c->awaited[(c->awaited_first + i) % c->awaited_capacity];
}

static inline bool pop3_awaited_is_dialogue(const struct pop3_awaited *a)
{
    return a->verb == POP3_VERB_AUTH && a->has_argument;
}

#endif
