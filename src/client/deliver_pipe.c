/* A program gets each message on its standard input, which is a file: it holds the whole message
 * before the program starts, so a cut connection or a killed run never gives it a part, and a
 * program that does not read blocks nobody. Its arguments go to it as they are, without a shell.
 * What it prints goes to standard error. */
#include "client/deliver_driver.h"
#include "client/deliver_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    PIPE_VARIABLES = 3,
    PIPE_VARIABLE_SIZE = 600,
    PIPE_TIMEOUT_MS = 60000,
    PIPE_GRACE_MS = 2000
};

struct pipe_target {
    struct delivery delivery;
    int spool;
    char **environment; /* ours and, in front of it, variables */
    char variables[PIPE_VARIABLES][PIPE_VARIABLE_SIZE];
};

static struct pipe_target *target_of(struct delivery *d)
{
    return (struct pipe_target *)d;
}

/* --- opening --- */

static bool is_said_here(const char *variable)
{
    return strncmp(variable, "POPLIN_", 7) == 0;
}

/* What came with the same names from outside is not passed on. */
static bool set_environment(struct pipe_target *t, const struct account *a)
{
    size_t count = 0, kept = PIPE_VARIABLES;
    while (environ && environ[count])
        count++;
    t->environment = calloc(count + PIPE_VARIABLES + 1, sizeof *t->environment);
    if (!t->environment)
        return false;
    snprintf(t->variables[0], PIPE_VARIABLE_SIZE, "POPLIN_ACCOUNT=%s", a->name ? a->name : "");
    snprintf(t->variables[1], PIPE_VARIABLE_SIZE, "POPLIN_USER=%s", a->user ? a->user : "");
    snprintf(t->variables[2], PIPE_VARIABLE_SIZE, "POPLIN_SERVER=%s", a->host ? a->host : "");
    for (size_t i = 0; i < PIPE_VARIABLES; i++)
        t->environment[i] = t->variables[i];
    for (size_t i = 0; i < count; i++) {
        if (!is_said_here(environ[i]))
            t->environment[kept++] = environ[i];
    }
    return true;
}

static enum status open_target(const struct account *a, struct delivery **out,
                               char why[DELIVER_WHY])
{
    if (!a->arguments[0] || a->arguments[0][0] == '\0') {
        snprintf(why, DELIVER_WHY, "deliver pipe needs a program");
        return STATUS_PERMANENT;
    }
    struct pipe_target *t = calloc(1, sizeof *t);
    if (!t || !set_environment(t, a)) {
        free(t);
        return STATUS_NO_MEMORY;
    }
    t->spool = -1;
    *out = &t->delivery;
    return STATUS_OK;
}

static void close_target(struct delivery *d)
{
    free(target_of(d)->environment);
    free(d);
}

/* --- a message --- */

static enum status begin(struct delivery *d, const struct deliver_message *m)
{
    struct pipe_target *t = target_of(d);
    t->spool = deliver_spool_open();
    return t->spool < 0 ? deliver_failed(d, "make a temporary file") : STATUS_OK;
}

static enum status put(struct delivery *d, struct slice octets)
{
    bool written = deliver_write_all(target_of(d)->spool, octets);
    return written ? STATUS_OK : deliver_failed(d, "write to a temporary file");
}

static void abort_message(struct delivery *d)
{
    struct pipe_target *t = target_of(d);
    if (t->spool >= 0)
        close(t->spool);
    t->spool = -1;
}

/* --- the program --- */

/* A group of its own: it can be ended with all its children, and Ctrl-C at the terminal lets it
 * finish the message in flight. */
static int prepare(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions, int spool)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
    int error = posix_spawn_file_actions_adddup2(actions, spool, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    return error;
}

static int start(struct pipe_target *t, pid_t *child)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    char *const *arguments = t->delivery.account->arguments;
    if (posix_spawnattr_init(&attributes) != 0)
        return ENOMEM;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        posix_spawnattr_destroy(&attributes);
        return ENOMEM;
    }
    int error = prepare(&attributes, &actions, t->spool);
    if (error == 0)
        error = posix_spawnp(child, arguments[0], &actions, &attributes, arguments, t->environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static bool ended_within(pid_t child, int milliseconds)
{
    int n, fd = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (fd < 0)
        return true; /* then waitpid waits */
    do
        n = poll(&p, 1, milliseconds);
    while (n < 0 && errno == EINTR);
    close(fd);
    return n != 0;
}

/* As mail delivery agents use them [sysexits.h]: what may pass (75, a failing system, a failing
 * disk) and what somebody must mend. Any other code says nothing: to try again loses nothing. */
static enum status status_of_code(int code)
{
    switch (code) {
    case 71: /* EX_OSERR */
    case 74: /* EX_IOERR */
    case 75: /* EX_TEMPFAIL */
        return STATUS_TEMPORARY;
    case 126: /* found and not to be run */
    case 127: /* not found */
        return STATUS_PERMANENT;
    default:
        return code >= 64 && code <= 78 ? STATUS_PERMANENT : STATUS_TEMPORARY;
    }
}

static enum status meaning_of(struct delivery *d, int result)
{
    int code = WIFEXITED(result) ? WEXITSTATUS(result) : -1;
    if (code == 0)
        return STATUS_OK;
    if (code < 0)
        snprintf(d->error, sizeof d->error, "%.100s was ended by signal %d",
                 d->account->arguments[0], WTERMSIG(result));
    else
        snprintf(d->error, sizeof d->error, "%.100s ended with exit code %d",
                 d->account->arguments[0], code);
    return status_of_code(code);
}

static enum status wait_for(struct delivery *d, pid_t child)
{
    int result = 0;
    uint64_t limit = d->account->timeout ? d->account->timeout : PIPE_TIMEOUT_MS;
    bool in_time = ended_within(child, limit < INT32_MAX ? (int)limit : INT32_MAX);
    if (!in_time) {
        kill(-child, SIGTERM);
        if (!ended_within(child, PIPE_GRACE_MS))
            kill(-child, SIGKILL);
    }
    while (waitpid(child, &result, 0) < 0) {
        if (errno != EINTR)
            return deliver_failed(d, "learn how the program ended");
    }
    if (in_time)
        return meaning_of(d, result);
    snprintf(d->error, sizeof d->error, "%.100s took longer than %llu s and was ended",
             d->account->arguments[0], (unsigned long long)(limit / 1000));
    return STATUS_TEMPORARY;
}

static enum status finish(struct delivery *d)
{
    struct pipe_target *t = target_of(d);
    pid_t child;
    if (lseek(t->spool, 0, SEEK_SET) != 0)
        return deliver_failed(d, "rewind a temporary file");
    int error = start(t, &child);
    if (error) {
        snprintf(d->error, sizeof d->error, "%.100s cannot be started: %s",
                 d->account->arguments[0], strerrordesc_np(error));
        return error == ENOMEM || error == EAGAIN ? STATUS_TEMPORARY : STATUS_PERMANENT;
    }
    enum status status = wait_for(d, child);
    if (status == STATUS_OK)
        abort_message(d);
    return status;
}

const struct deliver_driver deliver_pipe = {
    .line_end = DELIVER_LF,
    .open = open_target,
    .close = close_target,
    .begin = begin,
    .put = put,
    .finish = finish,
    .abort = abort_message,
};
