#include "cli/poplin_tui_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { END_MS = 2000 };

static void run(int output, const char *config, const char *account, pid_t parent)
{
    const char *arguments[8] = {"poplin", "--config", config, "fetch", "--json"};
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;
    if (account) {
        arguments[5] = "--account";
        arguments[6] = account;
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* No terminal: a question for a password would be asked over the screen. */
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(EXIT_FAILURE);
    execv("/proc/self/exe", (char *const *)arguments);
    _exit(EXIT_FAILURE);
}

enum status tui_child_start(struct tui_child *c, const char *config, const char *account)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return status_from_errno(errno);
    c->process = fork();
    if (c->process == 0)
        run(ends[1], config, account, parent);
    int error = errno;
    close(ends[1]);
    if (c->process < 0) {
        close(ends[0]);
        *c = (struct tui_child){0, -1};
        return status_from_errno(error);
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c->output = ends[0];
    return STATUS_OK;
}

static int collect(struct tui_child *c)
{
    int ended = 0;
    close(c->output);
    while (waitpid(c->process, &ended, 0) < 0 && errno == EINTR)
        continue;
    *c = (struct tui_child){0, -1};
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
}

enum status tui_child_read(struct tui_child *c, char *out, size_t size, size_t *got, int *code)
{
    ssize_t n = read(c->output, out, size);
    *got = n > 0 ? (size_t)n : 0;
    if (n > 0)
        return STATUS_OK;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return STATUS_NOT_FOUND;
    *code = collect(c);
    return STATUS_CLOSED;
}

void tui_child_stop(const struct tui_child *c)
{
    if (c->process > 0)
        kill(c->process, SIGTERM);
}

void tui_child_end(struct tui_child *c)
{
    struct pollfd ready = {c->output, POLLIN, 0};
    char rest[4096];
    size_t got;
    int code;
    tui_child_stop(c);
    while (c->process > 0 && poll(&ready, 1, END_MS) > 0)
        (void)tui_child_read(c, rest, sizeof rest, &got, &code);
    if (c->process > 0)
        close(c->output);
    *c = (struct tui_child){0, -1};
}
