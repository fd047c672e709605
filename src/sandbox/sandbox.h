/* sandbox: what a process may still do once it is set up.
 *
 * A recipe names a role; sandbox_confine shuts everything else for good: no_new_privs, Landlock
 * (where the kernel has it), a seccomp filter that answers EPERM, no core dumps, not dumpable, no
 * ptrace. Order: sandbox_drop_user first (as root), then everything is opened, then confine, then
 * threads may be started (they inherit) and the first foreign byte is read. */
#ifndef POPLIN_SANDBOX_SANDBOX_H
#define POPLIN_SANDBOX_SANDBOX_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum sandbox_role {
    SANDBOX_MASTER, /* no_new_privs and no core dumps only: it must start children as other users */
    SANDBOX_FRONT,  /* inherited sockets, passed descriptors; no paths, sockets, exec, kill */
    SANDBOX_AUTH,   /* memory, threads and its sockets; nothing else */
    SANDBOX_STORE,  /* files under `paths`, threads; no network, exec, kill */
};

struct sandbox_paths {
    const char *const *writable; /* directories, recursively */
    size_t writable_count;
};

/* What took hold, for the log. */
struct sandbox_report {
    int landlock_abi; /* 0: the kernel has none; the rest holds all the same */
    bool seccomp;
};

/* RLIMIT_CORE 0, PR_SET_DUMPABLE 0, umask 077. Every process, first of all. */
enum status sandbox_begin(void);

/* To an unprivileged user for good: groups cleared, gid, uid, all capabilities gone, and a check
 * that there is no way back. Does nothing when not root. `why` is filled on failure. */
enum status sandbox_drop_user(uid_t uid, gid_t gid, char why[200]);

/* Shuts. On failure `why` says what; the process must end. */
enum status sandbox_confine(enum sandbox_role role, const struct sandbox_paths *paths,
                            struct sandbox_report *report, char why[200]);

#endif
