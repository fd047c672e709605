/* poplin init's own: the account that is being made, and how its server is found. */
#ifndef POPLIN_CLI_POPLIN_INIT_H
#define POPLIN_CLI_POPLIN_INIT_H

#include "client/account_presets.h"
#include "client/account_probe.h"

struct init {
    const char *address; /* ann@example.org */
    const char *domain;  /* within it */
    const char *server;  /* a URL that was given; NULL: to be found */
    const char *maildir;
    bool without_test;
    struct account account;
    const struct account_preset *preset; /* NULL: not a known provider */
    char password[LIMIT_PASSWORD + 1], token[8192];
    struct account_probe probe;
};

/* Fills the account's host, port and tls; tells what it tries. An exit code; 0: found. */
int poplin_init_server(struct init *i);

#endif
