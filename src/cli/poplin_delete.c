#include "cli/poplin_mail.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

/* `poplin delete`: removes messages here, and on the server by the next fetch when that is wanted.
 */

static void usage(void)
{
    puts(
        "Usage: poplin delete [--server] NUMBER…\n"
        "Removes messages from the Maildir. They are not fetched again. NUMBER is 3, 3-7, 3,5,9 "
        "or\n"
        "a Message-ID.\n"
        "\n"
        "      --server         the next fetch removes them from the server, too, whatever `keep`\n"
        "                       of the account says\n"
        "      --json           failures as JSON\n"
        "\n"
        "Exit codes: 0 done; 64 a wrong command line; 66 there is no such message; 69 it is not "
        "in\n"
        "a Maildir, or on no server; 74 the state or the Maildir cannot be written; 78\n"
        "configuration.");
}

static int delete_all(struct poplin_mail *m, int count, char **words, bool on_server)
{
    struct poplin_numbers numbers = {0};
    int code = poplin_mail_open(m, NULL);
    for (int i = 0; i < count && code == EX_OK; i++)
        code = poplin_numbers_add(&numbers, m, words[i]);
    poplin_numbers_sort(&numbers);
    /* The first failure ends it: what is left is as it was. */
    for (size_t i = 0; i < numbers.count && code == EX_OK; i++) {
        enum status s = mailbox_delete(m->box, numbers.list[i], on_server);
        if (s != STATUS_OK)
            code = poplin_mail_failed(m, s);
    }
    poplin_numbers_wipe(&numbers);
    return code;
}

int poplin_delete(int argc, char **argv)
{
    static const struct option options[] = {{"server", no_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct poplin_mail m = {0};
    bool on_server = false;
    int o;
    while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (o == 'h') {
            usage();
            return EX_OK;
        }
        if (o != 'j' && o != 's')
            return EX_USAGE;
        m.json |= o == 'j';
        on_server |= o == 's';
    }
    if (optind == argc) {
        fputs("poplin: which messages? Try `poplin delete --help`.\n", stderr);
        return EX_USAGE;
    }
    int code = delete_all(&m, argc - optind, argv + optind, on_server);
    poplin_mail_close(&m);
    return code;
}
