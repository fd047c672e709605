#include "client/account_directive.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* HOME when it is absolute, else what the system knows of the user; NULL: neither. */
static char *home(void)
{
    const char *said = getenv("HOME");
    if (said != NULL && said[0] == '/')
        return strdup(said);
    char memory[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(getuid(), &entry, memory, sizeof memory, &found) != 0 || found == NULL ||
        found->pw_dir == NULL || found->pw_dir[0] != '/')
        return NULL;
    return strdup(found->pw_dir);
}

char *account_expand(struct slice path, bool *homeless)
{
    char *out = NULL;
    *homeless = false;
    if (path.size == 0 || path.data[0] != '~' || (path.size > 1 && path.data[1] != '/'))
        return strndup(path.size > 0 ? path.data : "", path.size);
    char *head = home();
    *homeless = head == NULL;
    if (head != NULL && asprintf(&out, "%s%.*s", head, SLICE_ARGS(slice_skip(path, 1))) < 0)
        out = NULL;
    free(head);
    return out;
}

/* The XDG folder of that variable (which counts only when absolute), else the one under the home.
 */
static bool xdg(const char *variable, const char *under_home, const char *rest,
                char path[LIMIT_PATH])
{
    const char *said = getenv(variable);
    int n = -1;
    if (said != NULL && said[0] == '/') {
        n = snprintf(path, LIMIT_PATH, "%s/%s", said, rest);
    } else {
        char *head = home();
        if (head != NULL)
            n = snprintf(path, LIMIT_PATH, "%s/%s/%s", head, under_home, rest);
        free(head);
    }
    return n > 0 && n < LIMIT_PATH;
}

bool account_default_path(char path[LIMIT_PATH])
{
    return xdg("XDG_CONFIG_HOME", ".config", "poplin/config", path);
}

bool account_state_directory(char path[LIMIT_PATH])
{
    return xdg("XDG_STATE_HOME", ".local/state", "poplin", path);
}
