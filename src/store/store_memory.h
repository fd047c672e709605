/* store_memory: maildrops in memory, the reference for every driver's contract and the store of
 * tests that want no disk. A drop exists once something was put into it; one that was never named
 * is empty. */
#ifndef POPLIN_STORE_STORE_MEMORY_H
#define POPLIN_STORE_STORE_MEMORY_H

#include "store/store.h"

/* Delivers a message to the drop at `path`, behind those that are there. `s` was made with driver
 * "memory". `uidl` is unique in the drop, 1 to LIMIT_UIDL octets of 0x21–0x7E. */
enum status store_memory_deliver(struct store *s, const char *path, struct slice uidl,
                                 struct slice stored);

/* Removes the message as another program would; false when there is none of that uidl. */
bool store_memory_vanish(struct store *s, const char *path, struct slice uidl);

/* Changes the message's octets behind the drop's back. */
enum status store_memory_alter(struct store *s, const char *path, struct slice uidl,
                               struct slice stored);

#endif
