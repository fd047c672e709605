#include "client/account_terminal.h"

#include "base/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void note_signal(int signal_number)
{
    caught = signal_number;
}

/* Signals come only while it waits, with this mask: one that came just before would not end it. */
static enum status read_line(int fd, const sigset_t *waiting, char *out, size_t size)
{
    size_t n = 0;
    char c;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got = ppoll(&p, 1, NULL, waiting) < 0 ? -1 : read(fd, &c, 1);
        if (got < 0 && errno == EINTR && !caught)
            continue;
        if (got < 0 || caught)
            return caught ? STATUS_CLOSED : STATUS_IO;
        if (got == 0 && n == 0)
            return STATUS_CLOSED;
        if (got == 0 || c == '\n')
            break;
        if (n + 1 == size)
            return STATUS_TOO_LARGE;
        out[n++] = c;
    }
    out[n] = '\0';
    return STATUS_OK;
}

struct prompt {
    const char *user, *host; /* NULL: not said */
};

/* "Password of ann at pop.example.org: " */
static void put_prompt(int fd, const struct prompt *p)
{
    char memory[2048];
    struct buf prompt = buf_over(memory, sizeof memory);
    (void)buf_put_str(&prompt, "Password");
    if (p->user != NULL) {
        (void)buf_put_str(&prompt, " of ");
        (void)escape_plain(&prompt, slice_str(p->user), 254);
    }
    if (p->host != NULL) {
        (void)buf_put_str(&prompt, " at ");
        (void)escape_plain(&prompt, slice_str(p->host), 254);
    }
    (void)buf_put_str(&prompt, ": ");
    ssize_t ignored = write(fd, prompt.data, prompt.size);
    (void)ignored;
}

enum { SIGNALS = 5 };
static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

/* Nothing is asked before the terminal is quiet: what is typed earlier is shown, and then lost. */
static enum status read_quietly(int fd, const struct prompt *prompt, char *out, size_t size)
{
    struct termios loud, quiet;
    struct sigaction before[SIGNALS], noted = {.sa_handler = note_signal};
    if (tcgetattr(fd, &loud) < 0)
        return STATUS_UNSUPPORTED;
    sigset_t blocked, waiting;
    sigemptyset(&blocked);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&blocked, signals[i]);
    sigprocmask(SIG_BLOCK, &blocked, &waiting);
    quiet = loud;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    quiet.c_lflag |= ICANON | ISIG;
    caught = 0;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &noted, &before[i]);
    tcsetattr(fd, TCSAFLUSH, &quiet);
    put_prompt(fd, prompt);
    enum status s = read_line(fd, &waiting, out, size);
    tcsetattr(fd, TCSAFLUSH, &loud);
    ssize_t ignored = write(fd, "\n", 1);
    (void)ignored;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    sigprocmask(SIG_SETMASK, &waiting, NULL);
    if (caught)
        raise(caught);
    return s;
}

enum status account_terminal_ask(const char *user, const char *host, char *out, size_t size,
                                 char why[200])
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    enum status s = STATUS_UNSUPPORTED;
    if (fd >= 0) {
        s = read_quietly(fd, &(struct prompt){user, host}, out, size);
        close(fd);
    }
    if (s == STATUS_UNSUPPORTED)
        (void)snprintf(why, 200,
                       "no terminal to ask for the password on; say passwordeval COMMAND "
                       "or password file:PATH in the account");
    else if (s == STATUS_TOO_LARGE)
        (void)snprintf(why, 200, "the password is longer than %zu octets", size - 1);
    else if (s != STATUS_OK)
        (void)snprintf(why, 200, "no password was given");
    return s;
}

bool account_terminal_confirm(const char *question)
{
    char answer[16] = "";
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    caught = 0;
    ssize_t sent = write(fd, question, strlen(question));
    enum status s = sent > 0 ? read_line(fd, NULL, answer, sizeof answer) : STATUS_IO;
    close(fd);
    return s == STATUS_OK && (slice_equal_nocase(slice_str(answer), SLICE("y")) ||
                              slice_equal_nocase(slice_str(answer), SLICE("yes")));
}
