#include "net/net_resolve.h"

#include <assert.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What loop and thread share. Whoever lets go last frees it: getaddrinfo cannot be broken off, so
 * the loop lets go and the thread ends when it ends. */
struct job {
    atomic_uint holders;
    atomic_bool is_answered; /* orders what the thread wrote before what the loop reads */
    int bell;                /* eventfd: the answer is there */
    char host[NET_NAME];
    uint16_t port;
    int error; /* of getaddrinfo */
    struct net_addresses addresses;
};

struct net_resolve {
    struct event_source source;
    struct event_loop *loop;
    struct job *job;
    void *context;
    void (*done)(void *context, enum status status, const struct net_addresses *addresses,
                 const char *why);
};

static atomic_uint lookups;

static void let_go(struct job *job)
{
    if (atomic_fetch_sub(&job->holders, 1) > 1)
        return;
    close(job->bell);
    free(job);
}

static void take_family(const struct addrinfo *from, int family, struct net_addresses *out)
{
    for (; from && out->count < NET_ADDRESSES; from = from->ai_next) {
        if (from->ai_family != family || from->ai_addrlen > sizeof out->rows[0])
            continue;
        struct sockaddr_storage *to = &out->rows[out->count];
        memset(to, 0, sizeof *to);
        memcpy(to, from->ai_addr, from->ai_addrlen);
        bool known = false;
        for (size_t i = 0; i < out->count; i++)
            known = known || memcmp(&out->rows[i], to, sizeof *to) == 0;
        out->count += !known;
    }
}

/* The resolver sorts within a family [RFC 6724]; between them one takes turns. */
static void arrange(const struct addrinfo *all, struct net_addresses *out)
{
    struct net_addresses six = {.count = 0}, four = {.count = 0};
    take_family(all, AF_INET6, &six);
    take_family(all, AF_INET, &four);
    out->count = 0;
    for (size_t i = 0; i < NET_ADDRESSES; i++) {
        if (i < six.count && out->count < NET_ADDRESSES)
            out->rows[out->count++] = six.rows[i];
        if (i < four.count && out->count < NET_ADDRESSES)
            out->rows[out->count++] = four.rows[i];
    }
}

static int look_up(const char *host, uint16_t port, int flags, struct net_addresses *out)
{
    char service[8];
    struct addrinfo *all = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    snprintf(service, sizeof service, "%u", port);
    int error = getaddrinfo(host, service, &hints, &all);
    if (error != 0)
        return error;
    arrange(all, out);
    freeaddrinfo(all);
    return out->count > 0 ? 0 : EAI_NONAME;
}

static bool is_this_machine(const char *host)
{
    size_t size = strlen(host);
    if (size > 0 && host[size - 1] == '.')
        size--;
    if (size < 9 || strncasecmp(host + size - 9, "localhost", 9) != 0)
        return false;
    return size == 9 || host[size - 10] == '.';
}

bool net_resolve_literal(const char *host, uint16_t port, struct net_addresses *out)
{
    struct net_addresses four;
    if (look_up(host, port, AI_NUMERICHOST, out) == 0)
        return true;
    if (!is_this_machine(host) || look_up("::1", port, AI_NUMERICHOST, out) != 0 ||
        look_up("127.0.0.1", port, AI_NUMERICHOST, &four) != 0)
        return false;
    out->rows[out->count++] = four.rows[0];
    return true;
}

static void *run(void *argument)
{
    struct job *job = argument;
    job->error = look_up(job->host, job->port, 0, &job->addresses);
    atomic_fetch_sub(&lookups, 1); /* first of all: whoever hears the answer may ask again */
    atomic_store(&job->is_answered, true);
    uint64_t one = 1;
    ssize_t n = write(job->bell, &one, sizeof one);
    assert(n == sizeof one);
    (void)n;
    let_go(job);
    return NULL;
}

/* Signals belong to the loop's thread. */
static bool start_thread(struct job *job)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_create(&thread, &attributes, run, job) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return ok;
}

static enum status status_of(int error)
{
    if (error == 0)
        return STATUS_OK;
    return error == EAI_NONAME || error == EAI_NODATA ? STATUS_NOT_FOUND : STATUS_TEMPORARY;
}

static void answer(struct event_source *source, uint32_t events)
{
    struct net_resolve *r = (struct net_resolve *)source;
    struct job *job = r->job;
    (void)events;
    if (!atomic_load(&job->is_answered))
        return;
    event_remove(r->loop, source);
    enum status s = status_of(job->error);
    const char *why = s == STATUS_OK          ? ""
                      : s == STATUS_NOT_FOUND ? "no such host"
                                              : gai_strerror(job->error);
    r->done(r->context, s, &job->addresses, why);
    let_go(job);
    free(r);
}

static struct job *new_job(const struct net_resolve_options *o)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (job->bell < 0) {
        free(job);
        return NULL;
    }
    atomic_init(&job->holders, 1);
    job->port = o->port;
    assert(strlen(o->host) < sizeof job->host);
    memcpy(job->host, o->host, strlen(o->host) + 1);
    return job;
}

static enum status begin(struct net_resolve *r)
{
    enum status s = event_add(r->loop, &r->source);
    if (s != STATUS_OK)
        return s;
    atomic_fetch_add(&r->job->holders, 1);
    if (start_thread(r->job))
        return STATUS_OK;
    atomic_fetch_sub(&r->job->holders, 1);
    event_remove(r->loop, &r->source);
    return STATUS_NO_MEMORY;
}

enum status net_resolve_start(struct event_loop *loop, const struct net_resolve_options *options,
                              struct net_resolve **out)
{
    *out = NULL;
    if (atomic_fetch_add(&lookups, 1) >= NET_LOOKUPS) {
        atomic_fetch_sub(&lookups, 1);
        return STATUS_LIMIT;
    }
    struct net_resolve *r = calloc(1, sizeof *r);
    struct job *job = r ? new_job(options) : NULL;
    enum status s = STATUS_NO_MEMORY;
    if (job) {
        *r = (struct net_resolve){
            {job->bell, EVENT_READ, answer}, loop, job, options->context, options->done};
        s = begin(r);
    }
    if (s == STATUS_OK) {
        *out = r;
        return s;
    }
    atomic_fetch_sub(&lookups, 1);
    if (job)
        let_go(job);
    free(r);
    return s;
}

void net_resolve_cancel(struct net_resolve *r)
{
    event_remove(r->loop, &r->source);
    let_go(r->job);
    free(r);
}
