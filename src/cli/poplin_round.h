/* poplin_round: one run over some accounts of the configuration, for `poplin watch`. */
#ifndef POPLIN_CLI_POPLIN_ROUND_H
#define POPLIN_CLI_POPLIN_ROUND_H

#include "client/failure.h"

struct poplin_round {
    void *context;
    /* Asked of every account of the configuration, which is read anew each round. */
    bool (*wanted)(void *context, const char *account);
    /* Told of every account that was wanted, once; kind NONE: all went well. */
    void (*done)(void *context, const char *account, uint64_t fetched, const struct failure *why);
    bool json, verbose;
    bool stopped; /* afterwards: SIGINT or SIGTERM came */
};

/* The exit code of the worst. SIGINT and SIGTERM are blocked when it returns. */
int poplin_round_run(struct poplin_round *round);

#endif
