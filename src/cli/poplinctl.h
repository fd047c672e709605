/* poplinctl: the operator's tool. One file a sub-command; each gets its own argv, the name of the
 * sub-command first, and returns an exit code of sysexits.h. */
#ifndef POPLIN_CLI_POPLINCTL_H
#define POPLIN_CLI_POPLINCTL_H

#include "base/limits.h"
#include "base/slice.h"
#include "base/status.h"

int poplinctl_config(int argc, char **argv);
int poplinctl_pw(int argc, char **argv);
int poplinctl_user(int argc, char **argv);

/* A password, from the terminal (asked for twice, without echo) or else from the next line of
 * standard input. `whose` is for the prompt, empty for none. The caller wipes it. On failure a
 * message was written to standard error. */
struct poplinctl_password {
    char octets[LIMIT_PASSWORD + 2];
    size_t size;
};
enum status poplinctl_password_read(struct poplinctl_password *p, struct slice whose);

/* A fresh secret for a password that was read so; with a message on failure. */
enum status poplinctl_secret_make(const char *scheme, struct slice whose, char *secret);

/* "poplinctl: " and the message, to standard error. */
void poplinctl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
