/* A run is killed, or refused, at each of its system calls in turn; a normal run follows; every
 * message stands in the target exactly once (C20, C21). The C library's functions below stand in
 * for the real ones. */
#include "client/deliver.h"
#include "client/state.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the blow --- */

enum blow { BLOW_NONE, BLOW_KILL_BEFORE, BLOW_KILL_AFTER, BLOW_FAIL };

static struct {
    enum blow blow;
    unsigned countdown;
    int error;
} plan;

static bool is_now(void)
{
    return plan.blow != BLOW_NONE && plan.countdown && --plan.countdown == 0;
}

#define REAL(type, name, ...)                                                                      \
    type (*real)(__VA_ARGS__);                                                                     \
    void *found = dlsym(RTLD_NEXT, name);                                                          \
    memcpy(&real, &found, sizeof real)

#define STRIKE(call)                                                                               \
    bool now = is_now();                                                                           \
    if (now && plan.blow == BLOW_KILL_BEFORE)                                                      \
        kill(getpid(), SIGKILL);                                                                   \
    if (now && plan.blow == BLOW_FAIL) {                                                           \
        errno = plan.error;                                                                        \
        return -1;                                                                                 \
    }                                                                                              \
    __typeof__(call) result = (call);                                                              \
    if (now)                                                                                       \
        kill(getpid(), SIGKILL);                                                                   \
    return result

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    STRIKE(real(fd, data, size));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    STRIKE(real(fd, data, size, at));
}

int fsync(int fd)
{
    REAL(int, "fsync", int);
    STRIKE(real(fd));
}

int syncfs(int fd)
{
    REAL(int, "syncfs", int);
    STRIKE(real(fd));
}

int fdatasync(int fd)
{
    REAL(int, "fdatasync", int);
    STRIKE(real(fd));
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    STRIKE(real(from, old, to, new, flags));
}

int renameat(int from, const char *old, int to, const char *new)
{
    REAL(int, "renameat", int, const char *, int, const char *);
    STRIKE(real(from, old, to, new));
}

int unlinkat(int folder, const char *name, int flags)
{
    REAL(int, "unlinkat", int, const char *, int);
    STRIKE(real(folder, name, flags));
}

int ftruncate(int fd, off_t size)
{
    REAL(int, "ftruncate", int, off_t);
    STRIKE(real(fd, size));
}

int openat(int folder, const char *name, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    REAL(int, "openat", int, const char *, int, ...);
    STRIKE(real(folder, name, flags, mode));
}

/* --- a collector in small --- */

enum { MESSAGES = 3, GROUP = 2, TEXT = 200 };

struct run {
    const struct account *account;
    struct state *state;
    struct state_lock *lock;
    struct delivery *delivery;
    struct state_row rows[GROUP];
    char uidls[GROUP][16];
    char names[GROUP][STATE_FILE_NAME + 1];
};

static struct slice text_of(unsigned number, const char *line_end, char out[TEXT])
{
    int n = snprintf(out, TEXT, "Subject: message-%u%s%sFirst line%s.%s", number, line_end,
                     line_end, line_end, line_end);
    return slice_of(out, (size_t)n);
}

/* Writes down what is wanted; true where the message must be fetched. */
static enum status intend(struct run *r, unsigned i, unsigned number)
{
    struct state_row *row = &r->rows[i];
    snprintf(r->uidls[i], sizeof r->uidls[i], "u%u", number);
    enum status status = state_find(r->state, "a", slice_str(r->uidls[i]), row);
    if (status == STATUS_NOT_FOUND)
        *row = (struct state_row){0};
    else if (status != STATUS_OK)
        return status;
    row->uidl = slice_str(r->uidls[i]);
    if (row->stage == STATE_DELIVERED)
        return STATUS_OK;
    if (row->stage == STATE_FETCHING && deliver_has(r->delivery, row->file)) {
        row->stage = STATE_DELIVERED;
        return state_put(r->state, "a", row);
    }
    row->stage = STATE_FETCHING;
    status = deliver_name(r->delivery, r->names[i]);
    row->file = slice_str(r->names[i]);
    return status == STATUS_OK ? state_put(r->state, "a", row) : status;
}

static enum status fetch(struct run *r, unsigned i, unsigned number)
{
    char text[TEXT];
    struct slice whole = text_of(number, "\r\n", text);
    struct deliver_message m = {.file = r->rows[i].file};
    enum status status = deliver_begin(r->delivery, &m);
    if (status == STATUS_OK)
        status = deliver_write(r->delivery, slice_take(whole, whole.size / 2));
    if (status == STATUS_OK)
        status = deliver_write(r->delivery, slice_skip(whole, whole.size / 2));
    return status == STATUS_OK ? deliver_finish(r->delivery) : status;
}

/* Delivered only after the target's commit, in one transaction. */
static enum status settle(struct run *r, unsigned count)
{
    enum status status = state_begin(r->state);
    for (unsigned i = 0; i < count && status == STATUS_OK; i++) {
        r->rows[i].stage = STATE_DELIVERED;
        status = state_put(r->state, "a", &r->rows[i]);
    }
    if (status == STATUS_OK)
        return state_commit(r->state);
    state_rollback(r->state);
    return status;
}

static enum status run_group(struct run *r, unsigned first)
{
    unsigned count = MESSAGES - first < GROUP ? MESSAGES - first : GROUP;
    enum status status = state_begin(r->state);
    for (unsigned i = 0; i < count && status == STATUS_OK; i++)
        status = intend(r, i, first + i);
    if (status == STATUS_OK)
        status = state_commit(r->state);
    else
        state_rollback(r->state);
    for (unsigned i = 0; i < count && status == STATUS_OK; i++) {
        if (r->rows[i].stage == STATE_FETCHING)
            status = fetch(r, i, first + i);
    }
    if (status == STATUS_OK)
        status = deliver_commit(r->delivery);
    return status == STATUS_OK ? settle(r, count) : status;
}

static enum status collect(const struct account *a, const char *folder)
{
    char why[200];
    struct run r = {.account = a};
    enum status status = state_open(folder, &r.state, why);
    if (status == STATUS_OK)
        status = state_lock_account(r.state, "a", &r.lock);
    if (status == STATUS_OK)
        status = deliver_open(a, &r.delivery, why);
    for (unsigned first = 0; first < MESSAGES && status == STATUS_OK; first += GROUP)
        status = run_group(&r, first);
    deliver_close(r.delivery);
    state_unlock(r.lock);
    state_close(r.state);
    return status;
}

/* --- what stands there --- */

struct place {
    char folder[64];
    char target[96];
    struct account account;
};

static void place_start(struct place *p, enum account_target target)
{
    static char name[] = "a";
    /* In memory where there is such a folder: thousands of syncs would wait for the disk. */
    *p = (struct place){.folder = "/dev/shm/poplin-kill-XXXXXX"};
    if (!mkdtemp(p->folder)) {
        snprintf(p->folder, sizeof p->folder, "/tmp/poplin-kill-XXXXXX");
        assert_non_null(mkdtemp(p->folder));
    }
    snprintf(p->target, sizeof p->target, "%s/mail", p->folder);
    p->account = (struct account){.name = name, .target = target, .timeout = 1000};
    p->account.arguments[0] = p->target;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    return remove(path);
}

static void place_end(struct place *p)
{
    assert_int_equal(nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void count_in(const char *path, unsigned counts[MESSAGES], bool alone)
{
    char content[8192], text[TEXT];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t size = fread(content, 1, sizeof content - 1, f);
    fclose(f);
    content[size] = '\0';
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct slice whole = text_of(i, "\n", text);
        if (alone) {
            counts[i] += slice_equal(whole, slice_of(content, size));
            continue;
        }
        for (const char *at = content; (at = strstr(at, text)); at++)
            counts[i]++;
    }
}

static unsigned count_folder(const struct place *p, const char *sub, unsigned counts[MESSAGES])
{
    char path[512];
    unsigned files = 0;
    snprintf(path, sizeof path, "%s/%s", p->target, sub);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/%s", p->target, sub, e->d_name);
        count_in(path, counts, true);
        files++;
    }
    closedir(dir);
    return files;
}

static void assert_each_once(const struct place *p, const char *what, unsigned step)
{
    unsigned counts[MESSAGES] = {0}, in_tmp[MESSAGES];
    if (p->account.target == ACCOUNT_TARGET_MAILDIR) {
        unsigned files = count_folder(p, "new", counts) + count_folder(p, "cur", counts);
        if (files != MESSAGES || count_folder(p, "tmp", in_tmp) != 0)
            fail_msg("%s at step %u: %u files", what, step, files);
    } else {
        count_in(p->target, counts, false);
    }
    for (unsigned i = 0; i < MESSAGES; i++) {
        if (counts[i] != 1)
            fail_msg("%s at step %u: message %u is there %u times", what, step, i, counts[i]);
    }
}

/* --- the sweep --- */

/* True: it ran to its end, the blow lay behind it. */
static bool killed_run_ended(const struct place *p, enum blow blow, unsigned step)
{
    int result;
    pid_t child = fork();
    if (child == 0) {
        plan.blow = blow;
        plan.countdown = step;
        _exit(collect(&p->account, p->folder) == STATUS_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    if (!WIFSIGNALED(result))
        assert_int_equal(WEXITSTATUS(result), 0);
    return !WIFSIGNALED(result);
}

static void sweep_kills(enum account_target target, enum blow blow)
{
    bool ended = false;
    unsigned step;
    for (step = 1; !ended; step++) {
        struct place p;
        place_start(&p, target);
        ended = killed_run_ended(&p, blow, step);
        assert_int_equal(collect(&p.account, p.folder), STATUS_OK);
        assert_each_once(&p, "killed", step);
        place_end(&p);
    }
    print_message("# %u kills\n", step - 2);
    assert_true(step > 20);
}

static void sweep_failures(enum account_target target, int error)
{
    bool struck = true;
    unsigned step;
    for (step = 1; struck; step++) {
        struct place p;
        place_start(&p, target);
        plan.blow = BLOW_FAIL;
        plan.error = error;
        plan.countdown = step;
        enum status status = collect(&p.account, p.folder);
        struck = plan.countdown == 0;
        plan.blow = BLOW_NONE;
        if (!struck)
            assert_int_equal(status, STATUS_OK);
        assert_int_equal(collect(&p.account, p.folder), STATUS_OK);
        assert_each_once(&p, "refused", step);
        place_end(&p);
    }
    print_message("# %u refusals\n", step - 2);
    assert_true(step > 20);
}

static void c21_maildir_killed_before_each_call(void **unused)
{
    sweep_kills(ACCOUNT_TARGET_MAILDIR, BLOW_KILL_BEFORE);
}

static void c21_maildir_killed_after_each_call(void **unused)
{
    sweep_kills(ACCOUNT_TARGET_MAILDIR, BLOW_KILL_AFTER);
}

static void c21_mbox_killed_before_each_call(void **unused)
{
    sweep_kills(ACCOUNT_TARGET_MBOX, BLOW_KILL_BEFORE);
}

static void c21_mbox_killed_after_each_call(void **unused)
{
    sweep_kills(ACCOUNT_TARGET_MBOX, BLOW_KILL_AFTER);
}

static void c20_maildir_refused_at_each_call(void **unused)
{
    sweep_failures(ACCOUNT_TARGET_MAILDIR, EIO);
    sweep_failures(ACCOUNT_TARGET_MAILDIR, ENOSPC);
}

static void c20_mbox_refused_at_each_call(void **unused)
{
    sweep_failures(ACCOUNT_TARGET_MBOX, EIO);
    sweep_failures(ACCOUNT_TARGET_MBOX, ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c21_maildir_killed_before_each_call),
        cmocka_unit_test(c21_maildir_killed_after_each_call),
        cmocka_unit_test(c21_mbox_killed_before_each_call),
        cmocka_unit_test(c21_mbox_killed_after_each_call),
        cmocka_unit_test(c20_maildir_refused_at_each_call),
        cmocka_unit_test(c20_mbox_refused_at_each_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
