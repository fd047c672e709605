#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"
#include "sandbox_child.h"

#include <arpa/inet.h>
#include <linux/openat2.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

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

/* As a password hash does: much memory, for a moment. */
static void *hash(void *counter)
{
    static const size_t size = (size_t)64 * 1024 * 1024;
    char *block = malloc(size);
    if (!block)
        return NULL;
    memset(block, 1, size);
    free(block);
    return eventfd_write(*(int *)counter, 1) == 0 ? counter : NULL;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(front_does_its_work_confined),
        cmocka_unit_test(auth_does_its_work_confined),
        cmocka_unit_test(store_does_its_work_confined),
        cmocka_unit_test(store_is_held_to_its_paths),
        cmocka_unit_test(a_missing_path_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
