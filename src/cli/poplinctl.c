/* The operator's tool: see poplinctl(8). Runs as whoever calls it, parses nothing from the
 * network. */
#include "cli/poplinctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"config", "show what differs from the defaults", poplinctl_config},
    {"pw", "make the hash of a password for a user file", poplinctl_pw},
    {"user", "add, change, delete and list the users of a user file", poplinctl_user},
};

void poplinctl_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("poplinctl: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static void usage(FILE *out)
{
    fputs("usage: poplinctl COMMAND [ARGUMENT …]\n\n", out);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\npoplinctl COMMAND --help tells more; so does poplinctl(8).\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return EX_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("poplinctl " POPLIN_VERSION);
        return EX_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    poplinctl_complain("no command of that name; poplinctl --help lists them");
    return EX_USAGE;
}
