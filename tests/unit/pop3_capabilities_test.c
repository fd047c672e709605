#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pop3/pop3_capabilities.h"

static void c04_rows_are_read_in_any_letter_case(void **state)
{
    struct pop3_capabilities c;
    (void)state;
    pop3_capabilities_init(&c);
    assert_int_equal(c.has, 0);
    assert_false(c.is_known);
    pop3_capabilities_add(&c, SLICE("top"));
    pop3_capabilities_add(&c, SLICE("UIDL "));
    pop3_capabilities_add(&c, SLICE(" Resp-Codes"));
    pop3_capabilities_add(&c, SLICE("PIPELINING"));
    pop3_capabilities_add(&c, SLICE("X-GOOGLE-RICO"));
    pop3_capabilities_add(&c, SLICE("TOPP"));
    pop3_capabilities_add(&c, SLICE(""));
    assert_int_equal(c.has,
                     POP3_HAS_TOP | POP3_HAS_UIDL | POP3_HAS_RESP_CODES | POP3_HAS_PIPELINING);
    assert_int_equal(c.unknown, 3);
}

static void values_are_read_and_nonsense_is_no_value(void **state)
{
    struct pop3_capabilities c;
    (void)state;
    pop3_capabilities_init(&c);
    pop3_capabilities_add(&c, SLICE("EXPIRE 31 USER"));
    pop3_capabilities_add(&c, SLICE("LOGIN-DELAY 300"));
    pop3_capabilities_add(&c, SLICE("UTF8 USER"));
    assert_int_equal(c.expire_days, 31);
    assert_int_equal(c.login_delay, 300);
    assert_true(c.has & POP3_HAS_UTF8_USER);
    pop3_capabilities_add(&c, SLICE("EXPIRE NEVER"));
    pop3_capabilities_add(&c, SLICE("LOGIN-DELAY 99999999999999999999"));
    assert_true(c.expire_days == UINT32_MAX);
    assert_int_equal(c.login_delay, 0);
}

static void mechanisms_are_whole_names(void **state)
{
    struct pop3_capabilities c;
    (void)state;
    pop3_capabilities_init(&c);
    pop3_capabilities_add(&c, SLICE("SASL plain XOAUTH2  SCRAM-SHA-256-PLUS b\x1b[d"));
    pop3_capabilities_add_mechanism(&c, SLICE("LOGIN "));
    pop3_capabilities_add_mechanism(&c, SLICE("PLAIN"));
    assert_true(slice_equal(slice_of(c.mechanisms, c.mechanisms_size),
                            SLICE("PLAIN XOAUTH2 SCRAM-SHA-256-PLUS LOGIN ")));
    assert_true(pop3_capabilities_has_mechanism(&c, SLICE("Plain")));
    assert_false(pop3_capabilities_has_mechanism(&c, SLICE("SCRAM-SHA-256")));
    assert_false(pop3_capabilities_has_mechanism(&c, SLICE("")));
}

static void a49_endless_mechanisms_stay_bounded(void **state)
{
    struct pop3_capabilities c;
    char name[16];
    (void)state;
    pop3_capabilities_init(&c);
    for (int i = 0; i < 1000; i++) {
        int size = snprintf(name, sizeof name, "MECH-%d", i);
        pop3_capabilities_add_mechanism(&c, slice_of(name, (size_t)size));
    }
    assert_true(c.mechanisms_size <= POP3_MECHANISMS_MAX);
    assert_true(pop3_capabilities_has_mechanism(&c, SLICE("MECH-0")));
    assert_false(pop3_capabilities_has_mechanism(&c, SLICE("MECH-999")));
}

static void mechanisms_fill_their_memory_to_the_last_octet(void **state)
{
    struct pop3_capabilities c;
    char name[POP3_MECHANISMS_MAX];
    (void)state;
    memset(name, 'M', sizeof name);
    pop3_capabilities_init(&c);
    pop3_capabilities_add_mechanism(&c, slice_of(name, sizeof name));
    assert_int_equal(c.mechanisms_size, 0);
    pop3_capabilities_add_mechanism(&c, slice_of(name, sizeof name - 1));
    assert_int_equal(c.mechanisms_size, POP3_MECHANISMS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c04_rows_are_read_in_any_letter_case),
        cmocka_unit_test(values_are_read_and_nonsense_is_no_value),
        cmocka_unit_test(mechanisms_are_whole_names),
        cmocka_unit_test(a49_endless_mechanisms_stay_bounded),
        cmocka_unit_test(mechanisms_fill_their_memory_to_the_last_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
