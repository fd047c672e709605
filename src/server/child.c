#include "server/child.h"

#include "base/buf.h"
#include "ipc/ipc_pack.h"
#include "log/log.h"
#include "sandbox/sandbox_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum status child_read(int descriptor, char **text, size_t *size)
{
    struct stat st;
    enum status status = STATUS_IO;
    char *data = NULL;
    if (fstat(descriptor, &st) == 0 && st.st_size >= 0 && st.st_size <= CHILD_TEXT_MAX) {
        size_t n = (size_t)st.st_size;
        data = malloc(n + 1);
        status = !data                                         ? STATUS_NO_MEMORY
                 : pread(descriptor, data, n, 0) == (ssize_t)n ? STATUS_OK
                                                               : STATUS_IO;
        if (status == STATUS_OK) {
            data[n] = '\0';
            *text = data;
            *size = n;
        } else {
            free(data);
        }
    }
    close(descriptor);
    return status;
}

void child_stop(struct child *c)
{
    event_stop(c->loop);
}

void child_report_fault(struct child *c, enum ipc_role role, uint32_t index)
{
    char memory[8];
    struct buf b = buf_over(memory, sizeof memory);
    ipc_put_u8(&b, (uint8_t)role);
    ipc_put_u32(&b, index);
    (void)!ipc_send(&c->master, IPC_FAULT, buf_slice(&b), slice_of(NULL, 0), -1);
}

/* A process whose sessions use up all descriptors must still be given the channels to a peer that
 * was restarted: without one it would refuse that peer's sessions for ever. */
static void take_spares(struct child *c)
{
    while (c->spare_count < CHILD_SPARES) {
        int fd = fcntl(CHILD_MASTER_SOCKET, F_DUPFD_CLOEXEC, CHILD_SYSLOG_SOCKET + 1);
        if (fd < 0)
            return;
        c->spares[c->spare_count++] = fd;
    }
}

static void give_spare(struct child *c)
{
    if (c->spare_count > 0)
        close(c->spares[--c->spare_count]);
}

/* CONFIG: u32 index, uid, gid, log target, fronts, stores; fd: text. */
static enum status configure(struct child *c, const struct ipc_message *m)
{
    struct ipc_reader r = ipc_reader_of(m->payload);
    c->index = ipc_get_u32(&r);
    uid_t uid = ipc_get_u32(&r);
    gid_t gid = ipc_get_u32(&r);
    enum log_target target = (enum log_target)ipc_get_u32(&r);
    c->fronts = ipc_get_u32(&r);
    c->stores = ipc_get_u32(&r);
    char why[200], *text = NULL;
    size_t size = 0;
    enum status s = child_read(m->descriptor, &text, &size);
    if (s != STATUS_OK)
        return s;
    struct config_errors *errors = calloc(1, sizeof *errors);
    struct config *config = NULL;
    s = errors ? config_parse_text("configuration", slice_of(text, size), &config_source_none,
                                   &config, errors)
               : STATUS_NO_MEMORY;
    free(errors);
    free(text);
    if (s != STATUS_OK)
        return s;
    c->config = config;
    log_open(target == LOG_TARGET_SYSLOG ? CHILD_SYSLOG_SOCKET : STDERR_FILENO, target,
             config->log_format == CONFIG_LOG_JSON ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT);
    log_set_process(c->role->name);
    s = sandbox_drop_user(uid, gid, why);
    if (s != STATUS_OK)
        log_text(LOG_LEVEL_ERROR, "sandbox", "%s", why);
    return s == STATUS_OK ? c->role->configure(c) : s;
}

static enum status start(struct child *c)
{
    struct sandbox_paths paths = {0};
    struct sandbox_report report = {0};
    char why[200], text[100];
    enum status s = c->role->prepare(c, &paths);
    if (s != STATUS_OK)
        return s;
    s = sandbox_confine(c->role->sandbox, &paths, &report, why);
    if (s != STATUS_OK) {
        log_text(LOG_LEVEL_ERROR, "sandbox", "%s", why);
        return s;
    }
    s = c->role->begin(c);
    if (s != STATUS_OK)
        return s;
    c->serving = true;
    take_spares(c);
    int n =
        snprintf(text, sizeof text, "landlock=%d seccomp=%d", report.landlock_abi, report.seccomp);
    return ipc_send(&c->master, IPC_READY, slice_of(text, (size_t)n), slice_of(NULL, 0), -1);
}

#ifdef POPLIN_PROBE
static void report_probe(void *context, const char *probe, bool denied)
{
    struct child *c = context;
    char text[100];
    int n = snprintf(text, sizeof text, "%s %u %.60s %s", c->role->name, c->index, probe,
                     denied ? "denied" : "ALLOWED");
    (void)!ipc_send(&c->master, IPC_NOTICE, slice_of(text, (size_t)n), slice_of(NULL, 0), -1);
}
#endif

static void probe(struct child *c)
{
#ifdef POPLIN_PROBE
    sandbox_probe(c->role->sandbox, report_probe, c);
#else
    (void)c;
#endif
}

static enum status obey(struct child *c, const struct ipc_message *m)
{
    switch (m->type) {
    case IPC_CONFIG:
        return c->config ? STATUS_MALFORMED : configure(c, m);
    case IPC_START:
        return c->serving || !c->config ? STATUS_MALFORMED : start(c);
    case IPC_PROBE:
        probe(c);
        return STATUS_OK;
    default:
        if (!c->config)
            return STATUS_MALFORMED;
        if (m->lost_descriptor) {
            log_text(LOG_LEVEL_ERROR, "message", "no descriptor left for what the master sent");
            return m->type == IPC_PEER ? STATUS_NO_MEMORY : STATUS_OK;
        }
        c->role->message(c, m);
        return STATUS_OK;
    }
}

static void master_ready(struct event_source *source, uint32_t events)
{
    struct child *c = (struct child *)((char *)source - offsetof(struct child, master_source));
    struct ipc_message m;
    if (events & EVENT_WRITE)
        (void)!ipc_flush(&c->master);
    enum status s = STATUS_AGAIN;
    if (events & (EVENT_READ | EVENT_HANGUP)) {
        give_spare(c);
        s = ipc_receive(&c->master, c->memory, IPC_PAYLOAD_MAX, &m);
    }
    if (s == STATUS_OK)
        s = obey(c, &m);
    take_spares(c);
    if (s != STATUS_OK && s != STATUS_AGAIN)
        child_stop(c); /* the master is gone, or its successor must be given what is lost */
    event_set_interest(c->loop, source,
                       ipc_wants_write(&c->master) ? EVENT_READ | EVENT_WRITE : EVENT_READ);
}

/* Before START there is nothing but the master's messages, and each is waited for. */
static enum status set_up(struct child *c)
{
    while (!c->serving) {
        struct pollfd wait = {CHILD_MASTER_SOCKET, POLLIN, 0};
        if (poll(&wait, 1, -1) < 0 && errno != EINTR)
            return STATUS_IO;
        struct ipc_message m;
        enum status s = ipc_receive(&c->master, c->memory, IPC_PAYLOAD_MAX, &m);
        if (s == STATUS_OK)
            s = obey(c, &m);
        if (s != STATUS_OK && s != STATUS_AGAIN)
            return s;
    }
    return STATUS_OK;
}

int child_run(struct child *c)
{
    if (sandbox_begin() != STATUS_OK)
        return EX_OSERR;
    c->memory = malloc(IPC_PAYLOAD_MAX);
    if (!c->memory || event_loop_new(&c->loop) != STATUS_OK)
        return EX_OSERR;
    ipc_channel_init(&c->master, CHILD_MASTER_SOCKET, c->role->role, IPC_MASTER, 0);
    enum status s = set_up(c);
    if (s == STATUS_CLOSED)
        return EX_OK;
    if (s != STATUS_OK) {
        log_text(LOG_LEVEL_ERROR, "start", "cannot start: %s", status_text(s));
        return status_exit_code(s);
    }
    c->master_source = (struct event_source){CHILD_MASTER_SOCKET, EVENT_READ, master_ready};
    if (event_add(c->loop, &c->master_source) != STATUS_OK)
        return EX_OSERR;
    s = event_run(c->loop);
    return status_exit_code(s);
}
