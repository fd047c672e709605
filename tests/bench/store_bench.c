/* What opening a large Maildir costs: store_bench [MESSAGES [FOLDER]]. Makes the drop in FOLDER
 * (default: a new one below /tmp), opens it for the first time, again in the same process, again in
 * a new one with the index, again after one delivery; takes it away at the end. */
#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void notice(void *context, const char *what, const char *path, struct slice name,
                   const char *cause)
{
    (void)context;
    (void)name;
    printf("notice: %s (%s): %s\n", what, path, cause);
}

static void deliver(const char *drop, int i)
{
    char path[256];
    snprintf(path, sizeof path, "%s/cur/%d.M%dP4711.mail.example.org,S=2100:2,S", drop,
             1700000000 + i / 3, i % 1000000);
    FILE *f = fopen(path, "w");
    if (!f)
        exit(1);
    fprintf(f, "From: a@example.org\nSubject: %d\n\n", i);
    for (int line = 0; line < 30; line++)
        fputs("The quick brown fox jumps over the lazy dog, and again and again.\n", f);
    fclose(f);
}

static struct store *make_store(const char *root)
{
    struct store_options options = {.driver = "maildir", .root = root, .observer = {NULL, notice}};
    struct store *s;
    if (store_new(&options, &s) != STATUS_OK)
        exit(1);
    return s;
}

static void timed_open(struct store *s, const char *drop, const char *what)
{
    struct store_request request = {.path = drop};
    struct store_drop *d;
    int fd;
    double wall_start = wall();
    double cpu_start = cpu();
    if (store_open(s, &request, &d) != STATUS_OK)
        exit(1);
    double wall_open = wall() - wall_start;
    double cpu_open = cpu() - cpu_start;
    if (store_listing_memfd(store_drop_listing(d), &fd) != STATUS_OK)
        exit(1);
    double wall_memfd = wall() - wall_start - wall_open;
    printf("%-28s %7u messages %9.3f ms, %9.3f ms CPU, memfd %7.3f ms%s", what,
           store_listing_count(store_drop_listing(d)), wall_open, cpu_open, wall_memfd,
           store_drop_is_dirty(d) ? ", dirty" : "");
    wall_start = wall();
    store_drop_close(d);
    printf(", close %.3f ms\n", wall() - wall_start);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 10000;
    char root[256] = "/tmp/poplin-bench-XXXXXX";
    char drop[300];
    char path[320];
    if (argc > 2)
        snprintf(root, sizeof root, "%s", argv[2]);
    else if (!mkdtemp(root))
        return 1;
    snprintf(drop, sizeof drop, "%s/user", root);
    snprintf(path, sizeof path, "%s/user/cur", root);
    if (mkdir(drop, 0700) != 0 || mkdir(path, 0700) != 0)
        return 1;
    for (int i = 0; i < count; i++)
        deliver(drop, i);
    sleep(3);
    struct store *s = make_store(root);
    timed_open(s, drop, "first ever");
    timed_open(s, drop, "again");
    timed_open(s, drop, "again");
    store_free(s);
    s = make_store(root);
    timed_open(s, drop, "new process, index");
    deliver(drop, count);
    timed_open(s, drop, "after a delivery");
    store_free(s);
    s = make_store(root);
    timed_open(s, drop, "new process, hot");
    store_free(s);
    snprintf(path, sizeof path, "rm -rf %s", drop);
    return system(path) == 0 ? 0 : 1;
}
