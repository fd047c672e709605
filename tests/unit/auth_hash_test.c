#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "auth/auth_hash.h"

#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

/* Made by openssl passwd from "geheim", so that not only our own hashes are read. */
static const char sha512[] = "{SHA512-CRYPT}$6$poplinsalt$dYPW6YZ2oyWH.YZThIAfkI2vg3CHcfC88M./"
                             "cxy2nes9QEhZLjgEMEKOV294aojdu.EZJoHKgxwD0k0Bm21pA0";
static const char sha256[] = "{CRYPT}$5$poplinsalt$nDG6AL3QGE2HTWyOXrh8MJu67mq.JgsBrjAlh8Dfqx/";
static const char md5[] = "$1$poplin12$Td/FeLnZd2ShnCKpxQc7//";

static bool proves(const char *secret, struct slice password)
{
    struct auth_hash hash;
    const char *why;
    assert_int_equal(auth_hash_parse(slice_str(secret), &hash, &why), STATUS_OK);
    enum status status = auth_hash_verify(&hash, password);
    assert_true(status == STATUS_OK || status == STATUS_DENIED);
    return status == STATUS_OK;
}

static void hashes_of_other_programs_are_proved(void **state)
{
    (void)state;
    assert_true(proves(sha512, SLICE("geheim")));
    assert_false(proves(sha512, SLICE("geheim ")));
    assert_true(proves(sha256, SLICE("geheim")));
    assert_true(proves(md5, SLICE("geheim")));
    assert_false(proves(md5, SLICE("Geheim")));
    assert_true(proves("{plain}geheim", SLICE("geheim")));
    assert_false(proves("{PLAIN}geheim", SLICE("geheimer")));
    assert_false(proves("{PLAIN}geheim", SLICE("")));
}

static void every_scheme_that_can_be_made_is_proved(void **state)
{
    (void)state;
    char secret[AUTH_HASH_SECRET_MAX], again[AUTH_HASH_SECRET_MAX];
    const char *scheme;
    for (size_t i = 0; (scheme = auth_hash_scheme(i)); i++) {
        assert_int_equal(auth_hash_make(scheme, SLICE("p\xc3\xa4ss w0rd"), secret), STATUS_OK);
        assert_true(proves(secret, SLICE("p\xc3\xa4ss w0rd")));
        assert_false(proves(secret, SLICE("p\xc3\xa4ss w0rE")));
        if (strcmp(scheme, "PLAIN") != 0) {
            assert_null(strstr(secret, "w0rd"));
            assert_int_equal(auth_hash_make(scheme, SLICE("p\xc3\xa4ss w0rd"), again), STATUS_OK);
            assert_string_not_equal(secret, again);
        }
    }
}

static void a_nul_never_shortens_a_password(void **state)
{
    (void)state;
    assert_false(proves(sha512, SLICE("geheim\0x")));
    assert_false(proves("{PLAIN}geheim", SLICE("geheim\0")));
    char secret[AUTH_HASH_SECRET_MAX];
    assert_int_equal(auth_hash_make("SHA512-CRYPT", SLICE("a\0b"), secret), STATUS_MALFORMED);
}

static void s21_an_empty_password_is_not_made(void **state)
{
    (void)state;
    char secret[AUTH_HASH_SECRET_MAX];
    assert_int_equal(auth_hash_make("YESCRYPT", SLICE(""), secret), STATUS_MALFORMED);
    assert_int_equal(auth_hash_make("PLAIN", SLICE("a:b"), secret), STATUS_MALFORMED);
    assert_int_equal(auth_hash_make("ROT13", SLICE("a"), secret), STATUS_UNSUPPORTED);
}

static void locked_users_have_no_password(void **state)
{
    (void)state;
    assert_false(proves("*", SLICE("*")));
    assert_false(proves("!", SLICE("!")));
    assert_false(proves("{CRYPT}!$6$x$y", SLICE("geheim")));
    assert_true(proves("{PLAIN}*", SLICE("*")));
}

static void damaged_secrets_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "geheim",         "{NONSENSE}x",     "{PLAIN}",          "{PLAIN",
        "$9$x$y",    "{CRYPT}geheim:", "{BLF-CRYPT}$6$a", "{ARGON2ID}$6$a$b", "$argon2id$v=19$x",
        "{YESCRYPT}"};
    struct auth_hash hash;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *why = NULL;
        assert_int_equal(auth_hash_parse(slice_str(bad[i]), &hash, &why), STATUS_MALFORMED);
        assert_non_null(why);
    }
}

static void a_password_of_any_length_is_survived(void **state)
{
    (void)state;
    static char password[LIMIT_PASSWORD];
    memset(password, 'x', sizeof password);
    assert_false(proves(sha512, slice_of(password, sizeof password)));
    assert_false(proves("{PLAIN}x", slice_of(password, sizeof password)));
}

/* A hash that wants more memory than there is says so: the password may be right. */
static void s22_want_of_memory_is_no_wrong_password(void **state)
{
    (void)state;
#ifdef SANITIZED
    return; /* a sanitizer itself dies of want of memory */
#endif
    char secret[2][AUTH_HASH_SECRET_MAX];
    struct auth_hash hash;
    const char *why;
    assert_int_equal(auth_hash_make("ARGON2ID", SLICE("geheim"), secret[0]), STATUS_OK);
    assert_int_equal(auth_hash_make("YESCRYPT", SLICE("geheim"), secret[1]), STATUS_OK);
    struct rlimit before, tight = {1 << 20, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    tight.rlim_max = before.rlim_max;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(auth_hash_parse(slice_str(secret[i]), &hash, &why), STATUS_OK);
        assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
        enum status status = auth_hash_verify(&hash, SLICE("geheim"));
        assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_int_equal(auth_hash_verify(&hash, SLICE("geheim")), STATUS_OK);
        assert_int_equal(auth_hash_verify(&hash, SLICE("falsch")), STATUS_DENIED);
    }
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_of_other_programs_are_proved),
        cmocka_unit_test(every_scheme_that_can_be_made_is_proved),
        cmocka_unit_test(a_nul_never_shortens_a_password),
        cmocka_unit_test(s21_an_empty_password_is_not_made),
        cmocka_unit_test(locked_users_have_no_password),
        cmocka_unit_test(damaged_secrets_are_refused),
        cmocka_unit_test(s22_want_of_memory_is_no_wrong_password),
        cmocka_unit_test(a_password_of_any_length_is_survived),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
