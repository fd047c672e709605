/* account_keyring: the desktop's keyring (Secret Service), where it is built in; else a driver that
 * says so. meson.build takes one of the two sources. */
#ifndef POPLIN_CLIENT_ACCOUNT_KEYRING_H
#define POPLIN_CLIENT_ACCOUNT_KEYRING_H

#include "base/status.h"

#include <stddef.h>

/* The password that the keyring has for protocol pop3, this server and user: at most size - 1
 * octets and a NUL. UNSUPPORTED: not built in. NOT_FOUND: none is kept. TEMPORARY: no keyring, or
 * it stays locked. TOO_LARGE. `why` says what to do. */
enum status account_keyring_find(const char *host, const char *user, char *out, size_t size,
                                 char why[200]);

#endif
