#include "client/folder.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool sync_above(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash && slash != path)
        *slash = '\0';
    int fd = open(!slash ? "." : slash == path ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (slash)
        *slash = '/';
    if (fd < 0)
        return errno == EACCES; /* a folder that may be entered and not read */
    bool synced = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return synced;
}

static bool make_one(char *path)
{
    if (mkdir(path, 0700) == 0)
        return sync_above(path);
    struct stat st;
    int error = errno;
    bool there = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    errno = error == EEXIST ? ENOTDIR : error;
    return there;
}

enum status folder_make(const char *path)
{
    char copy[LIMIT_PATH];
    size_t size = (size_t)snprintf(copy, sizeof copy, "%s", path);
    if (size == 0 || size >= sizeof copy) {
        errno = ENAMETOOLONG;
        return STATUS_PERMANENT;
    }
    while (size > 1 && copy[size - 1] == '/')
        copy[--size] = '\0';
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = make_one(copy);
        *slash = '/';
        if (!made)
            return status_from_errno(errno);
    }
    return make_one(copy) ? STATUS_OK : status_from_errno(errno);
}
