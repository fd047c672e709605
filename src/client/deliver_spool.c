#include "client/deliver_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_in(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/poplin-XXXXXX", folder) >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

/* /var/tmp first: /tmp may lie in memory, and a message may be larger than that. */
int deliver_spool_open(void)
{
    const char *named = secure_getenv("TMPDIR");
    int fd = named && named[0] == '/' ? open_in(named) : -1;
    if (fd < 0)
        fd = open_in("/var/tmp");
    return fd < 0 ? open_in("/tmp") : fd;
}

void deliver_spool_start(struct deliver_spool_reader *r, int file)
{
    r->file = file;
    r->at = 0;
}

bool deliver_spool_next(struct deliver_spool_reader *r, struct slice *out)
{
    ssize_t n;
    do
        n = pread(r->file, r->memory, sizeof r->memory, (off_t)r->at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return false;
    r->at += (uint64_t)n;
    *out = slice_of(r->memory, (size_t)n);
    return true;
}
