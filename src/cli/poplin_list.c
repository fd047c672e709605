#include "cli/poplin_mail.h"
#include "cli/poplin_rows.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* `poplin list`: what is not read yet. */

struct request {
    struct poplin_mail mail;
    const char *only;
    bool all;
    uint64_t limit;
};

static struct poplin_rows rows;
static struct mailbox_query query;

static void usage(void)
{
    puts(
        "Usage: poplin list [-a NAME] [--unread | --all] [-n N] [--json]\n"
        "Lists what is not read yet, by number: a dot for unread, a star for flagged, a clip for\n"
        "attachments, date, size, sender and subject, and the account where there are several.\n"
        "What was read, flagged or removed by another program in the Maildir counts.\n"
        "\n"
        "  -a, --account NAME   this account only\n"
        "      --unread         what is not read yet, which is what it does anyway\n"
        "      --all            those that were read, too\n"
        "  -n, --limit N        the N newest\n"
        "      --json           one object a line\n"
        "\n"
        "Exit codes: 0 done, also when there is none; 74 the state or the Maildir cannot be read;\n"
        "78 configuration.");
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct request *r, int argc, char **argv)
{
    static const struct option options[] = {
        {"account", required_argument, NULL, 'a'},
        {"all", no_argument, NULL, 'A'},
        {"unread", no_argument, NULL, 'u'},
        {"limit", required_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "a:n:h", options, NULL)) != -1) {
        if (o == 'a') {
            r->only = optarg;
        } else if (o == 'A' || o == 'u') {
            r->all = o == 'A';
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
    if (optind == argc)
        return EX_OK;
    fprintf(stderr, "poplin: list takes no %s. Try `poplin list --help`.\n", argv[optind]);
    return EX_USAGE;
}

static bool put(void *context, const struct mailbox_entry *e)
{
    (void)context;
    poplin_rows_put(&rows, e);
    return true;
}

static int list(struct request *r)
{
    enum status s = STATUS_OK;
    mailbox_query_init(&query);
    query.limit = r->limit;
    query.is_short = !r->mail.json;
    if (!r->all)
        s = mailbox_query_add(&query, MAILBOX_TERM_UNREAD, false, SLICE(""));
    if (s == STATUS_OK && r->only)
        s = mailbox_query_add(&query, MAILBOX_TERM_ACCOUNT, false, slice_str(r->only));
    poplin_rows_begin(&rows, r->mail.json, r->only ? 1 : r->mail.accounts.count);
    if (s == STATUS_OK)
        s = mailbox_each(r->mail.box, &query, put, NULL);
    return s == STATUS_OK ? poplin_rows_end(&rows) : poplin_mail_failed(&r->mail, s);
}

int poplin_list(int argc, char **argv)
{
    struct request r = {0};
    int code = parse(&r, argc, argv);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    code = poplin_mail_open(&r.mail, r.only);
    if (code == EX_OK)
        code = list(&r);
    poplin_mail_close(&r.mail);
    return code;
}
