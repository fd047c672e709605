#include "sandbox/sandbox.h"

#include "sandbox/sandbox_layers.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum status sandbox_because(char why[SANDBOX_WHY], enum status s, const char *what)
{
    int error = errno;
    snprintf(why, SANDBOX_WHY, "%s: %s", what, strerror(error));
    return s;
}

static bool forbid_cores(void)
{
    static const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

enum status sandbox_begin(void)
{
    umask(077);
    return forbid_cores() ? STATUS_OK : STATUS_PERMANENT;
}

static bool get_capabilities(struct __user_cap_data_struct sets[2])
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    return syscall(SYS_capget, &header, sets) == 0;
}

static bool may_change_bounding_set(void)
{
    struct __user_cap_data_struct sets[2] = {0};
    return get_capabilities(sets) && (sets[0].effective & (1U << CAP_SETPCAP)) != 0;
}

/* While still root: what an exec could give back. Without CAP_SETPCAP (a service manager may have
 * kept it) nothing can be dropped here, and no_new_privs bars the same way. */
static bool shut_capability_sources(void)
{
    static const unsigned long bits =
        SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
        SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    if (!may_change_bounding_set())
        return true;
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
            return false;
    return prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) == 0;
}

/* Needs no privilege, so a process that was given ambient capabilities loses them too: the kernel
 * lowers those with the permitted ones. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    static const struct __user_cap_data_struct none[2];
    return syscall(SYS_capset, &header, none) == 0;
}

static bool has_capabilities(void)
{
    struct __user_cap_data_struct sets[2] = {0};
    if (!get_capabilities(sets))
        return true;
    for (int i = 0; i < 2; i++)
        if ((sets[i].effective | sets[i].permitted | sets[i].inheritable) != 0)
            return true;
    return false;
}

/* The name of what is left of the old user, or NULL. The refused calls are tried, not assumed. */
static const char *way_back(uid_t uid, gid_t gid)
{
    uid_t uids[3];
    gid_t gids[3];
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 || uids[0] != uid || uids[1] != uid ||
        uids[2] != uid)
        return "the user ids did not all change";
    if (getresgid(&gids[0], &gids[1], &gids[2]) != 0 || gids[0] != gid || gids[1] != gid ||
        gids[2] != gid)
        return "the group ids did not all change";
    if (getgroups(0, NULL) != 0)
        return "supplementary groups are left";
    if (has_capabilities())
        return "capabilities are left";
    if (setuid(0) == 0 || setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
        return "the user id could be changed back";
    if (setgid(0) == 0 || setresgid((gid_t)-1, 0, (gid_t)-1) == 0)
        return "the group id could be changed back";
    return NULL;
}

enum status sandbox_drop_user(uid_t uid, gid_t gid, char why[SANDBOX_WHY])
{
    if (geteuid() != 0)
        return STATUS_OK;
    if (uid == 0 || gid == 0) {
        snprintf(why, SANDBOX_WHY, "refuses to go on as root: name an unprivileged user");
        return STATUS_DENIED;
    }
    if (!shut_capability_sources())
        return sandbox_because(why, STATUS_PERMANENT, "capability bounding set");
    if (setgroups(0, NULL) != 0)
        return sandbox_because(why, STATUS_PERMANENT, "setgroups");
    if (setresgid(gid, gid, gid) != 0)
        return sandbox_because(why, STATUS_PERMANENT, "setresgid");
    if (setresuid(uid, uid, uid) != 0)
        return sandbox_because(why, STATUS_PERMANENT, "setresuid");
    if (!drop_capabilities())
        return sandbox_because(why, STATUS_PERMANENT, "capset");
    const char *way = way_back(uid, gid);
    if (way) {
        snprintf(why, SANDBOX_WHY, "after dropping root: %s", way);
        return STATUS_PERMANENT;
    }
    return STATUS_OK;
}

/* Landlock holds the calling thread and those it starts; one started earlier would go free.
 * Unsharing memory is refused to a process of several threads and does nothing to one alone. */
static bool is_alone(void)
{
    return unshare(CLONE_VM) == 0 || errno != EINVAL;
}

enum status sandbox_confine(enum sandbox_role role, const struct sandbox_paths *paths,
                            struct sandbox_report *report, char why[SANDBOX_WHY])
{
    *report = (struct sandbox_report){0, false};
    /* A change of user or an exec since sandbox_begin has set the dumpable flag anew. */
    if (!forbid_cores())
        return sandbox_because(why, STATUS_PERMANENT, "core dumps");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return sandbox_because(why, STATUS_PERMANENT, "no_new_privs");
    if (role == SANDBOX_MASTER)
        return STATUS_OK;
    if (!is_alone()) {
        snprintf(why, SANDBOX_WHY, "threads were started before confinement");
        return STATUS_PERMANENT;
    }
    if (!drop_capabilities())
        return sandbox_because(why, STATUS_PERMANENT, "capset");
    enum status s =
        sandbox_landlock(role == SANDBOX_STORE ? paths : NULL, &report->landlock_abi, why);
    if (s != STATUS_OK)
        return s;
    s = sandbox_seccomp(role, why);
    report->seccomp = s == STATUS_OK;
    return s;
}
