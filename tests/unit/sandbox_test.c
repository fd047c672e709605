#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"
#include "sandbox/sandbox_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, SAID_MAX = 4000 };

/* Runs in a child; what it says with `say` is what went wrong. */
typedef void child_body(void *context);

static int said_to = -1;

static void say(const char *what)
{
    dprintf(said_to, "%s (errno %d); ", what, errno);
}

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            say(#condition);                                                                       \
    } while (0)

/* The child's words in `said`; its wait status is returned. */
static int in_child(child_body *body, void *context, char said[SAID_MAX])
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        said_to = ends[1];
        body(context);
        _exit(0);
    }
    close(ends[1]);
    size_t size = 0;
    ssize_t n;
    while (size < SAID_MAX - 1 && (n = read(ends[0], said + size, SAID_MAX - 1 - size)) > 0)
        size += (size_t)n;
    said[size] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void child_must_be_content(child_body *body, void *context)
{
    char said[SAID_MAX];
    int status = in_child(body, context, said);
    assert_string_equal(said, "");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static struct sandbox_report confine(enum sandbox_role role, const struct sandbox_paths *paths)
{
    struct sandbox_report report = {0};
    char why[200] = "";
    NEED(sandbox_begin() == STATUS_OK);
    if (sandbox_drop_user(NOBODY, NOBODY, why) != STATUS_OK ||
        sandbox_confine(role, paths, &report, why) != STATUS_OK)
        say(why);
    return report;
}

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

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
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

static void count_denied(void *context, const char *probe, bool denied)
{
    (void)context;
    if (denied)
        say(probe);
}

static void probe_unconfined(void *context)
{
    (void)context;
    sandbox_probe(SANDBOX_FRONT, count_denied, NULL);
    sandbox_probe(SANDBOX_AUTH, count_denied, NULL);
}

/* The test of the test: each probe gets through where nothing holds it. */
static void a79_every_probe_gets_through_unconfined(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("# skipped: only root is refused nothing\n");
        skip();
    }
    child_must_be_content(probe_unconfined, NULL);
}

static bool set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* Sockets and files of before: what a front lives on. */
struct opened {
    int listener, client, file, pair[2];
};

static void open_before(struct opened *o)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char path[] = "/tmp/poplin-sandbox-XXXXXX";
    o->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(bind(o->listener, (struct sockaddr *)&address, size) == 0);
    NEED(listen(o->listener, 1) == 0);
    NEED(getsockname(o->listener, (struct sockaddr *)&address, &size) == 0);
    o->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(connect(o->client, (struct sockaddr *)&address, size) == 0);
    o->file = mkostemp(path, O_CLOEXEC);
    unlink(path);
    NEED(write(o->file, "mail", 4) == 4);
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, o->pair) == 0);
}

static bool pass_descriptor(const int pair[2], int fd)
{
    char control[CMSG_SPACE(sizeof fd)] = {0};
    char octet = 'x';
    struct iovec part = {&octet, 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(pair[0], &m, MSG_NOSIGNAL) == 1 &&
           recvmsg(pair[1], &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == 1 && CMSG_FIRSTHDR(&m);
}

static void front_at_work(void *context)
{
    struct opened o;
    struct stat st;
    off_t offset = 0;
    char octets[8];
    (void)context;
    open_before(&o);
    confine(SANDBOX_FRONT, NULL);
    int server = accept4(o.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    NEED(server >= 0);
    NEED(set_int(server, IPPROTO_TCP, TCP_NODELAY, 1));
    NEED(!set_int(server, SOL_SOCKET, SO_DEBUG, 1));
    NEED(fstat(o.file, &st) == 0 && st.st_size == 4);
    NEED(sendfile(server, o.file, &offset, 4) == 4);
    NEED(recv(o.client, octets, sizeof octets, 0) == 4 && memcmp(octets, "mail", 4) == 0);
    NEED(send(server, "+OK", 3, MSG_NOSIGNAL) == 3);
    NEED(mmap(NULL, 4, PROT_READ, MAP_SHARED, o.file, 0) != MAP_FAILED);
    NEED(pass_descriptor(o.pair, o.file));
}

static void front_does_its_work_confined(void **state)
{
    (void)state;
    child_must_be_content(front_at_work, NULL);
}

static void *hash(void *counter)
{
    char *block = malloc(64 * 1024 * 1024);
    if (!block)
        return NULL;
    memset(block, 1, 64 * 1024 * 1024);
    free(block);
    return (uint64_t)1 == (uint64_t)write(*(int *)counter, &(uint64_t){1}, 8) / 8 ? counter : NULL;
}

static void work_with_threads(const int pair[2])
{
    int counter = eventfd(0, EFD_CLOEXEC);
    void *result[2] = {NULL, NULL};
    pthread_t threads[2];
    struct stat st;
    for (int i = 0; i < 2; i++)
        NEED(pthread_create(&threads[i], NULL, hash, &counter) == 0);
    for (int i = 0; i < 2; i++)
        NEED(pthread_join(threads[i], &result[i]) == 0 && result[i] == &counter);
    NEED(fstat(counter, &st) == 0);
    NEED(pass_descriptor(pair, counter));
}

static void auth_at_work(void *context)
{
    int pair[2];
    (void)context;
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    confine(SANDBOX_AUTH, NULL);
    work_with_threads(pair);
}

static void auth_does_its_work_confined(void **state)
{
    (void)state;
    child_must_be_content(auth_at_work, NULL);
}

/* A directory to be in, one to be kept out of, and a link that leads from one to the other. */
struct directories {
    char inside[64], outside[64];
};

static void make_directories(struct directories *d)
{
    char path[160];
    snprintf(d->inside, sizeof d->inside, "/tmp/poplin-inside-XXXXXX");
    snprintf(d->outside, sizeof d->outside, "/tmp/poplin-outside-XXXXXX");
    assert_non_null(mkdtemp(d->inside));
    assert_non_null(mkdtemp(d->outside));
    assert_int_equal(chmod(d->inside, 0777), 0);
    assert_int_equal(chmod(d->outside, 0777), 0);
    snprintf(path, sizeof path, "%s/mail", d->outside);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    assert_int_equal(fchmod(fd, 0666), 0);
    close(fd);
    snprintf(path, sizeof path, "%s/link", d->inside);
    assert_int_equal(symlink(d->outside, path), 0);
}

static void remove_directories(const struct directories *d)
{
    static const char *const names[] = {"mail", "link", "new", "sub/mail", "taken"};
    char path[160];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", d->inside, names[i]);
        unlink(path);
        snprintf(path, sizeof path, "%s/%s", d->outside, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/sub", d->inside);
    rmdir(path);
    assert_int_equal(rmdir(d->inside), 0);
    assert_int_equal(rmdir(d->outside), 0);
}

static void work_on_files(int inside)
{
    struct open_how how = {.flags = O_CREAT | O_RDWR | O_CLOEXEC,
                           .mode = 0600,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat st;
    NEED(mkdirat(inside, "sub", 0700) == 0);
    int fd = (int)syscall(SYS_openat2, inside, "new", &how, sizeof how);
    NEED(fd >= 0);
    NEED(pwrite(fd, "index", 5, 0) == 5 && ftruncate(fd, 4) == 0 && fsync(fd) == 0);
    NEED(fstat(fd, &st) == 0 && st.st_size == 4);
    NEED(flock(fd, LOCK_EX | LOCK_NB) == 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0);
    NEED(fchmod(fd, 0640) == 0);
    NEED(renameat(inside, "new", inside, "sub/mail") == 0);
    NEED(fstatat(inside, "sub/mail", &st, AT_SYMLINK_NOFOLLOW) == 0);
    NEED(fsync(inside) == 0);
    NEED(unlinkat(inside, "sub/mail", 0) == 0);
    fd = memfd_create("listing", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    NEED(fd >= 0 && ftruncate(fd, 4096) == 0);
    NEED(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
}

static void store_at_work(void *context)
{
    struct directories *d = context;
    const char *const writable[] = {d->inside};
    struct sandbox_paths paths = {writable, 1};
    int pair[2];
    NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    struct sandbox_report report = confine(SANDBOX_STORE, &paths);
    NEED(report.seccomp);
    int inside = open(d->inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    NEED(inside >= 0);
    work_on_files(inside);
    work_with_threads(pair);
}

static void store_does_its_work_confined(void **state)
{
    struct directories d;
    (void)state;
    make_directories(&d);
    child_must_be_content(store_at_work, &d);
    remove_directories(&d);
}

static bool cannot_open(int directory, const char *path, int flags)
{
    int fd = openat(directory, path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EACCES;
}

static void store_strays(void *context)
{
    struct directories *d = context;
    const char *const writable[] = {d->inside};
    struct sandbox_paths paths = {writable, 1};
    char path[200];
    int outside = open(d->outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    confine(SANDBOX_STORE, &paths);
    int inside = open(d->inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    NEED(inside >= 0);
    snprintf(path, sizeof path, "%s/mail", d->outside);
    NEED(cannot_open(AT_FDCWD, path, O_RDONLY));
    NEED(cannot_open(AT_FDCWD, path, O_WRONLY));
    NEED(cannot_open(outside, "mail", O_RDONLY));
    NEED(cannot_open(outside, "taken", O_CREAT | O_WRONLY));
    NEED(cannot_open(inside, "link/mail", O_RDONLY));
    snprintf(path, sizeof path, "..%s/mail", strrchr(d->outside, '/'));
    NEED(cannot_open(inside, path, O_RDONLY));
    NEED(unlinkat(outside, "mail", 0) == -1 && errno == EACCES);
    NEED(renameat(outside, "mail", inside, "taken") == -1);
    NEED(mkdirat(outside, "taken", 0700) == -1 && errno == EACCES);
    NEED(symlinkat("/", inside, "taken") == -1 && errno == EPERM);
    NEED(linkat(inside, "link", inside, "taken", 0) == -1 && errno == EPERM);
}

static void store_is_held_to_its_paths(void **state)
{
    struct directories d;
    (void)state;
    if (!has_landlock()) {
        print_message("# skipped: this kernel has no Landlock\n");
        skip();
    }
    make_directories(&d);
    child_must_be_content(store_strays, &d);
    remove_directories(&d);
}

static void confine_to_nowhere(void *context)
{
    const char *const writable[] = {"/nonexistent/poplin"};
    struct sandbox_paths paths = {writable, 1};
    struct sandbox_report report;
    char why[200] = "";
    (void)context;
    NEED(sandbox_confine(SANDBOX_STORE, &paths, &report, why) == STATUS_PERMANENT);
    NEED(strstr(why, "/nonexistent/poplin") != NULL);
}

static void a_missing_path_is_named(void **state)
{
    (void)state;
    if (!has_landlock()) {
        print_message("# skipped: this kernel has no Landlock\n");
        skip();
    }
    child_must_be_content(confine_to_nowhere, NULL);
}

static void confine_master(void *context)
{
    struct sandbox_report report;
    char why[200];
    (void)context;
    NEED(sandbox_begin() == STATUS_OK);
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
    (void)context;
    NEED(sandbox_drop_user(NOBODY, NOBODY, why) == STATUS_OK);
    NEED(getuid() == NOBODY && getegid() == NOBODY && getgroups(0, NULL) == 0);
    NEED(setuid(0) == -1 && setresuid(0, 0, 0) == -1 && setgid(0) == -1);
    NEED(setgroups(0, NULL) == -1);
    NEED(prctl(PR_CAPBSET_READ, 0, 0, 0, 0) == 0 && prctl(PR_CAPBSET_READ, 7, 0, 0, 0) == 0);
    NEED(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 7, 0, 0) == 0);
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
        cmocka_unit_test(front_does_its_work_confined),
        cmocka_unit_test(auth_does_its_work_confined),
        cmocka_unit_test(store_does_its_work_confined),
        cmocka_unit_test(store_is_held_to_its_paths),
        cmocka_unit_test(a_missing_path_is_named),
        cmocka_unit_test(master_keeps_starting_programs),
        cmocka_unit_test(an_assert_ends_the_process_without_a_core),
        cmocka_unit_test(a_dropped_user_has_no_way_back),
        cmocka_unit_test(root_is_no_user_to_drop_to),
        cmocka_unit_test(a_process_begins_without_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
