/* maildrop: Maildirs for tests, below a new folder in /tmp, and a store over them. */
#ifndef POPLIN_TESTS_SUPPORT_MAILDROP_H
#define POPLIN_TESTS_SUPPORT_MAILDROP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct maildrop {
    char root[32];
    char path[64]; /* root/user, a Maildir */
    struct store *store;
    struct store_options options;
    unsigned notices;
    char last_cause[64];
};

__attribute__((unused)) static void maildrop_notice(void *context, const char *what,
                                                    const char *path, struct slice name,
                                                    const char *cause)
{
    struct maildrop *m = context;
    (void)what;
    (void)path;
    (void)name;
    m->notices++;
    snprintf(m->last_cause, sizeof m->last_cause, "%s", cause);
}

/* A path in the Maildir; one of four buffers in turn. */
__attribute__((unused)) static const char *maildrop_at(const struct maildrop *m, const char *below)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", m->path, below);
    return path;
}

__attribute__((unused)) static void maildrop_write(const struct maildrop *m, const char *below,
                                                   struct slice stored)
{
    FILE *f = fopen(maildrop_at(m, below), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(stored.data, 1, stored.size, f), stored.size);
    assert_int_equal(fclose(f), 0);
}

__attribute__((unused)) static void maildrop_rename(const struct maildrop *m, const char *from,
                                                    const char *to)
{
    assert_int_equal(rename(maildrop_at(m, from), maildrop_at(m, to)), 0);
}

/* A new process, as far as the store is concerned: nothing but the disk remembers. */
__attribute__((unused)) static void maildrop_restart(struct maildrop *m)
{
    store_free(m->store);
    m->store = NULL;
    assert_int_equal(store_new(&m->options, &m->store), STATUS_OK);
}

__attribute__((unused)) static int maildrop_setup(void **state)
{
    struct maildrop *m = calloc(1, sizeof *m);
    snprintf(m->root, sizeof m->root, "/tmp/poplin-store-XXXXXX");
    assert_non_null(mkdtemp(m->root));
    snprintf(m->path, sizeof m->path, "%s/user", m->root);
    assert_int_equal(mkdir(m->path, 0700), 0);
    assert_int_equal(mkdir(maildrop_at(m, "new"), 0700), 0);
    assert_int_equal(mkdir(maildrop_at(m, "cur"), 0700), 0);
    m->options = (struct store_options){
        .driver = "maildir",
        .root = m->root,
        .observer = {m, maildrop_notice},
    };
    maildrop_restart(m);
    *state = m;
    return 0;
}

__attribute__((unused)) static int maildrop_teardown(void **state)
{
    struct maildrop *m = *state;
    char command[96];
    store_free(m->store);
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", m->root, m->root);
    assert_int_equal(system(command), 0);
    free(m);
    return 0;
}

__attribute__((unused)) static enum status maildrop_try(struct maildrop *m, bool nowait,
                                                        struct store_drop **d)
{
    struct store_request request = {.user = SLICE("user"), .path = m->path, .nowait = nowait};
    return store_open(m->store, &request, d);
}

__attribute__((unused)) static struct store_drop *maildrop_open(struct maildrop *m)
{
    struct store_drop *d = NULL;
    assert_int_equal(maildrop_try(m, false, &d), STATUS_OK);
    return d;
}

__attribute__((unused)) static uint32_t maildrop_count(const struct store_drop *d)
{
    return store_listing_count(store_drop_listing(d));
}

__attribute__((unused)) static const struct store_row *maildrop_row(const struct store_drop *d,
                                                                    uint32_t i)
{
    assert_true(i < maildrop_count(d));
    return &store_listing_rows(store_drop_listing(d))[i];
}

/* The UIDL with a NUL; one of four buffers in turn. */
__attribute__((unused)) static const char *maildrop_uidl(const struct store_drop *d, uint32_t i)
{
    static char texts[4][LIMIT_UIDL + 1];
    static unsigned next;
    char *text = texts[next++ % 4];
    const struct store_row *row = maildrop_row(d, i);
    memcpy(text, row->uidl, row->uidl_size);
    text[row->uidl_size] = '\0';
    return text;
}

/* The whole listing as octets, to compare two of them. */
__attribute__((unused)) static struct store_row *maildrop_rows(struct maildrop *m, uint32_t *count)
{
    struct store_drop *d = maildrop_open(m);
    *count = maildrop_count(d);
    size_t size = *count * sizeof(struct store_row);
    struct store_row *rows = malloc(size ? size : 1);
    memcpy(rows, store_listing_rows(store_drop_listing(d)), size);
    store_drop_close(d);
    return rows;
}

__attribute__((unused)) static bool maildrop_has_index(const struct maildrop *m)
{
    return access(maildrop_at(m, "poplin-index"), F_OK) == 0;
}

/* Root may do everything: faults of permission need another user. The drop becomes theirs. */
__attribute__((unused)) static void maildrop_become_unprivileged(struct maildrop *m)
{
    char command[96];
    if (geteuid() != 0)
        return;
    snprintf(command, sizeof command, "chown -R 65534:65534 %s", m->root);
    assert_int_equal(system(command), 0);
    assert_int_equal(seteuid(65534), 0);
}

__attribute__((unused)) static void maildrop_become_again(struct maildrop *m)
{
    (void)m;
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

/* Waits until what was written last is old enough for the trust rule. */
__attribute__((unused)) static void maildrop_settle(void)
{
    nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 50000000}, NULL);
}

#endif
