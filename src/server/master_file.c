#include "server/master.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { USERS_MAX = 64 * 1024 * 1024 };

#define STATE_DIRECTORY "/var/lib/poplin"
#define LETSENCRYPT_DIRECTORY "/etc/letsencrypt"

int master_memory_of(const char *name, const void *text, size_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (write(fd, text, size) != (ssize_t)size ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void replace(int *memory, int fresh)
{
    if (*memory >= 0)
        close(*memory);
    *memory = fresh;
}

static struct master_watch stamp_of(const char *path)
{
    struct master_watch w = {0};
    w.exists = path && stat(path, &w.stamp) == 0;
    return w;
}

static bool is_same(const struct master_watch *a, const struct master_watch *b)
{
    return a->exists == b->exists &&
           (!a->exists ||
            (a->stamp.st_ino == b->stamp.st_ino && a->stamp.st_dev == b->stamp.st_dev &&
             a->stamp.st_size == b->stamp.st_size &&
             a->stamp.st_mtim.tv_sec == b->stamp.st_mtim.tv_sec &&
             a->stamp.st_mtim.tv_nsec == b->stamp.st_mtim.tv_nsec));
}

/* The certificate's and the key's path of slot i; false: there is none. */
static bool tls_paths(const struct config *config, size_t i, struct tls_files *files)
{
    static char certificate[LIMIT_PATH], key[LIMIT_PATH];
    if (i < config->certificate_count) {
        *files =
            (struct tls_files){config->certificates[i].certificate, config->certificates[i].key};
        return true;
    }
    if (i > 0 || !config->tls_auto)
        return false;
    if (!tls_find_letsencrypt(LETSENCRYPT_DIRECTORY, config->hostname, certificate, key))
        return false;
    *files = (struct tls_files){certificate, key};
    return true;
}

static size_t watch_tls(const struct config *config, struct tls_files *files,
                        struct master_watch *watches)
{
    size_t n = 0;
    while (n < CONFIG_CERTIFICATES_MAX && tls_paths(config, n, &files[n])) {
        watches[2 * n] = stamp_of(files[n].certificate);
        watches[2 * n + 1] = stamp_of(files[n].key);
        n++;
    }
    return n;
}

static enum status generate(struct master *m, const struct config *config,
                            struct tls_bundle *bundle, char why[300])
{
    const char *state = getenv("STATE_DIRECTORY");
    const char *directory = state                                ? state
                            : access(STATE_DIRECTORY, W_OK) == 0 ? STATE_DIRECTORY
                                                                 : NULL;
    struct slice ticket = slice_of(m->ticket_key, sizeof m->ticket_key);
    enum status s = tls_bundle_generate(config->hostname, directory, ticket, bundle, why);
    if (s == STATUS_OK)
        log_text(LOG_LEVEL_WARNING, "tls",
                 "NO CERTIFICATE CONFIGURED: serving a self-signed one for %s that clients will "
                 "refuse; set `tls cert FILE key FILE`",
                 config->hostname);
    return s;
}

bool master_load_tls(struct master *m, const struct config *config)
{
    static struct tls_files files[CONFIG_CERTIFICATES_MAX];
    struct tls_bundle bundle = {0};
    char why[300] = "";
    struct slice ticket = slice_of(m->ticket_key, sizeof m->ticket_key);
    size_t n = watch_tls(config, files, m->tls_watch);
    if (n == 0 && !config->tls_auto) { /* plain POP3 on loopback: no STLS is offered */
        replace(&m->tls_memory, -1);
        return true;
    }
    enum status s =
        n > 0 ? tls_bundle_load(files, n, ticket, &bundle, why) : generate(m, config, &bundle, why);
    if (s != STATUS_OK) {
        log_text(LOG_LEVEL_ERROR, "tls", "%s", why);
        return false;
    }
    if (why[0])
        log_text(LOG_LEVEL_WARNING, "tls", "%s", why);
    int fresh = master_memory_of("poplin-tls", bundle.data, bundle.size);
    tls_bundle_free(&bundle);
    if (fresh < 0)
        return false;
    replace(&m->tls_memory, fresh);
    return true;
}

bool master_tls_changed(struct master *m, const struct config *config)
{
    static struct tls_files files[CONFIG_CERTIFICATES_MAX];
    static struct master_watch now[2 * CONFIG_CERTIFICATES_MAX];
    size_t n = watch_tls(config, files, now);
    for (size_t i = 0; i < 2 * n; i++) {
        if (!is_same(&now[i], &m->tls_watch[i]))
            return true;
    }
    return false;
}

static char *read_file(const char *path, size_t *size, int *error)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *text = NULL;
    *error = errno;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > USERS_MAX) {
        *error = EINVAL;
    } else {
        text = malloc((size_t)st.st_size + 1);
        *size = (size_t)st.st_size;
        if (text && pread(fd, text, *size, 0) != (ssize_t)*size) {
            *error = EIO;
            free(text);
            text = NULL;
        }
    }
    close(fd);
    return text;
}

bool master_load_users(struct master *m, const struct config *config)
{
    size_t size = 0;
    int error = 0;
    m->users_watch = stamp_of(config->users_file);
    char *text = read_file(config->users_file, &size, &error);
    if (!text) {
        log_text(LOG_LEVEL_ERROR, "users",
                 "cannot read %s: %s; logins are answered with [SYS/TEMP] until it can be read",
                 config->users_file, strerror(error));
        replace(&m->users_memory, -1);
        return false;
    }
    int fresh = master_memory_of("poplin-users", text, size);
    explicit_bzero(text, size);
    free(text);
    if (fresh < 0)
        return false;
    replace(&m->users_memory, fresh);
    return true;
}

bool master_users_changed(struct master *m, const struct config *config)
{
    struct master_watch now = stamp_of(config->users_file);
    return !is_same(&now, &m->users_watch);
}
