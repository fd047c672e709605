#include "lib/lib.h"

#include "pop3/pop3_capabilities.h"
#include "pop3/pop3_client.h"
#include "pop3/pop3_server.h"
#include "poplin/pop3.h"

/* The public numbers are promised for good; where a floor's change would move one, this does not
 * compile, and the public side needs a table of its own. */
#define SAME(public_name, own) _Static_assert((int)(public_name) == (int)(own), #public_name)

SAME(POPLIN_OK, STATUS_OK);
SAME(POPLIN_AGAIN, STATUS_AGAIN);
SAME(POPLIN_CLOSED, STATUS_CLOSED);
SAME(POPLIN_TIMEOUT, STATUS_TIMEOUT);
SAME(POPLIN_MALFORMED, STATUS_MALFORMED);
SAME(POPLIN_TOO_LARGE, STATUS_TOO_LARGE);
SAME(POPLIN_NO_MEMORY, STATUS_NO_MEMORY);
SAME(POPLIN_NOT_FOUND, STATUS_NOT_FOUND);
SAME(POPLIN_EXISTS, STATUS_EXISTS);
SAME(POPLIN_IN_USE, STATUS_IN_USE);
SAME(POPLIN_DENIED, STATUS_DENIED);
SAME(POPLIN_LIMIT, STATUS_LIMIT);
SAME(POPLIN_TEMPORARY, STATUS_TEMPORARY);
SAME(POPLIN_PERMANENT, STATUS_PERMANENT);
SAME(POPLIN_IO, STATUS_IO);
SAME(POPLIN_CORRUPT, STATUS_CORRUPT);
SAME(POPLIN_UNSUPPORTED, STATUS_UNSUPPORTED);

#define SAME_VERB(name) SAME(POPLIN_POP3_##name, POP3_VERB_##name + 1)
SAME_VERB(USER);
SAME_VERB(PASS);
SAME_VERB(AUTH);
SAME_VERB(STLS);
SAME_VERB(UTF8);
SAME_VERB(STAT);
SAME_VERB(LIST);
SAME_VERB(UIDL);
SAME_VERB(RETR);
SAME_VERB(TOP);
SAME_VERB(DELE);
SAME_VERB(RSET);
SAME_VERB(NOOP);
SAME_VERB(CAPA);
SAME_VERB(LANG);
SAME_VERB(QUIT);

#define SAME_EVENT(name) SAME(POPLIN_POP3_CLIENT_##name, POP3_CLIENT_##name)
SAME_EVENT(WANT_INPUT);
SAME_EVENT(GREETING);
SAME_EVENT(REPLY);
SAME_EVENT(ROW);
SAME_EVENT(DATA);
SAME_EVENT(END);
SAME_EVENT(CONTINUE);
SAME_EVENT(STLS_READY);
SAME_EVENT(PROTOCOL_ERROR);
SAME(POPLIN_POP3_ANSWER_OK, POP3_OK);
SAME(POPLIN_POP3_ANSWER_ERR, POP3_ERR);
SAME(POPLIN_POP3_ANSWER_CONTINUE, POP3_CONTINUE);

#define SAME_FAULT(name) SAME(POPLIN_POP3_FAULT_##name, POP3_FAULT_##name)
SAME_FAULT(NONE);
SAME_FAULT(NUMBER);
SAME_FAULT(ZERO);
SAME_FAULT(RANGE);
SAME_FAULT(TWICE);
SAME_FAULT(OTHER);
SAME_FAULT(SIZE);
SAME_FAULT(UID);
SAME_FAULT(CUT);

#define SAME_HAS(name) SAME(POPLIN_POP3_HAS_##name, POP3_HAS_##name)
SAME_HAS(TOP);
SAME_HAS(USER);
SAME_HAS(SASL);
SAME_HAS(RESP_CODES);
SAME_HAS(AUTH_RESP_CODE);
SAME_HAS(LOGIN_DELAY);
SAME_HAS(PIPELINING);
SAME_HAS(EXPIRE);
SAME_HAS(UIDL);
SAME_HAS(STLS);
SAME_HAS(UTF8);
SAME_HAS(UTF8_USER);
SAME_HAS(LANG);
SAME_HAS(IMPLEMENTATION);

const char *poplin_status_text(enum poplin_status status)
{
    int s = (int)status;
    return s >= 0 && s < STATUS_COUNT ? status_text((enum status)s) : "unknown status";
}

const char *poplin_version(void)
{
    return POPLIN_VERSION;
}

const char *poplin_pop3_fault_text(enum poplin_pop3_fault fault)
{
    int f = (int)fault;
    return f >= 0 && f <= POP3_FAULT_CUT ? pop3_fault_text((enum pop3_fault)f) : "unknown fault";
}

void lib_sent(struct buf *out, size_t octets)
{
    size_t before = out->size;
    buf_consume(out, octets < before ? octets : before);
    explicit_bzero(out->data + out->size, before - out->size);
}
