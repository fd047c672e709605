#include "client/account.h"
#include "client/account_command.h"
#include "client/account_keyring.h"
#include "client/account_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell(char why[200], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(char why[200], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, 200, format, args);
    va_end(args);
}

/* A pipe (`--password-file <(command)`) is its maker's business; a file must be nobody else's. */
static enum status check_file(int fd, const char *path, char why[200])
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        tell(why, "%.120s: %s", path, strerrordesc_np(errno));
        return STATUS_IO;
    }
    if (S_ISDIR(st.st_mode)) {
        tell(why, "%.120s is a folder, not a file with a password", path);
        return STATUS_DENIED;
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
        tell(why, "%.120s: others may read this password; chmod 600 it", path);
        return STATUS_DENIED;
    }
    return STATUS_OK;
}

static enum status from_file(const char *path, const struct account *a, char *out, size_t size,
                             char why[200])
{
    /* Without waiting, for a pipe may have no writer yet: account_line_read waits, but not long. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        enum status s = status_from_errno(errno);
        tell(why, "%.120s: %s; it should hold the password in its first line", path,
             strerrordesc_np(errno));
        return s;
    }
    enum status s = check_file(fd, path, why);
    if (s == STATUS_OK) {
        s = account_line_read(fd, a->timeout, out, size);
        if (s == STATUS_TIMEOUT)
            tell(why, "%.120s: nothing came for %llu s", path,
                 (unsigned long long)(a->timeout / 1000));
        else if (s == STATUS_TOO_LARGE)
            tell(why, "%.120s: the first line is longer than %zu octets", path, size - 1);
        else if (s != STATUS_OK)
            tell(why, "%.120s cannot be read: %s", path, status_text(s));
    }
    close(fd);
    return s;
}

static enum status from_keyring(const struct account *a, char *out, size_t size, char why[200])
{
    if (a->host == NULL || a->user == NULL) {
        tell(why, "the keyring needs a server and a user to look for");
        return STATUS_UNSUPPORTED;
    }
    return account_keyring_find(a->host, a->user, out, size, why);
}

static enum status obtain(const struct account *a, char *out, size_t size, char why[200])
{
    switch (a->secret) {
    case ACCOUNT_SECRET_EVAL:
        return account_command_run("passwordeval", a->secret_text, a->timeout, out, size, why);
    case ACCOUNT_SECRET_FILE:
        return from_file(a->secret_text, a, out, size, why);
    case ACCOUNT_SECRET_KEYRING:
        return from_keyring(a, out, size, why);
    case ACCOUNT_SECRET_ASK:
        break;
    }
    return account_terminal_ask(a->user, a->host, out, size, why);
}

enum status account_password(const struct account *a, char *out, size_t size, char why[200])
{
    why[0] = '\0';
    enum status s = obtain(a, out, size, why);
    if (s == STATUS_OK && out[0] == '\0') {
        tell(why, "the password is empty");
        s = STATUS_MALFORMED;
    }
    if (s != STATUS_OK)
        explicit_bzero(out, size);
    return s;
}

enum status account_token(const struct account *a, char *out, size_t size, char why[200])
{
    enum status s = STATUS_NOT_FOUND;
    why[0] = '\0';
    if (a->token_eval == NULL)
        tell(why, "the account has no tokeneval");
    else
        s = account_command_run("tokeneval", a->token_eval, a->timeout, out, size, why);
    if (s == STATUS_OK && out[0] == '\0') {
        tell(why, "tokeneval: the command printed an empty line");
        s = STATUS_MALFORMED;
    }
    if (s != STATUS_OK)
        explicit_bzero(out, size);
    return s;
}
