#include "cli/poplin_mail.h"
#include "cli/poplin_rows.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* `poplin search`: messages that have certain words, senders, dates … */

enum { FILL_STEP = 1000 };

struct request {
    struct poplin_mail mail;
    const char *only;
    uint64_t limit;
};

static struct poplin_rows rows;
static struct mailbox_query query;

static void usage(void)
{
    puts("Usage: poplin search [-a NAME] [-n N] [--json] TERM…\n"
         "Lists the messages that all terms fit:\n"
         "\n"
         "  WORD, \"SOME WORDS\"   in subject, names, addresses, text or names of files; WORD* "
         "too.\n"
         "                       Chinese, Japanese and Korean are found without blanks\n"
         "  from:X to:X          in the names and addresses\n"
         "  subject:X text:X     there only\n"
         "  file:X               in the names of attached files\n"
         "  is:unread is:read is:flagged is:unflagged has:attachment\n"
         "  after:D before:D     D is 2026-01-31, 2026-01, 2026, today, yesterday, 7d, 2w, 3m, 1y\n"
         "  larger:S smaller:S   S is 500, 10K, 5M, 1G\n"
         "  account:NAME\n"
         "  - before a term      not what it finds (put `--` before one that comes first)\n"
         "\n"
         "  -a, --account NAME   this account only\n"
         "  -n, --limit N        the N newest\n"
         "      --json           one object a line, as of `poplin list`\n"
         "\n"
         "The first search reads all messages once; afterwards only new ones.\n"
         "Exit codes: 0 something was found; 1 nothing; 64 a term that cannot be understood; 74 "
         "the\n"
         "state or the Maildir cannot be read; 78 configuration.");
}

static int add_terms(struct request *r, int count, char **words)
{
    char why[200];
    enum status s = STATUS_OK;
    mailbox_query_init(&query);
    query.limit = r->limit;
    for (int i = 0; i < count && s == STATUS_OK; i++)
        s = mailbox_query_parse(&query, slice_str(words[i]), time(NULL), why);
    if (s != STATUS_OK) {
        fprintf(stderr, "poplin: %s. Try `poplin search --help`.\n", why);
        return EX_USAGE;
    }
    if (query.count == 0) {
        fputs("poplin: what shall be searched for? Try `poplin search --help`.\n", stderr);
        return EX_USAGE;
    }
    if (r->only)
        s = mailbox_query_add(&query, MAILBOX_TERM_ACCOUNT, false, slice_str(r->only));
    return s == STATUS_OK ? EX_OK : EX_USAGE;
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct request *r, int argc, char **argv)
{
    static const struct option options[] = {
        {"account", required_argument, NULL, 'a'},
        {"limit", required_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "+a:n:h", options, NULL)) != -1) {
        if (o == 'a') {
            r->only = optarg;
        } else if (o == 'j') {
            r->mail.json = true;
        } else if (o == 'h') {
            usage();
            return -1;
        } else if (o != 'n') {
            return EX_USAGE;
        } else if (!slice_parse_u64(slice_str(optarg), &r->limit) || r->limit == 0) {
            fprintf(stderr, "poplin: %s is no number of messages\n", optarg);
            return EX_USAGE;
        }
    }
    return add_terms(r, argc - optind, argv + optind);
}

/* Words are found in what was read: what was not is read now. */
static int read_bodies(struct request *r)
{
    bool shows = isatty(STDERR_FILENO);
    uint64_t left = 0;
    enum status s;
    bool shown = false;
    do {
        s = mailbox_fill(r->mail.box, FILL_STEP, 0, &left);
        if (shows && left > 0)
            shown =
                fprintf(stderr, "\r%llu messages to be read \033[K", (unsigned long long)left) > 0;
    } while (s == STATUS_OK && left > 0);
    if (shown)
        fputs("\r\033[K", stderr);
    return s == STATUS_OK ? EX_OK : poplin_mail_failed(&r->mail, s);
}

static bool put(void *context, const struct mailbox_entry *e)
{
    (void)context;
    poplin_rows_put(&rows, e);
    return true;
}

static int search(struct request *r)
{
    int code = query.needs_text ? read_bodies(r) : EX_OK;
    if (code != EX_OK)
        return code;
    poplin_rows_begin(&rows, r->mail.json, r->only ? 1 : r->mail.accounts.count);
    enum status s = mailbox_each(r->mail.box, &query, put, NULL);
    if (s != STATUS_OK)
        return poplin_mail_failed(&r->mail, s);
    code = poplin_rows_end(&rows);
    return code == EX_OK && rows.count == 0 ? 1 : code;
}

int poplin_search(int argc, char **argv)
{
    struct request r = {0};
    int code = parse(&r, argc, argv);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    code = poplin_mail_open(&r.mail, r.only);
    if (code == EX_OK)
        code = search(&r);
    poplin_mail_close(&r.mail);
    return code;
}
