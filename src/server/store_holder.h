/* store_holder: within one store process, who has a drop's lock and who waits for it, in order.
 * Across processes the lock itself is the kernel's (store.h). */
#ifndef POPLIN_SERVER_STORE_HOLDER_H
#define POPLIN_SERVER_STORE_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* A field of its session. */
struct claim {
    const char *path;   /* borrowed, lives as long as the claim */
    struct claim *next; /* who waits behind */
    struct holder *holder;
};

struct holder;
struct holders;

/* NULL: no memory. */
struct holders *holders_new(void);

/* True: nobody has it; it is the claim's now. False: it waits behind *owner; or NULL when there
 * was no memory to remember it. */
bool holders_claim(struct holders *h, struct claim *c, struct claim **owner);
/* Gives up: holder or waiter. Returns the one that has it now and did not before, or NULL. */
struct claim *holders_leave(struct holders *h, struct claim *c);

#endif
