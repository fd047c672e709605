#include "auth/auth_users_file.h"

#include "auth/auth_driver.h"
#include "base/buf.h"
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 30 };

struct auth_users_file {
    char path[LIMIT_PATH]; /* of the file itself, links followed */
    int lock;              /* -1: none */
    struct stat was;       /* st_nlink 0: there was no file */
    char *text;
    size_t size;
};

static enum status fail(char why[200], const char *what, const char *path)
{
    int error = errno;
    enum status status = status_from_errno(error);
    struct buf b = buf_over(why, 199);
    buf_printf(&b, "%s ", what);
    buf_put_str(&b, strlen(path) < 100 ? path : "the user file");
    buf_printf(&b, ": %s", strerror(error));
    why[b.size] = '\0';
    return status == STATUS_OK ? STATUS_IO : status;
}

static void wipe(char *text, size_t size)
{
    if (text)
        explicit_bzero(text, size);
    free(text);
}

/* Locks are of the open file description: they end with it, whatever becomes of the process. */
static enum status take_lock(struct auth_users_file *f, char why[200])
{
    char path[LIMIT_PATH + 8];
    snprintf(path, sizeof path, "%s.lock", f->path);
    f->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->lock < 0)
        return fail(why, "cannot open the lock file", path);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (fcntl(f->lock, F_OFD_SETLKW, &whole) < 0)
        if (errno != EINTR)
            return fail(why, "cannot lock", path);
    return STATUS_OK;
}

static bool read_all(int fd, char *into, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = read(fd, into + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : EIO; /* shorter than it was a moment ago */
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

static enum status read_text(struct auth_users_file *f, bool may_be_absent, char why[200])
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT && may_be_absent) {
        f->text = calloc(1, 1);
        return f->text ? STATUS_OK : STATUS_NO_MEMORY;
    }
    enum status status = STATUS_OK;
    if (fd < 0 || fstat(fd, &f->was) < 0) {
        status = fail(why, "cannot read", f->path);
    } else if (!S_ISREG(f->was.st_mode) || f->was.st_size > FILE_MAX) {
        snprintf(why, 200, "the user file is not a regular file of a sane size");
        status = STATUS_UNSUPPORTED;
    } else {
        f->size = (size_t)f->was.st_size;
        f->text = malloc(f->size + 1);
        if (!f->text)
            status = STATUS_NO_MEMORY;
        else if (!read_all(fd, f->text, f->size))
            status = fail(why, "cannot read", f->path);
    }
    if (fd >= 0)
        close(fd);
    return status;
}

static bool resolve(const char *path, char resolved[LIMIT_PATH])
{
    char *target = realpath(path, NULL);
    int n = snprintf(resolved, LIMIT_PATH, "%s", target ? target : path);
    free(target);
    return n > 0 && n < LIMIT_PATH;
}

enum status auth_users_open(const char *path, enum auth_users_mode mode,
                            struct auth_users_file **out, char why[200])
{
    struct auth_users_file *f = calloc(1, sizeof *f);
    snprintf(why, 200, "out of memory");
    if (!f)
        return STATUS_NO_MEMORY;
    f->lock = -1;
    enum status status = STATUS_OK;
    if (!resolve(path, f->path)) {
        snprintf(why, 200, "the path of the user file is too long");
        status = STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK && mode != AUTH_USERS_READ)
        status = take_lock(f, why);
    if (status == STATUS_OK)
        status = read_text(f, mode == AUTH_USERS_CREATE, why);
    if (status != STATUS_OK)
        auth_users_close(f);
    else
        *out = f;
    return status;
}

void auth_users_close(struct auth_users_file *f)
{
    if (!f)
        return;
    wipe(f->text, f->size);
    if (f->lock >= 0)
        close(f->lock);
    free(f);
}

bool auth_users_name_is_good(struct slice name)
{
    return config_user_is_safe(name) && slice_find(name, ':') == name.size && name.data[0] != '#';
}

struct slice auth_users_text(const struct auth_users_file *f)
{
    return slice_of(f->text, f->size);
}

/* Where a user's line, with its end, stands in the text; size 0: nowhere. */
static struct slice line_of(const struct auth_users_file *f, struct slice name)
{
    struct slice rest = auth_users_text(f);
    if (slice_starts(rest, SLICE("\xef\xbb\xbf")))
        rest = slice_skip(rest, 3);
    while (rest.size > 0) {
        size_t end = slice_find(rest, '\n');
        struct slice line = slice_take(rest, end < rest.size ? end + 1 : end);
        if (slice_starts(line, name) && line.size > name.size && line.data[name.size] == ':')
            return line;
        rest = slice_skip(rest, line.size);
    }
    return slice_of(f->text, 0);
}

/* Puts `with` in the place of `what`, a part of the text. */
static enum status replace_part(struct auth_users_file *f, struct slice what, struct slice with)
{
    size_t before = (size_t)(what.data - f->text), size = f->size - what.size + with.size;
    size_t behind = before + what.size;
    char *text = malloc(size + 1);
    if (!text)
        return STATUS_NO_MEMORY;
    memcpy(text, f->text, before);
    memcpy(text + before, with.data, with.size);
    memcpy(text + before + with.size, f->text + behind, f->size - behind);
    wipe(f->text, f->size);
    f->text = text;
    f->size = size;
    return STATUS_OK;
}

enum status auth_users_add(struct auth_users_file *f, struct slice name, struct slice secret)
{
    char memory[LIMIT_USER_NAME + AUTH_HASH_SECRET_MAX + 4];
    struct buf line = buf_over(memory, sizeof memory);
    if (line_of(f, name).size > 0)
        return STATUS_EXISTS;
    if (f->size > 0 && f->text[f->size - 1] != '\n')
        buf_put_char(&line, '\n');
    buf_put(&line, name);
    buf_put_char(&line, ':');
    buf_put(&line, secret);
    buf_put_char(&line, '\n');
    enum status status = line.overflow
                             ? STATUS_TOO_LARGE
                             : replace_part(f, slice_of(f->text + f->size, 0), buf_slice(&line));
    explicit_bzero(memory, sizeof memory);
    return status;
}

enum status auth_users_set_secret(struct auth_users_file *f, struct slice name, struct slice secret)
{
    struct slice line = line_of(f, name);
    if (line.size == 0)
        return STATUS_NOT_FOUND;
    struct slice old = slice_skip(line, name.size + 1);
    size_t size = 0;
    while (size < old.size && !strchr(":\r\n", old.data[size]))
        size++;
    return replace_part(f, slice_take(old, size), secret);
}

enum status auth_users_remove(struct auth_users_file *f, struct slice name)
{
    struct slice line = line_of(f, name);
    return line.size == 0 ? STATUS_NOT_FOUND : replace_part(f, line, SLICE(""));
}

static bool write_all(int fd, struct slice text)
{
    while (text.size > 0) {
        ssize_t n = write(fd, text.data, text.size);
        if (n < 0 && errno != EINTR)
            return false;
        text = slice_skip(text, n > 0 ? (size_t)n : 0);
    }
    return true;
}

/* The owner before the mode: a change of owner may take bits of the mode away. */
static bool fill(const struct auth_users_file *f, int fd)
{
    if (f->was.st_nlink > 0 &&
        (fchown(fd, f->was.st_uid, f->was.st_gid) < 0 || fchmod(fd, f->was.st_mode & 07777) < 0))
        return false;
    return write_all(fd, auth_users_text(f)) && fsync(fd) == 0;
}

static bool sync_folder(const char *path)
{
    char copy[LIMIT_PATH];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return is_synced;
}

static enum status check_text(const struct auth_users_file *f, char why[200])
{
    struct auth_driver *d;
    enum status status = auth_passwd_file_new(auth_users_text(f), &d, why);
    if (status == STATUS_OK)
        d->class->free(d);
    return status;
}

enum status auth_users_save(struct auth_users_file *f, char why[200])
{
    char fresh[LIMIT_PATH + 16];
    enum status status = check_text(f, why);
    if (status != STATUS_OK)
        return status;
    snprintf(fresh, sizeof fresh, "%s.new.XXXXXX", f->path);
    int fd = mkostemp(fresh, O_CLOEXEC);
    if (fd < 0)
        return fail(why, "cannot write beside", f->path);
    if (!fill(f, fd) || rename(fresh, f->path) < 0) {
        status = fail(why, "cannot write", f->path);
        unlink(fresh);
    } else if (!sync_folder(f->path)) {
        status = fail(why, "cannot sync the folder of", f->path);
    }
    close(fd);
    return status;
}
