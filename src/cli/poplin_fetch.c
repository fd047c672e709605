#include "cli/poplin_index.h"
#include "cli/poplin_open.h"
#include "cli/poplin_round.h"

#include "base/escape.h"
#include "client/fetch.h"
#include "config/config_unit.h"
#include "tls/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* `poplin fetch` and `poplin check`: accounts side by side in one loop. */

enum { ONLY_MAX = 10000, PROGRESS_AFTER = 500, PROGRESS_EVERY = 100 };

struct run {
    struct event_loop *loop;
    struct event_source signals;
    bool json, quiet, verbose, check, stopped, on_terminal, progress_shown;
    uint64_t begun, last_progress;
    size_t under_way;
    int exit_code;
    struct fetch **fetches;
    size_t fetch_count;
    uint64_t new_messages, fetched;
    const struct poplin_round *round; /* NULL: a run of its own */
};

static void put_json(const char *name, struct slice value, bool first)
{
    char memory[2048];
    struct buf b = buf_over(memory, sizeof memory);
    escape_json(&b, value, 300);
    printf("%s\"%s\":%.*s", first ? "{" : ",", name, (int)b.size, b.data);
}

static void clear_progress(struct run *r)
{
    if (r->progress_shown)
        fputs("\r\033[K", stderr);
    r->progress_shown = false;
}

static void put_progress(const struct fetch_progress *p)
{
    put_json("event", SLICE("progress"), true);
    put_json("account", slice_str(p->account->name), false);
    printf(",\"done\":%llu,\"count\":%llu,\"octets\":%llu,\"octets_all\":%llu}\n",
           (unsigned long long)p->done, (unsigned long long)p->count, (unsigned long long)p->octets,
           (unsigned long long)p->octets_all);
}

static void on_progress(void *context, const struct fetch_progress *p)
{
    struct run *r = context;
    uint64_t now = event_now(r->loop);
    if (!(r->on_terminal || r->json) || now - r->begun < PROGRESS_AFTER ||
        now - r->last_progress < PROGRESS_EVERY)
        return;
    r->last_progress = now;
    if (r->json) {
        put_progress(p);
        return;
    }
    double seconds = (double)(now - r->begun) / 1000, mib = (double)p->octets / 1048576;
    double rate = mib / seconds;
    double left = p->octets_all > p->octets && rate > 0
                      ? ((double)(p->octets_all - p->octets) / 1048576) / rate
                      : 0;
    fprintf(stderr, "\r\033[K%s  %llu/%llu  %llu%%  %.1f MiB  %.1f MiB/s  ETA %d:%02d",
            p->account->name, (unsigned long long)p->done, (unsigned long long)p->count,
            (unsigned long long)(p->count ? p->done * 100 / p->count : 100), mib, rate,
            (int)left / 60, (int)left % 60);
    fflush(stderr);
    r->progress_shown = true;
}

static void on_planned(void *context, const struct account *a, const struct plan *plan)
{
    struct run *r = context;
    for (size_t i = 0; !r->check && i < plan->count; i++) {
        const struct plan_step *s = &plan->steps[i];
        char memory[400];
        struct buf b = buf_over(memory, sizeof memory);
        if (r->json) {
            put_json("event", SLICE("plan"), true);
            put_json("account", slice_str(a->name), false);
            printf(",\"number\":%u,\"action\":\"%s\"", s->message.number,
                   plan_action_name(s->action));
            put_json("uidl", s->message.uidl, false);
            puts("}");
            continue;
        }
        escape_plain(&b, s->message.uidl, 80);
        printf("%s %u %s %.*s\n", a->name, s->message.number, plan_action_name(s->action),
               (int)b.size, b.data);
    }
}

static void on_fetched(void *context, const struct account *a, uint32_t number, struct slice uidl,
                       uint64_t octets, struct slice file)
{
    struct run *r = context;
    if (!r->json)
        return;
    put_json("event", SLICE("fetched"), true);
    put_json("account", slice_str(a->name), false);
    printf(",\"number\":%u,\"octets\":%llu", number, (unsigned long long)octets);
    put_json("uidl", uidl, false);
    put_json("file", file, false);
    puts("}");
}

static void on_trace(void *context, const struct account *a, bool from_server, struct slice line)
{
    char memory[2048];
    struct buf b = buf_over(memory, sizeof memory);
    struct run *r = context;
    clear_progress(r);
    escape_plain(&b, line, 400);
    fprintf(stderr, "%s %s %.*s\n", a->name, from_server ? "<" : ">", (int)b.size, b.data);
}

static void summarise(struct run *r, const struct account *a, const struct fetch_result *f)
{
    if (r->json) {
        put_json("event", SLICE("account"), true);
        put_json("account", slice_str(a->name), false);
        printf(",\"listed\":%llu,\"new\":%llu,\"fetched\":%llu,\"octets\":%llu,\"deleted\":%llu,"
               "\"skipped\":%llu,\"undated\":%llu,\"refused\":%llu,\"result\":\"%s\"}\n",
               (unsigned long long)f->listed, (unsigned long long)f->new_messages,
               (unsigned long long)f->fetched, (unsigned long long)f->fetched_octets,
               (unsigned long long)f->deleted, (unsigned long long)f->skipped,
               (unsigned long long)f->undated, (unsigned long long)f->refused,
               failure_word(f->failure.kind));
    } else if (r->check) {
        if (!r->quiet && f->failure.kind == FAILURE_NONE)
            printf("%s: %llu new\n", a->name, (unsigned long long)f->new_messages);
    } else if (!r->quiet && (f->fetched > 0 || f->failure.kind == FAILURE_NONE ||
                             f->failure.kind == FAILURE_PARTIAL)) {
        printf("%s: %llu fetched (%.1f MiB), %llu deleted, %llu on the server%s%s\n", a->name,
               (unsigned long long)f->fetched, (double)f->fetched_octets / 1048576,
               (unsigned long long)f->deleted, (unsigned long long)(f->listed - f->deleted),
               f->skipped ? "; some were skipped, see --dry-run" : "",
               f->undated ? "; the server told no date of some, they count as new" : "");
    }
}

/* The worst of several: a misconfiguration before bad credentials before what may pass. */
static int worse(int a, int b)
{
    static const int order[] = {EX_OK,       EX_TEMPFAIL, EX_UNAVAILABLE, EX_DATAERR,
                                EX_PROTOCOL, EX_IOERR,    EX_NOPERM,      EX_CONFIG};
    size_t ra = 0, rb = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        ra = order[i] == a ? i : ra;
        rb = order[i] == b ? i : rb;
    }
    return ra >= rb ? a : b;
}

struct one {
    struct run *run;
    const struct account *account;
};

static void on_done(void *context, struct fetch *f, const struct fetch_result *result)
{
    struct one *one = context;
    struct run *r = one->run;
    (void)f;
    clear_progress(r);
    summarise(r, one->account, result);
    r->new_messages += result->new_messages;
    r->fetched += result->fetched;
    r->exit_code = worse(r->exit_code, poplin_tell(&result->failure, r->json));
    if (r->round)
        r->round->done(r->round->context, one->account->name, result->fetched, &result->failure);
    if (--r->under_way == 0)
        event_stop(r->loop);
}

static void on_signal(struct event_source *source, uint32_t events)
{
    struct run *r = (struct run *)((char *)source - offsetof(struct run, signals));
    struct signalfd_siginfo info;
    (void)events;
    if (read(source->descriptor, &info, sizeof info) != sizeof info)
        return;
    if (r->stopped)
        _exit(EX_TEMPFAIL); /* told twice: at once; the next run completes this one */
    r->stopped = true;
    for (size_t i = 0; i < r->fetch_count; i++) {
        if (r->fetches[i])
            fetch_stop(r->fetches[i]);
    }
}

static bool watch_signals(struct run *r)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    r->signals = (struct event_source){fd, EVENT_READ, on_signal};
    return fd >= 0 && event_add(r->loop, &r->signals) == STATUS_OK;
}

static void start_one(struct run *r, struct one *one, struct state *state,
                      const struct fetch_options *options, struct fetch **out)
{
    struct fetch_observer observer = {
        .context = r,
        .progress = r->quiet ? NULL : on_progress,
        .planned = options->dry_run ? on_planned : NULL,
        .fetched = on_fetched,
        .trace = r->verbose ? on_trace : NULL,
    };
    struct failure why = {0};
    if (fetch_start(r->loop, state, one->account, options, &observer, on_done, one, out, &why) ==
        STATUS_OK) {
        r->under_way++;
        return;
    }
    r->exit_code = worse(r->exit_code, poplin_tell(&why, r->json));
    if (r->round)
        r->round->done(r->round->context, one->account->name, 0, &why);
}

static bool is_wanted(const struct run *r, const struct account *a, const char *only)
{
    if (r->round)
        return r->round->wanted(r->round->context, a->name);
    return !only || strcmp(only, a->name) == 0;
}

static int fetch_accounts(struct run *r, struct state *state, const struct account_set *set,
                          const char *only, const struct fetch_options *options)
{
    struct one *ones = calloc(set->count + 1, sizeof *ones);
    r->fetches = calloc(set->count + 1, sizeof(struct fetch *));
    if (!ones || !r->fetches || event_loop_new(&r->loop) != STATUS_OK || !watch_signals(r)) {
        fputs("poplin: out of memory\n", stderr);
        return EX_OSERR;
    }
    r->begun = event_now(r->loop);
    for (size_t i = 0; i < set->count; i++) {
        ones[i] = (struct one){r, &set->list[i]};
        if (is_wanted(r, &set->list[i], only))
            start_one(r, &ones[i], state, options, &r->fetches[i]);
        r->fetch_count++;
    }
    if (r->under_way > 0 && event_run(r->loop) != STATUS_OK)
        r->exit_code = EX_OSERR;
    for (size_t i = 0; i < r->fetch_count; i++)
        fetch_free(r->fetches[i]);
    event_remove(r->loop, &r->signals);
    close(r->signals.descriptor);
    event_loop_free(r->loop);
    free(r->fetches);
    free(ones);
    return r->exit_code;
}

static int with_state(struct run *r, const char *only, const struct fetch_options *options)
{
    struct account_set set = {0};
    struct state *state = NULL;
    int code = poplin_open_accounts(&set, only);
    if (code != EX_OK)
        return code;
    code = poplin_open_state(&state, r->json);
    if (code == EX_OK)
        code = fetch_accounts(r, state, &set, only, options);
    state_close(state);
    if (r->fetched > 0 && !r->stopped) {
        fflush(stdout);
        poplin_index_fetched(&set, r->fetched);
    }
    account_set_wipe(&set);
    return code;
}

static void usage(bool check)
{
    if (check) {
        puts("Usage: poplin check [-a NAME] [-q] [-v] [--json]\n"
             "Says how many messages are new. Exit code 0: there are some; 1: none; others as for\n"
             "fetch.");
        return;
    }
    puts(
        "Usage: poplin fetch [-a NAME] [-n] [-l N] [-s SIZE] [--since DATE|AGE] [-q] [-v] "
        "[--json]\n"
        "                    [NUMBER…]\n"
        "Fetches what is new, of all accounts or of one.\n"
        "\n"
        "  -a, --account NAME   this account only (--all: every one, the default)\n"
        "  -n, --dry-run        print the plan, fetch and delete nothing\n"
        "  -l, --limit N        at most N messages an account\n"
        "  -s, --max-size SIZE  leave larger ones there (10MB)\n"
        "      --since WHEN     leave older ones there: since 2027-01-31, or an age such as 30d\n"
        "  -q, --quiet          only errors\n"
        "  -v, --verbose        the dialogue, secrets masked\n"
        "      --json           one object a line\n"
        "  NUMBER…              these messages, whatever their size and age\n"
        "\n"
        "Exit codes: 0 done, also when nothing was new; 69 unreachable or no TLS; 74 disk; 75 try\n"
        "again later; 76 not POP3; 77 login refused; 78 configuration.");
}

struct arguments {
    struct fetch_options options;
    const char *account;
    uint32_t only[ONLY_MAX];
};

static bool parse_number(const char *text, uint64_t *out)
{
    return slice_parse_u64(slice_str(text), out) && *out != UINT64_MAX;
}

/* An age, or the first moment of a day here. */
static bool parse_since(const char *text, int64_t *out)
{
    uint64_t age;
    struct tm day = {.tm_isdst = -1};
    if (config_unit_parse(CONFIG_UNIT_TIME, slice_str(text), &age)) {
        *out = time(NULL) - (int64_t)(age / 1000);
        return age > 0 && *out > 0;
    }
    const char *end = strptime(text, "%Y-%m-%d", &day);
    *out = end && *end == '\0' ? mktime(&day) : 0;
    return *out > 0;
}

static bool parse_only(struct arguments *a, int argc, char **argv)
{
    for (int i = optind; i < argc && a->options.only_count < ONLY_MAX; i++) {
        uint64_t n;
        if (!parse_number(argv[i], &n) || n == 0 || n > UINT32_MAX) {
            fprintf(stderr, "poplin: %s is no message number\n", argv[i]);
            return false;
        }
        a->only[a->options.only_count++] = (uint32_t)n;
    }
    a->options.only = a->options.only_count > 0 ? a->only : NULL;
    return true;
}

static int parse_arguments(struct run *r, struct arguments *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"account", required_argument, NULL, 'a'},
        {"all", no_argument, NULL, 'A'},
        {"dry-run", no_argument, NULL, 'n'},
        {"limit", required_argument, NULL, 'l'},
        {"max-size", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, 'j'},
        {"since", required_argument, NULL, 'S'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "a:nl:s:qvh", options, NULL)) != -1) {
        uint64_t *number = o == 'l' ? &a->options.limit : &a->options.max_size;
        bool good = true;
        if (o == 'a')
            a->account = optarg;
        else if (o == 'n')
            a->options.dry_run = true;
        else if (o == 'q')
            r->quiet = true;
        else if (o == 'v')
            r->verbose = true;
        else if (o == 'j')
            r->json = true;
        else if (o == 'l')
            good = parse_number(optarg, number);
        else if (o == 's')
            good = config_unit_parse(CONFIG_UNIT_SIZE, slice_str(optarg), number);
        else if (o == 'S')
            good = parse_since(optarg, &a->options.since);
        else if (o == 'h') {
            usage(r->check);
            return -1;
        } else if (o != 'A')
            return EX_USAGE;
        if (!good) {
            fprintf(stderr, "poplin: %s is no %s\n", optarg,
                    o == 'S' ? "date such as 2027-01-31 and no age such as 30d"
                             : "number that fits");
            return EX_USAGE;
        }
    }
    return parse_only(a, argc, argv) ? EX_OK : EX_USAGE;
}

static int run(struct run *r, int argc, char **argv)
{
    struct arguments *a = calloc(1, sizeof *a);
    if (!a)
        return EX_OSERR;
    a->options.check_only = r->check;
    r->on_terminal = isatty(STDERR_FILENO);
    setvbuf(stdout, NULL, _IOLBF, 0);
    tls_global_init();
    int code = parse_arguments(r, a, argc, argv);
    if (code == EX_OK)
        code = with_state(r, a->account, &a->options);
    free(a);
    return code < 0 ? EX_OK : code;
}

int poplin_fetch(int argc, char **argv)
{
    struct run r = {0};
    return run(&r, argc, argv);
}

int poplin_check(int argc, char **argv)
{
    struct run r = {.check = true};
    int code = run(&r, argc, argv);
    bool asked = r.fetch_count > 0;
    return code == EX_OK && asked && r.new_messages == 0 ? 1 : code;
}

int poplin_round_run(struct poplin_round *round)
{
    struct run r = {.round = round, .quiet = true, .json = round->json, .verbose = round->verbose};
    struct fetch_options options = {0};
    int code = with_state(&r, NULL, &options);
    round->stopped = r.stopped;
    return code;
}
