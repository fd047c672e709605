#include "auth/auth_hash.h"
#include "base/buf.h"
#include "base/escape.h"
#include "cli/poplinctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void note_signal(int signal_number)
{
    caught = signal_number;
}

/* Octet by octet, so that nothing of the password stays in a buffer of the C library and what
 * stands behind the line is left for the next. */
static enum status read_line(struct poplinctl_password *p)
{
    char c;
    p->size = 0;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR && !caught)
            continue;
        if (n < 0)
            return caught ? STATUS_CLOSED : STATUS_IO;
        if (n == 0 && p->size == 0)
            return STATUS_CLOSED;
        if (n == 0 || c == '\n')
            return STATUS_OK;
        if (p->size == LIMIT_PASSWORD)
            return STATUS_TOO_LARGE;
        p->octets[p->size++] = c;
    }
}

enum { SIGNALS = 4 };
static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/* Echo is off while the line is read and on again whatever happens; a signal waits for that. */
static enum status read_quietly(struct poplinctl_password *p, const char *prompt)
{
    struct termios loud, quiet;
    struct sigaction before[SIGNALS], noted = {.sa_handler = note_signal};
    if (tcgetattr(STDIN_FILENO, &loud) < 0)
        return STATUS_IO;
    quiet = loud;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    caught = 0;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &noted, &before[i]);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    fputs(prompt, stderr);
    fflush(stderr);
    enum status status = read_line(p);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &loud);
    fputc('\n', stderr);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    if (caught)
        raise(caught);
    return status;
}

static enum status read_twice(struct poplinctl_password *p, struct slice whose)
{
    static struct poplinctl_password again;
    char memory[LIMIT_USER_NAME * 4 + 40];
    struct buf prompt = buf_over(memory, sizeof memory - 1);
    buf_put_str(&prompt, "Password");
    if (whose.size > 0) {
        buf_put_str(&prompt, " of ");
        escape_plain(&prompt, whose, LIMIT_USER_NAME);
    }
    buf_put_str(&prompt, ": ");
    memory[prompt.size] = '\0';
    enum status status = read_quietly(p, memory);
    if (status == STATUS_OK)
        status = read_quietly(&again, "The same again: ");
    if (status == STATUS_OK &&
        !slice_equal(slice_of(p->octets, p->size), slice_of(again.octets, again.size)))
        status = STATUS_DENIED;
    explicit_bzero(&again, sizeof again);
    return status;
}

enum status poplinctl_password_read(struct poplinctl_password *p, struct slice whose)
{
    enum status status = isatty(STDIN_FILENO) ? read_twice(p, whose) : read_line(p);
    if (status == STATUS_OK && p->size == 0) {
        poplinctl_complain("an empty password never logs in");
        status = STATUS_MALFORMED;
    } else if (status == STATUS_DENIED) {
        poplinctl_complain("the two passwords are not the same");
        status = STATUS_MALFORMED;
    } else if (status == STATUS_TOO_LARGE) {
        poplinctl_complain("a password has at most %d octets", LIMIT_PASSWORD);
    } else if (status != STATUS_OK) {
        poplinctl_complain("no password was given");
        status = STATUS_MALFORMED;
    }
    if (status != STATUS_OK)
        explicit_bzero(p, sizeof *p);
    return status;
}

enum status poplinctl_secret_make(const char *scheme, struct slice whose, char *secret)
{
    static struct poplinctl_password p;
    enum status status = poplinctl_password_read(&p, whose);
    if (status != STATUS_OK)
        return status;
    status = auth_hash_make(scheme, slice_of(p.octets, p.size), secret);
    explicit_bzero(&p, sizeof p);
    if (status == STATUS_MALFORMED)
        poplinctl_complain("%s cannot hold that password (too long, or with an octet that the "
                           "user file cannot hold)",
                           scheme);
    else if (status != STATUS_OK)
        poplinctl_complain("cannot make a hash: %s", status_text(status));
    return status;
}
