#include "sandbox/sandbox_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { F = 1 << SANDBOX_FRONT, A = 1 << SANDBOX_AUTH, S = 1 << SANDBOX_STORE, ALL = F | A | S };
enum result { VALUE, DESCRIPTOR, CHILD }; /* what a call returns that got through */

#define PARENT (-4242L) /* an argument: the parent's process id */
#define P(pointer) ((long)(pointer))
#define NOWHERE "/nonexistent/poplin-probe"

static char memory[4096] __attribute__((aligned(4096)));
static struct iovec here = {memory, 16};
static struct perf_event_attr perf = {.type = PERF_TYPE_SOFTWARE, .size = sizeof perf};
static const struct rlimit no_core = {0, 0};

/* Arguments are such that a kernel that would let the call through answers with success or with
 * another error than "not permitted". */
static const struct probe {
    const char *name;
    unsigned roles;
    enum result result;
    long call;
    long arguments[6];
} probes[] = {
    {"open-read", ALL, DESCRIPTOR, SYS_openat, {AT_FDCWD, P("/etc/passwd"), O_RDONLY}},
    {"open-write", ALL, DESCRIPTOR, SYS_openat, {AT_FDCWD, P("/etc/passwd"), O_WRONLY}},
    {"open-directory", ALL, DESCRIPTOR, SYS_openat, {AT_FDCWD, P("/"), O_RDONLY | O_DIRECTORY}},
    {"open-device", ALL, DESCRIPTOR, SYS_openat, {AT_FDCWD, P("/dev/null"), O_RDWR}},
    {"open-own-memory", ALL, DESCRIPTOR, SYS_openat, {AT_FDCWD, P("/proc/self/mem"), O_RDWR}},
    {"open-temporary",
     ALL,
     DESCRIPTOR,
     SYS_openat,
     {AT_FDCWD, P("/tmp"), O_TMPFILE | O_RDWR, 0600}},
    {"open-path-only", F | A, DESCRIPTOR, SYS_openat, {AT_FDCWD, P("/etc/passwd"), O_PATH}},
    {"stat", F | A, VALUE, SYS_newfstatat, {AT_FDCWD, P("/etc/passwd"), P(memory)}},
    {"stat-empty-path-flag",
     F | A,
     VALUE,
     SYS_newfstatat,
     {AT_FDCWD, P("/etc/passwd"), P(memory), AT_EMPTY_PATH}},
    {"statx", F | A, VALUE, SYS_statx, {AT_FDCWD, P("/etc/passwd"), 0, STATX_SIZE, P(memory)}},
    {"readlink",
     ALL,
     VALUE,
     SYS_readlinkat,
     {AT_FDCWD, P("/proc/self/exe"), P(memory), sizeof memory}},
    {"access", ALL, VALUE, SYS_faccessat, {AT_FDCWD, P("/etc/passwd"), R_OK}},
    {"chdir", ALL, VALUE, SYS_chdir, {P("/")}},
    {"unlink", F | A, VALUE, SYS_unlinkat, {AT_FDCWD, P(NOWHERE)}},
    {"rename", F | A, VALUE, SYS_renameat2, {AT_FDCWD, P(NOWHERE), AT_FDCWD, P(NOWHERE "2")}},
    {"mkdir", F | A, VALUE, SYS_mkdirat, {AT_FDCWD, P(NOWHERE), 0700}},
    {"link", ALL, VALUE, SYS_linkat, {AT_FDCWD, P(NOWHERE), AT_FDCWD, P(NOWHERE "2")}},
    {"symlink", ALL, VALUE, SYS_symlinkat, {P("/etc"), AT_FDCWD, P(NOWHERE)}},
    {"mknod", ALL, VALUE, SYS_mknodat, {AT_FDCWD, P(NOWHERE), S_IFIFO | 0600}},
    {"chmod", ALL, VALUE, SYS_fchmodat, {AT_FDCWD, P(NOWHERE), 0600}},
    {"chown", ALL, VALUE, SYS_fchownat, {AT_FDCWD, P(NOWHERE), -1, -1}},
    {"truncate", ALL, VALUE, SYS_truncate, {P(NOWHERE), 0}},
    {"open-by-handle", ALL, DESCRIPTOR, SYS_open_by_handle_at, {-1, P(memory), O_RDONLY}},
    {"memfd", F | A, DESCRIPTOR, SYS_memfd_create, {P("probe"), MFD_CLOEXEC}},
    {"inotify", ALL, DESCRIPTOR, SYS_inotify_init1, {O_CLOEXEC}},
    {"socket-inet", ALL, DESCRIPTOR, SYS_socket, {AF_INET, SOCK_STREAM}},
    {"socket-inet6", ALL, DESCRIPTOR, SYS_socket, {AF_INET6, SOCK_STREAM}},
    {"socket-unix", ALL, DESCRIPTOR, SYS_socket, {AF_UNIX, SOCK_STREAM}},
    {"socket-netlink", ALL, DESCRIPTOR, SYS_socket, {AF_NETLINK, SOCK_RAW}},
    {"socketpair", ALL, VALUE, SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, P(memory)}},
    {"connect", ALL, VALUE, SYS_connect, {-1, P(memory), 16}},
    {"bind", ALL, VALUE, SYS_bind, {-1, P(memory), 16}},
    {"listen", ALL, VALUE, SYS_listen, {-1, 1}},
    {"accept", A | S, DESCRIPTOR, SYS_accept4, {-1}},
    {"sendto-address", ALL, VALUE, SYS_sendto, {-1, P(memory), 1, 0, P(memory), 16}},
    {"exec", ALL, VALUE, SYS_execve, {P(NOWHERE), 0, 0}},
    {"exec-descriptor", ALL, VALUE, SYS_execveat, {-1, P(""), 0, 0, AT_EMPTY_PATH}},
    {"fork", ALL, CHILD, SYS_clone, {SIGCHLD}},
    {"fork-namespace", ALL, CHILD, SYS_clone, {SIGCHLD | CLONE_NEWUSER}},
    {"clone3", ALL, CHILD, SYS_clone3, {0, 0}},
    {"kill-parent", ALL, VALUE, SYS_kill, {PARENT, 0}},
    {"tgkill-parent", ALL, VALUE, SYS_tgkill, {PARENT, PARENT, 0}},
    {"kill-all", ALL, VALUE, SYS_kill, {-1, 0}},
    {"pidfd-open", ALL, DESCRIPTOR, SYS_pidfd_open, {PARENT, 0}},
    {"pidfd-signal", ALL, VALUE, SYS_pidfd_send_signal, {-1, 0, 0, 0}},
    {"fcntl-owner", ALL, VALUE, SYS_fcntl, {-1, F_SETOWN, PARENT}},
    {"ioctl-type-ahead", ALL, VALUE, SYS_ioctl, {-1, TIOCSTI, P(memory)}},
    {"ptrace-parent", ALL, VALUE, SYS_ptrace, {PTRACE_SEIZE, PARENT, 0, -1}},
    {"read-parent-memory", ALL, VALUE, SYS_process_vm_readv, {PARENT, P(&here), 1, P(&here), 1}},
    {"write-parent-memory", ALL, VALUE, SYS_process_vm_writev, {PARENT, P(&here), 1, P(&here), 0}},
    {"mount", ALL, VALUE, SYS_mount, {P("none"), P(NOWHERE), P("tmpfs"), 0, 0}},
    {"umount", ALL, VALUE, SYS_umount2, {P(NOWHERE), 0}},
    {"unshare", ALL, VALUE, SYS_unshare, {CLONE_FS}},
    {"setns", ALL, VALUE, SYS_setns, {-1, 0}},
    {"chroot", ALL, VALUE, SYS_chroot, {P("/")}},
    {"io-uring", ALL, DESCRIPTOR, SYS_io_uring_setup, {1, P(memory)}},
    {"keyctl", ALL, VALUE, SYS_keyctl, {KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 0}},
    {"perf-event", ALL, DESCRIPTOR, SYS_perf_event_open, {P(&perf), 0, -1, -1, 0}},
    {"bpf", ALL, DESCRIPTOR, SYS_bpf, {0, 0, 0}},
    {"userfaultfd", ALL, DESCRIPTOR, SYS_userfaultfd, {O_CLOEXEC}},
    {"shared-memory", ALL, VALUE, SYS_shmget, {0x706f706c, 4096, 0}},
    {"map-executable",
     ALL,
     VALUE,
     SYS_mmap,
     {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"make-executable",
     ALL,
     VALUE,
     SYS_mprotect,
     {P(memory), sizeof memory, PROT_READ | PROT_WRITE | PROT_EXEC}},
    {"setuid", ALL, VALUE, SYS_setuid, {0}},
    {"setgid", ALL, VALUE, SYS_setgid, {0}},
    {"setgroups", ALL, VALUE, SYS_setgroups, {0, 0}},
    {"dumpable", ALL, VALUE, SYS_prctl, {PR_SET_DUMPABLE, 1, 0, 0, 0}},
    {"core-limit", ALL, VALUE, SYS_prlimit64, {0, RLIMIT_CORE, P(&no_core), 0}},
    {"personality", ALL, VALUE, SYS_personality, {0xffffffff}},
    {"landlock", ALL, VALUE, SYS_landlock_create_ruleset, {0, 0, 1}},
    {"seccomp", ALL, VALUE, SYS_seccomp, {2, 0, P(memory)}},
};

/* clone3 says that it does not exist, so that libc falls back to clone. */
static bool refused(const struct probe *p, int error)
{
    return error == EPERM || error == EACCES || (error == ENOSYS && p->call == SYS_clone3);
}

static void undo(enum result result, long value)
{
    if (result == DESCRIPTOR)
        close((int)value);
    if (result == CHILD && value == 0)
        _exit(0);
    if (result == CHILD)
        waitpid((pid_t)value, NULL, 0);
}

static bool is_denied(const struct probe *p)
{
    long a[6] = {0};
    for (int i = 0; i < 6; i++)
        a[i] = p->arguments[i] == PARENT ? (long)getppid() : p->arguments[i];
    long value = syscall(p->call, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (value < 0)
        return refused(p, errno);
    undo(p->result, value);
    return false;
}

int sandbox_probe(enum sandbox_role role, sandbox_probe_report *report, void *context)
{
    int through = 0;
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        if ((probes[i].roles & (1U << role)) == 0)
            continue;
        bool denied = is_denied(&probes[i]);
        through += !denied;
        report(context, probes[i].name, denied);
    }
    return through;
}
