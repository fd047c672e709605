#include "cli/poplin_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

static void print_errors(const struct config_errors *errors, bool missing)
{
    char *text = config_errors_print(errors);
    fputs(text ? text : "poplin: out of memory\n", stderr);
    if (missing)
        fputs("poplin: `poplin init ADDRESS` makes one\n", stderr);
    free(text);
}

int poplin_open_accounts(struct account_set *set, const char *only)
{
    const char *path = poplin_config_path();
    struct config_errors *errors = calloc(1, sizeof *errors);
    int code = EX_CONFIG;
    if (path && errors) {
        enum status s = account_set_read(path, set, errors);
        if (s != STATUS_OK) {
            print_errors(errors, s == STATUS_NOT_FOUND);
        } else if (set->count == 0 || (only && !account_find(set, only))) {
            fprintf(stderr, "poplin: %s: no account %s\n", path, only ? only : "at all");
            account_set_wipe(set);
        } else {
            code = EX_OK;
        }
    }
    free(errors);
    return code;
}

int poplin_open_state(struct state **out, bool json)
{
    char directory[LIMIT_PATH], why[200] = "";
    if (!account_state_directory(directory)) {
        fputs("poplin: no home directory to keep the state in; set XDG_STATE_HOME\n", stderr);
        return EX_CONFIG;
    }
    if (state_open(directory, out, why) == STATUS_OK)
        return EX_OK;
    struct failure f = {0};
    failure_set(&f, FAILURE_LOCAL, "%s", why);
    return poplin_tell(&f, json);
}
