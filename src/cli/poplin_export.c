#include "cli/poplin_mail.h"
#include "cli/poplin_message.h"
#include "client/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* `poplin export`: messages for other programs. A Maildir and an mbox are written as fetched mail
 * is: whole, durable, locked, and behind what is there. */

enum { GROUP = 256, GROUP_OCTETS = 64 * 1024 * 1024 };

struct request {
    struct poplin_mail mail;
    const char *to, *only;
    bool all;
    struct poplin_numbers numbers;
    uint64_t count;
};

static void usage(void)
{
    puts(
        "Usage: poplin export --to maildir:DIR|mbox:FILE|json:FILE NUMBER…\n"
        "       poplin export --to … [-a NAME] --all\n"
        "Writes messages for other programs, and changes nothing here. NUMBER is 3, 3-7, 3,5,9 or\n"
        "a Message-ID.\n"
        "\n"
        "      --to maildir:DIR   a Maildir, made if it is missing; flags go with the messages\n"
        "      --to mbox:FILE     an mbox (mboxrd), behind what is in it\n"
        "      --to json:FILE     a new file with one object a line, as of `read --json`; `-` is\n"
        "                         standard output\n"
        "      --all              every message\n"
        "  -a, --account NAME     of --all: this account only\n"
        "      --json             what was done, as an object\n"
        "\n"
        "Exit codes: 0 done; 64 a wrong command line; 66 there is no such message; 69 one is not "
        "in\n"
        "a Maildir; 73 the target cannot be made; 74 a message cannot be read, or the target not\n"
        "written; 78 configuration.");
}

/* --- arguments --- */

static int check(const struct request *r, int count)
{
    if (!r->to || !strchr(r->to, ':') || !strchr(r->to, ':')[1]) {
        fputs("poplin: where to? `--to maildir:DIR`, `mbox:FILE` or `json:FILE`.\n", stderr);
        return EX_USAGE;
    }
    if ((count > 0) == r->all || (r->only && !r->all)) {
        fputs("poplin: either NUMBER… or --all. Try `poplin export --help`.\n", stderr);
        return EX_USAGE;
    }
    return EX_OK;
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct request *r, int argc, char **argv)
{
    static const struct option options[] = {
        {"to", required_argument, NULL, 't'}, {"account", required_argument, NULL, 'a'},
        {"all", no_argument, NULL, 'A'},      {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},     {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "a:h", options, NULL)) != -1) {
        if (o == 't')
            r->to = optarg;
        else if (o == 'a')
            r->only = optarg;
        else if (o == 'A')
            r->all = true;
        else if (o == 'j')
            r->mail.json = true;
        else if (o == 'h') {
            usage();
            return -1;
        } else
            return EX_USAGE;
    }
    return check(r, argc - optind);
}

static int choose(struct request *r, int count, char **words)
{
    static struct mailbox_query query;
    int code = EX_OK;
    for (int i = 0; i < count && code == EX_OK; i++)
        code = poplin_numbers_add(&r->numbers, &r->mail, words[i]);
    if (!r->all || code != EX_OK)
        return code;
    mailbox_query_init(&query);
    if (r->only &&
        mailbox_query_add(&query, MAILBOX_TERM_ACCOUNT, false, slice_str(r->only)) != STATUS_OK)
        return EX_USAGE;
    return poplin_numbers_add_all(&r->numbers, &r->mail, &query);
}

/* --- a Maildir or an mbox --- */

struct exporting {
    struct request *r;
    struct delivery *delivery;
    const char *path;
    bool is_maildir;
    struct {
        char name[STATE_FILE_NAME + 1];
        unsigned flags;
    } group[GROUP];
    size_t count;
};

static int target_failed(const struct exporting *x, const char *why)
{
    struct failure f = {0};
    failure_set(&f, FAILURE_LOCAL, "%s: %s", x->path, why);
    return poplin_tell(&f, x->r->mail.json);
}

static int commit(struct exporting *x)
{
    if (deliver_commit(x->delivery) != STATUS_OK)
        return target_failed(x, deliver_error(x->delivery));
    for (size_t i = 0; i < x->count; i++) {
        if (x->is_maildir && x->group[i].flags &&
            mailbox_flag_file(x->path, slice_str(x->group[i].name), x->group[i].flags) != STATUS_OK)
            return target_failed(x, "a message cannot be marked as it is here");
    }
    x->r->count += x->count;
    x->count = 0;
    return EX_OK;
}

static enum status put_message(struct exporting *x, const struct poplin_message *m,
                               const char *name)
{
    struct deliver_message d = {.file = slice_str(name)};
    enum status s = deliver_begin(x->delivery, &d);
    if (s == STATUS_OK)
        s = deliver_write(x->delivery, m->octets.bytes);
    return s == STATUS_OK ? deliver_finish(x->delivery) : s;
}

static int export_message(struct exporting *x, int64_t id)
{
    struct poplin_message m = {.file = -1};
    struct mailbox_entry e;
    uint64_t waiting = 0;
    enum status s = poplin_message_open(&m, x->r->mail.box, id);
    if (s == STATUS_OK)
        s = mailbox_get(x->r->mail.box, id, &e);
    int code = s == STATUS_OK ? EX_OK : poplin_mail_failed(&x->r->mail, s);
    if (code == EX_OK) {
        x->group[x->count].flags = (e.read ? MAILDIR_READ : 0) | (e.flagged ? MAILDIR_FLAGGED : 0) |
                                   (e.answered ? MAILDIR_ANSWERED : 0);
        s = deliver_name(x->delivery, x->group[x->count].name);
        if (s == STATUS_OK)
            s = put_message(x, &m, x->group[x->count].name);
        if (s != STATUS_OK)
            code = target_failed(x, deliver_error(x->delivery));
        x->count++;
    }
    poplin_message_close(&m);
    (void)deliver_pending(x->delivery, &waiting);
    if (code == EX_OK && (x->count == GROUP || waiting >= GROUP_OCTETS))
        code = commit(x);
    return code;
}

static int export_mail(struct request *r, const char *path, bool is_maildir)
{
    static struct exporting x;
    char absolute[LIMIT_PATH], why[200] = "";
    char name[] = "export";
    struct account target = {.name = name,
                             .target = is_maildir ? ACCOUNT_TARGET_MAILDIR : ACCOUNT_TARGET_MBOX};
    int n = path[0] == '/' ? snprintf(absolute, sizeof absolute, "%s", path)
                           : snprintf(absolute, sizeof absolute, "./%s", path);
    if (n >= LIMIT_PATH)
        return EX_USAGE;
    target.arguments[0] = absolute;
    x = (struct exporting){.r = r, .path = absolute, .is_maildir = is_maildir};
    if (deliver_open(&target, &x.delivery, why) != STATUS_OK) {
        (void)target_failed(&x, why);
        return EX_CANTCREAT;
    }
    int code = EX_OK;
    for (size_t i = 0; i < r->numbers.count && code == EX_OK; i++)
        code = export_message(&x, r->numbers.list[i]);
    if (code == EX_OK)
        code = commit(&x);
    deliver_close(x.delivery);
    return code;
}

/* --- JSON --- */

static int export_object(struct request *r, int64_t id, FILE *out)
{
    struct poplin_message m = {.file = -1};
    struct mailbox_entry e;
    enum status s = poplin_message_open(&m, r->mail.box, id);
    if (s == STATUS_OK)
        s = mailbox_get(r->mail.box, id, &e);
    int code = s == STATUS_OK ? EX_OK : poplin_mail_failed(&r->mail, s);
    if (code == EX_OK)
        poplin_message_json(&m, &e, out);
    poplin_message_close(&m);
    r->count += code == EX_OK;
    return code;
}

static FILE *make_file(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
    if (!out && file >= 0)
        close(file);
    return out;
}

static int export_json(struct request *r, const char *path)
{
    bool is_stdout = strcmp(path, "-") == 0;
    FILE *out = is_stdout ? stdout : make_file(path);
    int code = EX_OK;
    if (!out) {
        fprintf(stderr, "poplin: %s: %s\n", path, strerror(errno));
        return EX_CANTCREAT;
    }
    for (size_t i = 0; i < r->numbers.count && code == EX_OK; i++)
        code = export_object(r, r->numbers.list[i], out);
    bool good = fflush(out) == 0 && (is_stdout || fsync(fileno(out)) == 0) && !ferror(out);
    if (!is_stdout)
        good = fclose(out) == 0 && good;
    if (!good)
        fprintf(stderr, "poplin: %s cannot be written: %s\n", path, strerror(errno));
    return code == EX_OK && !good ? EX_IOERR : code;
}

/* --- all --- */

static int export(struct request *r)
{
    struct slice to = slice_str(r->to);
    const char *path = strchr(r->to, ':') + 1;
    if (slice_starts(to, SLICE("maildir:")))
        return export_mail(r, path, true);
    if (slice_starts(to, SLICE("mbox:")))
        return export_mail(r, path, false);
    if (slice_starts(to, SLICE("json:")))
        return export_json(r, path);
    fprintf(stderr, "poplin: %s: neither maildir:, mbox: nor json:\n", r->to);
    return EX_USAGE;
}

static void tell_done(const struct request *r)
{
    if (strcmp(r->to, "json:-") == 0)
        return;
    printf(r->mail.json ? "{\"exported\":%llu}\n" : "%llu exported\n",
           (unsigned long long)r->count);
}

int poplin_export(int argc, char **argv)
{
    struct request r = {0};
    int code = parse(&r, argc, argv);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    code = poplin_mail_open(&r.mail, r.only);
    if (code == EX_OK)
        code = choose(&r, argc - optind, argv + optind);
    if (code == EX_OK)
        code = export(&r);
    if (code == EX_OK)
        tell_done(&r);
    poplin_numbers_wipe(&r.numbers);
    poplin_mail_close(&r.mail);
    return code;
}
