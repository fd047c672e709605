#include "cli/poplin_mail.h"
#include "cli/poplin_message.h"
#include "cli/poplin_text.h"
#include "client/maildir_names.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

/* `poplin read`: messages as a person reads them. What goes to a terminal, a pager included, is
 * text without any control character; what goes elsewhere by --raw, --html or --part is as it is.
 */

enum shape { SHAPE_TEXT, SHAPE_HEADERS, SHAPE_RAW, SHAPE_HTML, SHAPE_PART };

struct request {
    struct poplin_mail mail;
    enum shape shape;
    const char *part;
    bool keeps_unread, is_terminal;
    size_t width;
    struct poplin_pager pager;
    struct poplin_numbers numbers;
};

static void usage(void)
{
    puts(
        "Usage: poplin read [--headers | --raw | --html | --part P] [-k] [--json] NUMBER…\n"
        "Shows messages: sender, date, subject, the text, and what is attached; and marks them as\n"
        "read. NUMBER is 3, 3-7, 3,5,9 or a Message-ID. On a terminal $PAGER shows them, else\n"
        "less.\n"
        "\n"
        "      --headers        the whole header, decoded\n"
        "      --raw            the message as it came\n"
        "      --html           the source of its HTML, for a browser\n"
        "      --part P         this part, decoded; its number (2, or 2/1 for a file within it)\n"
        "                       stands in the list of attachments\n"
        "  -k, --keep-unread    do not mark as read\n"
        "      --json           an object a message: header, text, attachments\n"
        "\n"
        "Exit codes: 0 done; 64 a wrong command line; 66 there is no such message or part; 69 it "
        "is\n"
        "not in a Maildir; 74 it cannot be read; 78 configuration.");
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct request *r, int argc, char **argv)
{
    static const struct option options[] = {
        {"headers", no_argument, NULL, 'H'},     {"raw", no_argument, NULL, 'r'},
        {"html", no_argument, NULL, 'W'},        {"part", required_argument, NULL, 'p'},
        {"keep-unread", no_argument, NULL, 'k'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
    };
    int o;
    while ((o = getopt_long(argc, argv, "kh", options, NULL)) != -1) {
        if (o == 'H')
            r->shape = SHAPE_HEADERS;
        else if (o == 'r')
            r->shape = SHAPE_RAW;
        else if (o == 'W')
            r->shape = SHAPE_HTML;
        else if (o == 'k')
            r->keeps_unread = true;
        else if (o == 'j')
            r->mail.json = true;
        else if (o == 'p') {
            r->shape = SHAPE_PART;
            r->part = optarg;
        } else if (o == 'h') {
            usage();
            return -1;
        } else
            return EX_USAGE;
    }
    if (optind < argc)
        return EX_OK;
    fputs("poplin: which message? Try `poplin read --help`.\n", stderr);
    return EX_USAGE;
}

/* --- shapes --- */

static int not_there(const struct request *r, const struct poplin_message *m, const char *what)
{
    struct failure f = {0};
    failure_set(&f, FAILURE_LOCAL, "message %lld has no %s; `poplin read %lld` lists what it has",
                (long long)m->id, what, (long long)m->id);
    (void)poplin_tell(&f, r->mail.json);
    return EX_NOINPUT;
}

static int print_raw(const struct request *r, struct poplin_message *m)
{
    struct slice octets = m->octets.bytes;
    if (r->is_terminal)
        poplin_text_put(r->pager.out, octets, 0);
    else if (fwrite(octets.data ? octets.data : "", 1, octets.size, r->pager.out) != octets.size)
        return EX_IOERR;
    return EX_OK;
}

static int print_html(const struct request *r, struct poplin_message *m)
{
    uint32_t part = mime_message_best(&m->mime, true);
    if (part == MIME_NONE || !slice_equal(m->mime.parser.parts[part].type, SLICE("text/html")))
        return not_there(r, m, "HTML");
    if (r->is_terminal)
        poplin_message_print_text(m, part, r->pager.out, r->width);
    else if (!poplin_message_write_text(m, part, r->pager.out))
        return EX_IOERR;
    return EX_OK;
}

static bool write_part(const struct request *r, struct poplin_message *m, struct poplin_attached at)
{
    const struct mailbox_file *f = poplin_attached_file(m, at);
    if (!f)
        return poplin_message_write_part(m, at.part, r->pager.out);
    return fflush(r->pager.out) == 0 && mailbox_file_write(f, fileno(r->pager.out));
}

static int print_part(const struct request *r, struct poplin_message *m)
{
    struct poplin_attached at;
    if (!poplin_attached_find(m, slice_str(r->part), &at))
        return not_there(r, m, "such part");
    if (!r->is_terminal)
        return write_part(r, m, at) ? EX_OK : EX_IOERR;
    if (at.number == 0 && slice_starts(m->mime.parser.parts[at.part].type, SLICE("text/")))
        poplin_message_print_text(m, at.part, r->pager.out, r->width);
    else
        fprintf(r->pager.out, "(Part %s is no text: `poplin save %lld %s` keeps it.)\n", r->part,
                (long long)m->id, r->part);
    return EX_OK;
}

static int print_message(struct request *r, struct poplin_message *m, const struct mailbox_entry *e)
{
    if (r->shape == SHAPE_RAW)
        return print_raw(r, m);
    if (r->shape == SHAPE_HTML)
        return print_html(r, m);
    if (r->shape == SHAPE_PART)
        return print_part(r, m);
    if (r->shape == SHAPE_HEADERS)
        poplin_message_print_headers(m, r->pager.out);
    else if (r->mail.json)
        poplin_message_json(m, e, r->pager.out);
    else
        poplin_message_print(m, r->pager.out, r->width);
    return EX_OK;
}

/* --- all --- */

static int read_one(struct request *r, int64_t id)
{
    struct poplin_message m = {.file = -1};
    struct mailbox_entry e;
    enum status s = mailbox_get(r->mail.box, id, &e);
    if (s == STATUS_OK)
        s = poplin_message_open(&m, r->mail.box, id);
    if (s == STATUS_OK)
        s = mailbox_get(r->mail.box, id, &e);
    int code = s == STATUS_OK ? print_message(r, &m, &e) : poplin_mail_failed(&r->mail, s);
    poplin_message_close(&m);
    if (code != EX_OK || r->keeps_unread || e.read)
        return code;
    s = mailbox_flag(r->mail.box, id, MAILDIR_READ, 0);
    return s == STATUS_OK ? EX_OK : poplin_mail_failed(&r->mail, s);
}

static int read_all(struct request *r)
{
    int code = EX_OK;
    r->is_terminal = isatty(STDOUT_FILENO);
    r->width = poplin_text_width();
    poplin_pager_open(&r->pager);
    for (size_t i = 0; i < r->numbers.count && code == EX_OK; i++) {
        if (i > 0 && r->shape == SHAPE_TEXT && !r->mail.json)
            fputs("\n----------------------------------------\n\n", r->pager.out);
        code = read_one(r, r->numbers.list[i]);
    }
    if (!poplin_pager_close(&r->pager) && code == EX_OK)
        code = EX_IOERR;
    if (code == EX_IOERR)
        fputs("poplin: standard output cannot be written\n", stderr);
    return code;
}

int poplin_read(int argc, char **argv)
{
    struct request r = {0};
    int code = parse(&r, argc, argv);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    code = poplin_mail_open(&r.mail, NULL);
    for (int i = optind; i < argc && code == EX_OK; i++)
        code = poplin_numbers_add(&r.numbers, &r.mail, argv[i]);
    if (code == EX_OK)
        code = read_all(&r);
    poplin_numbers_wipe(&r.numbers);
    poplin_mail_close(&r.mail);
    return code;
}
