/* Landlock by raw system calls: libc has no wrappers, and the headers of Debian 12 know ABI 2
 * while kernels are at 7. Later ABIs only add bits, so each is asked for when the kernel has it.
 * What Landlock never governs (stat, chdir, access, readlink by path) is left to seccomp. */
#include "sandbox/sandbox_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* Rights over files, include/uapi/linux/landlock.h of Linux 6.15. */
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_MAKE_FIFO = 1 << 10,
    FS_MAKE_BLOCK = 1 << 11,
    FS_MAKE_SYM = 1 << 12,
    FS_REFER = 1 << 13,     /* ABI 2 */
    FS_TRUNCATE = 1 << 14,  /* ABI 3 */
    FS_IOCTL_DEV = 1 << 15, /* ABI 5 */
};
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };            /* ABI 4 */
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 }; /* ABI 6 */
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

/* What a store does to a maildrop and its index: no execution, no links, no special files. */
enum {
    FS_STORE = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_FILE |
               FS_MAKE_REG | FS_MAKE_DIR | FS_REFER,
};

struct ruleset {
    uint64_t fs;
    uint64_t net;    /* ABI 4 */
    uint64_t scoped; /* ABI 6 */
};

struct path_rule {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

static int kernel_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static uint64_t governed_fs(int abi)
{
    uint64_t fs = FS_REFER - 1;
    if (abi >= 2)
        fs |= FS_REFER;
    if (abi >= 3)
        fs |= FS_TRUNCATE;
    if (abi >= 5)
        fs |= FS_IOCTL_DEV;
    return fs;
}

/* An older kernel takes the longer structure as long as what it does not know is zero. */
static int create_ruleset(int abi)
{
    struct ruleset r = {.fs = governed_fs(abi)};
    if (abi >= 4)
        r.net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= 6)
        r.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    return (int)syscall(SYS_landlock_create_ruleset, &r, sizeof r, 0);
}

static bool allow_beneath(int ruleset, const char *path, uint64_t allowed)
{
    struct path_rule rule = {allowed, open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return false;
    bool ok = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    int error = errno;
    close(rule.parent_fd);
    errno = error;
    return ok;
}

static enum status restrict_self(int ruleset, const struct sandbox_paths *paths, int abi,
                                 char why[SANDBOX_WHY])
{
    for (size_t i = 0; paths && i < paths->writable_count; i++)
        if (!allow_beneath(ruleset, paths->writable[i], FS_STORE & governed_fs(abi)))
            return sandbox_because(why, STATUS_PERMANENT, paths->writable[i]);
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        return sandbox_because(why, STATUS_PERMANENT, "landlock_restrict_self");
    return STATUS_OK;
}

enum status sandbox_landlock(const struct sandbox_paths *paths, int *abi, char why[SANDBOX_WHY])
{
    *abi = kernel_abi();
    if (*abi == 0)
        return STATUS_OK;
    int ruleset = create_ruleset(*abi);
    if (ruleset < 0)
        return sandbox_because(why, STATUS_PERMANENT, "landlock_create_ruleset");
    enum status s = restrict_self(ruleset, paths, *abi, why);
    close(ruleset);
    return s;
}
