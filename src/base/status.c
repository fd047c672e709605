#include "base/status.h"

#include <errno.h>
#include <sysexits.h>

struct status_row {
    const char *name;
    const char *text;
    const char *response_code;
    int exit_code;
};

static const struct status_row rows[STATUS_COUNT] = {
    [STATUS_OK] = {"ok", "done", "", EX_OK},
    [STATUS_AGAIN] = {"again", "not ready yet", "SYS/TEMP", EX_TEMPFAIL},
    [STATUS_CLOSED] = {"closed", "the other side closed", "SYS/TEMP", EX_TEMPFAIL},
    [STATUS_TIMEOUT] = {"timeout", "time ran out", "SYS/TEMP", EX_TEMPFAIL},
    [STATUS_MALFORMED] = {"malformed", "malformed data", "", EX_DATAERR},
    [STATUS_TOO_LARGE] = {"too-large", "too large", "", EX_DATAERR},
    [STATUS_NO_MEMORY] = {"no-memory", "out of memory or descriptors", "SYS/TEMP", EX_OSERR},
    [STATUS_NOT_FOUND] = {"not-found", "not found", "", EX_NOINPUT},
    [STATUS_EXISTS] = {"exists", "exists already", "", EX_CANTCREAT},
    [STATUS_IN_USE] = {"in-use", "in use by another session", "IN-USE", EX_TEMPFAIL},
    [STATUS_DENIED] = {"denied", "wrong user name or password", "AUTH", EX_NOPERM},
    [STATUS_LIMIT] = {"limit", "a limit was reached", "SYS/TEMP", EX_TEMPFAIL},
    [STATUS_TEMPORARY] = {"temporary", "temporarily unavailable", "SYS/TEMP", EX_TEMPFAIL},
    [STATUS_PERMANENT] = {"permanent", "misconfigured", "SYS/PERM", EX_CONFIG},
    [STATUS_IO] = {"io", "input/output error", "SYS/TEMP", EX_IOERR},
    [STATUS_CORRUPT] = {"corrupt", "stored data is damaged", "SYS/TEMP", EX_DATAERR},
    [STATUS_UNSUPPORTED] = {"unsupported", "not supported", "", EX_UNAVAILABLE},
};

const char *status_name(enum status s)
{
    return rows[s].name;
}

const char *status_text(enum status s)
{
    return rows[s].text;
}

const char *status_response_code(enum status s)
{
    return rows[s].response_code;
}

int status_exit_code(enum status s)
{
    return rows[s].exit_code;
}

enum status status_from_errno(int error)
{
    switch (error) {
    case 0:
        return STATUS_OK;
    case EAGAIN:
    case EINTR:
        return STATUS_AGAIN;
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EEXIST:
        return STATUS_EXISTS;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:
        return STATUS_PERMANENT;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return STATUS_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
    case EROFS:
        return STATUS_TEMPORARY;
    default:
        return STATUS_IO;
    }
}
