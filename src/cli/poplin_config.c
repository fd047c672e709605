/* poplin config check|print|path: what the configuration says, without using it. */
#include "cli/poplin.h"

#include "base/escape.h"
#include "client/account.h"
#include "client/account_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char HELP[] =
    "Usage: poplin config check [--json]\n"
    "       poplin config print\n"
    "       poplin config path\n"
    "\n"
    "  check   every error of the configuration, as FILE:LINE:COLUMN: TEXT\n"
    "  print   all accounts with what holds for them, defaults included\n"
    "  path    where the configuration is looked for\n"
    "\n"
    "Exit codes: 0; 64 wrong usage; 66 no such file; 78 wrong configuration.\n";

static int exit_code(enum status s)
{
    return s == STATUS_OK          ? EX_OK
           : s == STATUS_NOT_FOUND ? EX_NOINPUT
           : s == STATUS_IO        ? EX_IOERR
           : s == STATUS_NO_MEMORY ? EX_OSERR
                                   : EX_CONFIG;
}

static void print_json(const struct config_errors *errors)
{
    char memory[4096];
    fputs("{\"errors\":[", stdout);
    for (size_t i = 0; i < errors->count && i < CONFIG_ERRORS_MAX; i++) {
        const struct config_error *e = &errors->list[i];
        struct buf b = buf_over(memory, sizeof memory);
        (void)buf_put_str(&b, i > 0 ? ",{\"file\":" : "{\"file\":");
        (void)escape_json(&b, slice_str(e->file), sizeof e->file);
        (void)buf_printf(&b, ",\"line\":%u,\"column\":%u,\"text\":", e->line, e->column);
        (void)escape_json(&b, slice_str(e->text), sizeof e->text);
        (void)buf_put_char(&b, '}');
        fwrite(b.data, 1, b.size, stdout);
    }
    printf("],\"count\":%zu}\n", errors->count);
}

static void print_errors(const struct config_errors *errors, FILE *out)
{
    char *text = config_errors_print(errors);
    fputs(text != NULL ? text : "no memory\n", out);
    free(text);
}

static int check(const char *path, bool json)
{
    static struct config_errors errors;
    struct account_set set;
    enum status s = account_set_read(path, &set, &errors);
    if (json)
        print_json(&errors);
    else if (s == STATUS_OK)
        printf("%s: right, %zu account%s\n", path, set.count, set.count == 1 ? "" : "s");
    else
        print_errors(&errors, stdout);
    account_set_wipe(&set);
    return exit_code(s);
}

static int print(const char *path)
{
    static struct config_errors errors;
    struct account_set set;
    enum status s = account_set_read(path, &set, &errors);
    char *text = s == STATUS_OK ? account_set_print(&set) : NULL;
    if (s != STATUS_OK)
        print_errors(&errors, stderr);
    else
        fputs(text != NULL ? text : "", stdout);
    free(text);
    account_set_wipe(&set);
    return s == STATUS_OK && text == NULL ? EX_OSERR : exit_code(s);
}

int poplin_config(int argc, char **argv)
{
    const char *action = argc > 1 ? argv[1] : "";
    bool json = argc == 3 && strcmp(argv[2], "--json") == 0 && strcmp(action, "check") == 0;
    if (strcmp(action, "--help") == 0 || strcmp(action, "-h") == 0) {
        fputs(HELP, stdout);
        return EX_OK;
    }
    bool known =
        strcmp(action, "check") == 0 || strcmp(action, "print") == 0 || strcmp(action, "path") == 0;
    if (!known || (argc > 2 && !json)) {
        fputs(HELP, stderr);
        return EX_USAGE;
    }
    const char *path = poplin_config_path();
    if (path == NULL)
        return EX_CONFIG;
    if (strcmp(action, "check") == 0)
        return check(path, json);
    if (strcmp(action, "print") == 0)
        return print(path);
    puts(path);
    return EX_OK;
}
