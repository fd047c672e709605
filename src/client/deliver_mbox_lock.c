#include "client/deliver_mbox_lock.h"

#include "base/slice.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_PAUSE_MS = 100, DOT_STALE_SECONDS = 300 };

static uint64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- FILE.lock --- */

static bool holder_is_gone(const char *dot)
{
    char text[32];
    uint64_t pid;
    int fd = open(dot, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    struct slice s = slice_of(text, n > 0 ? (size_t)n : 0);
    while (s.size && (s.data[s.size - 1] == '\n' || s.data[s.size - 1] == ' '))
        s.size--;
    return slice_parse_u64(s, &pid) && pid > 0 && pid <= INT32_MAX && kill((pid_t)pid, 0) != 0 &&
           errno == ESRCH;
}

static void remove_stale(const char *dot)
{
    struct stat st;
    if (lstat(dot, &st) == 0 &&
        (holder_is_gone(dot) || time(NULL) - st.st_mtime > DOT_STALE_SECONDS))
        unlink(dot);
}

/* In the folder of `dot`, without a name; where the file system has no such files, `dot` itself. */
static int open_dot(const char *dot, bool *named)
{
    char folder[LIMIT_PATH];
    const char *slash = strrchr(dot, '/');
    size_t size = slash == dot ? 1 : slash ? (size_t)(slash - dot) : 0;
    memcpy(folder, size ? dot : ".", size ? size : 1);
    folder[size ? size : 1] = '\0';
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    *named = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
    return *named ? open(dot, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644) : fd;
}

/* It gets its name when it holds our number: a run that is killed between leaves no empty one,
 * which would stand for five minutes. */
static bool make_dot(const char *dot)
{
    char text[32], self[64];
    bool named;
    int fd = open_dot(dot, &named);
    if (fd < 0)
        return false;
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    bool made = write(fd, text, (size_t)n) == n;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (made && !named)
        made = linkat(AT_FDCWD, self, AT_FDCWD, dot, AT_SYMLINK_FOLLOW) == 0;
    int error = errno;
    if (!made && named)
        unlink(dot);
    close(fd);
    errno = error;
    return made;
}

/* OK: taken, or not to be had in this folder. AGAIN: held. */
static enum status take_dot(struct mbox_lock *l)
{
    remove_stale(l->dot);
    l->dotted = make_dot(l->dot);
    if (l->dotted || errno == EACCES || errno == EPERM || errno == EROFS)
        return STATUS_OK;
    return errno == EEXIST ? STATUS_AGAIN : status_from_errno(errno);
}

/* --- the file --- */

/* A reader may have put another file in its place while we waited. */
static bool is_current(int fd, const char *path)
{
    struct stat ours, now;
    return fstat(fd, &ours) == 0 && lstat(path, &now) == 0 && ours.st_dev == now.st_dev &&
           ours.st_ino == now.st_ino;
}

static enum status open_file(struct mbox_lock *l, const char *path)
{
    struct stat st;
    l->file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    if (l->file < 0)
        return status_from_errno(errno);
    if (fstat(l->file, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
        return STATUS_OK;
    errno = EPERM;
    return STATUS_PERMANENT;
}

static enum status lock_file(const struct mbox_lock *l)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(l->file, F_OFD_SETLK, &whole) == 0)
        return STATUS_OK;
    return errno == EAGAIN || errno == EACCES ? STATUS_AGAIN : status_from_errno(errno);
}

/* One attempt. The first lock is let go when the second is held, as the policy wants. */
static enum status attempt(struct mbox_lock *l, const char *path)
{
    l->dotted = false;
    enum status status = open_file(l, path);
    if (status == STATUS_OK)
        status = lock_file(l);
    if (status == STATUS_OK)
        status = take_dot(l);
    if (status == STATUS_OK && !is_current(l->file, path))
        status = STATUS_AGAIN;
    if (status != STATUS_OK) {
        int error = errno;
        mbox_lock_release(l);
        errno = error;
    }
    return status;
}

enum status mbox_lock_take(struct mbox_lock *l, const char *path, uint64_t limit)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
    uint64_t start = clock_ms();
    l->file = -1;
    if ((size_t)snprintf(l->dot, sizeof l->dot, "%s.lock", path) >= sizeof l->dot) {
        errno = ENAMETOOLONG;
        return STATUS_PERMANENT;
    }
    for (;;) {
        enum status status = attempt(l, path);
        if (status != STATUS_AGAIN)
            return status;
        if (clock_ms() - start >= limit)
            return STATUS_IN_USE;
        nanosleep(&pause, NULL);
    }
}

void mbox_lock_release(struct mbox_lock *l)
{
    if (l->dotted)
        unlink(l->dot);
    l->dotted = false;
    if (l->file >= 0)
        close(l->file);
    l->file = -1;
}
