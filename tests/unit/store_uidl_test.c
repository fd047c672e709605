/* UIDLs that an earlier server gave, and what goes before what. */
#include "../support/maildrop.h"

#include "store/store_uidl.h"
#include "store/store_uidlist.h"

static void hashes_depend_on_name_and_ordinal_alone(void **state)
{
    char a[64];
    char b[64];
    (void)state;
    assert_true(store_uidl_hash(SLICE("1.a b"), 0, a));
    assert_true(store_uidl_hash(SLICE("1.a b"), 0, b));
    assert_memory_equal(a, b, 64);
    assert_true(store_uidl_hash(SLICE("1.a b"), 1, b));
    assert_memory_not_equal(a, b, 64);
    assert_true(store_uidl_is_valid(slice_of(a, 64)));
    /* Written down: another value would make every client fetch its mail again. */
    assert_true(store_uidl_hash(SLICE("a"), 0, a));
    assert_memory_equal(a, "50244b13e19307f67eccb911efbda7063283b4f95c65fecb93d7143f664fa72b", 64);
}

static void s17_the_grammar_of_a_unique_id(void **state)
{
    char text[72];
    (void)state;
    memset(text, '~', sizeof text);
    assert_false(store_uidl_is_valid(SLICE("")));
    assert_true(store_uidl_is_valid(SLICE("!")));
    assert_true(store_uidl_is_valid(slice_of(text, 70)));
    assert_false(store_uidl_is_valid(slice_of(text, 71)));
    assert_false(store_uidl_is_valid(SLICE("a b")));
    assert_false(store_uidl_is_valid(SLICE("a\x7f")));
    assert_false(store_uidl_is_valid(SLICE("a\r\n")));
    assert_false(store_uidl_is_valid(SLICE("\xc3\xa9")));
    for (size_t size = 1; size <= 70; size++) /* every octet at every place */
        for (size_t at = 0; at < size; at++)
            for (int c = 0; c < 256; c++) {
                text[at] = (char)c;
                assert_int_equal(store_uidl_is_valid(slice_of(text, size)), c > 0x20 && c < 0x7f);
                text[at] = '~';
            }
}

static void x_uidl_is_taken_from_the_header_only(void **state)
{
    (void)state;
    struct slice uidl = store_uidl_from_header(SLICE("A: b\r\nx-uidl: \tabc \r\n\r\n"));
    assert_true(slice_equal(uidl, SLICE("abc")));
    assert_int_equal(store_uidl_from_header(SLICE("A: b\n\nX-UIDL: abc\n")).size, 0);
    assert_int_equal(store_uidl_from_header(SLICE("X-UIDL: a b\n\n")).size, 0);
    assert_int_equal(store_uidl_from_header(SLICE("X-UIDL: \n\n")).size, 0);
    assert_int_equal(store_uidl_from_header(SLICE("X-UIDL: abc")).size, 0);
    assert_int_equal(store_uidl_from_header(SLICE("")).size, 0);
}

/* --- lists in a Maildir --- */

static int setup_keep(void **state)
{
    int result = maildrop_setup(state);
    struct maildrop *m = *state;
    m->options.uidl_keep = true;
    maildrop_restart(m);
    maildrop_write(m, "cur/1.a.host:2,S", SLICE("A: b\nX-UIDL: header-one\n\none\n"));
    maildrop_write(m, "cur/2.b.host,S=5:2,", SLICE("A: b\n"));
    maildrop_write(m, "new/3.c.host", SLICE("A: b\nX-UIDL: header-three\n\n"));
    maildrop_write(m, "new/4.d.host", SLICE("A: b\n"));
    return result;
}

static void assert_uidls(struct maildrop *m, const char *const uidls[4])
{
    struct store_drop *d = maildrop_open(m);
    assert_int_equal(maildrop_count(d), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_string_equal(maildrop_uidl(d, i), uidls[i]);
    store_drop_close(d);
}

#define UIDLS(...) ((const char *const[4]){__VA_ARGS__})

static void without_the_setting_nothing_is_honoured(void **state)
{
    struct maildrop *m = *state;
    m->options.uidl_keep = false;
    maildrop_restart(m);
    maildrop_write(m, "dovecot-uidlist", SLICE("1 7 9\n1 1.a.host\n"));
    assert_uidls(m, UIDLS("1.a.host", "2.b.host,S=5", "3.c.host", "4.d.host"));
}

static void x_uidl_goes_before_the_name(void **state)
{
    assert_uidls(*state, UIDLS("header-one", "2.b.host,S=5", "header-three", "4.d.host"));
}

static void dovecot_version_3_in_the_order_of_uids(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "dovecot-uidlist",
                   SLICE("3 V1400000171 N300 G0123456789abcdef\n"
                         "26 :4.d.host\n"
                         "255 W12 S10 :1.a.host\n"
                         "256 :2.b.host,S=5\n"));
    assert_uidls(m,
                 UIDLS("0000001a53724eab", "000000ff53724eab", "0000010053724eab", "header-three"));
}

static void dovecot_version_1(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "dovecot-uidlist", SLICE("1 255 9\n1 1.a.host\n2 2.b.host,S=5:2,S\n"));
    assert_uidls(m, UIDLS("00000001000000ff", "00000002000000ff", "header-three", "4.d.host"));
}

static void dovecot_overrides_of_single_messages_and_order(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "dovecot-uidlist",
                   SLICE("3 V1 N9\n1 Pold-uidl-1 O7 :1.a.host\n2 P :2.b.host,S=5\n"
                         "3 O2 Pold-uidl-3 :3.c.host\n4 :4.d.host\n"));
    assert_uidls(m, UIDLS("old-uidl-3", "old-uidl-1", "2.b.host,S=5", "0000000400000001"));
}

static void courier_versions_2_and_3(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "courierpop3dsizelist",
                   SLICE("/3 5 1400000171\n1.a.host:2,S 30 1:1400000171:0\n"
                         "2.b.host,S=5:2, 6 2:0:0\n3.c.host 30 0:0:0\n"));
    assert_uidls(m, UIDLS("UID1-1400000171", "UID2", "3.c.host", "4.d.host"));
    (void)unlink(maildrop_at(m, "poplin-index"));
    maildrop_write(m, "courierpop3dsizelist", SLICE("/2 5 1400000171\n4.d.host 30 9:77\n"));
    maildrop_restart(m);
    assert_uidls(m, UIDLS("UID9-77", "header-one", "2.b.host,S=5", "header-three"));
}

static void dovecot_goes_before_courier(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "courierpop3dsizelist",
                   SLICE("/2 5 7\n1.a.host 3 1:7\n2.b.host,S=5 3 2:7\n"));
    maildrop_write(m, "dovecot-uidlist", SLICE("3 V1 N9\n1 :4.d.host\n2 :1.a.host\n"));
    assert_uidls(m, UIDLS("0000000100000001", "0000000200000001", "UID2-7", "header-three"));
}

static void s17_what_was_announced_once_stays(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "dovecot-uidlist", SLICE("3 V1 N9\n1 :1.a.host\n"));
    assert_uidls(m, UIDLS("0000000100000001", "2.b.host,S=5", "header-three", "4.d.host"));
    maildrop_restart(m);
    maildrop_write(m, "dovecot-uidlist", SLICE("3 V1 N9\n1 :1.a.host\n2 :2.b.host,S=5\n"));
    assert_uidls(m, UIDLS("0000000100000001", "2.b.host,S=5", "header-three", "4.d.host"));
}

static void a_list_that_cannot_be_read_closes_the_drop(void **state)
{
    struct maildrop *m = *state;
    struct store_drop *d;
    assert_int_equal(mkdir(maildrop_at(m, "dovecot-uidlist"), 0700), 0);
    assert_int_equal(maildrop_try(m, false, &d), STATUS_TEMPORARY);
    assert_int_equal(rmdir(maildrop_at(m, "dovecot-uidlist")), 0);
    assert_int_equal(symlink("cur/1.a.host:2,S", maildrop_at(m, "dovecot-uidlist")), 0);
    assert_int_equal(maildrop_try(m, false, &d), STATUS_TEMPORARY);
    assert_true(m->notices > 0);
}

static void damaged_lists_give_no_invalid_uidl(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "dovecot-uidlist",
                   SLICE("3 V1 N9\nx :1.a.host\n2 P\x01\x02 :2.b.host,S=5\n3\n\n4 :\n0 :3.c.host\n"
                         "99999999999999999999 :3.c.host\n5 :4.d.h"));
    assert_uidls(m, UIDLS("2.b.host,S=5", "header-one", "header-three", "4.d.host"));
    assert_true(m->notices > 0);
    (void)unlink(maildrop_at(m, "poplin-index"));
    maildrop_write(m, "dovecot-uidlist", SLICE("9 what is this\n"));
    maildrop_write(m, "courierpop3dsizelist",
                   SLICE("/2 5 7\n \n1.a.host\n1.a.host 3 x\nq 3 1:1:1:1\n"));
    maildrop_restart(m);
    assert_uidls(m, UIDLS("header-one", "2.b.host,S=5", "header-three", "4.d.host"));
}

static void two_messages_never_share_a_kept_uidl(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "dovecot-uidlist",
                   SLICE("3 V1 N9\n1 Psame :1.a.host\n2 Psame :2.b.host,S=5\n"
                         "3 P4.d.host :3.c.host\n"));
    struct store_drop *d = maildrop_open(m);
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_string_not_equal(maildrop_uidl(d, i), maildrop_uidl(d, k));
    assert_string_equal(maildrop_uidl(d, 0), "same");
    assert_string_equal(maildrop_uidl(d, 2), "4.d.host");
    store_drop_close(d);
}

static void a_sender_cannot_change_the_uidl_of_another_message(void **state)
{
    struct maildrop *m = *state;
    maildrop_write(m, "dovecot-uidlist", SLICE("3 V1 N9\n1 :2.b.host,S=5\n"));
    maildrop_write(m, "cur/1.a.host:2,S", SLICE("X-UIDL: 0000000100000001\n\n"));
    maildrop_write(m, "new/3.c.host", SLICE("X-UIDL: 4.d.host\n\n"));
    assert_uidls(m, UIDLS("0000000100000001", "1.a.host", "3.c.host", "4.d.host"));
}

#define PLAIN(f) cmocka_unit_test(f)
#define KEEP(f) cmocka_unit_test_setup_teardown(f, setup_keep, maildrop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(hashes_depend_on_name_and_ordinal_alone),
        PLAIN(s17_the_grammar_of_a_unique_id),
        PLAIN(x_uidl_is_taken_from_the_header_only),
        KEEP(without_the_setting_nothing_is_honoured),
        KEEP(x_uidl_goes_before_the_name),
        KEEP(dovecot_version_3_in_the_order_of_uids),
        KEEP(dovecot_version_1),
        KEEP(dovecot_overrides_of_single_messages_and_order),
        KEEP(courier_versions_2_and_3),
        KEEP(dovecot_goes_before_courier),
        KEEP(s17_what_was_announced_once_stays),
        KEEP(a_list_that_cannot_be_read_closes_the_drop),
        KEEP(damaged_lists_give_no_invalid_uidl),
        KEEP(two_messages_never_share_a_kept_uidl),
        KEEP(a_sender_cannot_change_the_uidl_of_another_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
