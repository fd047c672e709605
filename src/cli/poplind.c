/* poplind: the server's command line. */
#include "config/config.h"
#include "server/master.h"
#include "server/roles.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void usage(FILE *to)
{
    fputs("Usage: poplind [-c FILE] [-t | -T]\n"
          "Serves maildrops over POP3, in the foreground, until SIGTERM; SIGHUP reloads.\n"
          "\n"
          "  -c, --config FILE   the configuration (default: " POPLIN_CONF ")\n"
          "  -t, --test          check the configuration: every error, then exit\n"
          "  -T, --print         print the effective configuration, defaults and all\n"
          "  -h, --help          this text\n"
          "  -V, --version       the version\n"
          "\n"
          "Manual: poplind(8), poplind.conf(5). Users: poplinctl user add NAME.\n",
          to);
}

static int check(const char *path, bool print)
{
    struct config *config = NULL;
    struct config_errors *errors = calloc(1, sizeof *errors);
    char *text = NULL;
    if (!errors)
        return EX_OSERR;
    enum status s = config_parse(path, &config_source_files, &config, errors);
    if (s != STATUS_OK) {
        text = config_errors_print(errors);
        fputs(text ? text : "poplind: out of memory\n", stderr);
    } else if (print) {
        text = config_print(config, false);
        fputs(text ? text : "", stdout);
    } else {
        printf("%s: no errors\n", path);
    }
    free(text);
    free(errors);
    if (s == STATUS_OK)
        config_unref(config);
    return s == STATUS_OK ? EX_OK : EX_CONFIG;
}

static int child(const char *role)
{
    if (strcmp(role, "front") == 0)
        return front_main();
    if (strcmp(role, "auth") == 0)
        return auth_main();
    if (strcmp(role, "store") == 0)
        return store_main();
    return EX_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"test", no_argument, NULL, 't'},
        {"print", no_argument, NULL, 'T'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
    };
    struct master_options m = {POPLIN_CONF, "/proc/self/exe"};
    bool test = false, print = false;
    int o;
    if (argc >= 3 && strcmp(argv[1], "--child") == 0) /* from the master only */
        return child(argv[2]);
    while ((o = getopt_long(argc, argv, "c:tThV", options, NULL)) != -1) {
        switch (o) {
        case 'c':
            m.config_path = optarg;
            break;
        case 't':
            test = true;
            break;
        case 'T':
            print = true;
            break;
        case 'h':
            usage(stdout);
            return EX_OK;
        case 'V':
            puts("poplind " POPLIN_VERSION);
            return EX_OK;
        default:
            fputs("Try `poplind --help`.\n", stderr);
            return EX_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "poplind: unexpected argument: %s\nTry `poplind --help`.\n", argv[optind]);
        return EX_USAGE;
    }
    return test || print ? check(m.config_path, print) : master_run(&m);
}
