/* poplin_open: what most sub-commands begin with: the accounts of the configuration and the
 * state of their messages. Each function prints what went wrong and returns an exit code. */
#ifndef POPLIN_CLI_POPLIN_OPEN_H
#define POPLIN_CLI_POPLIN_OPEN_H

#include "cli/poplin.h"
#include "client/account.h"
#include "client/state.h"

/* EX_OK: the caller wipes the set, which has `only` in it (NULL: at least one account). */
int poplin_open_accounts(struct account_set *set, const char *only);
/* EX_OK: the caller closes it. `json` is poplin_tell's. */
int poplin_open_state(struct state **out, bool json);

#endif
