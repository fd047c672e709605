#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"
#include "sandbox/sandbox_probe.h"
#include "sandbox_child.h"

#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void say_what_got_through(void *context, const char *probe, bool denied)
{
    size_t *count = context;
    *count += 1;
    if (!denied)
        say(probe);
}

static void probe_role(void *context)
{
    enum sandbox_role role = *(enum sandbox_role *)context;
    static const struct sandbox_paths none;
    size_t count = 0;
    confine(role, &none);
    sandbox_probe(role, say_what_got_through, &count);
    NEED(count >= 50);
}

static void a79_front_cannot_escape(void **state)
{
    enum sandbox_role role = SANDBOX_FRONT;
    (void)state;
    child_must_be_content(probe_role, &role);
}

static void a79_auth_cannot_escape(void **state)
{
    enum sandbox_role role = SANDBOX_AUTH;
    (void)state;
    child_must_be_content(probe_role, &role);
}

static void a79_store_cannot_escape(void **state)
{
    enum sandbox_role role = SANDBOX_STORE;
    (void)state;
    if (!has_landlock()) {
        print_message("# skipped: this kernel has no Landlock\n");
        skip();
    }
    child_must_be_content(probe_role, &role);
}

/* A host may refuse these even to root, by a setting of its kernel. */
static bool is_host_policy(const char *probe)
{
    return strcmp(probe, "io-uring") == 0 || strcmp(probe, "perf-event") == 0;
}

static void say_what_was_denied(void *context, const char *probe, bool denied)
{
    (void)context;
    if (denied && !is_host_policy(probe))
        say(probe);
}

static void probe_unconfined(void *context)
{
    (void)context;
    sandbox_probe(SANDBOX_FRONT, say_what_was_denied, NULL);
    sandbox_probe(SANDBOX_AUTH, say_what_was_denied, NULL);
}

/* A container may hold its root by a filter, or without capabilities. */
static bool nothing_holds_root(void)
{
    return geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 1 &&
           prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0;
}

/* The test of the test: each probe gets through where nothing holds it. */
static void a79_every_probe_gets_through_unconfined(void **state)
{
    (void)state;
    if (!nothing_holds_root()) {
        print_message("# skipped: needs a root that is refused nothing\n");
        skip();
    }
    child_must_be_content(probe_unconfined, NULL);
}

/* A kernel as it was before Linux 5.13, and the parent's user, whom it lets signal and trace. */
static void confine_without_landlock(void *context)
{
    struct sandbox_report report;
    char why[200] = "";
    size_t count = 0;
    scmp_filter_ctx old = seccomp_init(SCMP_ACT_ALLOW);
    (void)context;
    NEED(seccomp_rule_add(old, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) == 0);
    NEED(seccomp_load(old) == 0);
    seccomp_release(old);
    NEED(sandbox_confine(SANDBOX_FRONT, NULL, &report, why) == STATUS_OK);
    NEED(report.landlock_abi == 0 && report.seccomp);
    sandbox_probe(SANDBOX_FRONT, say_what_got_through, &count);
    NEED(count >= 50);
}

static void without_landlock_front_is_held_all_the_same(void **state)
{
    (void)state;
    child_must_be_content(confine_without_landlock, NULL);
}

static void *wait_for_ever(void *unused)
{
    (void)unused;
    for (;;)
        pause();
    return NULL;
}

static void confine_late(void *context)
{
    struct sandbox_report report;
    char why[200] = "";
    pthread_t thread;
    (void)context;
    NEED(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
    NEED(sandbox_confine(SANDBOX_AUTH, NULL, &report, why) == STATUS_PERMANENT);
    NEED(strstr(why, "threads") != NULL);
}

static void threads_of_before_are_an_error(void **state)
{
    (void)state;
    child_must_be_content(confine_late, NULL);
}

#ifdef __x86_64__
/* x32: the same kernel, the same calls under other numbers. */
static void call_another_abi(void *context)
{
    confine(*(enum sandbox_role *)context, NULL);
    syscall(0x40000000 | SYS_getpid);
    say("lived on");
}

static void calls_by_other_numbers_kill(void **state)
{
    (void)state;
    for (enum sandbox_role role = SANDBOX_FRONT; role <= SANDBOX_STORE; role++) {
        char said[SAID_MAX];
        int status = in_child(call_another_abi, &role, said);
        assert_string_equal(said, "");
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
}
#endif

/* Not by what they are called with alone: the flags are looked at. */
static void start_other_than_threads(void *context)
{
    const unsigned long thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
    static const unsigned long others[] = {CLONE_NEWNS,  CLONE_NEWUSER, CLONE_NEWPID,
                                           CLONE_NEWNET, CLONE_VFORK,   CLONE_PTRACE};
    (void)context;
    confine(SANDBOX_AUTH, NULL);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        NEED(syscall(SYS_clone, thread | others[i], 0, 0, 0, 0) == -1 && errno == EPERM);
    NEED(syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND, 0, 0, 0, 0) == -1 && errno == EPERM);
}

static void auth_starts_threads_and_nothing_else(void **state)
{
    (void)state;
    child_must_be_content(start_other_than_threads, NULL);
}

static void confine_master(void *context)
{
    struct sandbox_report report;
    char why[200];
    (void)context;
    NEED(sandbox_begin() == STATUS_OK);
    NEED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
    NEED(sandbox_confine(SANDBOX_MASTER, NULL, &report, why) == STATUS_OK);
    NEED(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    NEED(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    int status = -1;
    NEED(waitpid(child, &status, 0) == child && status == 0);
}

static void master_keeps_starting_programs(void **state)
{
    (void)state;
    child_must_be_content(confine_master, NULL);
}

static void abort_confined(void *context)
{
    confine(*(enum sandbox_role *)context, NULL);
    abort();
}

static void an_assert_ends_the_process_without_a_core(void **state)
{
    (void)state;
    for (enum sandbox_role role = SANDBOX_FRONT; role <= SANDBOX_STORE; role++) {
        char said[SAID_MAX];
        int status = in_child(abort_confined, &role, said);
        assert_string_equal(said, "");
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
        assert_false(WCOREDUMP(status));
    }
}

static void drop_for_good(void *context)
{
    char why[200] = "";
    int may_shrink = prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0);
    (void)context;
    NEED(setgroups(2, (const gid_t[]){4, 42}) == 0);
    NEED(sandbox_drop_user(NOBODY, NOBODY, why) == STATUS_OK);
    NEED(getuid() == NOBODY && getegid() == NOBODY && getgroups(0, NULL) == 0);
    NEED(setuid(0) == -1 && setresuid(0, 0, 0) == -1 && setgid(0) == -1);
    NEED(setgroups(0, NULL) == -1);
    NEED(prctl(PR_CAPBSET_READ, CAP_SETUID, 0, 0, 0) == !may_shrink);
    NEED(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0) == !may_shrink);
    NEED(open("/etc/shadow", O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
}

static void a_dropped_user_has_no_way_back(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("# skipped: needs root\n");
        skip();
    }
    child_must_be_content(drop_for_good, NULL);
}

static void drop_to_root(void *context)
{
    char why[200] = "";
    (void)context;
    NEED(sandbox_drop_user(0, 0, why) == STATUS_DENIED && why[0] != '\0');
    NEED(sandbox_drop_user(NOBODY, 0, why) == STATUS_DENIED);
}

static void root_is_no_user_to_drop_to(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("# skipped: needs root\n");
        skip();
    }
    child_must_be_content(drop_to_root, NULL);
}

static void begin(void *context)
{
    struct rlimit cores = {1, 1};
    (void)context;
    NEED(sandbox_begin() == STATUS_OK);
    NEED(getrlimit(RLIMIT_CORE, &cores) == 0 && cores.rlim_cur == 0 && cores.rlim_max == 0);
    NEED(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    NEED(umask(0) == 077);
}

static void a_process_begins_without_cores(void **state)
{
    (void)state;
    child_must_be_content(begin, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a79_front_cannot_escape),
        cmocka_unit_test(a79_auth_cannot_escape),
        cmocka_unit_test(a79_store_cannot_escape),
        cmocka_unit_test(a79_every_probe_gets_through_unconfined),
        cmocka_unit_test(without_landlock_front_is_held_all_the_same),
        cmocka_unit_test(threads_of_before_are_an_error),
#ifdef __x86_64__
        cmocka_unit_test(calls_by_other_numbers_kill),
#endif
        cmocka_unit_test(auth_starts_threads_and_nothing_else),
        cmocka_unit_test(master_keeps_starting_programs),
        cmocka_unit_test(an_assert_ends_the_process_without_a_core),
        cmocka_unit_test(a_dropped_user_has_no_way_back),
        cmocka_unit_test(root_is_no_user_to_drop_to),
        cmocka_unit_test(a_process_begins_without_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
