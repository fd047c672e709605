/* account_edit: changes to the configuration file that leave everything else in it as it stands,
 * comments too. The new file is checked before it takes the old one's place, in one step, with mode
 * 0600; through a symbolic link it is the file behind it that changes. */
#ifndef POPLIN_CLIENT_ACCOUNT_EDIT_H
#define POPLIN_CLIENT_ACCOUNT_EDIT_H

#include "client/account.h"

/* Appends an account, into a new file where there is none. EXISTS: the name is taken; MALFORMED:
 * the file, or the account, is not right; DENIED, IO as account_set_read. Faults are in `errors`.
 */
enum status account_edit_add(const char *path, const struct account *a,
                             struct config_errors *errors);
/* Takes an account's block out. NOT_FOUND: no such account, or no file. */
enum status account_edit_remove(const char *path, const char *name, struct config_errors *errors);

/* The octets of an account's block within a text that parses, its whole lines where nothing else
 * stands on them. False: no such account. */
bool account_edit_find(struct slice text, const char *name, size_t *begin, size_t *end);

#endif
