#include "base/buf.h"
#include "client/state_database.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOCK_HASH_OCTETS = 16 };

struct state_lock {
    int descriptor;
};

/* Hashed, so that no account's name can be a path or too long for one. */
static bool lock_name(const char *account, char name[64])
{
    unsigned char hash[STATE_HASH];
    struct buf out = buf_over(name, 64);
    if (EVP_Digest(account, strlen(account), hash, NULL, EVP_sha256(), NULL) != 1)
        return false;
    buf_put_str(&out, "lock-");
    for (int i = 0; i < LOCK_HASH_OCTETS; i++)
        buf_printf(&out, "%02x", hash[i]);
    return buf_put_char(&out, '\0');
}

/* The kernel drops the lock with the last descriptor, however the run ends. The file stays: to
 * remove it would let a third run lock a new one beside the second's. */
static enum status take(struct state *s, const char *name, int *out)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd =
        openat(s->directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0) {
        enum status status = status_from_errno(errno);
        snprintf(s->error, sizeof s->error, "cannot open the account's lock: %m");
        return status;
    }
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        bool held = errno == EAGAIN || errno == EACCES;
        snprintf(s->error, sizeof s->error,
                 held ? "another run has this account: wait for its end" : "cannot lock: %m");
        close(fd);
        return held ? STATUS_IN_USE : STATUS_IO;
    }
    *out = fd;
    return STATUS_OK;
}

enum status state_lock_account(struct state *s, const char *account, struct state_lock **out)
{
    char name[64];
    *out = NULL;
    struct state_lock *l = calloc(1, sizeof *l);
    if (!l || !lock_name(account, name)) {
        free(l);
        return STATUS_NO_MEMORY;
    }
    enum status status = take(s, name, &l->descriptor);
    if (status == STATUS_OK)
        *out = l;
    else
        free(l);
    return status;
}

void state_unlock(struct state_lock *l)
{
    if (!l)
        return;
    close(l->descriptor);
    free(l);
}
