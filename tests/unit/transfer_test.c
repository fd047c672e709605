#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/transfer_steps.h"

enum { DECODED_MAX = 8192 };

struct decoded {
    char data[DECODED_MAX];
    size_t size;
    unsigned defects;
    uint64_t first_defect;
};

typedef size_t feed_function(struct transfer *, struct slice *, char *, size_t);

/* Decodes the input in pieces through a window; the pieces are copies of their own size, so that
 * reading past one is seen. */
static struct decoded decode(feed_function *feed, enum transfer_encoding encoding,
                             struct slice input, size_t piece, size_t room)
{
    struct decoded d = {.size = 0};
    struct transfer t;
    transfer_init(&t, encoding);
    while (input.size > 0) {
        size_t size = piece < input.size ? piece : input.size;
        char *copy = (char *)malloc(size);
        char *window = (char *)malloc(room);
        assert_true(copy != NULL && window != NULL);
        memcpy(copy, input.data, size);
        struct slice rest = slice_of(copy, size);
        while (rest.size > 0) {
            size_t before = rest.size;
            size_t n = feed(&t, &rest, window, room);
            assert_true(rest.size < before && n <= room && d.size + n <= sizeof d.data);
            memcpy(d.data + d.size, window, n);
            d.size += n;
        }
        free(copy);
        free(window);
        input = slice_skip(input, size);
    }
    assert_true(d.size + TRANSFER_ROOM <= sizeof d.data);
    d.size += transfer_end(&t, d.data + d.size);
    d.defects = t.defects;
    d.first_defect = t.first_defect;
    return d;
}

static void same(struct decoded a, struct decoded b)
{
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    assert_int_equal(a.defects, b.defects);
    assert_int_equal(a.first_defect, b.first_defect);
}

static struct decoded in_place(enum transfer_encoding encoding, struct slice input, size_t piece)
{
    struct decoded d = {.size = 0};
    struct transfer t;
    char *buffer = (char *)malloc(input.size + TRANSFER_ROOM);
    assert_non_null(buffer);
    memcpy(buffer, input.data, input.size);
    transfer_init(&t, encoding);
    for (size_t at = 0; at < input.size; at += piece) {
        struct slice part =
            slice_of(buffer + at, piece < input.size - at ? piece : input.size - at);
        d.size += transfer_feed(&t, &part, buffer + d.size, input.size + TRANSFER_ROOM - d.size);
        assert_int_equal(part.size, 0);
    }
    d.size += transfer_end(&t, buffer + d.size);
    memcpy(d.data, buffer, d.size);
    d.defects = t.defects;
    d.first_defect = t.first_defect;
    free(buffer);
    return d;
}

/* Whatever the split, the window and the twin, and in place: the same octets and defects. */
static struct decoded every_way(enum transfer_encoding encoding, struct slice input)
{
    struct decoded scalar =
        decode(transfer_feed_scalar, encoding, input, input.size + 1, DECODED_MAX);
    same(scalar, decode(transfer_feed, encoding, input, input.size + 1, DECODED_MAX));
    for (size_t piece = 1; piece <= input.size && piece <= 200; piece++) {
        same(scalar, decode(transfer_feed, encoding, input, piece, DECODED_MAX));
        same(scalar, decode(transfer_feed, encoding, input, piece, TRANSFER_ROOM + piece % 50));
        same(scalar, decode(transfer_feed_scalar, encoding, input, piece, TRANSFER_ROOM));
        if (encoding != TRANSFER_UUENCODE)
            same(scalar, in_place(encoding, input, piece));
    }
    return scalar;
}

static void gives(enum transfer_encoding encoding, struct slice input, struct slice wanted,
                  unsigned defects)
{
    struct decoded d = every_way(encoding, input);
    if (d.size != wanted.size || memcmp(d.data, wanted.data, d.size) != 0 || d.defects != defects)
        fail_msg("\"%.*s\" gave \"%.*s\", defects %u", SLICE_ARGS(input), (int)d.size, d.data,
                 d.defects);
}

#define GIVES(encoding, input, wanted, defects)                                                    \
    gives(encoding, SLICE(input), SLICE(wanted), defects)

static size_t encode_base64(struct slice octets, size_t line, char *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0;
    size_t in_line = 0;
    for (size_t i = 0; i < octets.size; i += 3) {
        unsigned bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < octets.size ? (uint8_t)octets.data[i + k] : 0);
        for (size_t k = 0; k < 4; k++) {
            out[n++] = i + k <= octets.size ? alphabet[bits >> (18 - 6 * k) & 63] : '=';
            if (++in_line == line) {
                memcpy(out + n, "\r\n", 2);
                n += 2;
                in_line = 0;
            }
        }
    }
    return n;
}

static void fill(char *octets, size_t size)
{
    for (size_t i = 0; i < size; i++)
        octets[i] = (char)(rand() & 0xff);
}

static void i4_base64_of_every_size_and_line_length_is_decoded(void **state)
{
    (void)state;
    char octets[300];
    char text[1024];
    srand(1);
    for (size_t size = 0; size < sizeof octets; size += 1 + size / 20) {
        for (size_t line = 75; line <= 77; line++) {
            fill(octets, size);
            size_t n = encode_base64(slice_of(octets, size), line, text);
            gives(TRANSFER_BASE64, slice_of(text, n), slice_of(octets, size), 0);
        }
    }
}

/* The wide decoders by their own names, each against the octets that were encoded. */
static void i4_each_wide_twin_of_base64_decodes_all_quanta(void **state)
{
    (void)state;
    static transfer_wide *const twins[] = {
        transfer_base64_blocks,
        transfer_base64_quanta,
#if defined(__x86_64__)
        transfer_base64_ssse3,
#endif
    };
    char octets[768];
    char text[1100];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (char)(i * 7 + i / 256);
    size_t size = encode_base64(slice_of(octets, sizeof octets), SIZE_MAX, text);
    for (size_t k = 0; k < sizeof twins / sizeof *twins; k++) {
#if defined(__x86_64__)
        if (twins[k] == transfer_base64_ssse3 && !transfer_base64_has_ssse3())
            continue;
#endif
        char out[DECODED_MAX];
        struct transfer t;
        struct slice rest = slice_of(text, size);
        transfer_init(&t, TRANSFER_BASE64);
        size_t n = twins[k](&t, &rest, out, sizeof out);
        n += transfer_base64_quanta(&t, &rest, out + n, sizeof out - n);
        assert_int_equal(rest.size, 0);
        assert_int_equal(n, sizeof octets);
        assert_memory_equal(out, octets, n);
    }
}

/* Every octet value at every place of a block: foreign or not, all twins say the same. */
static void i4_every_octet_at_every_place_of_a_block_is_judged_alike(void **state)
{
    (void)state;
    char text[80];
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < 70; at += 1 + c % 3) {
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            struct slice input = slice_of(text, sizeof text);
            struct decoded scalar =
                decode(transfer_feed_scalar, TRANSFER_BASE64, input, sizeof text, DECODED_MAX);
            same(scalar, decode(transfer_feed, TRANSFER_BASE64, input, sizeof text, DECODED_MAX));
            same(scalar, in_place(TRANSFER_BASE64, input, sizeof text));
        }
    }
}

static void i4_junk_in_base64_is_skipped(void **state)
{
    (void)state;
    GIVES(TRANSFER_BASE64, "cG9w\r\nbGlu", "poplin", 0);
    GIVES(TRANSFER_BASE64, "c G\t9 w", "pop", 0);
    GIVES(TRANSFER_BASE64, "cG9!w-bG_lu", "poplin", TRANSFER_FOREIGN_OCTET);
    GIVES(TRANSFER_BASE64,
          "\xff"
          "cG9\0w",
          "pop", TRANSFER_FOREIGN_OCTET);
}

static void i4_padding_of_base64_may_be_missing_too_much_or_in_the_middle(void **state)
{
    (void)state;
    GIVES(TRANSFER_BASE64, "cG9wcA==", "popp", 0);
    GIVES(TRANSFER_BASE64, "cG9wcA=\r\n=", "popp", 0);
    GIVES(TRANSFER_BASE64, "cG9wcA=", "popp", TRANSFER_PADDING);
    GIVES(TRANSFER_BASE64, "cG9wcA", "popp", TRANSFER_PADDING);
    GIVES(TRANSFER_BASE64, "cG9wcHA", "poppp", TRANSFER_PADDING);
    GIVES(TRANSFER_BASE64, "cG9wcA====", "popp", TRANSFER_PADDING);
    GIVES(TRANSFER_BASE64, "cG9w=", "pop", TRANSFER_PADDING);
    GIVES(TRANSFER_BASE64, "cG9wcA==bGlu", "popplin", TRANSFER_PADDING);
    GIVES(TRANSFER_BASE64, "cG9wcHA=bGlu", "poppplin", TRANSFER_PADDING);
    GIVES(TRANSFER_BASE64, "====", "", TRANSFER_PADDING);
}

static void i4_a_list_footer_behind_the_padding_is_left_out(void **state)
{
    (void)state;
    GIVES(TRANSFER_BASE64, "cG9wcA==\r\n____\r\nlist mailing list\r\n", "popp",
          TRANSFER_FOREIGN_OCTET);
    GIVES(TRANSFER_BASE64, "cG9wcHA=\r\n--not-my-boundary-->\r\nabcd", "poppp",
          TRANSFER_FOREIGN_OCTET);
}

static void i4_a_single_sextet_at_the_end_is_a_cut(void **state)
{
    (void)state;
    GIVES(TRANSFER_BASE64, "cG9wc", "pop", TRANSFER_CUT);
    GIVES(TRANSFER_BASE64, "cG9wc=", "pop", TRANSFER_PADDING);
}

static void i4_first_defect_is_where_it_was(void **state)
{
    (void)state;
    struct decoded d = every_way(TRANSFER_BASE64, SLICE("cG9wbGlucG9wbGlu\r\ncG9*wbGl*"));
    assert_int_equal(d.first_defect, 21);
    assert_int_equal(d.defects, TRANSFER_FOREIGN_OCTET | TRANSFER_PADDING);
}

static void i4_quoted_printable_is_decoded_in_either_case(void **state)
{
    (void)state;
    GIVES(TRANSFER_QUOTED_PRINTABLE, "caf=C3=A9 =c3=a9=3D", "caf\xc3\xa9 \xc3\xa9=", 0);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "a\r\nb\nc\rd", "a\r\nb\nc\rd", 0);
}

static void i4_soft_line_ends_join_lines(void **state)
{
    (void)state;
    GIVES(TRANSFER_QUOTED_PRINTABLE, "one=\r\ntwo=\nthree", "onetwothree", 0);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "one= \t\r\ntwo=  \nthree=\r\r\n", "onetwothree", 0);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "blank =\r\nkept", "blank kept", 0);
}

static void i4_blanks_at_a_line_end_stay(void **state)
{
    (void)state;
    GIVES(TRANSFER_QUOTED_PRINTABLE, "-- \r\nb\t \nc ", "-- \r\nb\t \nc ", 0);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "a=20\r\nb =20 \r\n", "a \r\nb   \r\n", 0);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "a  b\r \rc", "a  b\r \rc", 0);
}

static void i4_broken_escapes_stay_as_they_stand(void **state)
{
    (void)state;
    GIVES(TRANSFER_QUOTED_PRINTABLE, "1=1 =ZZ =4G", "1=1 =ZZ =4G", TRANSFER_FOREIGN_OCTET);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "a= b ==41", "a= b =A", TRANSFER_FOREIGN_OCTET);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "=4\r\n=\rx", "=4\r\n=\rx", TRANSFER_FOREIGN_OCTET);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "raw \xc3\xa9\xff", "raw \xc3\xa9\xff",
          TRANSFER_FOREIGN_OCTET);
}

static void i4_an_escape_cut_by_the_end_is_told(void **state)
{
    (void)state;
    GIVES(TRANSFER_QUOTED_PRINTABLE, "end=", "end", TRANSFER_CUT);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "end= \r", "end", TRANSFER_CUT);
    GIVES(TRANSFER_QUOTED_PRINTABLE, "end=4", "end=4", TRANSFER_CUT);
}

static void i4_blanks_behind_an_escape_are_a_line_end_up_to_a_limit(void **state)
{
    (void)state;
    char text[300];
    for (size_t blanks = 77; blanks < 200; blanks += blanks < 85 ? 1 : 40) {
        size_t n = 0;
        text[n++] = '=';
        memset(text + n, ' ', blanks);
        n += blanks;
        text[n++] = '\n';
        bool is_soft = blanks <= 80;
        gives(TRANSFER_QUOTED_PRINTABLE, slice_of(text, n), slice_of(text, is_soft ? 0 : n),
              is_soft ? 0 : TRANSFER_FOREIGN_OCTET);
    }
}

static void i4_random_input_gives_the_same_in_every_way(void **state)
{
    (void)state;
    static const char *const alphabets[] = {
        [TRANSFER_IDENTITY] = "ab\r\n",
        [TRANSFER_BASE64] = "ABCDEFGHIJKLMNOPabcdefghijklmnop0123456789+/\r\n=*",
        [TRANSFER_QUOTED_PRINTABLE] = "ab \t\r\n==0A\r\n  \xe9",
        [TRANSFER_UUENCODE] = "M `!\n\r#$%end",
        [TRANSFER_YENC] = "ab=y\r\n=",
        [TRANSFER_Q] = "ab_=0A \xe9",
    };
    char text[400];
    srand(2);
    for (unsigned encoding = TRANSFER_IDENTITY; encoding <= TRANSFER_Q; encoding++) {
        size_t letters = strlen(alphabets[encoding]);
        for (int round = 0; round < 12; round++) {
            for (size_t i = 0; i < sizeof text; i++)
                text[i] =
                    rand() % 60 == 0 ? (char)rand() : alphabets[encoding][(size_t)rand() % letters];
            if (encoding == TRANSFER_UUENCODE)
                memcpy(text, "begin 644 a\n", 12);
            if (encoding == TRANSFER_YENC)
                memcpy(text, "=ybegin size=9\n", 15);
            (void)every_way((enum transfer_encoding)encoding, slice_of(text, sizeof text));
        }
    }
}

static void i4_seven_and_eight_bit_and_binary_stay(void **state)
{
    (void)state;
    GIVES(TRANSFER_IDENTITY, "=41 \r\n\xff\0 ", "=41 \r\n\xff\0 ", 0);
}

static void i4_q_reads_underscores_as_blanks_and_knows_no_lines(void **state)
{
    (void)state;
    GIVES(TRANSFER_Q, "a_b=5F=e9 c ", "a b_\xe9 c ", 0);
    GIVES(TRANSFER_Q, "1=1=x", "1=1=x", TRANSFER_FOREIGN_OCTET);
    GIVES(TRANSFER_Q, "a=", "a=", TRANSFER_CUT);
    GIVES(TRANSFER_Q, "a=4", "a=4", TRANSFER_CUT);
}

static void i4_uuencode_is_decoded_between_begin_and_end(void **state)
{
    (void)state;
    GIVES(TRANSFER_UUENCODE, "text\r\nbegin 644 a b.txt\r\n#0V%T\r\n`\r\nend\r\ntext", "Cat", 0);
    GIVES(TRANSFER_UUENCODE, "begin 0644 a\n&<&]P;&EN\n \nend\n", "poplin", 0);
    GIVES(TRANSFER_UUENCODE, "begin 644 a\n#    \n#````\n`\nend", "\0\0\0\0\0\0", 0);
}

static void i4_uuencode_lines_may_be_too_short_or_too_long(void **state)
{
    (void)state;
    GIVES(TRANSFER_UUENCODE, "begin 644 a\n$0V%T\n#\n`\nend\n", "Cat\0\0\0\0", 0);
    GIVES(TRANSFER_UUENCODE, "begin 644 a\n#0V%T9\n`\nend\n", "Cat", 0);
    GIVES(TRANSFER_UUENCODE, "begin 644 a\n#0V%T0V%T\n\n`\nend\n", "Cat", TRANSFER_FOREIGN_OCTET);
}

static void i4_uuencode_without_its_end_or_begin_is_decoded(void **state)
{
    (void)state;
    GIVES(TRANSFER_UUENCODE, "begin 644 a\n#0V%T\n", "Cat", TRANSFER_CUT);
    GIVES(TRANSFER_UUENCODE, "begin 644 a\n#0V%T\nkind regards\n", "Cat",
          TRANSFER_CUT | TRANSFER_FOREIGN_OCTET);
    GIVES(TRANSFER_UUENCODE,
          "M0V%T0V%T0V%T0V%T0V%T0V%T0V%T0V%T0V%T0V%T0V%T0V%T0V%T0V%T0V%T\n#0V%T\nend\n",
          "CatCatCatCatCatCatCatCatCatCatCatCatCatCatCatCat", TRANSFER_CUT);
    GIVES(TRANSFER_UUENCODE, "begin again and again\n#0V%T\n", "", TRANSFER_CUT);
    GIVES(TRANSFER_UUENCODE, "begin  again\n#0V%T\n", "", TRANSFER_CUT);
}

static void i4_yenc_is_decoded_and_its_size_and_checksum_are_compared(void **state)
{
    (void)state;
    GIVES(TRANSFER_YENC,
          "text\r\n=ybegin line=128 size=9 name=a size=7\r\n[\\]^\r\n_`abc\r\n"
          "=yend size=9 crc32=cbf43926\r\ntext",
          "123456789", 0);
    GIVES(TRANSFER_YENC, "=ybegin line=128 size=9 name=a\n[\\]^_`abc\n=yend size=9 crc32=cbf43927",
          "123456789", TRANSFER_CHECKSUM);
    GIVES(TRANSFER_YENC, "=ybegin line=128 size=8 name=a\n[\\]^_`abc\n=yend size=9\n", "123456789",
          TRANSFER_CHECKSUM);
}

static void i4_yenc_escapes_and_parts_are_read(void **state)
{
    (void)state;
    GIVES(TRANSFER_YENC,
          "=ybegin part=1 line=128 size=900 name=a\n=ypart begin=1 end=9\n[\\]^_`abc\n"
          "=yend size=9 part=1 pcrc32=CBF43926 crc32=00000000\n",
          "123456789", 0);
    GIVES(TRANSFER_YENC, "=ybegin size=4 name=a\n=n=}=J=M\n=yend size=4\n", "\x04\x13\xe0\xe3", 0);
    GIVES(TRANSFER_YENC, "=ybegin size=4 name=a\n[\\]^", "1234", TRANSFER_CUT);
    GIVES(TRANSFER_YENC, "no file", "", TRANSFER_CUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i4_base64_of_every_size_and_line_length_is_decoded),
        cmocka_unit_test(i4_each_wide_twin_of_base64_decodes_all_quanta),
        cmocka_unit_test(i4_every_octet_at_every_place_of_a_block_is_judged_alike),
        cmocka_unit_test(i4_junk_in_base64_is_skipped),
        cmocka_unit_test(i4_padding_of_base64_may_be_missing_too_much_or_in_the_middle),
        cmocka_unit_test(i4_a_list_footer_behind_the_padding_is_left_out),
        cmocka_unit_test(i4_a_single_sextet_at_the_end_is_a_cut),
        cmocka_unit_test(i4_first_defect_is_where_it_was),
        cmocka_unit_test(i4_quoted_printable_is_decoded_in_either_case),
        cmocka_unit_test(i4_soft_line_ends_join_lines),
        cmocka_unit_test(i4_blanks_at_a_line_end_stay),
        cmocka_unit_test(i4_broken_escapes_stay_as_they_stand),
        cmocka_unit_test(i4_an_escape_cut_by_the_end_is_told),
        cmocka_unit_test(i4_blanks_behind_an_escape_are_a_line_end_up_to_a_limit),
        cmocka_unit_test(i4_random_input_gives_the_same_in_every_way),
        cmocka_unit_test(i4_seven_and_eight_bit_and_binary_stay),
        cmocka_unit_test(i4_q_reads_underscores_as_blanks_and_knows_no_lines),
        cmocka_unit_test(i4_uuencode_is_decoded_between_begin_and_end),
        cmocka_unit_test(i4_uuencode_lines_may_be_too_short_or_too_long),
        cmocka_unit_test(i4_uuencode_without_its_end_or_begin_is_decoded),
        cmocka_unit_test(i4_yenc_is_decoded_and_its_size_and_checksum_are_compared),
        cmocka_unit_test(i4_yenc_escapes_and_parts_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
