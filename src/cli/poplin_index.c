#include "cli/poplin_index.h"

#include "client/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a day brings is looked at at once; reading the thousands of a first run would double its
 * time, and who lists or searches first does it as well. */
enum { FETCHED_MOST = 200, FILL_MS = 5000, END_SECONDS = 30 };

static void fill(const struct account_set *accounts, uint64_t messages)
{
    char directory[LIMIT_PATH], why[200];
    struct state *state = NULL;
    struct mailbox *box = NULL;
    uint64_t left;
    if (!account_state_directory(directory) || state_open(directory, &state, why) != STATUS_OK)
        return;
    if (mailbox_open(directory, state, accounts, &box, why) == STATUS_OK &&
        mailbox_sync(box) == STATUS_OK && mailbox_fill(box, messages, FILL_MS, &left) != STATUS_OK)
        left = 0;
    mailbox_close(box);
    state_close(state);
}

/* Its output is nobody's: who reads what fetch prints does not wait for this. */
static void be_quiet(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    alarm(END_SECONDS);
}

void poplin_index_fetched(const struct account_set *accounts, uint64_t messages)
{
    int ended;
    if (messages > FETCHED_MOST)
        return;
    pid_t child = fork();
    if (child == 0) {
        be_quiet();
        fill(accounts, messages);
        _exit(0);
    }
    while (child > 0 && waitpid(child, &ended, 0) < 0 && errno == EINTR)
        continue;
}
