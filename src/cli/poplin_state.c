#include "cli/poplin_json.h"
#include "cli/poplin_open.h"
#include "client/state_import.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* `poplin state`: shows what the collector knows of the messages, and takes over what another one
 * knew. */

enum { STAGES = STATE_FAILED + 1, OWNERS_SHOWN = 10 };

struct request {
    const char *only, *owner, *file;
    enum state_import_format format;
    bool json, dry_run;
    struct account_set accounts;
    struct state *state;
};

static void usage(void)
{
    puts("Usage: poplin state show [-a NAME] [--json]\n"
         "       poplin state import FORMAT FILE [-a NAME] [--from USER@HOST] [-n] [--json]\n"
         "Shows what is known of every message, or takes over what another program had seen, so\n"
         "that nothing is downloaded twice. FORMAT and the FILE it means:\n"
         "\n"
         "  fetchmail     ~/.fetchids\n"
         "  getmail       ~/.getmail/oldmail-SERVER-PORT-USER (or below ~/.local/share/getmail);\n"
         "                it holds one account, so -a must say which\n"
         "  mpop          ~/.mpop_uidls/USER_at_HOST, or what uidls_file says\n"
         "  thunderbird   popstate.dat in the profile's folder Mail/HOST\n"
         "\n"
         "  -a, --account NAME     this account only\n"
         "      --from USER@HOST   the file's name for it, where user or server are called\n"
         "                         otherwise here (needs -a)\n"
         "  -n, --dry-run          count, change nothing\n"
         "      --json             one object a line\n"
         "\n"
         "What is taken over counts as read and is never deleted from the server.\n"
         "Exit codes: 0 done; 65 the file is none of that format, or names no account of ours; 66 "
         "it\n"
         "cannot be read; 74 the state cannot be written; 75 a run has the account; 78\n"
         "configuration.");
}

static bool is_wanted(const struct request *r, const struct account *a)
{
    return !r->only || strcmp(r->only, a->name) == 0;
}

static int tell_state(const struct request *r, const char *account)
{
    struct failure f = {0};
    failure_set(&f, FAILURE_LOCAL, "%s: %s", account, state_error(r->state));
    return poplin_tell(&f, r->json);
}

/* ---- show ---- */

static const char *const stage_names[STAGES] = {
    [STATE_NEW] = "new",
    [STATE_FETCHING] = "fetching",
    [STATE_DELIVERED] = "delivered",
    [STATE_TO_DELETE] = "to delete",
    [STATE_DELETED] = "deleted",
    [STATE_FAILED] = "failed",
};

struct sum {
    const struct account *account;
    bool json;
    uint64_t stages[STAGES], elsewhere;
    int64_t last;
};

static void print_row(const struct account *a, const struct state_row *row)
{
    struct json_line j;
    json_begin(&j);
    json_text(&j, "account", slice_str(a->name));
    json_number(&j, "id", (uint64_t)row->id);
    json_text(&j, "uidl", row->uidl);
    json_text(&j, "stage", slice_str(stage_names[row->stage]));
    json_number(&j, "octets", row->octets);
    json_time(&j, "seen", row->seen);
    json_time(&j, "fetched", row->fetched);
    json_time(&j, "deleted", row->deleted);
    json_number(&j, "failures", row->failures);
    json_time(&j, "retry_after", row->retry_after);
    json_text(&j, "file", row->file);
    json_bool(&j, "read", row->read);
    json_end(&j);
}

static bool add_row(void *context, const struct state_row *row)
{
    struct sum *s = context;
    s->stages[row->stage]++;
    s->elsewhere += row->stage == STATE_DELIVERED && row->file.size == 0;
    s->last = row->fetched > s->last ? row->fetched : s->last;
    if (s->json)
        print_row(s->account, row);
    return true;
}

static void print_sum(const struct sum *s)
{
    char time[JSON_TIME];
    const char *between = "";
    printf("%s: ", s->account->name);
    for (size_t i = 0; i < STAGES; i++) {
        if (s->stages[i] == 0)
            continue;
        printf("%s%llu %s", between, (unsigned long long)s->stages[i], stage_names[i]);
        if (i == STATE_DELIVERED && s->elsewhere > 0)
            printf(" (%llu by another program)", (unsigned long long)s->elsewhere);
        between = ", ";
    }
    json_time_text(s->last, time);
    if (between[0] == '\0')
        puts("nothing is known");
    else if (s->last > 0)
        printf("; last fetched %s\n", time);
    else
        putchar('\n');
}

static int show(struct request *r)
{
    for (size_t i = 0; i < r->accounts.count; i++) {
        const struct account *a = &r->accounts.list[i];
        struct sum s = {.account = a, .json = r->json};
        if (!is_wanted(r, a))
            continue;
        if (state_each(r->state, a->name, add_row, &s) != STATUS_OK)
            return tell_state(r, a->name);
        if (!r->json)
            print_sum(&s);
    }
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* ---- import ---- */

struct taking {
    const struct account *account;
    uint64_t added, known;
};

static int map_file(const char *path, struct slice *text)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), code = EX_NOINPUT;
    void *memory = MAP_FAILED;
    *text = (struct slice){0};
    if (fd < 0 || fstat(fd, &st) < 0) {
        fprintf(stderr, "poplin: cannot read %s: %s\n", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_size > STATE_IMPORT_FILE) {
        fprintf(stderr, "poplin: %s: not a file of at most 256 MiB\n", path);
    } else {
        if (st.st_size > 0)
            memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (memory != MAP_FAILED)
            *text = slice_of(memory, (size_t)st.st_size);
        code = st.st_size == 0 || memory != MAP_FAILED ? EX_OK : EX_IOERR;
    }
    if (fd >= 0)
        close(fd);
    return code;
}

/* All lines are looked at before anything is noted. */
static int check_file(const struct request *r, struct slice text)
{
    struct state_import_reader reader;
    struct state_import_entry e;
    enum status s;
    state_import_init(&reader, r->format, text);
    while ((s = state_import_next(&reader, &e)) == STATUS_OK)
        continue;
    if (s == STATUS_CLOSED)
        return EX_OK;
    fprintf(stderr, "poplin: %s:%zu: not a line as %s writes it; nothing was taken over\n", r->file,
            reader.line, state_import_format_name(r->format));
    return EX_DATAERR;
}

static enum status take_entry(struct request *r, struct taking *t,
                              const struct state_import_entry *e, int64_t now)
{
    struct state_row row;
    enum status s = r->dry_run ? state_find(r->state, t->account->name, e->uidl, &row)
                               : state_import_put(r->state, t->account->name, r->format, e, now);
    if (r->dry_run)
        s = s == STATUS_OK ? STATUS_EXISTS : s == STATUS_NOT_FOUND ? STATUS_OK : s;
    t->added += s == STATUS_OK;
    t->known += s == STATUS_EXISTS;
    return s == STATUS_EXISTS ? STATUS_OK : s;
}

static enum status take_entries(struct request *r, struct taking *t, struct slice text)
{
    struct state_import_reader reader;
    struct state_import_entry e;
    int64_t now = time(NULL);
    enum status s = r->dry_run ? STATUS_OK : state_begin(r->state);
    state_import_init(&reader, r->format, text);
    while (s == STATUS_OK && state_import_next(&reader, &e) == STATUS_OK) {
        if (state_import_is_of(&e, t->account, r->owner))
            s = take_entry(r, t, &e, now);
    }
    if (!r->dry_run && s == STATUS_OK)
        return state_commit(r->state);
    if (!r->dry_run)
        state_rollback(r->state);
    return s;
}

static void print_taken(const struct request *r, const struct taking *t)
{
    struct json_line j;
    if (!r->json) {
        printf("%s: %llu taken over%s, %llu were known\n", t->account->name,
               (unsigned long long)t->added, r->dry_run ? " (not really)" : "",
               (unsigned long long)t->known);
        return;
    }
    json_begin(&j);
    json_text(&j, "account", slice_str(t->account->name));
    json_number(&j, "added", t->added);
    json_number(&j, "known", t->known);
    json_end(&j);
}

static int take_account(struct request *r, struct taking *t, struct slice text)
{
    struct state_lock *lock = NULL;
    struct failure f = {0};
    enum status s = state_lock_account(r->state, t->account->name, &lock);
    if (s == STATUS_IN_USE)
        failure_set(&f, FAILURE_LOCKED,
                    "%s: another run has the account; try again when it is over", t->account->name);
    else if (s != STATUS_OK || take_entries(r, t, text) != STATUS_OK)
        failure_set(&f, FAILURE_LOCAL, "%s: %s; nothing was taken over", t->account->name,
                    state_error(r->state));
    if (lock)
        state_unlock(lock);
    if (f.kind == FAILURE_NONE && t->added + t->known > 0)
        print_taken(r, t);
    return poplin_tell(&f, r->json);
}

/* Whose messages the file has, for somebody who must name one of them. */
static void print_owners(const struct request *r, struct slice text)
{
    struct state_import_reader reader;
    struct state_import_entry e, last = {0};
    int shown = 0;
    state_import_init(&reader, r->format, text);
    fprintf(stderr, "poplin: %s: nothing in it is for %s\n", r->file,
            r->only ? r->only : "an account of the configuration");
    while (shown < OWNERS_SHOWN && state_import_next(&reader, &e) == STATUS_OK) {
        char name[300];
        if (slice_equal(e.host, last.host) && slice_equal(e.user, last.user))
            continue;
        last = e;
        failure_printable(slice_of(e.user.data, e.user.size), name, sizeof name);
        fprintf(stderr, "  it has messages of %s@", name);
        failure_printable(e.host, name, sizeof name);
        fprintf(stderr, "%s\n", name);
        shown++;
    }
    if (shown > 0)
        fputs("poplin: if one of them is an account of yours, say `-a NAME --from USER@HOST`\n",
              stderr);
}

static int take_all(struct request *r, struct slice text)
{
    uint64_t matched = 0;
    int code = EX_OK;
    for (size_t i = 0; code == EX_OK && i < r->accounts.count; i++) {
        struct taking t = {.account = &r->accounts.list[i]};
        if (!is_wanted(r, t.account))
            continue;
        code = take_account(r, &t, text);
        matched += t.added + t.known;
    }
    if (code == EX_OK && matched == 0) {
        print_owners(r, text);
        code = EX_DATAERR;
    }
    return code;
}

static int import(struct request *r)
{
    struct slice text;
    if (r->format == STATE_IMPORT_GETMAIL && !r->only && r->accounts.count > 1) {
        fputs("poplin: a file of getmail has one account: say which with -a NAME\n", stderr);
        return EX_USAGE;
    }
    int code = map_file(r->file, &text);
    if (code == EX_OK)
        code = check_file(r, text);
    if (code == EX_OK)
        code = take_all(r, text);
    if (text.size > 0)
        munmap((void *)text.data, text.size);
    return code;
}

/* ---- arguments ---- */

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct request *r, int argc, char **argv)
{
    static const struct option options[] = {
        {"account", required_argument, NULL, 'a'}, {"from", required_argument, NULL, 'F'},
        {"dry-run", no_argument, NULL, 'n'},       {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "a:nh", options, NULL)) != -1) {
        if (o == 'a') {
            r->only = optarg;
        } else if (o == 'F') {
            r->owner = optarg;
        } else if (o == 'n') {
            r->dry_run = true;
        } else if (o == 'j') {
            r->json = true;
        } else if (o == 'h') {
            usage();
            return -1;
        } else {
            return EX_USAGE;
        }
    }
    if (!r->owner || (r->only && strchr(r->owner, '@')))
        return EX_OK;
    fputs("poplin: --from is USER@HOST and needs -a NAME\n", stderr);
    return EX_USAGE;
}

static int parse_action(struct request *r, int count, char **words,
                        int (**action)(struct request *))
{
    bool shows = count == 1 && strcmp(words[0], "show") == 0;
    bool imports = count == 3 && strcmp(words[0], "import") == 0;
    *action = shows ? show : import;
    if (imports && state_import_find_format(words[1], &r->format)) {
        r->file = words[2];
        return EX_OK;
    }
    if (shows && !r->owner && !r->dry_run)
        return EX_OK;
    if (imports)
        fprintf(stderr, "poplin: no format `%s`. Try `poplin state --help`.\n", words[1]);
    else
        fputs("poplin: `state show` or `state import FORMAT FILE`. Try `poplin state --help`.\n",
              stderr);
    return EX_USAGE;
}

int poplin_state(int argc, char **argv)
{
    struct request r = {0};
    int (*action)(struct request *);
    int code = parse(&r, argc, argv);
    if (code == EX_OK)
        code = parse_action(&r, argc - optind, argv + optind, &action);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    code = poplin_open_accounts(&r.accounts, r.only);
    if (code != EX_OK)
        return code;
    code = poplin_open_state(&r.state, r.json);
    if (code == EX_OK)
        code = action(&r);
    state_close(r.state);
    account_set_wipe(&r.accounts);
    return code;
}
