/* server_stage: the real auth and store processes, with the test as their master and as two fronts:
 * front 0 keeps to the contract, front 1 does what it likes. */
#ifndef POPLIN_TESTS_SERVER_STAGE_H
#define POPLIN_TESTS_SERVER_STAGE_H

#include "ipc/ipc.h"
#include "ipc/ipc_pack.h"
#include "server/child.h"

#include "ipc_raw.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { STAGE_NOBODY = 65534, STAGE_FRONTS = 2, STAGE_MESSAGES = 3, STAGE_PATIENCE = 20000 };

struct stage {
    char folder[64];
    pid_t auth, store;
    struct ipc_channel master_auth, master_store;
    struct ipc_channel to_auth[STAGE_FRONTS], to_store[STAGE_FRONTS];
    const char *extra; /* lines of configuration */
    uint64_t serial;
    unsigned faults_by_auth, faults_by_store; /* of front 1, since one last looked */
};

static const char *stage_program;
static char stage_memory[IPC_PAYLOAD_MAX + 4];

static inline struct slice nothing(void)
{
    return slice_of(NULL, 0);
}

/* ---- maildrops ---- */

static inline void stage_give(const char *path)
{
    if (geteuid() == 0)
        assert_int_equal(chown(path, STAGE_NOBODY, STAGE_NOBODY), 0);
}

static inline void stage_folder(const char *path)
{
    assert_int_equal(mkdir(path, 0755), 0);
    stage_give(path);
}

static inline void stage_message(const char *user, unsigned i, char text[100])
{
    snprintf(text, 100, "Subject: %u of %s\r\n\r\nbody %u\r\n", i, user, i);
}

static inline void stage_maildir(const struct stage *s, const char *user)
{
    static const char *const parts[] = {"", "/cur", "/new", "/tmp"};
    char path[200], text[100];
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/mail/%s%s", s->folder, user, parts[i]);
        stage_folder(path);
    }
    for (unsigned i = 0; i < STAGE_MESSAGES; i++) {
        snprintf(path, sizeof path, "%s/mail/%s/new/100000000%u.M%uP1.host", s->folder, user, i, i);
        stage_message(user, i, text);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
        stage_give(path);
    }
}

/* Messages that are still in the drop. */
static inline unsigned stage_left(const struct stage *s, const char *user)
{
    static const char *const parts[] = {"cur", "new"};
    unsigned n = 0;
    for (size_t i = 0; i < 2; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/mail/%s/%s", s->folder, user, parts[i]);
        DIR *d = opendir(path);
        for (struct dirent *e; d && (e = readdir(d));)
            n += e->d_name[0] != '.';
        if (d)
            closedir(d);
    }
    return n;
}

/* ---- the master's part ---- */

static inline pid_t stage_spawn(const char *role, struct ipc_channel *c, enum ipc_role r)
{
    int ends[2];
    assert_int_equal(ipc_pair(ends), STATUS_OK);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int high = fcntl(ends[1], F_DUPFD_CLOEXEC, 16);
        setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        setenv("UBSAN_OPTIONS", "halt_on_error=1", 1);
        dup2(high, CHILD_MASTER_SOCKET);
        execl(stage_program, "poplind", "--child", role, "0", NULL);
        _exit(71);
    }
    close(ends[1]);
    ipc_channel_init(c, ends[0], IPC_MASTER, r, 0);
    return pid;
}

static inline void stage_hand(struct ipc_channel *c, enum ipc_type type, struct slice payload,
                              const char *text)
{
    int fd = memfd_create("text", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(ipc_send(c, type, payload, nothing(), fd), STATUS_OK);
    close(fd);
}

static inline void stage_configure(const struct stage *s, struct ipc_channel *c)
{
    char text[500], memory[24];
    struct buf b = buf_over(memory, sizeof memory);
    snprintf(text, sizeof text,
             "config 1\nhostname localhost\nlisten pop3 127.0.0.1:1110\n"
             "users file %s/users\nstore maildir %s/mail/%%u\n"
             "limits { auth-fail-delay 0s per-address 1000 per-user 1000 }\n%s",
             s->folder, s->folder, s->extra);
    ipc_put_u32(&b, 0);
    ipc_put_u32(&b, STAGE_NOBODY);
    ipc_put_u32(&b, STAGE_NOBODY);
    ipc_put_u32(&b, 0);
    ipc_put_u32(&b, STAGE_FRONTS);
    ipc_put_u32(&b, 1);
    stage_hand(c, IPC_CONFIG, buf_slice(&b), text);
}

static inline void stage_peer(struct ipc_channel *to, enum ipc_role role, uint32_t index, int fd)
{
    char memory[5];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u8(&b, (uint8_t)role);
    ipc_put_u32(&b, index);
    assert_int_equal(ipc_send(to, IPC_PEER, buf_slice(&b), nothing(), fd), STATUS_OK);
    close(fd);
}

/* A front that is born, or born again, has new channels. */
static inline void stage_connect(struct stage *s, uint32_t front)
{
    int ends[2];
    if (ipc_channel_is_open(&s->to_auth[front]))
        ipc_channel_close(&s->to_auth[front]);
    if (ipc_channel_is_open(&s->to_store[front]))
        ipc_channel_close(&s->to_store[front]);
    assert_int_equal(ipc_pair(ends), STATUS_OK);
    ipc_channel_init(&s->to_auth[front], ends[0], IPC_FRONT, IPC_AUTH, 0);
    stage_peer(&s->master_auth, IPC_FRONT, front, ends[1]);
    assert_int_equal(ipc_pair(ends), STATUS_OK);
    ipc_channel_init(&s->to_store[front], ends[0], IPC_FRONT, IPC_STORE, 0);
    stage_peer(&s->master_store, IPC_FRONT, front, ends[1]);
}

/* Waits for the next message; CLOSED and MALFORMED are given as they are, AGAIN after a long time
 * without any. */
static inline enum status stage_next(struct ipc_channel *c, struct ipc_message *m, int patience)
{
    struct pollfd p = {c->socket, POLLIN, 0};
    if (poll(&p, 1, patience) == 0)
        return STATUS_AGAIN;
    return ipc_receive(c, stage_memory, sizeof stage_memory, m);
}

static inline void stage_await_ready(struct ipc_channel *c)
{
    struct ipc_message m;
    assert_int_equal(stage_next(c, &m, STAGE_PATIENCE), STATUS_OK);
    assert_int_equal(m.type, IPC_READY);
}

/* Counts the accusations that came; none may be of another than front 1. */
static inline void stage_count_faults(struct ipc_channel *c, unsigned *count, int patience)
{
    struct ipc_message m;
    while (stage_next(c, &m, patience) == STATUS_OK) {
        struct ipc_reader r = ipc_reader_of(m.payload);
        assert_int_equal(m.type, IPC_FAULT);
        assert_int_equal(ipc_get_u8(&r), IPC_FRONT);
        assert_int_equal(ipc_get_u32(&r), 1);
        ++*count;
        patience = 0;
    }
}

static inline void stage_open(struct stage *s, const char *extra)
{
    char path[100];
    int ends[2];
    *s = (struct stage){.folder = "/tmp/poplin-stage-XXXXXX", .extra = extra};
    assert_non_null(mkdtemp(s->folder));
    assert_int_equal(chmod(s->folder, 0755), 0);
    snprintf(path, sizeof path, "%s/mail", s->folder);
    stage_folder(path);
    stage_maildir(s, "alice");
    stage_maildir(s, "bob");
    s->auth = stage_spawn("auth", &s->master_auth, IPC_AUTH);
    s->store = stage_spawn("store", &s->master_store, IPC_STORE);
    stage_configure(s, &s->master_auth);
    stage_configure(s, &s->master_store);
    stage_hand(&s->master_auth, IPC_USERS, nothing(), "alice:{PLAIN}secret\nbob:{PLAIN}secret\n");
    assert_int_equal(ipc_pair(ends), STATUS_OK);
    stage_peer(&s->master_auth, IPC_STORE, 0, ends[0]);
    stage_peer(&s->master_store, IPC_AUTH, 0, ends[1]);
    for (uint32_t i = 0; i < STAGE_FRONTS; i++) {
        ipc_channel_init(&s->to_auth[i], -1, IPC_FRONT, IPC_AUTH, 0);
        ipc_channel_init(&s->to_store[i], -1, IPC_FRONT, IPC_STORE, 0);
        stage_connect(s, i);
    }
    struct ipc_channel *both[] = {&s->master_auth, &s->master_store};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ipc_send(both[i], IPC_START, nothing(), nothing(), -1), STATUS_OK);
        stage_await_ready(both[i]);
    }
}

/* A child whose master is gone ends by itself, with 0: a crash before that is seen here. */
static inline void stage_close(struct stage *s)
{
    int status;
    char command[100];
    ipc_channel_close(&s->master_auth);
    ipc_channel_close(&s->master_store);
    assert_int_equal(waitpid(s->auth, &status, 0), s->auth);
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(s->store, &status, 0), s->store);
    assert_int_equal(status, 0);
    for (size_t i = 0; i < STAGE_FRONTS; i++) {
        ipc_channel_close(&s->to_auth[i]);
        ipc_channel_close(&s->to_store[i]);
    }
    snprintf(command, sizeof command, "rm -r %s", s->folder);
    assert_int_equal(system(command), 0);
}

/* ---- a front's part ---- */

static inline void put_begin(struct buf *b, uint64_t session, const char *mechanism,
                             bool has_initial, struct slice data)
{
    struct sockaddr_storage remote = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&remote;
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ipc_put_u64(b, session);
    ipc_put_address(b, &remote);
    ipc_put_u8(b, 1);
    ipc_put_str(b, nothing());
    ipc_put_str(b, nothing());
    ipc_put_str(b, slice_str(mechanism));
    ipc_put_u8(b, has_initial);
    ipc_put_str(b, data);
}

static inline void front_begin(struct stage *s, uint32_t front, uint64_t session, const char *user)
{
    char memory[300], data[100];
    struct buf b = buf_over(memory, sizeof memory), d = buf_over(data, sizeof data);
    buf_put_str(&d, user);
    buf_put_char(&d, '\0');
    buf_put_str(&d, "secret");
    put_begin(&b, session, "USER", true, buf_slice(&d));
    assert_int_equal(ipc_send(&s->to_auth[front], IPC_BEGIN, buf_slice(&b), nothing(), -1),
                     STATUS_OK);
}

static inline enum status front_ask(struct stage *s, uint32_t front, enum ipc_type type,
                                    uint64_t session, const uint32_t *index);

/* The next of store's answers to a front, which must be of that type and session. A drop that was
 * opened for a predecessor of the front is given back. */
static inline struct ipc_reader front_await(struct stage *s, uint32_t front, enum ipc_type type,
                                            uint64_t session)
{
    struct ipc_message m;
    for (;;) {
        assert_int_equal(stage_next(&s->to_store[front], &m, STAGE_PATIENCE), STATUS_OK);
        struct ipc_reader r = ipc_reader_of(m.payload);
        uint64_t of = ipc_get_u64(&r);
        if (m.descriptor >= 0)
            close(m.descriptor);
        if (m.type == IPC_OPENED && of != session) {
            assert_int_equal(front_ask(s, front, IPC_CLOSE, of, NULL), STATUS_OK);
        } else if (m.type != IPC_YIELD) {
            assert_int_equal(m.type, type);
            assert_true(of == session);
            return r;
        }
    }
}

static inline uint64_t front_login(struct stage *s, uint32_t front, const char *user)
{
    uint64_t session = ++s->serial << 20 | 9;
    front_begin(s, front, session, user);
    front_await(s, front, IPC_OPENED, session);
    return session;
}

/* A request: the session and up to one more u32. */
static inline enum status front_ask(struct stage *s, uint32_t front, enum ipc_type type,
                                    uint64_t session, const uint32_t *index)
{
    char memory[12];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, session);
    if (index)
        ipc_put_u32(&b, *index);
    return ipc_send(&s->to_store[front], type, buf_slice(&b), nothing(), -1);
}

static inline void front_mark(struct stage *s, uint32_t front, uint64_t session, uint32_t first,
                              uint64_t word)
{
    char memory[20];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, session);
    ipc_put_u32(&b, first);
    ipc_put_u64(&b, word);
    assert_int_equal(ipc_send(&s->to_store[front], IPC_MARK, buf_slice(&b), nothing(), -1),
                     STATUS_OK);
}

/* Message i, whose octets must be the ones that were delivered to that user. */
static inline void front_read(struct stage *s, uint32_t front, uint64_t session, const char *user,
                              uint32_t i)
{
    char text[100];
    stage_message(user, i, text);
    assert_int_equal(front_ask(s, front, IPC_GET, session, &i), STATUS_OK);
    struct ipc_reader r = front_await(s, front, IPC_BLOB, session);
    assert_int_equal(ipc_get_u32(&r), i);
    assert_int_equal(ipc_get_u8(&r), STATUS_OK);
    assert_int_equal(ipc_get_u64(&r), strlen(text));
    assert_int_equal(ipc_get_u64(&r), 0);
    assert_int_equal(ipc_get_u64(&r), strlen(text));
    ipc_get_u8(&r);
    assert_true(slice_equal(ipc_get_rest(&r), slice_str(text)));
}

static inline void front_quit(struct stage *s, uint32_t front, uint64_t session)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u64(&b, session);
    assert_int_equal(front_ask(s, front, IPC_CLOSE, session, NULL), STATUS_OK);
    assert_int_equal(ipc_send(&s->to_auth[front], IPC_ENDED, buf_slice(&b), nothing(), -1),
                     STATUS_OK);
}

#endif
