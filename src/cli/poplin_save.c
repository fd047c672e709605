#include "cli/poplin_json.h"
#include "cli/poplin_mail.h"
#include "cli/poplin_message.h"
#include "cli/poplin_text.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* `poplin save`: what is attached, as files. */

struct request {
    struct poplin_mail mail;
    const char *directory;
    int folder;
    int part_count;
    char **parts; /* none: every attachment */
};

static void usage(void)
{
    puts("Usage: poplin save NUMBER [PART…] [-o DIR] [--json]\n"
         "Writes what is attached into files, under the names that the sender gave, made safe. A\n"
         "file that is there stays: the new one gets \" (2)\". NUMBER is 3, 3-7, 3,5,9 or a\n"
         "Message-ID; PART is a number of the list under the message: 2, or 2/1 for a file within\n"
         "part 2. Without PART: everything in that list, of a winmail.dat what is in it.\n"
         "\n"
         "  -o, --output DIR     where to; else the current directory\n"
         "      --json           one object a file\n"
         "\n"
         "Exit codes: 0 done; 64 a wrong command line; 66 there is no such message, part or\n"
         "attachment; 69 it is not in a Maildir; 73 a file cannot be made; 74 the message cannot "
         "be\n"
         "read; 78 configuration.");
}

/* EX_OK to go on, -1 when help was given, else the exit code. */
static int parse(struct request *r, int argc, char **argv)
{
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int o;
    r->directory = ".";
    while ((o = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (o == 'o') {
            r->directory = optarg;
        } else if (o == 'j') {
            r->mail.json = true;
        } else if (o == 'h') {
            usage();
            return -1;
        } else {
            return EX_USAGE;
        }
    }
    if (optind == argc) {
        fputs("poplin: of which message? Try `poplin save --help`.\n", stderr);
        return EX_USAGE;
    }
    r->part_count = argc - optind - 1;
    r->parts = argv + optind + 1;
    return EX_OK;
}

static void tell_saved(const struct request *r, struct poplin_message *m, struct poplin_attached at,
                       const char *name)
{
    char path[LIMIT_PATH], number[POPLIN_PATH];
    struct json_line j;
    const char *between = r->directory[strlen(r->directory) - 1] == '/' ? "" : "/";
    int n = strcmp(r->directory, ".") == 0
                ? snprintf(path, sizeof path, "%s", name)
                : snprintf(path, sizeof path, "%s%s%s", r->directory, between, name);
    struct slice text = slice_of(path, n < LIMIT_PATH ? (size_t)n : LIMIT_PATH - 1);
    if (!r->mail.json) {
        poplin_text_put_line(stdout, text);
        putchar('\n');
        return;
    }
    size_t size = poplin_attached_path(m, at, number, sizeof number);
    json_begin(&j);
    json_number(&j, "id", (uint64_t)m->id);
    json_text(&j, "part", slice_of(number, size));
    json_text(&j, "file", text);
    json_end(&j);
}

static int save_one(const struct request *r, struct poplin_message *m, struct poplin_attached at)
{
    char name[MAILBOX_SAVE_NAME] = "";
    struct failure f = {0};
    if (poplin_attached_save(m, at, r->folder, name) == STATUS_OK) {
        tell_saved(r, m, at, name);
        return EX_OK;
    }
    failure_set(&f, FAILURE_LOCAL, "%s: %s cannot be written: %s", r->directory,
                name[0] ? name : "a file", strerror(errno));
    (void)poplin_tell(&f, r->mail.json);
    return EX_CANTCREAT;
}

static int save_named(const struct request *r, struct poplin_message *m)
{
    int code = EX_OK;
    for (int i = 0; i < r->part_count && code == EX_OK; i++) {
        struct poplin_attached at;
        if (poplin_attached_find(m, slice_str(r->parts[i]), &at) &&
            m->mime.parser.parts[at.part].kind != MIME_MULTIPART) {
            code = save_one(r, m, at);
            continue;
        }
        fprintf(stderr, "poplin: message %lld has no part %s; `poplin read %lld` lists them\n",
                (long long)m->id, r->parts[i], (long long)m->id);
        code = EX_NOINPUT;
    }
    return code;
}

/* What was opened is not saved as it is, for all of it is. */
static int save_attachments(const struct request *r, struct poplin_message *m, size_t *saved)
{
    struct poplin_attached at = POPLIN_ATTACHED_FIRST;
    int code = EX_OK;
    while (code == EX_OK && poplin_attached_next(m, &at)) {
        if (poplin_attached_is_opened(m, at))
            continue;
        code = save_one(r, m, at);
        (*saved)++;
    }
    return code;
}

static int save_message(const struct request *r, int64_t id, size_t *saved)
{
    struct poplin_message m;
    enum status s = poplin_message_open(&m, r->mail.box, id);
    int code = s == STATUS_OK ? EX_OK : poplin_mail_failed(&r->mail, s);
    if (code == EX_OK && r->part_count > 0)
        code = save_named(r, &m);
    else if (code == EX_OK)
        code = save_attachments(r, &m, saved);
    poplin_message_close(&m);
    return code;
}

static int save(struct request *r, const char *numbers_text)
{
    struct poplin_numbers numbers = {0};
    size_t saved = 0;
    int code = poplin_numbers_add(&numbers, &r->mail, numbers_text);
    for (size_t i = 0; i < numbers.count && code == EX_OK; i++)
        code = save_message(r, numbers.list[i], &saved);
    if (code == EX_OK && saved == 0 && r->part_count == 0) {
        fprintf(stderr, "poplin: nothing is attached to %s\n", numbers_text);
        code = EX_NOINPUT;
    }
    poplin_numbers_wipe(&numbers);
    return code;
}

int poplin_save(int argc, char **argv)
{
    struct request r = {0};
    int code = parse(&r, argc, argv);
    if (code != EX_OK)
        return code < 0 ? EX_OK : code;
    r.folder = open(r.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r.folder < 0) {
        fprintf(stderr, "poplin: %s: %s; make the folder first\n", r.directory, strerror(errno));
        return EX_CANTCREAT;
    }
    code = poplin_mail_open(&r.mail, NULL);
    if (code == EX_OK)
        code = save(&r, argv[optind]);
    close(r.folder);
    poplin_mail_close(&r.mail);
    return code;
}
