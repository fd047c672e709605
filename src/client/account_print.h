/* account_print: accounts as text that the parser reads back to the same. */
#ifndef POPLIN_CLIENT_ACCOUNT_PRINT_H
#define POPLIN_CLIENT_ACCOUNT_PRINT_H

#include "client/account.h"

#include <stdio.h>

/* One block; `only_changed` leaves out what equals its default. No secret stands in it: commands
 * and paths do. */
void account_print(const struct account *a, bool only_changed, FILE *out);

/* `server` as a URL, with the port where it is not the usual one. */
void account_print_server(const struct account *a, FILE *out);

/* A whole file, everything said; malloc'd, NUL-ended; NULL: no memory. */
char *account_set_print(const struct account_set *s);

#endif
