/* poplinctl config check|print|diff: what a configuration says, without running it. */
#include "cli/poplinctl.h"

#include "base/escape.h"
#include "config/config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

static const char HELP[] =
    "usage: poplinctl config check [-c FILE] [--json]\n"
    "       poplinctl config print [-c FILE]\n"
    "       poplinctl config diff  [-c FILE]\n"
    "\n"
    "check  reports every error in the configuration, as FILE:LINE:COLUMN: TEXT\n"
    "print  prints the effective configuration, defaults included\n"
    "diff   prints what differs from the defaults\n"
    "\n"
    "  -c, --config FILE  the configuration (" POPLIN_CONF ")\n"
    "      --json         the report of check as one JSON object\n"
    "      --help         this text\n"
    "\n"
    "Exit codes: 0 right, 78 wrong configuration, 66 no such file, 64 wrong usage.\n";

enum action { ACTION_CHECK, ACTION_PRINT, ACTION_DIFF };

struct request {
    enum action action;
    const char *file;
    bool json;
    bool help;
};

static bool find_action(const char *word, enum action *action)
{
    static const char *const words[] = {"check", "print", "diff"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) {
            *action = (enum action)i;
            return true;
        }
    }
    return false;
}

static bool read_options(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int letter;
    *q = (struct request){.file = POPLIN_CONF};
    optind = 0;
    while ((letter = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (letter == 'c')
            q->file = optarg;
        else if (letter == 'j')
            q->json = true;
        else if (letter == 'h')
            q->help = true;
        else
            return false;
    }
    if (q->help)
        return true;
    if (optind + 1 == argc && find_action(argv[optind], &q->action))
        return !q->json || q->action == ACTION_CHECK;
    fputs("poplinctl config: check, print or diff is wanted\n", stderr);
    return false;
}

static void put_json_text(const char *name, const char *text)
{
    char memory[2048];
    struct buf out = buf_over(memory, sizeof memory);
    if (escape_json(&out, slice_str(text), sizeof memory / 8))
        printf("\"%s\":%.*s", name, SLICE_ARGS(buf_slice(&out)));
}

static void print_json(const char *file, const struct config_errors *e)
{
    size_t kept = e->count < CONFIG_ERRORS_MAX ? e->count : CONFIG_ERRORS_MAX;
    putchar('{');
    put_json_text("file", file);
    printf(",\"ok\":%s,\"count\":%zu,\"errors\":[", e->count == 0 ? "true" : "false", e->count);
    for (size_t i = 0; i < kept; i++) {
        printf("%s{", i > 0 ? "," : "");
        put_json_text("file", e->list[i].file);
        printf(",\"line\":%u,\"column\":%u,", e->list[i].line, e->list[i].column);
        put_json_text("text", e->list[i].text);
        putchar('}');
    }
    puts("]}");
}

static int print_value(const struct config *c, bool only_changed)
{
    char *text = config_print(c, only_changed);
    if (text == NULL)
        return EX_OSERR;
    fputs(text, stdout);
    free(text);
    return EX_OK;
}

static int report(const struct request *q, enum status s, const struct config_errors *e)
{
    char *text = config_errors_print(e);
    if (q->json)
        print_json(q->file, e);
    else if (text != NULL)
        fputs(text, stderr);
    free(text);
    if (s == STATUS_NO_MEMORY)
        fputs("poplinctl config: out of memory\n", stderr);
    return s == STATUS_NOT_FOUND ? EX_NOINPUT : s == STATUS_NO_MEMORY ? EX_OSERR : EX_CONFIG;
}

static int run(const struct request *q, struct config_errors *errors)
{
    struct config *c = NULL;
    enum status s = config_parse(q->file, &config_source_files, &c, errors);
    if (s != STATUS_OK)
        return report(q, s, errors);
    int code = EX_OK;
    if (q->json)
        print_json(q->file, errors);
    else if (q->action == ACTION_CHECK)
        printf("%s: right\n", q->file);
    else
        code = print_value(c, q->action == ACTION_DIFF);
    config_unref(c);
    return code;
}

int poplinctl_config(int argc, char **argv)
{
    struct request q;
    if (!read_options(argc, argv, &q)) {
        fputs(HELP, stderr);
        return EX_USAGE;
    }
    if (q.help) {
        fputs(HELP, stdout);
        return EX_OK;
    }
    struct config_errors *errors = calloc(1, sizeof *errors);
    if (errors == NULL)
        return EX_OSERR;
    int code = run(&q, errors);
    free(errors);
    if (fflush(stdout) != 0 && code == EX_OK)
        code = EX_IOERR;
    return code;
}
