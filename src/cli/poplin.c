/* poplin: the collector's command line. */
#include "cli/poplin.h"

#include "base/escape.h"
#include "client/account.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"fetch", poplin_fetch, "fetch new mail of one account or of all"},
    {"check", poplin_check, "say whether there is new mail, and fetch nothing"},
    {"tui", poplin_tui, "read mail on the whole screen"},
    {"list", poplin_list, "what is not read yet"},
    {"read", poplin_read, "show messages"},
    {"search", poplin_search, "find messages by words, sender, date …"},
    {"mark", poplin_mark, "mark messages as read, unread, flagged"},
    {"save", poplin_save, "write what is attached into files"},
    {"delete", poplin_delete, "remove messages, here or on the server, too"},
    {"export", poplin_export, "write messages into a Maildir, an mbox or JSON"},
    {"watch", poplin_watch, "fetch again and again"},
    {"decode", poplin_decode, "show a message that lies in a file"},
    {"doctor", poplin_doctor, "look for what is wrong with an account or a server"},
    {"state", poplin_state, "what is known of the messages; take over what another program knew"},
    {"pop", poplin_pop, "one POP3 command to any server: stat, list, uidl, retr, top …"},
    {"init", poplin_init, "set up an account: find the server, try the login, write it down"},
    {"account", poplin_account, "list, test, describe or remove accounts"},
    {"config", poplin_config, "check or print the configuration"},
};

static const char *config_path;

const char *poplin_config_path(void)
{
    static char path[LIMIT_PATH];
    if (config_path)
        return config_path;
    if (account_default_path(path))
        return path;
    fputs("poplin: no home directory to find the configuration in; name it with --config FILE\n",
          stderr);
    return NULL;
}

int poplin_tell(const struct failure *f, bool json)
{
    char memory[2 * FAILURE_TEXT + 64];
    struct buf b = buf_over(memory, sizeof memory);
    if (f->kind == FAILURE_NONE)
        return EX_OK;
    if (json) {
        buf_printf(&b, "{\"error\":{\"kind\":\"%s\",\"text\":", failure_word(f->kind));
        escape_json(&b, slice_str(f->text), FAILURE_TEXT);
        buf_put_str(&b, "}}\n");
        fwrite(b.data, 1, b.size, stdout);
    } else {
        fprintf(stderr, "poplin: %s\n", f->text);
    }
    return failure_exit_code(f->kind);
}

static void usage(FILE *to)
{
    fputs("Usage: poplin [--config FILE] COMMAND [ARGUMENT…]\n"
          "Fetches mail from POP3 servers, every message exactly once.\n\n",
          to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-8s  %s\n", commands[i].name, commands[i].help);
    fputs("\n  -c, --config FILE   the accounts (default: ~/.config/poplin/config)\n"
          "  -h, --help          this text; `poplin COMMAND --help` says more\n"
          "  -V, --version       the version\n"
          "\nManual: poplin(1), poplin-config(5).\n",
          to);
}

static int run(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[0], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    }
    fprintf(stderr, "poplin: no command `%s`. Try `poplin --help`.\n", argv[0]);
    return EX_USAGE;
}

int main(int argc, char **argv)
{
    int at = 1;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0) {
            usage(stdout);
            return EX_OK;
        }
        if (strcmp(argv[at], "-V") == 0 || strcmp(argv[at], "--version") == 0) {
            puts("poplin " POPLIN_VERSION);
            return EX_OK;
        }
        if ((strcmp(argv[at], "-c") == 0 || strcmp(argv[at], "--config") == 0) && at + 1 < argc) {
            config_path = argv[++at];
        } else if (strncmp(argv[at], "--config=", 9) == 0) {
            config_path = argv[at] + 9;
        } else {
            fprintf(stderr, "poplin: unknown option: %s. Try `poplin --help`.\n", argv[at]);
            return EX_USAGE;
        }
    }
    if (at == argc) {
        usage(stderr);
        return EX_USAGE;
    }
    return run(argc - at, argv + at);
}
