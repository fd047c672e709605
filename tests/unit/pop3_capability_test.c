#include "../support/pop3_server_expect.h"

#include "pop3/pop3_capability.h"

static void s18_capabilities_before_login(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    begin(&sh, false);
    say(&sh, "CAPA\r\n",
        "+OK capability list follows\r\nUSER\r\nSASL PLAIN LOGIN\r\nSTLS\r\nUTF8\r\nUIDL\r\nTOP\r\n"
        "LANG\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n.\r\n");
    shell_stop(&sh);
}

static void s18_after_login_without_stls_and_with_the_implementation(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    sh.options.expire_days = 30;
    sh.options.login_delay = 900;
    begin(&sh, true);
    say(&sh, "CAPA\r\n",
        "+OK capability list follows\r\nUSER\r\nSASL PLAIN LOGIN\r\nUTF8\r\nUIDL\r\nTOP\r\nLANG\r\n"
        "RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE 30\r\nLOGIN-DELAY 900\r\n"
        "IMPLEMENTATION Poplin\r\n.\r\n");
    shell_stop(&sh);
}

static bool capa_has(struct shell *sh, const char *line)
{
    buf_clear(&sh->sent);
    shell_feed(sh, SLICE("CAPA\r\n"));
    bool has = sent_has(sh, line);
    buf_clear(&sh->sent);
    return has;
}

static void s18_stls_only_while_it_can_be_used(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    begin(&sh, false);
    assert_true(capa_has(&sh, "\r\nSTLS\r\n"));
    shell_feed(&sh, SLICE("STLS\r\n"));
    assert_false(capa_has(&sh, "STLS"));
    shell_stop(&sh);
    begin(&sh, false);
    shell_feed(&sh, SLICE("UTF8\r\n"));
    assert_false(capa_has(&sh, "STLS"));
    shell_stop(&sh);
    sh.stls = false;
    begin(&sh, false);
    assert_false(capa_has(&sh, "STLS"));
    shell_stop(&sh);
    sh.stls = true;
    sh.tls = true;
    begin(&sh, false);
    assert_false(capa_has(&sh, "STLS"));
    shell_stop(&sh);
}

static void s23_without_tls_nothing_that_shows_a_password_is_announced(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    sh.cleartext = false;
    begin(&sh, false);
    assert_false(capa_has(&sh, "USER"));
    assert_false(capa_has(&sh, "SASL"));
    sh.options.mechanisms = "PLAIN SCRAM-SHA-256 LOGIN CRAM-MD5 XOAUTH2";
    assert_true(capa_has(&sh, "\r\nSASL SCRAM-SHA-256 CRAM-MD5\r\n"));
    shell_feed(&sh, SLICE("STLS\r\n"));
    assert_true(capa_has(&sh, "\r\nUSER\r\n"));
    assert_true(capa_has(&sh, "\r\nSASL PLAIN SCRAM-SHA-256 LOGIN CRAM-MD5 XOAUTH2\r\n"));
    shell_stop(&sh);
}

static void s18_no_mechanisms_no_sasl_line(void **state)
{
    struct shell sh;
    (void)state;
    shell_init(&sh);
    sh.options.mechanisms = "";
    begin(&sh, false);
    assert_false(capa_has(&sh, "SASL"));
    say(&sh, "AUTH\r\n", "+OK mechanism list follows\r\n.\r\n");
    shell_stop(&sh);
}

static void s18_what_is_announced_is_what_is_accepted(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++) {
        struct shell sh;
        shell_init(&sh);
        sh.tls = i & 1;
        sh.stls = i & 2;
        sh.cleartext = i & 4;
        begin(&sh, false);
        if (i & 8)
            say(&sh, "UTF8\r\n", "+OK UTF-8 mode\r\n");
        bool user = capa_has(&sh, "\r\nUSER\r\n");
        bool stls = capa_has(&sh, "\r\nSTLS\r\n");
        say_first(&sh, "USER alice\r\n", user ? "+OK" : "-ERR");
        say_first(&sh, "STLS\r\n", stls ? "+OK" : "-ERR");
        shell_stop(&sh);
    }
}

static void s18_every_line_fits_the_grammar(void **state)
{
    struct shell sh;
    char memory[LIMIT_REPLY_LINE];
    (void)state;
    shell_init(&sh);
    begin(&sh, true);
    for (uint32_t i = 0; i < pop3_capability_count(); i++) {
        struct buf line = buf_over(memory, sizeof memory);
        pop3_capability_put(&sh.server, &line, i);
        if (line.size == 0)
            continue;
        assert_true(slice_ends(buf_slice(&line), SLICE("\r\n")));
        for (size_t j = 0; j < line.size - 2; j++)
            assert_in_range(line.data[j], j == 0 ? 0x21 : 0x20, 0x7e);
    }
    shell_stop(&sh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s18_capabilities_before_login),
        cmocka_unit_test(s18_after_login_without_stls_and_with_the_implementation),
        cmocka_unit_test(s18_stls_only_while_it_can_be_used),
        cmocka_unit_test(s23_without_tls_nothing_that_shows_a_password_is_announced),
        cmocka_unit_test(s18_no_mechanisms_no_sasl_line),
        cmocka_unit_test(s18_what_is_announced_is_what_is_accepted),
        cmocka_unit_test(s18_every_line_fits_the_grammar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
