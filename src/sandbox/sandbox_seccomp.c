/* The lists of system calls. What stands in no list answers EPERM, so that a test can ask and a
 * library that merely tries goes on; other machine ABIs (32-bit, x32) kill. */
#include "sandbox/sandbox_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

enum { F = 1 << SANDBOX_FRONT, A = 1 << SANDBOX_AUTH, S = 1 << SANDBOX_STORE, ALL = F | A | S };

/* Allowed whatever the arguments. Absent on purpose although harmless-looking: newfstatat and
 * statx where there are no paths (see sandbox_fstat.c); kill; dup (fcntl does it with
 * O_CLOEXEC); pipe, splice and sendto with an address (another socket's inbox). */
static const struct plain_rule {
    int call;
    unsigned roles;
} plain_rules[] = {
    /* descriptors that are open already */
    {SCMP_SYS(read), ALL},
    {SCMP_SYS(readv), ALL},
    {SCMP_SYS(write), ALL},
    {SCMP_SYS(writev), ALL},
    {SCMP_SYS(close), ALL},
    {SCMP_SYS(close_range), ALL},
    {SCMP_SYS(fstat), ALL},
    {SCMP_SYS(lseek), ALL},
    {SCMP_SYS(pread64), F | A | S},
    {SCMP_SYS(preadv), F | S},
    {SCMP_SYS(sendfile), F},
    /* sockets that were handed over */
    {SCMP_SYS(recvfrom), ALL},
    {SCMP_SYS(recvmsg), ALL},
    {SCMP_SYS(recvmmsg), ALL},
    {SCMP_SYS(sendmsg), ALL},
    {SCMP_SYS(sendmmsg), ALL},
    {SCMP_SYS(shutdown), ALL},
    {SCMP_SYS(getsockopt), ALL},
    {SCMP_SYS(getsockname), ALL},
    {SCMP_SYS(accept4), F},
    {SCMP_SYS(getpeername), F},
    /* waiting and time */
    {SCMP_SYS(epoll_create1), ALL},
    {SCMP_SYS(epoll_ctl), ALL},
    {SCMP_SYS(epoll_wait), ALL},
    {SCMP_SYS(epoll_pwait), ALL},
    {SCMP_SYS(epoll_pwait2), ALL},
    {SCMP_SYS(poll), ALL},
    {SCMP_SYS(ppoll), ALL},
    {SCMP_SYS(eventfd2), ALL},
    {SCMP_SYS(signalfd4), ALL},
    {SCMP_SYS(timerfd_create), ALL},
    {SCMP_SYS(timerfd_settime), ALL},
    {SCMP_SYS(timerfd_gettime), ALL},
    {SCMP_SYS(clock_gettime), ALL},
    {SCMP_SYS(clock_getres), ALL},
    {SCMP_SYS(clock_nanosleep), ALL},
    {SCMP_SYS(nanosleep), ALL},
    {SCMP_SYS(gettimeofday), ALL},
    {SCMP_SYS(time), ALL},
    {SCMP_SYS(restart_syscall), ALL},
    /* memory; mmap and mprotect stand below */
    {SCMP_SYS(brk), ALL},
    {SCMP_SYS(munmap), ALL},
    {SCMP_SYS(mremap), ALL},
    {SCMP_SYS(madvise), ALL},
    {SCMP_SYS(mlock), ALL},
    {SCMP_SYS(munlock), ALL},
    /* the process itself */
    {SCMP_SYS(getrandom), ALL},
    {SCMP_SYS(getpid), ALL},
    {SCMP_SYS(gettid), ALL},
    {SCMP_SYS(getppid), ALL},
    {SCMP_SYS(getuid), ALL},
    {SCMP_SYS(geteuid), ALL},
    {SCMP_SYS(getgid), ALL},
    {SCMP_SYS(getegid), ALL},
    {SCMP_SYS(getrusage), ALL},
    {SCMP_SYS(sysinfo), ALL}, /* qsort of glibc asks how much memory there is */
    {SCMP_SYS(rt_sigaction), ALL},
    {SCMP_SYS(rt_sigprocmask), ALL},
    {SCMP_SYS(rt_sigreturn), ALL},
    {SCMP_SYS(rt_sigtimedwait), ALL},
    {SCMP_SYS(exit), ALL},
    {SCMP_SYS(exit_group), ALL},
    /* threads; clone stands below */
    {SCMP_SYS(futex), ALL},
    {SCMP_SYS(sched_yield), ALL},
    {SCMP_SYS(sched_getaffinity), ALL},
    {SCMP_SYS(set_robust_list), A | S},
    {SCMP_SYS(rseq), A | S},
    {SCMP_SYS(membarrier), A | S},
    /* files, as far as Landlock lets them */
    {SCMP_SYS(openat), S},
    {SCMP_SYS(openat2), S},
    {SCMP_SYS(newfstatat), S},
    {SCMP_SYS(statx), S},
    {SCMP_SYS(getdents64), S},
    {SCMP_SYS(unlinkat), S},
    {SCMP_SYS(renameat), S},
    {SCMP_SYS(renameat2), S},
    {SCMP_SYS(mkdirat), S},
    {SCMP_SYS(fchmod), S},
    {SCMP_SYS(fstatfs), S},
    {SCMP_SYS(flock), S},
    {SCMP_SYS(pwrite64), S},
    {SCMP_SYS(pwritev), S},
    {SCMP_SYS(preadv2), S},
    {SCMP_SYS(ftruncate), S},
    {SCMP_SYS(fallocate), S},
    {SCMP_SYS(fadvise64), S},
    {SCMP_SYS(readahead), S},
    {SCMP_SYS(fsync), S},
    {SCMP_SYS(fdatasync), S},
    {SCMP_SYS(memfd_create), S},
#ifdef SANITIZED
    {SCMP_SYS(sigaltstack), ALL}, /* each thread gets a stack for reports */
#endif
};

/* Only the low half of a register counts where the kernel takes an int. */
#define INT_IS(arg, value) SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, 0xffffffffU, (unsigned)(value))
#define IS(arg, value) SCMP_CMP64(arg, SCMP_CMP_EQ, (value), 0)
#define HAS_NOT(arg, bits) SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, (bits), 0)

/* A thread of this process, and none of the ways to be anything else. */
#define THREAD_BITS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define OTHER_BITS                                                                                 \
    (CLONE_VFORK | CLONE_PTRACE | CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |    \
     CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* Allowed with these arguments only. F_SETOWN and its like would send signals; F_SETFD could
 * only make descriptors inheritable by an exec that is refused. */
static const struct tight_rule {
    int call;
    unsigned roles;
    unsigned count;
    struct scmp_arg_cmp arguments[2];
} tight_rules[] = {
    {SCMP_SYS(mmap), ALL, 1, {HAS_NOT(2, PROT_EXEC)}},
    {SCMP_SYS(mprotect), ALL, 1, {HAS_NOT(2, PROT_EXEC)}},
    {SCMP_SYS(sendto), ALL, 1, {IS(4, 0)}},
    {SCMP_SYS(prctl), ALL, 1, {INT_IS(0, PR_SET_NAME)}},
    {SCMP_SYS(prctl), ALL, 1, {INT_IS(0, PR_SET_VMA)}},
    {SCMP_SYS(prlimit64), ALL, 2, {INT_IS(0, 0), IS(2, 0)}},
    {SCMP_SYS(clone),
     A | S,
     1,
     {SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, THREAD_BITS | OTHER_BITS, THREAD_BITS)}},
    {SCMP_SYS(fcntl), ALL, 1, {INT_IS(1, F_GETFL)}},
    {SCMP_SYS(fcntl), ALL, 1, {INT_IS(1, F_SETFL)}},
    {SCMP_SYS(fcntl), ALL, 1, {INT_IS(1, F_GETFD)}},
    {SCMP_SYS(fcntl), ALL, 1, {INT_IS(1, F_SETFD)}},
    {SCMP_SYS(fcntl), ALL, 1, {INT_IS(1, F_DUPFD_CLOEXEC)}},
    {SCMP_SYS(fcntl), ALL, 1, {INT_IS(1, F_GET_SEALS)}},
    {SCMP_SYS(fcntl), S, 1, {INT_IS(1, F_ADD_SEALS)}},
    {SCMP_SYS(fcntl), S, 1, {INT_IS(1, F_GETLK)}},
    {SCMP_SYS(fcntl), S, 1, {INT_IS(1, F_SETLK)}},
    {SCMP_SYS(fcntl), S, 1, {INT_IS(1, F_SETLKW)}},
    {SCMP_SYS(fcntl), S, 1, {INT_IS(1, F_OFD_GETLK)}},
    {SCMP_SYS(fcntl), S, 1, {INT_IS(1, F_OFD_SETLK)}},
    {SCMP_SYS(fcntl), S, 1, {INT_IS(1, F_OFD_SETLKW)}},
    {SCMP_SYS(ioctl), F, 1, {INT_IS(1, FIONREAD)}},
    {SCMP_SYS(ioctl), F, 1, {INT_IS(1, FIONBIO)}},
    {SCMP_SYS(ioctl), F, 1, {INT_IS(1, SIOCOUTQ)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, SOL_SOCKET), INT_IS(2, SO_KEEPALIVE)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, SOL_SOCKET), INT_IS(2, SO_LINGER)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, SOL_SOCKET), INT_IS(2, SO_RCVLOWAT)}},
    {SCMP_SYS(setsockopt), ALL, 2, {INT_IS(1, SOL_SOCKET), INT_IS(2, SO_RCVBUF)}},
    {SCMP_SYS(setsockopt), ALL, 2, {INT_IS(1, SOL_SOCKET), INT_IS(2, SO_SNDBUF)}},
    {SCMP_SYS(setsockopt), ALL, 2, {INT_IS(1, SOL_SOCKET), INT_IS(2, SO_RCVTIMEO)}},
    {SCMP_SYS(setsockopt), ALL, 2, {INT_IS(1, SOL_SOCKET), INT_IS(2, SO_SNDTIMEO)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, IPPROTO_TCP), INT_IS(2, TCP_NODELAY)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, IPPROTO_TCP), INT_IS(2, TCP_CORK)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, IPPROTO_TCP), INT_IS(2, TCP_QUICKACK)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, IPPROTO_TCP), INT_IS(2, TCP_KEEPIDLE)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, IPPROTO_TCP), INT_IS(2, TCP_KEEPINTVL)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, IPPROTO_TCP), INT_IS(2, TCP_KEEPCNT)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, IPPROTO_TCP), INT_IS(2, TCP_USER_TIMEOUT)}},
    {SCMP_SYS(setsockopt), F, 2, {INT_IS(1, IPPROTO_TCP), INT_IS(2, TCP_NOTSENT_LOWAT)}},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int add_plain_rules(scmp_filter_ctx filter, unsigned role_bit)
{
    for (size_t i = 0; i < COUNT(plain_rules); i++) {
        if ((plain_rules[i].roles & role_bit) == 0)
            continue;
        int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain_rules[i].call, 0);
        if (error != 0)
            return error;
    }
    return 0;
}

static int add_tight_rules(scmp_filter_ctx filter, unsigned role_bit)
{
    for (size_t i = 0; i < COUNT(tight_rules); i++) {
        const struct tight_rule *r = &tight_rules[i];
        if ((r->roles & role_bit) == 0)
            continue;
        int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, r->call, r->count, r->arguments);
        if (error != 0)
            return error;
    }
    /* abort() and pthread_kill: this process and no other. */
    struct scmp_arg_cmp own = INT_IS(0, getpid());
    int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &own);
    if (error != 0)
        return error;
    /* Its flags lie in memory; libc falls back to clone when there is no such call. */
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int build_and_load(scmp_filter_ctx filter, unsigned role_bit)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1);
    /* A binary tree: the calls with arguments are not in the kernel's table of known answers. */
    if (error == 0)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (error == 0)
        error = add_plain_rules(filter, role_bit);
    if (error == 0)
        error = add_tight_rules(filter, role_bit);
    return error == 0 ? seccomp_load(filter) : error;
}

enum status sandbox_seccomp(enum sandbox_role role, char why[SANDBOX_WHY])
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) {
        errno = ENOMEM;
        return sandbox_because(why, STATUS_NO_MEMORY, "seccomp");
    }
    int error = build_and_load(filter, 1U << role);
    seccomp_release(filter);
    errno = -error;
    return error == 0 ? STATUS_OK : sandbox_because(why, STATUS_PERMANENT, "seccomp");
}
