#include "config/config_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* A FIFO without a writer must not hang the server: opened without waiting, then refused. */
static enum status read_file(void *context, const char *path, char **text, size_t *size)
{
    struct stat st;
    (void)context;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return status_from_errno(errno);
    enum status s = STATUS_OK;
    *text = NULL;
    if (fstat(descriptor, &st) != 0)
        s = status_from_errno(errno);
    else if (!S_ISREG(st.st_mode))
        s = STATUS_UNSUPPORTED;
    else if (st.st_size > CONFIG_FILE_OCTETS)
        s = STATUS_TOO_LARGE;
    else if ((*text = malloc((size_t)CONFIG_FILE_OCTETS + 1)) == NULL)
        s = STATUS_NO_MEMORY;
    else
        s = read_all(descriptor, *text, (size_t)CONFIG_FILE_OCTETS + 1, size);
    close(descriptor);
    if (s != STATUS_OK) {
        free(*text);
        *text = NULL;
    }
    return s;
}

static enum status read_nothing(void *context, const char *path, char **text, size_t *size)
{
    (void)context;
    (void)path;
    (void)text;
    (void)size;
    return STATUS_UNSUPPORTED;
}

const struct config_source config_source_files = {NULL, read_file};
const struct config_source config_source_none = {NULL, read_nothing};
