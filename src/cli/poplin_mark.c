#include "cli/poplin_mail.h"
#include "client/maildir_names.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* `poplin mark`: read, unread, flagged or not, in the Maildir and in the state. */

static const struct {
    const char *name;
    unsigned set, clear;
} marks[] = {
    {"read", MAILDIR_READ, 0},
    {"unread", 0, MAILDIR_READ},
    {"flag", MAILDIR_FLAGGED, 0},
    {"unflag", 0, MAILDIR_FLAGGED},
};

enum { MARKS = sizeof marks / sizeof *marks };

static void usage(void)
{
    puts("Usage: poplin mark read|unread|flag|unflag NUMBER…\n"
         "Marks messages, for every program that reads the Maildir. NUMBER is 3, 3-7, 3,5,9 or a\n"
         "Message-ID.\n"
         "\n"
         "      --json           failures as JSON\n"
         "\n"
         "Exit codes: 0 done; 64 a wrong command line; 66 there is no such message; 74 the state "
         "or\n"
         "the Maildir cannot be written; 78 configuration.");
}

static int mark_all(struct poplin_mail *m, const struct poplin_numbers *n, unsigned set,
                    unsigned clear)
{
    int code = EX_OK;
    for (size_t i = 0; i < n->count; i++) {
        enum status s = mailbox_flag(m->box, n->list[i], set, clear);
        if (s != STATUS_OK)
            code = poplin_mail_failed(m, s);
    }
    return code;
}

static int mark(struct poplin_mail *m, size_t which, int count, char **words)
{
    struct poplin_numbers numbers = {0};
    int code = poplin_mail_open(m, NULL);
    for (int i = 0; i < count && code == EX_OK; i++)
        code = poplin_numbers_add(&numbers, m, words[i]);
    if (code == EX_OK)
        code = mark_all(m, &numbers, marks[which].set, marks[which].clear);
    poplin_numbers_wipe(&numbers);
    return code;
}

int poplin_mark(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct poplin_mail m = {0};
    size_t which = 0;
    int o;
    while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (o == 'h') {
            usage();
            return EX_OK;
        }
        if (o != 'j')
            return EX_USAGE;
        m.json = true;
    }
    while (optind < argc && which < MARKS && strcmp(argv[optind], marks[which].name) != 0)
        which++;
    if (argc - optind < 2 || which == MARKS) {
        fputs("poplin: `mark read|unread|flag|unflag NUMBER…`. Try `poplin mark --help`.\n",
              stderr);
        return EX_USAGE;
    }
    int code = mark(&m, which, argc - optind - 1, argv + optind + 1);
    poplin_mail_close(&m);
    return code;
}
