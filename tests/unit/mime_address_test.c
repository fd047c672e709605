#include "mime/mime_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

/* What is read is written as "name|address" or "name|address|group", with "; " between. */
struct form {
    const char *value, *read;
};

static _Alignas(16) char memory[1 << 20];

static void print(const struct mime_address_list *l, struct buf *out)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const struct mime_address *a = &l->list[i];
        assert_true(charset_is_utf8(a->name) && charset_is_utf8(a->address));
        buf_put_str(out, i ? "; " : "");
        buf_put(out, a->name);
        buf_put_char(out, '|');
        buf_put(out, a->address);
        if (a->group.size > 0)
            buf_put_char(out, '|');
        buf_put(out, a->group);
    }
}

static void check_as(const struct form *forms, size_t count, bool is_broken, enum charset hint)
{
    for (size_t i = 0; i < count; i++) {
        char text[4096];
        struct buf got = buf_over(text, sizeof text);
        struct arena arena = arena_over(memory, sizeof memory);
        struct mime_address_list l;
        mime_address_parse(slice_str(forms[i].value), &hint, &arena, &l);
        print(&l, &got);
        assert_int_equal(arena.capacity, sizeof memory);
        if (!slice_equal(buf_slice(&got), slice_str(forms[i].read)) || l.is_broken != is_broken ||
            l.is_limited)
            fail_msg("%s: %.*s%s", forms[i].value, SLICE_ARGS(buf_slice(&got)),
                     l.is_broken ? " (broken)" : "");
    }
}

#define CHECK(forms) check_as(forms, sizeof forms / sizeof *forms, false, CHARSET_UNKNOWN)
#define CHECK_BROKEN(forms) check_as(forms, sizeof forms / sizeof *forms, true, CHARSET_UNKNOWN)

static void rfc5322_3_4_addresses_are_read(void **state)
{
    static const struct form forms[] = {
        {"john.doe@example.org", "|john.doe@example.org"},
        {"<john.doe@example.org>", "|john.doe@example.org"},
        {"John Doe <john@example.org>", "John Doe|john@example.org"},
        {"\"John Q. Doe\" <john@example.org>", "John Q. Doe|john@example.org"},
        {"\"Giant; \\\"Big\\\" Box\" <s@example.net>", "Giant; \"Big\" Box|s@example.net"},
        {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
         "Mary Smith|mary@x.test; |jdoe@example.org; Who?|one@y.test"},
        {"John\r\n Doe\r\n\t<john@example.org>", "John Doe|john@example.org"},
        {"\"John\r\n Doe\" <john@example.org>", "John Doe|john@example.org"},
        {"Doe<john@example.org>", "Doe|john@example.org"},
        {"O'Brien <o'brien@example.org>", "O'Brien|o'brien@example.org"},
        {"a+b=c/d@example.org", "|a+b=c/d@example.org"},
        {"s..palmer@example.org", "|s..palmer@example.org"},
    };
    CHECK(forms);
}

static void rfc5322_3_2_5_phrases_of_many_words_are_one_name(void **state)
{
    static const struct form forms[] = {
        {"First \"M.\" Last <u@x>", "First M. Last|u@x"},
        {"First\"M.\"Last <u@x>", "FirstM.Last|u@x"},
        {"\"\" <u@x>", "|u@x"},
        {"\" Ann \" <u@x>", "Ann|u@x"},
        {"John Q. Public <u@x>", "John Q. Public|u@x"},
        {"S/MIME Test <u@x>", "S/MIME Test|u@x"},
        {"Keld J|rn <u@x>", "Keld J|rn|u@x"},
        {"'John Doe' <u@x>", "'John Doe'|u@x"},
    };
    CHECK(forms);
}

static void local_parts_keep_the_quotes_that_they_need(void **state)
{
    static const struct form forms[] = {
        {"\"john doe\"@x", "|\"john doe\"@x"},
        {"Ann <\"john doe\"@x>", "Ann|\"john doe\"@x"},
        {"\"john.doe\"@x", "|john.doe@x"},
        {"\"john..doe\"@x", "|\"john..doe\"@x"},
        {"\".john\"@x", "|\".john\"@x"},
        {"\"a@b\"@x", "|\"a@b\"@x"},
        {"\"a\\\"b\"@x", "|\"a\\\"b\"@x"},
        {"\"a>b,c\"@x", "|\"a>b,c\"@x"},
        {"<\"a>b,c\"@x>", "|\"a>b,c\"@x"},
        {"\"\"@x", "|\"\"@x"},
        {"\"a\".b@x", "|a.b@x"},
    };
    CHECK(forms);
}

static void rfc5322_3_4_1_domain_literals_are_read(void **state)
{
    static const struct form forms[] = {
        {"john@[192.0.2.1]", "|john@[192.0.2.1]"},
        {"John <john@[IPv6:2001:db8::1]>", "John|john@[IPv6:2001:db8::1]"},
        {"john@[IPv6:2001:db8::1], ann@x", "|john@[IPv6:2001:db8::1]; |ann@x"},
        {"<[an18]@x.example>", "|[an18]@x.example"},
    };
    CHECK(forms);
}

static void rfc5322_4_4_obsolete_addresses_are_read(void **state)
{
    static const struct form forms[] = {
        {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete|pete@silly.test"},
        {"Mary Smith <@node.test,@second.test:mary@example.net>, , jdoe@test   . example",
         "Mary Smith|mary@example.net; |jdoe@test.example"},
        {"John <jdoe@machine(comment).  example>", "John|jdoe@machine.example"},
        {"a . b@c . d", "|a.b@c.d"},
        {"john @ example.org", "|john@example.org"},
        {"<@one:a@b>", "|a@b"},
        {",,a@b,,", "|a@b"},
        {"host!user@x", "|host!user@x"},
        {"user%host@relay", "|user%host@relay"},
    };
    CHECK(forms);
}

static void comments_are_names_where_there_is_no_phrase(void **state)
{
    static const struct form forms[] = {
        {"jdoe@test (John Doe)", "John Doe|jdoe@test"},
        {"<jdoe@test> (John Doe)", "John Doe|jdoe@test"},
        {"(John Doe) jdoe@test", "John Doe|jdoe@test"},
        {"jdoe@test (John (the one) Doe)", "John (the one) Doe|jdoe@test"},
        {"jdoe@test (John \\(the one)", "John (the one|jdoe@test"},
        {"John <jdoe@test> (Sales)", "John|jdoe@test"},
        {"jdoe@test (John Doe) (Sales)", "John Doe|jdoe@test"},
        {"(Sales) jdoe@test (John Doe)", "John Doe|jdoe@test"},
        {"John (Sales) Doe <j@d>", "John Doe|j@d"},
        {"jdoe@test ()", "|jdoe@test"},
        {"a@b (=?utf-8?B?5byg5LiJ?=)", "张三|a@b"},
        {"y@x (Yutaka Sato =?ISO-2022-JP?B?GyRAOjRGI0stGyhK?=)", "Yutaka Sato 佐藤豊|y@x"},
    };
    CHECK(forms);
}

static void rfc5322_3_4_groups_are_flattened(void **state)
{
    static const struct form forms[] = {
        {"undisclosed-recipients:;", ""},
        {"undisclosed-recipients: ;", ""},
        {"Undisclosed recipients:", ""},
        {"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", ""},
        {"Friends: a@x, Bob <b@y>; c@z", "|a@x|Friends; Bob|b@y|Friends; |c@z"},
        {"Friends:a@x;, Foes: c@z;", "|a@x|Friends; |c@z|Foes"},
        {"\"My, friends\": a@x;", "|a@x|My, friends"},
        {"=?utf-8?B?5byg5LiJ?=: a@x;", "|a@x|张三"},
        {"A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>,\r\n"
         " joe@example.org,\r\n John <jdoe@one.test> (my dear friend); (the end of the group)",
         "Chris Jones|c@public.example|A Group; |joe@example.org|A Group; "
         "John|jdoe@one.test|A Group"},
    };
    CHECK(forms);
}

static void rfc2047_words_are_decoded_wherever_they_stand(void **state)
{
    static const struct form forms[] = {
        {"=?utf-8?B?5byg5LiJ?= <z@s>", "张三|z@s"},
        {"=?utf-8?B?5byg5LiJ?=<z@s>", "张三|z@s"},
        {"\"=?utf-8?B?5byg5LiJ?=\" <z@s>", "张三|z@s"},
        {"\"=?gb18030?B?z/LX8w==?=\" <w@qq>", "向左|w@qq"},
        {"=?utf-8?B?5byg?=\r\n =?utf-8?B?5LiJ?= <z@s>", "张三|z@s"},
        {"\"=?utf-8?B?5byg?= =?utf-8?B?5LiJ?=\" <z@s>", "张三|z@s"},
        {"=?utf-8?Q?Andr=C3=A9?= Pirard <a@b>", "André Pirard|a@b"},
        {"=?utf-8?Q?M=C3=BCller=2C_Hans?= <m@d>", "Müller, Hans|m@d"},
        {"=?utf-8?Q?M=C3=BCller, Hans?= <m@d>", "Müller, Hans|m@d"},
        {"=?utf-8?Q?M=C3=BCller (Hans)?= <m@d>", "Müller (Hans)|m@d"},
        {"\"=?utf-8?Q?=E5=AD=A6?=I.B.S)\" <i@x>", "学I.B.S)|i@x"},
        {"=?utf-8?Q?a=40b?= <c@d>", "a@b|c@d"},
    };
    CHECK(forms);
}

static void words_that_hold_the_address_too_are_opened(void **state)
{
    static const struct form forms[] = {
        {"=?utf-8?Q?Ann_=3Ca=40b=3E?=", "Ann|a@b"},
        {"=?utf-8?Q?Ann_=3Ca=40b=3E,_Bob_=3Cc=40d=3E?=", "Ann|a@b; Bob|c@d"},
        {"=?utf-8?Q?ann=40x.org?=", "|ann@x.org"},
        {"=?utf-8?Q?ann?=@x.org", "|ann@x.org"},
    };
    CHECK(forms);
    static const struct form broken[] = {
        {"=?utf-8?Q?Ann_=3Ca=40b=3E?=, Bob <b@c>", "Ann|a@b; Bob|b@c"},
        {"Ann <=?utf-8?Q?ann=40x.org?=>", "Ann|ann@x.org"},
        {"\"ann@x.org\"", "|ann@x.org"},
        {"\"Ann <ann@x.org>\"", "Ann|ann@x.org"},
        {"ann (ann@x.org)", "ann|ann@x.org"},
    };
    CHECK_BROKEN(broken);
}

static void no_address_holds_a_control_character(void **state)
{
    static const struct form forms[] = {
        {"Ann <a\x1b[2J@x>", "Ann|a[2J@x"},
        {"<a\x07\x7f@x>", "|a@x"},
        {"\"a\r\n b\"@x", "|\"a b\"@x"},
    };
    CHECK(forms);
    static const struct form words[] = {
        {"<=?utf-8?Q?a=0D=0ATo:_b=40x?=>", "|aTo:b@x"},
        {"<=?utf-8?Q?=22a=0D=0Ab=22=40x?=>", "|\"a b\"@x"},
    };
    CHECK_BROKEN(words);
}

static void rfc6532_utf8_stands_as_it_is(void **state)
{
    static const struct form forms[] = {
        {"Jöhn Doe <jdöe@mächine.example>", "Jöhn Doe|jdöe@mächine.example"},
        {"\"张三\" <张三@例子.中国>", "张三|张三@例子.中国"},
        {"Иван Петров <i@x>, 田中　太郎 <t@y>", "Иван Петров|i@x; 田中　太郎|t@y"},
        {"\xc2\xa0"
         "Ann\xc2\xa0 <a@b>",
         "Ann|a@b"},
    };
    CHECK(forms);
}

static void raw_octets_are_guessed_and_break_nothing(void **state)
{
    static const struct form forms[] = {
        {"\"\xcc\xa8\xcd\xe5\xf6\xce\xc1\xfa\xc9\xcc\xc3\xb3\xbc\xaf\xcd\xc5\xb9\xab\xcb\xbe\" "
         "<a@b>",
         "台湾鑫龙商贸集团公司|a@b"},
        /* Second octets of GBK that look like an at sign and like a backslash. */
        {"\x81\x40\xd6\xd0\xb9\xfa <a@b>", "丂中国|a@b"},
        {"\"\xd6\xd0\xb9\xfa\x85\x5c\" <a@b>, c@d", "中国匼|a@b; |c@d"},
    };
    check_as(forms, sizeof forms / sizeof *forms, true, CHARSET_GB18030);
    static const struct form cyrillic[] = {
        {"\xd0\xc5\xd4\xd2 <a@b>", "петр|a@b"},
    };
    check_as(cyrillic, 1, true, charset_find(SLICE("koi8-r")));
    static const struct form address[] = {
        {"\xb4google@example.com", "|\xef\xbf\xbdgoogle@example.com"},
    };
    CHECK_BROKEN(address);
}

static void escapes_of_iso_2022_are_no_specials(void **state)
{
    static const struct form forms[] = {
        {"\x1b$B5HED3X\x1b(B <i@x>", "吉田学|i@x"},
        {"\"\x1b$B!\"\x1b(B\" <i@x>", "、|i@x"},
        {"\x1b$B%\"%\\\x1b(B <i@x>, c@d", "アボ|i@x; |c@d"},
    };
    CHECK(forms);
}

static void commas_of_names_are_not_the_lists(void **state)
{
    static const struct form forms[] = {
        {"Doe, John <j@d>", "Doe, John|j@d"},
        {"Doe, John, MD <j@d>", "Doe, John, MD|j@d"},
        {"Doe, John <j@d>, Roe, Jane <r@d>", "Doe, John|j@d; Roe, Jane|r@d"},
        {"a@x, Doe, John <j@d>", "|a@x; Doe, John|j@d"},
        {"'Doe, John' <j@d>", "'Doe, John'|j@d"},
        {"\"Doe\", John <j@d>", "Doe, John|j@d"},
        {"Acme Co., Ltd. <j@d>", "Acme Co., Ltd.|j@d"},
        {"nsb, John <j@d>", "|nsb; John|j@d"},
        {"A, B, C, D, E <e@x>", "|A; |B; |C; |D; E|e@x"},
    };
    CHECK_BROKEN(forms);
}

static void specials_of_names_are_text(void **state)
{
    static const struct form forms[] = {
        {"john.doe@x <j@d>", "john.doe@x|j@d"},
        {"\"a@b\" <a@b>", "a@b|a@b"},
        {"\"a@b\" <c@d>", "a@b|c@d"},
        {"John @ Company <j@d>", "John @ Company|j@d"},
        {"[List] John <j@d>", "[List] John|j@d"},
        {"John Company) <j@d>", "John Company)|j@d"},
        {"a@b (c@d)", "c@d|a@b"},
        {"John\\, Doe <j@d>", "John, Doe|j@d"},
        {"Name <Nick> <a@b>", "Name <Nick>|a@b"},
    };
    CHECK(forms);
    static const struct form broken[] = {
        {"foo@bar via list@x <e@f>", "foo@bar via list@x|e@f"},
        {"Foo: Bar <a@b>", "Foo: Bar|a@b"},
        {"John (Company <j@d>", "John (Company|j@d"},
        {"a:b:c <d@e>", "a:b:c|d@e"},
    };
    CHECK_BROKEN(broken);
}

static void quotes_and_angles_without_their_ends_lose_no_address(void **state)
{
    static const struct form forms[] = {
        {"\"John Doe <j@d>", "John Doe|j@d"},
        {"\"John Doe <j@d>, Mary <m@d>", "John Doe|j@d; Mary|m@d"},
        {"\"John\" Smith\" <j@d>, \"Mary\" <m@d>", "John Smith|j@d; Mary|m@d"},
        {"John <j@d", "John|j@d"},
        {"<j@d John", "John|j@d"},
        {"John <j@d, Jane <k@d>", "John|j@d; Jane|k@d"},
        {"John <j@d <k@d>", "John|j@d; |k@d"},
        {"John <j@d>>", "John|j@d"},
        {"John <<j@d>>", "John|j@d"},
        {"John j@d>", "John|j@d"},
        {"<a@b, c@d>", "|a@b; |c@d"},
    };
    CHECK_BROKEN(forms);
}

static void commas_may_be_missing_or_others(void **state)
{
    static const struct form forms[] = {
        {"<a@b> <c@d>", "|a@b; |c@d"},
        {"Ann <a@b> <c@d>", "Ann|a@b; |c@d"},
        {"Ann <a@b> Cleo <c@d>", "Ann|a@b; Cleo|c@d"},
        {"Ann <a@b>Cleo <c@d>", "Ann|a@b; Cleo|c@d"},
        {"Ann <a@b> c@d", "Ann|a@b; |c@d"},
        {"a@b c@d e@f", "|a@b; |c@d; |e@f"},
        {"a@b\r\n c@d", "|a@b; |c@d"},
        {"a@b; c@d; Ann <e@f>", "|a@b; |c@d; Ann|e@f"},
        {"a@b;", "|a@b"},
        {"张三<z@s>;李四<l@s>", "张三|z@s; 李四|l@s"},
    };
    CHECK_BROKEN(forms);
    static const struct form wide[] = {
        {"张三 <z@s>，李四 <l@s>", "张三|z@s; 李四|l@s"},
        {"z@s，l@s；m@s", "|z@s; |l@s; |m@s"},
        {"Ann <a@b>, <c@d>", "Ann|a@b; |c@d"},
    };
    CHECK(wide);
}

static void names_and_addresses_may_stand_alone(void **state)
{
    static const struct form forms[] = {
        {"John Doe", "John Doe|"},
        {"jdoe", "|jdoe"},
        {"abel, bianchi, braun@flash", "|abel; |bianchi; |braun@flash"},
        {"Nathaniel <nsb>, Tom <tom>", "Nathaniel|nsb; Tom|tom"},
        {"jdoe (John Doe)", "John Doe|jdoe"},
        {"\"Mary\"", "Mary|"},
        {"Иван", "Иван|"},
        {"<John Doe>", "John Doe|"},
        {"John Doe <no address>", "John Doe|"},
        {"MAILER-DAEMON <>", "MAILER-DAEMON|"},
        {"host!user", "|host!user"},
        {"undisclosed-recipients;", "|undisclosed-recipients"},
        {"a@", "|a@"},
    };
    CHECK_BROKEN(forms);
}

static void what_other_programs_put_around_an_address_goes(void **state)
{
    static const struct form forms[] = {
        {"John [mailto:j@d]", "John|j@d"},
        {"John [j@d]", "John|j@d"},
        {"mailto:j@d", "|j@d"},
        {"[SMTP:j@d]", "|j@d"},
        {"John [SMTP:j@d]", "John|j@d"},
        {"John j@d", "John|j@d"},
        {"j@d John", "John|j@d"},
        {"@one,@two:a@b", "|a@b"},
    };
    CHECK_BROKEN(forms);
    static const struct form outlook[] = {
        {"'j@d'", "|j@d"},
        {"John <'j@d'>", "John|j@d"},
        {"John <mailto:j@d>", "John|j@d"},
        {"\"'j@d'\" <j@d>", "'j@d'|j@d"},
    };
    CHECK(outlook);
}

static void nothing_is_nothing(void **state)
{
    static const struct form forms[] = {
        {"", ""}, {" \r\n ", ""}, {",", ""}, {", ,\t,", ""}, {"(x)", ""}};
    CHECK(forms);
    static const struct form broken[] = {{"<>", ""}, {"<>, a@b", "|a@b"}, {";", ""},  {"@", ""},
                                         {"\"", ""}, {">", ""},           {"@a", ""}, {":", ":|"}};
    CHECK_BROKEN(broken);
}

static void over_ten_thousand_are_limited(void **state)
{
    size_t room = 1 << 23, count = 10001;
    char *value = malloc(count * 4), *place = malloc(room);
    assert_true(value && place);
    for (size_t i = 0; i < count; i++)
        memcpy(value + 4 * i, "a@b,", 4);
    struct arena arena = arena_over(place, room);
    enum charset hint = CHARSET_UNKNOWN;
    struct mime_address_list l;
    mime_address_parse(slice_of(value, count * 4), &hint, &arena, &l);
    assert_int_equal(l.count, 10000);
    assert_true(l.is_limited);
    arena = arena_over(place, room);
    mime_address_parse(slice_of(value, (count - 1) * 4), &hint, &arena, &l);
    assert_int_equal(l.count, 10000);
    assert_false(l.is_limited);
    free(value);
    free(place);
}

/* Whatever the arena holds, what was read before it was full stays. */
static void a_full_arena_limits_and_never_overflows(void **state)
{
    struct slice value = SLICE("\"Ann One\" <ann@x>, (c) =?utf-8?Q?B?= <bob@y>, Doe, J <d@z>");
    uint32_t most = 0;
    for (size_t room = 0; room < 4096; room += 8) {
        char *place = malloc(room + 1);
        struct arena arena = arena_over(place, room);
        enum charset hint = CHARSET_UNKNOWN;
        struct mime_address_list l;
        mime_address_parse(value, &hint, &arena, &l);
        assert_true(arena.size <= room && arena.capacity == room);
        assert_true(l.is_limited || l.count == 3);
        most = l.count > most ? l.count : most;
        free(place);
    }
    assert_int_equal(most, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5322_3_4_addresses_are_read),
        cmocka_unit_test(rfc5322_3_2_5_phrases_of_many_words_are_one_name),
        cmocka_unit_test(local_parts_keep_the_quotes_that_they_need),
        cmocka_unit_test(rfc5322_3_4_1_domain_literals_are_read),
        cmocka_unit_test(rfc5322_4_4_obsolete_addresses_are_read),
        cmocka_unit_test(comments_are_names_where_there_is_no_phrase),
        cmocka_unit_test(rfc5322_3_4_groups_are_flattened),
        cmocka_unit_test(rfc2047_words_are_decoded_wherever_they_stand),
        cmocka_unit_test(words_that_hold_the_address_too_are_opened),
        cmocka_unit_test(no_address_holds_a_control_character),
        cmocka_unit_test(rfc6532_utf8_stands_as_it_is),
        cmocka_unit_test(raw_octets_are_guessed_and_break_nothing),
        cmocka_unit_test(escapes_of_iso_2022_are_no_specials),
        cmocka_unit_test(commas_of_names_are_not_the_lists),
        cmocka_unit_test(specials_of_names_are_text),
        cmocka_unit_test(quotes_and_angles_without_their_ends_lose_no_address),
        cmocka_unit_test(commas_may_be_missing_or_others),
        cmocka_unit_test(names_and_addresses_may_stand_alone),
        cmocka_unit_test(what_other_programs_put_around_an_address_goes),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(over_ten_thousand_are_limited),
        cmocka_unit_test(a_full_arena_limits_and_never_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
