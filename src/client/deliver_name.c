#include "client/deliver_name.h"

#include "client/deliver_driver.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* The host's part may hold no `/` and no `:`; foreign letters are not worth the trouble. */
static void clean_host(char host[DELIVER_NAME_HOST + 1])
{
    if (gethostname(host, DELIVER_NAME_HOST) != 0 || host[0] == '\0')
        snprintf(host, DELIVER_NAME_HOST + 1, "localhost");
    host[DELIVER_NAME_HOST] = '\0';
    for (char *c = host; *c; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= 'a' && *c <= 'z') || *c == '-' || *c == '.';
        if (!plain)
            *c = '_';
    }
}

enum status deliver_name_begin(struct deliver_naming *n)
{
    clean_host(n->host);
    n->process = getpid();
    return getrandom(n->random, sizeof n->random, 0) == (ssize_t)sizeof n->random
               ? STATUS_OK
               : STATUS_TEMPORARY;
}

/* A moment and a counter tell the names of one process apart, the rest those of others. */
enum status deliver_name(struct delivery *d, char name[STATE_FILE_NAME + 1])
{
    static atomic_uint counter;
    const struct deliver_naming *n = &d->naming;
    struct timespec now;
    struct buf out = buf_over(name, STATE_FILE_NAME + 1);
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return deliver_failed(d, "make a file name");
    buf_printf(&out, "%lld.M%06ldP%ldQ%uR", (long long)now.tv_sec, now.tv_nsec / 1000,
               (long)n->process, atomic_fetch_add(&counter, 1) + 1);
    for (int i = 0; i < DELIVER_NAME_RANDOM; i++)
        buf_printf(&out, "%02x", n->random[i]);
    buf_printf(&out, ".%s", n->host);
    return buf_put_char(&out, '\0') ? STATUS_OK : STATUS_TOO_LARGE;
}

bool deliver_name_is_base(struct slice name)
{
    return name.size > 0 && name.size <= STATE_FILE_NAME && name.data[0] != '.' &&
           !memchr(name.data, '/', name.size) && !memchr(name.data, ':', name.size) &&
           !memchr(name.data, '\0', name.size);
}

/* Takes a mark and the octets of a set behind it. */
static bool take(struct slice *s, const char *mark, const char *set, size_t least)
{
    struct slice start = slice_str(mark);
    size_t n = 0;
    if (!slice_starts(*s, start))
        return false;
    *s = slice_skip(*s, start.size);
    while (n < s->size && s->data[n] && strchr(set, s->data[n]))
        n++;
    *s = slice_skip(*s, n);
    return n >= least;
}

bool deliver_name_is_ours(struct slice name)
{
    static const char digits[] = "0123456789";
    return deliver_name_is_base(name) && take(&name, "", digits, 1) &&
           take(&name, ".M", digits, 6) && take(&name, "P", digits, 1) &&
           take(&name, "Q", digits, 1) &&
           take(&name, "R", "0123456789abcdef", (size_t)2 * DELIVER_NAME_RANDOM) &&
           slice_starts(name, SLICE("."));
}
