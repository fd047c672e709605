#include "client/account_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* OK: there is something to read, or the end. `deadline` 0: none. */
static enum status wait_for(int fd, uint64_t deadline)
{
    for (;;) {
        uint64_t now = now_ms();
        if (deadline != 0 && now >= deadline)
            return STATUS_TIMEOUT;
        uint64_t left = deadline - now;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, deadline == 0 ? -1 : left > 60000 ? 60000 : (int)left);
        if (n > 0)
            return STATUS_OK;
        if (n < 0 && errno != EINTR)
            return STATUS_IO;
    }
}

static enum status read_octet(int fd, uint64_t deadline, char *c)
{
    for (;;) {
        enum status s = wait_for(fd, deadline);
        if (s != STATUS_OK)
            return s;
        ssize_t n = read(fd, c, 1);
        if (n == 1)
            return STATUS_OK;
        if (n == 0)
            return STATUS_CLOSED;
        if (errno != EINTR && errno != EAGAIN)
            return STATUS_IO;
    }
}

static enum status read_line(int fd, uint64_t deadline, char *out, size_t size)
{
    size_t n = 0;
    char c;
    enum status s;
    while ((s = read_octet(fd, deadline, &c)) == STATUS_OK && c != '\n') {
        if (c == '\0')
            return STATUS_MALFORMED;
        if (n + 1 == size)
            return STATUS_TOO_LARGE;
        out[n++] = c;
    }
    if (s != STATUS_OK && (s != STATUS_CLOSED || n == 0))
        return s;
    if (n > 0 && out[n - 1] == '\r')
        n--;
    out[n] = '\0';
    return STATUS_OK;
}

enum status account_line_read(int fd, uint64_t timeout, char *out, size_t size)
{
    return read_line(fd, timeout == 0 ? 0 : now_ms() + timeout, out, size);
}

static void tell(char why[200], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(char why[200], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, 200, format, args);
    va_end(args);
}

/* The child has the signals of a fresh program, whatever the event loop holds back. */
static int spawn(const char *command, int output, pid_t *pid)
{
    char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (error == 0)
            error = posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* What comes after the line is read over, lest the command fails for having nobody to write to. */
static enum status drain(int fd, uint64_t deadline)
{
    char rest[512];
    for (;;) {
        enum status s = wait_for(fd, deadline);
        if (s != STATUS_OK)
            return s;
        ssize_t n = read(fd, rest, sizeof rest);
        explicit_bzero(rest, sizeof rest);
        if (n == 0)
            return STATUS_OK;
        if (n < 0 && errno != EINTR)
            return STATUS_IO;
    }
}

/* Its end, or else our end of it. */
static enum status await_end(pid_t pid, uint64_t deadline, int *result)
{
    int fd = pidfd_open(pid, 0);
    enum status s = fd < 0 ? STATUS_IO : wait_for(fd, deadline);
    if (fd >= 0)
        close(fd);
    if (s != STATUS_OK)
        kill(pid, SIGKILL);
    while (waitpid(pid, result, 0) < 0) {
        if (errno != EINTR) {
            *result = 0; /* somebody else's handler took it: what it printed decides */
            break;
        }
    }
    return s;
}

static enum status judge(enum status s, int result, const char *what, uint64_t timeout,
                         char why[200])
{
    if (s == STATUS_TIMEOUT)
        tell(why,
             "%s: the command took longer than %llu s and was ended; raise timeout, or run it "
             "by hand to see what it waits for",
             what, (unsigned long long)(timeout / 1000));
    else if (s == STATUS_TOO_LARGE)
        tell(why, "%s: the first line that the command printed is too long", what);
    else if (s == STATUS_MALFORMED)
        tell(why, "%s: the command printed a NUL octet", what);
    else if (WIFSIGNALED(result))
        tell(why, "%s: the command was ended by signal %d", what, WTERMSIG(result));
    else if (WEXITSTATUS(result) != 0)
        tell(why, "%s: the command failed with exit code %d; run it by hand", what,
             WEXITSTATUS(result));
    else if (s == STATUS_CLOSED)
        tell(why, "%s: the command printed nothing", what);
    else if (s != STATUS_OK)
        tell(why, "%s: reading from the command failed", what);
    else
        return STATUS_OK;
    return s == STATUS_OK || s == STATUS_CLOSED ? STATUS_PERMANENT : s;
}

static enum status read_from(int fd, pid_t pid, uint64_t deadline, char *out, size_t size,
                             int *result)
{
    enum status s = read_line(fd, deadline, out, size);
    enum status rest = s == STATUS_OK ? drain(fd, deadline) : s;
    bool is_over = rest == STATUS_OK || rest == STATUS_CLOSED;
    if (!is_over)
        kill(pid, SIGKILL);
    enum status end = await_end(pid, deadline, result);
    if (s != STATUS_OK)
        return s == STATUS_CLOSED && end != STATUS_OK ? end : s;
    return rest != STATUS_OK ? rest : end;
}

enum status account_command_run(const char *what, const char *command, uint64_t timeout, char *out,
                                size_t size, char why[200])
{
    int pipes[2], result = 0;
    pid_t pid;
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        tell(why, "%s: %s", what, strerrordesc_np(errno));
        return STATUS_NO_MEMORY;
    }
    int error = spawn(command, pipes[1], &pid);
    close(pipes[1]);
    enum status s = STATUS_PERMANENT;
    if (error != 0) {
        tell(why, "%s: /bin/sh cannot be run: %s", what, strerrordesc_np(error));
    } else {
        uint64_t deadline = timeout == 0 ? 0 : now_ms() + timeout;
        s = read_from(pipes[0], pid, deadline, out, size, &result);
        s = judge(s, result, what, timeout, why);
    }
    close(pipes[0]);
    if (s != STATUS_OK)
        explicit_bzero(out, size);
    return s;
}
