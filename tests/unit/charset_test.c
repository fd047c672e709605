#include "codec/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/charset_table_single.h"

enum { INPUT_MAX = 256, OUTPUT_MAX = INPUT_MAX * 8 + CHARSET_ROOM };

struct decoded {
    char data[OUTPUT_MAX];
    size_t size;
    uint64_t invalid, first_invalid, taken;
};

/* Decodes in pieces of `piece` octets into a window of `room`. A piece is a copy of its own size,
 * so that reading past it is seen. */
static struct decoded decode(enum charset c, struct slice in, size_t piece, size_t room)
{
    struct decoded r = {.size = 0};
    struct charset_decoder d;
    charset_init(&d, c);
    while (in.size > 0) {
        size_t size = piece < in.size ? piece : in.size;
        char *copy = (char *)malloc(size);
        assert_non_null(copy);
        memcpy(copy, in.data, size);
        struct slice part = slice_of(copy, size);
        while (part.size > 0)
            r.size += charset_feed(&d, &part, r.data + r.size, room);
        free(copy);
        in = slice_skip(in, size);
    }
    r.size += charset_end(&d, r.data + r.size);
    assert_true(r.size <= sizeof r.data);
    r.invalid = d.invalid;
    r.first_invalid = d.first_invalid;
    r.taken = d.taken;
    return r;
}

static void assert_text(struct decoded r, const char *text)
{
    struct slice found = slice_of(r.data, r.size);
    if (!slice_equal(found, slice_str(text)))
        fail_msg("'%.*s' is not '%s'", SLICE_ARGS(found), text);
}

static struct decoded whole(const char *name, struct slice in)
{
    enum charset c = charset_find(slice_str(name));
    assert_int_not_equal(c, CHARSET_UNKNOWN);
    return decode(c, in, INPUT_MAX, OUTPUT_MAX - CHARSET_ROOM);
}

static const struct {
    const char *name;
    struct slice in;
    const char *text;
    unsigned invalid;
} samples[] = {
    {"utf-8", SLICE("a\xc3\xa4\xe4\xbd\xa0\xf0\x9f\x98\x80z"), "aä你😀z", 0},
    {"utf-8", SLICE("\xed\xa0\x80|\xc0\x80|\xf5|\xf4\x90\x80\x80"), "���|��|�|����", 10},
    {"utf-8", SLICE("\xe4\xbd|\xf0\x9f\x98|\xe4"), "�|�|�", 3},
    {"us-ascii", SLICE("caf\xe9 \x80"), "café €", 0},
    {"iso-8859-1", SLICE("\x93q\x94 \x81"), "“q” �", 1},
    {"gb2312", SLICE("\xc4\xe3\xba\xc3 \x80 \x81\x30\x81\x30 \x94\x39\xfc\x36"),
     "你好 € \xc2\x80 😀", 0},
    {"gbk", SLICE("\xc4!\xc4"), "�!�", 2},
    {"gb18030", SLICE("\x81\x30!|\x81\x30\x81!|\x84\x39\x84\x39|\x81\x30"), "�0!|�0�!|�|�0", 5},
    {"big5", SLICE("\xa7\x41\xa6\x6e \x88\x62 \xa1\x45 \xa3\xe1 \xa4"), "你好 Ê̄ ‧ € �", 1},
    {"shift_jis", SLICE("\x93\xfa\x96\x7b \xb1 \x87\x40 \x81\x60 \x81"), "日本 ｱ ① ～ �", 1},
    {"euc-jp", SLICE("\xc6\xfc\xcb\xdc \x8e\xb1 \x8f\xb0\xa1 \xa1\xc1 \xad\xa1"), "日本 ｱ 丂 〜 ①",
     0},
    {"iso-2022-jp", SLICE("\x1b$BF|K\\\x1b(B ok \x1b(I1\x1b(B \x1b(J\\\x1b(B \x1b$(D0!\x1b(B"),
     "日本 ok ｱ ¥ 丂", 0},
    {"iso-2022-jp-3", SLICE("\x1b$(O.!\x1b$(P!!\x1b$(Q$w\x1b(B"), "俱𠂉か゚", 0},
    {"iso-2022-jp",
     SLICE("\x1b$B-!\x1b(B \x0e"
           "1\x0f \xb1 \x1bX"),
     "① ｱ ｱ �X", 1},
    {"iso-2022-jp-2", SLICE("\x1b.A\x1bNi \x1b$(C0!\x1b$A0!\x1b(B"), "é 가啊", 0},
    {"iso-2022-kr", SLICE("\x1b$)C\x0e\x47\x51\x31\x5b\x0f ok"), "한글 ok", 0},
    {"iso-2022-cn", SLICE("\x1b$)A\x0e\x3d\x3b\x0f\n\x1b$)G\x0e!!\x0f"), "交\n　", 0},
    {"euc-kr", SLICE("\xc7\xd1\xb1\xdb \x81\x41 \xc7!"), "한글 갂 �!", 1},
    {"johab", SLICE("\xd0\x65\x8b\x69"), "한글", 0},
    {"euc-tw", SLICE("\xc4\xe3\x8e\xa2\xa1\xa1\x8e\xa1\xc4\xe3"), "中乂中", 0},
    {"hz-gb-2312", SLICE("a~{<:Ky2;~}b ~~ 1~2 ~{VP\nc"), "a己所不b ~ 1~2 中\nc", 0},
    {"utf-7", SLICE("Hi Mom -+Jjo--! 1 + 1 +- +2D3eAA-"), "Hi Mom -☺-! 1 + 1 + 😀", 0},
    {"utf-7", SLICE("+2D0-|+A|+AGE\xff|+"), "�|�|a�|�", 4},
    {"utf-16",
     SLICE("\xff\xfe"
           "a\0\x60\x4f"),
     "a你", 0},
    {"utf-16", SLICE("a\0b\0"), "ab", 0},
    {"utf-16", SLICE("\0a\xd8\x3d\xde\x00\xd8\x3d\0b\0"), "a😀�b�", 2},
    {"utf-16le", SLICE("\xff\xfe\x3d\xd8\x00\xde"), "😀", 0},
    {"utf-32", SLICE("\0\0\xfe\xff\0\1\xf6\0\0\0\xd8\0"), "😀�", 1},
    {"koi8-r", SLICE("\xf0\xd2\xc9\xd7\xc5\xd4"), "Привет", 0},
    {"windows-1251", SLICE("\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет", 0},
    {"tis-620", SLICE("\xca\xc7\xd1\xca\xb4\xd5 \xff"), "สวัสดี �", 1},
    {"viscii", SLICE("Vi\xaet \x02"), "Việt Ẳ", 0},
    {"x-mac-cyrillic", SLICE("\x8f\xf0"), "Пр", 0},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static void every_sample_is_read(void **state)
{
    (void)state;
    for (size_t n = 0; n < SAMPLES; n++) {
        struct decoded r = whole(samples[n].name, samples[n].in);
        assert_text(r, samples[n].text);
        if (r.invalid != samples[n].invalid)
            fail_msg("%s: %s: %u broken", samples[n].name, samples[n].text, (unsigned)r.invalid);
        assert_int_equal(r.taken, samples[n].in.size);
    }
}

static void assert_same(const struct decoded *a, const struct decoded *b)
{
    assert_true(slice_equal(slice_of(a->data, a->size), slice_of(b->data, b->size)));
    assert_int_equal(a->invalid, b->invalid);
    assert_int_equal(a->first_invalid, b->first_invalid);
    assert_int_equal(a->taken, b->taken);
}

static void all_splits(enum charset c, struct slice in)
{
    struct decoded once = decode(c, in, INPUT_MAX, OUTPUT_MAX - CHARSET_ROOM);
    assert_true(charset_is_utf8(slice_of(once.data, once.size)));
    for (size_t piece = 1; piece < 9; piece++) {
        struct decoded pieces = decode(c, in, piece, CHARSET_ROOM + piece / 2);
        assert_same(&once, &pieces);
    }
}

static void any_split_and_any_room_give_the_same(void **state)
{
    (void)state;
    for (size_t n = 0; n < SAMPLES; n++) {
        for (int c = CHARSET_UNKNOWN; c < CHARSET_SINGLE + (int)CHARSET_ROWS; c++)
            all_splits((enum charset)c, samples[n].in);
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Of the octets that shift, lead and break. */
static uint8_t random_octet(uint32_t *seed)
{
    static const char likely[] = "\x1b\x1b\x1b$$$((BJIDOPQA@CNG)*+H~{}\x0e\x0f\n+-A\xff\xfe\x80\x8e"
                                 "\x8f\xa1\xa2\xa4\xb0\xd8\xdc\x30\x31\x81\xe3\xf0";
    uint32_t r = next_random(seed);
    return (uint8_t)(r & 1 ? r >> 1 : (uint8_t)likely[(r >> 1) % (sizeof likely - 1)]);
}

static void a66_random_octets_give_valid_utf8_for_every_split(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int c = CHARSET_UNKNOWN; c < CHARSET_SINGLE + (int)CHARSET_ROWS; c++) {
        for (unsigned round = 0; round < (c < CHARSET_SINGLE ? 60U : 2U); round++) {
            char in[INPUT_MAX];
            size_t size = next_random(&seed) % sizeof in;
            for (size_t n = 0; n < size; n++)
                in[n] = (char)random_octet(&seed);
            all_splits((enum charset)c, slice_of(in, size));
        }
    }
}

static void a66_ten_megabytes_of_shifts_are_no_text(void **state)
{
    (void)state;
    static const char shifts[] = "\x1b$B\x0e\x1b(B\x0f\x1b$(Q";
    struct charset_decoder d;
    charset_init(&d, CHARSET_ISO_2022_JP);
    for (size_t n = 0; n < 10 * 1000 * 1000; n += sizeof shifts - 1) {
        struct slice in = slice_of(shifts, sizeof shifts - 1);
        char out[CHARSET_ROOM];
        assert_int_equal(charset_feed(&d, &in, out, sizeof out), 0);
        assert_int_equal(in.size, 0);
    }
    assert_int_equal(d.invalid, 0);
}

/* ASCII behind each octet that could begin a character. */
static void a67_overlong_surrogate_and_cut_utf8_is_replaced(void **state)
{
    static const struct {
        struct slice octets;
        const char *text;
    } forms[] = {
        {SLICE("\xc0\xaf"), "\uFFFD\uFFFD"},
        {SLICE("\xe0\x80\xaf"), "\uFFFD\uFFFD\uFFFD"},
        {SLICE("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD"},
        {SLICE("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {SLICE("a\xe6\xbc"), "a\uFFFD"},
        {SLICE("\xe6\xbc"
               "b"),
         "\uFFFDb"},
        {SLICE("\xf0\x9f\x98"), "\uFFFD"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_text(whole("utf-8", forms[i].octets), forms[i].text);
}

static void ascii_behind_a_broken_lead_stays(void **state)
{
    (void)state;
    for (int c = CHARSET_US_ASCII; c < CHARSET_SINGLE + (int)CHARSET_ROWS; c++) {
        struct charset_decoder d;
        charset_init(&d, (enum charset)c);
        for (unsigned lead = 0x80; d.lossless_ascii && lead < 0x100; lead++) {
            char in[] = {(char)lead, '\n', (char)lead, ' ', (char)lead, '"'};
            struct decoded r = decode((enum charset)c, slice_of(in, sizeof in), 1, CHARSET_ROOM);
            assert_non_null(memchr(r.data, '\n', r.size));
            assert_non_null(memchr(r.data, ' ', r.size));
            assert_non_null(memchr(r.data, '"', r.size));
        }
    }
}

static void first_broken_character_is_found(void **state)
{
    (void)state;
    struct decoded r = whole("utf-8", SLICE("abc\xe4\xbd\xa0\xff\xff"));
    assert_int_equal(r.first_invalid, 6);
    r = decode(CHARSET_GB18030, SLICE("ab\xc4\xe3\xc4!"), 1, CHARSET_ROOM);
    assert_int_equal(r.first_invalid, 4);
}

static void utf8_and_ascii_are_told(void **state)
{
    (void)state;
    assert_true(charset_is_ascii(slice_of(NULL, 0)));
    assert_true(charset_is_utf8(slice_of(NULL, 0)));
    char text[100];
    memset(text, 'a', sizeof text);
    for (size_t n = 0; n < sizeof text; n++) {
        struct slice part = slice_of(text + n, sizeof text - n);
        assert_true(charset_is_ascii(part) && charset_is_utf8(part));
        text[n] = (char)0xc3;
        assert_false(charset_is_ascii(part) || charset_is_utf8(part));
        if (n + 1 < sizeof text) {
            text[n + 1] = (char)0xa4;
            assert_true(charset_is_utf8(part) && !charset_is_ascii(part));
            text[n + 1] = 'a';
        }
        text[n] = 'a';
    }
    assert_false(charset_is_utf8(SLICE("\xed\xa0\x80")));
    assert_false(charset_is_utf8(SLICE("\xf0\x9f\x98")));
}

/* The single step is what octets one by one go through; it is the twin of the validation. */
static void rfc3629_4_validation_tells_what_single_steps_tell(void **state)
{
    static const char thirds[] = "A\x80\x9f\xbf\xc2";
    (void)state;
    for (unsigned n = 0x7f00; n <= 0xffff; n++) {
        for (size_t third = 0; third < sizeof thirds - 1; third++) {
            char text[] = {(char)(n >> 8), (char)n, thirds[third], (char)0xbf, 'a', 'b'};
            for (size_t size = 2; size <= sizeof text; size += 4) {
                struct slice in = slice_of(text, size);
                struct decoded steps = decode(CHARSET_UTF_8, in, 1, CHARSET_ROOM);
                struct decoded once = decode(CHARSET_UTF_8, in, size, OUTPUT_MAX - CHARSET_ROOM);
                assert_same(&once, &steps);
                assert_int_equal(charset_is_utf8(in), steps.invalid == 0);
            }
        }
    }
}

static void octets_above_ascii_are_found_wherever_they_stand(void **state)
{
    (void)state;
    for (size_t size = 1; size < 70; size++) {
        for (size_t at = 0; at < size; at++) {
            char text[70];
            memset(text, 'a', size);
            assert_true(charset_is_ascii(slice_of(text, size)));
            text[at] = (char)0x80;
            assert_false(charset_is_ascii(slice_of(text, size)));
            assert_false(charset_is_utf8(slice_of(text, size)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_read),
        cmocka_unit_test(any_split_and_any_room_give_the_same),
        cmocka_unit_test(a66_random_octets_give_valid_utf8_for_every_split),
        cmocka_unit_test(a66_ten_megabytes_of_shifts_are_no_text),
        cmocka_unit_test(a67_overlong_surrogate_and_cut_utf8_is_replaced),
        cmocka_unit_test(ascii_behind_a_broken_lead_stays),
        cmocka_unit_test(first_broken_character_is_found),
        cmocka_unit_test(rfc3629_4_validation_tells_what_single_steps_tell),
        cmocka_unit_test(octets_above_ascii_are_found_wherever_they_stand),
        cmocka_unit_test(utf8_and_ascii_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
