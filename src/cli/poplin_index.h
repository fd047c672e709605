/* poplin_index: what was fetched is made ready to be listed and found. */
#ifndef POPLIN_CLI_POPLIN_INDEX_H
#define POPLIN_CLI_POPLIN_INDEX_H

#include "client/account.h"

/* Reads the newest `messages` messages into the index, in a process of its own: whatever hostile
 * mail does to it, the fetch has ended well before. Waits for it, some seconds at most. What is
 * left, and all of it when a fetch brought very many, is done by who lists or searches. To be
 * called when the state is closed. */
void poplin_index_fetched(const struct account_set *accounts, uint64_t messages);

#endif
