#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/auth_users_file.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Linked with --wrap: the allocation whose turn it is fails. */

static long until_failure;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *p, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);

/* The threads allocate too. */
static bool fails(void)
{
    return __atomic_sub_fetch(&until_failure, 1, __ATOMIC_RELAXED) == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *p, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(p, count, size);
}

static void login(struct auth *a, uint64_t id, struct slice user, struct slice password,
                  bool is_right)
{
    struct sockaddr_storage remote = {.ss_family = AF_INET};
    struct auth_decision d;
    struct pollfd p = {auth_descriptor(a), POLLIN, 0};
    if (auth_check(a, 0, id, user, password, &remote) != STATUS_OK)
        return;
    while (!auth_next(a, 100000, &d))
        if (poll(&p, 1, 5000) != 1)
            fail_msg("a check that was taken is never decided");
    assert_int_equal(d.id, id);
    assert_true(is_right || d.status != STATUS_OK);
    assert_true(d.status != STATUS_OK || slice_equal(d.user.name, user));
}

static void a_life(void)
{
    struct auth *a;
    char why[200];
    const struct auth_options options = {.hash_threads = 1, .cache_entries = 8};
    if (auth_new(&options, &a) != STATUS_OK)
        return;
    if (auth_set_users(a,
                       SLICE("ann:{PLAIN}a\nbob:{MD5-CRYPT}$1$poplin12$Td/FeLnZd2ShnCKpxQc7//\n"),
                       why) != STATUS_OK)
        auth_set_unavailable(a);
    login(a, 1, SLICE("ann"), SLICE("a"), true);
    login(a, 2, SLICE("ann"), SLICE("b"), false);
    login(a, 3, SLICE("bob"), SLICE("geheim"), true);
    login(a, 4, SLICE("bob"), SLICE("geheim"), true);
    login(a, 5, SLICE("nobody"), SLICE("geheim"), false);
    for (uint64_t id = 1; id <= 5; id++)
        auth_session_end(a, id);
    assert_int_equal(auth_sessions(a), 0);
    auth_free(a);
}

static void no_failed_allocation_lets_in_or_leaves_a_check_undecided(void **state)
{
    (void)state;
    long n = 1;
    do {
        until_failure = n++;
        a_life();
    } while (until_failure <= 0);
    assert_true(n > 15);
    until_failure = 0;
}

static void no_failed_allocation_hurts_a_user_file(void **state)
{
    (void)state;
    char path[] = "/tmp/auth_fault_test.XXXXXX", lock[64], text[64], why[200];
    static const char before[] = "ann:{PLAIN}a\n", after[] = "ann:{PLAIN}a\nbob:{PLAIN}b\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, before, sizeof before - 1), sizeof before - 1);
    close(fd);
    for (long n = 1, done = 0; !done; n++) {
        struct auth_users_file *f;
        until_failure = n;
        if (auth_users_open(path, AUTH_USERS_EDIT, &f, why) == STATUS_OK) {
            done = auth_users_add(f, SLICE("bob"), SLICE("{PLAIN}b")) == STATUS_OK &&
                   auth_users_save(f, why) == STATUS_OK;
            auth_users_close(f);
        }
        until_failure = 0;
        FILE *file = fopen(path, "r");
        size_t size = fread(text, 1, sizeof text - 1, file);
        text[size] = '\0';
        fclose(file);
        assert_string_equal(text, done ? after : before);
    }
    snprintf(lock, sizeof lock, "%s.lock", path);
    unlink(lock);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_failed_allocation_lets_in_or_leaves_a_check_undecided),
        cmocka_unit_test(no_failed_allocation_hurts_a_user_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
