#include "client/account_directive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void account_wipe(struct account *a)
{
    char *strings[] = {a->name, a->host,    a->user,    a->secret_text, a->token_eval,
                       a->auth, a->authzid, a->ca_file, a->proxy};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        free(strings[i]);
    for (size_t i = 0; i < ACCOUNT_ARGUMENTS_MAX; i++)
        free(a->arguments[i]);
    *a = (struct account){.name = NULL};
}

void account_set_wipe(struct account_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        account_wipe(&s->list[i]);
    free(s->list);
    *s = (struct account_set){NULL, 0};
}

const struct account *account_find(const struct account_set *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->list[i].name, name) == 0)
            return &s->list[i];
    }
    return NULL;
}

/* Whoever can write it can have commands run; whoever can read it knows where passwords are. */
static enum status check_owner(int descriptor, const char **why)
{
    struct stat st;
    if (fstat(descriptor, &st) != 0)
        return status_from_errno(errno);
    *why = NULL;
    if (!S_ISREG(st.st_mode))
        *why = "it is not a regular file";
    else if (st.st_uid != geteuid())
        *why = "it belongs to somebody else; chown it, or copy it";
    else if ((st.st_mode & 077) != 0)
        *why = "others may read or write it, and it can name passwords and commands; chmod 600 it";
    else if (st.st_size > CONFIG_FILE_OCTETS)
        *why = "it is larger than 1 MiB";
    return *why == NULL ? STATUS_OK : STATUS_DENIED;
}

static enum status read_all(int descriptor, char *text, size_t room, size_t *size)
{
    *size = 0;
    while (*size < room) {
        ssize_t n = read(descriptor, text + *size, room - *size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return status_from_errno(errno);
        if (n == 0)
            return STATUS_OK;
        *size += (size_t)n;
    }
    return STATUS_TOO_LARGE;
}

static enum status read_checked(int descriptor, char **text, size_t *size, const char **why)
{
    enum status s = check_owner(descriptor, why);
    if (s != STATUS_OK)
        return s;
    *text = malloc((size_t)CONFIG_FILE_OCTETS + 1);
    if (*text == NULL)
        return STATUS_NO_MEMORY;
    return read_all(descriptor, *text, (size_t)CONFIG_FILE_OCTETS + 1, size);
}

enum status account_file_read(const char *path, char **text, size_t *size, const char **why)
{
    *text = NULL;
    *size = 0;
    *why = NULL;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0 && errno == ENOENT) {
        *why = "there is no such file; `poplin init ADDRESS` makes one";
        return STATUS_NOT_FOUND;
    }
    enum status s = descriptor >= 0   ? read_checked(descriptor, text, size, why)
                    : errno == EACCES ? STATUS_DENIED
                                      : STATUS_IO;
    if (s != STATUS_OK && *why == NULL)
        *why = descriptor < 0 ? strerrordesc_np(errno) : status_text(s);
    if (descriptor >= 0)
        close(descriptor);
    if (s != STATUS_OK) {
        free(*text);
        *text = NULL;
    }
    return s == STATUS_OK || s == STATUS_DENIED || s == STATUS_NO_MEMORY ? s : STATUS_IO;
}

enum status account_set_read(const char *path, struct account_set *out,
                             struct config_errors *errors)
{
    char *text;
    size_t size;
    const char *why;
    *out = (struct account_set){NULL, 0};
    errors->count = 0;
    enum status s = account_file_read(path, &text, &size, &why);
    if (s == STATUS_OK) {
        s = account_set_parse(path, slice_of(text, size), out, errors);
        free(text);
        return s;
    }
    struct config_reader r = {.errors = errors};
    struct config_word top = {.file = path, .line = 1, .column = 1};
    config_fault(&r, &top, "%s", why);
    return s;
}
