#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/auth_hash.h"
#include "sasl/sasl.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The needle is kept masked, so that the only copies of it are those that the code under test
 * made. */
enum { NEEDLE = 24, MASK = 0x5a };
static char masked[NEEDLE];

static void unmask(char *into)
{
    for (size_t i = 0; i < NEEDLE; i++)
        into[i] = masked[i] ^ MASK;
}

static bool is_here(const char *at)
{
    for (size_t i = 0; i < NEEDLE; i++)
        if ((at[i] ^ MASK) != masked[i])
            return false;
    return true;
}

static size_t count_in(const char *memory, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i + NEEDLE <= size; i++)
        count += (memory[i] ^ MASK) == masked[0] && is_here(memory + i);
    return count;
}

/* How often the needle stands in any memory that this process may write, as a core dump would hold
 * it. */
static size_t count_needles(void)
{
    enum { CHUNK = 1 << 20 };
    static char chunk[CHUNK + NEEDLE];
    static char line[512];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[1] != 'w')
            continue;
        if (to - from > 1ul << 30)
            continue; /* a sanitizer's shadow */
        if (from <= (unsigned long)chunk && (unsigned long)chunk < to)
            continue; /* what was read before */
        for (; from < to; from += CHUNK) {
            size_t want = to - from < sizeof chunk ? to - from : sizeof chunk;
            ssize_t n = pread(memory, chunk, want, (off_t)from);
            if (n <= 0)
                break;
            count += count_in(chunk, (size_t)n);
        }
    }
    explicit_bzero(chunk, sizeof chunk);
    close(memory);
    fclose(maps);
    return count;
}

static void login(struct auth *a, uint64_t id, const char *user)
{
    struct sasl_exchange x;
    char message[64] = {0}, memory[8];
    struct buf challenge = buf_over(memory, sizeof memory);
    size_t size = (size_t)snprintf(message, sizeof message, "%s", user) + 1;
    unmask(message + size);
    sasl_init(&x, sasl_find(SLICE("USER")), NULL);
    assert_int_equal(sasl_feed(&x, slice_of(message, size + NEEDLE), true, &challenge), SASL_CHECK);
    explicit_bzero(message, sizeof message);
    struct sockaddr_storage remote = {.ss_family = AF_INET};
    assert_int_equal(auth_check(a, 0, id, sasl_user(&x), sasl_password(&x), &remote), STATUS_OK);
    sasl_wipe(&x);
    struct auth_decision d;
    struct pollfd p = {auth_descriptor(a), POLLIN, 0};
    while (!auth_next(a, 100000, &d))
        assert_int_equal(poll(&p, 1, 5000), 1);
}

static char *make_users(void)
{
    static const char *const schemes[] = {"YESCRYPT", "SHA512-CRYPT", "ARGON2ID", "BLF-CRYPT"};
    char password[NEEDLE], secret[AUTH_HASH_SECRET_MAX];
    char *users = calloc(1, 4096);
    size_t size = (size_t)snprintf(users, 4096, "plain:{PLAIN}other\n");
    for (size_t i = 0; i < 4; i++) {
        unmask(password);
        assert_int_equal(auth_hash_make(schemes[i], slice_of(password, NEEDLE), secret), STATUS_OK);
        explicit_bzero(password, sizeof password);
        size += (size_t)snprintf(users + size, 4096 - size, "u%zu:%s\n", i, secret);
    }
    return users;
}

static void a80_no_password_stays_in_memory(void **state)
{
    (void)state;
    struct auth *a;
    char why[200];
    const struct auth_options options = {.hash_threads = 1};
    assert_int_equal(auth_new(&options, &a), STATUS_OK);
    char *users = make_users();
    assert_int_equal(auth_set_users(a, slice_str(users), why), STATUS_OK);
    static const char *const names[] = {"u0", "u1", "u2", "u3", "plain", "nobody", "u0", "u2"};
    for (uint64_t i = 0; i < 8; i++)
        login(a, i, names[i]);
    assert_int_equal(auth_sessions(a), 6);
    assert_int_equal(count_needles(), 0);
    auth_free(a);
    free(users);
}

static void the_search_finds_what_is_there(void **state)
{
    (void)state;
    char *copy = malloc(NEEDLE);
    unmask(copy);
    assert_true(count_needles() >= 1);
    explicit_bzero(copy, NEEDLE);
    free(copy);
}

static int start(void **state)
{
    (void)state;
    for (size_t i = 0; i < NEEDLE; i++)
        masked[i] = (char)(('a' + (char)(i * 7 % 26)) ^ MASK);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_is_there),
        cmocka_unit_test(a80_no_password_stays_in_memory),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
