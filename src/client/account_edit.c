#include "client/account_edit.h"

#include "client/account_directive.h"
#include "client/account_print.h"
#include "client/folder.h"
#include "config/config_token.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status fault(struct config_errors *errors, const char *path, enum status s,
                         const char *why)
{
    struct config_reader r = {.errors = errors};
    struct config_word top = {.file = path, .line = 1, .column = 1};
    config_fault(&r, &top, "%s", why);
    return s;
}

/* ---- where a block stands ---- */

/* To behind the brace that closes what the tokenizer has just opened. */
static void pass_block(struct config_tokenizer *t)
{
    size_t depth = 1;
    while (depth > 0) {
        struct config_token k = config_token_next(t);
        if (k.kind == CONFIG_TOKEN_END)
            return;
        depth += k.kind == CONFIG_TOKEN_OPEN;
        depth -= k.kind == CONFIG_TOKEN_CLOSE;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The blanks around, and the line's end, when nothing else stands on the line. */
static void widen(struct slice text, size_t *begin, size_t *end)
{
    size_t first = *begin, last = *end;
    while (first > 0 && is_blank(text.data[first - 1]))
        first--;
    while (last < text.size && is_blank(text.data[last]))
        last++;
    bool starts = first == 0 || text.data[first - 1] == '\n';
    bool ends = last == text.size || text.data[last] == '\n';
    if (!starts || !ends)
        return;
    *begin = first;
    *end = last < text.size ? last + 1 : last;
}

static bool find_block(struct config_tokenizer *t, const char *name, size_t *begin, size_t *end)
{
    for (;;) {
        struct config_token k = config_token_next(t);
        if (k.kind == CONFIG_TOKEN_END)
            return false;
        bool is_account = k.kind == CONFIG_TOKEN_WORD && slice_equal(k.text, SLICE("account"));
        if (k.kind == CONFIG_TOKEN_OPEN)
            pass_block(t);
        if (!is_account)
            continue;
        size_t at = (size_t)(k.text.data - t->text);
        at -= at > 0 && t->text[at - 1] == '"';
        k = config_token_next(t);
        bool is_it = k.kind == CONFIG_TOKEN_WORD && slice_equal(k.text, slice_str(name));
        if (config_token_next(t).kind == CONFIG_TOKEN_OPEN)
            pass_block(t);
        if (is_it) {
            *begin = at;
            *end = t->at;
            return true;
        }
    }
}

bool account_edit_find(struct slice text, const char *name, size_t *begin, size_t *end)
{
    struct config_tokenizer t;
    char *copy = malloc(text.size + 1); /* the tokenizer takes quotes out in place */
    if (copy == NULL)
        return false;
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    config_tokenizer_init(&t, copy, text.size);
    bool found = find_block(&t, name, begin, end);
    free(copy);
    if (found)
        widen(text, begin, end);
    return found;
}

/* ---- the file ---- */

static bool write_all(int fd, struct slice text)
{
    while (text.size > 0) {
        ssize_t n = write(fd, text.data, text.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text = slice_skip(text, (size_t)n);
    }
    return true;
}

static bool sync_folder(const char *path)
{
    char copy[PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* mkostemp makes it 0600 whatever the umask. */
static bool replace_file(const char *path, struct slice text)
{
    char fresh[PATH_MAX];
    int n = snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = mkostemp(fresh, O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, text) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(fresh, path) == 0;
    if (!ok) {
        int error = errno;
        unlink(fresh);
        errno = error;
    }
    return ok && sync_folder(path);
}

/* Where the file really is; one that is not there yet gets its folder. */
static bool resolve(const char *path, char real[PATH_MAX])
{
    if (realpath(path, real) != NULL)
        return true;
    if (errno != ENOENT || strlen(path) >= PATH_MAX)
        return false;
    (void)snprintf(real, PATH_MAX, "%s", path);
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    return folder_make(dirname(folder)) == STATUS_OK;
}

static enum status check_and_replace(const char *path, struct slice text,
                                     struct config_errors *errors)
{
    struct account_set set;
    char real[PATH_MAX];
    enum status s = account_set_parse(path, text, &set, errors);
    if (s != STATUS_OK)
        return s;
    account_set_wipe(&set);
    if (!resolve(path, real) || !replace_file(real, text))
        return fault(errors, path, STATUS_IO, strerrordesc_np(errno));
    return STATUS_OK;
}

/* The file as it is, which must be right before it is changed. */
static enum status read_right(const char *path, char **text, size_t *size, struct account_set *set,
                              struct config_errors *errors)
{
    const char *why;
    *set = (struct account_set){NULL, 0};
    errors->count = 0;
    enum status s = account_file_read(path, text, size, &why);
    if (s != STATUS_OK)
        return fault(errors, path, s, why);
    s = account_set_parse(path, slice_of(*text, *size), set, errors);
    if (s != STATUS_OK) {
        free(*text);
        *text = NULL;
    }
    return s;
}

static char *with_account(struct slice before, const struct account *a, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL)
        return NULL;
    fwrite(before.data, 1, before.size, out);
    fputs(before.size == 0 ? "config 1\n\n" : slice_ends(before, SLICE("\n")) ? "\n" : "\n\n", out);
    account_print(a, true, out);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

enum status account_edit_add(const char *path, const struct account *a,
                             struct config_errors *errors)
{
    struct account_set set;
    char *before = NULL;
    size_t size = 0;
    enum status s = read_right(path, &before, &size, &set, errors);
    if (s != STATUS_OK && s != STATUS_NOT_FOUND)
        return s;
    errors->count = 0;
    bool is_taken = account_find(&set, a->name) != NULL;
    account_set_wipe(&set);
    if (is_taken) {
        free(before);
        return fault(errors, path, STATUS_EXISTS, "there is an account of that name already");
    }
    char *after = with_account(slice_of(before != NULL ? before : "", size), a, &size);
    free(before);
    if (after == NULL)
        return fault(errors, path, STATUS_NO_MEMORY, "no memory");
    s = check_and_replace(path, slice_of(after, size), errors);
    free(after);
    return s;
}

enum status account_edit_remove(const char *path, const char *name, struct config_errors *errors)
{
    struct account_set set;
    char *text = NULL;
    size_t size = 0, begin = 0, end = 0;
    enum status s = read_right(path, &text, &size, &set, errors);
    if (s != STATUS_OK)
        return s;
    account_set_wipe(&set);
    if (!account_edit_find(slice_of(text, size), name, &begin, &end)) {
        free(text);
        return fault(errors, path, STATUS_NOT_FOUND, "there is no such account");
    }
    memmove(text + begin, text + end, size - end);
    s = check_and_replace(path, slice_of(text, size - (end - begin)), errors);
    free(text);
    return s;
}
