#include "cli/poplin.h"
#include "cli/poplin_round.h"

#include "client/account.h"
#include "config/config_unit.h"
#include "tls/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* `poplin watch`: fetches again and again. Each account has its own time; after failures the pauses
 * double, so that a server in trouble, or one that counts refused logins, is left in peace. */

enum { EVERY_LEAST = 1000, PAUSE_MOST = 60 * 60 * 1000, NAP = 60 * 1000, DOUBLINGS = 12 };
static const uint64_t every_most = UINT64_C(30) * 24 * 60 * 60 * 1000;

struct watched {
    char name[ACCOUNT_NAME_MAX + 1];
    uint64_t due, fetched; /* due: ms of now(); fetched: in this round */
    unsigned failures;
    bool seen; /* in the configuration, this round */
};

struct watch {
    const char *only, *command;
    uint64_t every;
    bool json, verbose, quiet, stopped;
    struct watched *list;
    size_t count, capacity;
};

static void usage(void)
{
    puts("Usage: poplin watch --every TIME [--exec COMMAND] [-a NAME] [-q] [-v] [--json]\n"
         "Fetches at once, and then again and again until SIGTERM or SIGINT. After a failure the\n"
         "pauses double, up to an hour.\n"
         "\n"
         "  -e, --every TIME     the pause between two looks (5m), a tenth more or less\n"
         "  -x, --exec COMMAND   run with /bin/sh when something new came; it finds POPLIN_NEW, "
         "the\n"
         "                       number of messages, and POPLIN_ACCOUNT in its environment\n"
         "  -a, --account NAME   this account only\n"
         "  -q, --quiet          only errors\n"
         "  -v, --verbose        the dialogue, secrets masked\n"
         "      --json           one object a line, as fetch prints them\n"
         "\n"
         "Exit codes: 0 ended by a signal; 64 usage; 78 configuration at the start.");
}

/* Goes on while the machine sleeps: what became due meanwhile is done when it wakes. */
static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- accounts ---- */

static struct watched *find(struct watch *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->list[i].name, name) == 0)
            return &w->list[i];
    }
    if (w->count == w->capacity) {
        size_t more = w->capacity ? w->capacity * 2 : 8;
        struct watched *list = reallocarray(w->list, more, sizeof *list);
        if (!list)
            return NULL;
        w->list = list;
        w->capacity = more;
    }
    struct watched *a = &w->list[w->count++];
    *a = (struct watched){0};
    snprintf(a->name, sizeof a->name, "%s", name);
    return a;
}

static bool on_wanted(void *context, const char *account)
{
    struct watch *w = context;
    if (w->only && strcmp(w->only, account) != 0)
        return false;
    struct watched *a = find(w, account);
    if (!a)
        return false;
    a->seen = true;
    a->fetched = 0;
    return a->due <= now();
}

/* Many machines that were started together shall not ask together. */
static uint64_t jitter(uint64_t pause)
{
    uint32_t r = 0;
    if (getrandom(&r, sizeof r, 0) != sizeof r)
        r = UINT32_MAX / 2;
    return pause - pause / 10 + (uint64_t)((double)r / UINT32_MAX * (double)pause / 5);
}

static bool is_trouble(enum failure_kind kind)
{
    return kind != FAILURE_NONE && kind != FAILURE_LOCKED && kind != FAILURE_PARTIAL &&
           kind != FAILURE_STOPPED;
}

static uint64_t pause_after(uint64_t every, unsigned failures)
{
    uint64_t most = every > PAUSE_MOST ? every : PAUSE_MOST, pause = every;
    for (unsigned i = 0; i < failures && i < DOUBLINGS && pause < most; i++)
        pause *= 2;
    return pause < most ? pause : most;
}

static void on_done(void *context, const char *account, uint64_t fetched, const struct failure *why)
{
    struct watch *w = context;
    struct watched *a = find(w, account);
    if (!a)
        return;
    a->failures = is_trouble(why->kind) ? a->failures + 1 : 0;
    a->due = now() + jitter(pause_after(w->every, a->failures));
    a->fetched = fetched;
    if (fetched > 0 && !w->quiet && !w->json)
        printf("%s: %llu new\n", account, (unsigned long long)fetched);
    if (a->failures > 0 && !w->quiet && !w->json)
        fprintf(stderr, "poplin: %s: again in %llu s\n", account,
                (unsigned long long)((a->due - now()) / 1000));
    fflush(stdout);
}

static void drop_removed(struct watch *w)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (w->list[i].seen)
            w->list[kept++] = w->list[i];
    }
    w->count = kept;
}

/* ---- waiting ---- */

static void signals_of(sigset_t *set, bool with_child)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    if (with_child)
        sigaddset(set, SIGCHLD);
}

static void sleep_until(struct watch *w, uint64_t due)
{
    sigset_t set;
    signals_of(&set, false);
    for (uint64_t t = now(); !w->stopped && t < due; t = now()) {
        uint64_t nap = due - t < NAP ? due - t : NAP;
        struct timespec left = {(time_t)(nap / 1000), (long)(nap % 1000) * 1000000};
        w->stopped = sigtimedwait(&set, NULL, &left) > 0;
    }
}

static uint64_t next_due(const struct watch *w)
{
    uint64_t due = UINT64_MAX;
    for (size_t i = 0; i < w->count; i++)
        due = w->list[i].due < due ? w->list[i].due : due;
    return due == UINT64_MAX ? now() + w->every : due;
}

/* ---- the command ---- */

static void exec_command(const struct watch *w, const struct watched *a)
{
    char count[24];
    sigset_t none;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    snprintf(count, sizeof count, "%llu", (unsigned long long)a->fetched);
    if (null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO &&
        setenv("POPLIN_NEW", count, 1) == 0 && setenv("POPLIN_ACCOUNT", a->name, 1) == 0)
        execl("/bin/sh", "sh", "-c", w->command, (char *)NULL);
    _exit(127);
}

/* Waits for the command; a signal to end is passed on to it and obeyed when it has ended. */
static int wait_for(struct watch *w, pid_t child)
{
    sigset_t set;
    int status = 0;
    signals_of(&set, true);
    while (waitpid(child, &status, WNOHANG) == 0) {
        int got = sigwaitinfo(&set, NULL);
        if (got == SIGINT || got == SIGTERM) {
            w->stopped = true;
            kill(child, SIGTERM);
        }
    }
    return status;
}

static void run_command(struct watch *w, const struct watched *a)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        exec_command(w, a);
    if (child < 0) {
        fprintf(stderr, "poplin: cannot start the command of --exec: %s\n", strerror(errno));
        return;
    }
    int status = wait_for(w, child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    fprintf(stderr, "poplin: the command of --exec ended with %s %d\n",
            WIFEXITED(status) ? "exit code" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void run_commands(struct watch *w)
{
    for (size_t i = 0; w->command && i < w->count; i++) {
        if (w->list[i].fetched > 0)
            run_command(w, &w->list[i]);
        w->list[i].fetched = 0;
    }
}

/* ---- rounds ---- */

static int watch(struct watch *w)
{
    struct poplin_round round = {
        .context = w, .wanted = on_wanted, .done = on_done, .json = w->json, .verbose = w->verbose};
    for (bool first = true; !w->stopped; first = false) {
        for (size_t i = 0; i < w->count; i++)
            w->list[i].seen = false;
        int code = poplin_round_run(&round);
        drop_removed(w);
        bool none = w->count == 0; /* the configuration, or the state, did not even begin */
        if (first && none && w->only && code == EX_OK) {
            fprintf(stderr, "poplin: no account %s\n", w->only);
            code = EX_CONFIG;
        }
        if (first && none)
            return code;
        w->stopped = round.stopped;
        run_commands(w);
        if (!w->stopped)
            sleep_until(w, next_due(w));
    }
    return EX_OK;
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct watch *w, int argc, char **argv)
{
    static const struct option options[] = {
        {"account", required_argument, NULL, 'a'}, {"every", required_argument, NULL, 'e'},
        {"exec", required_argument, NULL, 'x'},    {"quiet", no_argument, NULL, 'q'},
        {"verbose", no_argument, NULL, 'v'},       {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "a:e:x:qvh", options, NULL)) != -1) {
        if (o == 'a') {
            w->only = optarg;
        } else if (o == 'x') {
            w->command = optarg;
        } else if (o == 'q') {
            w->quiet = true;
        } else if (o == 'v') {
            w->verbose = true;
        } else if (o == 'j') {
            w->json = true;
        } else if (o == 'h') {
            usage();
            return -1;
        } else if (o != 'e') {
            return EX_USAGE;
        } else if (!config_unit_parse(CONFIG_UNIT_TIME, slice_str(optarg), &w->every) ||
                   w->every < EVERY_LEAST || w->every > every_most) {
            fprintf(stderr, "poplin: %s is no time from 1s to 30d (such as 5m)\n", optarg);
            return EX_USAGE;
        }
    }
    if (optind < argc || w->every == 0) {
        fputs("poplin: say how often: watch --every 5m. Try `poplin watch --help`.\n", stderr);
        return EX_USAGE;
    }
    return EX_OK;
}

int poplin_watch(int argc, char **argv)
{
    struct watch w = {0};
    sigset_t set;
    int code = parse(&w, argc, argv);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    tls_global_init();
    setvbuf(stdout, NULL, _IOLBF, 0);
    signals_of(&set, true);
    sigprocmask(SIG_BLOCK, &set, NULL);
    code = watch(&w);
    free(w.list);
    return code;
}
