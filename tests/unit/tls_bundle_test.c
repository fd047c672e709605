#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tls_peer.h"

static void assert_load_fails(const struct tls_files *files, const char *file, const char *cause)
{
    struct tls_bundle b;
    char why[300];
    assert_int_not_equal(tls_bundle_load(files, 1, one_key, &b, why), STATUS_OK);
    assert_null(b.data);
    if (strstr(why, file) == NULL || strstr(why, cause) == NULL)
        fail_msg("\"%s\" does not name \"%s\" and \"%s\"", why, file, cause);
}

static void what_is_wrong_with_the_files_is_said(void **state)
{
    struct folder f;
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, 0});
    write_pair(f.file[1], &(struct issue){"mail.example.org", 90, 0});
    assert_load_fails(&(struct tls_files){f.file[0], f.file[1]}, f.file[1], "does not fit");
    assert_load_fails(&(struct tls_files){"/nowhere/x.pem", f.file[0]}, "/nowhere/x.pem",
                      "No such file");
    assert_load_fails(&(struct tls_files){f.path, f.file[0]}, f.path, "directory");
    write_file(f.file[2], "hello\n", 6);
    assert_load_fails(&(struct tls_files){f.file[2], f.file[0]}, f.file[2], "no certificate");
    assert_load_fails(&(struct tls_files){f.file[0], f.file[2]}, f.file[2], "no private key");
    static const char damaged[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    write_file(f.file[2], damaged, sizeof damaged - 1);
    assert_load_fails(&(struct tls_files){f.file[2], f.file[0]}, f.file[2], "damaged");
    remove_folder(&f);
}

static void a_key_behind_a_passphrase_is_named(void **state)
{
    struct folder f;
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, 0});
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(f.file[1], "w");
    assert_non_null(file);
    PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), NULL, 0, NULL, (void *)(uintptr_t) "secret");
    fclose(file);
    EVP_PKEY_free(key);
    assert_load_fails(&(struct tls_files){f.file[0], f.file[1]}, f.file[1], "passphrase");
    remove_folder(&f);
}

static void weak_certificates_are_refused_and_named(void **state)
{
    struct folder f;
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, 1024});
    assert_load_fails(&(struct tls_files){f.file[0], f.file[0]}, f.file[0], "key too small");
    remove_folder(&f);
}

static void a_key_that_everybody_may_read_is_warned_about(void **state)
{
    struct folder f;
    struct tls_bundle b;
    char why[300];
    (void)state;
    make_folder(&f);
    write_pair(f.file[0], &(struct issue){"mail.example.org", 90, 0});
    assert_int_equal(chmod(f.file[0], 0644), 0);
    const struct tls_files files = {f.file[0], f.file[0]};
    assert_int_equal(tls_bundle_load(&files, 1, one_key, &b, why), STATUS_OK);
    assert_non_null(strstr(why, "everybody"));
    tls_bundle_free(&b);
    remove_folder(&f);
}

static void expiry_is_warned_about(void **state)
{
    static const struct {
        int days;
        const char *said;
    } cases[] = {{-3, "expired 2 days ago"}, {5, "expires in 5 days"}, {20, ""}};
    struct folder f;
    (void)state;
    make_folder(&f);
    for (size_t i = 0; i < 3; i++) {
        struct tls_bundle b;
        char why[300];
        write_pair(f.file[0], &(struct issue){"mail.example.org", cases[i].days, 0});
        assert_int_equal(
            tls_bundle_load(&(struct tls_files){f.file[0], f.file[0]}, 1, one_key, &b, why),
            STATUS_OK);
        if (cases[i].said[0] == 0)
            assert_string_equal(why, "");
        else if (strstr(why, cases[i].said) == NULL || strstr(why, f.file[0]) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", why, cases[i].said);
        tls_bundle_free(&b);
    }
    remove_folder(&f);
}

static void a_damaged_bundle_makes_no_context(void **state)
{
    struct tls_context *c;
    char why[300];
    (void)state;
    struct tls_bundle b = generate("mail.example.org");
    for (size_t size = 0; size < b.size; size++) {
        assert_int_not_equal(tls_context_new(slice_of(b.data, size), &c, why), STATUS_OK);
        assert_null(c);
        assert_string_not_equal(why, "");
    }
    tls_bundle_free(&b);
    assert_int_equal(tls_bundle_generate("x", NULL, SLICE("short"), &b, why), STATUS_OK);
    assert_int_equal(tls_context_new(slice_of(b.data, b.size), &c, why), STATUS_MALFORMED);
    tls_bundle_free(&b);
}

static void a_generated_certificate_is_kept_and_private(void **state)
{
    struct folder f;
    struct tls_bundle first;
    struct tls_bundle second;
    struct stat st;
    char why[300];
    char kept[64];
    (void)state;
    make_folder(&f);
    snprintf(kept, sizeof kept, "%s/self-signed.pem", f.path);
    assert_int_equal(tls_bundle_generate("a.example", f.path, two_keys, &first, why), STATUS_OK);
    assert_string_equal(why, "");
    assert_int_equal(stat(kept, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(tls_bundle_generate("a.example", f.path, two_keys, &second, why), STATUS_OK);
    assert_int_equal(second.size, first.size);
    assert_memory_equal(second.data, first.data, first.size);
    tls_bundle_free(&second);
    assert_int_equal(tls_bundle_generate("b.example", f.path, two_keys, &second, why), STATUS_OK);
    assert_true(second.size != first.size || memcmp(second.data, first.data, first.size) != 0);
    struct tls_context *c = context_of(&second);
    assert_true(client_sees(c, &(struct offer){0}, "b.example"));
    assert_true(client_sees(c, &(struct offer){0}, "localhost"));
    tls_context_unref(c);
    tls_bundle_free(&first);
    tls_bundle_free(&second);
    unlink(kept);
    remove_folder(&f);
}

static void a_certificate_that_cannot_be_kept_is_used_all_the_same(void **state)
{
    struct tls_bundle b;
    char why[300];
    (void)state;
    assert_int_equal(tls_bundle_generate("a.example", "/nowhere", one_key, &b, why), STATUS_OK);
    assert_non_null(strstr(why, "cannot be kept"));
    tls_bundle_free(&b);
}

static void letsencrypt_is_found_by_plain_names_only(void **state)
{
    struct folder f;
    char certificate[4096];
    char key[4096];
    char live[64];
    char host[96];
    (void)state;
    make_folder(&f);
    assert_false(tls_find_letsencrypt(f.path, "mail.example.org", certificate, key));
    snprintf(live, sizeof live, "%s/live", f.path);
    snprintf(host, sizeof host, "%s/mail.example.org", live);
    assert_int_equal(mkdir(live, 0700) | mkdir(host, 0700), 0);
    static const char *const names[] = {"fullchain.pem", "privkey.pem"};
    char path[2][128];
    for (int i = 0; i < 2; i++) {
        assert_false(tls_find_letsencrypt(f.path, "mail.example.org", certificate, key));
        snprintf(path[i], sizeof path[i], "%s/%s", host, names[i]);
        write_file(path[i], "x", 1);
    }
    assert_true(tls_find_letsencrypt(f.path, "mail.example.org", certificate, key));
    assert_string_equal(certificate, path[0]);
    assert_string_equal(key, path[1]);
    assert_false(tls_find_letsencrypt(f.path, "../live/mail.example.org", certificate, key));
    assert_false(tls_find_letsencrypt(f.path, "", certificate, key));
    unlink(path[0]);
    unlink(path[1]);
    assert_int_equal(rmdir(host) | rmdir(live), 0);
    remove_folder(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_with_the_files_is_said),
        cmocka_unit_test(a_key_behind_a_passphrase_is_named),
        cmocka_unit_test(weak_certificates_are_refused_and_named),
        cmocka_unit_test(a_key_that_everybody_may_read_is_warned_about),
        cmocka_unit_test(expiry_is_warned_about),
        cmocka_unit_test(a_damaged_bundle_makes_no_context),
        cmocka_unit_test(a_generated_certificate_is_kept_and_private),
        cmocka_unit_test(a_certificate_that_cannot_be_kept_is_used_all_the_same),
        cmocka_unit_test(letsencrypt_is_found_by_plain_names_only),
    };
    signal(SIGPIPE, SIG_IGN);
    tls_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
