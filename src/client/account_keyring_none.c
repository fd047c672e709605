#include "client/account_keyring.h"

#include <stdio.h>

enum status account_keyring_find(const char *host, const char *user, char *out, size_t size,
                                 char why[200])
{
    (void)host;
    (void)user;
    (void)out;
    (void)size;
    (void)snprintf(why, 200,
                   "this Poplin was built without the desktop's keyring; passwordeval with "
                   "secret-tool lookup does the same");
    return STATUS_UNSUPPORTED;
}
