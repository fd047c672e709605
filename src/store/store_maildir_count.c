#include "store/store_maildir.h"

#include "store/store_uidlist.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Messages that a thread counts before it looks whether another drop is waiting; fewer than this
 * are counted without helpers. */
enum { SLICE = 128, BUFFER = 64 * 1024 };

struct count_job {
    struct count_job *next;
    struct maildir_scan *scan;
    const char *path;
    int folders[MAILDIR_FOLDERS];
    bool with_uidl;
    atomic_size_t taken;   /* messages given to a thread so far */
    atomic_bool exhausted; /* out of memory or descriptors */
    unsigned helpers;      /* threads in it besides the caller's */
};

struct maildir_counter {
    struct store_observer observer;
    pthread_mutex_t lock; /* guards what follows and the jobs' next and helpers */
    pthread_cond_t work;
    pthread_cond_t left;
    struct count_job *jobs;
    bool stopping;
    unsigned wanted;
    unsigned started;
    pthread_t threads[];
};

static void odd(struct maildir_counter *c, const struct count_job *job, struct maildir_found *f,
                const char *cause)
{
    f->state = FOUND_ODD;
    maildir_notice(&c->observer, "skipped in the maildrop", job->path,
                   slice_of(f->name, f->name_size), cause);
}

/* Reads the file to its end, `size` octets as fstat said; false when it is shorter or unreadable.
 */
static bool measure(int fd, uint64_t size, char *buffer, struct wire_measure *w)
{
    uint64_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, buffer, BUFFER);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        wire_measure_feed(w, slice_of(buffer, (size_t)n));
        done += (uint64_t)n;
    }
    return done == size;
}

static void keep_header(struct count_job *job, struct maildir_found *f, int fd, char *buffer)
{
    ssize_t n = pread(fd, buffer, BUFFER, 0);
    struct slice uidl = store_uidl_from_header(slice_of(buffer, n > 0 ? (size_t)n : 0));
    if (uidl.size == 0)
        return;
    char *copy = malloc(uidl.size);
    if (!copy) {
        atomic_store(&job->exhausted, true);
        return;
    }
    memcpy(copy, uidl.data, uidl.size);
    f->kept = slice_of(copy, uidl.size);
}

static void count_open(struct maildir_counter *c, struct count_job *job, struct maildir_found *f,
                       int fd, char *buffer)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        odd(c, job, f, "not a regular file");
        return;
    }
    struct wire_measure w;
    wire_measure_init(&w);
    if (job->with_uidl && f->kept.size == 0 && !f->is_sure)
        keep_header(job, f, fd, buffer);
    if (!measure(fd, (uint64_t)st.st_size, buffer, &w)) {
        odd(c, job, f, "cannot be read whole");
        return;
    }
    wire_measure_end(&w);
    f->stored = (uint64_t)st.st_size;
    f->octets = w.octets;
    f->needs = (uint8_t)w.needs;
    f->state = FOUND_KNOWN;
}

static void count_one(struct maildir_counter *c, struct count_job *job, struct maildir_found *f,
                      char *buffer)
{
    /* O_NONBLOCK: a FIFO put there must not hold the thread. */
    int fd = openat(job->folders[f->folder], f->name,
                    O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
        count_open(c, job, f, fd, buffer);
        close(fd);
        return;
    }
    switch (errno) {
    case ENOENT:
        f->state = FOUND_GONE;
        break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        atomic_store(&job->exhausted, true);
        break;
    case ELOOP:
        odd(c, job, f, "symbolic link");
        break;
    case EACCES:
        odd(c, job, f, "permission denied");
        break;
    default:
        odd(c, job, f, "cannot be opened");
    }
}

/* Counts one slice of the job; false when there is none left. */
static bool count_slice(struct maildir_counter *c, struct count_job *job, char *buffer)
{
    size_t from = atomic_fetch_add(&job->taken, SLICE);
    if (from >= job->scan->count || atomic_load(&job->exhausted))
        return false;
    size_t to = from + SLICE < job->scan->count ? from + SLICE : job->scan->count;
    for (size_t i = from; i < to; i++)
        if (job->scan->found[i].state == FOUND_UNKNOWN)
            count_one(c, job, &job->scan->found[i], buffer);
    return true;
}

static void unlink_job(struct maildir_counter *c, struct count_job *job)
{
    struct count_job **at = &c->jobs;
    while (*at && *at != job)
        at = &(*at)->next;
    if (*at)
        *at = job->next;
}

static void append_job(struct maildir_counter *c, struct count_job *job)
{
    struct count_job **at = &c->jobs;
    while (*at)
        at = &(*at)->next;
    job->next = NULL;
    *at = job;
}

/* Takes the drop that waited longest, a slice at a time: a large one does not hold up others. */
static void *help(void *context)
{
    struct maildir_counter *c = context;
    char *buffer = malloc(BUFFER);
    pthread_mutex_lock(&c->lock);
    while (buffer && !c->stopping) {
        struct count_job *job = c->jobs;
        if (!job) {
            pthread_cond_wait(&c->work, &c->lock);
            continue;
        }
        unlink_job(c, job);
        append_job(c, job);
        job->helpers++;
        pthread_mutex_unlock(&c->lock);
        bool more = count_slice(c, job, buffer);
        pthread_mutex_lock(&c->lock);
        if (!more)
            unlink_job(c, job);
        if (--job->helpers == 0)
            pthread_cond_broadcast(&c->left);
    }
    pthread_mutex_unlock(&c->lock);
    free(buffer);
    return NULL;
}

struct maildir_counter *maildir_counter_new(unsigned helpers, const struct store_observer *o)
{
    struct maildir_counter *c = calloc(1, sizeof *c + helpers * sizeof(pthread_t));
    if (!c)
        return NULL;
    c->observer = *o;
    c->wanted = helpers;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    pthread_cond_init(&c->left, NULL);
    return c;
}

void maildir_counter_free(struct maildir_counter *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->lock);
    for (unsigned i = 0; i < c->started; i++)
        pthread_join(c->threads[i], NULL);
    pthread_cond_destroy(&c->left);
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* Helpers start with the first large drop, not with the store: by then the process is confined and
 * so are they. Without any the caller counts alone. */
static void call_helpers(struct maildir_counter *c, struct count_job *job)
{
    pthread_mutex_lock(&c->lock);
    while (c->started < c->wanted && pthread_create(&c->threads[c->started], NULL, help, c) == 0)
        c->started++;
    append_job(c, job);
    pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->lock);
}

static void dismiss_helpers(struct maildir_counter *c, struct count_job *job)
{
    pthread_mutex_lock(&c->lock);
    unlink_job(c, job);
    while (job->helpers > 0)
        pthread_cond_wait(&c->left, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

static size_t unknown_count(const struct maildir_scan *scan)
{
    size_t count = 0;
    for (size_t i = 0; i < scan->count; i++)
        count += scan->found[i].state == FOUND_UNKNOWN;
    return count;
}

static enum status run_job(struct maildir_counter *c, struct count_job *job, size_t unknown)
{
    char *buffer = malloc(BUFFER);
    if (!buffer)
        return STATUS_NO_MEMORY;
    bool with_helpers = unknown > SLICE && c->wanted > 0;
    if (with_helpers)
        call_helpers(c, job);
    while (count_slice(c, job, buffer))
        ;
    if (with_helpers)
        dismiss_helpers(c, job);
    free(buffer);
    return atomic_load(&job->exhausted) ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status maildir_counter_run(struct maildir_counter *c, struct maildir_scan *scan, int directory,
                                const char *path, bool with_uidl)
{
    size_t unknown = unknown_count(scan);
    if (unknown == 0)
        return STATUS_OK;
    struct count_job job = {.scan = scan, .path = path, .with_uidl = with_uidl};
    enum status s = STATUS_OK;
    for (int i = 0; i < MAILDIR_FOLDERS; i++) {
        enum status entered = maildir_folder_enter(directory, i, &job.folders[i]);
        if (entered != STATUS_OK && entered != STATUS_NOT_FOUND)
            s = entered;
    }
    if (s == STATUS_OK)
        s = run_job(c, &job, unknown);
    for (int i = 0; i < MAILDIR_FOLDERS; i++)
        if (job.folders[i] >= 0)
            close(job.folders[i]);
    return s;
}
